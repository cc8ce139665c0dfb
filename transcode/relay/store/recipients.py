"""The recipients of campaigns before they become deliveries: read, sorted by network, given up, listed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.retention import DAY
from transcode.relay.store import bulk, notices, progress
from transcode.relay.store.campaigns import LEASE, Action, CampaignState, act, drop, lane
from transcode.relay.store.progress import QUEUED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = [
    "NotLoading",
    "Recipient",
    "Row",
    "Sorted",
    "add",
    "close",
    "forget",
    "give_up",
    "listed",
    "loaded",
    "postpone",
    "sort",
    "tidy",
    "unname",
    "unsorted",
]

_NAMES = ("campaign", "number", "address", "fields", "zone", "status", "reason", "detail", "changed_at")


class NotLoading(Exception):
    """Recipients can't be added: the campaign began, or somebody else reads its recipients."""


class Row(NamedTuple):
    """A row of an upload.

    Attributes:
        address: the address in the form of rows, or the beginning of what the row has in its place.
        fields: its own fields, in JSON.
        zone: the time zone that it names, or ``""``.
        reason: why it can't be used, a word of progress.REASONS; ``""``: it can.
        detail: the same in words.
        chars, octets, subject_chars, subject_octets: of its own text and its own subject.
    """

    address: str
    fields: str = "{}"
    zone: str = ""
    reason: str = ""
    detail: str = ""
    chars: int = 0
    octets: int = 0
    subject_chars: int = 0
    subject_octets: int = 0


class Recipient(NamedTuple):
    """A recipient of a campaign. Times are seconds since 1970.

    Attributes:
        number: the row that it came in, from 1.
        address: the address, or what the row has in its place.
        fields: its own fields, in JSON.
        zone: the time zone that its row names, or ``""``.
        status: ``"queued"``, or that of its delivery.
        reason, detail: why it failed, in one word of progress.REASONS and in more.
        hop, carrier: its next hop and network; ``""``: not looked up.
        due: when it may be written to.
        delivery: the number of its delivery, or None.
        changed_at: since when it has its status.
    """

    number: int
    address: str
    fields: str
    zone: str
    status: str
    reason: str
    detail: str
    hop: str
    carrier: str
    due: float
    delivery: int | None
    changed_at: float


class Sorted(NamedTuple):
    """Where a recipient is, or why it can't be written to.

    Attributes:
        number: its row.
        hop, carrier: its next hop and its network.
        due: when it may be written to.
        reason, detail: as in Row.
    """

    number: int
    hop: str = ""
    carrier: str = ""
    due: float = 0.0
    reason: str = ""
    detail: str = ""


_COLUMNS = ", ".join(Recipient._fields)


def add(connection: Connection, name: str, rows: Sequence[Row], now: float, *, reader: str = "") -> int:
    """Add recipients to a campaign that is not begun, and return how many of them can be written to.

    An address that it has already costs its row alone.

    Args:
        connection: the database, in a transaction.
        name: the campaign.
        rows: the rows, in order; at most some thousands.
        now: the time.
        reader: the word of who reads the recipients of a campaign that nobody is shown yet.

    Raises:
        NotLoading: it was begun meanwhile, or somebody else reads its recipients.
    """
    found = connection.execute(
        f"SELECT state, total, paid FROM campaign WHERE id=?{connection.for_update}", (name,)
    ).fetchone()
    if found is None or found[0] != (CampaignState.LOADING if reader else CampaignState.DRAFT):
        raise NotLoading(f"campaign {name} takes no more recipients")
    state, total, paid = found
    if reader not in ("", paid):
        raise NotLoading(f"another request reads the recipients of campaign {name}")
    values = {
        number: (
            *(name, number, row.address, row.fields, row.zone, "failed" if row.reason else QUEUED),
            *(row.reason, row.detail, now),
        )
        for number, row in enumerate(rows, total + 1)
    }
    written = {number for (number,) in _insert(connection, list(values.values()))}
    twice = [
        (*values[number][:5], "failed", "duplicate", progress.REASONS["duplicate"], now)
        for number in values
        if number not in written
    ]
    _insert(connection, twice)
    reasons = Counter(row.reason for number, row in enumerate(rows, total + 1) if number in written)
    reasons["duplicate"] += len(twice)
    counted = {(name, "failed" if reason else QUEUED, "", reason): count for reason, count in reasons.items()}
    progress.count(connection, counted)
    usable = [row for row in rows if not row.reason]
    longest = {
        "text_chars": max((row.chars for row in usable), default=0),
        "text_octets": max((row.octets for row in usable), default=0),
        "subject_chars": max((row.subject_chars for row in usable), default=0),
        "subject_octets": max((row.subject_octets for row in usable), default=0),
    }
    longer = ", ".join(f"{column}=CASE WHEN {column}<? THEN ? ELSE {column} END" for column in longest)
    connection.execute(
        f"UPDATE campaign SET total=total+?, {longer}, due=? WHERE id=?",
        (
            len(rows),
            *(most for most in longest.values() for _ in range(2)),
            now + LEASE if state == CampaignState.LOADING else None,
            name,
        ),
    )
    return reasons[""]


