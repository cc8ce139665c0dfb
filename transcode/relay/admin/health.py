"""Whether a message centre does its work: each part that it needs is tried."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Health"]

#: Seconds that the database may take to answer.
_PATIENCE = 5.0


class Health:
    """Tries the disk, the database and the lanes of work.

    Args:
        store: the rows.
        folder: the folder of the store.
        lanes: returns for each lane of work whether its thread lives.
        min_free_bytes: the least free octets where the store is.
    """

    def __init__(
        self, store: SqlStore, folder: Path, lanes: Callable[[], Mapping[str, bool]], min_free_bytes: int
    ) -> None:
        self._store = store
        self._folder = folder
        self._lanes = lanes
        self._min_free_bytes = min_free_bytes

    def checks(self) -> dict[str, str]:
        """Return what is wrong with each part; ``""`` is nothing."""
        parts = {"disk": self._disk, "space": self._space, "database": self._database, "lanes": self._dead}
        found = {}
        for name, check in parts.items():
            try:
                found[name] = check()
            except Exception as error:  # noqa: BLE001  # whatever is wrong is the answer
                found[name] = str(error) or type(error).__name__
        return found

    def _disk(self) -> str:
        with tempfile.TemporaryFile(dir=self._folder) as file:
            file.write(b"ready?")
            file.flush()
            os.fsync(file.fileno())
        return ""

    def _space(self) -> str:
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        return (
            ""
            if free >= self._min_free_bytes
            else f"{free} octets are free, {self._min_free_bytes} are wanted"
        )

    def _database(self) -> str:
        # One that reads, and one that writes as all do that must be durable.
        self._store.select("SELECT count(*) FROM subscriber WHERE number=''")
        self._store.write(lambda connection: connection.execute("SELECT 1").fetchone()).result(_PATIENCE)
        return ""

    def _dead(self) -> str:
        dead = sorted(name for name, lives in self._lanes().items() if not lives)
        return f"stopped: {', '.join(dead)}" if dead else ""
