"""The registry of forms: MM1 between phone and centre, MM4 between centres, MM7 of providers.

A new form is a module with its WireForm, and a row here. Each is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import Form, MessageType
    from transcode.wire.form import WireForm

__all__ = ["FORMS", "FormRow", "form", "form_of_type"]


class FormRow(NamedTuple):
    """A row of the registry: what must be known of a form before it is loaded.

    Attributes:
        load: gives the form.
        recognises: whether octets have the form, by their beginning, of which it gets 64 KiB at most. None:
            transcode.wire.recognition tells, for forms that look alike can't each by itself.
    """

    load: Callable[[], WireForm]
    recognises: Callable[[bytes], bool] | None = None


def _mm1() -> WireForm:
    from transcode.wire.mm1.form import MM1

    return MM1


def _mm4() -> WireForm:
    from transcode.wire.mm4.form import MM4

    return MM4


def _mm7() -> WireForm:
    from transcode.wire.mm7.form import MM7

    return MM7


#: The forms by their names, in the order in which users are told of them.
FORMS: dict[Form, FormRow] = {"mm1": FormRow(_mm1), "mm4": FormRow(_mm4), "mm7": FormRow(_mm7)}


def form(name: Form) -> WireForm:
    """The form of a name.

    Raises:
        MessageError: there is none.
    """
    row = FORMS.get(name)
    if row is None:
        raise MessageError(f"form: {name!r} is none of {', '.join(FORMS)}")
    return row.load()


def form_of_type(message_type: MessageType) -> Form:
    """The name of the form that messages of a type have: ``"mm4"`` of ``"mm4-forward-req"``.

    Types begin with the name of their form, but for those of MM1.
    """
    first = message_type.partition("-")[0]
    return next((name for name in FORMS if name == first), "mm1")
