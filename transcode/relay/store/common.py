"""What the machines that share a store have in common: a key, and the UAProf documents of phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["SharedDocuments", "shared_key"]

_NUMBERS = "numbers"


def shared_key(store: SqlStore, own: bytes) -> bytes:
    """Return the key of the words that stand in the place of numbers.

    Args:
        store: the rows.
        own: the key of this machine; it becomes that of all where there is none.
    """

    def write(connection: Connection) -> bytes:
        connection.execute(
            "INSERT INTO common VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (_NUMBERS, own.hex())
        )
        (found,) = connection.execute("SELECT value FROM common WHERE name=?", (_NUMBERS,)).fetchone()
        return bytes.fromhex(found)

    return store.write(write).result()


class SharedDocuments:
    """UAProf documents as rows.

    Args:
        store: the rows.
        most: how many are kept.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, store: SqlStore, most: int, clock: Callable[[], float]) -> None:
        self._store = store
        self._most = most
        self._clock = clock

    def get(self, url: str) -> bytes | None:
        """Return the document of an address, or None."""
        found = self._store.select("SELECT octets FROM document WHERE url=?", (url,))
        return bytes(found[0][0]) if found else None

    def put(self, url: str, octets: bytes) -> None:
        """Keep a document, unless there are too many."""

        def write(connection: Connection) -> None:
            (count,) = connection.execute("SELECT count(*) FROM document").fetchone()
            if count < self._most:
                connection.execute(
                    "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (url) DO UPDATE SET"
                    " octets=excluded.octets, fetched_at=excluded.fetched_at",
                    (url, octets, self._clock()),
                )

        self._store.write(write).result()
