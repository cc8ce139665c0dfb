"""The registry of forms: MM1 between phone and centre, MM4 between centres, MM7 of providers.

A new form is a module with its WireForm, and a row here. Each is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from transcode.model import Form, MessageType
    from transcode.wire.form import WireForm

__all__ = ["FORMS", "form", "form_of_type"]


def _mm1() -> WireForm:
    from transcode.wire.mm1.form import MM1

    return MM1


def _mm4() -> WireForm:
    from transcode.wire.mm4.form import MM4

    return MM4


def _mm7() -> WireForm:
    from transcode.wire.mm7.form import MM7

    return MM7


#: What loads a form, by its name. Types of messages begin with it, but for those of MM1.
FORMS: Mapping[Form, Callable[[], WireForm]] = {"mm1": _mm1, "mm4": _mm4, "mm7": _mm7}


def form(name: Form) -> WireForm:
    """The form of a name.

    Raises:
        MessageError: there is none.
    """
    load = FORMS.get(name)
    if load is None:
        raise MessageError(f"form: {name!r} is none of {', '.join(FORMS)}")
    return load()


def form_of_type(message_type: MessageType) -> Form:
    """The name of the form that messages of a type have: ``"mm4"`` of ``"mm4-forward-req"``."""
    first = message_type.partition("-")[0]
    return next((name for name in FORMS if name == first), "mm1")
