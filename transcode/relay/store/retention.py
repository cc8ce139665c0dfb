"""What is given up and deleted: octets first, then numbers, then rows. Each in small steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.store import pages, submissions
from transcode.relay.store.rows import OCTETS

if TYPE_CHECKING:
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.connection import Connection

__all__ = ["forget", "forget_devices", "keep_adapted", "retire", "sweep", "unname"]


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


def retire(connection: Connection, until: float, most: int, *, now: float) -> int:
    """Give up the octets of messages that ended until a time, and return how many messages.

    Those that somebody wants gone are given up as soon as they ended. A page keeps them until it ends.
    """
    over: list[tuple[str, str]] = []
    for which, before in (("dropped=1 AND kept=1", now), ("kept=1", until)):
        over += connection.execute(
            # A report that is due needs the message.
            f"SELECT id, blob FROM message WHERE {which} AND ended_at<=?"
            " AND NOT EXISTS (SELECT 1 FROM delivery JOIN report ON report.delivery=delivery.id"
            " WHERE delivery.message=message.id AND report.due IS NOT NULL)"
            " AND NOT EXISTS (SELECT 1 FROM delivery JOIN page ON page.delivery=delivery.id"
            f" WHERE delivery.message=message.id AND {pages.OPEN})"
            f" LIMIT ?{connection.skip_locked}",
            (before, now, most - len(over)),
        ).fetchall()
    over = list(dict.fromkeys(over))
    for message, blob in over:
        made = connection.execute("DELETE FROM adapted WHERE message=? RETURNING blob", (message,)).fetchall()
        connection.executemany("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", [(blob,), *made])
        connection.execute("UPDATE message SET kept=0, subject='' WHERE id=?", (message,))
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


def _first_ended(connection: Connection, until: float, which: str) -> tuple[str, str] | None:
    """Return id and sender of the message that ended first, if that was before a time; it is locked."""
    found: tuple[str, str] | None = connection.execute(
        f"SELECT id, sender FROM message WHERE {which} AND ended_at<=? ORDER BY ended_at"
        f" LIMIT 1{connection.skip_locked}",
        (until,),
    ).fetchone()
    return found


def unname(connection: Connection, until: float, most: int, pseudonyms: Pseudonyms) -> int:
    """Put words in the place of the numbers of messages that ended until a time; return how many recipients.

    Nothing is told to their senders any more. Octets and subjects were given up before.
    """
    row = _first_ended(connection, until, "kept=0 AND named=1")
    if row is None:
        return 0
    message, sender = row
    found = connection.execute(
        "SELECT id, recipient FROM delivery WHERE message=? AND recipient NOT LIKE ? LIMIT ?",
        (message, f"#{'_' * 16}", most),
    ).fetchall()
    for delivery, recipient in found:
        connection.execute(
            "UPDATE delivery SET recipient=? WHERE id=?", (pseudonyms.word(recipient), delivery)
        )
        for event, detail in connection.execute(
            "SELECT id, detail FROM event WHERE delivery=? AND detail<>''", (delivery,)
        ).fetchall():
            scrubbed = pseudonyms.scrubbed(detail)
            if scrubbed != detail:
                connection.execute("UPDATE event SET detail=? WHERE id=?", (scrubbed, event))
    if len(found) < most:
        connection.execute(
            "UPDATE message SET named=0, sender=?, delivery_report=0, read_report=0 WHERE id=?",
            (pseudonyms.word(sender), message),
        )
        submissions.unnamed(connection, message)
    return len(found) or 1


def forget(connection: Connection, until: float, most: int) -> int:
    """Delete the rows of messages that ended until a time, and return how many."""
    row = _first_ended(connection, until, "kept=0")
    if row is None:
        return 0
    found = connection.execute("SELECT id FROM delivery WHERE message=? LIMIT ?", (row[0], most)).fetchall()
    for table, column in (
        ("event", "delivery"),
        ("report", "delivery"),
        ("page", "delivery"),
        ("delivery", "id"),
    ):
        connection.executemany(f"DELETE FROM {table} WHERE {column}=?", found)
    if len(found) < most:
        connection.execute("DELETE FROM message WHERE id=?", row[:1])
    return len(found) or 1


def forget_devices(connection: Connection, until: float, most: int) -> int:
    """Delete what phones said of themselves that were not seen since a time, and return how many."""
    found = connection.execute("SELECT number FROM device WHERE seen_at<=? LIMIT ?", (until, most)).fetchall()
    connection.executemany("DELETE FROM device WHERE number=?", found)
    return len(found)
