"""The state machine of deliveries, pair by pair and as a whole.

``states.txt`` has a line for each pair of a state and an event. After an intended change,
``python -m tests.relay.test_states`` writes it, and each line that changed is to be read against the reasons
in ``transcode/relay/states.py``.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relay.made import BEGIN, END, delivery
from transcode.relay import timers
from transcode.relay.model import ENDED, Delivery, Event, ReportStatus, Route, State
from transcode.relay.states import TABLE, Change, change
from transcode.relay.store import rows

FILE = Path(__file__).with_name("states.txt")
LINES = FILE.read_text("utf-8").splitlines()
PAIRS = [(state, event) for state in State for event in Event]

#: Who is in one of these states has the message or saw it.
HELD = (State.FETCHED, State.RETRIEVED, State.READ, State.VIEWED, State.HANDED_OVER)

#: The events that leave an end state, and where they lead: news that come late, and the operator.
LATE = {
    (State.RETRIEVED, Event.READ_REPORTED): State.READ,
    (State.VIEWED, Event.READ_REPORTED): State.READ,
    (State.HANDED_OVER, Event.READ_REPORTED): State.READ,
    (State.UNRECOGNISED, Event.FETCH_DONE): State.FETCHED,
    (State.UNRECOGNISED, Event.ACKNOWLEDGED): State.RETRIEVED,
    (State.UNRECOGNISED, Event.READ_REPORTED): State.READ,
    (State.UNRECOGNISED, Event.UNREAD_REPORTED): State.RETRIEVED,
    (State.EXPIRED, Event.ACKNOWLEDGED): State.RETRIEVED,
    (State.EXPIRED, Event.PEER_RETRIEVED): State.RETRIEVED,
    (State.EXPIRED, Event.READ_REPORTED): State.READ,
    (State.EXPIRED, Event.UNREAD_REPORTED): State.RETRIEVED,
    (State.INDETERMINATE, Event.PEER_RETRIEVED): State.RETRIEVED,
    (State.INDETERMINATE, Event.READ_REPORTED): State.READ,
    (State.INDETERMINATE, Event.UNREAD_REPORTED): State.RETRIEVED,
    (State.INDETERMINATE, Event.PEER_REJECTED): State.REJECTED,
    (State.INDETERMINATE, Event.PEER_UNRECOGNISED): State.UNRECOGNISED,
    (State.INDETERMINATE, Event.PEER_EXPIRED): State.EXPIRED,
    (State.REJECTED, Event.REQUEUE): State.ACCEPTED,
    (State.UNRECOGNISED, Event.REQUEUE): State.ACCEPTED,
    (State.EXPIRED, Event.REQUEUE): State.ACCEPTED,
    (State.REFUSED, Event.REQUEUE): State.ACCEPTED,
    (State.CANCELLED, Event.REQUEUE): State.ACCEPTED,
    (State.INDETERMINATE, Event.REQUEUE): State.ACCEPTED,
}


def all_changes(state: State, event: Event) -> list[Change]:
    """What an event does where no link is allowed, where one is, and where the link is on its way."""
    return [
        change(state, event, may_link=False),
        change(state, event, may_link=True),
        change(state, event, may_link=True, is_linking=True),
    ]


def told(found: Change) -> str:
    words = "stays" if not found.moved else f"{found.state}"
    if found.route is Route.LINK:
        words += " as a link"
    words += "" if found.report is None else f", tells {found.report}"
    return f"{words}, tells that it was deleted unread" if found.unread else words


def line(state: State, event: Event) -> str:
    plain, allowed, linking = map(told, all_changes(state, event))
    text = f"{state} | {event} | {plain}"
    if allowed != plain:
        text += f" | link allowed: {allowed}"
    if linking != plain:
        text += f" | link on its way: {linking}"
    return text


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda value: value.name)
def test_pair(state: State, event: Event) -> None:
    """Each event does in each state what the list says."""
    wanted = [text for text in LINES if text.startswith(f"{state} | {event} | ")]
    assert wanted == [line(state, event)]


def test_list_is_complete() -> None:
    """The list has a line for each pair, and no others."""
    assert [tuple(text.split(" | ")[:2]) for text in LINES] == [
        (str(one), str(other)) for one, other in PAIRS
    ]


def test_table_is_complete() -> None:
    """Every pair has a rule of its own, and there are no others."""
    assert set(TABLE) == set(PAIRS)


def test_late_news() -> None:
    """An end state is left by listed news alone, whether links are allowed or not."""
    found = {
        (state, event): one.state
        for state, event in PAIRS
        if state in ENDED
        for one in all_changes(state, event)
        if one.moved
    }
    assert found == LATE


@pytest.mark.parametrize("state", HELD)
def test_who_holds_the_message_is_left_alone(state: State) -> None:
    """No event offers the message again to who has it, as a notification or as a link, or takes it back."""
    allowed = {*HELD, State.REJECTED, State.UNRECOGNISED}
    for event in Event:
        for one in all_changes(state, event):
            assert one.state in allowed, event
            assert one.route is None, event


def test_every_state_is_reachable() -> None:
    """Events lead from the first state to each of the others."""
    reached, todo = {State.ACCEPTED}, [State.ACCEPTED]
    while todo:
        here = todo.pop()
        new = {one.state for event in Event for one in all_changes(here, event)} - reached
        reached |= new
        todo += new
    assert reached == set(State)


@pytest.mark.parametrize("state", [state for state in State if state not in ENDED])
def test_timers_move(state: State) -> None:
    """Each state that is no end has a time, whose event leaves the state: no timer rings for ever."""
    for expires_at, first, count, may_link, route in itertools.product(
        (BEGIN - 1, BEGIN, END), (None, BEGIN - 1e7, BEGIN), (0, 1, 2, 9), (False, True), Route
    ):
        row = delivery(
            state,
            route=route,
            may_link=may_link,
            first_notified_at=first,
            attempts=count,
            reminders=count,
            mails=count,
            expires_at=expires_at,
        )
        found = timers.due(row, timers.Timers())
        assert found is not None
        if found[1] is None:
            # What nobody takes expires.
            assert state in (State.ACCEPTED, State.PENDING)
            assert change(state, Event.EXPIRE, may_link=may_link).state is State.EXPIRED
        else:
            result = change(state, found[1], may_link=may_link, is_linking=route is Route.LINK)
            assert result.moved, row
            assert result.state is not state, row


class Walk:
    """A delivery and its clock, without a store.

    Attributes:
        row: the delivery.
        now: the time.
        held: whether the recipient has the message or saw it, and did not refuse it.
        told: what the sender was told.
    """

    def __init__(self, *, may_link: bool) -> None:
        self.row = delivery(may_link=may_link)
        self.now = BEGIN
        self.held = False
        self.told: list[ReportStatus] = []

    def apply(self, event: Event) -> Change:
        found = change(
            self.row.state,
            event,
            may_link=self.row.may_link,
            is_linking=self.row.route is Route.LINK,
        )
        if found.moved:
            self.row = rows.moved(self.row, event, found, self.now)
        if found.report is not None:
            self.told.append(found.report)
        self.held = found.state in HELD
        return found

    def run_out(self) -> None:
        """Let all timers run, while every attempt fails and every door is silent."""
        for _ in range(1000):
            found = timers.due(self.row, timers.Timers())
            if found is None:
                return
            self.now = max(self.now, found[0])
            if found[1] is not None:
                self.apply(found[1])
            elif self.row.state is State.PENDING and self.now < self.row.expires_at:
                self.apply(Event.ATTEMPT_FAILED)
            else:
                # No worker comes: the store expires what is due and untaken.
                self.now = max(self.now, self.row.expires_at)
                self.apply(Event.EXPIRE)
        raise AssertionError(f"the timers never end: {self.row}")


EVENTS = st.lists(
    st.tuples(st.sampled_from(Event), st.sampled_from((0.0, 1.0, 60.0, 5000.0, 1e5))), max_size=40
)


@settings(max_examples=200)
@given(EVENTS, st.booleans())
def test_walks_end(events: list[tuple[Event, float]], may_link: bool) -> None:
    """After any events in any order the timers alone bring a delivery to an end."""
    walk = Walk(may_link=may_link)
    for event, wait in events:
        walk.now += wait
        walk.apply(event)
    walk.run_out()
    assert walk.row.state in ENDED


@settings(max_examples=200)
@given(EVENTS, st.booleans())
def test_walks_tell_the_truth_once(events: list[tuple[Event, float]], may_link: bool) -> None:
    """Retrieved is told once, and always where the recipient has the message at the end."""
    walk = Walk(may_link=may_link)
    for event, wait in events:
        walk.now += wait
        walk.apply(event)
    walk.run_out()
    assert walk.told.count(ReportStatus.RETRIEVED) == (walk.row.state in HELD)


@settings(max_examples=200)
@given(EVENTS, st.booleans())
def test_walks_cancel_nothing_that_is_held(events: list[tuple[Event, float]], may_link: bool) -> None:
    """Neither the sender nor a timer nor the operator takes a message back from who has it."""
    walk = Walk(may_link=may_link)
    for event, _ in events:
        walk.apply(event)
        if walk.held:
            before = walk.row
            for other in (Event.CANCEL, Event.EXPIRE, Event.REQUEUE, Event.LINK_DUE, Event.REMIND):
                assert not walk.apply(other).moved
            assert walk.row == before


@pytest.mark.parametrize("event", [Event.PHONE_UNRECOGNISED, Event.PEER_REFUSED])
def test_an_answer_that_is_repeated_does_not_stop_the_link(event: Event) -> None:
    """A phone repeats its answer where the centre's got lost. The second one finds the link due already."""
    first = change(State.PENDING, event, may_link=True)
    assert (first.state, first.route, first.report) == (State.PENDING, Route.LINK, None)
    second = change(State.PENDING, event, may_link=True, is_linking=True)
    assert (second.state, second.moved) == (State.PENDING, False)
    refused = change(State.PENDING, Event.ATTEMPT_REFUSED, may_link=True, is_linking=True)
    assert refused.state is State.REFUSED


def test_requeued_begins_anew() -> None:
    """What is requeued has neither route nor counts; the first notification is still to come."""
    before: Delivery = delivery(
        State.INDETERMINATE, peer="b", attempts=3, reminders=2, mails=3, first_notified_at=BEGIN
    )
    after = rows.moved(before, Event.REQUEUE, change(before.state, Event.REQUEUE, may_link=False), END)
    assert after == delivery(State.ACCEPTED, changed_at=END)


def test_a_busy_peer_answers() -> None:
    """Mails are counted that the other centre did not answer; an answer begins the count anew."""
    before = delivery(State.RELAYED, route=Route.PEER, peer="b", mails=2)
    after = rows.moved(before, Event.PEER_BUSY, change(before.state, Event.PEER_BUSY, may_link=False), END)
    assert (after.state, after.attempts, after.mails) == (State.PENDING, 1, 0)


if __name__ == "__main__":
    FILE.write_text("\n".join(line(*pair) for pair in PAIRS) + "\n", "utf-8")
