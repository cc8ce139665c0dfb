"""Databases of SQLite beside what a batch has made."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from transcode.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BUSY", "naming"]

#: Seconds that a statement waits for another process that writes.
BUSY = 30.0


@contextlib.contextmanager
def naming(path: Path, said: str) -> Iterator[None]:
    """Turn errors of SQLite into OutputError.

    Args:
        path: the file that it names.
        said: the words, with ``{}`` for those of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(str(path), said.format(error)) from error
