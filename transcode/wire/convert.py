"""Converts messages between forms.

A header that both forms have is converted to the name and the value of the target form. A header that the
target form does not have is left out; the oddities of the result name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.wire.forms import form, form_of_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Form, MessageFields, MessageType, SomeMessage

__all__ = ["as_form", "convert", "encode", "length"]


def convert(message: SomeMessage, message_type: MessageType) -> SomeMessage:
    """Return the message converted to another message type.

    A message with content (M-Send.req, M-Retrieve.conf, MM4_forward.REQ, SubmitReq, DeliverReq) can become
    any of these types, and an M-Notification.ind. A report can become a report of the same kind. For each
    form, WireForm.gives and WireForm.takes list the types with their kinds of content. The conversion
    composes to_submission of the source and from_submission of the target.

    Raises:
        MessageError: the message can't be converted to the type.
    """
    if message.message_type == message_type:
        return message
    source, target = form(form_of_type(message.message_type)), form(form_of_type(message_type))
    kind = source.gives.get(message.message_type)
    if kind is None or target.takes.get(message_type) != kind:
        raise MessageError(f"message_type: {message.message_type} can't be converted to {message_type}")
    return target.from_submission(source.to_submission(message), message_type)


def as_form(message: SomeMessage, name: Form) -> SomeMessage:
    """Return a message converted to the type in WireForm.carries; unchanged where carries lacks its type.

    Raises:
        MessageError: no form has the name, or the message can't be converted.
    """
    wanted = form(name).carries.get(message.message_type)
    return message if wanted is None else convert(message, wanted)


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
