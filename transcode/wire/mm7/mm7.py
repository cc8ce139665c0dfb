"""Writer and reader of MM7 between an MMSC and a provider (3GPP TS 23.140): SOAP with attachments.

The fields of a message are those of MM1: addresses are in wire form, times in seconds. All other elements,
such as VASPID and the status, are headers with their names in the schema (schema.ELEMENTS). These headers
are no elements of their own:

- ``xmlns``: the namespace, if it is not the namespace of the message's version;
- ``allowAdaptations``: the attribute of Content;
- ``displayOnly``: a recipient that is shown and gets no message; one header for each recipient;
- ``addressCoding``: (a recipient, the coding of its address);
- ``faultcode``, ``faultstring``: those of a SOAP fault, if they differ from the defaults for its status.

The writer puts elements into the schema's order and refuses headers that are not in the schema. It encodes
parts in base64, so the length is known in advance.

The reader compares element names without their namespaces, because real messages have many namespaces. The
body may follow HTTP headers. Oddities report elements out of order, a missing envelope, and references to
missing parts. DTDs and entities are refused.
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

__all__ = ["answer", "error", "from_bytes", "length", "to_http"]

#: The boundary of written bodies. No line of base64 and no header begins with it.
_BOUNDARY = "=_soap"
_ROOT_ID = "soap"

_CODED = {"transfer-encoding", "content-encoding"}
_BOUNDARY_LINE = re.compile(rb"--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*\r?\n")


# Writing


def to_http(message: MessageFields, *, strict: bool = True) -> HttpMessage:
    """Return the HTTP request of a message: SOAP, and the content in a second part.

    Args:
        message: a message of a type that begins with ``mm7-``.
        strict: True refuses a message with schema_rules.violations.

    Raises:
        MessageError: a value can't be sent, or the message has violations; the error names the field.
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
    """Return the length of the body of to_http in octets, without encoding the media.

    The sizes, and the error about a wrong number of sizes, are those of transcode.wire.parts.data_sizes().

    Raises:
        MessageError: a value can't be sent.
    """
    sizes = data_sizes(message, sizes)
    return sum(map(len, _frames(message))) + sum(map(mime_writer.encoded_length, sizes))


def _frames(message: MessageFields) -> list[bytes]:
    """Return the octets in front of each part's data, and the end of the body."""
    if message.message_type not in SCHEMAS:
        raise MessageError(f"message_type: {message.message_type!r} is not one of {', '.join(SCHEMAS)}")
    content_type = message.content_type
    if content_type is not None and content_type.lower().startswith("application/vnd.wap."):
        raise MessageError(f"content_type: {content_type!r} is a type of MM1; MM7 has multipart/related")
    multipart = is_multipart(content_type or "")
    head, heads, end = mime_writer.content_headers(
        content_type, message.parameters, message.parts, multipart=multipart
    )
    soap = b'<?xml version="1.0" encoding="utf-8"?>\n' + EnvelopeWriter(message).envelope().encode() + b"\n"
    if content_type is None:
        return [soap]
    opening = f"--{_BOUNDARY}\r\n".encode()
    root = f'Content-Type: text/xml; charset="utf-8"\r\nContent-ID: <{_ROOT_ID}>\r\n\r\n'.encode()
    # MIME-Version is a header of the whole message, not of a part (RFC 2045, 4).
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
    recipients: Sequence[str] = (),
) -> SomeMessage:
    """Return a server's response to a request; its class is that of the request.

    Args:
        request: the request.
        code: the status code; STATUS_CODES has those of the standard.
        text: the text of the status; None: the standard's text.
        details: the element Details of the status, or None.
        message_id: the MessageID that the server gave to a submission, or None.
        recipients: those whom the status concerns, such as those of a partial success (1100) whom the message
            does not reach. Details lists them, in front of the text of details. The schema leaves Details to
            the server.

    Raises:
        MessageError: MM7 has no response to a message of this type.
    """
    message_type = cast("MessageType", f"{request.message_type.removesuffix('-req')}-rsp")
    if message_type not in SCHEMAS or not request.message_type.endswith("-req"):
        raise MessageError(f"message_type: MM7 has no answer to {request.message_type!r}")
    if recipients:
        listed = ", ".join(re.sub("/TYPE=PLMN$", "", address, flags=re.IGNORECASE) for address in recipients)
        details = listed if details is None else f"{listed}: {details}"
    return _response(request, message_type, _status(code, text, details, message_id))


def error(
    request: SomeMessage, code: int = 3000, *, text: str | None = None, details: str | None = None
) -> SomeMessage:
    """Return the SOAP fault for a request that can't be answered by its own response.

    An MMSC sends an RSErrorRsp to a provider, and a provider a VASPErrorRsp to an MMSC: the type of the
    request says who answers. For a request that could not be read, the caller makes one with its id.

    Args:
        request, code, text, details: as for answer.

    Raises:
        MessageError: the message is no request of MM7.
    """
    if request.message_type not in SCHEMAS or not request.message_type.endswith("-req"):
        raise MessageError(f"message_type: MM7 has no answer to {request.message_type!r}")
    of_provider = "SenderIdentification" in SCHEMAS[request.message_type].elements
    message_type: MessageType = "mm7-rs-error-rsp" if of_provider else "mm7-vasp-error-rsp"
    return _response(request, message_type, _status(code, text, details, None))


def _status(
    code: int, text: str | None, details: str | None, message_id: str | None
) -> list[tuple[str, HeaderValue]]:
    """Return the headers with a status. If text is None, it is that of the code, or of its thousand."""
    if text is None:
        text = STATUS_CODES.get(code, STATUS_CODES.get(code // 1000 * 1000, ""))
    headers: list[tuple[str, HeaderValue]] = [("StatusCode", code), ("StatusText", text)]
    headers += [("Details", details)] if details is not None else []
    headers += [("MessageID", message_id)] if message_id is not None else []
    return headers


def _response(
    request: SomeMessage, message_type: MessageType, headers: list[tuple[str, HeaderValue]]
) -> SomeMessage:
    """Return a response with the transaction id, the version and the namespace of the request."""
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
    """Read a message from the body of an HTTP request or response; HTTP headers may precede the body.

    HTTP headers that do not describe the body are left out. The data of a part without transfer encoding is a
    view into the argument if the argument is bytes.

    Args:
        data: the octets.
        content_type: the HTTP header Content-Type of the body; None: it is found in the octets.

    Raises:
        PduError: the octets are no MM7 message, or have a DTD.
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
    """Read a body: its SOAP part, the elements of SOAP, then the content."""
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
    """Return the HTTP headers, and the octet at which the body begins."""
    line = REQUEST_LINE.match(document.octets, start)
    headers, body = document.headers(start if line is None else line.end(), len(document.octets))
    left = len(document.octets) - body
    stated = next((value for name, value in headers if name.lower() == "content-length"), str(left))
    if stated != str(left):
        document.odd(f"Content-Length is {stated!r}, but the body has {left:,} octets")
    return headers, body
