"""Attempts, and what they say of next hops."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Any
from unittest import mock

import pytest

from tests.relay.made import BEGIN
from tests.relay.phone import PATIENCE
from tests.relay.store.routed import accepted, driven
from tests.relay.store.test_campaigns import running
from transcode.relay import worker as worker_module
from transcode.relay.model import Delivery, Envelope, Event, Route, State
from transcode.relay.outlets.outlet import Outcome, unsent
from transcode.relay.store import SqliteStore, campaigns, limits, optouts, recipients
from transcode.relay.store.releases import Released
from transcode.relay.store.rows import Verdict
from transcode.relay.timers import Timers
from transcode.relay.worker import Worker

PEER = Verdict(Event.ROUTED, Route.PEER, "b")
FAILED = Outcome(Event.ATTEMPT_FAILED, "no answer")


class B:
    """A next hop that does what it is told to.

    Attributes:
        outcomes: what becomes of each recipient of the next attempt; the last one is that of all others.
    """

    route = Route.PEER
    peer = "b"
    lines = 1
    together = 50
    longest = 1.0

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = [FAILED]

    def attempt(self, deliveries: Sequence[Delivery], _: Envelope) -> Sequence[Outcome]:
        missing = len(deliveries) - len(self.outcomes)
        return [*self.outcomes, *self.outcomes[-1:] * missing]

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def worker(store: SqliteStore) -> Worker:
    """A worker without threads."""
    return Worker(store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: BEGIN)


def waiting(store: SqliteStore, number: int, recipients: int = 20) -> None:
    """A message whose recipients are all behind B."""
    for one in accepted(store, number, to=tuple(f"+1{number}{place}" for place in range(recipients))):
        driven(store, one, verdict=PEER)


def test_who_opts_out_behind_the_release(store: SqliteStore, worker: Worker) -> None:
    """A recipient of a campaign who says so before the attempt is not written to; the others are."""
    name = running(store, 3)
    found = campaigns.campaign(store, name)
    assert found is not None
    chosen = [Released(number, f"+{number}", "x", None, PEER) for number in (1, 2, 3)]
    store.release(found, chosen, paid="1", at=BEGIN, due=BEGIN).result()
    optouts.opt_out(store, "+2", at=BEGIN, word="stop", seconds=Timers()).result()
    b, asked = B(), list[str]()
    b.outcomes = [Outcome(Event.MAIL_ACCEPTED)]

    def attempt(to: Sequence[Delivery], one: Envelope) -> Sequence[Outcome]:
        asked.extend(delivery.recipient for delivery in to)
        return B.attempt(b, to, one)

    with mock.patch.object(b, "attempt", attempt):
        assert worker.attempt(b)
    assert asked == ["+1", "+3"]
    assert [one.state for one in store.deliveries(name)[::-1]] == [
        State.RELAYED,
        State.REFUSED,
        State.RELAYED,
    ]
    (dead,) = recipients.listed(store, name, status="failed", most=9)
    assert (dead.address, dead.reason) == ("+2", "opted_out")


@pytest.mark.parametrize("own", [(None, None), ("text", None), (None, "subject")])
def test_what_leaves_as_one_has_one_text_and_subject(
    store: SqliteStore, worker: Worker, own: tuple[str | None, str | None]
) -> None:
    """Recipients who have their own are written to one by one."""
    name = running(store, 3)
    found = campaigns.campaign(store, name)
    assert found is not None
    text, subject = own
    chosen = [Released(number, f"+{number}", "x", text, PEER, subject) for number in (1, 2, 3)]
    store.release(found, chosen, paid="1", at=BEGIN, due=BEGIN).result()
    b, together = B(), list[int]()

    def attempt(to: Sequence[Delivery], one: Envelope) -> Sequence[Outcome]:
        together.append(len(to))
        return B.attempt(b, to, one)

    with mock.patch.object(b, "attempt", attempt):
        worker.attempt(b)
    assert together == ([3] if own == (None, None) else [1])


def test_an_attempt_is_one_failure(store: SqliteStore, worker: Worker) -> None:
    """An attempt is one failure, whatever the number of its recipients."""
    for number in range(6):
        waiting(store, number)
    for failures in range(1, 6):
        assert worker.attempt(B())
        assert [one.failures for one in limits.failing(store)] == [failures]
    assert not worker.attempt(B())
    assert {one.attempts for one in store.deliveries() if one.message == "0".zfill(32)} == {1}


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [
        (Outcome(Event.MAIL_ACCEPTED), []),
        # It is there, and speaks of one number.
        (Outcome(Event.PEER_BUSY), []),
        (Outcome(Event.ATTEMPT_REFUSED), []),
        # It was not asked, so nobody knows.
        (unsent("too large"), [1]),
        (unsent("the process died", temporary=True), [1]),
        (FAILED, [2]),
    ],
)
def test_what_an_attempt_says(
    store: SqliteStore, worker: Worker, outcome: Outcome, failures: list[int]
) -> None:
    hop = B()
    waiting(store, 1)
    worker.attempt(hop)
    waiting(store, 2)
    hop.outcomes = [outcome]
    assert worker.attempt(hop)
    assert [one.failures for one in limits.failing(store)] == failures


def test_a_probe_that_does_not_ask(store: SqliteStore) -> None:
    """Messages that can't be sent anywhere do not keep a hop from being asked: the next one asks at once."""
    now = BEGIN
    worker = Worker(store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: now)
    hop = B()
    for number in range(7):
        waiting(store, number)
    for _ in range(5):
        worker.attempt(hop)
    now += 60
    hop.outcomes = [unsent("too large")]
    assert worker.attempt(hop)
    hop.outcomes = [Outcome(Event.MAIL_ACCEPTED)]
    assert worker.attempt(hop)
    assert limits.failing(store) == []


