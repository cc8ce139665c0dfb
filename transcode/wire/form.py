"""What there is to know of a form of messages, for those who work with any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.model import Form, MessageFields, SomeMessage

__all__ = ["WireForm"]


class Conversion(Protocol):
    """What makes one message of another."""

    def __call__(self, message: SomeMessage, /) -> SomeMessage: ...


@dataclass(frozen=True, slots=True)
class WireForm:
    """A form of messages: a row of the registry in transcode.wire.forms.

    Attributes:
        name: by which limits and callers call it.
        read: gives the message that octets hold; raises PduError where they hold none.
        converted: gives a message of MM1 as what this form carries it as, another message as it is; raises
            MessageError where it carries nothing of its type. What it leaves out stands in the oddities.
        write: gives the octets that a limit counts; of a strict writer those only that break no rule of
            the standard. Raises MessageError.
        length: gives their number for data of these sizes, in octets, once the message is sent.
    """

    name: Form
    read: Callable[[bytes | bytearray | memoryview], MessageFields]
    converted: Conversion
    write: Callable[[MessageFields, bool], bytes]
    length: Callable[[MessageFields, Sequence[int]], int]
