"""Campaigns of the API: one message for many recipients, who become its deliveries as fast as a plan says.

A campaign has the id of its message. While it is not over, it counts as one open recipient of the message, so
that the octets stay. ``recipients`` has the rows of those who are to get it, ``releases`` makes deliveries of
them, and ``progress`` counts what becomes of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.model import CAMPAIGN_LANE
from transcode.relay.store import bulk, rows, submissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.model import Envelope
    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore
    from transcode.relay.store.submissions import Claim

__all__ = [
    "LEASE",
    "Action",
    "Campaign",
    "CampaignState",
    "Count",
    "Draft",
    "Moment",
    "WrongState",
    "act",
    "begin",
    "campaign",
    "campaigns",
    "counts",
    "drop",
    "lane",
    "moments",
    "page",
    "set_content",
    "set_state",
    "unsorted_campaigns",
]

#: Seconds after which somebody else may read the recipients of a campaign anew, where who read them died.
LEASE = 10.0


class CampaignState(StrEnum):
    """The state of a campaign."""

    #: Its recipients are being read. Nobody is shown it.
    LOADING = "loading"
    #: It waits for its start.
    DRAFT = "draft"
    #: Recipients are released, or will be at its time.
    RUNNING = "running"
    #: Nothing of it is sent until it is resumed.
    PAUSED = "paused"
    #: What is left of it is being cancelled.
    CANCELING = "canceling"
    #: Every recipient was sent the message, or can't be.
    COMPLETED = "completed"
    #: The sender or the operator ended it before.
    CANCELED = "canceled"


class Action(StrEnum):
    """What may be done to a campaign."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


#: From which states to which one an action leads. In that one already, it does nothing.
_ACTIONS = {
    Action.START: ((CampaignState.DRAFT,), CampaignState.RUNNING),
    Action.PAUSE: ((CampaignState.RUNNING,), CampaignState.PAUSED),
    Action.RESUME: ((CampaignState.PAUSED,), CampaignState.RUNNING),
    Action.CANCEL: (
        (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED),
        CampaignState.CANCELING,
    ),
}


class WrongState(Exception):
    """An action that a campaign's state does not allow."""


class Campaign(NamedTuple):
    """A campaign. Times are seconds since 1970.

    Attributes:
        id: its id, which is the Message-ID too.
        account: whose it is.
        state: a CampaignState.
        template: the text, in which names in braces stand for fields of recipients; None: it has none, or
            it was given up with the octets.
        text_chars, text_octets, subject_chars, subject_octets: of the longest own text and subject, the
            characters and the octets in UTF-8.
        plan: how fast it goes, in JSON.
        paid: what of that is used up, in JSON; while its recipients are read, the word of who reads them.
        start_at: the earliest release, or None.
        expires_at: when what was not released is given up, or None.
        validity: seconds from the release of a recipient after which the message is given up.
        total: the rows of its recipients.
        released: how many of them became deliveries.
        made_at, started_at, ended_at: when it was made, started and over.
        due: when it is worked on next, or None.
        key: the id of the key that it was made with.
        sender, subject, size, blob: of its message. Names in braces in the subject are those of fields, too.
        reference: the account's own word for it, or ``""``.
        media: what became of each medium, in JSON.
    """

    id: str
    account: str
    state: str
    template: str | None
    text_chars: int
    text_octets: int
    subject_chars: int
    subject_octets: int
    plan: str
    paid: str
    start_at: float | None
    expires_at: float | None
    validity: float
    total: int
    released: int
    made_at: float
    started_at: float | None
    ended_at: float | None
    due: float | None
    key: str
    sender: str
    subject: str
    size: int
    blob: str
    reference: str
    media: str


class Draft(NamedTuple):
    """What is asked of a campaign that begins; the attributes are those of Campaign."""

    key: str
    template: str | None
    plan: str
    paid: str
    start_at: float | None
    expires_at: float | None
    validity: float


_LONGEST = ("text_chars", "text_octets", "subject_chars", "subject_octets")
_OWN = Campaign._fields[: Campaign._fields.index("sender")]
_SELECT = (
    f"SELECT {', '.join(f'campaign.{name}' for name in _OWN)}, message.sender, message.subject,"
    " message.size, message.blob, submission.reference, submission.media FROM campaign"
    " JOIN message ON message.id=campaign.id JOIN submission ON submission.message=campaign.id"
)


class Count(NamedTuple):
    """How many recipients of a campaign are alike.

    Attributes:
        status: ``"queued"``, or a status of the API.
        carrier: their network, or next hop; ``""``: it was not looked up.
        reason: why they failed, in one word, or ``""``.
        recipients: how many they are.
    """

    status: str
    carrier: str
    reason: str
    recipients: int


