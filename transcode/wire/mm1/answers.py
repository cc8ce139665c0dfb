"""Answers to PDUs: what a centre says to a request of a client, and a client to a PDU of its centre.

Which header is copied, and which status belongs to which answer, is that of OMA-TS-MMS_ENC-V1_3, 6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError
from transcode.model import MessageFields, Part
from transcode.wire.mm1.header_words import (
    CANCEL_STATUS,
    RESPONSE_STATUS,
    RETRIEVE_STATUS,
    STORE_STATUS,
)
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transcode.model import HeaderValue, MessageType, SomeMessage

__all__ = ["Reaction", "answer", "reaction", "refused_retrieval"]

_LOCATION, _REPORT_ALLOWED = "X-Mms-Content-Location", "X-Mms-Report-Allowed"
#: The status in an M-NotifyResp.ind: what became of the notification (6.2). The other words of X-Mms-Status
#: are those of delivery reports.
_REACTIONS = ("Retrieved", "Rejected", "Deferred", "Unrecognised")
_VERSION = re.compile(r"1\.[0-3]")
#: The version of an answer to a PDU without a version that this package writes.
_USUAL_VERSION = "1.2"


class _Answer(NamedTuple):
    """The answer to a PDU.

    Attributes:
        message_type: the type of the answer.
        status: the header with the status; None: the answer has none.
        words: the words of the status. The first is success, where the sender of the answer decides alone.
        text: the header with the text of the status; None: the answer has none.
    """

    message_type: MessageType
    status: str | None = None
    words: tuple[str, ...] = ()
    text: str | None = None


def _of(message_type: MessageType, status: str, words: Mapping[int, str], text: str | None = None) -> _Answer:
    return _Answer(message_type, status, tuple(words.values()), text)


def _response(message_type: MessageType) -> _Answer:
    return _of(message_type, "X-Mms-Response-Status", RESPONSE_STATUS, "X-Mms-Response-Text")


def _store(message_type: MessageType) -> _Answer:
    return _of(message_type, "X-Mms-Store-Status", STORE_STATUS, "X-Mms-Store-Status-Text")


_ANSWERS: dict[MessageType, _Answer] = {
    "m-send-req": _response("m-send-conf"),
    "m-forward-req": _response("m-forward-conf"),
    "m-mbox-store-req": _store("m-mbox-store-conf"),
    "m-mbox-upload-req": _store("m-mbox-upload-conf"),
    "m-mbox-view-req": _response("m-mbox-view-conf"),
    "m-mbox-delete-req": _response("m-mbox-delete-conf"),
    "m-delete-req": _response("m-delete-conf"),
    "m-cancel-req": _of("m-cancel-conf", "X-Mms-Cancel-Status", CANCEL_STATUS),
    "m-notification-ind": _Answer("m-notifyresp-ind", "X-Mms-Status", _REACTIONS),
    "m-retrieve-conf": _Answer("m-acknowledge-ind"),
}


def answer(
    request: SomeMessage,
    status: str | None = None,
    *,
    text: str | None = None,
    message_id: str | None = None,
    report_allowed: bool | None = None,
) -> SomeMessage:
    """Return the answer to a PDU, with its transaction id, and its version as far as this package knows it.

    M-Delete.conf and M-Mbox-Delete.conf say the status of each location that the request names.

    Args:
        request: the PDU.
        status: the status in the standard's words, such as ``"Error-permanent-service-denied"``; None:
            success. An M-NotifyResp.ind needs one; an M-Acknowledge.ind has none.
        text: the text of the status, or None.
        message_id: the Message-ID that the centre gave to a message that it accepted.
        report_allowed: the client's X-Mms-Report-Allowed; None: the header is left out, which means yes.

    Raises:
        MessageError: a PDU of this type has no answer, or the answer has no such status or header.
    """
    row = _ANSWERS.get(request.message_type)
    if row is None:
        raise MessageError(f"message_type: MM1 has no answer to {request.message_type!r}")
    name = PDU_TYPES[row.message_type].name
    of_client = row.message_type in ("m-notifyresp-ind", "m-acknowledge-ind")
    given = (
        ("text", text, row.text is not None),
        ("message_id", message_id, row.message_type in ("m-send-conf", "m-forward-conf")),
        ("report_allowed", report_allowed, of_client),
    )
    for field, value, has in given:
        if value is not None and not has:
            raise MessageError(f"{field}: {name} has no header for it")
    if status is None and row.words and not of_client:
        status = row.words[0]
    if (status is not None or row.words) and status not in row.words:
        words = ", ".join(row.words) or "none"
        raise MessageError(f"status: {status!r} is not one of those of {name}: {words}")
    headers: list[tuple[str, HeaderValue]] = _outcome(request, row, status, text)
    headers += [("Message-ID", message_id)] if message_id is not None else []
    headers += [(_REPORT_ALLOWED, report_allowed)] if report_allowed is not None else []
    own = request.version if _VERSION.fullmatch(request.version) else _USUAL_VERSION
    return type(request)(
        message_type=row.message_type,
        transaction_id=request.transaction_id,
        version=max(own, PDU_TYPES[row.message_type].since),
        headers=tuple(headers),
        content_type=None,
    )


def _outcome(
    request: MessageFields, row: _Answer, status: str | None, text: str | None
) -> list[tuple[str, HeaderValue]]:
    """Return the headers with the status; for each location, where the answer is about several messages."""
    said = [(row.status, status), (row.text, text)]
    headers = [(name, value) for name, value in said if name is not None and value is not None]
    if not PDU_TYPES[row.message_type].counted:
        return list(headers)
    locations = [value for name, value in request.headers if name.lower() == _LOCATION.lower()]
    found: list[tuple[str, HeaderValue]] = []
    for count, location in enumerate(locations, 1):
        found.append((_LOCATION, (count, str(location))))
        found += [(name, (count, value)) for name, value in headers]
    return found


class Reaction(NamedTuple):
    """What a client says of a notification or of a message that it has fetched.

    Attributes:
        transaction_id: the id of the notification, or of the retrieval.
        status: Retrieved, Rejected, Deferred or Unrecognised.
        report_allowed: whether the sender may be told that the message was delivered. The status itself stays
            known to the centre.
    """

    transaction_id: str
    status: str
    report_allowed: bool


def reaction(message: MessageFields) -> Reaction:
    """Return what an M-NotifyResp.ind or an M-Acknowledge.ind says; the latter means Retrieved.

    Raises:
        MessageError: the message has another type, no transaction id or no status of a notification.
    """
    pdu_type = PDU_TYPES.get(message.message_type)
    if pdu_type is None or message.message_type not in ("m-notifyresp-ind", "m-acknowledge-ind"):
        raise MessageError(f"message_type: {message.message_type!r} is no reaction of a client")
    if not message.transaction_id:
        raise MessageError(f"{pdu_type.name}: X-Mms-Transaction-Id is missing")
    headers = folded(message.headers)
    acknowledged = message.message_type == "m-acknowledge-ind"
    status = "Retrieved" if acknowledged else headers.get("x-mms-status")
    if status not in _REACTIONS:
        raise MessageError(f"{pdu_type.name}: X-Mms-Status is {status!r}, not one of {', '.join(_REACTIONS)}")
    return Reaction(
        message.transaction_id, str(status), headers.get(_REPORT_ALLOWED.lower(), True) is not False
    )


def refused_retrieval(
    status: str,
    *,
    date: int,
    text: str | None = None,
    transaction_id: str | None = None,
    version: str = _USUAL_VERSION,
) -> MessageFields:
    """Return the M-Retrieve.conf to a retrieval that failed.

    The answer to a failure for good has the text as its content, too, for phones that show a message and no
    status. A passing failure has no content: such a phone would take it for the message, and not come again.

    Args:
        status: the word of X-Mms-Retrieve-Status, such as ``"Error-transient-failure"``.
        date: the time of the answer, in seconds since 1970.
        text: the text for the user; None: the word of the status is the content, and there is no
            X-Mms-Retrieve-Text.
        transaction_id: an id that asks the client for an M-Acknowledge.ind; None: it needs not answer.
        version: the MMS version of the client, at least 1.1.

    Raises:
        MessageError: the status is not that of a failure.
    """
    words = tuple(word for word in RETRIEVE_STATUS.values() if word != "Ok")
    if status not in words:
        raise MessageError(f"status: {status!r} is not one of {', '.join(words)}")
    headers: list[tuple[str, HeaderValue]] = [("Date", date), ("X-Mms-Retrieve-Status", status)]
    if text is not None:
        headers.append(("X-Mms-Retrieve-Text", text))
    parts: tuple[Part, ...] = ()
    if status.startswith("Error-permanent"):
        content = (text or status).encode()
        charset = "us-ascii" if content.isascii() else "utf-8"
        parts = (Part("text/plain", content, charset=charset, content_location="text1.txt"),)
    return MessageFields(
        message_type="m-retrieve-conf",
        transaction_id=transaction_id,
        version=version,
        headers=tuple(headers),
        content_type="application/vnd.wap.multipart.mixed" if parts else None,
        parts=parts,
    )
