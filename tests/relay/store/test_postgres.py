"""What several processes do with one database on a server."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven, inconsistent
from tests.relay.store.test_plans import ASKED, LARGE
from transcode.relay.model import Event, Route, State
from transcode.relay.store import FolderBlobs
from transcode.relay.store.postgres import PostgresStore
from transcode.relay.store.schema import FORM
from transcode.relay.store.sqlite import SqlStore

#: The seconds for which the workers of these tests take a delivery.
LEASE = 5.0


@pytest.fixture
def shared_store(database: str) -> Iterator[PostgresStore]:
    with contextlib.closing(PostgresStore(database)) as made:
        yield made


def worker(url: str, *, until: str) -> subprocess.Popen[bytes]:
    """A process that takes deliveries and notifies, and says the number of each before its outcome."""
    command = [sys.executable, "-m", "tests.relay.store.postgres_worker", url, until]
    return subprocess.Popen(
        command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )


def test_two_workers_and_a_killed_one(database: str, shared_store: PostgresStore) -> None:
    """Two processes share the work; what a killed one held is taken when its lease ends."""
    recipients = tuple(f"+{number}" for number in range(60))
    for one in accepted(shared_store, to=recipients):
        driven(shared_store, one)
    with contextlib.ExitStack() as ends:
        first = ends.enter_context(worker(database, until="hold"))
        ends.callback(first.kill)
        assert first.stdout is not None
        # It has taken one, and waits for an answer that never comes.
        held = int(first.stdout.readline())
        second = ends.enter_context(worker(database, until="end"))
        ends.callback(second.kill)
        first.send_signal(signal.SIGKILL)
        done = [int(line) for line in second.communicate()[0].splitlines()]
    waiting = [one for one in shared_store.deliveries() if one.state is State.PENDING]
    assert [one.id for one in waiting] == [held]
    assert sorted([held, *done]) == list(range(1, 61))
    assert shared_store.take(Route.LOCAL, "", now=BEGIN + 4, lease=9).result() is None
    taken = shared_store.take(Route.LOCAL, "", now=BEGIN + LEASE, lease=9).result()
    assert taken is not None
    assert taken[0].id == held
    assert inconsistent(shared_store) == []


def test_the_same_submission_on_two_machines(database: str, shared_store: PostgresStore) -> None:
    """However the two meet, one message is there, and both say its id."""
    with contextlib.closing(PostgresStore(database)) as other:
        for number in range(30):
            futures = [
                store.accept(envelope(number, id=f"{number}{place}".rjust(32, "0")), ["+1"])
                for place, store in enumerate((shared_store, other, shared_store, other))
            ]
            assert len({future.result().id for future in futures}) == 1
    assert len(shared_store.deliveries()) == 30


def test_the_same_news_on_two_machines(database: str, shared_store: PostgresStore) -> None:
    """Events that come to several machines at once are written one after the other."""
    with contextlib.closing(PostgresStore(database)) as other:
        for number in range(20):
            one = driven(shared_store, accepted(shared_store, number)[0], Event.PUSH_ACCEPTED)
            futures = [
                store.apply(one.id, event, at=BEGIN)
                for event in (Event.FETCH_BEGUN, Event.ACKNOWLEDGED, Event.PHONE_DEFERRED)
                for store in (shared_store, other)
            ]
            for future in futures:
                future.result()
            assert len(shared_store.trail(one.id)) >= 3
    assert inconsistent(shared_store) == []


def test_two_processes_under_load(database: str, shared_store: PostgresStore) -> None:
    """Whatever the order in which calls come at the same moment, none fails because of another process."""
    for number in range(20):
        for one in accepted(shared_store, number, to=("+1", "+2", "+3")):
            driven(shared_store, one, Event.PUSH_ACCEPTED)
    command = [sys.executable, "-m", "tests.relay.store.postgres_load", database]
    with contextlib.ExitStack() as ends:
        both = [
            ends.enter_context(
                subprocess.Popen(
                    [*command, seed], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True
                )
            )
            for seed in "12"
        ]
        for process in both:
            ends.callback(process.kill)
        assert [process.communicate()[0].splitlines() for process in both] == [["done"]] * 2
    assert inconsistent(shared_store) == []


def test_connection_that_was_lost(database: str, shared_store: PostgresStore) -> None:
    """A server that was started again is found again, and nobody hears of it."""
    (one,) = accepted(shared_store)
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname=current_database() AND pid<>pg_backend_pid()"
        )
    assert shared_store.apply(one.id, Event.CANCEL, at=BEGIN).result().state is State.CANCELLED
    assert [found.state for found in shared_store.deliveries()] == [State.CANCELLED]


def test_later_form(database: str, shared_store: PostgresStore) -> None:
    """A database that a later version wrote is left alone."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("INSERT INTO form VALUES (%s)", (FORM + 1,))
    with pytest.raises(RuntimeError, match=f"the store has form {FORM + 1}"):
        PostgresStore(database)


def test_a_nul_in_a_text(shared_store: PostgresStore) -> None:
    """PostgreSQL has no NUL in a text; a stranger's subject with one is kept with another character."""
    (one,) = accepted(shared_store, subject="a\0b")
    assert shared_store.envelope(one.message).subject == "a\ufffdb"


@pytest.mark.parametrize("name", ASKED)
def test_no_table_is_looked_through(
    database: str, shared_store: PostgresStore, blobs: FolderBlobs, name: str
) -> None:
    """Where an index can serve a statement, it does: with so few rows the server must be told to use it."""
    first, second = accepted(shared_store, to=("+1", "+2"))
    driven(shared_store, first, Event.PUSH_ACCEPTED)
    driven(shared_store, second, Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.ACKNOWLEDGED)
    with shared_store._readers.one() as reader:
        connections: tuple[Any, ...] = (shared_store._writer._connection, reader)
        for connection in connections:
            connection.execute("SET enable_seqscan=off")
            connection.execute("SELECT pg_stat_force_next_flush()")
    before = scans(shared_store)
    ASKED[name](shared_store, blobs)
    for connection in connections:
        connection.execute("SELECT pg_stat_force_next_flush()")
    assert scans(shared_store) == before


def scans(store: SqlStore) -> dict[str, int]:
    """How often each large table was looked through."""
    found = store.select(
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname=current_schema()"
    )
    return {table: count for table, count in found if table in LARGE}
