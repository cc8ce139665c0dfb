"""Who gets a message, and how many of them one message goes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.message.address import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import MessageFields
    from transcode.profile import Profile

__all__ = ["Recipients", "addressed", "grouped", "recipients_of"]

#: Role (to, cc or bcc) and address of each recipient, in order.
Recipients = tuple[tuple[str, str], ...]


def recipients_of(to: Sequence[str], cc: Sequence[str], bcc: Sequence[str]) -> Recipients:
    """Who gets the message, in wire form; the same number twice, however it is written, is one recipient."""
    roles: dict[str, str] = {}
    for role, addresses in (("to", to), ("cc", cc), ("bcc", bcc)):
        if isinstance(addresses, str) or not isinstance(addresses, Iterable):
            raise MessageError(f"{role} must be a sequence of addresses, not {addresses!r}")
        for address in addresses:
            roles.setdefault(wire(address), role)
    return tuple((role, address) for address, role in roles.items())


def grouped(recipients: Recipients, profile: Profile) -> list[Recipients]:
    """Recipients by as many as a message may have."""
    most = profile.max_recipients or len(recipients) or 1
    return [recipients[first : first + most] for first in range(0, len(recipients), most)] or [()]


def addressed(message: MessageFields, recipients: Recipients) -> MessageFields:
    """The message to these recipients."""

    def of(wanted: str) -> tuple[str, ...]:
        return tuple(address for role, address in recipients if role == wanted)

    return replace(message, to=of("to"), cc=of("cc"), bcc=of("bcc"))
