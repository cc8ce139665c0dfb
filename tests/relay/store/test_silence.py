"""A server that answers nothing: who stops does not wait for it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.relay.conftest import config
from tests.relay.made import BEGIN
from tests.relay.phone import Gateway
from tests.relay.store.routed import accepted
from transcode.relay.model import Event, State
from transcode.relay.server import running
from transcode.relay.store import writer
from transcode.relay.store.postgres import PostgresStore, line_of


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    monkeypatch.setattr(writer, "_SILENT", 0.3)
    monkeypatch.setattr(writer, "_LOOK", 0.1)


@contextlib.contextmanager
def silent(database: str) -> Iterator[None]:
    """Stop what serves the connections of a database: it keeps them, and answers nothing."""
    with psycopg.connect(database, autocommit=True) as admin:
        found = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type='client backend' AND pid<>pg_backend_pid()"
        ).fetchall()
    for (number,) in found:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for (number,) in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGCONT)


def test_closing(database: str, caplog: pytest.LogCaptureFixture) -> None:
    """What waits fails, and the log says how much it was; nothing of it was written."""
    store = PostgresStore(database)
    (one,) = accepted(store)
    with silent(database), ThreadPoolExecutor(1) as pool:
        reading = pool.submit(store.deliveries)
        waiting = [store.apply(one.id, Event.CANCEL, at=BEGIN) for _ in range(3)]
        store.close()
        assert all(each.exception() is not None for each in waiting)
        assert reading.exception() is not None
    assert "the database does not answer: 3 calls are given up" in caplog.text
    with contextlib.closing(PostgresStore(database)) as again:
        assert [each.state for each in again.deliveries()] == [State.ACCEPTED]


def test_a_centre_that_stops(tmp_path: Path, database: str, gateway: Gateway) -> None:
    """Its doors and workers wait for the database, and end."""
    # Tests of one process share centres, which go on.
    others = set(threading.enumerate())
    with contextlib.ExitStack() as ends:
        with running(config(tmp_path, gateway, database=database)):
            ends.enter_context(silent(database))
        left = {one.name for one in threading.enumerate() if one not in others}
        assert not [name for name in left if name.startswith("transcode-routes")]


def test_a_database_that_works_is_not_given_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again and again, and what comes meanwhile is written."""
    monkeypatch.setattr(writer, "_SILENT", 600.0)
    monkeypatch.setattr(writer, "_LOOK", 0.01)
    store = PostgresStore(database)
    (one,) = accepted(store)
    store.hurry()
    for number in range(8):
        assert store.apply(one.id, Event.CONFIRM, at=BEGIN + number).result().state is State.ACCEPTED
    store.close()


def test_a_server_that_is_gone_is_noticed() -> None:
    """Within half a minute, if the address says nothing else."""
    line = line_of("postgresql://a@db.example/relay?keepalives_idle=99")
    assert (line["keepalives_idle"], line["keepalives_count"], line["tcp_user_timeout"]) == ("99", 3, 30_000)
