"""Rows of the store as the API shows them."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from transcode.relay import statuses
from transcode.relay.api import campaign_views, schema
from transcode.relay.model import Event, State
from transcode.relay.store import campaigns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.model import Delivery, Envelope, Trail
    from transcode.relay.store import SqlStore
    from transcode.relay.store.notices import Notice, Webhook
    from transcode.relay.store.submissions import Submitted

__all__ = ["cursor", "message", "notice", "of_cursor", "webhook"]

_ID = re.compile(r"[0-9a-f]{32}")
#: Events whose detail is the sender's business: why an attempt failed. What a phone says of itself is not.
_TOLD = frozenset(
    str(event)
    for event in (
        Event.UNROUTABLE,
        Event.ATTEMPT_FAILED,
        Event.ATTEMPT_REFUSED,
        Event.CONTENT_REFUSED,
        Event.PEER_BUSY,
        Event.PEER_REFUSED,
        Event.PEER_REJECTED,
        Event.CANCEL,
    )
)


def message(
    store: SqlStore, kept: Submitted, *, with_trail: bool = False, is_new: bool = False
) -> schema.Message:
    """Return a message.

    Args:
        store: the store.
        kept: what is kept of it as one of the API.
        with_trail: whether recipients have their trails.
        is_new: whether recipients are as they were when it was accepted: the answer to a repeated request.
    """
    envelope = store.envelope(kept.message)
    deliveries = store.deliveries(kept.message)[::-1]
    return schema.Message(
        id=kept.message,
        sender=envelope.sender,
        subject=envelope.subject,
        client_reference=kept.reference,
        created_at=_time(envelope.received_at),
        send_at=None if envelope.deliver_at is None else _time(envelope.deliver_at),
        expires_at=_time(envelope.expires_at),
        size=envelope.size,
        media=msgspec.json.decode(kept.media, type=list[schema.Medium]),
        recipients=[_recipient(store, one, envelope, with_trail, is_new) for one in deliveries],
    )


def _recipient(
    store: SqlStore, delivery: Delivery, envelope: Envelope, with_trail: bool, is_new: bool
) -> schema.Recipient:
    if is_new:
        delivery = replace(delivery, state=State.ACCEPTED, changed_at=envelope.received_at)
    status, state = statuses.shown(delivery)
    trail = _trail(store.trail(delivery.id), delivery) if with_trail else msgspec.UNSET
    return schema.Recipient(delivery.recipient, status, state, _time(delivery.changed_at), trail)


def _trail(lines: Sequence[Trail], delivery: Delivery) -> list[schema.Step]:
    """Return what a sender is told; of a recipient who allows no reports, nothing that only it knows."""
    steps = []
    for line in lines:
        status, state = statuses.shown(replace(delivery, state=line.after))
        if state is not line.after:
            break
        detail = line.detail if line.event in _TOLD else ""
        steps.append(schema.Step(_time(line.at), status, state, line.event, detail))
    return steps


def webhook(kept: Webhook, *, with_secret: bool = False) -> schema.Webhook:
    """Return a webhook; its secret is shown when it is made alone."""
    return schema.Webhook(
        id=kept.id,
        url=kept.url,
        statuses=[statuses.Status(one) for one in kept.statuses],
        created_at=_time(kept.made_at),
        failures=kept.failures,
        secret=f"whsec_{kept.secret}" if with_secret else msgspec.UNSET,
    )


def notice(store: SqlStore, told: Notice) -> schema.Notice | schema.CampaignNotice:
    """Return what is posted to a webhook."""
    if not told.recipient:
        kept = campaigns.campaign(store, told.message)
        if kept is None:
            raise LookupError(f"there is no campaign {told.message}")
        ended = campaign_views.change(store, kept)
        return schema.CampaignNotice(
            id=told.id, type="campaign.ended", created_at=_time(told.made_at), data=ended
        )
    return schema.Notice(
        id=told.id,
        type="message.status",
        created_at=_time(told.made_at),
        data=schema.Change(
            message_id=told.message,
            to=told.recipient,
            status=statuses.Status(told.status),
            state=State(told.state),
            client_reference=told.reference,
        ),
    )


def cursor(made_at: float, name: str) -> str:
    """Return what names the end of a page whose last message has this id, and was made at this time."""
    return base64.urlsafe_b64encode(f"{made_at!r} {name}".encode()).decode().rstrip("=")


def of_cursor(word: str) -> tuple[float, str]:
    """Return time and id of the last message of a page.

    Raises:
        ValueError: the word is none that cursor returned.
    """
    try:
        octets = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        at, _, name = octets.decode("ascii").partition(" ")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(str(error)) from error
    if not math.isfinite(float(at)) or not _ID.fullmatch(name):
        raise ValueError("it names no message")
    return float(at), name


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
