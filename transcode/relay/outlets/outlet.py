"""What the worker needs of a next hop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import transcode
from transcode.relay.model import Event
from transcode.relay.store.ownership import is_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.messages.message import Message
    from transcode.relay.model import Delivery, Envelope, Route, Told
    from transcode.relay.store import Blobs
    from transcode.relay.store.rows import Report

__all__ = ["Outcome", "Outlet", "Reporter", "missing", "report_on", "unsent"]


class Outcome(NamedTuple):
    """What became of an attempt.

    Attributes:
        event: what happened to the delivery.
        detail: what was said, for the trail.
        is_asked: whether it says how the next hop does; False: the attempt ended in this centre.
        deliver_at: from when another attempt may be made, where the recipient sleeps.
    """

    event: Event
    detail: str = ""
    is_asked: bool = True
    deliver_at: float | None = None


def unsent(error: object, *, temporary: bool = False) -> Outcome:
    """Return the outcome of an attempt that ended before the next hop was asked.

    Args:
        error: why.
        temporary: whether another attempt may succeed.
    """
    event = Event.ATTEMPT_FAILED if temporary else Event.ATTEMPT_REFUSED
    return Outcome(event, str(error), is_asked=False)


def missing(blobs: Blobs) -> Outcome:
    """Return the outcome of an attempt whose octets are not found.

    Somebody deleted them, and the sender is told that the message can't be delivered. But where a disk is
    not mounted, or a bucket is gone, the message waits for it.
    """
    return unsent("the octets of the message are missing", temporary=not is_there(blobs))


def report_on(message: Message, told: Report, **ids: Any) -> Message:
    """Return a delivery report or a read report in the form of the message.

    Args:
        message: the message on which it reports.
        told: the report that is due.
        ids: the ids and names that the sender's side knows, as for transcode.delivery_report.

    Raises:
        MessageError: the message has no report of this form.
    """
    make = transcode.read_report if told.kind == "read" else transcode.delivery_report
    return make(message, told.delivery.recipient, told.status, date=int(told.made_at), **ids)


class Outlet(Protocol):
    """One next hop. Methods are called by several threads at once, and block.

    Attributes:
        route: the kind of the next hop.
        peer: its name in deliveries and reports; ``""`` for the phones of this centre.
        lines: the most attempts at once.
        together: the most recipients of one attempt.
        longest: the most seconds that an attempt or a report takes.
    """

    route: Route
    peer: str
    lines: int
    together: int
    longest: float

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Send a message once to recipients that it has behind this hop.

        Args:
            deliveries: one row for each recipient, from 1 to ``together``.
            envelope: the message.

        Returns:
            An outcome for each delivery, in order. What fails is an outcome, not an error.
        """

    def close(self) -> None:
        """Close connections."""


class Reporter(Protocol):
    """One way back to senders of messages. Methods are called by several threads at once, and block.

    Attributes:
        route: the kind of who is told.
        peer: its name in reports; ``""`` for the phones of this centre.
        lines: the most reports at once.
        longest: the most seconds that a report takes.
    """

    route: Route
    peer: str
    lines: int
    longest: float

    def report(self, report: Report) -> tuple[Told, str]:
        """Send a report once to the sender of a message.

        Returns:
            What became of it, and why for the trail. What fails is an outcome, not an error.
        """
