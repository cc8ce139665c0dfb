"""What was made in a folder and of what: a database beside the messages, which the driver alone writes.

A message is on the disk before its row is. A process that is killed between the two loses the row, and the
next run makes the message again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

from transcode.batch.convert import Converted
from transcode.batch.database import BUSY, naming
from transcode.batch.far import is_far, stamp_of
from transcode.batch.plan import ANY_ENDING
from transcode.errors import OutputError
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

__all__ = [
    "NAME",
    "Manifest",
    "Row",
    "Writes",
    "database",
    "names_in",
    "opened_to_read",
    "settled",
    "stamp",
    "stamps",
    "written_into",
    "written_stamp",
]

#: How the name of the database begins in the target; batches pass over hidden names.
NAME = ".transcode-manifest"

#: Nanoseconds for which a file that was just changed may be changed again without another time of change.
_COARSE = 2_000_000_000

_VERSION = 1
_TABLE = """\
CREATE TABLE IF NOT EXISTS outputs (
    output TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    source_stamp TEXT NOT NULL,
    source_hash TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    files TEXT NOT NULL,
    result TEXT NOT NULL
) WITHOUT ROWID
"""


class Row(NamedTuple):
    """One output of a batch.

    Attributes:
        output: its path below the target; of a medium with ``.*`` in place of the ending.
        source: the file's path below the source directory.
        source_stamp: as of stamp(), before the file was read; empty: not to be trusted.
        source_hash: the SHA-256 of the file; empty where the file could not be read.
        plan_hash: of what else the output depends on.
        files: by path below the target each file that was written: its stamp, and its SHA-256.
        result: what was told of the file.
    """

    output: str
    source: str
    source_stamp: str
    source_hash: str
    plan_hash: str
    files: Mapping[str, Sequence[str]]
    result: Converted


class Writes(Protocol):
    """What writes outputs."""

    def has_written(self, path: Path) -> bool:
        """Whether the file at a path is one that was written."""


def stamp(path: str | os.PathLike[str]) -> str:
    """Size, times and number of a file: where they are others, it may be another file. Empty: no file.

    A link to nothing has those of the link.
    """
    if is_far(path):
        return stamp_of(path)
    try:
        status = _status(Path(path))
    except (OSError, ValueError):
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError:
        return path.lstat()


def written_stamp(path: Path, outputs: Writes) -> str:
    """The stamp of a file that was written. Empty: another process has put its own there meanwhile."""
    seen = stamp(path)
    return seen if outputs.has_written(path) else ""


def stamps(paths: Sequence[str]) -> str:
    """The stamps of several files as one. Empty: a file is missing, or there is none."""
    found = [stamp(path) for path in paths]
    return "; ".join(found) if all(found) else ""


def settled(seen: str) -> str:
    """Stamps that may be trusted later: of a file changed just now a further change might not show."""
    times = [int(number) for one in seen.split("; ") for number in one.split()[1:3]]
    return seen if times and time.time_ns() - max(times) > _COARSE else ""


def database(target: Path, shard: tuple[int, int] | None) -> Path:
    """The path of a target's manifest, or of the one of a part of the files."""
    part = "" if shard is None else f"-{shard[0]}-of-{shard[1]}"
    return target / f"{NAME}{part}.sqlite3"


