"""Converts messages between forms.

A header that both forms have is converted to the name and the value of the target form. A header that the
target form does not have is left out; the oddities of the result name it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.wire.forms import form, form_of_type
from transcode.wire.submission import NeutralHeader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.model import Form, HeaderValue, MessageFields, MessageType, SomeMessage
    from transcode.wire.submission import Kind, Submission

__all__ = ["as_form", "convert", "encode", "length", "neutral"]


def convert(
    message: SomeMessage, message_type: MessageType, stated: Mapping[str, HeaderValue | None] | None = None
) -> SomeMessage:
    """Return the message converted to another message type.

    A message with content (M-Send.req, M-Retrieve.conf, MM4_forward.REQ, SubmitReq, DeliverReq) can become
    any of these types, and an M-Notification.ind. A report can become a report of the same kind. For each
    form, WireForm.gives and WireForm.takes list the types with their kinds of content. The conversion
    composes to_submission of the source and from_submission of the target.

    Args:
        message: the message.
        message_type: the type of the result.
        stated: headers by their names in MM1, in place of those of the message. None as a value leaves the
            header as it is.

    Raises:
        MessageError: the message can't be converted to the type.
    """
    given = {name: value for name, value in (stated or {}).items() if value is not None}
    if message.message_type == message_type and not given:
        return message
    target = form(form_of_type(message_type))
    kind = target.takes.get(message_type)
    submission = None if kind is None else neutral(message, kind)
    if submission is None:
        raise MessageError(f"message_type: {message.message_type} can't be converted to {message_type}")
    if given:
        names = {name.lower() for name in given}
        kept = [header for header in submission.headers if (header.name or "").lower() not in names]
        new = [NeutralHeader(name, name, value) for name, value in given.items()]
        submission = replace(submission, headers=(*kept, *new))
    return target.conversion.from_submission(submission, message_type)


def neutral(message: SomeMessage, kind: Kind) -> Submission[SomeMessage] | None:
    """Return a message in neutral form; None where the message has not this kind of content."""
    source = form(form_of_type(message.message_type))
    return (
        source.conversion.to_submission(message) if source.gives.get(message.message_type) == kind else None
    )


def as_form(message: SomeMessage, name: Form) -> SomeMessage:
    """Return a message converted for a form that carries its type (WireForm.carries), else unchanged.

    Raises:
        MessageError: no form has the name, or the message can't be converted.
    """
    target, given = form(name), message.message_type
    if given not in target.carries:
        return message
    return convert(message, target.carried(form(form_of_type(given)).gives[given]))


def encode(message: MessageFields, name: Form, *, strict: bool = True) -> bytes:
    """Return the octets of a message in a form, which a limit counts.

    Raises:
        MessageError: the form has no type for the message, or can't hold a value of it.
    """
    return form(name).write(as_form(message, name), strict)


def length(message: MessageFields, name: Form, sizes: Sequence[int]) -> int:
    """Return the size of a message in a form, in octets, for parts of the given sizes in octets.

    Raises:
        MessageError: as for encode.
    """
    return form(name).length(as_form(message, name), sizes)
