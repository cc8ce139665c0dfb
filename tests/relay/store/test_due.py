"""What kinds of work may be due."""

from __future__ import annotations

import pytest

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import RESOLVER, Event, Route, Told
from transcode.relay.store import limits, notices, submissions
from transcode.relay.store.due import Kind, Work, due
from transcode.relay.store.mails import put_answer
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers

PEER = Verdict(Event.ROUTED, Route.PEER, "b")
ROUTE, LOCAL, B = (Work(Kind.ATTEMPT, *hop) for hop in (("", ""), (Route.LOCAL, ""), (Route.PEER, "b")))
REPORT, ANSWER, TIMER = Work(Kind.REPORT), Work(Kind.ANSWER, peer="b"), Work(Kind.TIMER)
NOTICE = Work(Kind.NOTICE)
OTHERS = (Work(Kind.ATTEMPT, "", RESOLVER), Work(Kind.REPORT, peer="b"))
ALL = (ROUTE, LOCAL, B, REPORT, ANSWER, TIMER, NOTICE, *OTHERS)


def found(store: SqlStore, at: float = 0.0) -> list[Work]:
    return due(store, ALL, now=BEGIN + at)


def test_an_attempt(store: SqlStore) -> None:
    """From its time on, until somebody has it, and again when his lease is over."""
    assert found(store) == []
    (one,) = accepted(store)
    assert found(store, -1) == []
    assert found(store) == [ROUTE]
    driven(store, one)
    assert found(store) == [LOCAL]
    store.take(Route.LOCAL, "", now=BEGIN, lease=60).result()
    assert found(store, 59) == []
    assert found(store, 60) == [LOCAL]
    store.apply(one.id, Event.ATTEMPT_FAILED, at=BEGIN).result()
    assert found(store, 1) == []
    assert found(store, 15) == [LOCAL]


def test_a_campaign(store: SqlStore) -> None:
    accepted(store, lane="a campaign")
    assert found(store) == [ROUTE]


def test_a_hop_that_fails(store: SqlStore) -> None:
    """It is due when it is to be probed."""
    (one,) = accepted(store)
    driven(store, one, verdict=PEER)
    assert found(store) == [B]
    for _ in range(5):
        limits.note(store, Route.PEER, "b", failed=True, at=BEGIN).result()
    assert found(store, 59) == []
    assert found(store, 60) == [B]


def test_timers(store: SqlStore) -> None:
    """Those of deliveries, of messages that nobody took in time, and of reports."""
    (one,) = accepted(store)
    assert TIMER not in found(store, END - BEGIN - 1)
    assert TIMER in found(store, END - BEGIN)
    driven(store, one, Event.PUSH_ACCEPTED)
    assert found(store, Timers().remind[0] - 1) == []
    assert found(store, Timers().remind[0]) == [TIMER]


def test_reports(store: SqlStore) -> None:
    (one,) = accepted(store)
    driven(store, one, Event.PUSH_ACCEPTED, Event.ACKNOWLEDGED)
    assert found(store) == [REPORT]
    report = store.take_report("", now=BEGIN, lease=60).result()
    assert report is not None
    assert found(store, 59) == []
    assert found(store, 60) == [REPORT]
    for mails in range(Timers().mails):
        store.reported(report._replace(mails=mails), Told.ASKED, at=BEGIN).result()
        report = store.take_report("", now=BEGIN + 1e5, lease=60).result() or report
    assert TIMER in found(store, 1e6)


def test_answers(store: SqlStore) -> None:
    store.write(
        lambda connection: put_answer(connection, peer="b", name="n", recipient="r", mail="m", at=BEGIN)
    ).result()
    assert found(store) == [ANSWER]


def test_notices(store: SqlStore) -> None:
    notices.make_webhook(store, "shop", "http://shop.example", [], "secret", BEGIN, most=1)
    claim = submissions.Claim("shop", "", "f", "", "[]")
    store.accept(envelope(), ["+1"], claim=claim).result()
    (one,) = store.deliveries()
    store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    assert found(store) == [NOTICE]
    notice = notices.take(store, now=BEGIN, lease=60).result()
    assert notice is not None
    assert found(store, 59) == []
    notices.failed(store, notice, at=BEGIN, wait=100.0, pause=10.0).result()
    assert found(store, 99) == []
    assert found(store, 100) == [NOTICE]


@pytest.mark.parametrize("peers", [1, 250])
def test_many_hops(store: SqlStore, peers: int) -> None:
    """A database takes only so many in one statement."""
    (one,) = accepted(store)
    driven(store, one, verdict=Verdict(Event.ROUTED, Route.PEER, f"{peers - 1}"))
    asked = [Work(Kind.ATTEMPT, Route.PEER, str(number)) for number in range(peers)]
    assert due(store, asked, now=BEGIN) == asked[-1:]
