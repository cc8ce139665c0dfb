"""Recognises whether octets are MM1, MM4 or MM7.

The structure decides, not the first octet: the first octet of a WAP Push is a transaction number, which may
also be ``<`` or a letter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.wide import UTF_16_MARKS, plain

if TYPE_CHECKING:
    from transcode.model import Form

__all__ = ["ENVELOPE_LINE", "LONGEST_HEAD", "PREAMBLE", "REQUEST_LINE", "begin", "form_of"]

#: The second octet of a push (WAP-230-WSP, table 34): a control character, which a text does not have there.
_PUSHES = (0x05, 0x06)
#: The first octet of a PDU that begins with its type, as the standard requires.
_MESSAGE_TYPE = 0x8C

#: Octets at the beginning that are searched for headers: the largest size of the headers of a mail.
LONGEST_HEAD = 64 * 1024

_LEAD = re.compile(rb"(?:\xef\xbb\xbf|[ \t\r\n])*")
_XML = re.compile(rb"<[!?:A-Z_a-z\x80-\xff]")
_BOUNDARY_LINE = re.compile(rb"--[!-~][ -~]{0,998}\r?\n")
#: The preamble of a MIME body (text for readers without MIME) and the first boundary, without headers.
PREAMBLE = re.compile(
    rb"[^<:\r\n]{4,200}(?:\r?\n){1,5}--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*\r?\n(?=Content-)", re.IGNORECASE
)
#: The first line of an HTTP request or response.
REQUEST_LINE = re.compile(rb"[A-Z]{3,10} [^\r\n]{1,2000} HTTP/[0-9.]+\r?\n|HTTP/[0-9.]+ [^\r\n]{0,2000}\r?\n")
#: The separator line of a mailbox file, in front of a mail; some programs quote it with ``>``.
ENVELOPE_LINE = re.compile(rb">*From (?![ \t]*:)[^\n]*(?:\n|\Z)")
#: HTTP headers with the content type of an MMS PDU.
_OF_PDU = re.compile(
    rb"(?:[A-Z][^\r\n\0]{1,2000}\r?\n){0,100}?Content-Type[ \t]*:[ \t]*application/vnd\.wap\.mms-message\b",
    re.IGNORECASE,
)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_SOAP_ACTION = re.compile(rb"^SOAPAction[ \t]*:", re.IGNORECASE | re.MULTILINE)
_OF_MMS = re.compile(rb"^X-Mms-", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE = re.compile(rb"^Content-Type[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_OF_XML = re.compile(
    rb"\s*(?:text/xml|application/(?:soap\+)?xml)"
    rb"|\s*multipart/related\b.*;\s*type\s*=\s*\"?(?:text/xml|application/(?:soap\+)?xml)",
    re.IGNORECASE | re.DOTALL,
)


def form_of(data: bytes | bytearray | memoryview) -> Form:
    """Return which of MM1, MM4 and MM7 octets are; what begins neither like mail nor like SOAP counts as MM1.

    transcode.wire.reader.recognise also asks the forms that recognise their octets themselves.
    """
    view = data if type(data) is bytes else memoryview(data).cast("B")
    first = bytes(view[:2])
    if len(first) < 2 or first[0] == _MESSAGE_TYPE or first[1] in _PUSHES:
        return "mm1"
    head, _ = plain(bytes(view[:LONGEST_HEAD]))
    if head.startswith(UTF_16_MARKS):
        return "mm7"
    start = begin(head)
    end = _BLANK_LINE.search(head, start)
    block = head[start : len(head) if end is None else end.start() + 1]
    if _OF_PDU.match(block) and not _OF_MMS.search(block):
        return "mm1"
    if any(known.match(head, start) for known in (_XML, _BOUNDARY_LINE, REQUEST_LINE, PREAMBLE)):
        return "mm7"
    if ENVELOPE_LINE.match(head, start):
        return "mm4"
    # The first header of a mail may be invalid. A PDU of this size has zero octets.
    if not _HEADER.match(block) and (b"\0" in block or not _OF_MMS.search(block)):
        return "mm1"
    return _form_of_headers(block)


def begin(octets: bytes) -> int:
    """Return the place behind leading byte order marks of UTF-8, blanks and blank lines."""
    lead = _LEAD.match(octets)
    return 0 if lead is None else lead.end()


def _form_of_headers(block: bytes) -> Form:
    """Return the form of a message with these headers: mail, or HTTP with SOAP."""
    if _SOAP_ACTION.search(block):
        return "mm7"
    if _OF_MMS.search(block):
        return "mm4"
    kind = _CONTENT_TYPE.search(block)
    return "mm7" if kind is not None and _OF_XML.match(kind[1]) else "mm4"
