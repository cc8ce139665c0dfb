"""When something is due for a delivery next."""

from __future__ import annotations

import pytest

from tests.relay.made import BEGIN, END, delivery
from transcode.relay.model import ENDED, Delivery, Event, Route, State
from transcode.relay.timers import Timers, due, retry_wait

#: Without jitter, and with figures that differ.
TIMERS = Timers(
    retry=(10.0, 30.0, 120.0),
    jitter=0.0,
    remind=(900.0, 7200.0),
    remind_deferred=50_000.0,
    link=86_400.0,
    fetch=600.0,
    confirm=3600.0,
    answer=1800.0,
    mails=3,
    no_news=86_400.0,
)


@pytest.mark.parametrize(
    ("row", "wait", "event"),
    [
        (delivery(State.ACCEPTED), 0.0, None),
        (delivery(State.PENDING), 0.0, None),
        (delivery(State.PENDING, attempts=1), 10.0, None),
        (delivery(State.PENDING, attempts=2), 30.0, None),
        (delivery(State.PENDING, attempts=3), 120.0, None),
        (delivery(State.PENDING, attempts=99), 120.0, None),
        (delivery(State.PENDING, attempts=1, deliver_at=BEGIN + 5), 10.0, None),
        (delivery(State.PENDING, attempts=1, deliver_at=BEGIN + 50), 50.0, None),
        (delivery(State.ACCEPTED, deliver_at=BEGIN + 5), 0.0, None),
        (delivery(State.WAITING, deliver_at=BEGIN + 5), 5.0, Event.DELIVERY_TIME),
        (delivery(State.WAITING, deliver_at=None), 0.0, Event.DELIVERY_TIME),
        (delivery(State.NOTIFIED), 900.0, Event.REMIND),
        (delivery(State.NOTIFIED, reminders=1), 7200.0, Event.REMIND),
        (delivery(State.NOTIFIED, reminders=99), 7200.0, Event.REMIND),
        (delivery(State.NOTIFIED, deliver_at=BEGIN + 9000), 9000.0, Event.REMIND),
        (delivery(State.DEFERRED, deliver_at=BEGIN + 60_000), 60_000.0, Event.REMIND),
        (delivery(State.RELAYED, mails=1, deliver_at=BEGIN + 2000), 2000.0, Event.ANSWER_OVERDUE),
        (delivery(State.RELAYED, mails=3, deliver_at=BEGIN + 2000), 1800.0, Event.ANSWER_GIVEN_UP),
        (delivery(State.DEFERRED), 50_000.0, Event.REMIND),
        (delivery(State.DEFERRED, reminders=1), END - BEGIN, Event.EXPIRE),
        (delivery(State.FETCHING), 600.0, Event.FETCH_OVERDUE),
        (delivery(State.FETCHED), 3600.0, Event.CONFIRM),
        (delivery(State.RELAYED, mails=1), 1800.0, Event.ANSWER_OVERDUE),
        (delivery(State.RELAYED, mails=2), 1800.0, Event.ANSWER_OVERDUE),
        (delivery(State.RELAYED, mails=3), 1800.0, Event.ANSWER_GIVEN_UP),
        (delivery(State.AT_PEER), END - BEGIN + 86_400.0, Event.NO_NEWS),
        (delivery(State.LINKED), END - BEGIN, Event.EXPIRE),
    ],
    ids=lambda value: f"{value.state.name}-{value.attempts}" if isinstance(value, Delivery) else "",
)
def test_due(row: Delivery, wait: float, event: Event | None) -> None:
    """Each state has its time, from when it was entered."""
    assert due(row, TIMERS) == (BEGIN + wait, event)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_nothing_is_due_at_an_end(state: State) -> None:
    assert due(delivery(state), TIMERS) is None


