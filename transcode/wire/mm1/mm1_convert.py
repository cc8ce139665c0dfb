"""Converts PDUs to neutral submissions, and submissions to PDUs: M-Send.req, M-Retrieve.conf and others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from transcode.wire.carried import bare, cleaned
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm1.headers import BY_NAME, needed_version
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.rules import is_multipart
from transcode.wire.submission import LeftOut, NeutralHeader, Submission, delivered
from transcode.wire.values import fits

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.model import HeaderValue, MessageType, SomeMessage

__all__ = ["DEFAULT_EXPIRY", "from_submission", "to_submission"]

#: The expiry of a message without X-Mms-Expiry, in seconds: seven days.
DEFAULT_EXPIRY = 7 * 86_400

#: The beginning of a notification's placeholder location, which the message ID follows. No host has this name
#: (RFC 2606, 2); the MMS centre replaces the location.
_NOWHERE = "http://mmsc.invalid/"

_CLASS, _SIZE, _EXPIRY, _LOCATION = (
    "X-Mms-Message-Class",
    "X-Mms-Message-Size",
    "X-Mms-Expiry",
    "X-Mms-Content-Location",
)
#: Optional headers of a notification (OMA-TS-MMS_ENC-V1_3, 6.2), in lower case.
_NOTIFIED = {
    "x-mms-delivery-report",
    "x-mms-priority",
    "x-mms-distribution-indicator",
    "x-mms-applic-id",
    "x-mms-reply-applic-id",
    "x-mms-aux-applic-info",
    "x-mms-content-class",
    "x-mms-drm-content",
    "x-mms-replace-id",
    "x-mms-reply-charging",
    "x-mms-reply-charging-deadline",
    "x-mms-reply-charging-id",
    "x-mms-reply-charging-size",
    "x-mms-recommended-retrieval-mode",
    "x-mms-recommended-retrieval-mode-text",
}
#: Headers, in lower case, that one PDU with content can't have, but the other can: those that only a client
#: sends, and those that only an MMS centre sends (OMA-TS-MMS_ENC-V1_3, 6.1 and 6.3).
_OF_THE_OTHER = {
    "m-retrieve-conf": {
        "x-mms-adaptation-allowed",
        "x-mms-delivery-time",
        "x-mms-expiry",
        "x-mms-sender-visibility",
        "x-mms-store",
    },
    "m-send-req": {
        "x-mms-content-location",
        "x-mms-retrieve-status",
        "x-mms-retrieve-text",
        "x-mms-stored",
    },
}
#: Headers, in lower case, that an MMS centre says of itself, or a client in its answers. In an M-Send.req
#: they are a sender's invention, and clients would believe them, and replace the message of another sender.
_OF_ANSWERS = {
    "x-mms-cancel-id",
    "x-mms-cancel-status",
    "x-mms-content-location",
    "x-mms-message-count",
    "x-mms-replace-id",
    "x-mms-report-allowed",
    "x-mms-response-status",
    "x-mms-response-text",
    "x-mms-retrieve-status",
    "x-mms-retrieve-text",
    "x-mms-status",
    "x-mms-status-text",
    "x-mms-store-status",
    "x-mms-store-status-text",
    "x-mms-stored",
}


def to_submission(message: SomeMessage) -> Submission[SomeMessage]:
    """Return a PDU as a submission. Submissions have the header names of MM1."""
    headers = tuple(NeutralHeader(name, name, value) for name, value in message.headers)
    if message.message_type == "m-delivery-ind":
        message = _delivery_report(message)
    return Submission(message, headers, "mm1")


def _delivery_report(message: SomeMessage) -> SomeMessage:
    """Return an M-Delivery.ind with who got the message in sender, as in submissions."""
    told = []
    if message.sender is not None:
        told.append(f"M-Delivery.ind has no From, which is left out: {message.sender!r}")
    if len(message.to) > 1:
        told.append(f"To has {len(message.to)} addresses, and only the first is used: {message.to!r}")
    return replace(
        message,
        sender=next(iter(message.to), None),
        to=(),
        oddities=(*message.oddities, *told),
    )


def from_submission(submission: Submission[SomeMessage], message_type: MessageType) -> SomeMessage:
    """Return a submission as a PDU of a type.

    The version is 1.2, or 1.3 where a header needs it. M-Retrieve.conf and M-Notification.ind do not have the
    headers of M-Send.req for the MMS centre, the addresses of Bcc, and a sender who hides. Reports have no
    transaction id and no body.
    """
    told: list[str] = []
    if message_type == "m-notification-ind":
        return _notification(submission, told.append, told)
    is_pdu = submission.form == "mm1"
    retrieved = message_type == "m-retrieve-conf"
    if retrieved:
        submission = delivered(submission, told.append)
    others = _OF_THE_OTHER.get(message_type, set())
    if retrieved and submission.message.message_type == "m-send-req":
        others = others | _OF_ANSWERS
    pdu_type = PDU_TYPES[message_type]
    message = cleaned(submission.message, told.append)
    left = LeftOut("MM1", told.append, shows_values=submission.shows_values)
    unsaid = LeftOut(pdu_type.name, told.append, shows_values=False)
    kept: list[tuple[str, HeaderValue]] = []
    for name, given, value in submission.headers:
        known = None if name is None else BY_NAME.get(name.lower())
        if name is not None and name.lower() in others:
            unsaid.add(given, value)
        elif known is None and is_pdu:
            kept.append((given, value))
        elif known is None or not fits(known.value.write, value):
            left.add(given, value)
        elif known.name == "Message-ID" and message_type == "m-send-req":
            # The MMS centre assigns the Message-ID of a client's submission.
            left.add(given, value)
        else:
            kept.append((known.name, value))
    lacks_id = retrieved and is_pdu and submission.header("Message-ID") is None
    if lacks_id and message.transaction_id is not None:
        kept.append(("Message-ID", message.transaction_id))
    kind = message.content_type if pdu_type.body else None
    parts = message.parts if pdu_type.body else ()
    if message.content_type is not None and not pdu_type.body:
        told.append(f"{pdu_type.name} has no body: {message.content_type} is left out")
    if kind is not None and not is_multipart(kind):
        parts = tuple(bare(part, told.append) for part in parts)
    left.tell()
    unsaid.tell()
    to, sender = message.to, message.sender
    if message_type == "m-delivery-ind":
        # M-Delivery.ind names in To who got the message, and has no From.
        if to:
            told.append(f"M-Delivery.ind does not name the sender of the message: {', '.join(to)}")
        to, sender = () if sender is None else (sender,), None
    return replace(
        message,
        message_type=message_type,
        version=needed_version(kept),
        transaction_id=message.transaction_id if pdu_type.body else None,
        sender=sender,
        to=to,
        headers=tuple(kept),
        content_type=kind,
        parameters=message.parameters if pdu_type.body else (),
        parts=parts,
        oddities=(*message.oddities, *told),
    )


def _notification(
    submission: Submission[SomeMessage], odd: Callable[[str], None], told: list[str]
) -> SomeMessage:
    """Return the M-Notification.ind for a message, with its size, sender, subject and location.

    The size is that of the M-Retrieve.conf, in octets. Unless headers state them, the class is Personal,
    the expiry DEFAULT_EXPIRY and the location a placeholder; the oddities report the last two.
    """
    retrieved = from_submission(submission, "m-retrieve-conf")
    # A notification has no recipients.
    message = replace(submission.message, to=(), cc=(), bcc=())
    message = cleaned(delivered(replace(submission, message=message), odd).message, odd)
    left = LeftOut("M-Notification.ind", odd, shows_values=False)
    is_submitted = submission.message.message_type == "m-send-req"
    stated: dict[str, HeaderValue] = {}
    kept: list[tuple[str, HeaderValue]] = []
    for name, given, value in submission.headers:
        known = None if name is None else BY_NAME.get(name.lower())
        if known is None or not fits(known.value.write, value):
            left.add(given, value)
        elif known.name in (_CLASS, _EXPIRY, _LOCATION):
            stated[known.name] = value
        elif known.name.lower() in _NOTIFIED - (_OF_ANSWERS if is_submitted else set()):
            kept.append((known.name, value))
        elif known.name != _SIZE:
            left.add(given, value)
    left.tell()
    known_as = submission.header("Message-ID") or message.transaction_id or ""
    location = stated.get(_LOCATION)
    if location is None:
        location = _NOWHERE + quote(str(known_as), safe="")
        odd(f"{_LOCATION} is not stated: the placeholder {location} is used")
    if _EXPIRY not in stated:
        odd(f"{_EXPIRY} is not stated: {DEFAULT_EXPIRY:,} seconds are used")
    headers = (
        (_CLASS, stated.get(_CLASS, "Personal")),
        (_SIZE, pdu_writer.length(retrieved)),
        (_EXPIRY, stated.get(_EXPIRY, ("relative", DEFAULT_EXPIRY))),
        *kept,
        (_LOCATION, location),
    )
    return replace(
        message,
        message_type="m-notification-ind",
        version=needed_version(headers),
        transaction_id=message.transaction_id or (str(known_as) or None),
        headers=headers,
        content_type=None,
        parameters=(),
        parts=(),
        limit=None,
        reports=(),
        oddities=(*message.oddities, *told),
    )
