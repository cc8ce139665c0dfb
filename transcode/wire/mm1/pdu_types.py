"""The types of PDUs and their required contents (OMA-TS-MMS_ENC-V1_3, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from transcode.model import MessageType

__all__ = ["FIELDS", "FIELD_NAMES", "PDU_TYPES", "PduType"]

#: Headers that are fields of a message.
FIELDS = {
    "X-Mms-Message-Type",
    "X-Mms-Transaction-Id",
    "X-Mms-MMS-Version",
    "From",
    "To",
    "Cc",
    "Bcc",
    "Subject",
}
#: Headers, in lower case, that MessageFields.headers must not have, because fields of the message set them.
FIELD_NAMES = {"content-type", *(name.lower() for name in FIELDS)}


class PduType(NamedTuple):
    """The contents of PDUs of one type.

    Attributes:
        name: the type in OMA spelling.
        body: whether the PDU has a body.
        required: the headers that the PDU must have (OMA-TS-MMS_ENC-V1_3).
        addressed: whether the PDU must have To, Cc or Bcc.
        by_client: whether a client sends the PDU, so that the network may insert the client's address.
        bodiless: whether the body may be missing.
        counted: whether the PDU reports on several messages, so that a count in front of each location and
            status assigns them to each other.
        since: the MMS version that introduced the type; "1.0" for types of 1.0 and 1.1.
    """

    name: str
    body: bool
    required: tuple[str, ...]
    addressed: bool = False
    by_client: bool = False
    bodiless: bool = False
    counted: bool = False
    since: str = "1.0"


_TRANSACTION_ID = "X-Mms-Transaction-Id"
_REPORT = ("Message-ID", "To")
_LOCATED = (_TRANSACTION_ID, "X-Mms-Content-Location")
_ANSWERED = (_TRANSACTION_ID, "X-Mms-Response-Status")
_STORED = (_TRANSACTION_ID, "X-Mms-Store-Status")

PDU_TYPES: dict[MessageType, PduType] = {
    "m-send-req": PduType(
        "M-Send.req", body=True, required=(_TRANSACTION_ID, "From"), addressed=True, by_client=True
    ),
    "m-send-conf": PduType("M-Send.conf", body=False, required=(_TRANSACTION_ID, "X-Mms-Response-Status")),
    "m-notification-ind": PduType(
        "M-Notification.ind",
        body=False,
        required=(
            _TRANSACTION_ID,
            "X-Mms-Message-Class",
            "X-Mms-Message-Size",
            "X-Mms-Expiry",
            "X-Mms-Content-Location",
        ),
    ),
    "m-notifyresp-ind": PduType("M-NotifyResp.ind", body=False, required=(_TRANSACTION_ID, "X-Mms-Status")),
    "m-retrieve-conf": PduType("M-Retrieve.conf", body=True, required=("Date",)),
    "m-acknowledge-ind": PduType("M-Acknowledge.ind", body=False, required=(_TRANSACTION_ID,)),
    "m-delivery-ind": PduType("M-Delivery.ind", body=False, required=(*_REPORT, "Date", "X-Mms-Status")),
    "m-read-rec-ind": PduType(
        "M-Read-Rec.ind", body=False, required=(*_REPORT, "From", "X-Mms-Read-Status"), by_client=True
    ),
    "m-read-orig-ind": PduType(
        "M-Read-Orig.ind", body=False, required=(*_REPORT, "From", "Date", "X-Mms-Read-Status")
    ),
    "m-forward-req": PduType(
        "M-Forward.req",
        body=False,
        required=(_TRANSACTION_ID, "From", "X-Mms-Content-Location"),
        addressed=True,
        by_client=True,
    ),
    "m-forward-conf": PduType(
        "M-Forward.conf", body=False, required=(_TRANSACTION_ID, "X-Mms-Response-Status")
    ),
    "m-mbox-store-req": PduType("M-Mbox-Store.req", body=False, required=_LOCATED, since="1.2"),
    "m-mbox-store-conf": PduType("M-Mbox-Store.conf", body=False, required=_STORED, since="1.2"),
    "m-mbox-view-req": PduType("M-Mbox-View.req", body=False, required=(_TRANSACTION_ID,), since="1.2"),
    "m-mbox-view-conf": PduType(
        "M-Mbox-View.conf", body=True, required=_ANSWERED, bodiless=True, since="1.2"
    ),
    "m-mbox-upload-req": PduType("M-Mbox-Upload.req", body=True, required=(_TRANSACTION_ID,), since="1.2"),
    "m-mbox-upload-conf": PduType("M-Mbox-Upload.conf", body=False, required=_STORED, since="1.2"),
    "m-mbox-delete-req": PduType("M-Mbox-Delete.req", body=False, required=_LOCATED, since="1.2"),
    "m-mbox-delete-conf": PduType(
        "M-Mbox-Delete.conf", body=False, required=_ANSWERED, counted=True, since="1.2"
    ),
    "m-mbox-descr": PduType("M-Mbox-Descr", body=True, required=(), bodiless=True, since="1.2"),
    "m-delete-req": PduType("M-Delete.req", body=False, required=_LOCATED, since="1.3"),
    "m-delete-conf": PduType("M-Delete.conf", body=False, required=_ANSWERED, counted=True, since="1.3"),
    "m-cancel-req": PduType(
        "M-Cancel.req", body=False, required=(_TRANSACTION_ID, "X-Mms-Cancel-ID"), since="1.3"
    ),
    "m-cancel-conf": PduType(
        "M-Cancel.conf", body=False, required=(_TRANSACTION_ID, "X-Mms-Cancel-Status"), since="1.3"
    ),
}
