"""The store against a slow reference that keeps its rows in a list, over random walks."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import inconsistent
from transcode.relay import timers
from transcode.relay.model import ENDED, Delivery, Envelope, Event, Route, State
from transcode.relay.states import change
from transcode.relay.store import SqliteStore, reports
from transcode.relay.store.rows import Accepted, Verdict, moved
from transcode.relay.store.sqlite import SqlStore

LEASE = 50.0


class Reference:
    """What a store does, without a database.

    Attributes:
        messages: the envelopes, and when each one ended and whether its octets are kept.
        rows: the deliveries.
        reports: delivery, kind and status of what the sender is told, and when that was made.
        untold: those of them that were given up.
    """

    def __init__(self) -> None:
        self.messages: dict[str, Envelope] = {}
        self.rows: list[Delivery] = []
        self.reports: dict[tuple[int, str, str], float] = {}
        self.untold: set[tuple[int, str, str]] = set()
        self.ended_at: dict[str, float] = {}
        self.given_up: set[str] = set()

    def accept(self, wanted: Envelope, made: list[Delivery]) -> None:
        """Take over the deliveries of a new message: secrets and numbers are the store's own."""
        self.messages[wanted.id] = wanted
        self.rows += made

    def first(self, wanted: Envelope) -> str | None:
        names = ("peer", "form", "sender", "transaction_id", "blob")
        key = [getattr(wanted, name) for name in names]
        same = [one for one in self.messages.values() if [getattr(one, name) for name in names] == key]
        return next((one.id for one in same if one.received_at > wanted.received_at - 3 * 86_400), None)

    def apply(self, number: int, event: Event, at: float, verdict: Verdict) -> Delivery | None:
        (before,) = [one for one in self.rows if one.id == number]
        found = change(before.state, event, may_link=before.may_link, is_linking=before.route is Route.LINK)
        if not found.moved and found.report is None:
            return before
        after = before
        if found.moved:
            if event is Event.REQUEUE and before.message in self.given_up:
                return None
            after = moved(before, event, found, at)
            if event in (Event.ROUTED, Event.HELD):
                after = replace(after, route=verdict.route, peer=verdict.peer, may_link=verdict.may_link)
            if event is Event.REQUEUE and after.expires_at <= at:
                after = replace(after, expires_at=at + timers.Timers().expiry)
        due, due_event = timers.due(after, timers.Timers()) or (None, None)
        after = replace(after, due=due, due_event=due_event)
        self.rows[self.rows.index(before)] = after
        if found.report is not None:
            self.reports.setdefault((number, "delivery", found.report), at)
        if found.moved and after.state is State.READ:
            self.reports.setdefault((number, "read", "Read"), at)
        others = [one for one in self.rows if one.message == after.message]
        if all(one.state in ENDED for one in others):
            if before.state not in ENDED:
                self.ended_at[after.message] = at
        else:
            self.ended_at.pop(after.message, None)
        return after

    def free(self, now: float) -> list[Delivery]:
        return [one for one in self.rows if one.lease_until is None or one.lease_until <= now]

    def take(self, route: Route | None, peer: str, now: float) -> set[int]:
        """The deliveries that are first; several may be due at the same time."""
        due = [
            (one.due, one.id)
            for one in self.free(now)
            if (one.route, one.peer, one.due_event) == (route, peer, None)
            and one.due is not None
            and one.due <= now < one.expires_at
        ]
        return {number for when, number in due if when == min(due)[0]}

    def ring(self, now: float) -> int:
        over = [(one.id, one.due_event) for one in self.rows if one.due_event and (one.due or 0.0) <= now]
        over += [
            (one.id, Event.EXPIRE)
            for one in self.free(now)
            if one.due is not None and one.due_event is None and one.expires_at <= now
        ]
        for number, event in over:
            assert event is not None
            self.apply(number, event, now, LOCAL)
        return len(over)

    def retire(self, now: float) -> int:
        # A report that is due needs the message, and no step of a walk sends one.
        told = {number for number, _, _ in self.reports.keys() - self.untold}
        kept = self.given_up | {one.message for one in self.rows if one.id in told}
        over = {
            one for one, at in self.ended_at.items() if at <= now - timers.Timers().keep and one not in kept
        }
        self.given_up |= over
        return len(over)

    def give_up_reports(self, until: float) -> int:
        """Nobody sends them, as if they were for a centre that is configured no longer."""
        over = {one for one, at in self.reports.items() if at <= until} - self.untold
        self.untold |= over
        return len(over)


