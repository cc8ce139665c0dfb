"""The common interface of the forms of messages, MM1, MM4 and MM7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.model import Form, MessageFields, MessageType, SomeMessage
    from transcode.wire.submission import Kind, Submission

__all__ = ["FromSubmission", "ToSubmission", "WireForm"]


class ToSubmission(Protocol):
    """Converts a message of one form to a neutral submission."""

    def __call__(self, message: SomeMessage, /) -> Submission[SomeMessage]: ...


class FromSubmission(Protocol):
    """Converts a neutral submission to a message of one form."""

    def __call__(self, submission: Submission[SomeMessage], message_type: MessageType, /) -> SomeMessage: ...


@dataclass(frozen=True, slots=True)
class WireForm:
    """A form of messages, which the registry in transcode.wire.forms loads.

    Attributes:
        name: the name in limits and arguments. The message types of the form begin with it and a hyphen;
            those of MM1 do not.
        message_types: the message types of the form.
        read: returns the message of octets. Its second argument is the content type that HTTP states for the
            octets, or an empty text. Raises PduError.
        write: returns the octets of a message that a limit counts. If its second argument, strict, is true,
            write refuses messages that break a rule of the standard. Raises MessageError.
        length: returns the number of octets that a limit counts, for parts of the given sizes in octets.
        gives: the message types that can be converted to others, each with its kind of content.
        takes: the message types to which others can be converted, each with its kind of content.
        to_submission: converts a message of a type in gives.
        from_submission: converts to a type in takes. The oddities name what is left out.
        carries: by types of other forms, the type of this form as which such messages are written.
        submitted: the type that submits a message.
        received: the type in which a message reaches its receiver.
        delivery_report, read_report: the types that tell the sender of a message what became of it; None:
            the form has no such report.
    """

    name: Form
    message_types: tuple[MessageType, ...]
    read: Callable[[bytes | bytearray | memoryview, str], MessageFields]
    write: Callable[[MessageFields, bool], bytes]
    length: Callable[[MessageFields, Sequence[int]], int]
    gives: Mapping[MessageType, Kind]
    takes: Mapping[MessageType, Kind]
    to_submission: ToSubmission
    from_submission: FromSubmission
    carries: Mapping[MessageType, MessageType]
    submitted: MessageType
    received: MessageType
    delivery_report: MessageType | None = None
    read_report: MessageType | None = None
