"""MM7 between an MMSC and a provider of services (3GPP TS 23.140): SOAP with attachments, both ways.

A message has the form of MM1 where the two agree: addresses are in wire form,
times in seconds. Its other elements are headers, by their names in the schema
(mm7_schema.ELEMENTS), VASPID and the status among them. Some headers stand for
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
envelope, and references to parts that are not there are told in the quirks.
DTDs and entities are refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote
from xml.etree import ElementTree

from transcode.errors import MessageError, PduError
from transcode.message.location import uri
from transcode.model import Message, Part
from transcode.wire import mime
from transcode.wire.frames import untransported
from transcode.wire.http import HttpMessage
from transcode.wire.mm7.repair import parsed
from transcode.wire.mm7.schema import (
    BY_ROOT,
    ELEMENTS,
    FIELDS,
    GROUPS,
    NAMESPACE,
    REPEATED,
    SCHEMAS,
    STATUS_CODES,
    attribute,
    bare_address,
    default_release,
    escaped,
    local_name,
    read_address,
    write_address,
)
from transcode.wire.parts import ID_MARKS, MOST_PARTS, data_sizes, sound_parameters, untransferred
from transcode.wire.recognition import PREAMBLE, REQUEST_LINE, begin
from transcode.wire.rules import is_multipart
from transcode.wire.values import fits
from transcode.wire.wide import UTF_16_MARKS, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transcode.model import HeaderValue, MessageType

__all__ = ["DEFAULT_VERSION", "answer", "from_bytes", "length", "to_http", "violations"]

#: The MM7Version of messages that are made here.
DEFAULT_VERSION = "6.8.0"

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")

#: No line of base64, and no header, begins like that.
_BOUNDARY = "=_soap"
_ROOT_ID = "soap"
_CONTENT_ID = "content"

#: The longest SOAP part that is read, in octets. A recipient takes some sixty.
_LONGEST_SOAP = 1 << 20
#: More recipients than any message has.
_MOST_RECIPIENTS = 10_000

_BLANKS = " \t\r\n"
_CODED = {"transfer-encoding", "content-encoding"}
_BOUNDARY_LINE = re.compile(rb"--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*\r?\n")
#: What says how XML is written; it is no more so once that is UTF-8.
_DECLARATION = re.compile(rb"\A\s*<\?xml\s[^>]{0,200}>")
_XML_STARTS = (b"<", *UTF_16_MARKS)
_XML_TYPES = ("text/xml", "application/xml", "application/soap+xml")
_TRUE_FALSE = {"true": True, "1": True, "false": False, "0": False}

_RECIPIENTS = ("To", "Cc", "Bcc")
_ADDRESS_HOLDERS = (*_RECIPIENTS, "Sender", "SenderAddress", "Recipient")
#: Headers that are no elements.
_OTHERS = ("xmlns", "allowAdaptations", "displayOnly", "addressCoding", "faultcode", "faultstring")
#: Names of headers by their lower case: they are the same in any case, and elements are not.
_SPELLINGS = {name.lower(): name for name in (*ELEMENTS, *_OTHERS)}
_CODINGS = ("encrypted", "obfuscated")


# Writing


def to_http(message: Message, *, strict: bool = True) -> HttpMessage:
    """The message as it is posted: SOAP, and the content in a second part if there is any.

    Args:
        message: of a type that begins with ``mm7-``.
        strict: refuse what breaks one of the rules that violations knows.

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
        pieces += (frame, mime.to_base64(part.data))
    pieces.append(frames[-1])
    return HttpMessage((("Content-Type", content_type), ("SOAPAction", '""')), b"".join(pieces))


def length(message: Message, sizes: Sequence[int] | None = None) -> int:
    """How many octets the body of to_http has, without the media being there.

    Args:
        message: what would be written.
        sizes: how long each part's data will be, in octets; None: as they are.

    Raises:
        MessageError: something in it can't be sent.
        ValueError: there are not as many sizes as parts.
    """
    sizes = data_sizes(message, sizes)
    return sum(map(len, _frames(message))) + sum(map(mime.encoded_length, sizes))


