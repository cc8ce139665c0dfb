"""What is given up and deleted: octets first, then numbers, then rows. Each in small steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.store.rows import OCTETS

if TYPE_CHECKING:
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.connection import Connection

__all__ = ["keep_adapted", "retire", "sweep"]


def keep_adapted(connection: Connection, message: str, profile: str, blob: str) -> bool:
    """Remember adapted octets; return False where their message was given up."""
    connection.lock(OCTETS, shared=True)
    row = connection.execute(
        f"SELECT kept FROM message WHERE id=?{connection.for_update}", (message,)
    ).fetchone()
    if row == (0,):
        connection.execute("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", (blob,))
        return False
    connection.execute(
        "INSERT INTO garbage SELECT blob FROM adapted WHERE message=? AND profile=? AND blob<>?"
        " ON CONFLICT DO NOTHING",
        (message, profile, blob),
    )
    connection.execute(
        "INSERT INTO adapted VALUES (?, ?, ?)"
        " ON CONFLICT (message, profile) DO UPDATE SET blob=excluded.blob",
        (message, profile, blob),
    )
    return True


def retire(connection: Connection, until: float, most: int) -> int:
    """Give up the octets of messages that ended until a time, and return how many messages."""
    over = connection.execute(
        # A report that is due needs the message.
        "SELECT id, blob FROM message WHERE kept=1 AND ended_at<=?"
        " AND NOT EXISTS (SELECT 1 FROM delivery JOIN report ON report.delivery=delivery.id"
        " WHERE delivery.message=message.id AND report.due IS NOT NULL)"
        f" LIMIT ?{connection.skip_locked}",
        (until, most),
    ).fetchall()
    for message, blob in over:
        made = connection.execute("DELETE FROM adapted WHERE message=? RETURNING blob", (message,)).fetchall()
        connection.executemany("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", [(blob,), *made])
        connection.execute("UPDATE message SET kept=0 WHERE id=?", (message,))
    return len(over)


def sweep(connection: Connection, blobs: Blobs, most: int) -> int:
    """Delete octets that were given up and that no message needs any more, and return how many.

    None are deleted while somebody copies the store.
    """
    # Nobody else, on no other machine, writes a row that needs octets while they are deleted.
    connection.lock(OCTETS)
    with blobs.deleting() as may_delete:
        found = connection.execute("SELECT blob FROM garbage LIMIT ?", (most * may_delete,)).fetchall()
        deleted = 0
        for (blob,) in found:
            needed = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM message WHERE blob=? AND kept=1)"
                " OR EXISTS (SELECT 1 FROM adapted WHERE blob=?)",
                (blob, blob),
            ).fetchone()[0]
            if not needed:
                blobs.delete(blob)
                deleted += 1
            connection.execute("DELETE FROM garbage WHERE blob=?", (blob,))
    return deleted
