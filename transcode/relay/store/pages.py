"""Rows of pages: made with a link, viewed, and ended by time, by the recipient or by the operator."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "CLOSED",
    "OPEN",
    "Counts",
    "Page",
    "counts",
    "delete",
    "find",
    "make",
    "of_delivery",
    "report",
    "revoke",
    "view",
]

#: States in which nobody may see a message any more, whatever its page says.
CLOSED = (State.EXPIRED, State.CANCELLED, State.REJECTED, State.REFUSED)
_CLOSED = ", ".join(f"'{state}'" for state in CLOSED)
#: A page that still needs its message, in a statement that joins it with its delivery; the value is the time.
OPEN = (
    "page.expires_at>? AND page.deleted_at IS NULL AND page.revoked_at IS NULL"
    f" AND delivery.state NOT IN ({_CLOSED})"
)
#: Random octets of a token: 22 characters of 128 bits.
_RANDOM = 16
#: Seconds in which a page that is loaded again is viewed once: who has its address can't fill the disk.
_ONE_VIEW = 60.0
#: Seconds in which abuse is reported once.
_ONE_REPORT = 86_400.0
_ABUSE = "abuse reported"


class Page(NamedTuple):
    """The page of one recipient of a message. Times are seconds since 1970.

    Attributes:
        token: the secret in its address.
        delivery: the number of the delivery's row.
        made_at: when the link was made.
        expires_at: when it ends by itself.
        views: how often it was viewed.
        viewed_at: when it was viewed last, or None.
        deleted_at: when the recipient deleted it, or None.
        revoked_at: when the operator took it down, or None.
        reported_at: when abuse was reported last, or None.
    """

    token: str
    delivery: int
    made_at: float
    expires_at: float
    views: int = 0
    viewed_at: float | None = None
    deleted_at: float | None = None
    revoked_at: float | None = None
    reported_at: float | None = None


class Counts(NamedTuple):
    """How many pages there are.

    Attributes:
        open: those that a browser can show.
        viewed: those that were viewed, also if they ended.
        views: how often all were viewed.
        deleted, revoked: those that recipients deleted, and the operator took down.
        reported: those of which abuse was reported.
    """

    open: int
    viewed: int
    views: int
    deleted: int
    revoked: int
    reported: int


_COLUMNS = ", ".join(Page._fields)


def make(store: SqlStore, delivery: int, *, at: float, expires_at: float) -> Future[Page]:
    """Make the page of a delivery, or return the one that there is.

    A page whose time was over, or that the recipient deleted, has a new address if its message is sent again.
    What the operator took down stays so.
    """

    def write(connection: Connection) -> Page:
        connection.lock(f"page {delivery}")
        known = _one(
            connection.execute(f"SELECT {_COLUMNS} FROM page WHERE delivery=?", (delivery,)).fetchone()
        )
        if known is not None and (known.revoked_at or (known.expires_at > at and not known.deleted_at)):
            return known
        made = Page(_token(), delivery, at, expires_at)
        connection.execute("DELETE FROM page WHERE delivery=?", (delivery,))
        connection.execute(
            f"INSERT INTO page ({_COLUMNS}) VALUES ({', '.join('?' * len(made))})",
            made,
        )
        return made

    return store.write(write)


def _token() -> str:
    """Return a new token. No option of a command begins like it: an operator types it behind ``takedown``."""
    while (made := secrets.token_urlsafe(_RANDOM)).startswith("-"):
        pass
    return made


def find(store: SqlStore, token: str) -> Page | None:
    """Return the page of a token."""
    return _first(store.select(f"SELECT {_COLUMNS} FROM page WHERE token=?", (token,)))


def of_delivery(store: SqlStore, delivery: int) -> Page | None:
    """Return the page of a delivery."""
    return _first(store.select(f"SELECT {_COLUMNS} FROM page WHERE delivery=?", (delivery,)))


def view(store: SqlStore, token: str, *, at: float) -> Future[bool]:
    """Count a view; False: it is part of the one before."""

    def write(connection: Connection) -> bool:
        return _changed(
            connection,
            "views=views+1, viewed_at=?",
            "(viewed_at IS NULL OR viewed_at<=?)",
            (at, token, at - _ONE_VIEW),
        )

    return store.write(write)


def delete(store: SqlStore, token: str, *, at: float) -> Future[bool]:
    """Delete a page for its recipient; False: it was gone.

    Where nobody else has the message, its octets go too.
    """

    def write(connection: Connection) -> bool:
        if not _changed(connection, "deleted_at=?", "deleted_at IS NULL AND revoked_at IS NULL", (at, token)):
            return False
        connection.execute(
            "UPDATE message SET dropped=1 WHERE id=(SELECT message FROM delivery JOIN page"
            " ON page.delivery=delivery.id WHERE page.token=?) AND NOT EXISTS (SELECT 1 FROM delivery"
            " LEFT JOIN page ON page.delivery=delivery.id WHERE delivery.message=message.id"
            " AND (page.token IS NULL OR (page.deleted_at IS NULL AND page.revoked_at IS NULL)))",
            (token,),
        )
        return True

    return store.write(write)


def revoke(store: SqlStore, *, at: float, token: str = "", message: str = "") -> Future[int]:
    """Take down the page of a token, or all pages of a message with its octets; return how many pages.

    Of a message that has no page yet nothing is kept either; its recipients are the caller's business.
    """

    def write(connection: Connection) -> int:
        if token:
            return int(_changed(connection, "revoked_at=?", "revoked_at IS NULL", (at, token)))
        open_ones = connection.execute(
            "SELECT token FROM page WHERE revoked_at IS NULL"
            " AND delivery IN (SELECT id FROM delivery WHERE message=?) ORDER BY token"
            f"{connection.for_update}",
            (message,),
        ).fetchall()
        connection.executemany(
            "UPDATE page SET revoked_at=? WHERE token=?", [(at, *one) for one in open_ones]
        )
        connection.execute("UPDATE message SET dropped=1 WHERE id=?", (message,))
        return len(open_ones)

    return store.write(write)


def report(store: SqlStore, page: Page, *, at: float, reason: str) -> Future[bool]:
    """Write into the trail that abuse is reported; False: it was, today."""

    def write(connection: Connection) -> bool:
        is_new = _changed(
            connection,
            "reported_at=?",
            "(reported_at IS NULL OR reported_at<=?)",
            (at, page.token, at - _ONE_REPORT),
        )
        if is_new:
            connection.execute(
                "INSERT INTO event (delivery, at, before, after, event, detail)"
                " SELECT id, ?, state, state, ?, ? FROM delivery WHERE id=?",
                (at, _ABUSE, reason, page.delivery),
            )
        return is_new

    return store.write(write)


def counts(store: SqlStore, *, now: float) -> Counts:
    """Count the pages."""
    ((is_open,),) = store.select(
        f"SELECT count(*) FROM page JOIN delivery ON delivery.id=page.delivery WHERE {OPEN}", (now,)
    )
    ((viewed, views, deleted, revoked, reported),) = store.select(
        "SELECT count(viewed_at), coalesce(sum(views), 0), count(deleted_at), count(revoked_at),"
        " count(reported_at) FROM page"
    )
    return Counts(is_open, viewed, int(views), deleted, revoked, reported)


def _changed(connection: Connection, change: str, where: str, values: Sequence[Any]) -> bool:
    row = connection.execute(
        f"UPDATE page SET {change} WHERE token=? AND {where} RETURNING token", values
    ).fetchone()
    return row is not None


def _first(found: Sequence[Sequence[Any]]) -> Page | None:
    return _one(found[0]) if found else None


def _one(row: Sequence[Any] | None) -> Page | None:
    return None if row is None else Page._make(row)
