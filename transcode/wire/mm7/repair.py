"""Repairs SOAP that is not well-formed because a server did not escape texts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from contextlib import suppress
from html import escape
from html.entities import html5
from xml.etree import ElementTree

from transcode.wire.mm7.schema import ELEMENTS, FIELDS, GROUPS, REPEATED, SCHEMAS
from transcode.wire.texts import decode_text
from transcode.wire.wide import UTF_16_MARKS

__all__ = ["parsed"]

#: Elements that contain other elements, or only attributes.
_HOLDERS = frozenset(
    (
        *("Envelope", "Header", "Body", "Fault", "detail", "element", "UserAgent", "Content"),
        *("Recipients", "To", "Cc", "Bcc", "Recipient", "Sender", "SenderAddress", "ThirdPartyPayer"),
        *("PreferredChannels", "DeliveryCondition", "ReplyCharging", "UACapabilities"),
        *GROUPS,
        *REPEATED,
        *(schema.root for schema in SCHEMAS.values()),
    )
)
#: Elements that contain only text, in which unescaped characters occur.
_TEXTS = frozenset(
    (
        *("TransactionID", "Number", "RFC2822Address", "ShortCode", "DC", "DeliverUsing", "DateTime"),
        *("key", "value", "faultcode", "faultstring", "faultactor"),
        *ELEMENTS,
        *FIELDS,
    )
).difference(_HOLDERS)
_BY_LOWER = {name.lower(): name for name in _TEXTS}

_OPENING = re.compile(r"<((?:[A-Za-z_][\w.-]{0,40}::?)?(\w{1,40}))((?:\s[^<>]{0,500})?)>")
_CLOSING = re.compile(r"</(?:[A-Za-z_][\w.-]{0,40}::?)?(\w{1,40})\s{0,20}>")
_NEXT = re.compile(r"<(/?)(?:[A-Za-z_][\w.-]{0,40}::?)?(\w{1,40})")
_PREFIX = re.compile(r"(</?)([A-Za-z_][\w.-]{0,40}):{1,2}(?=\w)")
_DECLARED = re.compile(r"\sxmlns:([A-Za-z_][\w.-]{0,40})\s{0,20}=")
#: An attribute's value in quotes, or without quotes up to a blank or the end of the tag.
_VALUE = r"""(?:"[^"]{0,2000}"|'[^']{0,2000}'|[^\s"'<>=/]{1,500}(?=[\s/>]|\Z))"""
_ATTRIBUTE_OF = r"[A-Za-z_][\w:.-]{0,60}\s{0,20}=\s{0,20}" + _VALUE
_TAG = re.compile(
    rf"<([A-Za-z_][\w.:-]{{0,80}})((?:\s{{1,50}}{_ATTRIBUTE_OF}(?:\s{{0,50}}{_ATTRIBUTE_OF}){{0,40}})?)\s{{0,50}}(/?)>"
)
_ATTRIBUTE = re.compile(rf"([A-Za-z_][\w:.-]{{0,60}})\s{{0,20}}=\s{{0,20}}({_VALUE})")
#: Elements without content that some servers do not close, as in HTML.
_EMPTY = ("Content", "ReplyCharging", "UACapabilities")

_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30};)")
#: A character above U+FFFF as two character references, one for each UTF-16 surrogate.
_HALVES = re.compile(
    r"&#(?:x(D[89AB][0-9A-F]{2})|(5[5-6][0-9]{3}));&#(?:x(D[C-F][0-9A-F]{2})|(5[6-7][0-9]{3}));",
    re.IGNORECASE,
)
_CHARACTER = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
#: Characters that XML 1.0 does not allow (2.2 "Characters").
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"\ufeff?\s{0,200}<\?xml\s[^>]{0,200}>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}\sencoding\s{0,20}=\s{0,20}["']([A-Za-z0-9._-]{1,40})["']""")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


def parsed(xml: bytes) -> tuple[ElementTree.Element, str]:
    """Return the root of an XML document, and the fault that was repaired; "" if there was none.

    Raises:
        ElementTree.ParseError: the document is not well-formed and can't be repaired.
        DefusedXmlException, ValueError, LookupError: the document has a DTD or an unknown encoding.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    first: Exception | None = None
    root: ElementTree.Element | None = None
    try:
        root = fromstring(xml, forbid_dtd=True)
        fault = "a text has markup" if _has_markup(root) else ""
    except DefusedXmlException:
        raise
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        first, fault = error, str(error)
    # The second attempt treats elements that are not in the schema as texts too.
    for others in (False, True) if fault else ():
        with suppress(ElementTree.ParseError):
            return fromstring(_Repair(_text(xml), others=others).done().encode(), forbid_dtd=True), fault
    if root is None:
        raise first or ElementTree.ParseError("no element")
    return root, ""


