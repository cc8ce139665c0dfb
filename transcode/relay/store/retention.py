"""What is given up and deleted: octets first, then numbers, then rows. Each in small steps."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.store import pages, recipients, submissions
from transcode.relay.store.rows import OCTETS, with_numbers

if TYPE_CHECKING:
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.connection import Connection

__all__ = ["forget", "forget_devices", "keep_adapted", "retire", "sweep", "unname"]

_LOG = logging.getLogger(__name__)

#: Seconds of deleting after which others write again: a bucket takes a request for each.
_LONGEST = 0.25
#: The lock of who gives up messages: one process at a time.
_TIDYING = "tidying"


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
    connection.lock(_TIDYING)
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
    garbage = {blob for _, blob in over}
    for message, _ in over:
        made = connection.execute("DELETE FROM adapted WHERE message=? RETURNING blob", (message,)).fetchall()
        garbage.update(blob for (blob,) in made)
        connection.execute("UPDATE message SET kept=0, subject='' WHERE id=?", (message,))
        connection.execute("UPDATE campaign SET template=NULL WHERE id=?", (message,))
    connection.executemany(
        "INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", [(blob,) for blob in sorted(garbage)]
    )
    return len(over)


def sweep(connection: Connection, blobs: Blobs, most: int) -> int:
    """Delete octets that were given up and that no message needs any more, and return how many.

    None are deleted while somebody copies the store.
    """
    # Nobody else, on no other machine, writes a row that needs octets while they are deleted.
    connection.lock(OCTETS)
    with blobs.deleting() as may_delete:
        found = connection.execute("SELECT blob FROM garbage LIMIT ?", (most * may_delete,)).fetchall()
        deleted, fault, end = 0, "", time.monotonic() + _LONGEST
        for (blob,) in found:
            needed = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM message WHERE blob=? AND kept=1)"
                " OR EXISTS (SELECT 1 FROM adapted WHERE blob=?)",
                (blob, blob),
            ).fetchone()[0]
            if not needed:
                try:
                    blobs.delete(blob)
                except OSError as error:
                    # It is tried again, and keeps no other from being deleted.
                    fault = fault or str(error)
                    continue
                deleted += 1
            connection.execute("DELETE FROM garbage WHERE blob=?", (blob,))
            if time.monotonic() > end:
                break
    if fault:
        _LOG.warning("octets that were given up can't be deleted: %s", fault)
    return deleted


class _Ended(NamedTuple):
    """A message that ended, and some of its deliveries, as number and recipient. All are locked."""

    message: str
    sender: str
    deliveries: list[tuple[int, str]]


def _first_ended(
    connection: Connection, until: float, most: int, which: str, but: str | None = None
) -> _Ended | None:
    """Lock the message that ended first, if that was before a time, and its deliveries.

    Args:
        connection: the database.
        until: the time.
        most: the most deliveries.
        which: which messages are meant.
        but: a pattern of recipients whose deliveries are not meant.
    """
    connection.lock(_TIDYING)
    where = f"{which} AND ended_at<=?"
    row = connection.execute(
        f"SELECT id, sender FROM message WHERE {where} ORDER BY ended_at LIMIT 1", (until,)
    ).fetchone()
    if row is None:
        return None
    others, values = (" AND recipient NOT LIKE ?", (but,)) if but else ("", ())
    found = connection.execute(
        f"SELECT id, recipient FROM delivery WHERE message=?{others} LIMIT ?", (row[0], *values, most)
    ).fetchall()
    with_numbers(connection, (number for number, _ in found), lock=True)
    # It may have been requeued meanwhile.
    left = connection.execute(
        f"SELECT id FROM message WHERE id=? AND {where}{connection.for_update}", (row[0], until)
    ).fetchone()
    return None if left is None else _Ended(row[0], row[1], found)


def unname(connection: Connection, until: float, most: int, pseudonyms: Pseudonyms) -> int:
    """Put words in the place of the numbers of messages that ended until a time; return how many recipients.

    Nothing is told to their senders any more. Octets and subjects were given up before.
    """
    ended = _first_ended(connection, until, most, "kept=0 AND named=1", f"#{'_' * 16}")
    if ended is None:
        return 0
    message, sender, found = ended
    for delivery, recipient in found:
        connection.execute(
            "UPDATE delivery SET recipient=?, text=NULL, subject=NULL WHERE id=?",
            (pseudonyms.word(recipient), delivery),
        )
        for event, detail in connection.execute(
            "SELECT id, detail FROM event WHERE delivery=? AND detail<>''", (delivery,)
        ).fetchall():
            scrubbed = pseudonyms.scrubbed(detail)
            if scrubbed != detail:
                connection.execute("UPDATE event SET detail=? WHERE id=?", (scrubbed, event))
    rows = recipients.unname(connection, message, most - len(found), pseudonyms)
    if len(found) + rows < most:
        connection.execute(
            "UPDATE message SET named=0, sender=?, delivery_report=0, read_report=0 WHERE id=?",
            (pseudonyms.word(sender), message),
        )
        submissions.unnamed(connection, message)
    return len(found) + rows or 1


def forget(connection: Connection, until: float, most: int) -> int:
    """Delete the rows of messages that ended until a time, and return how many."""
    ended = _first_ended(connection, until, most, "kept=0")
    if ended is None:
        return 0
    rows = recipients.forget(connection, ended.message, most)
    if rows:
        return rows
    found = [(number,) for number, _ in ended.deliveries]
    for table, column in (
        ("event", "delivery"),
        ("report", "delivery"),
        ("page", "delivery"),
        ("delivery", "id"),
    ):
        connection.executemany(f"DELETE FROM {table} WHERE {column}=?", found)
    if len(found) < most:
        connection.execute("DELETE FROM message WHERE id=?", (ended.message,))
    return len(found) or 1


def forget_devices(connection: Connection, until: float, most: int) -> int:
    """Delete what phones said of themselves that were not seen since a time, and return how many."""
    found = connection.execute("SELECT number FROM device WHERE seen_at<=? LIMIT ?", (until, most)).fetchall()
    connection.executemany("DELETE FROM device WHERE number=?", found)
    return len(found)
