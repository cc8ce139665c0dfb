"""The common interface of the forms of messages, MM1, MM4 and MM7."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.model import Form, MessageFields, MessageType, SomeMessage
    from transcode.wire.submission import Kind, Submission

__all__ = ["Conversion", "WireForm"]


class Conversion(Protocol):
    """The conversions of a form: its module with these two functions."""

    def to_submission(self, message: SomeMessage, /) -> Submission[SomeMessage]:
        """Convert a message of a type in gives to a neutral submission."""

    def from_submission(
        self, submission: Submission[SomeMessage], message_type: MessageType, /
    ) -> SomeMessage:
        """Convert a neutral submission to a type in takes. The oddities name what is left out."""


@dataclass(frozen=True)
class WireForm:
    """A form of messages, which the registry in transcode.wire.forms loads.

    Attributes:
        name: the name in limits and arguments. The message types of the form begin with it and a hyphen;
            those of MM1 do not.
        message_types: the message types of the form.
        conversion: the module that converts messages of the form.
        read: returns the message of octets. Its second argument is the content type that HTTP states for the
            octets, or an empty text. Raises PduError.
        write: returns the octets of a message that a limit counts. If its second argument, strict, is true,
            write refuses messages that break a rule of the standard. Raises MessageError.
        length: returns the number of octets that a limit counts, for parts of the given sizes in octets.
        submitted: the type that submits a message.
        received: the type in which a message reaches its receiver.
        delivery_report, read_report: the types that tell the sender of a message what became of it; None:
            the form has no such report.
        carries: the types of other forms that are written as the type of this form with the same kind of
            content; a message is submitted.
        only_gives, only_takes: further types, each with its kind of content, that can be converted to others,
            or to which others can be converted.
    """

    name: Form
    message_types: tuple[MessageType, ...]
    conversion: Conversion
    read: Callable[[bytes | bytearray | memoryview, str], MessageFields]
    write: Callable[[MessageFields, bool], bytes]
    length: Callable[[MessageFields, Sequence[int]], int]
    submitted: MessageType
    received: MessageType
    delivery_report: MessageType | None = None
    read_report: MessageType | None = None
    carries: tuple[MessageType, ...] = ()
    only_gives: Mapping[MessageType, Kind] = field(default_factory=dict)
    only_takes: Mapping[MessageType, Kind] = field(default_factory=dict)

    @cached_property
    def gives(self) -> Mapping[MessageType, Kind]:
        """The message types that can be converted to others, each with its kind of content."""
        return {**self._both_ways(), **self.only_gives}

    @cached_property
    def takes(self) -> Mapping[MessageType, Kind]:
        """The message types to which others can be converted, each with its kind of content."""
        return {**self._both_ways(), **self.only_takes}

    def carried(self, kind: Kind) -> MessageType:
        """Return the type as which a message of another form with this kind of content is written."""
        return next(name for name, own in self.takes.items() if own == kind)

    def _both_ways(self) -> Mapping[MessageType, Kind]:
        found: dict[MessageType, Kind] = {self.submitted: "message", self.received: "message"}
        if self.delivery_report is not None:
            found[self.delivery_report] = "delivery report"
        if self.read_report is not None:
            found[self.read_report] = "read report"
        return found
