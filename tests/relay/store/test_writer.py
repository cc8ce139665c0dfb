"""The one thread that writes: what a call costs the others, and what a fault of the disk costs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, inconsistent
from transcode.relay.model import Event
from transcode.relay.store import SqliteStore, sqlite, writer
from transcode.relay.store.connection import Connection, SqliteConnection
from transcode.relay.store.writer import Writer


class Log:
    """A database of lines, and its writer.

    Attributes:
        writer: the writer.
        commits: how many commits there were.
    """

    def __init__(self, path: Path) -> None:
        self.commits = 0
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=SqliteConnection
        )
        connection.execute("CREATE TABLE line (text TEXT UNIQUE)")
        connection.set_trace_callback(self._count)
        self.writer = Writer(connection)

    def _count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def add(self, text: str, fault: Exception | None = None, *, large: bool = False) -> Future[str]:
        def write(connection: Connection) -> str:
            connection.execute("INSERT INTO line VALUES (?)", (text,))
            if fault is not None:
                raise fault
            return text

        return self.writer.submit(write, large=large)

    def held(self) -> threading.Event:
        """Keep the thread busy until the event that is returned is set."""
        go, begun = threading.Event(), threading.Event()

        def hold(connection: Connection) -> bool:
            begun.set()
            return go.wait()

        self.writer.submit(hold)
        begun.wait()
        return go

    def lines(self) -> list[str]:
        found = self.writer.submit(lambda one: one.execute("SELECT text FROM line ORDER BY rowid").fetchall())
        return [text for (text,) in found.result()]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "log.db")
    yield made
    made.writer.close()


def test_calls_share_a_commit(log: Log) -> None:
    """What arrives while the disk is busy is committed together, in order."""
    go = log.held()
    futures = [log.add(str(number)) for number in range(100)]
    go.set()
    assert [one.result() for one in futures] == [str(number) for number in range(100)]
    assert log.commits == 2
    assert log.lines() == [str(number) for number in range(100)]


def test_a_call_that_fails_costs_itself_alone(log: Log) -> None:
    """Its own writes are undone, and those beside it stand."""
    go = log.held()
    futures: list[Future[str]] = [
        log.add("a"),
        log.add("b", ValueError("no")),
        log.add("a"),
        log.writer.submit(lambda one: str(one.execute("SELECT * FROM nowhere"))),
        log.add("c"),
    ]
    go.set()
    faults = [type(one.exception()) for one in futures]
    nothing = type(None)
    assert faults == [nothing, ValueError, sqlite3.IntegrityError, sqlite3.OperationalError, nothing]
    assert log.commits == 2
    assert log.lines() == ["a", "c"]


def test_cancelled_calls_are_not_made(log: Log) -> None:
    go = log.held()
    first, second = log.add("a"), log.add("b")
    assert first.cancel()
    go.set()
    assert second.result() == "b"
    assert log.lines() == ["b"]


def test_close_does_what_was_submitted(log: Log, tmp_path: Path) -> None:
    go = log.held()
    futures = [log.add(str(number)) for number in range(600)]
    go.set()
    log.writer.close()
    assert all(one.done() for one in futures)
    connection = sqlite3.connect(tmp_path / "log.db")
    assert connection.execute("SELECT count(*) FROM line").fetchone() == (600,)
    connection.close()


def test_full_disk(file: SqliteStore) -> None:
    """A message that finds no room is not acknowledged; when there is room, the same one is accepted."""

    def limit(pages: int) -> None:
        file._writer.submit(lambda one: one.execute(f"PRAGMA max_page_count={pages}").fetchall()).result()

    accepted(file)
    limit(1)
    # More recipients than the pages there are have room for.
    to = [f"+{number:015}" for number in range(2000)]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        file.accept(envelope(2), to).result()
    beside = [file.accept(envelope(number), to) for number in range(3, 6)]
    assert all(isinstance(one.exception(), sqlite3.OperationalError) for one in beside)
    assert len(file.deliveries()) == 1
    limit(1_000_000)
    assert file.accept(envelope(2), to).result().is_new
    assert len(file.deliveries(most=3000)) == 2001
    assert inconsistent(file) == []


def test_full_disk_is_named(log: Log) -> None:
    """Each call of a group gets the reason itself, and one that has room is made."""
    log.writer.submit(lambda one: one.execute("PRAGMA max_page_count=1").fetchall()).result()
    go = log.held()
    futures = [log.add("a"), log.add("b" * 90_000), log.add("c"), log.add("d" * 90_000)]
    go.set()
    full = "database or disk is full"
    assert [str(one.exception()) for one in futures] == ["None", full, "None", full]
    assert log.lines() == ["a", "c"]
    log.writer.submit(lambda one: one.execute("PRAGMA max_page_count=1000").fetchall()).result()
    assert log.add("b").result() == "b"


def test_locked_by_another_process(tmp_path: Path) -> None:
    """Who can't write says so after its patience, and writes on when the other one is done."""
    with mock.patch.object(sqlite, "_BUSY", 0.01):
        store = SqliteStore(tmp_path / "relay.db")
        (one,) = accepted(store)
    other = sqlite3.connect(tmp_path / "relay.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.apply(one.id, Event.CANCEL, at=BEGIN).result()
    # Others read meanwhile.
    assert store.deliveries() == [one]
    other.execute("ROLLBACK")
    other.close()
    assert store.apply(one.id, Event.CANCEL, at=BEGIN).result().due is None
    store.close()


def test_large_calls_wait_for_all_others(log: Log) -> None:
    """Whoever writes little waits for one large call at most, and each of them has a commit of its own."""
    go = log.held()
    before = log.commits
    done = [log.add(f"large {number}", large=True) for number in range(3)]
    done += [log.add(f"small {number}") for number in range(3)]
    go.set()
    for one in done:
        one.result()
    assert log.commits == before + 5
    assert log.lines() == ["small 0", "small 1", "small 2", "large 0", "large 1", "large 2"]


def test_small_calls_go_on_behind_a_large_one(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who needs many calls, each after the one before, waits for one large call and not for one each time."""
    monkeypatch.setattr(writer, "_REST", 1e9)
    monkeypatch.setattr(writer, "_LONGEST_REST", 60.0)
    log.add("large 0", large=True).result()
    log.add("small 0").result()
    waits = log.add("large 1", large=True)
    for number in range(1, 20):
        log.add(f"small {number}").result()
    assert not waits.done()
    # Who closes waits for nothing.
    log.writer.close()
    assert waits.done()


def test_a_large_call_does_not_wait_for_ever(log: Log) -> None:
    """Others that come again and again let one through each time."""
    ends: list[object] = []

    def again(number: int) -> None:
        if number and not ends:
            log.add(f"small {number}").add_done_callback(lambda _: again(number - 1))

    go = log.held()
    large = log.add("large", large=True)
    large.add_done_callback(ends.append)
    again(1000)
    go.set()
    large.result()
    assert len(log.lines()) < 1000


def test_closing_writes_large_calls_too(tmp_path: Path) -> None:
    log = Log(tmp_path / "large.db")
    go = log.held()
    done = [log.add(f"{number}", large=number % 2 == 0) for number in range(6)]
    closing = threading.Thread(target=log.writer.close)
    closing.start()
    go.set()
    closing.join()
    assert [one.result() for one in done] == [f"{number}" for number in range(6)]


class _Unreachable:
    """A connection to a server that goes down in the first transaction, and can't be reached any more.

    Attributes:
        begins: how often a transaction was to begin.
    """

    in_transaction = False

    def __init__(self) -> None:
        self.begins = 0

    def begin(self, *, durable: bool, patient: bool) -> None:
        self.begins += 1
        if self.begins > 1:
            raise ConnectionError("nobody answers")

    def execute(self, sql: str, _: object = ()) -> None:
        raise ConnectionError("the server is lost")


def test_a_server_that_can_not_be_reached(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try may take long, so it is made once more, for all calls that wait."""
    gone = _Unreachable()
    calls = [
        writer._Call(lambda one: one.execute("SELECT 1"), Future(), is_large=False, is_durable=True)
        for _ in range(9)
    ]
    with monkeypatch.context() as patched:
        patched.setattr(log.writer, "_connection", gone)
        assert {str(fault) for _, _, fault in log.writer._committed(calls)} == {"nobody answers"}
    assert gone.begins == 2
    assert log.add("b").result() == "b"


class _Lost:
    """A connection to a server that goes down in the first transaction."""

    in_transaction = True

    def begin(self, *, durable: bool, patient: bool) -> None:
        pass

    def execute(self, sql: str, _: object = ()) -> None:
        raise ConnectionError("the server is lost")


def test_a_server_that_is_gone(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be asked to undo what it has undone: the caller is told, and the next call is made."""
    with monkeypatch.context() as patched:
        patched.setattr(log.writer, "_connection", _Lost())
        with pytest.raises(ConnectionError, match="lost"):
            log.add("a").result()
    assert log.add("b").result() == "b"
