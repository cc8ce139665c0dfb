"""Small values of the message centre."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import transcode
from transcode.messages.message import Message
from transcode.relay.model import Delivery, Envelope, Route, State

#: When the deliveries and messages of tests begin, and end.
BEGIN, END = 1_000_000.0, 1_604_800.0


def letter(picture: bytes, to: str, *, read_report: bool = True) -> Message:
    """A picture as T-Mobile takes it, with a line of text and the wish for reports."""
    return transcode.compose(
        picture,
        transcode.find_profile("us-tmobile"),
        to=[to],
        text="From the top",
        options=transcode.SendOptions(delivery_report=True, read_report=read_report),
    )


def delivery(state: State = State.ACCEPTED, **values: Any) -> Delivery:
    """A delivery that entered a state at BEGIN and expires at END, with other values where they are named."""
    route = None if state in (State.ACCEPTED, State.WAITING) else Route.LOCAL
    row = Delivery(
        id=1,
        message="m",
        recipient="+15555550101",
        state=state,
        route=route,
        peer="",
        notification_id="n",
        token="t",
        changed_at=BEGIN,
        expires_at=END,
    )
    return replace(row, **values)


def envelope(number: int = 0, **values: Any) -> Envelope:
    """A message that asks for all reports; each number makes another one."""
    row = Envelope(
        id=f"{number:032x}",
        form="mm1",
        sender="+15555550100",
        transaction_id=f"T{number}",
        blob=f"{number:064x}",
        size=1000,
        received_at=BEGIN,
        expires_at=END,
        delivery_report=True,
        read_report=True,
    )
    return replace(row, **values)
