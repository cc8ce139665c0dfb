"""The tables of MM7 (3GPP TS 23.140, the XML schemas REL-5-MM7-1-0 to REL-6-MM7-1-4), for both directions.

A schema tells which elements a message has, in which order, and which it must have;
an element tells of what type its value is (value_types).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.wire import values
from transcode.wire.mm7.value_types import (
    ADDRESS,
    BOOL,
    DATE,
    EXTRA,
    INTEGER,
    TEXT,
    TIME,
    TOKEN,
    attributes,
    counted,
    list_of,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.model import MessageType
    from transcode.wire.mm7.value_types import ValueType

__all__ = [
    "BY_ROOT",
    "ELEMENTS",
    "FIELDS",
    "GROUPS",
    "NAMESPACE",
    "RELEASES",
    "REPEATED",
    "SCHEMAS",
    "STATUS_CODES",
    "Element",
    "Schema",
    "default_release",
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


_STATUS = word(
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
    "ApplicID": Element(TOKEN, 6),
    "AuxApplicInfo": Element(TEXT, 6),
    "ChargedParty": Element(word("Sender", "Recipient", "Both", "Neither", "ThirdParty")),
    "ChargedPartyID": Element(TOKEN),
    "ContentClass": Element(word(*values.CONTENT_CLASSES), 6),
    "DRMContent": Element(BOOL, 6),
    "Date": Element(DATE),
    "DeliveryCondition": Element(list_of("DC", INTEGER), 6),
    "DeliveryReport": Element(BOOL),
    "Details": Element(TEXT),
    "DistributionIndicator": Element(BOOL),
    "EarliestDeliveryTime": Element(TIME),
    "ExpiryDate": Element(TIME),
    "LinkedID": Element(TOKEN),
    "MMSRelayServerID": Element(TOKEN),
    "MMStatus": Element(_STATUS),
    "MMStatusExtension": Element(word("RejectionByMMSRecipient", "RejectionByOtherRS"), 6),
    "MessageClass": Element(word("Personal", "Informational", "Advertisement", "Auto")),
    "MessageExtraData": Element(EXTRA, 6),
    "MessageID": Element(TOKEN),
    "PreferredChannels": Element(list_of("DeliverUsing", TOKEN), 6),
    "Previouslysentby": Element(counted("UserAgent", ADDRESS), 6),
    "Previouslysentdateandtime": Element(counted("DateTime", DATE), 6),
    "Priority": Element(word("Normal", "High", "Low")),
    "ReadReply": Element(BOOL),
    "RecipientSPI": Element(TOKEN, 6),
    "ReplyApplicID": Element(TOKEN, 6),
    "ReplyCharging": Element(attributes("replyChargingSize", "replyDeadline")),
    "ReplyChargingID": Element(TOKEN),
    "SenderSPI": Element(TOKEN, 6),
    "ServiceCode": Element(TOKEN),
    "StatusCode": Element(INTEGER),
    "StatusText": Element(TEXT),
    "ThirdPartyPayer": Element(ADDRESS, 6),
    "TimeStamp": Element(DATE),
    "UACapabilities": Element(attributes("UAProf", "TimeStamp"), 6),
    "VASID": Element(TOKEN),
    "VASPID": Element(TOKEN),
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
