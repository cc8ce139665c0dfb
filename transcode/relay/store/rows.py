"""Rows of the store as values, and what one event changes in them."""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.model import Delivery, Envelope, Event, Route, State, Subscriber
from transcode.relay.store import bulk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.relay.states import Change
    from transcode.relay.store.connection import Connection

__all__ = [
    "DELIVERY",
    "ENVELOPE",
    "OCTETS",
    "SUBSCRIBER",
    "Accepted",
    "Report",
    "Verdict",
    "changed",
    "delivery",
    "differences",
    "envelope",
    "find_delivery",
    "find_envelope",
    "insert_deliveries",
    "moved",
    "numbered",
    "stored",
    "subscriber",
    "with_numbers",
]

#: The lock of who writes a row that needs octets, shared, and of who deletes octets.
OCTETS = "octets"
#: The columns of the values.
ENVELOPE = tuple(field.name for field in fields(Envelope))
DELIVERY = tuple(field.name for field in fields(Delivery))
SUBSCRIBER = tuple(field.name for field in fields(Subscriber))
_VALUES = attrgetter(*DELIVERY)
_STATE, _ROUTE, _DUE_EVENT = map(DELIVERY.index, ("state", "route", "due_event"))
_FLAGS = tuple(map(DELIVERY.index, ("deferred", "may_link", "report_allowed")))
# A dictionary finds a word in a tenth of the time that the class needs.
_STATES: dict[str, State] = {str(one): one for one in State}
_ROUTES: dict[str, Route | None] = {"": None, **{str(one): one for one in Route}}
_EVENTS: dict[str | None, Event | None] = {None: None, **{str(one): one for one in Event}}


class Accepted(NamedTuple):
    """What became of a submission.

    Attributes:
        id: the Message-ID.
        is_new: False: the same submission was accepted before.
        wait: the seconds that the sender has to wait for a submission; 0.0: this one was taken.
    """

    id: str
    is_new: bool
    wait: float = 0.0


class Verdict(NamedTuple):
    """What a router says of a recipient.

    Attributes:
        event: ROUTED or UNROUTABLE.
        route: the kind of the next hop; None: there is none.
        peer: the name of the next hop.
        may_link: whether a link by SMS may replace the message.
        detail: why, for the trail.
        link_after: the seconds from the first notification to the link; None: those of the timers.
    """

    event: Event
    route: Route | None = None
    peer: str = ""
    may_link: bool = False
    detail: str = ""
    link_after: float | None = None


class Report(NamedTuple):
    """A delivery report or read report that is due to the sender of a message.

    Attributes:
        id: the number of the row.
        kind: ``"delivery"`` or ``"read"``.
        status: the word of the report.
        made_at: when the state was entered that it tells of.
        attempts: failed attempts before.
        mails: mails that the other centre's server took before, and to which it did not answer.
        lease_until: when the lease of who sends it ends; None: nobody does.
        delivery, envelope: whose report it is.
    """

    id: int
    kind: str
    status: str
    made_at: float
    attempts: int
    mails: int
    lease_until: float | None
    delivery: Delivery
    envelope: Envelope


def delivery(row: Sequence[Any]) -> Delivery:
    """Return the delivery of a row with the columns of DELIVERY."""
    values = list(row)
    values[_STATE] = _STATES[values[_STATE]]
    values[_ROUTE] = _ROUTES[values[_ROUTE]]
    values[_DUE_EVENT] = _EVENTS[values[_DUE_EVENT]]
    for place in _FLAGS:
        values[place] = bool(values[place])
    return Delivery(*values)


def changed(before: Delivery, **values: Any) -> Delivery:
    """Return a delivery with other values: what dataclasses.replace does, in a third of the time."""
    return Delivery(**{**dict(zip(DELIVERY, _VALUES(before), strict=True)), **values})


def differences(before: Delivery, after: Delivery) -> tuple[str, ...]:
    """Return the columns in which two deliveries differ."""
    values = zip(DELIVERY, _VALUES(before), _VALUES(after), strict=True)
    return tuple(name for name, one, other in values if one != other)


def envelope(row: Sequence[Any]) -> Envelope:
    """Return the envelope of a row with the columns of ENVELOPE."""
    values = dict(zip(ENVELOPE, row, strict=True))
    for name in ("delivery_report", "read_report", "hidden", "may_relay"):
        values[name] = bool(values[name])
    return Envelope(**values)


def subscriber(row: Sequence[Any]) -> Subscriber:
    """Return the subscriber of a row with the columns of SUBSCRIBER."""
    values = dict(zip(SUBSCRIBER, row, strict=True))
    for name in ("mms", "link"):
        values[name] = bool(values[name])
    return Subscriber(**values)