class Moment(NamedTuple):
    """What recipients of a campaign came to be in some minutes.

    Attributes:
        minute: the first of them, since 1970.
        kind: ``"sent"``, ``"delivered"`` or ``"failed"``.
        recipients: how many they are.
    """

    minute: int
    kind: str
    recipients: int


def lane(name: str) -> str:
    """Return the lane of a campaign's deliveries."""
    return CAMPAIGN_LANE + name


def begin(
    connection: Connection, envelope: Envelope, claim: Claim, draft: Draft
) -> tuple[str, CampaignState, bool]:
    """Write a campaign without recipients, which nobody is shown yet, unless its key stands for one.

    Args:
        connection: the database, in a transaction.
        envelope: its message, whose octets are kept.
        claim: what the account asks for.
        draft: what the message and the claim do not say. In ``paid`` it has a word of the caller's alone.

    Returns:
        The campaign that there is now, its state, and whether the caller is to write its recipients, anew
        where somebody died who did.

    Raises:
        Reused: the Idempotency-Key stands for another request.
    """
    now = envelope.received_at
    known = submissions.claimed(connection, claim, now)
    if known is not None:
        return _taken_over(connection, known[0], draft.paid, now)
    connection.lock(rows.OCTETS, shared=True)
    names = (*rows.ENVELOPE, "open")
    bulk.insert(connection, "message", names, [(*rows.stored(envelope, rows.ENVELOPE), 1)])
    submissions.write(connection, envelope.id, claim, now, is_campaign=True)
    names = ("id", "account", "state", "made_at", "due", *Draft._fields)
    first = (envelope.id, claim.account, CampaignState.LOADING, now, now + LEASE)
    bulk.insert(connection, "campaign", names, [(*first, *draft)])
    return envelope.id, CampaignState.LOADING, True


def _taken_over(
    connection: Connection, name: str, reader: str, now: float
) -> tuple[str, CampaignState, bool]:
    found = connection.execute(
        f"SELECT state, due FROM campaign WHERE id=?{connection.for_update}", (name,)
    ).fetchone()
    if found is None:
        raise submissions.Reused(f"the Idempotency-Key stands for message {name}")
    state, due = found
    if state != CampaignState.LOADING or (due is not None and due > now):
        return name, CampaignState(state), False
    connection.execute("DELETE FROM campaign_recipient WHERE campaign=?", (name,))
    connection.execute("DELETE FROM campaign_count WHERE campaign=?", (name,))
    connection.execute(
        "UPDATE campaign SET total=0, text_chars=0, text_octets=0, subject_chars=0, subject_octets=0,"
        " paid=?, due=? WHERE id=?",
        (reader, now + LEASE, name),
    )
    return name, CampaignState.LOADING, True


def drop(connection: Connection, name: str) -> None:
    """Delete a campaign that nobody was shown."""
    row = connection.execute(
        f"SELECT message.blob FROM campaign JOIN message ON message.id=campaign.id"
        f" WHERE campaign.id=? AND campaign.state=?{connection.for_update}",
        (name, CampaignState.LOADING),
    ).fetchone()
    if row is None:
        return
    connection.execute("INSERT INTO garbage VALUES (?) ON CONFLICT DO NOTHING", row)
    # With it go its rows in the other tables.
    connection.execute("DELETE FROM message WHERE id=?", (name,))


def set_content(connection: Connection, made_for: Campaign, blob: str, size: int) -> bool:
    """Give the message of a campaign that was not started other octets, which are kept already.

    Args:
        connection: the database, in a transaction.
        made_for: the campaign as it was read, whose longest texts the octets have room for.
        blob, size: the octets, as in Envelope.

    Returns:
        Whether they have room for all texts that there are now; where not, nothing is written. A campaign
        that was started keeps its octets, too.
    """
    connection.lock(rows.OCTETS, shared=True)
    name = made_for.id
    found = connection.execute(
        f"SELECT state, {', '.join(_LONGEST)} FROM campaign WHERE id=?{connection.for_update}", (name,)
    ).fetchone()
    if found is None or found[0] not in (CampaignState.LOADING, CampaignState.DRAFT):
        return True
    if found[1:] != tuple(getattr(made_for, column) for column in _LONGEST):
        return False
    connection.execute(
        "INSERT INTO garbage SELECT blob FROM message WHERE id=? AND blob<>? ON CONFLICT DO NOTHING",
        (name, blob),
    )
    connection.execute("UPDATE message SET blob=?, size=? WHERE id=?", (blob, size, name))
    return True


