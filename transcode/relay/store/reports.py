"""Reports to senders: leased and tried again as deliveries are, answered, and given up.

Functions that end reports return what happened to their deliveries by it, for the trail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transcode.relay.model import Event, Told
from transcode.relay.store.limits import is_open
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.rows import Report, find_envelope, numbered
from transcode.relay.timers import retry_wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.relay.store.connection import Connection
    from transcode.relay.timers import Timers

__all__ = ["answered", "give_up_old", "note", "overdue", "take", "transaction_id"]

_COLUMNS = "report.id, kind, status, made_at, report.attempts, report.mails, report.lease_until, delivery"
#: From when a report may be taken, as the index has it.
_FREE = "CASE WHEN lease_until>due THEN lease_until ELSE due END"
#: The longest number of a row.
_DIGITS = 18


def transaction_id(report: Report) -> str:
    """Return the id of the mails of a report. It is the same in each of them, and in their answer."""
    return f"{report.envelope.id}.{report.id}"


def take(connection: Connection, peer: str, now: float, lease: float) -> Report | None:
    """Lease the report that is due first to where its message came from."""
    if is_open(connection, peer, now):
        return None
    row = connection.execute(
        "UPDATE report SET lease_until=? WHERE id=(SELECT id FROM report"
        f" WHERE peer=? AND due IS NOT NULL AND due_event IS NULL AND {_FREE}<=?"
        f" ORDER BY {_FREE} LIMIT 1{connection.skip_locked}) RETURNING {_COLUMNS}",
        (now + lease, peer, now),
    ).fetchone()
    return None if row is None else _report(connection, row)


def _report(connection: Connection, row: Sequence[Any]) -> Report:
    delivery = numbered(connection, row[-1])
    return Report._make((*row[:-1], delivery, find_envelope(connection, delivery.message)))


def note(
    connection: Connection, report: Report, told: Told, at: float, detail: str, seconds: Timers
) -> list[Occurrence]:
    """Note what became of an attempt, or of an answer.

    What the other side said while a worker was still at it stays: the worker's lease ended with it.
    """
    due, event = _next(report, told, at, seconds) or (None, None)
    # What ends a report ends it whoever says so; of all else the word of the lease counts.
    lease = "" if due is None else " AND lease_until=?" if report.lease_until else " AND lease_until IS NULL"
    changed = connection.execute(
        "UPDATE report SET due=?, due_event=?, attempts=attempts+?, mails=?, lease_until=NULL"
        f" WHERE id=? AND due IS NOT NULL{lease} RETURNING id",
        (
            due,
            event,
            told is Told.FAILED,
            report.mails + (told is Told.ASKED),
            report.id,
            *([report.lease_until] if "?" in lease else []),
        ),
    ).fetchone()
    if due is not None or told is Told.TAKEN or changed is None:
        return []
    return [_given_up(report.delivery.id, report.status, detail)]


def _next(report: Report, told: Told, at: float, seconds: Timers) -> tuple[float, Event | None] | None:
    """Return when a report needs work next, and the event of the timer; None: it needs none any more.

    Args:
        report: the report before.
        told: what became of it.
        at: when.
        seconds: the seconds of each timer.
    """
    match told:
        case Told.TAKEN | Told.REFUSED:
            return None
        case Told.ASKED:
            last = report.mails + 1 >= seconds.mails
            return at + seconds.answer, Event.REPORT_GIVEN_UP if last else None
        case Told.FAILED:
            again = at + retry_wait(report.id, report.attempts + 1, seconds)
            # A report is of use as long as a message would have been. That a message expired, or that nobody
            # knows, is told later.
            until = max(report.delivery.expires_at, report.made_at) + seconds.no_news
            return (again, None) if again <= until else None


def answered(
    connection: Connection, peer: str, named: str, told: Told, at: float, detail: str, seconds: Timers
) -> list[Occurrence]:
    """Note the answer to a report.

    Args:
        connection: the writer's.
        peer: the name of the centre that answers.
        named: the transaction id that it names.
        told: what its answer says.
        at: the time.
        detail: its words.
        seconds: the seconds of each timer.

    Raises:
        LookupError: no report that waits for anything has this id.
    """
    message, _, number = named.rpartition(".")
    row = None
    if number.isdecimal() and len(number) <= _DIGITS:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM report JOIN delivery ON delivery.id=report.delivery"
            " WHERE report.id=? AND message=? AND report.peer=? AND report.due IS NOT NULL"
            f"{connection.for_update}",
            (int(number), message, peer),
        ).fetchone()
    if row is None:
        raise LookupError(f"no report waits for the answer to {named!r}")
    # Mails after this one are counted anew: somebody is there.
    return note(connection, _report(connection, row)._replace(mails=0), told, at, detail, seconds)


def overdue(connection: Connection, now: float, most: int) -> list[Occurrence]:
    """Give up reports to whose mails no answer came."""
    return _end(
        connection,
        "report.due<=? AND report.due_event IS NOT NULL ORDER BY report.due",
        now,
        most,
        "no answer from the other centre to any mail",
    )


def give_up_old(connection: Connection, until: float, most: int) -> list[Occurrence]:
    """Give up reports that were made until a time: nobody sends to where they go any more."""
    return _end(connection, "made_at<=? AND report.due IS NOT NULL ORDER BY made_at", until, most, "too old")


def _end(connection: Connection, which: str, at: float, most: int, why: str) -> list[Occurrence]:
    # With their deliveries, whose trails say so: a delivery that somebody else holds is passed over too.
    found: Iterable[tuple[int]] = connection.execute(
        f"SELECT report.id FROM report JOIN delivery ON delivery.id=report.delivery WHERE {which}"
        f" LIMIT ?{connection.skip_locked}",
        (at, most),
    ).fetchall()
    ended = []
    for one in found:
        delivery, status, peer = connection.execute(
            "UPDATE report SET due=NULL, due_event=NULL, lease_until=NULL WHERE id=?"
            " RETURNING delivery, status, peer",
            one,
        ).fetchone()
        ended.append(_given_up(delivery, status, f"{why}{f' ({peer})' * bool(peer)}"))
    return ended


def _given_up(delivery: int, status: str, why: str) -> Occurrence:
    return Occurrence(delivery, Event.REPORT_GIVEN_UP, f"{status}: {why}"[:200])
