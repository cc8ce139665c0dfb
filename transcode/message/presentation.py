"""Adapt a presentation (SMIL) to parts that were renamed, replaced or left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from transcode.message import layout, smil
from transcode.message.layout import local_name
from transcode.model import SlideParts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from xml.etree import ElementTree

    from transcode.message.layout import Layout, Region
    from transcode.model import MessageFields, Part

__all__ = ["Presentation"]

#: A src attribute with its quote and its value.
_SOURCE = re.compile(rb"""(\bsrc\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')""")

#: Attributes of times that a slide and its media keep. The duration of a slide is written anew.
_TIMES = ("begin", "end")
#: Attributes of a medium that go with it, of which a text in its place keeps the times.
_OWN = ("alt", "fill", "repeatCount")
#: The longest value that is kept, in characters.
_LONGEST = 200
#: Elements and attributes that are kept, have no meaning without others, or only name.
_KNOWN = frozenset(
    ("smil", "head", "layout", "root-layout", "region", "body", "par", "seq", "meta", "metadata")
)
_NAMES = frozenset(("id", "class", "title", "type", "src", "region", "dur", "longdesc", "author"))
#: The most things that a report names as not kept.
_MOST_NAMED = 5


@dataclass(slots=True)
class _Made:
    """A slide as it will be: its parts by role, and what its elements say."""

    duration: float
    par: dict[str, str]
    parts: dict[str, Part] = field(default_factory=dict)
    said: dict[str, smil.Said] = field(default_factory=dict)
    #: Roles whose medium another kind of medium has taken the place of.
    moved: set[str] = field(default_factory=set)

    @property
    def slide(self) -> SlideParts:
        found = self.parts
        return SlideParts(found.get("image"), found.get("text"), found.get("audio"), self.duration)


class Presentation:
    """The presentation of a message that is adapted.

    Attributes:
        slides: the slides of the message as read.
    """

    def __init__(self, message: MessageFields) -> None:
        self._part = message.smil
        self._root = None if self._part is None else smil.parsed(self._part)
        self._shown = smil.shown(message, self._root)
        self.slides = tuple(one.parts for one in self._shown)
        self._text_first = smil.has_text_first(message)
        self._layout = None if self._root is None else layout.read(self._root)

    def adapted(self, now: Mapping[int, Part | None], beside: Mapping[int, Part]) -> tuple[Part | None, str]:
        """Return the presentation for the parts as they are now, and what is to be said of its change.

        Parts that have only other names are renamed in the document, which otherwise keeps its octets. If a
        medium became another kind or was replaced by text, the document is written anew: with the same
        slides, times and order, and with the same regions, as shares of the screen.

        Args:
            now: for the id() of each part as read, the part as it is now; None: it is left out.
            beside: for the id() of a part as read, the text that its slide has besides.
        """
        shown = self._part
        if shown is None:
            return None, ""
        made = [_now(one, now, beside) for one in self._shown]
        slides = [one.slide for one in made]
        if all(map(_has_same_kinds, self.slides, slides)):
            renamed = [
                (part, after)
                for slide in self.slides
                for part in smil.parts_of(slide)
                if (after := now.get(id(part))) is not None and _names(after) != _names(part)
            ]
            if not renamed:
                return shown, ""
            document = bytes(shown.data)
            # In UTF-16 no attribute would be found.
            if b"\0" not in document:
                return replace(shown, data=_renamed(document, renamed)), ""
        lost = self._lost()
        return replace(shown, data=self._written([one for one in made if one.parts])), lost

    def _written(self, made: Sequence[_Made]) -> bytes:
        found = self._layout
        if found is not None:
            found = _placed(made, found, self._text_region(found))
        slides = [_named(one.slide) for one in made]
        return smil.to_bytes(
            slides,
            text_first=self._text_first,
            layout=found,
            said=[{"par": smil.Said(one.par), **one.said} for one in made],
        )

    def _text_region(self, found: Layout) -> Region | None:
        """The region where the document shows text, else one named so, else one that shows nothing."""
        regions = {
            role: [one.elements[role].get("region") for one in self._shown if role in one.elements]
            for role in ("text", "image")
        }
        known = [region for name in regions["text"] if (region := found.region(name)) is not None]
        named = [region for region in found.regions if region.name.lower() == "text"]
        empty = [region for region in found.regions if region.name not in regions["image"]]
        return next(iter((*known, *named, *empty)), None)

    def _lost(self) -> str:
        """What the document has and the one in its place has not; empty: nothing."""
        if self._root is None:
            return "it could not be read"
        found = list(dict.fromkeys(_unkept(self._root)))
        if not found:
            return ""
        more = ", ..." if len(found) > _MOST_NAMED else ""
        return f"without {', '.join(found[:_MOST_NAMED])}{more}"


def _unkept(root: ElementTree.Element) -> Iterator[str]:
    """The names of elements and attributes with a meaning that are not written."""
    for element in root.iter():
        name = local_name(element)
        if name in smil.MEDIA or name == "par":
            kept = _OWN if name in smil.MEDIA else ()
            yield from (key for key, value in element.items() if not _is_kept(key, value, kept))
        elif name and name != "param" and name not in _KNOWN:
            yield name


def _is_kept(name: str, value: str, own: tuple[str, ...]) -> bool:
    """Whether an attribute of a slide or a medium is written, or has no meaning for what is shown."""
    if name in _TIMES:
        return smil.is_clock(value)
    return name in _NAMES or "}" in name or (name in own and len(value) <= _LONGEST)


def _placed(made: Sequence[_Made], found: Layout, texts: Region | None) -> Layout:
    """Give each medium its region; return the layout, with a region for text where one is missing."""
    alone = None
    for one in made:
        image = one.said.get("image", smil.Said()).attributes
        if "image" in one.parts and found.region(image.get("region")) is None:
            image.pop("region", None)
        if "text" not in one.parts:
            continue
        own = one.said.setdefault("text", smil.Said()).attributes
        if "text" not in one.moved and found.region(own.get("region")) is not None:
            continue
        before, beside = found.region(own.pop("region", None)), found.region(image.get("region"))
        wanted = texts or before
        if wanted is None or ("image" in one.parts and beside is not None and wanted.meets(beside)):
            if alone is None:
                found, alone = found.with_text_below()
            wanted = alone
        own["region"] = wanted.name
    return found


def _names(part: Part) -> tuple[str | None, ...]:
    """The names by which a presentation refers to a part, best first, without its Content-ID."""
    return part.content_location, part.name, part.filename


def _now(shown: smil.Shown, now: Mapping[int, Part | None], beside: Mapping[int, Part]) -> _Made:
    """The slide with its parts as they are now. A text in place of a medium is the text of the slide."""
    par = {} if shown.group is None else _times(shown.group)
    made = _Made(shown.parts.duration, par)
    # The text of the slide comes first: a line in place of a medium may be of another slide too.
    parts = sorted(smil.parts_of(shown.parts), key=lambda part: _role(part) != "text")
    for part in parts:
        after, before = now.get(id(part), part), _role(part)
        if after is None or (role := _role(after)) in made.parts:
            continue
        made.parts[role] = after
        element = shown.elements.get(before)
        if element is not None:
            made.said[role] = _said(element, is_same=role == before)
        if role != before:
            made.moved.add(role)
    for part in parts:
        text = beside.get(id(part))
        if text is not None and "text" not in made.parts:
            made.parts["text"] = text
            made.moved.add("text")
    return made


def _times(element: ElementTree.Element) -> dict[str, str]:
    found = ((name, element.get(name, "").strip()) for name in _TIMES)
    return {name: value for name, value in found if smil.is_clock(value)}


def _said(element: ElementTree.Element, *, is_same: bool) -> smil.Said:
    """What an element says, for the medium itself or for a text in its place."""
    said = _times(element)
    if smil.is_clock(element.get("dur", "")):
        said["dur"] = element.get("dur", "").strip()
    if (region := element.get("region")) is not None:
        said["region"] = region
    if not is_same:
        return smil.Said(said)
    said |= {name: value for name in _OWN if (value := element.get(name)) and len(value) <= _LONGEST}
    params = [(one.get("name", ""), one.get("value", "")) for one in element if local_name(one) == "param"]
    return smil.Said(said, [pair for pair in params if all(len(text) <= _LONGEST for text in pair)])


def _has_same_kinds(before: SlideParts, after: SlideParts) -> bool:
    """Whether the media elements of a slide stay the same."""
    pairs = ((before.image, after.image), (before.text, after.text), (before.audio, after.audio))
    return all(
        (one is None) == (other is None) and (one is None or other is None or _major(one) == _major(other))
        for one, other in pairs
    )


def _role(part: Part) -> str:
    """The role of a part in a slide; of a clip that of a picture."""
    major = _major(part)
    return major if major in ("text", "audio") else "image"


def _major(part: Part) -> str:
    return part.content_type.partition("/")[0]


def _renamed(document: bytes, renamed: Sequence[tuple[Part, Part]]) -> bytes:
    """The document with the new names of parts in its references."""
    find = smil.resolver(part for part, _ in renamed)
    now = {id(part): after for part, after in renamed}

    def name(match: re.Match[bytes]) -> bytes:
        value = unescape((match[2] if match[2] is not None else match[3]).decode("utf-8", "replace"))
        found = None if value.strip().lower().startswith("cid:") else find(value)
        after = None if found is None else next(filter(None, _names(now[id(found)])), None)
        if after is None:
            return match[0]
        location = escape(after, {'"': "&quot;"})
        return match[1] + b'"' + location.encode("ascii", "xmlcharrefreplace") + b'"'

    return _SOURCE.sub(name, document)


def _named(slide: SlideParts) -> SlideParts:
    """The slide with a reference as the location of each part."""
    return SlideParts(_referred(slide.image), _referred(slide.text), _referred(slide.audio), slide.duration)


def _referred(part: Part | None) -> Part | None:
    if part is None or part.content_location is not None:
        return part
    name = f"cid:{part.content_id}" if part.content_id is not None else part.name or part.filename
    return replace(part, content_location=name or "")
