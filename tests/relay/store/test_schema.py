"""Stores that are opened again, and stores of other versions."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Event, State, Subscriber
from transcode.relay.store import SqliteStore
from transcode.relay.store.sqlite import SqlStore


def test_opened_again(tmp_path: Path) -> None:
    """What was written is there, whoever opens the file."""
    path = tmp_path / "deep" / "relay.db"
    first = SqliteStore(path)
    (one,) = accepted(first)
    driven(first, one, Event.PUSH_ACCEPTED, Event.PHONE_DEFERRED)
    known = Subscriber("+1", "us-att", "http://example.org/p.xml", mms=False, link=True)
    first.subscribe(Subscriber("+1")).result()
    first.subscribe(known).result()
    rows, trail = first.deliveries(), first.trail(one.id)
    first.close()
    again = SqliteStore(path)
    assert (again.deliveries(), again.trail(one.id)) == (rows, trail)
    assert again.subscriber("+1") == known
    assert again.take_report("", now=BEGIN, lease=1).result() is not None
    again.close()


def test_closed(tmp_path: Path) -> None:
    """Closing writes what was submitted, takes no more, and may be done twice."""
    store = SqliteStore(tmp_path / "relay.db")
    (one,) = accepted(store)
    future = store.apply(one.id, Event.CANCEL, at=BEGIN)
    store.close()
    assert future.result().state is State.CANCELLED
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.apply(one.id, Event.CANCEL, at=BEGIN)


def test_later_form(tmp_path: Path) -> None:
    """A store of a later version is refused, and left as it is for that version."""
    path = tmp_path / "relay.db"
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    with pytest.raises(RuntimeError, match="form 99"):
        SqliteStore(path)
    # Nobody holds it.
    connection.execute("BEGIN EXCLUSIVE")
    connection.close()


def test_a_new_store_that_many_open_at_once(tmp_path: Path) -> None:
    """Each waits for the others, and all know the tables."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: SqliteStore(tmp_path / "relay.db"), range(8)))
    for store in made:
        assert store.deliveries() == []
        store.close()


def test_connections_to_read_with(store: SqlStore) -> None:
    """However many threads read, they share some connections: a server has only a hundred for all."""
    accepted(store)
    with mock.patch.object(store._readers, "_connect", side_effect=store._readers._connect) as connect:
        with ThreadPoolExecutor(60) as pool:
            assert all(pool.map(lambda _: store.deliveries(), range(300)))
        assert connect.call_count < 16


def test_durable(file: SqliteStore) -> None:
    """Commits are synced: a power cut loses nothing that was acknowledged."""
    names = ("journal_mode", "synchronous", "foreign_keys")
    found = file._writer.submit(
        lambda connection: [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    )
    assert found.result() == ["wal", 2, 1]
