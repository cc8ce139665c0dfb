"""Conversions between MM7 reports and Submission: DeliveryReportReq and ReadReplyReq.

Recipient is who got or read the message, Sender is the provider that sent it. The words of a status in
MM7 differ from those in MM1 and MM4, which are the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.wire.addresses import with_addresses
from transcode.wire.carried import as_in_soap, cleaned
from transcode.wire.mm7.address_elements import typed, untyped_short_code
from transcode.wire.mm7.schema import ELEMENTS
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION
from transcode.wire.submission import STATUS_EXTENSION, LeftOut, NeutralHeader, Submission
from transcode.wire.values import fits

if TYPE_CHECKING:
    from transcode.model import HeaderValue, MessageType, SomeMessage

__all__ = ["REPORTS", "from_submission", "to_submission"]

_STATUS, _READ_STATUS = "X-Mms-Status", "X-Mms-Read-Status"
_OF_BOTH = {
    "MessageID": "Message-ID",
    "StatusText": "X-Mms-Status-Text",
    "ApplicID": "X-Mms-Applic-ID",
    "ReplyApplicID": "X-Mms-Reply-Applic-ID",
    "AuxApplicInfo": "X-Mms-Aux-Applic-Info",
}
#: Names of a submission's headers by the names of MM7 headers with the same meaning, for each report.
REPORTS: dict[MessageType, dict[str, str]] = {
    "mm7-delivery-report-req": {
        "Date": "Date",
        "MMStatus": _STATUS,
        "MMStatusExtension": STATUS_EXTENSION,
        **_OF_BOTH,
    },
    "mm7-read-reply-req": {"TimeStamp": "Date", "MMStatus": _READ_STATUS, **_OF_BOTH},
}
#: Words of a submission's headers by the words of MM7. Each lists all words that both have.
_WORDS = {
    _STATUS: {
        **{word: word for word in ("Expired", "Retrieved", "Rejected", "Deferred")},
        **{word: word for word in ("Indeterminate", "Forwarded", "Unreachable")},
        "Unrecognized": "Unrecognised",
    },
    _READ_STATUS: {"Read": "Read", "Deleted": "Deleted without being read"},
    STATUS_EXTENSION: {
        "RejectionByMMSRecipient": "Rejection-By-MMS-Recipient",
        "RejectionByOtherRS": "Rejection-By-Other-RS",
    },
}
_WORDS_OF_MM7 = {
    header: {ours.lower(): theirs for theirs, ours in words.items()} for header, words in _WORDS.items()
}


def to_submission(message: SomeMessage) -> Submission[SomeMessage]:
    """Convert a report to a neutral Submission."""
    told: list[str] = []
    message = with_addresses(cleaned(message, told.append), typed)
    if len(message.to) > 1:
        told.append(f"Recipient has {len(message.to)} addresses, and only the first is used: {message.to!r}")
    names = {name.lower(): neutral for name, neutral in REPORTS[message.message_type].items()}
    headers = []
    for given, value in message.headers:
        name = names.get(given.lower())
        words = _WORDS.get(name or "", {})
        headers.append(
            NeutralHeader(name, given, words.get(value, value) if isinstance(value, str) else value)
        )
    neutral = replace(
        message,
        sender=next(iter(message.to), None),
        to=() if message.sender is None else (message.sender,),
        oddities=(*message.oddities, *told),
    )
    return Submission(neutral, tuple(headers), "mm7", shows_values=True)


def from_submission(submission: Submission[SomeMessage], message_type: MessageType) -> SomeMessage:
    """Convert a neutral Submission to a report.

    A report of MM7 has no subject and no content. What the submission lacks stays missing: M-Delivery.ind has
    neither the sender of the message nor a transaction id, which MM7 requires.
    """
    told: list[str] = []
    message = as_in_soap(submission.message, told.append)
    names = {neutral.lower(): name for name, neutral in REPORTS[message_type].items()}
    left = LeftOut("MM7", told.append, shows_values=True)
    headers: list[tuple[str, HeaderValue]] = []
    for name, given, value in submission.headers:
        here = names.get((name or "").lower())
        word = _word(REPORTS[message_type][here], value) if here is not None else None
        if here is None or word is None or not fits(ELEMENTS[here].value.write, word):
            left.add(given, value)
        elif here in dict(headers):
            told.append(f"a second {given} is left out: {value!r}")
        else:
            headers.append((here, word))
    if message.subject is not None:
        left.add("Subject", message.subject)
    for field, addresses in (("To", message.to[1:]), ("Cc", message.cc), ("Bcc", message.bcc)):
        if addresses:
            left.add(field, addresses)
    if message.content_type is not None:
        told.append(f"a report of MM7 has no content: {message.content_type} is left out")
    return replace(
        message,
        message_type=message_type,
        version=DEFAULT_VERSION,
        sender=next(map(untyped_short_code, message.to), None),
        to=() if message.sender is None else (message.sender,),
        cc=(),
        bcc=(),
        subject=None,
        headers=tuple(headers),
        content_type=None,
        parameters=(),
        parts=(),
        oddities=(*message.oddities, *told),
    )


def _word(header: str, value: HeaderValue) -> HeaderValue | None:
    """Return the value of a submission's header in MM7; None where MM7 has no word for it."""
    words = _WORDS_OF_MM7.get(header)
    if words is None:
        return value
    return words.get(value.lower()) if isinstance(value, str) else None
