"""Reports to the sender: made once, tried until they are taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event
from transcode.relay.store.rows import Report
from transcode.relay.store.sqlite import SqlStore

FETCHED = (Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)


def report(store: SqlStore, now: float = BEGIN) -> Report | None:
    return store.take_report("", now=now, lease=10).result()


def reports(store: SqlStore, now: float = BEGIN) -> list[tuple[str, str]]:
    """Kind and status of all reports that are due; they are taken by the sender."""
    found = []
    while one := report(store, now):
        found.append((one.kind, str(one.status)))
        store.reported(one, at=now, again=False).result()
    return found


def test_report(store: SqlStore) -> None:
    """A report has the delivery as it is, and the message of the sender."""
    (one,) = accepted(store)
    after = driven(store, one, *FETCHED, Event.ACKNOWLEDGED, at=BEGIN + 1)
    assert report(store) is None
    found = report(store, BEGIN + 1)
    assert found is not None
    assert (found.kind, found.status, found.made_at, found.attempts) == (
        "delivery",
        "Retrieved",
        BEGIN + 1,
        0,
    )
    assert (found.delivery, found.envelope) == (after, store.envelope(one.message))


def test_each_thing_is_told_once(store: SqlStore) -> None:
    """A phone that defers twice and acknowledges twice makes two reports, and one that it read."""
    (one,) = accepted(store)
    driven(store, one, Event.PHONE_DEFERRED, Event.PHONE_DEFERRED, *FETCHED[1:])
    for event in (Event.ACKNOWLEDGED, Event.ACKNOWLEDGED, Event.READ_REPORTED, Event.READ_REPORTED):
        store.apply(one.id, event, at=BEGIN).result()
    assert reports(store) == [("delivery", "Deferred"), ("delivery", "Retrieved"), ("read", "Read")]


def test_read_without_acknowledgement(store: SqlStore) -> None:
    """Who read the message retrieved it: the sender is told both."""
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.READ_REPORTED)
    assert reports(store) == [("delivery", "Retrieved"), ("read", "Read")]


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        ({"delivery_report": False}, [("read", "Read")]),
        ({"read_report": False}, [("delivery", "Retrieved")]),
        ({"delivery_report": False, "read_report": False}, []),
    ],
)
def test_what_the_sender_asks_for(store: SqlStore, asks: dict[str, Any], told: list[tuple[str, str]]) -> None:
    (one,) = accepted(store, **asks)
    driven(store, one, *FETCHED, Event.READ_REPORTED)
    assert reports(store) == told


def test_recipient_forbids(store: SqlStore) -> None:
    """From the answer on that forbids delivery reports the sender gets none, whatever later answers say."""
    first, second = accepted(store, to=("+1", "+2"))
    driven(store, first, *FETCHED)
    driven(store, second, *FETCHED)
    store.apply(first.id, Event.ACKNOWLEDGED, at=BEGIN, report_allowed=False).result()
    store.apply(second.id, Event.PHONE_DEFERRED, at=BEGIN, report_allowed=False).result()
    after = store.apply(second.id, Event.ACKNOWLEDGED, at=BEGIN).result()
    assert not after.report_allowed
    assert reports(store) == []
    store.apply(first.id, Event.READ_REPORTED, at=BEGIN).result()
    assert reports(store) == [("read", "Read")]


def test_a_report_is_tried_again(store: SqlStore) -> None:
    """A report that was not taken is due again, later each time."""
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    now = BEGIN
    for attempts, (least, most) in enumerate([(8, 12), (24, 36), (96, 144), (480, 720)]):
        found = report(store, now)
        assert found is not None
        assert found.attempts == attempts
        store.reported(found, at=now, again=True).result()
        assert report(store, now + least - 1) is None
        now += most


def test_a_lease_of_a_report_ends(store: SqlStore) -> None:
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    first = report(store)
    assert first is not None
    assert report(store, BEGIN + 9.9) is None
    assert report(store, BEGIN + 10) == first


def test_reports_end(store: SqlStore) -> None:
    """A report that nobody takes is given up a day after the message would have expired."""
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    last = report(store)
    assert last is not None
    store.reported(last, at=END + 86_400 - 13, again=True).result()
    again = report(store, END + 86_400)
    assert again is not None
    store.reported(again, at=END + 86_400, again=True).result()
    assert report(store, END + 1e9) is None


def test_a_report_of_an_end_that_came_late_is_tried_again(store: SqlStore) -> None:
    """The centre was off when the message expired: what it says of that has its day too."""
    (one,) = accepted(store)
    late = END + 3 * 86_400
    store.apply(one.id, Event.EXPIRE, at=late).result()
    first = report(store, late)
    assert first is not None
    store.reported(first, at=late, again=True).result()
    assert report(store, late + 13) is not None


def test_order_of_reports(store: SqlStore) -> None:
    """The report that is due first is taken first."""
    numbers = []
    for number in range(4):
        (one,) = accepted(store, number)
        driven(store, one, *FETCHED, Event.ACKNOWLEDGED, at=BEGIN - number)
        numbers.append(one.id)
    found = [report(store) for _ in range(4)]
    assert [one.delivery.id for one in found if one is not None] == numbers[::-1]


def test_late_news(store: SqlStore) -> None:
    """A phone that acknowledges an expired message corrects what the sender was told."""
    (one,) = accepted(store)
    driven(store, one, Event.PUSH_ACCEPTED, Event.EXPIRE, Event.ACKNOWLEDGED)
    assert reports(store) == [("delivery", "Expired"), ("delivery", "Retrieved")]
