"""Rows of pages: made with a link, viewed, and ended by time, by the recipient or by the operator."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.model import Event, State
from transcode.relay.store import bulk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.model import Delivery
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "CLOSED",
    "LISTS",
    "OPEN",
    "Counts",
    "Listed",
    "Page",
    "TakenDown",
    "counts",
    "delete",
    "find",
    "listed",
    "make",
    "of_delivery",
    "report",
    "revoke",
    "take_down",
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
#: Lists of pages, by their names: the column that orders them, and which pages are in them.
LISTS = {
    "open": ("made_at", OPEN),
    "viewed": ("made_at", "page.viewed_at IS NOT NULL"),
    "reported": ("reported_at", "page.reported_at IS NOT NULL"),
    "taken down": ("made_at", "page.revoked_at IS NOT NULL"),
    "deleted": ("made_at", "page.deleted_at IS NOT NULL"),
}


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


class Listed(NamedTuple):
    """A page, and whose message it shows.

    Attributes:
        page: the page.
        message, sender, recipient: the message, and the recipient whose page it is.
        state: the state of the delivery.
        reason: why abuse was reported last, or ``""``.
    """

    page: Page
    message: str
    sender: str
    recipient: str
    state: str
    reason: str


class TakenDown(NamedTuple):
    """What a take-down did.

    Attributes:
        pages: how many pages it ended.
        deliveries: the deliveries that it cancelled, where they were not over.
    """

    pages: int
    deliveries: list[Delivery]


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


def take_down(store: SqlStore, *, at: float, detail: str, token: str = "", message: str = "") -> TakenDown:
    """Take down the page of a token and cancel its delivery, or all of a message.

    Args:
        store: the store.
        at: the time.
        detail: who does it, for the trail.
        token, message: one of them.
    """
    if token:
        page = find(store, token)
        found = store.delivery(number=page.delivery) if page is not None else None
        deliveries = [found] if found is not None else []
    else:
        deliveries = store.deliveries(message)
    taken = revoke(store, at=at, token=token, message=message).result() if deliveries else 0
    # All at once: they share commits.
    written = [store.apply(one.id, Event.CANCEL, at=at, detail=detail) for one in deliveries]
    return TakenDown(taken, [one.result() for one in written])


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
    ((viewed, views),) = store.select("SELECT count(viewed_at), coalesce(sum(views), 0) FROM page")
    # Those of an index each.
    deleted, revoked, reported = (
        store.select(f"SELECT count(*) FROM page WHERE {column} IS NOT NULL")[0][0]
        for column in ("deleted_at", "revoked_at", "reported_at")
    )
    return Counts(is_open, viewed, int(views), deleted, revoked, reported)


def listed(
    store: SqlStore, name: str, *, now: float, before: tuple[float, int] | None = None, most: int
) -> list[Listed]:
    """Return the pages of a list, the newest first.

    Args:
        store: the store.
        name: one of LISTS.
        now: the time.
        before: the time and the delivery of the page behind which they begin; None: with the newest.
        most: the most pages.
    """
    column, where = LISTS[name]
    values: list[float | int] = [now] if where == OPEN else []
    if before is not None:
        where += f" AND (page.{column}, page.delivery)<(?, ?)"
        values += before
    found = store.select(
        f"SELECT {', '.join(f'page.{one}' for one in Page._fields)}, delivery.message, message.sender,"
        " delivery.recipient, delivery.state FROM page JOIN delivery ON delivery.id=page.delivery"
        f" JOIN message ON message.id=delivery.message WHERE {where}"
        f" ORDER BY page.{column} DESC, page.delivery DESC LIMIT ?",
        (*values, most),
    )
    made = [(Page._make(row[:-4]), row[-4:]) for row in found]
    reasons = _reasons(store, [page.delivery for page, _ in made if page.reported_at is not None])
    return [
        Listed(page, message, sender, recipient, state, reasons.get(page.delivery, ""))
        for page, (message, sender, recipient, state) in made
    ]


def _reasons(store: SqlStore, deliveries: Sequence[int]) -> dict[int, str]:
    """Return the last reason of abuse of each of these deliveries."""
    if not deliveries:
        return {}
    found = store.select(
        f"SELECT delivery, detail FROM event WHERE event=? AND delivery IN ({bulk.marks(deliveries)})"
        " ORDER BY id",
        (_ABUSE, *deliveries),
    )
    return dict(found)


def _changed(connection: Connection, change: str, where: str, values: Sequence[Any]) -> bool:
    row = connection.execute(
        f"UPDATE page SET {change} WHERE token=? AND {where} RETURNING token", values
    ).fetchone()
    return row is not None


def _first(found: Sequence[Sequence[Any]]) -> Page | None:
    return _one(found[0]) if found else None


def _one(row: Sequence[Any] | None) -> Page | None:
    return None if row is None else Page._make(row)
