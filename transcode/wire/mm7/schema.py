"""The tables of MM7 (3GPP TS 23.140, XML schemas REL-5-MM7-1-0 to REL-6-MM7-1-4), for writer and reader.

A Schema has the elements of one message type in order, and its required elements. An Element has the type of
its value (value_types).
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

#: The namespace of a schema without the name of its release, which follows.
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

#: Texts by status code (3GPP TS 23.140, table "status codes"). 1000 is success, 1100 partial success, 2xxx a
#: fault of the client, 3xxx of the server, 4xxx of the service.
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
        value: the type of the element's value.
        release: the 3GPP release that added the element, 5 or 6.
    """

    value: ValueType
    release: int = 5


class Schema(NamedTuple):
    """The elements of one message type.

    Attributes:
        root: the name of the root element.
        elements: the names of the root's children in order: headers, fields of the message and groups.
        required: the names of the required elements.
        fault: whether the root is the detail of a SOAP fault.
    """

    root: str
    elements: tuple[str, ...]
    required: tuple[str, ...]
    fault: bool = False

    def places(self) -> Iterator[str]:
        """Yield the names of all elements, including those within groups."""
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

#: Elements with a list, and the name of the list's entries. Each entry is a header.
REPEATED = {
    "MessageExtraData": "element",
    "Previouslysentby": "UserAgent",
    "Previouslysentdateandtime": "DateTime",
}

#: Elements that are fields of the message.
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

#: Elements that contain only other elements, and the names of these in order.
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
    """Return the schema release for an MM7Version, for messages without another namespace."""
    return "REL-5-MM7-1-2" if version.startswith("5.") else "REL-6-MM7-1-4"
