"""The registry of forms: MM1 (client to MMS centre), MM4 (between MMS centres), MM7 (provider to MMS centre).

A new form needs a module with its WireForm, a row here, and its words in Form and MessageType of
transcode.model.message for type checkers. A form is imported at its first use.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import Form, MessageType
    from transcode.wire.form import WireForm

__all__ = ["FORMS", "FormRow", "form", "form_of_type"]


class FormRow(NamedTuple):
    """A row of the registry: the functions of a form that do not import the form.

    Attributes:
        load: imports and returns the form.
        recognises: returns whether octets have the form; its argument is the first 64 KiB at most. None:
            transcode.wire.recognition decides, because similar forms can't be recognised independently.
    """

    load: Callable[[], WireForm]
    recognises: Callable[[bytes], bool] | None = None


@cache
def _mm1() -> WireForm:
    from transcode.wire.mm1.form import MM1

    return MM1


@cache
def _mm4() -> WireForm:
    from transcode.wire.mm4.form import MM4

    return MM4


@cache
def _mm7() -> WireForm:
    from transcode.wire.mm7.form import MM7

    return MM7


#: The forms by name, in the order in which help and error texts list them.
FORMS: dict[Form, FormRow] = {"mm1": FormRow(_mm1), "mm4": FormRow(_mm4), "mm7": FormRow(_mm7)}


def form(name: Form) -> WireForm:
    """Return the form with a name.

    Raises:
        MessageError: no form has the name.
    """
    row = FORMS.get(name)
    if row is None:
        raise MessageError(f"form: {name!r} is not one of {', '.join(FORMS)}")
    return row.load()


def form_of_type(message_type: MessageType) -> Form:
    """Return the name of the form of a message type: ``"mm4"`` for ``"mm4-forward-req"``.

    Message types begin with the name of their form; those of MM1 do not.

    Raises:
        MessageError: the message type is not text.
    """
    if not isinstance(message_type, str):
        raise MessageError(f"message_type: must be text, not {type(message_type).__name__}")
    first = message_type.partition("-")[0]
    return next((name for name in FORMS if name == first), "mm1")
