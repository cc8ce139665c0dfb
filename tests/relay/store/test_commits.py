"""Connections that are lost in a COMMIT: what was written counts once, and its caller is told so."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import psycopg
import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven, inconsistent
from tests.relay.store.wire import Wire
from transcode.relay.model import Event, Route
from transcode.relay.store import postgres
from transcode.relay.store.connection import CommitUnknown
from transcode.relay.store.postgres import PostgresStore

TO = ("+1", "+2", "+3")


@pytest.fixture
def wire(database: str) -> Iterator[Wire]:
    with Wire(database) as made:
        yield made


@pytest.fixture
def far(wire: Wire) -> Iterator[PostgresStore]:
    """A store behind the wire, with a message to three phones that are to be notified."""
    with contextlib.closing(PostgresStore(wire.url)) as made:
        for one in accepted(made, to=TO):
            driven(made, one)
        yield made


def together(store: PostgresStore, wire: Wire, when: str, **words: bool) -> list[Future[Any]]:
    """Four calls whose one COMMIT is cut: three failures of one attempt each, and a message."""
    go, begun = threading.Event(), threading.Event()

    def hold(_: object) -> bool:
        begun.set()
        return go.wait()

    store.write(hold)
    begun.wait()
    done: list[Future[Any]] = [store.write(lambda _: wire.cut_once(when, **words))]
    done += [store.apply(number, Event.ATTEMPT_FAILED, at=BEGIN) for number in (1, 2, 3)]
    done.append(store.accept(envelope(9), ["+9"]))
    go.set()
    return done


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_written_counts_once(far: PostgresStore, wire: Wire, when: str) -> None:
    """Whether the server heard of the COMMIT or not: each call is done, and done once."""
    done = together(far, wire, when)
    assert [one.result().attempts for one in done[1:4]] == [1, 1, 1]
    assert done[4].result().is_new
    with contextlib.suppress(psycopg.OperationalError):
        # The connection to read with may have been cut too.
        far.deliveries()
    for number in (1, 2, 3):
        found = far.delivery(number=number)
        assert found is not None
        assert found.attempts == 1
        assert [one.event for one in far.trail(number)].count(Event.ATTEMPT_FAILED) == 1
    assert inconsistent(far) == []


def test_a_lease_that_was_committed_is_known(far: PostgresStore, wire: Wire) -> None:
    """Else nobody would have the delivery until the lease ends."""
    wire.cut_once("after")
    taken = far.take(Route.LOCAL, "", now=BEGIN, lease=60).result()
    assert taken is not None
    left = [far.take(Route.LOCAL, "", now=BEGIN, lease=60).result() for _ in range(3)]
    assert len({one[0].id for one in (taken, *left) if one is not None}) == 3
    assert left[2] is None


def test_what_was_not_written_is_an_error_of_its_caller(far: PostgresStore, wire: Wire) -> None:
    wire.cut_once("before")
    with pytest.raises(psycopg.OperationalError):
        far.apply(1, Event.ATTEMPT_FAILED, at=BEGIN).result()
    assert far.apply(1, Event.ATTEMPT_FAILED, at=BEGIN).result().attempts == 1


def test_nobody_can_say(far: PostgresStore, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is gone with its answer: the caller hears that nobody knows, and nothing is done again."""
    monkeypatch.setattr(postgres, "_PATIENCE", 0.2)
    done = together(far, wire, "after", is_down=True)
    for one in done:
        with pytest.raises(CommitUnknown, match="not known"):
            one.result()
    wire.is_down = False
    assert far.apply(1, Event.ATTEMPT_FAILED, at=BEGIN).result().attempts == 2
    assert far.accept(envelope(9), ["+9"]).result().is_new is False
