"""Which form a message has.

Structure tells, not the first octet: the transaction octet of a WAP Push may be any, a
``<`` and a letter among them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.wire.wide import UTF_16_MARKS, plain

if TYPE_CHECKING:
    from transcode.model import Form

__all__ = ["ENVELOPE_LINE", "LONGEST_HEAD", "PREAMBLE", "REQUEST_LINE", "begin", "form_of"]

#: The second octet of a push (WAP-230-WSP, table 34); no text has a control character there.
_PUSHES = (0x05, 0x06)
#: The first octet of a PDU whose type comes first, as it should.
_MESSAGE_TYPE = 0x8C

#: Where headers end at the latest, in octets: as many as are read of a mail.
LONGEST_HEAD = 64 * 1024

_LEAD = re.compile(rb"(?:\xef\xbb\xbf|[ \t\r\n])*")
_XML = re.compile(rb"<[!?:A-Z_a-z\x80-\xff]")
_BOUNDARY_LINE = re.compile(rb"--[!-~][ -~]{0,998}\r?\n")
#: Text for readers without MIME, in front of the first boundary of a body without headers.
PREAMBLE = re.compile(
    rb"[^<:\r\n]{4,200}(?:\r?\n){1,5}--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*\r?\n(?=Content-)", re.IGNORECASE
)
#: The first line of a request or an answer of HTTP.
REQUEST_LINE = re.compile(rb"[A-Z]{3,10} [^\r\n]{1,2000} HTTP/[0-9.]+\r?\n|HTTP/[0-9.]+ [^\r\n]{0,2000}\r?\n")
#: What a mailbox file has in front of a mail; some quote it.
ENVELOPE_LINE = re.compile(rb">*From (?![ \t]*:)[^\n]*(?:\n|\Z)")
#: Headers of HTTP that say that a PDU is behind them.
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
    """Which of MM1, MM4 and MM7 octets are: what begins neither as mail nor as SOAP is taken for MM1."""
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
    # Some header of a mail may be broken, and be the first; no PDU has so many octets without a zero.
    if not _HEADER.match(block) and (b"\0" in block or not _OF_MMS.search(block)):
        return "mm1"
    return _form_of_headers(block)


def begin(octets: bytes) -> int:
    """Where text begins: behind byte order marks of UTF-8, blanks and blank lines."""
    lead = _LEAD.match(octets)
    return 0 if lead is None else lead.end()


def _form_of_headers(block: bytes) -> Form:
    """The form of a message that begins with these headers: those of mail, or of HTTP with SOAP."""
    if _SOAP_ACTION.search(block):
        return "mm7"
    if _OF_MMS.search(block):
        return "mm4"
    kind = _CONTENT_TYPE.search(block)
    return "mm7" if kind is not None and _OF_XML.match(kind[1]) else "mm4"
