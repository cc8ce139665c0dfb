"""MM7 between an MMSC and a provider of services (3GPP TS 23.140): SOAP with attachments, both ways.

A message has the form of MM1 where the two agree: addresses are in wire form,
times in seconds. Its other elements are headers, by their names in the schema
(schema.ELEMENTS), VASPID and the status among them. Some headers stand for
something else than an element of their own:

- ``xmlns``: the namespace, where it is not that of the version;
- ``allowAdaptations``: the attribute of Content;
- ``displayOnly``: a recipient that is shown and gets no message, once for each;
- ``addressCoding``: (a recipient, how its address is coded);
- ``faultcode``, ``faultstring``: of a SOAP fault, where they are not those that
  follow from the status.

The writer puts elements in the schema's order and refuses what the schema does not
have. Parts are written in base64, so that the length is known in advance.

The reader matches names without their namespaces, as real messages have many. It
takes the body alone, or with headers of HTTP in front. The order of elements, a missing
envelope, and references to parts that are not there are told in the oddities.
DTDs and entities are refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from transcode.errors import MessageError
from transcode.model import MessageFields
from transcode.wire import mime_writer
from transcode.wire.frames import untransported
from transcode.wire.http import HttpMessage
from transcode.wire.mime_document import Document
from transcode.wire.mm7.body_reader import XML_STARTS, BodyReader
from transcode.wire.mm7.element_reader import ElementReader
from transcode.wire.mm7.envelope_writer import EnvelopeWriter
from transcode.wire.mm7.headers import CONTENT_ID
from transcode.wire.mm7.schema import SCHEMAS, STATUS_CODES
from transcode.wire.mm7.schema_rules import violations
from transcode.wire.parts import data_sizes
from transcode.wire.recognition import PREAMBLE, REQUEST_LINE, begin
from transcode.wire.rules import is_multipart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import HeaderValue, MessageType, SomeMessage
    from transcode.wire.oddities import Oddities

__all__ = ["answer", "from_bytes", "length", "to_http"]

#: No line of base64, and no header, begins like that.
_BOUNDARY = "=_soap"
_ROOT_ID = "soap"

_CODED = {"transfer-encoding", "content-encoding"}
_BOUNDARY_LINE = re.compile(rb"--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*\r?\n")


# Writing


def to_http(message: MessageFields, *, strict: bool = True) -> HttpMessage:
    """The message as it is posted: SOAP, and the content in a second part if there is any.

    Args:
        message: of a type that begins with ``mm7-``.
        strict: refuse what breaks one of the rules that schema_rules.violations knows.

    Raises:
        MessageError: something in it can't be sent; the error names it.
    """
    frames = _frames(message)
    fault = next(violations(message), None) if strict else None
    if fault is not None:
        raise MessageError(f"{SCHEMAS[message.message_type].root}: {fault}")
    content_type = 'text/xml; charset="utf-8"'
    if message.content_type is not None:
        content_type = f'multipart/related; type="text/xml"; start="<{_ROOT_ID}>"; boundary="{_BOUNDARY}"'
    pieces: list[bytes] = []
    for frame, part in zip(frames[:-1], message.parts, strict=True):
        pieces += (frame, mime_writer.to_base64(part.data))
    pieces.append(frames[-1])
    return HttpMessage((("Content-Type", content_type), ("SOAPAction", '""')), b"".join(pieces))


def length(message: MessageFields, sizes: Sequence[int] | None = None) -> int:
    """How many octets the body of to_http has, without the media being there.

    Args:
        message: what would be written.
        sizes: how long each part's data will be, in octets; None: as they are.

    Raises:
        MessageError: something in it can't be sent.
        ValueError: there are not as many sizes as parts.
    """
    sizes = data_sizes(message, sizes)
    return sum(map(len, _frames(message))) + sum(map(mime_writer.encoded_length, sizes))


def _frames(message: MessageFields) -> list[bytes]:
    """What stands in front of each part's data, and what ends the body."""
    if message.message_type not in SCHEMAS:
        raise MessageError(f"message_type: {message.message_type!r} is none of {', '.join(SCHEMAS)}")
    content_type = message.content_type
    if content_type is not None and content_type.lower().startswith("application/vnd.wap."):
        raise MessageError(f"content_type: {content_type!r} is of MM1; multipart/related is its like here")
    multipart = is_multipart(content_type or "")
    head, heads, end = mime_writer.content_headers(
        content_type, message.parameters, message.parts, multipart=multipart
    )
    soap = b'<?xml version="1.0" encoding="utf-8"?>\n' + EnvelopeWriter(message).envelope().encode() + b"\n"
    if content_type is None:
        return [soap]
    opening = f"--{_BOUNDARY}\r\n".encode()
    root = f'Content-Type: text/xml; charset="utf-8"\r\nContent-ID: <{_ROOT_ID}>\r\n\r\n'.encode()
    # Of the whole message, not of a part (RFC 2045, 4).
    head = head.removeprefix(mime_writer.MIME_VERSION)
    if multipart:
        head = f"Content-ID: <{CONTENT_ID}>\r\n".encode() + head
    first, *rest = [*heads, end + f"\r\n--{_BOUNDARY}--\r\n".encode()]
    return [opening + root + soap + b"\r\n" + opening + head + b"\r\n" + first, *rest]


