"""Names and words that peers write in MM4 mails, with the names and words of the standard that they mean.

The keys are in lower case. The reader accepts them and reports them as oddities; the writer refuses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import MessageType

__all__ = ["ADDRESS_ALIASES", "HEADER_ALIASES", "TYPE_ALIASES", "VERSION_HEADER", "WORD_ALIASES"]

#: The header with the version of the interface.
VERSION_HEADER = "X-Mms-3GPP-MMS-Version"

#: Other names of headers, from MM1 and of peers' own.
HEADER_ALIASES = {
    **dict.fromkeys(
        ("x-mms-mms-version", "x-mms-version", "x-mms-3gpp-version", "x-3gpp-mms-version"), VERSION_HEADER
    ),
    "x-mms-read-report": "X-Mms-Read-Reply",
    **dict.fromkeys(("x-mms-status", "x-mms-status-code", "x-mms-mm-status"), "X-Mms-MM-Status-Code"),
    **dict.fromkeys(("x-mms-response-status", "x-mms-request-status"), "X-Mms-Request-Status-Code"),
    "x-mms-response-text": "X-Mms-Status-Text",
    "x-mms-previously-sent-date": "X-Mms-Previously-sent-date-and-time",
}
#: Headers that some peers use for addresses instead of From, To and Cc.
ADDRESS_ALIASES = {
    "x-mms-sender-address": "from",
    "x-mms-from": "from",
    "x-mms-to": "to",
    "x-mms-recipient-address": "to",
    "x-mms-cc": "cc",
}
#: Types as gateways to Internet mail write them, without marks: MM1 words, and MM1 octets with and without
#: 0x80.
TYPE_ALIASES: dict[str, MessageType] = {
    **dict.fromkeys(
        ("0", "4", "128", "132", "msendreq", "mretrieveconf", "mforwardreq", "mm4forward"), "mm4-forward-req"
    ),
    **dict.fromkeys(("6", "134", "mdeliveryind", "mm4deliveryreport"), "mm4-delivery-report-req"),
    **dict.fromkeys(
        ("7", "8", "135", "136", "mreadrecind", "mreadorigind", "mm4readreplyreport", "mm4readreplyreq"),
        "mm4-read-reply-report-req",
    ),
}
#: Other words of headers' values.
WORD_ALIASES = {"deleted": "Deleted without being read", "medium": "Normal", "info": "Informational"}