def _frames(message: Message) -> list[bytes]:
    """What stands in front of each part's data, and what ends the body."""
    if message.message_type not in SCHEMAS:
        raise MessageError(f"message_type: {message.message_type!r} is none of {', '.join(SCHEMAS)}")
    content_type = message.content_type
    if content_type is not None and content_type.lower().startswith("application/vnd.wap."):
        raise MessageError(f"content_type: {content_type!r} is of MM1; multipart/related is its like here")
    multipart = is_multipart(content_type or "")
    head, heads, end = mime.content_headers(
        content_type, message.parameters, message.parts, multipart=multipart
    )
    soap = b'<?xml version="1.0" encoding="utf-8"?>\n' + _Writer(message).envelope().encode() + b"\n"
    if content_type is None:
        return [soap]
    opening = f"--{_BOUNDARY}\r\n".encode()
    root = f'Content-Type: text/xml; charset="utf-8"\r\nContent-ID: <{_ROOT_ID}>\r\n\r\n'.encode()
    # Of the whole message, not of a part (RFC 2045, 4).
    head = head.removeprefix(mime.MIME_VERSION)
    if multipart:
        head = f"Content-ID: <{_CONTENT_ID}>\r\n".encode() + head
    first, *rest = [*heads, end + f"\r\n--{_BOUNDARY}--\r\n".encode()]
    return [opening + root + soap + b"\r\n" + opening + head + b"\r\n" + first, *rest]


