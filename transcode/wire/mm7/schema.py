"""The tables of MM7 (3GPP TS 23.140, the XML schemas REL-5-MM7-1-0 to REL-6-MM7-1-4), for both directions.

A schema tells which elements a message has, in which order, and which it must have;
an element tells of what type its value is, and the type holds a writer and a reader.
Values in Python::

    text, token               str; of a token blanks around it mean nothing
    word                      str, one of a list
    yes or no                 bool
    number                    int
    date                      int, in seconds since 1970
    time                      ("absolute" or "relative", int), in seconds
    numbers, texts            a tuple
    attributes                (name, text, name, text ...)
    address                   str in wire form
    counted                   (int, value)
    key and value             (str, str)

An address in wire form is that of MM1 (OMA-TS-MMS_ENC-V1_3, 8): ``+15555550100/TYPE=PLMN``
is a Number here, ``someone@example.org`` an RFC2822Address, and ``12345`` a ShortCode.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from transcode.wire import times, values
from transcode.wire.addresses import with_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree import ElementTree

    from transcode.model import HeaderValue, MessageType

    Odd = Callable[[str], None]

__all__ = [
    "BLANKS",
    "BY_ROOT",
    "ELEMENTS",
    "FIELDS",
    "GROUPS",
    "NAMESPACE",
    "RELEASES",
    "REPEATED",
    "SCHEMAS",
    "STATUS_CODES",
    "TRUE_FALSE",
    "Element",
    "Schema",
    "ValueType",
    "attribute",
    "bare_address",
    "default_release",
    "escaped",
    "local_name",
    "read_address",
    "write_address",
]

#: In front of the name of a release this is the namespace of its schema.
NAMESPACE = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/"

RELEASES = (
    "REL-5-MM7-1-0",
    "REL-5-MM7-1-1",
    "REL-5-MM7-1-2",
    "REL-5-MM7-1-3",
    "REL-5-MM7-1-5",
    "REL-6-MM7-1-0",
    "REL-6-MM7-1-1",
    "REL-6-MM7-1-2",
    "REL-6-MM7-1-3",
    "REL-6-MM7-1-4",
)

#: TS 23.140, table "status codes". The thousand tells the kind: done, done in part, the
#: client's fault, the server's, the service's.
STATUS_CODES = {
    1000: "Success",
    1100: "Partial success",
    2000: "Client error",
    2001: "Operation restricted",
    2002: "Address error",
    2003: "Address not found",
    2004: "Multimedia content refused",
    2005: "Message ID not found",
    2006: "LinkedID not found",
    2007: "Message format corrupt",
    3000: "Server error",
    3001: "Not possible",
    3002: "Message rejected",
    3003: "Multiple addresses not supported",
    4000: "General service error",
    4001: "Improper identification",
    4002: "Unsupported version",
    4003: "Unsupported operation",
    4004: "Validation error",
    4005: "Service error",
    4006: "Service unavailable",
    4007: "Service denied",
}

#: What XML 1.0 has no place for (2.2 "Characters").
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What XML takes for blanks.
BLANKS = " \t\r\n"
#: The values of a boolean.
TRUE_FALSE = {"true": True, "1": True, "false": False, "0": False}
_DAY = 86_400
#: A number of seconds below this one (2001) is a span, and no time since 1970.
_A_DATE = 1_000_000_000
_NUMBER = re.compile(r"[0-9]{1,18}")
_PLMN = "/TYPE=PLMN"
#: A phone number that is no short code.
_WHOLE_NUMBER = re.compile(r"\+[0-9]{3,20}|[0-9]{9,20}")
_ADDRESSES = {name.lower(): name for name in ("Number", "RFC2822Address", "ShortCode")}


class ValueType(NamedTuple):
    """How the values of an element are written and read.

    Attributes:
        write: gives the attributes, each with a blank in front, and the content; raises
            ValueError for a value that can't be sent.
        read: gives the value of an element, and tells what is odd about it.
    """

    write: Callable[[HeaderValue], tuple[str, str]]
    read: Callable[[ElementTree.Element, Odd], HeaderValue]


class Element(NamedTuple):
    """An element that is a header of a message.

    Attributes:
        value: the type of its value.
        release: which brought it in, 5 or 6.
    """

    value: ValueType
    release: int = 5


class Schema(NamedTuple):
    """What a message consists of.

    Attributes:
        root: the name of its element.
        elements: those in it, in order; fields of the message and groups among them.
        required: those that it must have.
        fault: whether it travels within a SOAP fault.
    """

    root: str
    elements: tuple[str, ...]
    required: tuple[str, ...]
    fault: bool = False

    def places(self) -> Iterator[str]:
        """The names of all elements, those within groups among them."""
        for name in self.elements:
            yield name
            yield from GROUPS.get(name, ())


def local_name(name: object) -> str:
    """The name of an element or attribute without its namespace; "" for what is neither."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def escaped(text: str) -> str:
    """Text as content of an element.

    Raises:
        ValueError: it holds what XML can't.
    """
    found = _NO_XML.search(text)
    if found:
        raise ValueError(f"U+{ord(found[0]):04X} can't stand in XML")
    return html.escape(text, quote=False).replace("\r", "&#13;")