def _insert(connection: Connection, rows: Sequence[Sequence[object]]) -> list[tuple[int]]:
    if not rows:
        return []
    # Rows that come twice in one statement are told apart by the database as well.
    places = ", ".join([f"({bulk.marks(_NAMES)})"] * len(rows))
    return connection.execute(
        f"INSERT INTO campaign_recipient ({', '.join(_NAMES)}) VALUES {places}"
        " ON CONFLICT DO NOTHING RETURNING number",
        [value for row in rows for value in row],
    ).fetchall()


def loaded(connection: Connection, name: str, reader: str, *, starts_at: float | None = None) -> None:
    """Let everybody see a campaign whose recipients were read.

    Args:
        connection: the database, in a transaction.
        name: the campaign.
        reader: the word of who read them.
        starts_at: the time, where it is started at once; None: it is a draft.

    Raises:
        NotLoading: somebody else reads its recipients.
    """
    row = connection.execute(
        "UPDATE campaign SET state=?, paid='{}', due=NULL WHERE id=? AND state=? AND paid=? RETURNING id",
        (CampaignState.DRAFT, name, CampaignState.LOADING, reader),
    ).fetchone()
    if row is None:
        raise NotLoading(f"another request reads the recipients of campaign {name}")
    if starts_at is not None:
        act(connection, name, Action.START, starts_at)


def unsorted(store: SqlStore, name: str, *, now: float, most: int) -> list[Recipient]:
    """Return recipients of whom nobody knows where they are, the first rows first.

    Args:
        store: the store.
        name: the campaign.
        now: the time. Those whom the resolver could not be asked for wait for a later one.
        most: the most of them.
    """
    found = store.select(
        f"SELECT {_COLUMNS} FROM campaign_recipient WHERE campaign=? AND status='queued' AND hop=''"
        " AND carrier='' AND due<=? ORDER BY due, number LIMIT ?",
        (name, now, most),
    )
    return [Recipient._make(row) for row in found]


def sort(connection: Connection, name: str, found: Sequence[Sorted], now: float) -> None:
    """Write where recipients are.

    Args:
        connection: the database, in a transaction.
        name: the campaign.
        found: each row once.
        now: the time.
    """
    waiting = _locked(connection, name, [one.number for one in found])
    changed: Counter[tuple[str, str, str, str]] = Counter()
    alike = [one for one in found if one.number in waiting]
    for one in alike:
        changed[name, QUEUED, waiting[one.number], ""] -= 1
        changed[name, "failed" if one.reason else QUEUED, one.carrier, one.reason] += 1
    connection.executemany(
        "UPDATE campaign_recipient SET hop=?, carrier=?, due=?, status=?, reason=?, detail=?, changed_at=?"
        " WHERE campaign=? AND number=?",
        [
            (
                *(one.hop, one.carrier, one.due, "failed" if one.reason else QUEUED, one.reason, one.detail),
                *(now, name, one.number),
            )
            for one in alike
        ],
    )
    progress.count(connection, changed)
    failed = sum(1 for one in alike if one.reason)
    progress.note(connection, {(name, "failed"): failed}, now)


def postpone(connection: Connection, name: str, dues: Sequence[tuple[int, float]]) -> None:
    """Write when recipients may be written to, by their rows."""
    connection.executemany(
        "UPDATE campaign_recipient SET due=? WHERE campaign=? AND number=? AND status='queued'",
        [(due, name, number) for number, due in dues],
    )


def give_up(connection: Connection, name: str, *, status: str, reason: str, now: float, most: int) -> int:
    """Give up recipients that were not released, and return how many.

    Args:
        connection: the database, in a transaction.
        name: the campaign.
        status, reason: what becomes of them.
        now: the time.
        most: the most of one call.
    """
    found = connection.execute(
        "UPDATE campaign_recipient SET status=?, reason=?, detail=?, changed_at=? WHERE campaign=?"
        " AND number IN (SELECT number FROM campaign_recipient WHERE campaign=? AND status='queued'"
        " ORDER BY number LIMIT ?) AND status='queued' RETURNING carrier",
        (status, reason, progress.REASONS[reason], now, name, name, most),
    ).fetchall()
    changed: Counter[tuple[str, str, str, str]] = Counter()
    for (carrier,) in found:
        changed[name, QUEUED, carrier, ""] -= 1
        changed[name, status, carrier, reason] += 1
    progress.count(connection, changed)
    if status == "failed":
        progress.note(connection, {(name, "failed"): len(found)}, now)
    return len(found)


