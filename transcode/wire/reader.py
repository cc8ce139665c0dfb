"""Reads a message of any form from its octets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.forms import FORMS
from transcode.wire.recognition import LONGEST_HEAD, form_of

if TYPE_CHECKING:
    from transcode.model import Form, MessageFields

__all__ = ["read", "recognise"]


def read(octets: bytes) -> MessageFields:
    """Return the message that octets encode, in any form.

    Raises:
        PduError: the octets are not a message, or are an invalid one.
    """
    return FORMS[recognise(octets)].load().read(octets, "")


def recognise(octets: bytes) -> Form:
    """Return the form of octets: the first form whose FormRow recognises them, else the result of form_of."""
    for name, row in FORMS.items():
        if row.recognises is not None and row.recognises(octets[:LONGEST_HEAD]):
            return name
    return form_of(octets)
