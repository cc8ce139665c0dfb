"""Work that is taken many at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.relay.made import BEGIN, envelope
from transcode.relay.hops import Hop
from transcode.relay.model import Route, State
from transcode.relay.route import Router
from transcode.relay.store import SqliteStore
from transcode.relay.worker import Worker

HERE = Hop(Route.LOCAL, network="us-tmobile", prefixes=("+1555",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "relay.sqlite")) as made:
        yield made


@pytest.fixture
def worker(store: SqliteStore) -> Worker:
    """A worker that is not started."""
    return Worker(store, None, Router((HERE,)), (), lambda: BEGIN)  # type: ignore[arg-type]


def test_recipients_are_routed_together(store: SqliteStore, worker: Worker) -> None:
    """A hundred of one message in a step; each has a verdict of its own."""
    to = [f"+1{555 + number % 2}{number:07}" for number in range(150)]
    store.accept(envelope(), to).result()
    states = []
    while worker.route():
        found = Counter(one.state for one in store.deliveries())
        states.append((found[State.ACCEPTED], found[State.PENDING], found[State.REFUSED]))
    assert states == [(50, 50, 50), (0, 75, 75)]


def test_messages_are_routed_one_after_the_other(store: SqliteStore, worker: Worker) -> None:
    """A step is of one message, and one that is held waits."""
    store.accept(envelope(1), ["+15550001", "+15550002"]).result()
    store.accept(envelope(2, deliver_at=BEGIN + 10), ["+15550003"]).result()
    assert worker.route()
    assert worker.route()
    assert not worker.route()
    states = {one.recipient: one.state for one in store.deliveries()}
    assert states == {
        "+15550001": State.PENDING,
        "+15550002": State.PENDING,
        "+15550003": State.WAITING,
    }