def close(connection: Connection, name: str, state: CampaignState, now: float) -> bool:
    """End a campaign; False: somebody else did. Its message now ends with its last delivery."""
    row = connection.execute(
        "UPDATE campaign SET state=?, ended_at=?, due=NULL WHERE id=? AND ended_at IS NULL RETURNING id",
        (state, now, name),
    ).fetchone()
    if row is None:
        return False
    connection.execute(
        "UPDATE message SET open=open-1, ended_at=CASE WHEN open=1 THEN ? END WHERE id=?", (now, name)
    )
    connection.execute("DELETE FROM held WHERE lane=?", (lane(name),))
    notices.write_end(connection, name, str(state), now)
    return True


def unname(connection: Connection, name: str, most: int, pseudonyms: Pseudonyms) -> int:
    """Put words in the place of addresses, and give up fields; return how many recipients."""
    found = connection.execute(
        "SELECT number, address FROM campaign_recipient WHERE campaign=? AND address<>''"
        f" AND address NOT LIKE ? ORDER BY number LIMIT ?{connection.for_update}",
        (name, f"#{'_' * 16}", most),
    ).fetchall()
    connection.executemany(
        "UPDATE campaign_recipient SET address=?, fields='{}', zone='', detail=''"
        " WHERE campaign=? AND number=?",
        [(pseudonyms.word(address), name, number) for number, address in found],
    )
    return len(found)


def forget(connection: Connection, name: str, most: int) -> int:
    """Delete recipients of a campaign, and return how many."""
    found = connection.execute(
        "SELECT campaign, number FROM campaign_recipient WHERE campaign=? LIMIT ?", (name, most)
    ).fetchall()
    connection.executemany("DELETE FROM campaign_recipient WHERE campaign=? AND number=?", found)
    return len(found)


def tidy(connection: Connection, *, now: float, kept: float, most: int) -> int:
    """Give up campaigns that were never made or started, or are paused for ever; return how much was done.

    Args:
        connection: the database, in a transaction.
        now: the time.
        kept: seconds for which a draft is kept, and what is paused without an end.
        most: the most recipients of one call.
    """
    dead = connection.execute(
        "SELECT id FROM campaign WHERE ended_at IS NULL AND state=? AND due<=? LIMIT 1",
        (CampaignState.LOADING, now - DAY),
    ).fetchone()
    if dead is not None:
        deleted = forget(connection, dead[0], most)
        if deleted < most:
            drop(connection, dead[0])
        return deleted or 1
    old = connection.execute(
        "SELECT id FROM campaign WHERE ended_at IS NULL AND (state=? AND made_at<=?"
        " OR state=? AND paused_at<=? AND expires_at IS NULL)"
        f" ORDER BY made_at LIMIT 1{connection.for_update}",
        (CampaignState.DRAFT, now - kept, CampaignState.PAUSED, now - kept),
    ).fetchone()
    return 0 if old is None else int(act(connection, old[0], Action.CANCEL, now))


def listed(store: SqlStore, name: str, *, status: str = "", after: int = 0, most: int) -> list[Recipient]:
    """Return recipients of a campaign by their rows.

    Args:
        store: the store.
        name: the campaign.
        status: the status that they have; ``""``: any.
        after: the row behind which they begin.
        most: the most of them.
    """
    where = "campaign=? AND number>?"
    values: list[str | float] = [name, after]
    if status:
        where += " AND status=?"
        values.append(status)
    found = store.select(
        f"SELECT {_COLUMNS} FROM campaign_recipient WHERE {where} ORDER BY number LIMIT ?", (*values, most)
    )
    return [Recipient._make(row) for row in found]


def _locked(connection: Connection, name: str, numbers: Sequence[int]) -> dict[int, str]:
    """Return the carriers of those rows that still wait, which nobody else changes before the end."""
    found = connection.execute(
        "SELECT number, carrier FROM campaign_recipient WHERE campaign=? AND status='queued'"
        f" AND number IN ({bulk.marks(numbers)}) ORDER BY number{connection.for_update}",
        (name, *numbers),
    ).fetchall()
    return dict(found)
