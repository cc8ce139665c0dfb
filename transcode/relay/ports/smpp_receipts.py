"""Reads what an SMSC reports of short messages (SMPP 3.4, 5.2.12 and appendix B)."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Receipt", "receipt"]

#: The bits of esm_class for the kind of a short message, and those of a receipt: of the end, and before it.
_KIND, _RECEIPTS = 0x3C, (0x04, 0x20)
#: Optional parameters (5.3.2): receipted_message_id, message_state, and what is in place of the text.
_MESSAGE_ID, _MESSAGE_STATE, _PAYLOAD = 0x001E, 0x0427, 0x0424
#: Fields of the text, which differs between SMSCs but for these.
_ID = re.compile(rb"\bid:([!-~]{1,64})", re.IGNORECASE)
_STATE = re.compile(rb"\bstat:([A-Z]{1,10})", re.IGNORECASE)
_ERROR = re.compile(rb"\berr:([0-9A-Za-z]{1,8})", re.IGNORECASE)
_PLAIN = re.compile(rb"[!-~]{1,64}")
#: Values of message_state (5.2.28) from 1 on, as the text has them.
_STATES = ("ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")


class Receipt(NamedTuple):
    """What became of a short message.

    Attributes:
        message_id: the SMSC's number of the short message; ``""``: it names none.
        state: such as DELIVRD and UNDELIV; ``""``: it names none.
        error: the code of the SMSC; ``""``: it names none.
    """

    message_id: str
    state: str
    error: str


def receipt(esm_class: int, text: bytes, parameters: dict[int, bytes]) -> Receipt | None:
    """Read a receipt; None where it is a short message of a phone.

    Args:
        esm_class: the kind of the short message.
        text: its text.
        parameters: the optional parameters by tag. What they say goes before the text.
    """
    if esm_class & _KIND not in _RECEIPTS and _MESSAGE_ID not in parameters:
        return None
    text = text or parameters.get(_PAYLOAD, b"")
    message_id, state, error = (
        found[1].decode("ascii") if (found := pattern.search(text)) else ""
        for pattern in (_ID, _STATE, _ERROR)
    )
    told = parameters.get(_MESSAGE_ID, b"").rstrip(b"\0")
    if _PLAIN.fullmatch(told):
        message_id = told.decode("ascii")
    number = int.from_bytes(parameters.get(_MESSAGE_STATE, b""), "big")
    if 1 <= number <= len(_STATES):
        state = _STATES[number - 1]
    return Receipt(message_id, state.upper(), error)