class _Writer:
    """Writes the envelope; takes the headers out of a dictionary as their places come."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.schema = SCHEMAS[message.message_type]
        self.headers: dict[str, list[HeaderValue]] = {}
        for name, value in message.headers:
            self.headers.setdefault(_spelled(name), []).append(value)
        self.shown = self.headers.pop("displayOnly", [])
        self.coded = dict(map(self._coding, self.headers.pop("addressCoding", [])))

    def envelope(self) -> str:
        """The SOAP envelope.

        Raises:
            MessageError: something in the message can't be sent.
        """
        message = self.message
        if not _VERSION.fullmatch(message.version):
            raise MessageError(f"version: {message.version!r} is no MM7Version such as {DEFAULT_VERSION}")
        namespace = self._one("xmlns", NAMESPACE + default_release(message.version))
        xmlns = self._attribute("xmlns", "xmlns", namespace)
        header = ""
        if message.transaction_id is not None:
            text = self._token("transaction_id", message.transaction_id)
            header = f'<TransactionID{xmlns} env:mustUnderstand="1">{text}</TransactionID>'
        fault = self._fault() if self.schema.fault else ""
        root = f"<{self.schema.root}{xmlns}>{self._elements(self.schema.elements)}</{self.schema.root}>"
        self._check_rest()
        if self.schema.fault:
            root = f"<env:Fault>{fault}<detail>{root}</detail></env:Fault>"
        return (
            f'<env:Envelope xmlns:env="{_SOAP}"><env:Header>{header}</env:Header>'
            f"<env:Body>{root}</env:Body></env:Envelope>"
        )

    def _fault(self) -> str:
        code, text = _fault_words(next(iter(self.headers.get("StatusCode", [])), None))
        code, text = self._one("faultcode", code), self._one("faultstring", text)
        return (
            f"<faultcode>env:{self._token('faultcode', code)}</faultcode>"
            f"<faultstring>{self._text('faultstring', text)}</faultstring>"
        )

    def _one(self, name: str, default: str) -> str:
        """A header that is no element."""
        values = self.headers.pop(name, None) or [default]
        if len(values) > 1 or not isinstance(values[0], str):
            raise MessageError(f"header {name!r}: must stand once and be text")
        return values[0]

    def _elements(self, names: Iterable[str]) -> str:
        return "".join(map(self._element, names))

    def _element(self, name: str) -> str:
        """An element that is a group, a field or a header; nothing where there is none."""
        if name in GROUPS:
            inner = self._elements(GROUPS[name])
            return f"<{name}>{inner}</{name}>" if inner else ""
        if name in FIELDS:
            return self._field(name)
        values = self.headers.pop(name, [])
        if len(values) > 1 and name not in REPEATED:
            raise MessageError(f"header {name!r}: stands {len(values)} times")
        try:
            written = [ELEMENTS[name].value.write(value) for value in values]
        except ValueError as error:
            raise MessageError(f"header {name!r}: {error}") from error
        if not written:
            return ""
        return f"<{name}{written[0][0]}>{''.join(inner for _, inner in written)}</{name}>"

    def _field(self, name: str) -> str:
        message = self.message
        match name:
            case "MM7Version":
                return f"<MM7Version>{message.version}</MM7Version>"
            case "Subject":
                texts = [] if message.subject is None else [self._text("subject", message.subject)]
                return "".join(f"<Subject>{text}</Subject>" for text in texts)
            case "Content":
                return self._content()
            case "Sender" | "SenderAddress":
                return self._addresses(name, "sender", () if message.sender is None else (message.sender,))
            case "Recipient":
                if len(message.to) > 1:
                    raise MessageError(f"to: {self.schema.root} has one recipient")
                return self._addresses(name, "to", message.to)
            case _:
                return self._addresses(name, name.lower(), getattr(message, name.lower()))

    def _addresses(self, name: str, field: str, addresses: Sequence[str]) -> str:
        try:
            inner = "".join(write_address(address, self._marks(name, address)) for address in addresses)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error
        return f"<{name}>{inner}</{name}>" if addresses else ""

    def _marks(self, name: str, address: str) -> str:
        """The attributes of an address; only a recipient can be for display."""
        shown = ' displayOnly="true"' if address in self.shown and name in _RECIPIENTS else ""
        return shown + (f' addressCoding="{self.coded[address]}"' if address in self.coded else "")

    def _coding(self, value: HeaderValue) -> tuple[str, str]:
        if not isinstance(value, tuple) or len(value) != 2 or value[1] not in _CODINGS:
            raise MessageError(f"header 'addressCoding': {value!r} is no address and {' or '.join(_CODINGS)}")
        return str(value[0]), str(value[1])

    def _content(self) -> str:
        message, allowed = self.message, self.headers.pop("allowAdaptations", [])
        if message.content_type is None:
            if allowed:
                raise MessageError("header 'allowAdaptations': there is no content")
            return ""
        if len(allowed) > 1 or not all(isinstance(value, bool) for value in allowed):
            raise MessageError("header 'allowAdaptations': must stand once and be True or False")
        multipart = is_multipart(message.content_type)
        reference = _CONTENT_ID if multipart else message.parts[0].content_id or ""
        if not reference:
            raise MessageError("parts[0].content_id: is missing, and Content refers to it")
        mark = "".join(f' allowAdaptations="{str(value).lower()}"' for value in allowed)
        return f"<Content{self._attribute('parts[0].content_id', 'href', f'cid:{uri(reference)}')}{mark}/>"

    def _text(self, field: str, text: str) -> str:
        try:
            return escaped(text)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error

    def _token(self, field: str, text: str) -> str:
        """A text around which blanks mean nothing, and so are refused."""
        if text != text.strip(_BLANKS):
            raise MessageError(f"{field}: {text!r} has blanks around it")
        return self._text(field, text)

    def _attribute(self, field: str, name: str, text: str) -> str:
        try:
            return attribute(name, text)
        except ValueError as error:
            raise MessageError(f"{field}: {error}") from error

    def _check_rest(self) -> None:
        """Refuse what had no place."""
        for name in self.headers:
            known = name in ELEMENTS or name in _OTHERS
            reason = f"has no place in {self.schema.root}" if known else "is no element of MM7"
            raise MessageError(f"header {name!r}: {reason}")
        message, names = self.message, set(self.schema.places())
        fields: tuple[tuple[str, object, set[str]], ...] = (
            ("subject", message.subject, {"Subject"}),
            ("sender", message.sender, {"Sender", "SenderAddress"}),
            ("to", message.to, {"To", "Recipient"}),
            ("cc", message.cc, {"Cc"}),
            ("bcc", message.bcc, {"Bcc"}),
            ("content_type", message.content_type, {"Content"}),
        )
        for field, value, places in fields:
            if value and not places & names:
                raise MessageError(f"{field}: has no place in {self.schema.root}")
        recipients = {*message.to, *message.cc, *message.bcc}
        shown = recipients if "To" in names else set()
        stray = [mark for mark in self.shown if mark not in shown]
        stray += [mark for mark in self.coded if mark not in recipients and mark != message.sender]
        if stray:
            raise MessageError(f"headers: {stray[0]!r} is marked, and no address of the message")


def _spelled(name: str) -> str:
    """The name of a header in the schema's spelling."""
    return _SPELLINGS.get(name.lower(), name)