def names_in(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """What outputs are called, below the target and without endings of media, by source and receiver."""
    return {(row.source, row.result.carrier): row.output.removesuffix(ANY_ENDING) for row in rows}


def written_into(target: Path, path: Path) -> list[Path]:
    """The files that a manifest of another batch says it has written; none, where the manifest can't be read.

    It is only read: the folder may be one that nobody writes.

    Args:
        target: the folder of the manifest.
        path: of the database.
    """
    with contextlib.suppress(sqlite3.Error, ValueError, TypeError), opened_to_read(path) as connection:
        rows = connection.execute("SELECT files FROM outputs").fetchall()
        return [target / name for (files,) in rows for name in json.loads(files)]
    return []


@contextlib.contextmanager
def opened_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Have a database for the time of a ``with`` block without a change of its folder.

    Raises:
        sqlite3.Error: it can't be read.
    """
    # An immutable database gets no files beside it; one that was not closed has such, with further rows. The
    # index of these rows is made in memory where nobody else has it open.
    is_closed = not path.with_name(f"{path.name}-wal").exists()
    ways = ("&immutable=1",) if is_closed else ("&readonly_shm=1", "&immutable=1")
    for number, more in enumerate(ways, 1):
        address = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro{more}"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY, check_same_thread=False)
        with contextlib.closing(connection):
            try:
                connection.execute("SELECT 1 FROM sqlite_master").fetchall()
            except sqlite3.Error:
                if number == len(ways):
                    raise
                continue
            yield connection
            return


class Manifest:
    """The manifest of a target, open until close().

    Args:
        root: the directory that is read.
        target: the directory that is written; it exists.
        path: of the database; made where it is missing.

    Raises:
        OutputError: the database can't be opened, or is none of this version.
    """

    def __init__(self, root: Path, target: Path, path: Path) -> None:
        self._root, self._target, self._path = root, target, path
        self._rows: dict[str, Row] | None = None
        with self._named():
            self._connection = self._opened()
            try:
                (version,) = self._connection.execute("PRAGMA user_version").fetchone()
                if version not in (0, _VERSION):
                    raise OutputError(str(self._path), f"a manifest of version {version}; this is {_VERSION}")
                self._begin()
            except BaseException:
                self._connection.close()
                raise

    def _opened(self) -> sqlite3.Connection:
        # A generator of results may be begun in one thread and go on in another, never in two at once.
        return sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)

    def _begin(self) -> None:
        """Have the table."""
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(_TABLE)
        self._connection.execute(f"PRAGMA user_version={_VERSION}")

    def _named(self) -> AbstractContextManager[None]:
        return naming(self._path, "the manifest can't be used ({}); without it all messages are made again")

    def close(self) -> None:
        self._connection.close()

    def checkpoint(self) -> None:
        """Have all rows in the file of the database."""
        with self._named():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rows(self) -> dict[str, Row]:
        """All rows, by output, as they were when they were first asked for."""
        if self._rows is None:
            self._rows = self._read()
        return self._rows

    def _read(self) -> dict[str, Row]:
        with self._named():
            found = self._connection.execute(
                "SELECT output, source, source_stamp, source_hash, plan_hash, files, result FROM outputs"
            ).fetchall()
        rows = map(self._row, found)
        return {row.output: row for row in rows}

    def _row(self, row: tuple[Any, ...]) -> Row:
        output, source = map(os.fsdecode, row[:2])
        source_stamp, source_hash, plan, files, result = row[2:]
        try:
            told = json.loads(result)
            target = told.pop("target", None if told["error"] else output)
            made = Converted(
                source=str(self._root / source),
                target=None if target is None else str(self._target / target),
                further=tuple(str(self._target / name) for name in told.pop("further")),
                notes=tuple(Note(**note) for note in told.pop("notes")),
                **told,
            )
            return Row(output, source, source_stamp, source_hash, plan, json.loads(files), made)
        except (ValueError, TypeError, KeyError) as error:
            raise OutputError(str(self._path), f"the manifest has a row of {output} that is none") from error

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows, and wait for the disk."""
        values = [self._values(row) for row in rows]
        if not values:
            return
        with self._named():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?,?,?,?,?,?,?)", values)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _values(self, row: Row) -> tuple[object, ...]:
        names = (_kept(row.output), _kept(row.source))
        return (*names, *row[2:5], json.dumps(row.files), json.dumps(self._told(row.result)))

    def _told(self, result: Converted) -> dict[str, object]:
        told = asdict(result)
        del told["source"]
        told["target"] = None if result.target is None else self.name_of(result.target)
        told["further"] = [self.name_of(path) for path in result.further]
        return told

    def source_name(self, path: str | os.PathLike[str]) -> str:
        """The name of a source in the manifest: its path below the directory that is read, if it is there."""
        found = Path(path)
        return str(found.relative_to(self._root) if found.is_relative_to(self._root) else found)

    def path_of(self, name: str) -> Path:
        """The path of a file by its name in the manifest."""
        return self._target / name

    def name_of(self, path: str | os.PathLike[str]) -> str:
        """The name of a file in the manifest: its path below the target."""
        return str(Path(path).relative_to(self._target))


def _kept(name: str) -> str | bytes:
    """A name as the database takes it: one that is no Unicode as its octets."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name