def act(connection: Connection, name: str, action: Action, now: float) -> bool:
    """Do something to a campaign; False: it was done before.

    Raises:
        LookupError: there is no such campaign.
        WrongState: its state does not allow that.
    """
    row = connection.execute(
        f"SELECT state, expires_at FROM campaign WHERE id=?{connection.for_update}", (name,)
    ).fetchone()
    if row is None or row[0] == CampaignState.LOADING:
        raise LookupError(f"there is no campaign {name}")
    before, after = _ACTIONS[action]
    ended = (after, CampaignState.CANCELED) if action is Action.CANCEL else (after,)
    if row[0] in ended:
        return False
    if row[0] not in before:
        raise WrongState(f"a campaign that is {row[0]} can't {action}")
    is_paused = action is Action.PAUSE
    connection.execute(
        "UPDATE campaign SET state=?, paused_at=?, due=?, started_at=coalesce(started_at, ?) WHERE id=?",
        (
            after,
            now if is_paused else None,
            # Also what is paused ends at its time.
            row[1] if is_paused else now,
            now if action is Action.START else None,
            name,
        ),
    )
    if action in (Action.PAUSE, Action.CANCEL):
        connection.execute("INSERT INTO held VALUES (?) ON CONFLICT DO NOTHING", (lane(name),))
    else:
        connection.execute("DELETE FROM held WHERE lane=?", (lane(name),))
    return True


def set_state(store: SqlStore, name: str, action: Action, now: float) -> Campaign:
    """Do something to a campaign, and return it.

    Raises:
        LookupError: there is no such campaign.
        WrongState: its state does not allow that.
    """
    store.write(lambda connection: act(connection, name, action, now)).result()
    found = campaign(store, name)
    if found is None:
        raise LookupError(f"there is no campaign {name}")
    return found


def campaign(store: SqlStore, name: str, account: str | None = None) -> Campaign | None:
    """Return a campaign; None: there is none, or it is another account's."""
    where, values = "campaign.id=?", [name]
    if account is not None:
        where += " AND campaign.account=?"
        values.append(account)
    found = store.select(f"{_SELECT} WHERE {where}", values)
    return Campaign._make(found[0]) if found else None


def page(
    store: SqlStore, account: str, *, before: tuple[float, str] | None, reference: str, most: int
) -> list[Campaign]:
    """Return campaigns of an account, the newest first; arguments are those of submissions.page."""
    where: list[str] = ["campaign.account=?", "campaign.state<>?"]
    values: list[str | float] = [account, CampaignState.LOADING]
    if before is not None:
        where.append("(campaign.made_at, campaign.id)<(?, ?)")
        values += before
    if reference:
        where.append("submission.reference=?")
        values.append(reference)
    return _newest(store, where, values, most)


def campaigns(store: SqlStore, *, most: int) -> list[Campaign]:
    """Return the campaigns of all accounts, the newest first."""
    return _newest(store, ["campaign.state<>?"], [CampaignState.LOADING], most)


def _newest(
    store: SqlStore, where: Sequence[str], values: Sequence[str | float], most: int
) -> list[Campaign]:
    found = store.select(
        f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY campaign.made_at DESC, campaign.id DESC LIMIT ?",
        (*values, most),
    )
    return [Campaign._make(row) for row in found]


def unsorted_campaigns(store: SqlStore) -> list[str]:
    """Return the campaigns that have recipients of whom nobody knows where they are."""
    found = store.select(
        "SELECT id FROM campaign WHERE ended_at IS NULL AND state IN (?, ?, ?) AND EXISTS (SELECT 1"
        " FROM campaign_count WHERE campaign=campaign.id AND status='queued' AND carrier='' AND reason=''"
        " AND count>0) ORDER BY made_at",
        (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED),
    )
    return [name for (name,) in found]


def counts(store: SqlStore, name: str) -> list[Count]:
    """Return how many recipients of a campaign are alike."""
    found = store.select(
        "SELECT status, carrier, reason, count FROM campaign_count WHERE campaign=? AND count>0"
        " ORDER BY status, carrier, reason",
        (name,),
    )
    return [Count._make(row) for row in found]


def moments(store: SqlStore, name: str, steps: Sequence[int], most: int) -> tuple[int, list[Moment]]:
    """Return what recipients of a campaign came to be, over time.

    Args:
        store: the store.
        name: the campaign.
        steps: the minutes that may be told together, the fewest first.
        most: the most of such steps between the first moment and the last one.

    Returns:
        The minutes of each step, and the moments in order. Steps in which nothing happened are not there.
    """
    first, last = store.select(
        "SELECT min(minute), max(minute) FROM campaign_minute WHERE campaign=?", (name,)
    )[0]
    if first is None:
        return steps[0], []
    step = next((one for one in steps if last // one - first // one < most), steps[-1])
    found = store.select(
        f"SELECT minute - minute % {step:d} AS begin, kind, sum(count) FROM campaign_minute WHERE campaign=?"
        " GROUP BY begin, kind ORDER BY begin, kind",
        (name,),
    )
    return step, [Moment(int(minute), kind, int(number)) for minute, kind, number in found]