def _has_markup(root: ElementTree.Element) -> bool:
    """Whether an element of text contains elements: its text has an unescaped ``<b>`` or the like."""
    return any(
        len(element) and isinstance(element.tag, str) and element.tag.rpartition("}")[2] in _TEXTS
        for element in root.iter()
    )


def _text(xml: bytes) -> str:
    """Decode a document: by its UTF-16 byte order mark, else in its stated encoding.

    If the octets are not valid in the stated encoding, UTF-8 is tried, then ISO-8859-1.
    """
    if xml.startswith(UTF_16_MARKS):
        return xml.decode("utf-16", "replace")
    stated = _ENCODING.match(xml)
    if stated is not None:
        text, complaint = decode_text(xml, stated[1].decode("ascii").lower())
        if not complaint:
            return text
    return decode_text(xml, "utf-8")[0]


class _Repair:
    """Escapes the unescaped texts of a document and keeps the meaning of its well-formed parts.

    Bare ampersands are escaped everywhere, ``<`` only in attributes and in elements of text. HTML entities
    become their characters, unless an ampersand of the document begins no HTML entity. Characters that XML
    does not allow become blanks. Prefixes without a namespace declaration are removed.
    """

    def __init__(self, text: str, *, others: bool = False) -> None:
        # Only the declaration at the start is removed: texts may quote declarations.
        declaration = _DECLARATION.match(text)
        text = _NO_XML.sub(" ", text if declaration is None else text[declaration.end() :])
        last = _last_tag(text)
        self._document = text = text[: text.rfind(">") + 1 if last is None else last]
        self._texts = _TEXTS | {tag[2] for tag in _OPENING.finditer(text)} - _HOLDERS if others else _TEXTS
        self._declared = set(_DECLARED.findall(text))
        self._is_html = all(
            _is_named(self._document, bare.start()) for bare in _BARE.finditer(self._document)
        )
        self._sections: list[tuple[int, int]] = _sections(self._document)
        self._starts: list[int] = []
        self._openings: dict[str, list[int]] = {}
        self._closed: set[str] = set()
        self._closings: dict[str, list[tuple[int, int]]] = {}

    def done(self) -> str:
        """Return the repaired document."""
        text = self._document
        texts = self._texts
        openings = [tag for tag in _OPENING.finditer(text) if tag[2] in texts and not tag[3].endswith("/")]
        for tag in openings:
            self._openings.setdefault(tag[2], []).append(tag.start())
        known = _TEXTS | _HOLDERS
        self._starts = [found.start() for found in _NEXT.finditer(text) if found[2] in known]
        for tag in _CLOSING.finditer(text):
            self._closed.add(tag[1])
            name = tag[1] if tag[1] in self._texts else _BY_LOWER.get(tag[1].lower())
            if name is not None and not self._in_section(tag.start()):
                self._closings.setdefault(name, []).append(tag.span())
        pieces: list[str] = []
        at = 0
        for tag in openings:
            closing = None if tag.start() < at or self._in_section(tag.start()) else self._closing(tag)
            if closing is None:
                continue
            inner = text[tag.end() : closing[0]]
            pieces += (self._markup(text[at : tag.end()]), self._escaped(inner, angles=True))
            pieces.append(self._bound(f"</{tag[1]}>"))
            at = closing[1]
        return "".join([*pieces, self._markup(text[at:])])

    def _closing(self, opening: re.Match[str]) -> tuple[int, int] | None:
        """Return start and end of an element's closing tag: the last one before the next element begins.

        Without a closing tag, the element ends where the next known tag begins.
        """
        closings = self._closings.get(opening[2], [])
        openings = self._openings[opening[2]]
        place = bisect_left(closings, (opening.end(), 0))
        while place + 1 < len(closings):
            end = closings[place][1]
            following = _NEXT.match(self._document, _behind_blanks(self._document, end))
            if following is not None and (
                following[2] in _HOLDERS or (not following[1] and following[2] in _TEXTS)
            ):
                break
            if bisect_left(openings, end) < bisect_left(openings, closings[place + 1][0]):
                break
            place += 1
        if place < len(closings):
            return closings[place]
        number = bisect_left(self._starts, opening.end())
        if number == len(self._starts):
            return None
        start = self._starts[number]
        closing = _CLOSING.match(self._document, start)
        # Some servers close an element of text with the name of another one.
        return start, closing.end() if closing is not None and closing[1] in _TEXTS else start

    def _in_section(self, place: int) -> bool:
        """Whether a place in the document is within a CDATA section."""
        number = bisect_right(self._sections, (place, len(self._document))) - 1
        return number >= 0 and self._sections[number][0] <= place < self._sections[number][1]

    def _markup(self, text: str) -> str:
        """Return the repaired markup between texts."""
        return self._escaped(_TAG.sub(self._tag, self._bound(text)), angles=False)

    def _tag(self, found: re.Match[str]) -> str:
        """Return a tag with each attribute once, in quotes, and without undeclared prefixes."""
        attributes: dict[str, str] = {}
        for name, value in _ATTRIBUTE.findall(found[2]):
            prefix, _, bare = name.rpartition(":")
            bound = prefix in ("", "xml", "xmlns") or prefix in self._declared
            quoted = value if value[0] in "\"'" else f'"{value}"'
            attributes.setdefault(name if bound else bare, quoted.replace("<", "&lt;"))
        local = found[1].rpartition(":")[2]
        empty = local in _EMPTY and local not in self._closed
        written = "".join(f" {name}={value}" for name, value in attributes.items())
        return f"<{found[1]}{written}{'/' if empty else found[3]}>"

    def _bound(self, text: str) -> str:
        """Remove prefixes without a namespace declaration from tags."""
        return _PREFIX.sub(lambda tag: f"{tag[1]}{tag[2]}:" if tag[2] in self._declared else tag[1], text)

    def _escaped(self, text: str, *, angles: bool) -> str:
        """Escape a text outside its CDATA sections; angles: escape ``<`` too."""
        pieces: list[str] = []
        at = 0
        for start, end in _sections(text):
            pieces += (self._plain(text[at:start], angles=angles), text[start:end])
            at = end
        return "".join([*pieces, self._plain(text[at:], angles=angles)])

    def _plain(self, text: str, *, angles: bool) -> str:
        if self._is_html:
            text = _NAMED.sub(_character_by_name, text)
        text = _HALVES.sub(_joined, text)
        text = _CHARACTER.sub(_character, _BARE.sub("&amp;", text)).replace("]]>", "]]&gt;")
        return text.replace("<", "&lt;") if angles else text


