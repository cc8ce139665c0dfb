"""What becomes of the recipients of campaigns: in their rows, and counted, with each change of a delivery."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from transcode.relay import statuses
from transcode.relay.model import CAMPAIGN_LANE, Event
from transcode.relay.store import bulk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.relay.model import Changed
    from transcode.relay.store.connection import Connection

__all__ = ["OPTED_OUT", "QUEUED", "REASONS", "count", "note", "reason_of", "write"]

#: The status of a recipient who is no delivery yet.
QUEUED = "queued"
#: What the trail says of a recipient who wants nothing of campaigns any more.
OPTED_OUT = "the recipient opted out"
#: Why a recipient failed, by the word of the reason.
REASONS = {
    "invalid": "the row can't be used",
    "duplicate": "an earlier row has the same address",
    "too_long": "its own text is too long",
    "opted_out": OPTED_OUT,
    "blocked": "the recipient blocks the sender",
    "unroutable": "no route leads to the address",
    "quiet": "it is always quiet where the recipient is",
    "expired": "the time was over before",
    "refused": "the next hop refused it",
    "rejected": "the phone or its centre rejected it",
    "unrecognised": "the phone did not recognise it",
    "content": "it can't be made to fit the phone",
    "canceled": "it was cancelled",
    "other": "something else",
}
_BY_DETAIL = {REASONS[word]: word for word in ("opted_out", "blocked")}
_BY_EVENT = {
    Event.UNROUTABLE: "unroutable",
    Event.ATTEMPT_REFUSED: "refused",
    Event.PEER_REFUSED: "refused",
    Event.CONTENT_REFUSED: "content",
    Event.PHONE_REJECTED: "rejected",
    Event.PEER_REJECTED: "rejected",
    Event.DELETED: "rejected",
    Event.PHONE_UNRECOGNISED: "unrecognised",
    Event.PEER_UNRECOGNISED: "unrecognised",
    Event.EXPIRE: "expired",
    Event.PEER_EXPIRED: "expired",
    Event.CANCEL: "canceled",
}
#: The words of events, as changes have them.
_WORDS = {str(event): word for event, word in _BY_EVENT.items()}
#: Statuses that say that somebody did not get the message.
_WITHOUT = frozenset((statuses.Status.FAILED, statuses.Status.UNDELIVERED, statuses.Status.CANCELED))


#: What statuses are over time; a recipient who reads what was delivered is still one who got it.
_KINDS = {
    statuses.Status.SENT: "sent",
    statuses.Status.DELIVERED: "delivered",
    statuses.Status.READ: "delivered",
    statuses.Status.FAILED: "failed",
    statuses.Status.UNDELIVERED: "failed",
}
_OVER_TIME = {str(status): kind for status, kind in _KINDS.items()}


def reason_of(event: str, detail: str) -> str:
    """Return the word of a failure's reason.

    Args:
        event: the text of the event.
        detail: what was said.
    """
    return _BY_DETAIL.get(detail) or _WORDS.get(event, "other")


def write(connection: Connection, changes: Sequence[Changed], at: float) -> None:
    """Write what changes of deliveries make of recipients of campaigns, in their transaction."""
    last = {one.after.id: one for one in changes if one.after.lane.startswith(CAMPAIGN_LANE)}
    if not last:
        return
    before = {one.before.id: one.before for one in reversed(changes)}
    found = connection.execute(
        "SELECT delivery, campaign, status, carrier, reason FROM campaign_recipient"
        f" WHERE delivery IN ({bulk.marks(list(last))})",
        list(last),
    ).fetchall()
    changed: Counter[tuple[str, str, str, str]] = Counter()
    came: Counter[tuple[str, str]] = Counter()
    written = []
    for number, campaign, status, carrier, reason in found:
        one = last[number]
        new, _ = statuses.shown(one.after)
        if new == status:
            continue
        why, detail = (reason_of(one.event, one.detail), one.detail) if new in _WITHOUT else ("", "")
        changed[campaign, status, carrier, reason] -= 1
        changed[campaign, str(new), carrier, why] += 1
        kind = _OVER_TIME.get(str(new), "")
        # A reminder, a further mail, or a link after the notification: the recipient is sent it once.
        again = kind == "sent" and (before[number].first_notified_at is not None or before[number].mails > 0)
        if kind and kind != _OVER_TIME.get(status) and not again:
            came[campaign, kind] += 1
        written.append((number, str(new), why, detail, at))
    types = {
        "delivery": "BIGINT",
        "status": "TEXT",
        "reason": "TEXT",
        "detail": "TEXT",
        "changed_at": "DOUBLE PRECISION",
    }
    bulk.update(connection, "campaign_recipient", types, written)
    count(connection, changed)
    note(connection, came, at)


def note(connection: Connection, came: Mapping[tuple[str, str], int], at: float) -> None:
    """Note when recipients came to be what they are, by the minute.

    Args:
        connection: the database, in a transaction.
        came: how many, by campaign and ``"sent"``, ``"delivered"`` or ``"failed"``.
        at: the time.
    """
    minute = int(at // 60)
    connection.executemany(
        "INSERT INTO campaign_minute VALUES (?, ?, ?, ?) ON CONFLICT (campaign, minute, kind)"
        " DO UPDATE SET count=campaign_minute.count+excluded.count",
        [(campaign, minute, kind, number) for (campaign, kind), number in sorted(came.items()) if number],
    )


def count(connection: Connection, changed: Mapping[tuple[str, str, str, str], int]) -> None:
    """Add to the counts of campaigns.

    Args:
        connection: the database, in a transaction.
        changed: what to add, by campaign, status, carrier and reason.
    """
    # In one order, so that two transactions do not wait for each other.
    rows = [(*alike, change) for alike, change in sorted(changed.items()) if change]
    connection.executemany(
        "INSERT INTO campaign_count VALUES (?, ?, ?, ?, ?) ON CONFLICT (campaign, status, carrier, reason)"
        " DO UPDATE SET count=campaign_count.count+excluded.count",
        rows,
    )
