"""A message of one form as one of another.

What both know is carried over, under the name that it has there. What the other
has no place for is left out, and named in the oddities of the result.
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
    """The message as another type.

    Whatever has content (M-Send.req, M-Retrieve.conf, MM4_forward.REQ, SubmitReq, DeliverReq) becomes any of
    these, and an M-Notification.ind, which tells of it; reports become reports of the same kind. Each form
    says of its types what they hold (WireForm.gives, WireForm.takes), and has the functions that are composed
    here.

    Raises:
        MessageError: the one can't become the other.
    """
    if message.message_type == message_type:
        return message
    source, target = form(form_of_type(message.message_type)), form(form_of_type(message_type))
    kind = source.gives.get(message.message_type)
    if kind is None or target.takes.get(message_type) != kind:
        raise MessageError(f"message_type: {message.message_type} can't become {message_type}")
    return target.from_submission(source.to_submission(message), message_type)


def as_form(message: SomeMessage, name: Form) -> SomeMessage:
    """A message as what a form carries it as; as it is where the form says nothing of its type.

    Raises:
        MessageError: there is no such form.
    """
    wanted = form(name).carries.get(message.message_type)
    return message if wanted is None else convert(message, wanted)


def encode(message: MessageFields, name: Form, *, strict: bool = True) -> bytes:
    """The octets of a message in a form, those that a limit counts.

    Raises:
        MessageError: the form has nothing for a message of its type, or can't hold it.
    """
    return form(name).write(as_form(message, name), strict)


def length(message: MessageFields, name: Form, sizes: Sequence[int]) -> int:
    """How many octets a message has in a form once it is sent, its parts being of these sizes.

    Raises:
        MessageError: as for encode.
    """
    return form(name).length(as_form(message, name), sizes)