def test_an_outcome_that_could_not_be_written(store: SqliteStore, worker: Worker) -> None:
    """It is written again: nobody else sends what was sent."""
    waiting(store, 1, 1)
    hop = B()
    hop.outcomes = [Outcome(Event.MAIL_ACCEPTED)]
    full, write = sqlite3.OperationalError("database or disk is full"), store.apply_all
    with (
        mock.patch.object(worker_module, "_AGAIN", 0.0),
        mock.patch.object(store, "apply_all", side_effect=[full, full, mock.DEFAULT], wraps=write) as wrote,
    ):
        assert worker.attempt(hop)
    assert wrote.call_count == 3
    assert [one.state for one in store.deliveries()] == [State.RELAYED]
    assert [line.event for line in store.trail(1)].count(Event.MAIL_ACCEPTED) == 1


def test_an_error_behind_the_lease(store: SqliteStore) -> None:
    """From then on another worker may have the delivery, and the error is said."""
    times = iter((BEGIN, BEGIN, *[BEGIN + 61] * 9))
    worker = Worker(store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: next(times))
    waiting(store, 1, 1)
    full = sqlite3.OperationalError("database or disk is full")
    with mock.patch.object(store, "apply_all", side_effect=full), pytest.raises(type(full)):
        worker.attempt(B())


def test_a_lease_that_is_over_before_it_is_known(store: SqliteStore) -> None:
    """The database thought for a minute: another worker may send the message, and this one does not."""
    times = iter((BEGIN, BEGIN + 60.5))
    worker = Worker(store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: next(times))
    waiting(store, 1, 1)
    hop = mock.Mock(B, wraps=B(), route=Route.PEER, peer="b", together=1, longest=1.0)
    assert not worker.attempt(hop)
    hop.attempt.assert_not_called()


def test_a_machine_that_slept(store: SqliteStore) -> None:
    """While it was at an attempt: when it wakes, the lease is over, and nobody here attempts it once more."""
    now, attempts = BEGIN, 0
    worker = Worker(store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: now)
    waiting(store, 1, 1)

    class Sleeping(B):
        def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
            nonlocal now, attempts
            attempts += 1
            now += 3600
            assert not worker.attempt(self)
            return super().attempt(deliveries, envelope)

    hop = Sleeping()
    hop.outcomes = [Outcome(Event.MAIL_ACCEPTED)]
    assert worker.attempt(hop)
    assert attempts == 1
    assert [one.state for one in store.deliveries()] == [State.RELAYED]
    waiting(store, 2, 1)
    assert worker.attempt(hop)


def test_lanes_are_woken(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is due, and as soon as something changed: no lane looks for itself, and a stop wakes all."""
    monkeypatch.setattr(worker_module, "_ALONE", 3600.0)
    monkeypatch.setattr(worker_module, "_IDLE", 3600.0)
    hop, sent = B(), threading.Semaphore(0)
    hop.lines, hop.together, hop.outcomes = 3, 1, [Outcome(Event.MAIL_ACCEPTED)]
    attempt = hop.attempt

    def told(*words: Any) -> Sequence[Outcome]:
        sent.release()
        return attempt(*words)

    monkeypatch.setattr(hop, "attempt", told)
    routing = mock.Mock(lines=1, **{"route.return_value": False, "resolve.return_value": False})
    worker = Worker(store, mock.Mock(**{"step.return_value": False}), routing, [hop], [], lambda: BEGIN)
    waiting(store, 1, 5)
    worker.start()
    for _ in range(5):
        assert sent.acquire(timeout=PATIENCE)
    waiting(store, 2, 1)
    assert sent.acquire(timeout=PATIENCE)
    assert all(worker.lanes().values())
    worker.stop()
    assert not any(worker.lanes().values())
    assert {one.state for one in store.deliveries()} == {State.RELAYED}


def test_one_answer_of_many(store: SqliteStore, worker: Worker) -> None:
    """Who answers anything of any recipient is there; each recipient has an outcome of his own."""
    hop = B()
    waiting(store, 1)
    worker.attempt(hop)
    waiting(store, 2, 2)
    hop.outcomes = [FAILED, Outcome(Event.ATTEMPT_REFUSED)]
    worker.attempt(hop)
    assert limits.failing(store) == []
    found = [one.state for one in store.deliveries() if one.recipient.startswith("+12")]
    assert sorted(found) == [State.PENDING, State.REFUSED]
