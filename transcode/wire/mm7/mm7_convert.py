"""Between MM1 and MM7: what a phone submits as a provider's submission, and what comes over MM7 as a PDU."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from transcode.errors import MessageError
from transcode.model import MessageFields
from transcode.wire.carried import as_in_soap, bare, cleaned
from transcode.wire.mm1.headers import BY_NAME, needed_version
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.schema import ELEMENTS
from transcode.wire.mm7.schema_rules import DEFAULT_VERSION
from transcode.wire.rules import is_multipart
from transcode.wire.values import fits

if TYPE_CHECKING:
    from typing import Literal

    from transcode.model import HeaderValue, SomeMessage

__all__ = ["ProviderNames", "as_submission", "from_mm1", "identity_length", "to_mm1"]

#: Headers that both have, with values of one form: MM7's names by MM1's.
_NAMES = {
    "X-Mms-Message-Class": "MessageClass",
    "Date": "TimeStamp",
    "X-Mms-Delivery-Time": "EarliestDeliveryTime",
    "X-Mms-Expiry": "ExpiryDate",
    "X-Mms-Delivery-Report": "DeliveryReport",
    "X-Mms-Read-Report": "ReadReply",
    "X-Mms-Priority": "Priority",
    "X-Mms-Distribution-Indicator": "DistributionIndicator",
    "X-Mms-Applic-ID": "ApplicID",
    "X-Mms-Reply-Applic-ID": "ReplyApplicID",
    "X-Mms-Aux-Applic-Info": "AuxApplicInfo",
    "X-Mms-Content-Class": "ContentClass",
    "X-Mms-DRM-Content": "DRMContent",
    "X-Mms-Adaptation-Allowed": "allowAdaptations",
}
#: Those that only a delivery has are known in that direction.
_NAMES_BACK = {name: mm1 for mm1, name in _NAMES.items()} | {
    "Previouslysentby": "X-Mms-Previously-Sent-By",
    "Previouslysentdateandtime": "X-Mms-Previously-Sent-Date",
}
#: Both tables by names in lower case: names are the same in any case.
_TO_MM7 = {mm1.lower(): name for mm1, name in _NAMES.items()}
_TO_MM1 = {name.lower(): BY_NAME[mm1.lower()] for name, mm1 in _NAMES_BACK.items()}

#: Short codes have three to eight digits; no number with its country code is as short.
_SHORT_CODE = re.compile(r"([0-9]{3,8})/TYPE=PLMN", re.IGNORECASE)

_WAP = "application/vnd.wap.multipart."
_MIME = "multipart/"


class ProviderNames(TypedDict, total=False):
    """The arguments of from_mm1 that say who submits, to be handed on."""

    vaspid: str | None
    vasid: str | None
    service_code: str | None


def from_mm1(
    message: SomeMessage,
    *,
    vaspid: str | None = None,
    vasid: str | None = None,
    service_code: str | None = None,
    version: str = DEFAULT_VERSION,
) -> SomeMessage:
    """An M-Send.req as a SubmitReq.

    A sender of three to eight digits becomes a short code. Headers that MM7 does not
    have are left out, and named in the oddities.

    Args:
        message: what a client would send.
        vaspid: the provider, as the MMSC knows it.
        vasid: the provider's service.
        service_code: for the bill.
        version: the MM7Version.

    Raises:
        MessageError: it is of another type.
    """
    if message.message_type != "m-send-req":
        raise MessageError(f"message_type: {message.message_type!r} is no 'm-send-req'")
    who = (("VASPID", vaspid), ("VASID", vasid), ("ServiceCode", service_code))
    headers: list[tuple[str, HeaderValue]] = [(name, value) for name, value in who if value is not None]
    oddities = list(message.oddities)
    message = as_in_soap(message, oddities.append)
    for name, value in message.headers:
        here = _TO_MM7.get(name.lower(), "")
        attribute = here == "allowAdaptations" and message.content_type is not None
        if here in dict(headers):
            oddities.append(f"a second {name}, left out: {value!r}")
        elif attribute or (here in ELEMENTS and fits(ELEMENTS[here].value.write, value)):
            headers.append((here, value))
        else:
            oddities.append(f"{name} has no place in MM7, and is left out: {value!r}")
    sender = message.sender
    short = None if sender is None else _SHORT_CODE.fullmatch(sender)
    content_type, parts = message.content_type, message.parts
    if content_type is not None and not is_multipart(content_type):
        # Content refers to it.
        parts = tuple(replace(part, content_id=part.content_id or "content") for part in parts)
    return replace(
        message,
        message_type="mm7-submit-req",
        version=version,
        sender=short[1] if short else sender,
        headers=tuple(headers),
        content_type=content_type and content_type.replace(_WAP, _MIME),
        parts=parts,
        oddities=tuple(oddities),
    )


def as_submission(message: SomeMessage) -> SomeMessage:
    """An M-Send.req as a SubmitReq; any other message as it is."""
    return from_mm1(message) if message.message_type == "m-send-req" else message


def identity_length(
    *, vaspid: str | None = None, vasid: str | None = None, service_code: str | None = None
) -> int:
    """How many octets from_mm1's names add to a submission at most.

    Raises:
        MessageError: one of them can't be sent.
    """
    plain = MessageFields(to=("1",), content_type=None)
    named = from_mm1(plain, vaspid=vaspid, vasid=vasid, service_code=service_code)
    return mm7.length(named) - mm7.length(from_mm1(plain))


def to_mm1(message: SomeMessage, message_type: Literal["m-send-req", "m-retrieve-conf"]) -> SomeMessage:
    """A SubmitReq or DeliverReq as a PDU: as a client sends it, or as a client retrieves it.

    The version is 1.2, or 1.3 where a header asks for it. Headers that MM1 does not
    have, such as VASPID, are left out, and named in the oddities.

    Raises:
        MessageError: it is of another type.
    """
    if message.message_type not in ("mm7-submit-req", "mm7-deliver-req"):
        raise MessageError(f"message_type: {message.message_type!r} has no content to submit or deliver")
    headers: list[tuple[str, HeaderValue]] = []
    oddities = list(message.oddities)
    message = cleaned(message, oddities.append)
    for name, value in message.headers:
        known = _TO_MM1.get(name.lower())
        if known is not None and fits(known.value.write, value):
            headers.append((known.name, value))
        else:
            oddities.append(f"{name} has no place in MM1, and is left out: {value!r}")
    content_type, parts = message.content_type, message.parts
    if content_type is not None and not is_multipart(content_type):
        parts = tuple(bare(part, oddities.append) for part in parts)
    return replace(
        message,
        message_type=message_type,
        version=needed_version(headers),
        sender=None if message.sender is None else _typed(message.sender),
        to=tuple(map(_typed, message.to)),
        cc=tuple(map(_typed, message.cc)),
        bcc=tuple(map(_typed, message.bcc)),
        headers=tuple(headers),
        content_type=content_type and content_type.replace(_MIME, _WAP),
        parts=parts,
        oddities=tuple(oddities),
    )


def _typed(address: str) -> str:
    """A short code with the type that phones give it; other addresses as they are."""
    return f"{address}/TYPE=PLMN" if re.fullmatch(r"[0-9]{1,20}", address) else address
