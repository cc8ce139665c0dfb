"""The rows of a message's recipients when it is accepted."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.relay import timers
from transcode.relay.model import Delivery, State
from transcode.relay.store import bulk, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.model import Envelope
    from transcode.relay.store.connection import Connection

__all__ = ["added"]

#: What begins a trail.
_BEGIN = "accepted"


def added(
    connection: Connection,
    envelope: Envelope,
    recipients: Sequence[str],
    trail: str,
    seconds: timers.Timers,
) -> list[Delivery]:
    """Write a delivery for each recipient, and the beginning of its trail.

    Args:
        connection: the database.
        envelope: the message, whose row is there.
        recipients: addresses that it does not have yet; each once.
        trail: what is said of it, for the trail.
        seconds: the seconds of each timer.
    """
    blank = Delivery(
        id=0,
        message=envelope.id,
        recipient="",
        state=State.ACCEPTED,
        route=None,
        peer="",
        notification_id="",
        token="",
        changed_at=envelope.received_at,
        expires_at=envelope.expires_at,
        deliver_at=envelope.deliver_at,
        lane=envelope.lane,
    )
    due, event = timers.due(blank, seconds) or (None, None)
    blank = replace(blank, due=due, due_event=event)
    made = [
        # 64 random bits name, 128 guard.
        rows.changed(
            blank, recipient=one, notification_id=secrets.token_hex(8), token=secrets.token_urlsafe(16)
        )
        for one in recipients
    ]
    made = rows.insert_deliveries(connection, made)
    bulk.insert(
        connection,
        "event",
        ("delivery", "at", "before", "after", "event", "detail"),
        [(one.id, one.changed_at, one.state, one.state, _BEGIN, trail) for one in made],
    )
    return made
