"""Adapt a presentation (SMIL) to parts that were renamed, replaced or left out."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from transcode.message import smil
from transcode.model import SlideParts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.model import MessageFields, Part

__all__ = ["adapted"]

#: A src attribute with its quote and its value.
_SOURCE = re.compile(rb"""(\bsrc\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')""")


def adapted(
    shown: Part,
    message: MessageFields,
    slides: Sequence[SlideParts],
    now: Mapping[int, Part | None],
    beside: Mapping[int, Part],
) -> Part:
    """Return the presentation for the parts as they are now.

    Parts that have only other names are renamed in the document, which otherwise keeps its octets. If a
    medium became another kind or was replaced by text, the document is written anew with the same slides,
    durations and order of regions.

    Args:
        shown: the presentation.
        message: the message as read.
        slides: its slides.
        now: for the id() of each part as read, the part as it is now; None: it is left out.
        beside: for the id() of a part as read, the text that its slide has besides.
    """
    made = [_now(slide, now, beside) for slide in slides]
    if all(map(_has_same_kinds, slides, made)):
        renamed = [
            (part, after)
            for slide in slides
            for part in smil.parts_of(slide)
            if (after := now.get(id(part))) is not None and _names(after) != _names(part)
        ]
        if not renamed:
            return shown
        document = bytes(shown.data)
        # In UTF-16 no attribute would be found.
        if b"\0" not in document:
            return replace(shown, data=_renamed(document, renamed))
    named = [_named(slide) for slide in made if smil.parts_of(slide)]
    return replace(shown, data=smil.to_bytes(named, text_first=smil.has_text_first(message)))


def _names(part: Part) -> tuple[str | None, ...]:
    """The names by which a presentation refers to a part, best first, without its Content-ID."""
    return part.content_location, part.name, part.filename


def _now(slide: SlideParts, now: Mapping[int, Part | None], beside: Mapping[int, Part]) -> SlideParts:
    """The slide with its parts as they are now. A text in place of a medium is the text of the slide."""
    found: dict[str, Part] = {}
    parts = smil.parts_of(slide)
    for after in (*(now.get(id(part), part) for part in parts), *(beside.get(id(part)) for part in parts)):
        if after is not None:
            major = after.content_type.partition("/")[0]
            found.setdefault({"text": "text", "audio": "audio"}.get(major, "image"), after)
    return SlideParts(found.get("image"), found.get("text"), found.get("audio"), slide.duration)


def _has_same_kinds(before: SlideParts, after: SlideParts) -> bool:
    """Whether the media elements of a slide stay the same."""
    pairs = ((before.image, after.image), (before.text, after.text), (before.audio, after.audio))
    return all(
        (one is None) == (other is None) and (one is None or other is None or _major(one) == _major(other))
        for one, other in pairs
    )


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