LOCAL = Verdict(Event.ROUTED, Route.LOCAL, may_link=True)
PEER = Verdict(Event.ROUTED, Route.PEER, "b")
HOPS = ((None, ""), (Route.LOCAL, ""), (Route.PEER, "b"), (Route.LINK, ""))
#: Events that move a delivery more often than not come more often.
USUAL = (Event.ROUTED, Event.PUSH_ACCEPTED, Event.MAIL_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)
STEP = st.one_of(
    st.tuples(st.just("accept"), st.integers(0, 3), st.integers(1, 3)),
    st.tuples(st.just("apply"), st.integers(0, 9), st.sampled_from((*Event, *USUAL * 5))),
    st.tuples(st.just("take"), st.sampled_from(HOPS), st.none()),
    st.tuples(st.just("ring"), st.none(), st.none()),
    st.tuples(st.just("retire"), st.none(), st.none()),
    st.tuples(st.just("give up reports"), st.none(), st.none()),
)
STEPS = st.lists(st.tuples(STEP, st.sampled_from((0.0, 1.0, 40.0, 4000.0, 90_000.0))), max_size=40)


def step(store: SqlStore, reference: Reference, what: tuple[Any, ...], now: float, count: int) -> None:
    """Do one thing to both and compare what they say."""
    name, first, second = what
    if name == "accept":
        wanted = envelope(first, id=f"{count:032x}", received_at=now, expires_at=now + 86_400 * (1 + first))
        same = reference.first(wanted)
        made = store.accept(wanted, [f"+{number}" for number in range(second)]).result()
        assert made == Accepted(same or wanted.id, is_new=same is None)
        if same is None:
            reference.accept(wanted, store.deliveries(wanted.id)[::-1])
    elif name == "apply" and reference.rows:
        number = reference.rows[first % len(reference.rows)].id
        verdict = PEER if first % 2 else LOCAL
        after = reference.apply(number, second, now, verdict)
        future = store.apply(number, second, at=now, verdict=verdict)
        assert isinstance(future.exception(), LookupError) if after is None else future.result() == after
    elif name == "take":
        route, peer = first
        allowed = reference.take(route, peer, now)
        found = store.take(route, peer, now=now, lease=LEASE).result()
        assert found[0].id in allowed if found else not allowed
        if found:
            place = [one.id for one in reference.rows].index(found[0].id)
            reference.rows[place] = replace(reference.rows[place], lease_until=now + LEASE)
    elif name == "ring":
        assert store.ring(now=now).result() == reference.ring(now)
    elif name == "retire":
        assert store.retire(now=now).result() == reference.retire(now)
    elif name == "give up reports":
        old = partial(reports.give_up_old, until=now - 4000, most=1000)
        assert store.happen(old, at=now).result() == reference.give_up_reports(now - 4000)


@settings(max_examples=40)
@given(STEPS)
def test_walk(steps: list[tuple[tuple[Any, ...], float]]) -> None:
    """The store says what the reference says, and its rows agree with each other at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "relay.db")
        store, reference, now = SqliteStore(path), Reference(), BEGIN
        try:
            for count, (what, wait) in enumerate(steps):
                now += wait
                step(store, reference, what, now, count)
            assert store.deliveries()[::-1] == reference.rows
            told = []
            while report := store.take_report("", now=now, lease=1e9).result():
                told.append((report.delivery.id, report.kind, report.status))
            # Each thing once.
            assert sorted(told) == sorted(reference.reports.keys() - reference.untold)
            assert inconsistent(store) == []
        finally:
            store.close()