def _fault_words(code: HeaderValue | None) -> tuple[str, str]:
    """The code and the text of the SOAP fault that goes with a status (SOAP 1.1, 4.4.1)."""
    if isinstance(code, int) and 3000 <= code < 4000:
        return "Server", "Server error"
    return "Client", "Client error"


def violations(message: Message) -> Iterator[str]:
    """What a message would break of its schema, one sentence a rule."""
    schema = SCHEMAS[message.message_type]
    fields = {
        "TransactionID": message.transaction_id,
        "MM7Version": message.version,
        "Recipients": message.to or message.cc or message.bcc,
        "Recipient": message.to,
        "Sender": message.sender,
    }
    headers = dict.fromkeys(_spelled(name) for name, _ in message.headers)
    names = headers.keys() | {name for name, value in fields.items() if value}
    yield from (f"{name} is missing" for name in schema.required if name not in names)
    if message.version.startswith("5."):
        for name in headers:
            if name in ELEMENTS and ELEMENTS[name].release > 5:
                yield f"{name} is of release {ELEMENTS[name].release}, and the message of {message.version}"


def answer(
    request: Message,
    code: int = 1000,
    *,
    text: str | None = None,
    details: str | None = None,
    message_id: str | None = None,
) -> Message:
    """What a server says to a request.

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
    return Message(
        message_type=message_type,
        transaction_id=request.transaction_id,
        version=request.version,
        headers=(*namespace, *headers),
        content_type=None,
    )


# Reading


def from_bytes(data: bytes | bytearray | memoryview, *, content_type: str | None = None) -> Message:
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
    document = mime.Document(data)
    with document.placing():
        return _read(document, content_type)


def _read(document: mime.Document, content_type: str | None) -> Message:
    octets = document.octets
    start = begin(octets)
    boundary = _BOUNDARY_LINE.match(octets, start) or PREAMBLE.match(octets, start)
    headers: list[tuple[str, str]] = []
    if content_type is not None:
        headers = [("Content-Type", content_type)]
    elif boundary is not None:
        quoted = re.sub(r'(["\\])', r"\\\1", boundary[1].decode("ascii"))
        headers = [("Content-Type", f'multipart/related; boundary="{quoted}"')]
    elif not octets.startswith(_XML_STARTS, start):
        headers, start = _http_headers(document, start)
        named = {name.lower(): value for name, value in headers}
        whole = untransported(octets[start:], named, document.odd) if _CODED & named.keys() else None
        if whole is not None and whole != octets[start:]:
            start, document = 0, document.again(whole)
    return _Reader(document, headers).read(start)


def _http_headers(document: mime.Document, start: int) -> tuple[list[tuple[str, str]], int]:
    """The headers of HTTP, and where the body begins."""
    line = REQUEST_LINE.match(document.octets, start)
    headers, body = document.headers(start if line is None else line.end(), len(document.octets))
    left = len(document.octets) - body
    stated = next((value for name, value in headers if name.lower() == "content-length"), str(left))
    if stated != str(left):
        document.odd(f"Content-Length is {stated!r}, and there are {left:,} octets")
    return headers, body


def _place(xml: bytes, line: int, column: int) -> int:
    """Where a line and a column of the XML parser are, in octets; columns are taken as octets."""
    ends = (found.end() for found in re.finditer(rb"\r\n?|\n", xml))
    start = next(islice(ends, line - 2, None), 0) if line > 1 else 0
    return min(start + column, len(xml))


class _Section:
    """A part of the body: where its data begin and end, and what its headers say."""

    def __init__(self, start: int, end: int, entity: mime.Entity) -> None:
        self.start = start
        self.end = end
        self.entity = entity


class _Reader:
    """Reads one message: finds its SOAP part, then the elements, then the content."""

    def __init__(self, document: mime.Document, headers: list[tuple[str, str]]) -> None:
        self.document = document
        self.odd = document.odd
        self.entity = mime.Entity(headers, document.odd)
        self.message_type: MessageType = "mm7-rs-error-rsp"
        self.headers: list[tuple[str, HeaderValue]] = []
        self.marks: dict[tuple[str, HeaderValue], None] = {}
        self.seen: set[str] = set()
        self.texts: dict[str, str] = {}
        self.addresses: dict[str, list[str]] = {}
        self.content: ElementTree.Element | None = None

    def read(self, start: int) -> Message:
        """The message whose body begins at an octet.

        Raises:
            PduError: it is none.
        """
        sections = self._sections(start)
        root = sections.pop(self._root_section(sections))
        view = memoryview(self.document.octets)[root.start : root.end]
        octets = bytes(untransferred(view, root.entity.encoding, self.odd))
        self._take_envelope(self._parsed(octets, root.start), root.start)
        content_type, parameters, parts = self._body(sections)
        message = Message(
            message_type=self.message_type,
            transaction_id=self.texts.get("TransactionID"),
            version=self._version(),
            sender=next(iter(self._found("Sender", "SenderAddress")), None),
            to=self._found("To", "Recipient"),
            cc=self._found("Cc"),
            bcc=self._found("Bcc"),
            subject=self.texts.get("Subject"),
            headers=tuple(self.headers),
            content_type=content_type,
            parameters=parameters,
            parts=parts,
        )
        for fault in violations(message):
            self.odd(fault)
        return replace(message, quirks=tuple(self.odd.quirks))

    def _found(self, *names: str) -> tuple[str, ...]:
        return tuple(address for name in names for address in self.addresses.get(name, ()))

    # The parts of the body

    def _sections(self, start: int) -> list[_Section]:
        document, end = self.document, len(self.document.octets)
        boundary = self.entity.boundary
        if boundary is None:
            if self.entity.content_type.startswith("multipart/"):
                raise PduError(f"{self.entity.content_type} without a boundary", offset=start)
            return [_Section(start, end, self.entity)]
        found: list[_Section] = []
        for first, last in document.sections(boundary, start, end):
            if len(found) == MOST_PARTS:
                raise PduError(f"more than {MOST_PARTS:,} parts", offset=first)
            headers, at = document.headers(first, last, part=True)
            found.append(_Section(at, last, mime.Entity(headers, self.odd)))
        if not found:
            raise PduError(f"no part begins with the boundary {boundary!r}", offset=start)
        return found

    def _root_section(self, sections: Sequence[_Section]) -> int:
        """Which part is SOAP: the one that start names, else the first that is XML, else the first."""
        wanted = dict(self.entity.parameters).get("start", "").strip(ID_MARKS)
        for number, section in enumerate(sections):
            if wanted and section.entity.content_id == wanted:
                return number
        if wanted and self.entity.boundary is not None:
            self.odd(f"no part is called {wanted!r}, which start names")
        kinds = [section.entity.content_type for section in sections]
        return next((number for number, kind in enumerate(kinds) if kind in _XML_TYPES), 0)

    def _parsed(self, octets: bytes, at: int) -> ElementTree.Element:
        """The root of the XML that begins at an octet."""
        from defusedxml import DefusedXmlException

        octets, wide = plain(octets)
        if wide.startswith("utf-"):
            self.odd(f"SOAP is written in {wide}")
        if wide.startswith("utf-") or self.document.is_recoded:
            octets = _DECLARATION.sub(b"", octets, count=1)
        # Blanks of UTF-16 have two octets.
        bare = octets if octets.startswith(UTF_16_MARKS) else octets[begin(octets) :].rstrip()
        if len(bare) > _LONGEST_SOAP:
            raise PduError(f"a SOAP part of {len(bare):,} octets; {_LONGEST_SOAP:,} are read", offset=at)
        if not bare.startswith(_XML_STARTS):
            raise PduError("no MM7 message: where SOAP is due, there is no XML", offset=at)
        blanks = octets.index(bare[:1])
        if blanks:
            self.odd("there are blanks in front of the XML")
        try:
            root, fault = parsed(bare)
        except ElementTree.ParseError as error:
            place = at + blanks + _place(bare, *error.position)
            raise PduError(f"SOAP is not well-formed: {error}", offset=place) from error
        except (DefusedXmlException, ValueError, LookupError) as error:
            raise PduError(f"SOAP can't be read: {error}", offset=at + blanks) from error
        if fault:
            self.odd(f"SOAP is repaired: {fault}")
        return root

    # The elements

    def _take_envelope(self, root: ElementTree.Element, at: int) -> None:
        """Take the transaction, and the one element of the body."""
        body: ElementTree.Element | None = None
        if local_name(root.tag) in BY_ROOT:
            self.odd("there is no SOAP envelope")
            body = root
        else:
            for child in root:
                if local_name(child.tag).lower() == "header":
                    self._take_transaction(child)
                elif local_name(child.tag).lower() == "body" and body is None:
                    body = next(iter(child), None)
        if body is not None and local_name(body.tag) == "Fault":
            body = self._take_fault(body)
            if body is None:
                return
        if body is not None and local_name(body.tag) not in BY_ROOT:
            inner = next((child for child in body if local_name(child.tag) in BY_ROOT), None)
            if inner is not None:
                self.odd(f"the message stands within {local_name(body.tag)[:80]}")
                body = inner
        name = "empty" if body is None else self._spelled(local_name(body.tag), tuple(BY_ROOT))
        if body is None or name not in BY_ROOT:
            raise PduError(f"no MM7 message: the body of SOAP is {name[:80]}", offset=at)
        self._take_root(name, body)

    def _take_transaction(self, header: ElementTree.Element) -> None:
        for child in header:
            if local_name(child.tag).lower() == "transactionid":
                self.texts.setdefault("TransactionID", (child.text or "").strip(_BLANKS))
            else:
                self.odd(f"an element of the SOAP header, left out: {local_name(child.tag)}")

    def _take_fault(self, fault: ElementTree.Element) -> ElementTree.Element | None:
        """Take what a fault says; give the element in its details, or None."""
        found = {local_name(child.tag): child for child in fault}
        detail = next((child for child in found.get("detail", ()) if local_name(child.tag) in BY_ROOT), None)
        code: int | None = None
        for element in () if detail is None else detail.iter():
            text = (element.text or "").strip(_BLANKS)
            if local_name(element.tag) == "StatusCode" and re.fullmatch("[0-9]{1,18}", text):
                code = int(text)
                break
        for name, usual in zip(("faultcode", "faultstring"), _fault_words(code), strict=True):
            if name not in found:
                continue
            text = found[name].text or ""
            if name == "faultcode":
                text = text.strip(_BLANKS).rpartition(":")[2]
            if text != usual:
                self.headers.append((name, text))
        if detail is None:
            self.odd("a SOAP fault without a message of MM7 in its details")
        return detail

    def _take_root(self, name: str, root: ElementTree.Element) -> None:
        self.message_type = BY_ROOT[name]
        self._walk(root, SCHEMAS[self.message_type].elements)
        self.headers += self.marks
        namespace = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
        if not namespace:
            self.odd(f"{name} has no namespace")
        elif namespace != NAMESPACE + default_release(self.texts.get("MM7Version", "")):
            self.headers.insert(0, ("xmlns", namespace))

    def _walk(self, parent: ElementTree.Element, places: Sequence[str], depth: int = 0) -> None:
        """Take the elements within one, which should stand in this order."""
        last = 0
        for child in parent:
            name = self._spelled(local_name(child.tag), places)
            if name not in places:
                self._take_misplaced(name, child, depth)
                continue
            place = places.index(name)
            if place < last:
                self.odd(f"{name} is out of the schema's order")
            last = max(place, last)
            if name in GROUPS:
                self._walk(child, GROUPS[name], depth + 1)
            else:
                self._take(name, child)

    def _spelled(self, name: str, places: Sequence[str]) -> str:
        """The name of an element in the schema's spelling."""
        folded = name.lower()
        known = name if name in places else next((place for place in places if place.lower() == folded), name)
        if known != name:
            self.odd(f"{name} stands for {known}")
        return known

    def _take_misplaced(self, name: str, element: ElementTree.Element, depth: int) -> None:
        """Take an element that the schema has elsewhere, as far as there is a place for it."""
        schema = set(SCHEMAS[self.message_type].places())
        if name == "TransactionID" and name not in self.texts:
            self.odd("TransactionID stands in the body of SOAP")
            self.texts[name] = "".join(element.itertext()).strip(_BLANKS)
        elif name == "Recipients" and "Recipient" in schema:
            self.odd("Recipients stands for Recipient")
            self._take_addresses("Recipient", element)
        elif name in GROUPS and set(GROUPS[name]) & schema and not depth:
            self.odd(f"{name} has no place in {SCHEMAS[self.message_type].root}; what is in it is taken")
            self._walk(element, [place for place in GROUPS[name] if place in schema], depth + 1)
        elif name in ("Sender", "SenderAddress") and {"Sender", "SenderAddress"} & schema:
            self.odd(f"{name} has no place here, and is taken for the sender")
            self._take_addresses(name, element)
        elif name in schema and name not in GROUPS:
            self.odd(f"{name} stands elsewhere than in the schema")
            self._take(name, element)
        else:
            self.odd(f"{name} has no place here, and is left out: {(element.text or '').strip()!r}")

    def _take(self, name: str, element: ElementTree.Element) -> None:
        if name in _RECIPIENTS or name in ("Sender", "SenderAddress", "Recipient"):
            self._take_addresses(name, element)
        elif name in self.seen:
            self.odd(f"a second {name}, left out")
        elif name in REPEATED:
            for child in element:
                if local_name(child.tag) == REPEATED[name]:
                    self._take_value(name, child)
        elif name in ELEMENTS:
            self._take_value(name, element)
        elif name == "Content":
            self.content = element
        else:
            text = "".join(element.itertext())
            self.texts[name] = text if name == "Subject" else text.strip(_BLANKS)
        self.seen.add(name)

    def _take_value(self, name: str, element: ElementTree.Element) -> None:
        value = ELEMENTS[name].value.read(element, self.odd)
        if fits(ELEMENTS[name].value.write, value):
            self.headers.append((name, value))
        else:
            self.odd(f"{name}, left out, for nothing can have that value: {value!r}")

    def _version(self) -> str:
        """The version that the message states, or which goes with its namespace."""
        stated = self.texts.get("MM7Version", "")
        if _VERSION.fullmatch(stated):
            return stated
        found = _VERSION.search(stated)
        release = next((str(value) for name, value in self.headers if name == "xmlns"), "")
        version = found[0] if found else "5.3.0" if "REL-5" in release else DEFAULT_VERSION
        self.odd(f"MM7Version is {stated!r}, taken for {version}" if stated else "MM7Version is missing")
        return version

    def _take_addresses(self, name: str, element: ElementTree.Element, depth: int = 0) -> None:
        if not len(element) and (text := (element.text or "").strip(_BLANKS)):
            self._add_address(name, bare_address(text, self.odd), {})
        for child in element:
            if local_name(child.tag) in _ADDRESS_HOLDERS and not depth:
                self.odd(f"{local_name(child.tag)} stands within {name}")
                self._take_addresses(name, child, depth + 1)
                continue
            address = read_address(child, self.odd)
            if address is not None and not self._add_address(name, address, dict(child.items())):
                return

    def _add_address(self, name: str, address: str, attributes: dict[str, str]) -> bool:
        """Add an address to those of an element; False where there are too many."""
        found = self.addresses.setdefault(name, [])
        if found and name not in _RECIPIENTS:
            self.odd(f"a second {name}, left out: {address!r}")
            return True
        if len(found) >= _MOST_RECIPIENTS:
            self.odd(f"more than {_MOST_RECIPIENTS:,} recipients; the rest is left out")
            return False
        found.append(address)
        for key, text in attributes.items():
            self._take_mark(name, local_name(key), text.strip(_BLANKS), address)
        return True

    def _take_mark(self, place: str, name: str, text: str, address: str) -> None:
        """Take an attribute of an address in some element."""
        if name == "displayOnly" and text in _TRUE_FALSE and place in _RECIPIENTS:
            if _TRUE_FALSE[text]:
                self.marks[name, address] = None
        elif name == "addressCoding" and text in _CODINGS:
            self.marks[name, (address, text)] = None
        else:
            self.odd(f"an attribute of {address!r}, left out: {name}={text!r}")

    # The content

    def _body(
        self, sections: list[_Section]
    ) -> tuple[str | None, tuple[tuple[str, str], ...], tuple[Part, ...]]:
        """The type of the content, the parameters of that, and the parts."""
        attributes = {} if self.content is None else dict(self.content.items())
        named = {local_name(name): text.strip(_BLANKS) for name, text in attributes.items()}
        inner = "" if self.content is None else (self.content.text or "").strip(_BLANKS)
        reference = named.get("href", inner)
        if not sections:
            if self.content is not None:
                self.odd(f"Content refers to {reference!r}, and there is no such part")
            return None, (), ()
        if self.content is None:
            self.odd("there is no Content; the part behind SOAP is taken")
        allowed = named.get("allowAdaptations")
        if allowed in _TRUE_FALSE:
            self.headers.append(("allowAdaptations", _TRUE_FALSE[allowed]))
        elif allowed is not None:
            self.odd(f"allowAdaptations is {allowed!r}, neither true nor false")
        content = sections.pop(self._content_section(reference, sections))
        parts = self.document.body(content.entity, content.start, content.end)
        if sections:
            self.odd(f"{len(sections)} parts that Content does not refer to")
        for section in sections:
            parts += self.document.body(section.entity, section.start, section.end)
        if content.entity.boundary is not None:
            kept = [(name, text) for name, text in content.entity.parameters if name != "boundary"]
            sound = sound_parameters(kept, self.odd, mail=True)
            return content.entity.content_type, tuple(sound), tuple(parts)
        if sections:
            return "multipart/mixed", (), tuple(parts)
        if not parts[0].content_id:
            self.odd("the one part has no Content-ID; Content refers to it by one that it gets")
            parts[0] = replace(parts[0], content_id=_CONTENT_ID)
        if parts[0].headers:
            self.odd(f"headers of the one part, left out: {', '.join(name for name, _ in parts[0].headers)}")
            parts[0] = replace(parts[0], headers=())
        return parts[0].content_type, (), tuple(parts)

    def _content_section(self, reference: str, sections: Sequence[_Section]) -> int:
        """Which part a reference means: by Content-ID or Content-Location, else the first."""
        wanted = re.sub("(?i)^cid:", "", reference).strip(_BLANKS).strip(ID_MARKS)
        spellings = {wanted, unquote(wanted)} - {""}
        for number, section in enumerate(sections):
            location = section.entity.content_location or ""
            if spellings & {section.entity.content_id, location, unquote(location)}:
                return number
        if self.content is not None:
            self.odd(f"Content refers to {reference!r}, and no part is called that; the next is taken")
        return 0