def _last_tag(text: str) -> int | None:
    """Return the end of the last closing tag of an Envelope, where the document ends; None without one."""
    place = text.rfind("Envelope")
    start = text.rfind("</", 0, place) if place >= 0 else -1
    tag = _CLOSING.match(text, start) if start >= 0 else None
    return None if tag is None else tag.end()


def _sections(text: str) -> list[tuple[int, int]]:
    """Return start and end of each CDATA section."""
    found: list[tuple[int, int]] = []
    at = 0
    while (start := text.find(_CDATA, at)) >= 0 and (end := text.find(_CDATA_END, start)) >= 0:
        at = end + len(_CDATA_END)
        found.append((start, at))
    return found


def _is_named(text: str, place: int) -> bool:
    """Whether the ampersand at a place begins an HTML entity."""
    name = _NAMED.match(text, place)
    return name is not None and name[1] in html5


def _character_by_name(found: re.Match[str]) -> str:
    return escape(html5[found[1]], quote=False) if found[1] in html5 else found[0]


def _behind_blanks(text: str, place: int) -> int:
    """Return the first place without a blank from the given place on, at most 200 characters away."""
    return place + len(text[place : place + 200]) - len(text[place : place + 200].lstrip())


def _joined(found: re.Match[str]) -> str:
    """Return the character of two surrogates; the text unchanged if the numbers are no such pair."""
    high = int(found[1], 16) if found[1] else int(found[2])
    low = int(found[3], 16) if found[3] else int(found[4])
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def _character(found: re.Match[str]) -> str:
    """Return a character reference unchanged; escaped as text if XML does not allow the character."""
    number = int(found[1], 16) if found[1] else int(found[2])
    return found[0] if number < 0x110000 and not _NO_XML.match(chr(number)) else escape(found[0])
