"""Answers to requests of other centres: MM4_forward.RES and the answers to reports (3GPP TS 23.140, 8.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from transcode.errors import MessageError
from transcode.wire.mm4.mm4 import BY_NAME, MAIL_TYPES, VERSION
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import HeaderValue, MessageFields, MessageType, SomeMessage

__all__ = ["answer", "is_answer_asked"]

_STATUS = "X-Mms-Request-Status-Code"
_THREE_NUMBERS = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}")


def is_answer_asked(request: MessageFields) -> bool:
    """Whether the other centre asks for an answer besides that of SMTP (X-Mms-Ack-Request: Yes)."""
    return folded(request.headers).get("x-mms-ack-request") is True


def answer(
    request: SomeMessage,
    status: str = "Ok",
    *,
    date: int,
    system: str,
    to: str | None = None,
    text: str | None = None,
    recipients: Sequence[str] = (),
) -> SomeMessage:
    """Return the answer to a request, with its transaction id, its message id and its version.

    The answer goes to the request's X-Mms-Originator-System, else to its Sender. It is made whether or not
    the request asks for it: see is_answer_asked.

    Args:
        request: an MM4_forward.REQ, MM4_delivery_report.REQ or MM4_read_reply_report.REQ.
        status: the X-Mms-Request-Status-Code, such as ``"Error-service-denied"``.
        date: the time of the answer, in seconds since 1970.
        system: the mailbox of this centre, which is From and Sender of the answer: mails need a From (RFC
            5322, 3.6), and the standard asks for a Sender.
        to: the mailbox of the other centre, for a request that names none; None: as the request says.
        text: the text of the status (X-Mms-Status-Text), or None.
        recipients: the recipients whom the status concerns (X-Mms-Request-Recipients); none: all.

    Raises:
        MessageError: the message is no such request, no such status exists, or nobody is named to whom the
            answer goes.
    """
    message_type = cast("MessageType", f"{request.message_type.removesuffix('-req')}-res")
    if message_type not in MAIL_TYPES or not request.message_type.endswith("-req"):
        raise MessageError(f"message_type: MM4 has no answer to {request.message_type!r}")
    words = BY_NAME[_STATUS.lower()].words
    if status not in words:
        raise MessageError(f"status: {status!r} is not one of {', '.join(words)}")
    said = folded(request.headers)
    origin = to or said.get("x-mms-originator-system") or said.get("sender")
    if not isinstance(origin, str):
        raise MessageError("to: the request has neither X-Mms-Originator-System nor Sender")
    headers: list[tuple[str, HeaderValue]] = [("Date", date), ("Sender", system)]
    if "x-mms-message-id" in said:
        headers.append(("X-Mms-Message-ID", said["x-mms-message-id"]))
    headers.append((_STATUS, status))
    if text is not None:
        headers.append(("X-Mms-Status-Text", text))
    if recipients:
        headers.append(("X-Mms-Request-Recipients", ", ".join(recipients)))
    return type(request)(
        message_type=message_type,
        transaction_id=request.transaction_id,
        version=request.version if _THREE_NUMBERS.fullmatch(request.version) else VERSION,
        sender=system,
        to=(origin,),
        headers=tuple(headers),
        content_type=None,
    )
