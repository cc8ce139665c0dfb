"""A message as the centre accepted it: the octets that came, with the sender whom the gateway named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import transcode
from transcode.wire.addresses import with_type

if TYPE_CHECKING:
    from transcode.messages.message import Message
    from transcode.relay.model import Envelope

__all__ = ["accepted"]


def accepted(octets: bytes, envelope: Envelope) -> Message:
    """Return the message of an envelope.

    Args:
        octets: the PDU, as it came.
        envelope: what the centre knows beside it. From in the PDU is the phone's own word, and not believed.
    """
    return replace(transcode.read(octets), sender=with_type(envelope.sender))
