"""Write and read the presentation of a message: the SMIL subset of OMA MMS Conformance."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree

from transcode.message.layout import TEXT_SHARE, local_name
from transcode.model import SlideParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from transcode.message.layout import Layout
    from transcode.model import MessageFields, Part

__all__ = [
    "CONTENT_TYPE",
    "MEDIA",
    "Said",
    "Shown",
    "has_text_first",
    "is_clock",
    "parsed",
    "parts_of",
    "resolve",
    "resolver",
    "shown",
    "slides",
    "to_bytes",
]

CONTENT_TYPE = "application/smil"

#: SMIL media elements by major content type.
_ELEMENTS = {"image": "img", "video": "video", "audio": "audio", "text": "text"}

#: Height of the image region in percent when a slide also has text. Screen sizes are unknown, so
#: lengths are in percent and the root layout has no size.
_IMAGE_SHARE = 100 - TEXT_SHARE

#: Duration in seconds of a slide whose presentation gives no duration.
_USUAL = 5.0

#: Longest slide duration that is read, in seconds. Longer durations are reduced to it. Chosen.
_LONGEST = 3600.0

#: Media elements (SMIL 2.0, 7.3.1) and their role in a slide. "ref" has no role of its own.
MEDIA = {"img": "image", "video": "image", "animation": "image", "audio": "audio", "text": "text", "ref": ""}

#: Clock values (SMIL 2.0, 10.3.1): hours, minutes and seconds, or a number with a unit.
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,9}(?:\.\d{0,6})?)(h|min|s|ms)?")
_UNITS = {"h": 3600.0, "min": 60.0, "s": 1.0, "ms": 0.001, None: 1.0}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: The number of a length in pixels or percent.
_LENGTH = re.compile(r"\d{1,9}(\.\d{0,6})?")


@dataclass(slots=True)
class Said:
    """What a presentation says of a slide or a medium besides its part and its region's place.

    Attributes:
        attributes: attributes of the element, such as region and begin.
        params: names and values of its param elements.
    """

    attributes: dict[str, str] = field(default_factory=dict)
    params: list[tuple[str, str]] = field(default_factory=list)


def to_bytes(
    slides: Sequence[SlideParts],
    *,
    text_first: bool = False,
    layout: Layout | None = None,
    said: Iterable[Mapping[str, Said]] = repeat({}),
) -> bytes:
    """Write the presentation of slides: a sequence with one ``par`` element for each slide.

    The regions are named ``Image`` and ``Text``, as handsets expect. Media elements refer to parts by
    Content-Location.

    Args:
        slides: the slides in order.
        text_first: whether the text region is above the image region.
        layout: other regions, which said names; None: those of Image and Text.
        said: for each slide what else it says: ``par`` of the slide, ``image``, ``text`` and ``audio``.

    Returns:
        The document in US-ASCII, without an XML declaration.
    """
    root = ElementTree.Element("smil")
    head = ElementTree.SubElement(ElementTree.SubElement(root, "head"), "layout")
    if layout is None:
        ElementTree.SubElement(head, "root-layout")
        _regions(head, slides, text_first=text_first)
    else:
        layout.write(head)
    body = ElementTree.SubElement(root, "body")
    nothing = Said()
    for slide, told in zip(slides, said, strict=False):
        times = told.get("par", nothing).attributes
        par = ElementTree.SubElement(body, "par", {"dur": f"{round(slide.duration * 1000)}ms", **times})
        media = (("image", slide.image, "Image"), ("text", slide.text, "Text"), ("audio", slide.audio, None))
        for role, part, region in media:
            if part is not None:
                own = told.get(role, nothing)
                kept = own.attributes
                if layout is None:
                    kept = {name: value for name, value in kept.items() if name != "region"}
                    kept |= {} if region is None else {"region": region}
                _reference(par, part, kept, own.params)
    document: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False)
    return document


def _regions(layout: ElementTree.Element, slides: Sequence[SlideParts], *, text_first: bool) -> None:
    texts = any(slide.text is not None for slide in slides)
    images = any(slide.image is not None for slide in slides)
    share = _IMAGE_SHARE if texts and images else 100
    if images:
        _region(layout, "Image", top=100 - share if text_first else 0, height=share, fit="meet")
    if texts:
        height = 100 - share if images else 100
        _region(layout, "Text", top=0 if text_first else 100 - height, height=height, fit="scroll")


def _region(layout: ElementTree.Element, name: str, *, top: int, height: int, fit: str) -> None:
    box = {"left": "0%", "top": f"{top}%", "width": "100%", "height": f"{height}%"}
    ElementTree.SubElement(layout, "region", {"id": name, **box, "fit": fit})


def _reference(
    par: ElementTree.Element, part: Part, attributes: Mapping[str, str], params: Iterable[tuple[str, str]]
) -> None:
    name = _ELEMENTS[part.content_type.partition("/")[0]]
    element = ElementTree.SubElement(par, name, {"src": part.content_location or "", **attributes})
    for key, value in params:
        ElementTree.SubElement(element, "param", name=key, value=value)


# --- Reading ----------------------------------------------------------------------------------------


def slides(message: MessageFields) -> tuple[SlideParts, ...]:
    """The slides of a message, in order.

    A readable presentation determines the slides. It may refer to a part by Content-ID,
    Content-Location or name. References to missing parts are ignored. Parts without a reference are
    shown last. Without a readable presentation the parts are shown in order, a text or a sound together
    with the picture before it.

    Returns:
        The slides. Parts that are not media, such as vCards, are on no slide.
    """
    return tuple(one.parts for one in shown(message, None if message.smil is None else parsed(message.smil)))


@dataclass(frozen=True, slots=True)
class Shown:
    """A slide, and the elements of the presentation that show it.

    Attributes:
        parts: the slide.
        group: the element of the slide; None: the presentation does not mention its parts.
        elements: the element of each medium by its role: ``image``, ``text`` or ``audio``.
    """

    parts: SlideParts
    group: ElementTree.Element | None = None
    elements: Mapping[str, ElementTree.Element] = field(default_factory=dict)


def shown(message: MessageFields, root: ElementTree.Element | None) -> list[Shown]:
    """Return the slides of a message with their elements; root is that of its presentation, if readable."""
    presentation = message.smil
    media = [part for part in message.parts if part is not presentation and _role(part) is not None]
    named = _Named(media)
    planned = [] if root is None else [_slide(element, named) for element in _timed(root)]
    found = [one for one in planned if parts_of(one.parts)]
    used = {id(part) for one in found for part in parts_of(one.parts)}
    return [*found, *map(Shown, _unplanned(part for part in media if id(part) not in used))]


def parts_of(slide: SlideParts) -> list[Part]:
    """The parts of a slide: image, text, audio."""
    return [part for part in (slide.image, slide.text, slide.audio) if part is not None]


def has_text_first(message: MessageFields) -> bool:
    """Whether the layout has the region named ``Text`` above the region named ``Image``."""
    presentation = message.smil
    root = None if presentation is None else parsed(presentation)
    tops: dict[str, float] = {}
    for element in () if root is None else root.iter():
        if local_name(element) == "region":
            match = _LENGTH.match(element.get("top", "0").strip())
            if match is not None:
                tops.setdefault(element.get("id", "").lower(), float(match[0]))
    return tops.get("text", 0.0) < tops.get("image", 0.0)


def parsed(presentation: Part) -> ElementTree.Element | None:
    """Return the root of the document, or None if it is not well-formed or defusedxml refuses it."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    document = bytes(presentation.data)
    # Some senders end the document with a zero. In UTF-16 every other octet is one.
    if not document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        document = document.strip(b"\0 \t\r\n")
    try:
        root: ElementTree.Element = fromstring(document)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root


