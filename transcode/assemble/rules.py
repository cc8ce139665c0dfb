"""What the standard asks of a whole PDU (OMA-TS-MMS_ENC-V1_3, 6): refused in writing, told in reading."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from transcode.assemble.headers import BY_NAME
from transcode.assemble.pdu_types import PDU_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transcode.model import HeaderValue, Message, MessageType

__all__ = ["faults", "is_multipart"]

#: Headers that may stand several times; the recipients are fields of a message.
_REPEATED = {
    "additional-headers",
    "content",
    "x-mms-attributes",
    "x-mms-element-descriptor",
    "x-mms-mbox-quotas",
    "x-mms-mbox-totals",
    "x-mms-mm-flags",
    "x-mms-previously-sent-by",
    "x-mms-previously-sent-date",
}
#: Headers that may stand several times in PDUs about several messages, once for each.
_LOCATIONS = {"x-mms-content-location"}
_SELECTION = {"x-mms-content-location", "x-mms-mm-state"}
_OUTCOMES = {"x-mms-content-location", "x-mms-response-status", "x-mms-response-text"}
_REPEATED_IN: dict[MessageType, set[str]] = {
    "m-mbox-view-req": _SELECTION,
    "m-mbox-view-conf": _SELECTION,
    "m-mbox-delete-req": _LOCATIONS,
    "m-mbox-delete-conf": _OUTCOMES,
    "m-delete-req": _LOCATIONS,
    "m-delete-conf": _OUTCOMES,
}
#: PDUs about a message that was sent long ago, or is part of another: nobody waits for an answer.
_NO_TRANSACTION = ("m-delivery-ind", "m-read-rec-ind", "m-read-orig-ind", "m-mbox-descr")
_NUMBERED = re.compile(r"1\.[0-9]{1,2}")


def faults(message: Message) -> Iterator[str]:
    """What a PDU of this message would break, one sentence a rule."""
    pdu_type = PDU_TYPES[message.message_type]
    values = {name.lower(): value for name, value in message.headers}
    yield from (f"{name} is missing" for name in _missing(message, values.keys()))
    if pdu_type.addressed and not (message.to or message.cc or message.bcc):
        yield "a recipient is missing"
    bodiless = pdu_type.bodiless or _failed(message)
    if pdu_type.body and message.content_type is None and not bodiless:
        yield "Content-Type is missing"
    if message.transaction_id is not None and message.message_type in _NO_TRANSACTION:
        yield f"X-Mms-Transaction-Id stands in {pdu_type.name}, which has none"
    expiry = values.get("x-mms-expiry")
    if message.message_type == "m-notification-ind" and isinstance(expiry, tuple) and expiry[0] != "relative":
        yield "X-Mms-Expiry of a notification is not relative"
    if values.get("x-mms-message-class") == "Auto":
        asked = [
            name
            for name in ("X-Mms-Delivery-Report", "X-Mms-Read-Report")
            if values.get(name.lower()) is True
        ]
        yield from (f"{name} is asked for by a message of class Auto" for name in asked)
    if pdu_type.counted:
        plain = [name for name, value in message.headers if name.lower() in _OUTCOMES and not _is_pair(value)]
        yield from (f"{name} in {pdu_type.name} has no count" for name in dict.fromkeys(plain))
    yield from _repeated(message)
    yield from _too_new(message)


def is_multipart(content_type: str) -> bool:
    """Whether a body of this type has parts."""
    return content_type.lower().startswith(("application/vnd.wap.multipart.", "multipart/"))


def _failed(message: Message) -> bool:
    """Whether this is the answer to a retrieval that failed."""
    return dict(message.headers).get("X-Mms-Retrieve-Status", "Ok") != "Ok"


def _is_pair(value: HeaderValue) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _missing(message: Message, found: Iterable[str]) -> Iterator[str]:
    pdu_type = PDU_TYPES[message.message_type]
    names = set(found)
    fields = {
        "x-mms-mms-version": bool(message.version),
        "x-mms-transaction-id": message.transaction_id is not None,
        "from": message.sender is not None or pdu_type.by_client,
        "to": bool(message.to),
    }
    names |= {name for name, there in fields.items() if there}
    wanted = ["X-Mms-MMS-Version", *pdu_type.required]
    accepted = dict(message.headers).get("X-Mms-Response-Status") == "Ok"
    if message.message_type == "m-send-conf" and accepted:
        wanted.append("Message-ID")
    yield from (name for name in wanted if name.lower() not in names)


def _repeated(message: Message) -> Iterator[str]:
    known = Counter(name.lower() for name, _ in message.headers if name.lower() in BY_NAME)
    for name, count in known.items():
        if count > 1 and name not in _REPEATED and name not in _REPEATED_IN.get(message.message_type, ()):
            yield f"{BY_NAME[name].name} stands {count} times"


def _too_new(message: Message) -> Iterator[str]:
    """Headers that a reader of this version does not know."""
    if not _NUMBERED.fullmatch(message.version):
        return
    minor = int(message.version[2:])
    pdu_type = PDU_TYPES[message.message_type]
    if pdu_type.since != "1.0" and int(pdu_type.since[2:]) > minor:
        yield f"{pdu_type.name} is of MMS {pdu_type.since}, and the message of {message.version}"
    for name in dict.fromkeys(name.lower() for name, _ in message.headers):
        header = BY_NAME.get(name)
        if header is not None and int(header.since[2:]) > minor:
            yield f"{header.name} is of MMS {header.since}, and the message of {message.version}"
