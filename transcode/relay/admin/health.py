"""Whether a message centre does its work: each part that it needs is tried."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transcode.relay.patience import Parts
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Health"]


class Health:
    """Tries the disk, the database and the lanes of work.

    Args:
        store: the rows.
        folder: the folder of the store.
        lanes: returns for each lane of work whether its thread lives.
        min_free_bytes: the least free octets where the store is.
        parts: asks each of them, for a time.
    """

    def __init__(
        self,
        store: SqlStore,
        folder: Path,
        lanes: Callable[[], Mapping[str, bool]],
        min_free_bytes: int,
        parts: Parts,
    ) -> None:
        self._store = store
        self._folder = folder
        self._lanes = lanes
        self._min_free_bytes = min_free_bytes
        self._parts = parts

    def checks(self) -> dict[str, str]:
        """Return what is wrong with each part, such as that it does not answer; ``""`` is nothing."""
        found = self._parts.ask_all(
            {
                "disk": self._disk,
                "space": self._space,
                "database": self._reads,
                "writer": self._writes,
                "lanes": self._dead,
            }
        )
        return {
            name: said if isinstance(said, str) else str(said) or type(said).__name__
            for name, said in found.items()
        }

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

    def _reads(self) -> str:
        self._store.select("SELECT count(*) FROM subscriber WHERE number=''")
        return ""

    def _writes(self) -> str:
        # As all do that must be durable.
        self._store.write(lambda connection: connection.execute("SELECT 1").fetchone()).result()
        return ""

    def _dead(self) -> str:
        dead = sorted(name for name, lives in self._lanes().items() if not lives)
        return f"stopped: {', '.join(dead)}" if dead else ""