def _timed(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The elements shown in sequence: ``par`` groups, and media outside of groups, at any depth."""
    open_elements = [iter(root)]
    while open_elements:
        element = next(open_elements[-1], None)
        if element is None:
            open_elements.pop()
            continue
        name = local_name(element)
        if name == "par" or name in MEDIA:
            yield element
        elif name in ("body", "seq", "switch", "a"):
            open_elements.append(iter(element))


def _slide(element: ElementTree.Element, media: _Named) -> Shown:
    found: dict[str, Part] = {}
    elements: dict[str, ElementTree.Element] = {}
    ends = [0.0]
    for inner in element.iter():
        if local_name(inner) in MEDIA:
            part = media.find(inner.get("src", ""))
            role = None if part is None else _role(part)
            if part is not None and role is not None and role not in found:
                # Phones show the first medium of each role.
                found[role], elements[role] = part, inner
            length = _seconds(inner.get("dur"))
            after = (_seconds(inner.get("begin")) or 0.0) + length if length else 0.0
            ends.append(_seconds(inner.get("end")) or after)
    duration = _seconds(element.get("dur")) or max(ends) or _USUAL
    return Shown(_together(found, duration), element, elements)


def is_clock(text: str) -> bool:
    """Whether an attribute's text is a time by itself, and none that follows another element."""
    return _CLOCK.fullmatch(text.strip()) is not None


def _seconds(clock: str | None) -> float | None:
    """A clock value in seconds; None if it is absent, zero or invalid."""
    match = _CLOCK.fullmatch((clock or "").strip())
    if match is None:
        return None
    hours, minutes, number, unit = match.groups()
    seconds = float(number) * _UNITS[unit] + 60 * int(minutes or 0) + 3600 * int(hours or 0)
    return min(seconds, _LONGEST) or None


def resolve(reference: str, parts: Iterable[Part]) -> Part | None:
    """Find the part that a presentation refers to.

    A URL of the scheme ``cid`` is compared with Content-IDs first (RFC 2392), any other reference with
    Content-Locations. The ``name`` of the content type and the ``filename`` of the disposition are
    compared next. When several parts match, the part with the best-ranked match is returned.

    Args:
        reference: the value of a ``src`` attribute. It and the names of parts may be percent-encoded.
        parts: the parts of the message.
    """
    return _Named(parts).find(reference)


def resolver(parts: Iterable[Part]) -> Callable[[str], Part | None]:
    """Return resolve() for many references to the same parts."""
    return _Named(parts).find


class _Named:
    """An index of parts by every name that a presentation may use."""

    def __init__(self, parts: Iterable[Part]) -> None:
        # Each entry has the rank of the name, the part's position and the part.
        self._by_id: dict[str, tuple[int, int, Part]] = {}
        self._by_text: dict[str, tuple[int, int, Part]] = {}
        for place, part in enumerate(parts):
            others = (part.content_location, part.name, part.filename)
            _list(self._by_id, (part.content_id, *others), place, part)
            _list(self._by_text, (*others, part.content_id), place, part)

    def find(self, reference: str) -> Part | None:
        """The part that a reference names, or None."""
        wanted = reference.strip()
        by_id = wanted[:4].lower() == "cid:"
        known = self._by_id if by_id else self._by_text
        # Some senders write a cid URL in Content-Location too.
        names = (*_spellings(wanted[4:] if by_id else wanted), wanted)
        found = [known[spelled] for spelled in names if spelled in known]
        return min(found, key=lambda entry: entry[:2])[2] if found else None


def _list(
    known: dict[str, tuple[int, int, Part]], names: Sequence[str | None], place: int, part: Part
) -> None:
    """Index a part by its names, best first; on equal rank the earlier part keeps the name."""
    for rank, name in enumerate(names):
        for spelled in _spellings(name or ""):
            if spelled and (spelled not in known or rank < known[spelled][0]):
                known[spelled] = rank, place, part


def _spellings(name: str) -> Iterator[str]:
    """The forms of a name to compare: as written, percent-decoded, and normalised.

    Headers and attributes differ in white space, in a leading ``./``, and in encoded words (RFC 2047).
    Header parsers decode encoded words; some senders write them in attributes too.
    """
    own = name.removeprefix("./").strip("<>")
    plain = unquote(own)
    yield own
    yield plain
    yield " ".join(_CONTROL.sub(" ", _decoded(plain)).split()).strip('<>" ')


def _decoded(name: str) -> str:
    """A name with its encoded words decoded; unchanged if they are invalid."""
    if "=?" not in name:
        return name
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _role(part: Part) -> str | None:
    """The role of a part in a slide: "image" (also for clips), "text", "audio" or None."""
    major = part.content_type.partition("/")[0]
    if part.content_type == "text/plain":
        return "text"
    return {"image": "image", "video": "image", "audio": "audio"}.get(major)


def _unplanned(parts: Iterable[Part]) -> Iterator[SlideParts]:
    """Slides for parts that no presentation mentions; a text or a sound joins the picture before it."""
    slide: dict[str, Part] = {}
    for part in parts:
        role = _role(part) or ""
        if slide and (role == "image" or role in slide):
            yield _together(slide)
            slide = {}
        slide[role] = part
    if slide:
        yield _together(slide)


def _together(found: Mapping[str, Part], duration: float = _USUAL) -> SlideParts:
    return SlideParts(found.get("image"), found.get("text"), found.get("audio"), duration)
