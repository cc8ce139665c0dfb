"""Finds the SOAP part and the content in the body of an MM7 message, and reads both."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

from transcode.errors import PduError
from transcode.wire.mime_entity import Entity
from transcode.wire.mm7.headers import CONTENT_ID
from transcode.wire.mm7.repair import parsed
from transcode.wire.mm7.xml_text import BLANKS, TRUE_FALSE, local_name
from transcode.wire.parts import ID_MARKS, MOST_PARTS, sound_parameters, untransferred
from transcode.wire.recognition import begin
from transcode.wire.wide import UTF_16_MARKS, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Part
    from transcode.wire.mime_document import Document

__all__ = ["XML_STARTS", "BodyReader", "Content"]

#: The longest SOAP part that is read, in octets: enough for more than 10,000 recipients of some 60 octets.
_LONGEST_SOAP = 1 << 20

#: The XML declaration. It names the encoding of the source, which is wrong once the octets are UTF-8.
_DECLARATION = re.compile(rb"\A\s*<\?xml\s[^>]{0,200}>")
#: The first octets of XML.
XML_STARTS = (b"<", *UTF_16_MARKS)
_XML_TYPES = ("text/xml", "application/xml", "application/soap+xml")


class Content(NamedTuple):
    """The content of a message.

    Attributes:
        content_type: the content type of the whole content; None: the message has no content.
        parameters: the parameters of the content type.
        parts: the parts with the media.
        adaptations: the value of allowAdaptations: whether the MMSC may adapt the media; None: not stated.
    """

    content_type: str | None
    parameters: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    adaptations: bool | None = None


class _Section(NamedTuple):
    """A part of the body: the octets at which its data begin and end, and its headers."""

    start: int
    end: int
    entity: Entity


class BodyReader:
    """Reads the parts of one body.

    Args:
        document: the octets.
        headers: the headers of the body.
        start: the octet at which the body begins.

    Raises:
        PduError: the body has no parts.
    """

    def __init__(self, document: Document, headers: list[tuple[str, str]], start: int) -> None:
        self.document = document
        self.odd = document.odd
        self.entity = Entity(headers, document.odd)
        self._others = self._sections(start)
        self._root = self._others.pop(self._root_section(self._others))

    @property
    def soap_start(self) -> int:
        """The octet at which the part with SOAP begins."""
        return self._root.start

    def soap(self) -> ElementTree.Element:
        """Return the root of the XML in the SOAP part.

        Raises:
            PduError: the part is not XML, is too long, or has a DTD.
        """
        view = memoryview(self.document.octets)[self._root.start : self._root.end]
        octets = bytes(untransferred(view, self._root.entity.encoding, self.odd))
        return self._parsed(octets, self._root.start)

    def _sections(self, start: int) -> list[_Section]:
        document, end = self.document, len(self.document.octets)
        boundary = self.entity.boundary
        if boundary is None:
            if self.entity.content_type.startswith("multipart/"):
                raise PduError(f"{self.entity.content_type} has no boundary", offset=start)
            return [_Section(start, end, self.entity)]
        found: list[_Section] = []
        for first, last in document.sections(boundary, start, end):
            if len(found) == MOST_PARTS:
                raise PduError(f"the body has more than {MOST_PARTS:,} parts", offset=first)
            headers, at = document.headers(first, last, part=True)
            found.append(_Section(at, last, Entity(headers, self.odd)))
        if not found:
            raise PduError(f"no part begins with the boundary {boundary!r}", offset=start)
        return found

    def _root_section(self, sections: Sequence[_Section]) -> int:
        """Return the index of the SOAP part: the part that start names, else the first XML part, else 0."""
        wanted = dict(self.entity.parameters).get("start", "").strip(ID_MARKS)
        for number, section in enumerate(sections):
            if wanted and section.entity.content_id == wanted:
                return number
        if wanted and self.entity.boundary is not None:
            self.odd(f"start names {wanted!r}, but no part has this Content-ID")
        kinds = [section.entity.content_type for section in sections]
        return next((number for number, kind in enumerate(kinds) if kind in _XML_TYPES), 0)

    def _parsed(self, octets: bytes, at: int) -> ElementTree.Element:
        """Return the root of the XML that begins at octet ``at``."""
        from defusedxml import DefusedXmlException

        octets, wide = plain(octets)
        if wide.startswith("utf-"):
            self.odd(f"the encoding of SOAP is {wide}")
        if wide.startswith("utf-") or self.document.is_recoded:
            octets = _DECLARATION.sub(b"", octets, count=1)
        # A blank in UTF-16 has two octets, so rstrip would cut it in half.
        bare = octets if octets.startswith(UTF_16_MARKS) else octets[begin(octets) :].rstrip()
        if len(bare) > _LONGEST_SOAP:
            raise PduError(f"SOAP has {len(bare):,} octets; the limit is {_LONGEST_SOAP:,}", offset=at)
        if not bare.startswith(XML_STARTS):
            raise PduError("not an MM7 message: the SOAP part is not XML", offset=at)
        blanks = octets.index(bare[:1])
        if blanks:
            self.odd("blanks precede the XML")
        try:
            root, fault = parsed(bare)
        except ElementTree.ParseError as error:
            place = at + blanks + _place(bare, *error.position)
            raise PduError(f"SOAP is not well-formed: {error}", offset=place) from error
        except DefusedXmlException as error:
            # SOAP 1.1, 3: a message must not contain a document type declaration.
            raise PduError("SOAP has a document type or entities", offset=at + blanks) from error
        except (ValueError, LookupError) as error:
            raise PduError(f"SOAP can't be read: {error}", offset=at + blanks) from error
        if fault:
            self.odd(f"SOAP is repaired: {fault}")
        return root

    def content(self, element: ElementTree.Element | None) -> Content:
        """Return the content, the parts other than SOAP.

        Args:
            element: the element Content, which refers to the content; None: SOAP has no such element.
        """
        attributes = {} if element is None else dict(element.items())
        named = {local_name(name): text.strip(BLANKS) for name, text in attributes.items()}
        inner = "" if element is None else (element.text or "").strip(BLANKS)
        reference = named.get("href", inner)
        if not self._others:
            if element is not None:
                self.odd(f"Content refers to {reference!r}, but there is no part besides SOAP")
            return Content(None)
        if element is None:
            self.odd("the element Content is missing; the part after SOAP is used")
        allowed = named.get("allowAdaptations")
        if allowed is not None and allowed not in TRUE_FALSE:
            self.odd(f"allowAdaptations is {allowed!r}, not true or false")
        number = self._referred(reference)
        if number is None and element is not None:
            self.odd(f"Content refers to {reference!r}, but no part has this name; the next part is used")
        return self._parts(number or 0)._replace(adaptations=TRUE_FALSE.get(allowed or ""))

    def _referred(self, reference: str) -> int | None:
        """Return the index of the part with the Content-ID or Content-Location of a reference, or None."""
        wanted = re.sub("(?i)^cid:", "", reference).strip(BLANKS).strip(ID_MARKS)
        spellings = {wanted, unquote(wanted)} - {""}
        for number, section in enumerate(self._others):
            location = section.entity.content_location or ""
            if spellings & {section.entity.content_id, location, unquote(location)}:
                return number
        return None

    def _parts(self, number: int) -> Content:
        """Return the content in the part with the given index, followed by parts that nothing refers to."""
        main = self._others[number]
        others = [*self._others[:number], *self._others[number + 1 :]]
        parts = self.document.body(main.entity, main.start, main.end)
        if others:
            self.odd(f"parts that Content does not refer to: {len(others)}")
        for section in others:
            parts += self.document.body(section.entity, section.start, section.end)
        if main.entity.boundary is not None:
            kept = [(name, text) for name, text in main.entity.parameters if name != "boundary"]
            sound = sound_parameters(kept, self.odd, mail=True)
            return Content(main.entity.content_type, tuple(sound), tuple(parts))
        if others:
            return Content("multipart/mixed", (), tuple(parts))
        if not parts[0].content_id:
            self.odd("the only part has no Content-ID and gets one, to which Content refers")
            parts[0] = replace(parts[0], content_id=CONTENT_ID)
        if parts[0].headers:
            self.odd(f"headers of the only part, left out: {', '.join(name for name, _ in parts[0].headers)}")
            parts[0] = replace(parts[0], headers=())
        return Content(parts[0].content_type, (), tuple(parts))


def _place(xml: bytes, line: int, column: int) -> int:
    """Return the octet at a line and column of the XML parser. A column counts as one octet."""
    ends = (found.end() for found in re.finditer(rb"\r\n?|\n", xml))
    start = next(islice(ends, line - 2, None), 0) if line > 1 else 0
    return min(start + column, len(xml))
