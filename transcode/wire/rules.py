"""Rules of the standard for a whole PDU (OMA-TS-MMS_ENC-V1_3, 6).

The writer refuses a PDU that breaks a rule; the reader reports the violation.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from transcode.wire.mm1.headers import BY_NAME, HEADERS
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from transcode.model import HeaderValue, MessageFields, MessageType

__all__ = ["is_multipart", "unbroken", "violations"]

#: Headers that a PDU may have several times. The recipients are fields of a message and not in the set.
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
#: Headers that a PDU about several messages may have once for each message.
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
#: PDU types without a transaction ID: reports on an earlier message, and a message description within a PDU.
_NO_TRANSACTION = ("m-delivery-ind", "m-read-rec-ind", "m-read-orig-ind", "m-mbox-descr")
_NUMBERED = re.compile(r"1\.[0-9]{1,2}")


def violations(message: MessageFields) -> Iterator[str]:
    """Yield the rules that a PDU of the message breaks, one sentence a rule."""
    pdu_type = PDU_TYPES[message.message_type]
    values = folded(message.headers)
    yield from (f"{name} is missing" for name in _missing(message, values))
    if pdu_type.addressed and not (message.to or message.cc or message.bcc):
        yield "a recipient is missing"
    # The answer to a failed retrieval has no content.
    bodiless = pdu_type.bodiless or values.get("x-mms-retrieve-status", "Ok") != "Ok"
    if pdu_type.body and message.content_type is None and not bodiless:
        yield "Content-Type is missing"
    if message.transaction_id is not None and message.message_type in _NO_TRANSACTION:
        yield f"X-Mms-Transaction-Id is not allowed in {pdu_type.name}"
    expiry = values.get("x-mms-expiry")
    if message.message_type == "m-notification-ind" and isinstance(expiry, tuple) and expiry[0] != "relative":
        yield "X-Mms-Expiry of a notification must be relative"
    if values.get("x-mms-message-class") == "Auto":
        asked = [
            name
            for name in ("X-Mms-Delivery-Report", "X-Mms-Read-Report")
            if values.get(name.lower()) is True
        ]
        yield from (f"{name} must not be requested by a message of class Auto" for name in asked)
    if pdu_type.counted:
        plain = [name for name, value in message.headers if name.lower() in _OUTCOMES and not _is_pair(value)]
        yield from (f"{name} in {pdu_type.name} has no count" for name in dict.fromkeys(plain))
    yield from _repeated(message)
    yield from _too_new(message)


def _bits(*names: str) -> int:
    return sum(BY_NAME[name.lower()].bit for name in names)


class _Masks(NamedTuple):
    """The rules for PDUs of one type, as bit masks of headers (Header.bit).

    Attributes:
        needed: headers that the PDU must have.
        unwelcome: headers that the PDU must not have.
        repeated: headers that the PDU may have several times.
        recipients: headers of which the PDU must have at least one; 0: none is required.
        body: whether the PDU must have a Content-Type.
        sender: whether From must have an address.
        since: the MMS version that introduced the type.
    """

    needed: int
    unwelcome: int
    repeated: int
    recipients: int
    body: bool
    sender: bool
    since: str


def _masks(message_type: MessageType) -> _Masks:
    pdu_type = PDU_TYPES[message_type]
    needed = ["X-Mms-MMS-Version", *pdu_type.required]
    if message_type == "m-send-conf":
        needed.append("Message-ID")
    recipients = _bits("To", "Cc", "Bcc")
    return _Masks(
        needed=_bits(*needed),
        unwelcome=_bits("X-Mms-Transaction-Id") if message_type in _NO_TRANSACTION else 0,
        repeated=recipients | _bits(*_REPEATED, *_REPEATED_IN.get(message_type, ())),
        recipients=recipients if pdu_type.addressed else 0,
        body=pdu_type.body,
        sender="From" in pdu_type.required and not pdu_type.by_client,
        since=pdu_type.since,
    )


_MASKS = {name: _masks(name) for name, pdu_type in PDU_TYPES.items() if not pdu_type.counted}
#: By MMS version with one minor digit: the bits of the headers that a later version introduced.
_NEWER = {
    f"1.{minor}": sum(header.bit for header in HEADERS if int(header.since[2:]) > minor)
    for minor in range(10)
}
_CLASS = _bits("X-Mms-Message-Class")
_REPORTS = _bits("X-Mms-Delivery-Report", "X-Mms-Read-Report")


def unbroken(message: MessageFields, seen: int, twice: int) -> bool:
    """Whether a PDU that was read surely has no violations. False: violations() must decide.

    The check uses bit masks and is much faster than violations(), which goes by names. The reader gives the
    headers that have bits their standard names, so names are compared as they are.

    Args:
        message: the message that was read.
        seen, twice: the bits of the headers that the PDU has, and of those that it has several times.
    """
    masks = _MASKS.get(message.message_type)
    newer = _NEWER.get(message.version)
    if masks is None or newer is None or message.version < masks.since:
        return False
    if masks.needed & ~seen or (masks.unwelcome | newer) & seen or twice & ~masks.repeated:
        return False
    if masks.recipients and not masks.recipients & seen:
        return False
    if (masks.body and message.content_type is None) or (masks.sender and message.sender is None):
        return False
    if message.message_type == "m-notification-ind":
        expiry = dict(message.headers).get("X-Mms-Expiry")
        return isinstance(expiry, tuple) and expiry[0] == "relative"
    if seen & _CLASS and seen & _REPORTS:
        return dict(message.headers).get("X-Mms-Message-Class", "Auto") != "Auto"
    return True


def is_multipart(content_type: str) -> bool:
    """Whether a content type is that of a multipart."""
    return content_type.lower().startswith(("application/vnd.wap.multipart.", "multipart/"))


def _is_pair(value: HeaderValue) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _missing(message: MessageFields, found: Mapping[str, HeaderValue]) -> Iterator[str]:
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
    if message.message_type == "m-send-conf" and found.get("x-mms-response-status") == "Ok":
        wanted.append("Message-ID")
    yield from (name for name in wanted if name.lower() not in names)


def _repeated(message: MessageFields) -> Iterator[str]:
    known = Counter(name.lower() for name, _ in message.headers if name.lower() in BY_NAME)
    for name, count in known.items():
        if count > 1 and name not in _REPEATED and name not in _REPEATED_IN.get(message.message_type, ()):
            yield f"{BY_NAME[name].name} occurs {count} times"


def _too_new(message: MessageFields) -> Iterator[str]:
    """Yield the headers that a later MMS version introduced than that of the message."""
    if not _NUMBERED.fullmatch(message.version):
        return
    minor = int(message.version[2:])
    pdu_type = PDU_TYPES[message.message_type]
    if pdu_type.since != "1.0" and int(pdu_type.since[2:]) > minor:
        yield f"{pdu_type.name} needs MMS {pdu_type.since}, and the message has version {message.version}"
    for name in dict.fromkeys(name.lower() for name, _ in message.headers):
        header = BY_NAME.get(name)
        if header is not None and int(header.since[2:]) > minor:
            yield f"{header.name} needs MMS {header.since}, and the message has version {message.version}"
