"""Keeps the pictures of a report beside what was made, so that a second run need not make them again."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.batch.database import BUSY, naming
from transcode.batch.looks import Looks
from transcode.batch.manifest import stamp

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

__all__ = ["NAME", "Shelf"]

#: The name of the database in the target; batches pass over hidden names.
NAME = ".transcode-looks.sqlite3"

_TABLE = """\
CREATE TABLE IF NOT EXISTS looks (
    output BLOB PRIMARY KEY,
    stamp TEXT NOT NULL,
    before BLOB NOT NULL,
    after BLOB NOT NULL,
    score REAL
)
"""


class Shelf:
    """The pictures of a target, open until close().

    Args:
        target: the directory of what was made.
        is_kept: whether the pictures stay there for later runs; else they are in a temporary file.

    Raises:
        OutputError: the database can't be used.
    """

    def __init__(self, target: Path, *, is_kept: bool) -> None:
        self._target = target
        self._path = target / NAME if is_kept else Path()
        with self._named():
            self._connection = sqlite3.connect(
                self._path if is_kept else "", timeout=BUSY, isolation_level=None
            )
            try:
                self._connection.execute(_TABLE)
            except BaseException:
                self._connection.close()
                raise

    def _named(self) -> AbstractContextManager[None]:
        return naming(self._path, "the pictures of reports can't be kept: {}")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def put(self, found: Iterable[tuple[str | os.PathLike[str], Looks]]) -> None:
        """Keep pictures by the path of what was made; it is on the disk."""
        rows = [(self._name(path), stamp(path), *looks) for path, looks in found]
        with self._named():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO looks VALUES (?,?,?,?,?)", rows)
            self._connection.execute("COMMIT")

    def get(self, path: str | os.PathLike[str]) -> Looks | None:
        """Return the pictures of what was made, unless it is another file now."""
        with self._named():
            row = self._connection.execute(
                "SELECT stamp, before, after, score FROM looks WHERE output = ?", (self._name(path),)
            ).fetchone()
        if row is None or row[0] != stamp(path):
            return None
        return Looks(*row[1:])

    def _name(self, path: str | os.PathLike[str]) -> bytes:
        # Octets: a name may be no Unicode.
        return bytes(Path(path).relative_to(self._target))
