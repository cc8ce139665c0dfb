"""A message of any form, read from its octets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.forms import FORMS, form
from transcode.wire.recognition import LONGEST_HEAD, form_of

if TYPE_CHECKING:
    from transcode.model import Form, MessageFields

__all__ = ["read", "recognise"]


def read(octets: bytes) -> MessageFields:
    """The message that octets hold, of the form that they have.

    Raises:
        PduError: they hold none, or a broken one.
    """
    return form(recognise(octets)).read(octets, "")


def recognise(octets: bytes) -> Form:
    """The form that octets have: the first whose row knows them, else the one that form_of tells."""
    for name, row in FORMS.items():
        if row.recognises is not None and row.recognises(octets[:LONGEST_HEAD]):
            return name
    return form_of(octets)