@pytest.mark.parametrize(
    "row",
    [
        delivery(State.PENDING, attempts=2),
        delivery(State.PENDING, deliver_at=BEGIN + 100),
        delivery(State.NOTIFIED, may_link=True, first_notified_at=BEGIN, deliver_at=BEGIN + 100),
        delivery(State.WAITING, deliver_at=BEGIN + 100),
        delivery(State.NOTIFIED),
        delivery(State.NOTIFIED, may_link=True, first_notified_at=BEGIN),
        delivery(State.DEFERRED),
        delivery(State.DEFERRED, reminders=1, may_link=True, first_notified_at=BEGIN),
        delivery(State.RELAYED),
        delivery(State.LINKED),
    ],
    ids=lambda row: row.state.name,
)
def test_expiry_comes_first(row: Delivery) -> None:
    """A message that expires before anything else is due expires."""
    limited = delivery(**{name: getattr(row, name) for name in row.__slots__} | {"expires_at": BEGIN + 20})
    assert due(limited, TIMERS) == (BEGIN + 20, Event.EXPIRE)


@pytest.mark.parametrize("state", [State.FETCHING, State.FETCHED])
def test_what_is_fetched_does_not_expire(state: State) -> None:
    """Neither a transfer nor a copy on the phone is ended by the expiry."""
    found = due(delivery(state, expires_at=BEGIN - 100), TIMERS)
    assert found is not None
    assert found[0] > BEGIN
    assert found[1] is not Event.EXPIRE


def test_peer_has_its_time_after_an_expiry_that_is_over() -> None:
    """A centre that took the message after the expiry has as long for its report as any other."""
    assert due(delivery(State.AT_PEER, expires_at=BEGIN - 5), TIMERS) == (BEGIN + 86_400.0, Event.NO_NEWS)


@pytest.mark.parametrize("state", [State.NOTIFIED, State.DEFERRED])
@pytest.mark.parametrize(
    ("values", "links"),
    [
        ({"may_link": True, "first_notified_at": BEGIN - 86_000.0}, True),
        ({"may_link": False, "first_notified_at": BEGIN - 86_000.0}, False),
        ({"may_link": True, "first_notified_at": None}, False),
        # The link was tried already, and the phone fetched instead.
        ({"may_link": True, "first_notified_at": BEGIN - 86_000.0, "route": Route.LINK}, False),
    ],
)
def test_link(state: State, values: dict[str, object], links: bool) -> None:
    """A link follows a day after the first notification, where one is allowed and none is on its way."""
    found = due(delivery(state, reminders=1, **values), TIMERS)
    assert (found == (BEGIN + 400.0, Event.LINK_DUE)) is links


def test_link_that_is_overdue_is_due_at_once() -> None:
    """A state that is entered after the time of the link has it at once, not before the state."""
    row = delivery(State.NOTIFIED, may_link=True, first_notified_at=BEGIN - 1e6)
    assert due(row, TIMERS) == (BEGIN, Event.LINK_DUE)


def test_who_deferred_is_reminded_before_the_link() -> None:
    row = delivery(State.DEFERRED, may_link=True, first_notified_at=BEGIN - 86_000.0)
    assert due(row, TIMERS) == (BEGIN + 50_000.0, Event.REMIND)


def test_jitter() -> None:
    """Waits are spread over a fifth to both sides, evenly, and are the same each time they are asked for."""
    waits = [retry_wait(number, 4, Timers()) for number in range(2000)]
    assert waits == [retry_wait(number, 4, Timers()) for number in range(2000)]
    assert 480.0 <= min(waits) < 490.0
    assert 710.0 < max(waits) <= 720.0
    assert 590.0 < sum(waits) / len(waits) < 610.0
    assert len(set(waits)) > 1900


def test_jitter_differs_between_failures() -> None:
    """One delivery is not always early or always late."""
    parts = {retry_wait(7, failures, Timers()) / (6 * 3600) for failures in range(6, 40)}
    assert min(parts) < 0.9
    assert max(parts) > 1.1


def test_first_attempt_does_not_wait() -> None:
    assert retry_wait(7, 0, Timers()) == 0.0
