"""Reports to the sender: made once, tried until they are taken."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event, Told
from transcode.relay.store.reports import give_up_old, transaction_id
from transcode.relay.store.rows import Report
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

FETCHED = (Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE)


def report(store: SqlStore, now: float = BEGIN) -> Report | None:
    return store.take_report("", now=now, lease=10).result()


def reports(store: SqlStore, now: float = BEGIN) -> list[tuple[str, str]]:
    """Kind and status of all reports that are due; they are taken by the sender."""
    found = []
    while one := report(store, now):
        found.append((one.kind, str(one.status)))
        store.reported(one, Told.TAKEN, at=now).result()
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


def test_deleted_unread(store: SqlStore) -> None:
    """Who deletes a message unread had it, and the sender who asks for read reports is told once."""
    (one,) = accepted(store)
    events = (Event.UNREAD_REPORTED, Event.UNREAD_REPORTED, Event.ACKNOWLEDGED)
    driven(store, one, *FETCHED, *events)
    assert reports(store) == [("delivery", "Retrieved"), ("read", "Deleted without being read")]


def test_deleted_unread_of_who_does_not_ask(store: SqlStore) -> None:
    (one,) = accepted(store, read_report=False)
    driven(store, one, *FETCHED, Event.UNREAD_REPORTED)
    assert reports(store) == [("delivery", "Retrieved")]


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
        store.reported(found, Told.FAILED, at=now).result()
        assert report(store, now + least - 1) is None
        now += most


def test_a_lease_of_a_report_ends(store: SqlStore) -> None:
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    first = report(store)
    assert first is not None
    assert report(store, BEGIN + 9.9) is None
    assert report(store, BEGIN + 10) == first._replace(lease_until=BEGIN + 20)


def test_reports_end(store: SqlStore) -> None:
    """A report that nobody takes is given up a day after the message would have expired."""
    (one,) = accepted(store)
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    last = report(store)
    assert last is not None
    store.reported(last, Told.FAILED, at=END + 86_400 - 13).result()
    again = report(store, END + 86_400)
    assert again is not None
    store.reported(again, Told.FAILED, at=END + 86_400).result()
    assert report(store, END + 1e9) is None


def test_a_report_of_an_end_that_came_late_is_tried_again(store: SqlStore) -> None:
    """The centre was off when the message expired: what it says of that has its day too."""
    (one,) = accepted(store)
    late = END + 3 * 86_400
    store.apply(one.id, Event.EXPIRE, at=late).result()
    first = report(store, late)
    assert first is not None
    store.reported(first, Told.FAILED, at=late).result()
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


# Reports over MM4, which are answered

ANSWER, MAILS = Timers().answer, Timers().mails


def due_to_b(store: SqlStore) -> Report:
    """A report to another centre, which a worker has."""
    (one,) = accepted(store, peer="b")
    driven(store, one, *FETCHED, Event.ACKNOWLEDGED)
    found = store.take_report("b", now=BEGIN, lease=60).result()
    assert found is not None
    return found


def given_up(store: SqlStore, report: Report) -> list[str]:
    """Why reports of a delivery were given up, as its trail says."""
    trail = store.trail(report.delivery.id)
    return [line.detail for line in trail if line.event == Event.REPORT_GIVEN_UP]


def test_a_report_that_nobody_answers(store: SqlStore) -> None:
    """It is sent three times, with the same ids, and then given up."""
    report, now = due_to_b(store), BEGIN
    name = transaction_id(report)
    for mails in range(1, MAILS):
        store.reported(report, Told.ASKED, at=now).result()
        assert store.take_report("b", now=now + ANSWER - 1, lease=60).result() is None
        now += ANSWER
        again = store.take_report("b", now=now, lease=60).result()
        assert again is not None
        assert (again.mails, transaction_id(again)) == (mails, name)
        report = again
    store.reported(report, Told.ASKED, at=now).result()
    assert store.take_report("b", now=now + 1e6, lease=60).result() is None
    assert store.ring(now=now + ANSWER - 1).result() == 0
    assert given_up(store, report) == []
    assert store.ring(now=now + ANSWER).result() == 1
    assert given_up(store, report) == ["Retrieved: no answer from the other centre to any mail (b)"]
    assert store.ring(now=now + 1e6).result() == 0


@pytest.mark.parametrize(
    ("told", "why"),
    [(Told.TAKEN, []), (Told.REFUSED, ["Retrieved: Error-unspecified"])],
)
@pytest.mark.parametrize("is_early", [False, True])
def test_an_answer_ends_a_report(store: SqlStore, told: Told, why: list[str], is_early: bool) -> None:
    """An answer counts once, also one that overtakes the end of the mail that it answers."""
    report = due_to_b(store)

    def answer() -> None:
        name = transaction_id(report)
        store.report_answered("b", name, told, at=BEGIN, detail="Error-unspecified").result()

    if is_early:
        answer()
    store.reported(report, Told.ASKED, at=BEGIN).result()
    if not is_early:
        answer()
    assert store.take_report("b", now=BEGIN + 1e6, lease=60).result() is None
    assert given_up(store, report) == why
    with pytest.raises(LookupError):
        answer()


@pytest.mark.parametrize("is_early", [False, True])
def test_a_centre_that_is_busy(store: SqlStore, is_early: bool) -> None:
    """The report is tried again after a failure's time, and its mails count anew."""
    report = due_to_b(store)
    steps = [
        partial(store.report_answered, "b", transaction_id(report), Told.FAILED, at=BEGIN),
        partial(store.reported, report, Told.ASKED, at=BEGIN),
    ]
    for step in steps if is_early else steps[::-1]:
        step().result()
    assert store.take_report("b", now=BEGIN + 7, lease=60).result() is None
    again = store.take_report("b", now=BEGIN + 13, lease=60).result()
    assert again is not None
    assert (again.attempts, again.mails) == (1, 0)


