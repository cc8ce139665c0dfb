"""Manifests that are only read: nothing is written, so the target may be one that nobody writes into."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from transcode.batch.far import is_far, read, shown
from transcode.batch.manifest import NAME, Manifest, database, opened_to_read
from transcode.errors import OutputError
from transcode.jobs.files import reason

if TYPE_CHECKING:
    from pathlib import Path

    from transcode.batch.convert import Converted

__all__ = ["ReadManifest", "recorded"]

#: Where the head of a database says that it has a journal beside it, and what stands there where it has none.
_JOURNAL, _NO_JOURNAL = slice(18, 20), b"\1\1"


class ReadManifest(Manifest):
    """The manifest of a target, or of a part of its files, as it is: without rows where there is none.

    Raises:
        OutputError: it can't be read, or is none of this version.
    """

    def __init__(self, root: Path, target: Path, path: Path) -> None:
        self._closing = contextlib.ExitStack()
        super().__init__(root, target, path)

    @classmethod
    def of(cls, root: Path, target: Path, shard: tuple[int, int] | None) -> ReadManifest:
        """The manifest of a target, or of a part of its files."""
        return cls(root, target, database(target, shard))

    def _opened(self) -> sqlite3.Connection:
        if is_far(self._path):
            return self._fetched()
        try:
            self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return sqlite3.connect(":memory:", check_same_thread=False)
        except OSError as error:
            raise OutputError(str(self._path), f"the manifest can't be read: {reason(error)}") from error
        return self._closing.enter_context(opened_to_read(self._path))

    def _fetched(self) -> sqlite3.Connection:
        """The manifest of a bucket, in memory."""
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            found = read(self._path)
        except OSError as error:
            said = f"the manifest can't be read: {error}"
            raise OutputError(shown(str(self._path)), said) from error
        if found is not None:
            octets = bytearray(found[0])
            octets[_JOURNAL] = _NO_JOURNAL
            connection.deserialize(bytes(octets))
        return connection

    def _begin(self) -> None:
        """Change nothing. A process that was killed may have left a database without the table."""
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outputs'").fetchone()
        if found is None:
            self._rows = {}

    def close(self) -> None:
        super().close()
        self._closing.close()


def recorded(root: Path, target: Path) -> list[Converted]:
    """What all manifests of a target say of its files, by source. Of two that say something the later counts.

    Raises:
        OutputError: a manifest can't be used.
    """
    if is_far(target):
        said = f"a manifest in a bucket is read by batches alone; fetch {NAME}.sqlite3 and name its folder"
        raise OutputError(shown(str(target)), said)
    found: dict[tuple[str, str], Converted] = {}
    for path in sorted(target.glob(f"{NAME}*.sqlite3"), key=lambda path: path.stat().st_mtime_ns):
        with contextlib.closing(ReadManifest(root, target, path)) as manifest:
            found |= {(row.source, row.result.carrier): row.result for row in manifest.rows().values()}
    return [found[name] for name in sorted(found)]
