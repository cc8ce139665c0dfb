"""A message whose sender replaces its content: new octets for those who did not begin to fetch it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay import timers
from transcode.relay.model import Event, State
from transcode.relay.states import TABLE
from transcode.relay.store.rows import DELIVERY, OCTETS, delivery

if TYPE_CHECKING:
    from transcode.relay.store.connection import Connection

__all__ = ["CHANGEABLE", "Replacement", "replace_content"]

#: States in which nobody holds or fetches the message, so that it can still be another one: those in which it
#: can be cancelled.
CHANGEABLE = tuple(state for state in State if TABLE[state, Event.CANCEL].to is State.CANCELLED)

_EVENT = "content replaced"


class Replacement(NamedTuple):
    """What replaces the content of a message.

    Attributes:
        before: the octets that it was made of.
        blob: the new octets.
        size: their number.
        read_report: whether the sender asks for read reports now.
        deliver_at: the earliest delivery, for those whom nobody told of the message yet; None: at once.
    """

    before: str
    blob: str
    size: int
    read_report: bool
    deliver_at: float | None


def replace_content(
    connection: Connection, message: str, new: Replacement, at: float, seconds: timers.Timers
) -> list[str] | None:
    """Replace the content of a message, in one transaction.

    Who fetches or holds the message keeps what it began with. Where that is everybody, and where the same
    replacement comes again, nothing changes.

    Returns:
        The recipients who keep the old content; None: another replacement came between.

    Raises:
        LookupError: the octets of the message are kept no longer.
    """
    connection.lock(OCTETS, shared=True)
    # First, as an event of one of them does: nobody begins to fetch while the content changes.
    connection.execute(
        f"SELECT id FROM delivery WHERE message=? ORDER BY id{connection.for_update}", (message,)
    ).fetchall()
    kept, blob = connection.execute(
        f"SELECT kept, blob FROM message WHERE id=?{connection.for_update}", (message,)
    ).fetchone()
    if not kept:
        raise LookupError(f"the octets of message {message} are kept no longer")
    # Where they replace nothing, nobody else would ever delete them.
    connection.execute("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", (new.blob,))
    if blob == new.blob:
        return _recipients(connection, message, "blob<>''")
    if blob != new.before:
        return None
    marks = ", ".join("?" * len(CHANGEABLE))
    change = connection.execute(
        f"SELECT 1 FROM delivery WHERE message=? AND state IN ({marks}) LIMIT 1", (message, *CHANGEABLE)
    ).fetchone()
    if change is None:
        return _recipients(connection, message)
    connection.execute(
        f"UPDATE delivery SET blob=? WHERE message=? AND blob='' AND state NOT IN ({marks})",
        (blob, message, *CHANGEABLE),
    )
    connection.execute(
        f"UPDATE delivery SET blob='' WHERE message=? AND blob<>'' AND state IN ({marks})",
        (message, *CHANGEABLE),
    )
    connection.execute(
        "INSERT INTO event (delivery, at, before, after, event, detail)"
        f" SELECT id, ?, state, state, ?, '' FROM delivery WHERE message=? AND state IN ({marks})",
        (at, _EVENT, message, *CHANGEABLE),
    )
    connection.execute(
        "UPDATE message SET blob=?, size=?, read_report=?, deliver_at=? WHERE id=?",
        (new.blob, new.size, int(new.read_report), new.deliver_at, message),
    )
    _put_aside(connection, message, blob)
    _reschedule(connection, message, new.deliver_at, seconds)
    return _recipients(connection, message, "blob<>''")


def _recipients(connection: Connection, message: str, where: str = "TRUE") -> list[str]:
    found = connection.execute(
        f"SELECT recipient FROM delivery WHERE message=? AND {where} ORDER BY id", (message,)
    ).fetchall()
    return [recipient for (recipient,) in found]


def _put_aside(connection: Connection, message: str, blob: str) -> None:
    """Keep the old octets for those who began to fetch them, or give them up."""
    held = connection.execute(
        "SELECT 1 FROM delivery WHERE message=? AND blob=? LIMIT 1", (message, blob)
    ).fetchone()
    if held is None:
        connection.execute("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", (blob,))
    else:
        # They are copied, and given up with the message, as adapted octets are.
        connection.execute(
            "INSERT INTO adapted VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (message, f"replaced {blob}", blob)
        )


def _reschedule(
    connection: Connection, message: str, deliver_at: float | None, seconds: timers.Timers
) -> None:
    """Give deliveries that nobody was told of their new time."""
    rows = connection.execute(
        f"SELECT {', '.join(DELIVERY)} FROM delivery WHERE message=? AND state IN (?, ?)",
        (message, State.ACCEPTED, State.WAITING),
    ).fetchall()
    for row in rows:
        one = replace(delivery(row), deliver_at=deliver_at)
        due, event = timers.due(one, seconds) or (None, None)
        connection.execute(
            "UPDATE delivery SET deliver_at=?, due=?, due_event=? WHERE id=?",
            (deliver_at, due, event, one.id),
        )
