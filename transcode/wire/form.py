"""What there is to know of a form of messages, for those who work with any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.model import Form, MessageFields, MessageType, SomeMessage
    from transcode.wire.submission import Kind, Submission

__all__ = ["FromSubmission", "ToSubmission", "WireForm"]


class ToSubmission(Protocol):
    """What makes a submission of a message of a form."""

    def __call__(self, message: SomeMessage, /) -> Submission[SomeMessage]: ...


class FromSubmission(Protocol):
    """What makes a message of a form of a submission."""

    def __call__(self, submission: Submission[SomeMessage], message_type: MessageType, /) -> SomeMessage: ...


@dataclass(frozen=True, slots=True)
class WireForm:
    """A form of messages: what the registry in transcode.wire.forms loads.

    Attributes:
        name: by which limits and callers call it; the types of its messages begin with it and a hyphen, but
            for those of MM1.
        message_types: those that it has.
        read: gives the message that octets hold, whose content type may be told beside them (as HTTP does; an
            empty text: it is not); raises PduError where they hold none.
        write: gives the octets of a message of this form that a limit counts; of a strict writer those only
            that break no rule of the standard. Raises MessageError.
        length: gives their number for data of these sizes, in octets, once the message is sent.
        gives: what the messages that can become others hold, by their types.
        takes: what the messages hold that others can become, by their types.
        to_submission: of one of the types that gives names.
        from_submission: to one of the types that takes names. What is left out stands in the oddities.
        carries: what a message of another form becomes when it is written in this one without being converted
            first, by its type.
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