def find_delivery(
    connection: Connection, where: str, value: str | int, *, lock: bool = False
) -> Delivery | None:
    """Return the delivery that a condition with one value finds, or None.

    Args:
        connection: the database.
        where: the condition.
        value: the value.
        lock: whether the transaction will change the row.
    """
    end = connection.for_update if lock else ""
    row = connection.execute(
        f"SELECT {', '.join(DELIVERY)} FROM delivery WHERE {where}{end}", (value,)
    ).fetchone()
    return None if row is None else delivery(row)


def numbered(connection: Connection, number: int, *, lock: bool = False) -> Delivery:
    """Return the delivery of a number.

    Args:
        connection: the database.
        number: the number of the row.
        lock: whether the transaction will change the row.

    Raises:
        LookupError: there is no such delivery.
    """
    found = find_delivery(connection, "id=?", number, lock=lock)
    if found is None:
        raise LookupError(f"there is no delivery {number}")
    return found


def with_numbers(
    connection: Connection, numbers: Iterable[int], *, lock: bool = False
) -> dict[int, Delivery]:
    """Return the deliveries of numbers, as far as there are any.

    Args:
        connection: the database.
        numbers: the numbers of the rows.
        lock: whether the transaction will change the rows. All lock them in one order.
    """
    asked = sorted(set(numbers))
    if not asked:
        return {}
    end = f" ORDER BY id{connection.for_update}" if lock else ""
    found = connection.execute(
        f"SELECT {', '.join(DELIVERY)} FROM delivery WHERE id IN ({bulk.marks(asked)}){end}", asked
    ).fetchall()
    return {one.id: one for one in map(delivery, found)}


def find_envelope(connection: Connection, message: str, blob: str = "") -> Envelope:
    """Return the envelope of a message.

    Args:
        connection: the database.
        message: the Message-ID.
        blob: the octets that it is to name; ``""``: those of the message.

    Raises:
        LookupError: there is no such message.
    """
    row = connection.execute(f"SELECT {', '.join(ENVELOPE)} FROM message WHERE id=?", (message,)).fetchone()
    if row is None:
        raise LookupError(f"there is no message {message}")
    found = envelope(row)
    return replace(found, blob=blob) if blob else found


def stored(value: Delivery | Envelope, names: Sequence[str]) -> list[Any]:
    """Return the fields of a value as columns have them."""
    found = [getattr(value, name) for name in names]
    # A text, because an index finds no NULL in PostgreSQL.
    return ["" if name == "route" and one is None else one for name, one in zip(names, found, strict=True)]


def insert_deliveries(connection: Connection, made: Sequence[Delivery]) -> list[Delivery]:
    """Write new deliveries of one message, and return them in order with their ids."""
    names = DELIVERY[1:]
    lines = [stored(one, names) for one in made]
    numbers = dict(bulk.insert(connection, "delivery", names, lines, returning=("recipient", "id")))
    return [changed(one, id=numbers[one.recipient]) for one in made]


def moved(
    before: Delivery, event: Event, change: Change, at: float, verdict: Verdict | None = None
) -> Delivery:
    """Return a delivery that entered a state; counts begin anew where their reason is over.

    Args:
        before: the delivery before.
        event: what happened.
        change: what the table of states says of it.
        at: when.
        verdict: the router's word, where the event is one of routing.
    """
    failed = event in (Event.ATTEMPT_FAILED, Event.PEER_BUSY, Event.UNRESOLVED)
    fresh = event in (Event.REQUEUE, Event.HOP_GONE)
    first = None if fresh else before.first_notified_at
    # The one reminder of who deferred is not among those of before.
    anew = fresh or (event is Event.PHONE_DEFERRED and not before.deferred)
    values = {
        "state": change.state,
        "route": None if fresh else change.route or before.route,
        "peer": "" if fresh or change.route is Route.LINK else before.peer,
        "changed_at": at,
        "attempts": before.attempts + 1 if failed else 0,
        "reminders": 0 if anew else before.reminders + (event is Event.REMIND),
        "mails": 0 if fresh or event is Event.PEER_BUSY else before.mails + (event is Event.MAIL_ACCEPTED),
        "transaction_id": "" if fresh else before.transaction_id,
        "deferred": not fresh and (before.deferred or change.state is State.DEFERRED),
        # The lease ends with the outcome of the attempt, and with other news that move the delivery.
        "lease_until": None,
        "first_notified_at": at if first is None and event is Event.PUSH_ACCEPTED else first,
    }
    if verdict is not None:
        values |= {name: getattr(verdict, name) for name in ("route", "peer", "may_link", "link_after")}
    return changed(before, **values)