def attribute(name: str, text: str) -> str:
    """An attribute with a blank in front; its line ends are kept, which XML would make blanks of.

    Raises:
        ValueError: it holds what XML can't.
    """
    shown = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f' {name}="{shown}"'


def _text_of(element: ElementTree.Element, odd: Odd) -> str:
    if len(element):
        odd(f"{local_name(element.tag)} holds elements; only their text is kept")
    return "".join(element.itertext())


def _token_of(element: ElementTree.Element, odd: Odd) -> str:
    return _text_of(element, odd).strip(BLANKS)


def _write_token(value: HeaderValue) -> tuple[str, str]:
    text = values.text(value)
    if text != text.strip(BLANKS):
        raise ValueError(f"{text!r} has blanks around it")
    return "", escaped(text)


def _write_bool(value: HeaderValue) -> tuple[str, str]:
    return "", "true" if values.flag(value) else "false"


def _read_bool(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = _token_of(element, odd)
    found = TRUE_FALSE.get(text.lower())
    if found is None:
        odd(f"{local_name(element.tag)} is {text!r}, neither true nor false")
        return text
    return found


def _read_number(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = _token_of(element, odd)
    if _NUMBER.fullmatch(text):
        return int(text)
    odd(f"{local_name(element.tag)} is {text!r}, no number")
    return text


def _moment(text: str, odd: Odd) -> int | None:
    """A dateTime in seconds since 1970, or a number or a date of mail that stands in its place; else None."""
    found = times.date_time(text, odd)
    number = times.number(text, odd) if found is None else None
    if number is not None:
        odd(f"a time as a number: {text}")
        return number[0]
    if found is None and ":" in text:
        with suppress(ValueError, TypeError, OverflowError):
            found = times.mail_date(text, odd)
            odd(f"a time as in mail: {text!r}")
    return found


def _date_time(seconds: object) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ValueError(f"{seconds!r} is no whole number of seconds")
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{seconds:,} seconds since 1970 are out of the calendar") from error


def _read_date(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = _token_of(element, odd)
    found = _moment(text, odd)
    if found is None:
        odd(f"{local_name(element.tag)} is {text!r}, no time")
    return text if found is None else found


def _write_time(value: HeaderValue) -> tuple[str, str]:
    kind, seconds = values.pair(value)
    if kind == "absolute":
        return "", _date_time(seconds)
    if kind != "relative":
        raise ValueError(f"{kind!r} is neither 'absolute' nor 'relative'")
    days, rest = divmod(values.number(seconds, digits=18), _DAY)
    return "", f"P{days}D" + (f"T{rest}S" if rest else "")


def _read_time(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    text = _token_of(element, odd)
    span = times.duration(text, odd)
    if span is not None:
        return "relative", span
    seconds = _moment(text, odd)
    if seconds is None:
        odd(f"{local_name(element.tag)} is {text!r}, no time")
        return text
    return ("relative" if text.isdecimal() and seconds < _A_DATE else "absolute"), seconds


def _word(*words: str) -> ValueType:
    by_lower = {word.lower(): word for word in words}

    def write(value: HeaderValue) -> tuple[str, str]:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return "", str(value)

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        text = _token_of(element, odd)
        word = by_lower.get(text.lower())
        if word != text:
            odd(f"{local_name(element.tag)} is {text!r}, none of {', '.join(words)}")
        return text if word is None else word

    return ValueType(write, read)


def _attributes(*names: str) -> ValueType:
    """An element that has attributes only."""

    def write(value: HeaderValue) -> tuple[str, str]:
        texts = [values.text(entry) for entry in value] if isinstance(value, tuple) else [""]
        if len(texts) % 2 or not set(texts[::2]) <= set(names):
            raise ValueError(f"{value!r} are no attributes of {', '.join(names)}")
        pairs = dict(zip(texts[::2], texts[1::2], strict=True))
        return "".join(attribute(name, text) for name, text in pairs.items()), ""

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        # Some write elements for attributes.
        given = {local_name(child.tag): _token_of(child, odd) for child in element}
        given |= {local_name(name): text for name, text in element.items()}
        for name in given.keys() - set(names):
            odd(f"{local_name(element.tag)} has an attribute {name}, left out: {given[name]!r}")
        return tuple(entry for name in names if name in given for entry in (name, given[name]))

    return ValueType(write, read)


def _list(name: str, of: ValueType) -> ValueType:
    """An element that holds others of one name."""

    def write(value: HeaderValue) -> tuple[str, str]:
        if not isinstance(value, tuple) or not value:
            raise ValueError(f"{value!r} is no tuple of one and more")
        return "", "".join(f"<{name}>{of.write(entry)[1]}</{name}>" for entry in value)

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        found = [of.read(child, odd) for child in element if local_name(child.tag) == name]
        return tuple(entry for entry in found if not isinstance(entry, tuple))

    return ValueType(write, read)


def write_address(address: str, attributes: str = "") -> str:
    """An address as an element.

    Raises:
        ValueError: MM7 has none of its kind.
    """
    if address != address.strip(BLANKS) or not address:
        raise ValueError(f"{address!r} is no address")
    if address.upper().endswith(_PLMN):
        name, text = "Number", address[: -len(_PLMN)]
    elif "@" in address:
        name, text = "RFC2822Address", address
    elif "/TYPE=" in address.upper():
        raise ValueError(f"{address!r}: MM7 has phone numbers, mailboxes and short codes only")
    else:
        name, text = "Number" if address.startswith("+") else "ShortCode", address
    return f"<{name}{attributes}>{escaped(text)}</{name}>"


def bare_address(text: str, odd: Odd) -> str:
    """An address that stands where an element with one is due, in wire form."""
    odd(f"an address without an element: {text!r}")
    return text + _PLMN if _WHOLE_NUMBER.fullmatch(text) else text


def read_address(element: ElementTree.Element, odd: Odd) -> str | None:
    """The address of a Number, RFC2822Address or ShortCode in wire form; None for anything else."""
    name, text = local_name(element.tag), _token_of(element, odd)
    name = _ADDRESSES.get(name.lower(), name)
    if name not in _ADDRESSES.values():
        odd(f"an address is a {name}, left out: {text!r}")
        return None
    if not text:
        odd(f"an empty {name}, left out")
        return None
    if name == "Number" and "/TYPE=" not in text.upper():
        # As people write it, with blanks, brackets or ``tel:``.
        number = with_type(text).removesuffix(_PLMN)
        if number != text:
            odd(f"the number {text!r} is taken for {number}")
        return number + _PLMN
    if name == "Number":
        odd(f"the number {text!r} has a type")
    elif ("@" in text) != (name == "RFC2822Address") or text.upper().endswith(_PLMN):
        odd(f"{text!r} is called {name}")
    return text


def _write_address(value: HeaderValue) -> tuple[str, str]:
    return "", write_address(values.text(value))


def _read_address(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    found = [address for child in element if (address := read_address(child, odd)) is not None]
    return found[0] if found else ""


def _counted(name: str, of: ValueType) -> ValueType:
    """An element in the list of earlier senders: the sequence number is an attribute."""

    def write(value: HeaderValue) -> tuple[str, str]:
        sequence, rest = values.pair(value)
        mark, inner = attribute("sequence", str(values.number(sequence, digits=18))), of.write(rest)[1]
        return "", f"<{name}{mark}>{inner}</{name}>"

    def read(element: ElementTree.Element, odd: Odd) -> HeaderValue:
        rest = of.read(element, odd)
        number = next((text for key, text in element.items() if local_name(key) == "sequence"), "")
        if not _NUMBER.fullmatch(number):
            odd(f"{name} has no sequence")
        return int(number) if _NUMBER.fullmatch(number) else 0, "" if isinstance(rest, tuple) else rest

    return ValueType(write, read)


def _write_extra(value: HeaderValue) -> tuple[str, str]:
    key, text = values.pair(value)
    inner = f"<key>{escaped(values.text(key))}</key><value>{escaped(values.text(text))}</value>"
    return "", f"<element>{inner}</element>"


def _read_extra(element: ElementTree.Element, odd: Odd) -> HeaderValue:
    found = {local_name(child.tag): _text_of(child, odd) for child in element}
    return found.get("key", ""), found.get("value", "")


_TEXT = ValueType(lambda value: ("", escaped(values.text(value))), _text_of)
_TOKEN = ValueType(_write_token, _token_of)
_BOOL = ValueType(_write_bool, _read_bool)
_INTEGER = ValueType(lambda value: ("", str(values.number(value, digits=18))), _read_number)
_DATE = ValueType(lambda value: ("", _date_time(value)), _read_date)
_TIME = ValueType(_write_time, _read_time)
_ADDRESS = ValueType(_write_address, _read_address)
_STATUS = _word(
    "Expired",
    "Retrieved",
    "Rejected",
    "Indeterminate",
    "Forwarded",
    "Deferred",
    "Unrecognized",
    "Unreachable",
    "NotSupported",
    "Read",
    "Deleted",
)

#: Elements that are headers of a message.
ELEMENTS = {
    "ApplicID": Element(_TOKEN, 6),
    "AuxApplicInfo": Element(_TEXT, 6),
    "ChargedParty": Element(_word("Sender", "Recipient", "Both", "Neither", "ThirdParty")),
    "ChargedPartyID": Element(_TOKEN),
    "ContentClass": Element(_word(*values.CONTENT_CLASSES), 6),
    "DRMContent": Element(_BOOL, 6),
    "Date": Element(_DATE),
    "DeliveryCondition": Element(_list("DC", _INTEGER), 6),
    "DeliveryReport": Element(_BOOL),
    "Details": Element(_TEXT),
    "DistributionIndicator": Element(_BOOL),
    "EarliestDeliveryTime": Element(_TIME),
    "ExpiryDate": Element(_TIME),
    "LinkedID": Element(_TOKEN),
    "MMSRelayServerID": Element(_TOKEN),
    "MMStatus": Element(_STATUS),
    "MMStatusExtension": Element(_word("RejectionByMMSRecipient", "RejectionByOtherRS"), 6),
    "MessageClass": Element(_word("Personal", "Informational", "Advertisement", "Auto")),
    "MessageExtraData": Element(ValueType(_write_extra, _read_extra), 6),
    "MessageID": Element(_TOKEN),
    "PreferredChannels": Element(_list("DeliverUsing", _TOKEN), 6),
    "Previouslysentby": Element(_counted("UserAgent", _ADDRESS), 6),
    "Previouslysentdateandtime": Element(_counted("DateTime", _DATE), 6),
    "Priority": Element(_word("Normal", "High", "Low")),
    "ReadReply": Element(_BOOL),
    "RecipientSPI": Element(_TOKEN, 6),
    "ReplyApplicID": Element(_TOKEN, 6),
    "ReplyCharging": Element(_attributes("replyChargingSize", "replyDeadline")),
    "ReplyChargingID": Element(_TOKEN),
    "SenderSPI": Element(_TOKEN, 6),
    "ServiceCode": Element(_TOKEN),
    "StatusCode": Element(_INTEGER),
    "StatusText": Element(_TEXT),
    "ThirdPartyPayer": Element(_ADDRESS, 6),
    "TimeStamp": Element(_DATE),
    "UACapabilities": Element(_attributes("UAProf", "TimeStamp"), 6),
    "VASID": Element(_TOKEN),
    "VASPID": Element(_TOKEN),
}

#: Elements that hold a list, each entry a header by itself; and the name of an entry there.
REPEATED = {
    "MessageExtraData": "element",
    "Previouslysentby": "UserAgent",
    "Previouslysentdateandtime": "DateTime",
}

#: Elements that have a field of the message.
FIELDS = {
    "Bcc",
    "Cc",
    "Content",
    "MM7Version",
    "Recipient",
    "Sender",
    "SenderAddress",
    "Subject",
    "To",
}

#: Elements that only hold others, in their order.
GROUPS = {
    "Recipients": ("To", "Cc", "Bcc"),
    "SenderIdentification": ("VASPID", "VASID", "SenderAddress"),
    "Status": ("StatusCode", "StatusText", "Details"),
}

_APPLICATION = ("ApplicID", "ReplyApplicID", "AuxApplicInfo")
_ASKED = ("MM7Version", "SenderIdentification")
_ANSWER = ("MM7Version", "Status")
_ANSWERED = ("TransactionID", "MM7Version", "StatusCode", "StatusText")
_RELAYED = ("MM7Version", "MMSRelayServerID")
_REPORTED = ("TransactionID", "MM7Version", "MessageID", "Recipient", "Sender", "MMStatus")

SCHEMAS: dict[MessageType, Schema] = {
    "mm7-submit-req": Schema(
        "SubmitReq",
        (
            *_ASKED,
            "Recipients",
            "PreferredChannels",
            "ServiceCode",
            "LinkedID",
            "MessageClass",
            "TimeStamp",
            "ReplyCharging",
            "EarliestDeliveryTime",
            "ExpiryDate",
            "DeliveryReport",
            "ReadReply",
            "Priority",
            "Subject",
            "ChargedParty",
            "ChargedPartyID",
            "ThirdPartyPayer",
            "DistributionIndicator",
            "DeliveryCondition",
            *_APPLICATION,
            "ContentClass",
            "DRMContent",
            "Content",
            "MessageExtraData",
        ),
        ("TransactionID", "MM7Version", "Recipients"),
    ),
    "mm7-submit-rsp": Schema("SubmitRsp", (*_ANSWER, "MessageID"), (*_ANSWERED, "MessageID")),
    "mm7-deliver-req": Schema(
        "DeliverReq",
        (
            *_RELAYED,
            "VASPID",
            "VASID",
            "LinkedID",
            "Sender",
            "Recipients",
            "Previouslysentby",
            "Previouslysentdateandtime",
            "SenderSPI",
            "RecipientSPI",
            "TimeStamp",
            "ReplyChargingID",
            "Priority",
            "Subject",
            *_APPLICATION,
            "UACapabilities",
            "Content",
            "MessageExtraData",
        ),
        ("TransactionID", "MM7Version", "Sender"),
    ),
    "mm7-deliver-rsp": Schema("DeliverRsp", (*_ANSWER, "ServiceCode"), _ANSWERED),
    "mm7-cancel-req": Schema(
        "CancelReq",
        (*_ASKED, "MessageID", "Recipients", *_APPLICATION),
        ("TransactionID", "MM7Version", "MessageID"),
    ),
    "mm7-cancel-rsp": Schema("CancelRsp", _ANSWER, _ANSWERED),
    "mm7-replace-req": Schema(
        "ReplaceReq",
        (
            *_ASKED,
            "MessageID",
            "ServiceCode",
            "TimeStamp",
            "ReadReply",
            "EarliestDeliveryTime",
            "DistributionIndicator",
            "ContentClass",
            "DRMContent",
            *_APPLICATION,
            "Content",
            "MessageExtraData",
        ),
        ("TransactionID", "MM7Version", "MessageID"),
    ),
    "mm7-replace-rsp": Schema("ReplaceRsp", _ANSWER, _ANSWERED),
    "mm7-delivery-report-req": Schema(
        "DeliveryReportReq",
        (
            *_RELAYED,
            "MessageID",
            "Recipient",
            "Sender",
            "Date",
            "MMStatus",
            "MMStatusExtension",
            "StatusText",
            *_APPLICATION,
            "UACapabilities",
        ),
        (*_REPORTED, "Date"),
    ),
    "mm7-delivery-report-rsp": Schema("DeliveryReportRsp", _ANSWER, _ANSWERED),
    "mm7-read-reply-req": Schema(
        "ReadReplyReq",
        (
            *_RELAYED,
            "MessageID",
            "Recipient",
            "Sender",
            "TimeStamp",
            "MMStatus",
            "StatusText",
            *_APPLICATION,
        ),
        (*_REPORTED, "TimeStamp"),
    ),
    "mm7-read-reply-rsp": Schema("ReadReplyRsp", _ANSWER, _ANSWERED),
    "mm7-rs-error-rsp": Schema("RSErrorRsp", _ANSWER, _ANSWERED, fault=True),
    "mm7-vasp-error-rsp": Schema("VASPErrorRsp", _ANSWER, _ANSWERED, fault=True),
}

BY_ROOT = {schema.root: message_type for message_type, schema in SCHEMAS.items()}


def default_release(version: str) -> str:
    """The release whose schema a message of this MM7Version has, if it names no other."""
    return "REL-5-MM7-1-2" if version.startswith("5.") else "REL-6-MM7-1-4"
