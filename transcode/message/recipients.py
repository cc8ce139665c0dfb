"""The recipients of a message, and their division into groups of the size that a profile allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.errors import MessageError
from transcode.message.address import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import SomeMessage
    from transcode.profile import Profile

__all__ = ["Recipients", "addressed", "check_envelope", "grouped", "recipients_of"]

#: Role (to, cc or bcc) and address of each recipient, in order.
Recipients = tuple[tuple[str, str], ...]


def recipients_of(to: Sequence[str], cc: Sequence[str], bcc: Sequence[str]) -> Recipients:
    """The recipients in wire form. An address that occurs twice in wire form is one recipient."""
    roles: dict[str, str] = {}
    for role, addresses in (("to", to), ("cc", cc), ("bcc", bcc)):
        if isinstance(addresses, str) or not isinstance(addresses, Iterable):
            raise MessageError(f"{role} must be a sequence of addresses, not {addresses!r}")
        for address in addresses:
            roles.setdefault(wire(address), role)
    return tuple((role, address) for address, role in roles.items())


def grouped(recipients: Recipients, profile: Profile) -> list[Recipients]:
    """The recipients in groups of at most ``profile.max_recipients``."""
    most = profile.max_recipients or len(recipients) or 1
    return [recipients[first : first + most] for first in range(0, len(recipients), most)] or [()]


def addressed(message: SomeMessage, recipients: Recipients) -> SomeMessage:
    """The message with the given recipients."""

    def of(wanted: str) -> tuple[str, ...]:
        return tuple(address for role, address in recipients if role == wanted)

    return replace(message, to=of("to"), cc=of("cc"), bcc=of("bcc"))


def check_envelope(profile: Profile, count: int, subject: str | None) -> None:
    """Raise MessageError if the profile allows fewer recipients or a shorter subject in one message."""
    if profile.max_recipients is not None and profile.max_recipients < count:
        most = f"{profile.id} allows at most {profile.max_recipients} in a message"
        raise MessageError(f"{counted(count, 'recipient')}; {most}; compose_split divides them")
    if subject and profile.max_subject_chars is not None and len(subject) > profile.max_subject_chars:
        raise MessageError(
            f"a subject of {counted(len(subject), 'character')};"
            f" {profile.id} allows at most {profile.max_subject_chars}"
        )
