"""What the store needs of a database: what SQLite's and PostgreSQL's connections have in common.

Statements are those that both databases know, with ``?`` for a value. Truth values are written as 0 and 1.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["CommitUnknown", "Conflict", "Connection", "Cursor", "SqliteConnection"]


class CommitUnknown(RuntimeError):
    """A server that was lost while it committed, and can't be asked whether it did."""


class Conflict(RuntimeError):
    """A transaction that waited for another one, which may wait for it. Made again, it may succeed."""


class Cursor(Protocol):
    """The rows of a statement."""

    def fetchone(self) -> Any:
        """Return the next row as a tuple, or None."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection without transactions of its own.

    Where a transaction has to wait for another one too long, or for ever, statements raise Conflict. Calls
    that lock several rows lock deliveries first, then reports or pages, messages, names of octets, and what
    else there is; of one table in the order of their keys. So two of them never wait for each other.

    Attributes:
        for_update: the end of a SELECT whose rows nobody else may change before the transaction ends.
        skip_locked: the same, and rows that somebody else holds are passed over.
    """

    for_update: str
    skip_locked: str

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Do one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor:
        """Do one statement for each sequence of values."""

    def begin(self, *, durable: bool = True, patient: bool = True) -> None:
        """Begin a transaction that writes.

        Args:
            durable: False: a power cut may undo it, until a durable one is committed.
            patient: False: it waits for others for a moment alone. It is of several calls, and has locks
                in the order in which they came.
        """

    def commit(self) -> None:
        """End the transaction; what it wrote is durable afterwards, where it was begun so.

        Raises:
            CommitUnknown: nobody can say whether it is.
            Conflict: nothing of it is, and it may be made again.
            Exception: nothing of it is.
        """

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds a lock of this name; hold it until the transaction ends.

        Args:
            name: any text.
            shared: whether others that share it may hold it at the same time.
        """

    def close(self) -> None:
        """Close it; what is not committed is undone."""

    def break_off(self) -> None:
        """From another thread: have who waits for an answer get an error. It is used no more."""


class SqliteConnection(sqlite3.Connection):
    """A connection to a file, where one transaction writes at a time."""

    for_update = ""
    skip_locked = ""
    #: Whether commits wait for the disk.
    _syncs = True

    def begin(self, *, durable: bool = True, patient: bool = True) -> None:  # noqa: ARG002
        """Begin a transaction that writes.

        Args:
            durable: False: the disk has it with the next durable one. A process that dies loses nothing.
            patient: of no meaning: nobody else writes before its end.
        """
        if durable is not self._syncs:
            self.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._syncs = durable
        self.execute("BEGIN IMMEDIATE")

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Do nothing: nobody else writes."""

    def break_off(self) -> None:
        """From another thread: end the statement that is done."""
        self.interrupt()
