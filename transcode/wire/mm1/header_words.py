"""The words of MMS headers by their octets (OMA-TS-MMS_ENC-V1_3, 7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire import values

if TYPE_CHECKING:
    from transcode.model import HeaderValue, MessageType

__all__ = [
    "CANCEL_STATUS",
    "CONTENT_CLASS",
    "MESSAGE_CLASS",
    "MESSAGE_TYPES",
    "MM_STATE",
    "PRIORITY",
    "READ_STATUS",
    "REPLY_CHARGING",
    "RESPONSE_STATUS",
    "RETRIEVE_STATUS",
    "STATUS",
    "STORE_STATUS",
    "VISIBILITY",
]

MESSAGE_TYPES: dict[int, MessageType] = {
    0x80: "m-send-req",
    0x81: "m-send-conf",
    0x82: "m-notification-ind",
    0x83: "m-notifyresp-ind",
    0x84: "m-retrieve-conf",
    0x85: "m-acknowledge-ind",
    0x86: "m-delivery-ind",
    0x87: "m-read-rec-ind",
    0x88: "m-read-orig-ind",
    0x89: "m-forward-req",
    0x8A: "m-forward-conf",
    0x8B: "m-mbox-store-req",
    0x8C: "m-mbox-store-conf",
    0x8D: "m-mbox-view-req",
    0x8E: "m-mbox-view-conf",
    0x8F: "m-mbox-upload-req",
    0x90: "m-mbox-upload-conf",
    0x91: "m-mbox-delete-req",
    0x92: "m-mbox-delete-conf",
    0x93: "m-mbox-descr",
    0x94: "m-delete-req",
    0x95: "m-delete-conf",
    0x96: "m-cancel-req",
    0x97: "m-cancel-conf",
}
RESPONSE_STATUS = {
    0x80: "Ok",
    0x81: "Error-unspecified",
    0x82: "Error-service-denied",
    0x83: "Error-message-format-corrupt",
    0x84: "Error-sending-address-unresolved",
    0x85: "Error-message-not-found",
    0x86: "Error-network-problem",
    0x87: "Error-content-not-accepted",
    0x88: "Error-unsupported-message",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-sending-address-unresolved",
    0xC2: "Error-transient-message-not-found",
    0xC3: "Error-transient-network-problem",
    0xC4: "Error-transient-partial-success",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-format-corrupt",
    0xE3: "Error-permanent-sending-address-unresolved",
    0xE4: "Error-permanent-message-not-found",
    0xE5: "Error-permanent-content-not-accepted",
    0xE6: "Error-permanent-reply-charging-limitations-not-met",
    0xE7: "Error-permanent-reply-charging-request-not-accepted",
    0xE8: "Error-permanent-reply-charging-forwarding-denied",
    0xE9: "Error-permanent-reply-charging-not-supported",
    0xEA: "Error-permanent-address-hiding-not-supported",
    0xEB: "Error-permanent-lack-of-prepaid",
}
RETRIEVE_STATUS = {
    0x80: "Ok",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-message-not-found",
    0xC2: "Error-transient-network-problem",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-not-found",
    0xE3: "Error-permanent-content-unsupported",
}
STATUS = {
    0x80: "Expired",
    0x81: "Retrieved",
    0x82: "Rejected",
    0x83: "Deferred",
    0x84: "Unrecognised",
    0x85: "Indeterminate",
    0x86: "Forwarded",
    0x87: "Unreachable",
}
STORE_STATUS = {
    0x80: "Success",
    0xC0: "Error-transient-failure",
    0xC1: "Error-transient-network-problem",
    0xE0: "Error-permanent-failure",
    0xE1: "Error-permanent-service-denied",
    0xE2: "Error-permanent-message-format-corrupt",
    0xE3: "Error-permanent-message-not-found",
    0xE4: "Error-permanent-mmbox-full",
}
MESSAGE_CLASS = {0x80: "Personal", 0x81: "Advertisement", 0x82: "Informational", 0x83: "Auto"}
PRIORITY = {0x80: "Low", 0x81: "Normal", 0x82: "High"}
VISIBILITY = {0x80: "Hide", 0x81: "Show"}
READ_STATUS = {0x80: "Read", 0x81: "Deleted without being read"}
REPLY_CHARGING = {
    0x80: "Requested",
    0x81: "Requested text only",
    0x82: "Accepted",
    0x83: "Accepted text only",
}
MM_STATE = {0x80: "Draft", 0x81: "Sent", 0x82: "New", 0x83: "Retrieved", 0x84: "Forwarded"}
CONTENT_CLASS: dict[int, HeaderValue] = dict(enumerate(values.CONTENT_CLASSES, 0x80))
CANCEL_STATUS = {0x80: "Cancel request successfully received", 0x81: "Cancel request corrupted"}