def test_answers_to_no_report(store: SqlStore) -> None:
    """An answer of another centre, to another message, or with an id that is none changes nothing."""
    report = due_to_b(store)
    name = transaction_id(report)
    for peer, wrong in (
        ("c", name),
        ("b", f"{'f' * 32}.{report.id}"),
        ("b", f"{report.envelope.id}.{report.id + 1}"),
        ("b", f"{report.envelope.id}.{'9' * 40}"),
        ("b", report.envelope.id),
        ("b", ""),
    ):
        with pytest.raises(LookupError):
            store.report_answered(peer, wrong, Told.TAKEN, at=BEGIN).result()
    store.report_answered("b", name, Told.TAKEN, at=BEGIN).result()


def test_the_word_of_a_lease_that_ended(store: SqlStore) -> None:
    """Another worker has the report meanwhile: that one's word counts, and a success is one all the same."""
    first = due_to_b(store)
    second = store.take_report("b", now=BEGIN + 60, lease=60).result()
    assert second is not None
    store.reported(first, Told.FAILED, at=BEGIN + 61).result()
    assert store.take_report("b", now=BEGIN + 100, lease=60).result() is None
    store.reported(first, Told.TAKEN, at=BEGIN + 101).result()
    store.reported(second, Told.FAILED, at=BEGIN + 102).result()
    assert store.take_report("b", now=BEGIN + 1e6, lease=60).result() is None


@pytest.mark.parametrize(
    ("told", "at"), [(Told.REFUSED, BEGIN), (Told.FAILED, END + Timers().no_news)], ids=["refused", "late"]
)
def test_what_is_given_up_is_told_in_the_trail(store: SqlStore, told: Told, at: float) -> None:
    report = due_to_b(store)
    store.reported(report, told, at=at, detail="554 no").result()
    assert given_up(store, report) == ["Retrieved: 554 no"]
    assert store.delivery(number=report.delivery.id) == report.delivery


def test_reports_that_nobody_sends(store: SqlStore) -> None:
    """Reports to a place that is no longer configured are given up one day, and hold nothing then."""
    report = due_to_b(store)
    assert store.retire(now=BEGIN + 1e7).result() == 0
    assert store.happen(partial(give_up_old, until=BEGIN - 1, most=9), at=END).result() == 0
    assert store.happen(partial(give_up_old, until=BEGIN, most=9), at=END).result() == 1
    assert given_up(store, report) == ["Retrieved: too old (b)"]
    assert store.retire(now=BEGIN + 1e7).result() == 1
