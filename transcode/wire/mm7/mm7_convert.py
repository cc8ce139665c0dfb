"""Conversions between MM7 messages and Submission, the neutral form of all conversions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from transcode.model import MessageFields
from transcode.wire.addresses import with_addresses
from transcode.wire.carried import as_in_soap, cleaned
from transcode.wire.mm7 import mm7, report_convert
from transcode.wire.mm7.address_elements import typed, untyped_short_code
from transcode.wire.mm7.schema import ELEMENTS, REPEATED, SCHEMAS
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION
from transcode.wire.rules import is_multipart
from transcode.wire.submission import (
    MULTIPART,
    WAP_MULTIPART,
    LeftOut,
    NeutralHeader,
    Submission,
    delivered,
)
from transcode.wire.values import fits

if TYPE_CHECKING:
    from transcode.model import HeaderValue, MessageType, SomeMessage

__all__ = ["ProviderNames", "from_submission", "identity_length", "to_submission", "with_names"]

#: Names of MM1 headers by the names of MM7 headers with the same meaning and the same values.
_NAMES = {
    "MessageClass": "X-Mms-Message-Class",
    "TimeStamp": "Date",
    "EarliestDeliveryTime": "X-Mms-Delivery-Time",
    "ExpiryDate": "X-Mms-Expiry",
    "DeliveryReport": "X-Mms-Delivery-Report",
    "ReadReply": "X-Mms-Read-Report",
    "Priority": "X-Mms-Priority",
    "DistributionIndicator": "X-Mms-Distribution-Indicator",
    "ApplicID": "X-Mms-Applic-ID",
    "ReplyApplicID": "X-Mms-Reply-Applic-ID",
    "AuxApplicInfo": "X-Mms-Aux-Applic-Info",
    "ContentClass": "X-Mms-Content-Class",
    "DRMContent": "X-Mms-DRM-Content",
    "allowAdaptations": "X-Mms-Adaptation-Allowed",
    "Previouslysentby": "X-Mms-Previously-Sent-By",
    "Previouslysentdateandtime": "X-Mms-Previously-Sent-Date",
}
#: The same table in both directions, by names in lower case: header names are case-insensitive.
_TO_MM1 = {name.lower(): mm1 for name, mm1 in _NAMES.items()}
_TO_MM7 = {mm1.lower(): name for name, mm1 in _NAMES.items()}
#: Headers that only MM7 has and that a conversion between MM7 types keeps: they do not identify a provider.
_OF_MESSAGES = {"messageextradata": "MessageExtraData", "xmlns": "xmlns"}


class ProviderNames(TypedDict, total=False):
    """The keyword arguments of with_names, for functions that pass them on."""

    vaspid: str | None
    vasid: str | None
    service_code: str | None


def with_names(
    message: SomeMessage,
    *,
    vaspid: str | None = None,
    vasid: str | None = None,
    service_code: str | None = None,
) -> SomeMessage:
    """Return a SubmitReq with headers that identify the provider.

    Args:
        message: an MM7 message.
        vaspid: the provider's id at the MMSC (VASPID).
        vasid: the id of the provider's service (VASID).
        service_code: the billing code (ServiceCode).
    """
    who = (("VASPID", vaspid), ("VASID", vasid), ("ServiceCode", service_code))
    named = tuple((name, value) for name, value in who if value is not None)
    return replace(message, headers=(*named, *message.headers))


def identity_length(
    *, vaspid: str | None = None, vasid: str | None = None, service_code: str | None = None
) -> int:
    """Return the most octets that with_names adds to a submission.

    Raises:
        MessageError: a name can't be sent.
    """
    plain = MessageFields("mm7-submit-req", version=DEFAULT_VERSION, to=("1",), content_type=None)
    named = with_names(plain, vaspid=vaspid, vasid=vasid, service_code=service_code)
    return mm7.length(named) - mm7.length(plain)


def to_submission(message: SomeMessage) -> Submission[SomeMessage]:
    """Convert a SubmitReq, a DeliverReq or a report to a neutral Submission."""
    if message.message_type in report_convert.REPORTS:
        return report_convert.to_submission(message)
    told: list[str] = []
    message = cleaned(message, told.append)
    neutral = replace(
        with_addresses(message, typed),
        content_type=message.content_type and message.content_type.replace(MULTIPART, WAP_MULTIPART),
        oddities=(*message.oddities, *told),
    )
    headers = tuple(NeutralHeader(_TO_MM1.get(name.lower()), name, value) for name, value in message.headers)
    return Submission(neutral, headers, "mm7", shows_values=True)


def from_submission(submission: Submission[SomeMessage], message_type: MessageType) -> SomeMessage:
    """Convert a neutral Submission to a SubmitReq, a DeliverReq or a report.

    A sender of three to eight digits becomes a short code, and so do such recipients of a DeliverReq. Headers
    that MM7 does not have are left out and named in the oddities. A DeliverReq has no Bcc, no hidden sender
    and no headers for the MMSC alone; its LinkedID is the message id. report_convert has the reports.
    """
    if message_type in report_convert.REPORTS:
        return report_convert.from_submission(submission, message_type)
    told: list[str] = []
    delivery = message_type == "mm7-deliver-req"
    if delivery:
        submission = delivered(submission, told.append)
    message = as_in_soap(submission.message, told.append)
    places = set(SCHEMAS[message_type].places())
    left = LeftOut("MM7", told.append, shows_values=True)
    headers: list[tuple[str, HeaderValue]] = []
    for name, given, value in submission.headers:
        here = _TO_MM7.get((name or "").lower(), "")
        if name is None and submission.form == "mm7":
            here = _OF_MESSAGES.get(given.lower(), "")
        elif delivery and name is not None and name.lower() == "message-id":
            here = "LinkedID"
        attribute = here == "allowAdaptations" and message.content_type is not None and not delivery
        if here in dict(headers) and here not in REPEATED:
            told.append(f"a second {given} is left out: {value!r}")
        elif attribute or here == "xmlns" or (here in places and fits(ELEMENTS[here].value.write, value)):
            headers.append((here, value))
        else:
            left.add(given, value)
    content_type, parts = message.content_type, message.parts
    if content_type is not None and not is_multipart(content_type):
        # The element Content refers to the part by its Content-ID.
        parts = tuple(replace(part, content_id=part.content_id or "content") for part in parts)
    return replace(
        message,
        message_type=message_type,
        version=message.version if submission.form == "mm7" else DEFAULT_VERSION,
        sender=None if message.sender is None else untyped_short_code(message.sender),
        to=tuple(map(untyped_short_code, message.to)) if delivery else message.to,
        cc=tuple(map(untyped_short_code, message.cc)) if delivery else message.cc,
        headers=tuple(headers),
        content_type=content_type and content_type.replace(WAP_MULTIPART, MULTIPART),
        parts=parts,
        oddities=(*message.oddities, *told),
    )
