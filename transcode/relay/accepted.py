"""A message as the centre accepted it: the octets that came, with the sender whom the gateway named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import transcode
from transcode.messages.message import Message
from transcode.wire.addresses import with_type

if TYPE_CHECKING:
    from transcode.relay.model import Envelope

__all__ = ["accepted", "without_content"]


def accepted(octets: bytes, envelope: Envelope) -> Message:
    """Return the message of an envelope.

    Args:
        octets: the PDU, as it came.
        envelope: what the centre knows beside it. From in the PDU is the phone's own word, and not believed.
    """
    return replace(transcode.read(octets), sender=with_type(envelope.sender))


def without_content(envelope: Envelope) -> Message:
    """Return an empty message of an envelope's sender, where the octets are gone: enough for a report."""
    return Message(
        message_type="m-send-req",
        transaction_id=envelope.transaction_id,
        sender=with_type(envelope.sender),
        content_type="text/plain",
        parts=(transcode.Part("text/plain", b""),),
    )
