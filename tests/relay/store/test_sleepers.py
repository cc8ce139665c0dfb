"""Who is told of nothing at night, after the release of a campaign too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import LOCAL, accepted, driven
from tests.relay.store.test_campaigns import released, running
from transcode.relay import pacing
from transcode.relay.model import Event, Route, State
from transcode.relay.store import optouts, sleepers
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers
from transcode.relay.zones import Quiet

MINUTE = int(BEGIN % 86_400 // 60)
#: From some seconds after BEGIN, where it is not quiet.
NIGHT = Quiet(MINUTE + 2, MINUTE + 240)
MORNING = BEGIN - BEGIN % 60 + 60 * 240
LINK = LOCAL._replace(may_link=True, link_after=600.0)


def campaign(store: SqlStore, quiet: Quiet | None = NIGHT, validity: float = 1e5) -> str:
    """A campaign to three, who are in one zone."""
    name = running(store, 3, plan=pacing.plan_text(pacing.Plan(quiet=quiet)), validity=validity)
    placed(store, "Etc/UTC", 1, 2, 3)
    assert released(store, name, 1, 2, 3) == 3
    return name


def placed(store: SqlStore, zone: str, *numbers: int) -> None:
    """Have the rows of recipients name a zone."""
    change, values = "UPDATE campaign_recipient SET zone=? WHERE number=?", [(zone, row) for row in numbers]
    store.write(lambda one: one.executemany(change, values)).result()


def rung(store: SqlStore, at: float) -> list[State]:
    """The states when all timers rang, of which none is left."""
    for _ in range(9):
        if not store.ring(now=at).result():
            break
    return [one.state for one in store.deliveries()[::-1]]


@pytest.mark.parametrize(
    ("event", "verdict", "after"),
    [
        (Event.PUSH_ACCEPTED, LOCAL, Event.REMIND),
        (Event.PUSH_ACCEPTED, LINK, Event.LINK_DUE),
        (Event.MAIL_ACCEPTED, Verdict(Event.ROUTED, Route.PEER, "b"), Event.ANSWER_OVERDUE),
    ],
)
def test_timers(store: SqlStore, event: Event, verdict: Any, after: Event) -> None:
    """What would be sent at night is sent in the morning; until then a recipient is what he was."""
    name = campaign(store)
    first = store.deliveries(name)[-1]
    (person,) = accepted(store, 1)
    for one in (first, person):
        store.apply(one.id, Event.REQUEUE, at=BEGIN).result()
        driven(store, one, event, verdict=verdict)
    before = store.delivery(number=first.id)
    assert before is not None
    waits = State.PENDING
    assert rung(store, BEGIN + 3600) == [before.state, waits, waits, waits]
    assert rung(store, BEGIN + 7200) == [before.state, waits, waits, waits]
    asleep = store.delivery(number=first.id)
    assert asleep is not None
    assert (asleep.due, asleep.due_event) == (MORNING, after)
    assert (asleep.changed_at, asleep.reminders, asleep.mails) == (BEGIN, before.reminders, before.mails)
    last = [line for line in store.trail(first.id) if line.at > BEGIN]
    assert [(line.event, line.detail) for line in last] == [(Event.QUIET, "until 1970-01-12 17:46 UTC")]
    assert rung(store, MORNING) == [waits, waits, waits, waits]
    assert store.trail(first.id)[-1].event == after


def test_the_expiry_waits_for_no_morning(store: SqlStore) -> None:
    name = campaign(store, validity=3600.0)
    (one, *_) = store.deliveries(name)
    store.apply(one.id, Event.PUSH_ACCEPTED, at=BEGIN).result()
    assert rung(store, BEGIN + 1800)[-1] is State.NOTIFIED
    assert rung(store, BEGIN + 3600) == [State.EXPIRED] * 3


def test_who_is_asked_for(store: SqlStore) -> None:
    """Recipients who sleep, those who want nothing more, and neither."""
    by_night, by_day = campaign(store), None
    numbers = [one.id for one in store.deliveries(by_night)[::-1]]
    placed(store, "Etc/GMT+5", 2)
    optouts.opt_out(store, "+3", at=BEGIN, word="stop", seconds=Timers()).result()
    assert sleepers.standings(store.select, numbers, BEGIN) == {
        number: (is_out, by_day) for number, is_out in zip(numbers, (False, False, True), strict=True)
    }
    assert sleepers.standings(store.select, numbers, BEGIN + 3600) == {
        number: (is_out, opens)
        for number, is_out, opens in zip(numbers, (False, False, True), (MORNING, None, MORNING), strict=True)
    }
    assert sleepers.standings(store.select, [], BEGIN) == {}


def test_a_plan_without_quiet_hours(store: SqlStore) -> None:
    name = campaign(store, None)
    numbers = [one.id for one in store.deliveries(name)]
    assert set(sleepers.standings(store.select, numbers, BEGIN).values()) == {(False, None)}
