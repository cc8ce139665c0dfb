"""What the API says of a recipient: a status of few words for the state of a delivery. Pure."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from transcode.relay.model import State

if TYPE_CHECKING:
    from transcode.relay.model import Delivery

__all__ = ["STATUSES", "CampaignStatus", "RecipientStatus", "Status", "shown"]


class Status(StrEnum):
    """The status of one recipient. The words are Twilio's, and Telnyx's for what nobody reports."""

    #: The message is durable, and a route is looked for.
    ACCEPTED = "accepted"
    #: It waits for send_at.
    SCHEDULED = "scheduled"
    #: An attempt is due, or is tried again.
    SENDING = "sending"
    #: The phone was notified, or another centre has the message.
    SENT = "sent"
    #: The phone has the message.
    DELIVERED = "delivered"
    #: The recipient read it, or opened its page.
    READ = "read"
    #: The recipient did not get it: expired, rejected, or not understood by the phone.
    UNDELIVERED = "undelivered"
    #: No route takes it, or a policy or the next hop refused it.
    FAILED = "failed"
    #: The sender or the operator cancelled it.
    CANCELED = "canceled"
    #: Nobody reported what became of it, or the recipient allows no reports.
    UNCONFIRMED = "delivery_unconfirmed"


class CampaignStatus(StrEnum):
    """The status of a campaign."""

    #: It waits for its start.
    DRAFT = "draft"
    #: It was started, and waits for start_at.
    SCHEDULED = "scheduled"
    #: Recipients are written to.
    RUNNING = "running"
    #: Nobody is written to until it is resumed.
    PAUSED = "paused"
    #: What is left of it is being cancelled.
    CANCELING = "canceling"
    #: Everybody was written to, or can't be.
    COMPLETED = "completed"
    #: Its sender or the operator ended it before.
    CANCELED = "canceled"


#: The status of a recipient of a campaign: queued, until it is that of a message.
RecipientStatus = StrEnum(  # type: ignore[misc]  # made of another one, so that both have the same words
    "RecipientStatus", {"QUEUED": "queued", **{one.name: one.value for one in Status}}
)


STATUSES = MappingProxyType(
    {
        State.ACCEPTED: Status.ACCEPTED,
        State.WAITING: Status.SCHEDULED,
        State.PENDING: Status.SENDING,
        State.NOTIFIED: Status.SENT,
        State.DEFERRED: Status.SENT,
        State.FETCHING: Status.SENT,
        State.FETCHED: Status.SENT,
        State.RELAYED: Status.SENT,
        State.AT_PEER: Status.SENT,
        State.LINKED: Status.SENT,
        State.RETRIEVED: Status.DELIVERED,
        State.HANDED_OVER: Status.DELIVERED,
        State.READ: Status.READ,
        State.VIEWED: Status.READ,
        State.REJECTED: Status.UNDELIVERED,
        State.UNRECOGNISED: Status.UNDELIVERED,
        State.EXPIRED: Status.UNDELIVERED,
        State.REFUSED: Status.FAILED,
        State.CANCELLED: Status.CANCELED,
        State.INDETERMINATE: Status.UNCONFIRMED,
    }
)

#: What only the phone or its owner can have said.
_OF_RECIPIENT = frozenset((State.RETRIEVED, State.READ, State.VIEWED, State.REJECTED, State.UNRECOGNISED))


def shown(delivery: Delivery) -> tuple[Status, State]:
    """Return what a sender is told: status and state.

    A recipient who forbids delivery reports (X-Mms-Report-Allowed) is as one of whom nobody reports.
    """
    state = delivery.state
    if not delivery.report_allowed and state in _OF_RECIPIENT:
        state = State.INDETERMINATE
    return STATUSES[state], state
