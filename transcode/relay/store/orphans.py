"""Octets that no row names: whoever put them was killed, or failed, before the row was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["give_up_orphans"]

#: Names of one look into the rows.
_TOGETHER = 500
#: Where octets are needed, or given up already.
_NAMED = ("message WHERE kept=1 AND", "adapted WHERE", "garbage WHERE")


def give_up_orphans(store: SqlStore, blobs: Blobs, *, shelf: int, until: float) -> int:
    """Give up octets that no row names, and return how many. A sweep deletes them.

    Who accepts a message puts its octets before the row and after it, and the sweep looks for rows once more:
    octets that somebody puts meanwhile stay, or are put again.

    Args:
        store, blobs: where everything is kept.
        shelf: the first octet of the names.
        until: octets that were put since are left alone.

    Raises:
        OSError: the names can't be read.
    """
    names = blobs.old(shelf, until)
    lost: list[str] = []
    for start in range(0, len(names), _TOGETHER):
        some = names[start : start + _TOGETHER]
        marks = ", ".join("?" * len(some))
        union = " UNION ".join(f"SELECT blob FROM {where} blob IN ({marks})" for where in _NAMED)
        known = {name for (name,) in store.select(union, some * len(_NAMED))}
        lost += [name for name in some if name not in known]

    def write(connection: Connection) -> None:
        rows = [(name,) for name in sorted(lost)]
        connection.executemany("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", rows)

    if lost:
        store.write(write).result()
    return len(lost)