def answer(
    request: SomeMessage,
    code: int = 1000,
    *,
    text: str | None = None,
    details: str | None = None,
    message_id: str | None = None,
) -> SomeMessage:
    """What a server says to a request, of the same class as it.

    Args:
        request: what came in.
        code: the status; STATUS_CODES has the standard's.
        text: of the status; None: that of the standard.
        details: more about it.
        message_id: which the server gave to a submission.

    Raises:
        MessageError: there is no answer to such a message.
    """
    message_type = cast("MessageType", f"{request.message_type.removesuffix('-req')}-rsp")
    if message_type not in SCHEMAS or not request.message_type.endswith("-req"):
        raise MessageError(f"message_type: to {request.message_type!r} there is no answer")
    if text is None:
        text = STATUS_CODES.get(code, STATUS_CODES.get(code // 1000 * 1000, ""))
    headers: list[tuple[str, HeaderValue]] = [("StatusCode", code), ("StatusText", text)]
    headers += [("Details", details)] if details is not None else []
    headers += [("MessageID", message_id)] if message_id is not None else []
    namespace = [("xmlns", value) for name, value in request.headers if name.lower() == "xmlns"]
    return type(request)(
        message_type=message_type,
        transaction_id=request.transaction_id,
        version=request.version,
        headers=(*namespace, *headers),
        content_type=None,
    )


# Reading


def from_bytes(data: bytes | bytearray | memoryview, *, content_type: str | None = None) -> MessageFields:
    """Read a message: a body, with headers of HTTP and a first line in front or without.

    Of the headers of HTTP only those that describe the body matter; the others are
    left out. The data of parts that are not encoded are views into the argument, where
    that is bytes.

    Args:
        data: the octets.
        content_type: of the body, as the header of HTTP says it; None: it is found in
            the octets.

    Raises:
        PduError: the octets are no message of MM7, or hold a DTD.
    """
    document = Document(data)
    with document.placing():
        return _read(document, content_type)


def _read(document: Document, content_type: str | None) -> MessageFields:
    octets = document.octets
    start = begin(octets)
    boundary = _BOUNDARY_LINE.match(octets, start) or PREAMBLE.match(octets, start)
    headers: list[tuple[str, str]] = []
    if content_type is not None:
        headers = [("Content-Type", content_type)]
    elif boundary is not None:
        quoted = re.sub(r'(["\\])', r"\\\1", boundary[1].decode("ascii"))
        headers = [("Content-Type", f'multipart/related; boundary="{quoted}"')]
    elif not octets.startswith(XML_STARTS, start):
        headers, start = _http_headers(document, start)
        named = {name.lower(): value for name, value in headers}
        whole = untransported(octets[start:], named, document.odd) if _CODED & named.keys() else None
        if whole is not None and whole != octets[start:]:
            start, document = 0, document.again(whole)
    return _message(BodyReader(document, headers, start), document.odd)


def _message(body: BodyReader, odd: Oddities) -> MessageFields:
    """What a body says: its SOAP part, then the elements in it, then the content."""
    elements = ElementReader(odd)
    elements.take_envelope(body.soap(), body.soap_start)
    content = body.content(elements.content)
    if content.adaptations is not None:
        elements.headers.append(("allowAdaptations", content.adaptations))
    message = MessageFields(
        message_type=elements.message_type,
        transaction_id=elements.texts.get("TransactionID"),
        version=elements.version(),
        sender=next(iter(elements.addresses("Sender", "SenderAddress")), None),
        to=elements.addresses("To", "Recipient"),
        cc=elements.addresses("Cc"),
        bcc=elements.addresses("Bcc"),
        subject=elements.texts.get("Subject"),
        headers=tuple(elements.headers),
        content_type=content.content_type,
        parameters=content.parameters,
        parts=content.parts,
    )
    for fault in violations(message):
        odd(fault)
    return replace(message, oddities=tuple(odd.oddities))


def _http_headers(document: Document, start: int) -> tuple[list[tuple[str, str]], int]:
    """The headers of HTTP, and where the body begins."""
    line = REQUEST_LINE.match(document.octets, start)
    headers, body = document.headers(start if line is None else line.end(), len(document.octets))
    left = len(document.octets) - body
    stated = next((value for name, value in headers if name.lower() == "content-length"), str(left))
    if stated != str(left):
        document.odd(f"Content-Length is {stated!r}, and there are {left:,} octets")
    return headers, body
