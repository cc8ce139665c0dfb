"""The parts of a message during its adaptation, and the lines of text in place of those left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.message import allocation
from transcode.message.part_names import EXTENSIONS
from transcode.message.slideshow import readable, text_part
from transcode.message.smil import parts_of
from transcode.model import Note, Report

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from transcode.message.place import Place
    from transcode.model import Part, SlideParts

__all__ = ["Item", "Lines", "allocated", "is_text", "renamed"]

#: The longest name of a part that a line of text repeats, in characters.
_LONGEST_NAME = 60
#: The most lines for parts left out in one message. The reports name all of them.
_MOST_LINES = 20


@dataclass(slots=True, eq=False)
class Item:
    """One part of the message during its adaptation.

    Attributes:
        part: the part as read.
        now: the part as it will be; None: it is left out.
        kept: the part as read, or with another name of its content type, if it need not be fitted anew.
        reason: why it is fitted anew or left out; empty: it may stay.
        place: its encoder, for pictures, clips and sound.
        report: the report of its change.
        lock: why it may not be changed; empty: it may.
        line: what the receiver is told of a part that is shown as less than it was, such as a picture of a
            clip; empty: nothing.
    """

    part: Part
    now: Part | None
    kept: Part
    reason: str = ""
    place: Place | None = None
    report: Report | None = None
    line: str = ""
    lock: str = ""

    @property
    def name(self) -> str:
        part = self.part
        name = part.content_location or part.name or part.filename or part.content_id or part.content_type
        return " ".join(name.split())

    @property
    def size(self) -> int:
        return len(self.part.data)

    @property
    def encoder(self) -> Place:
        if self.place is None:
            raise RuntimeError(f"{self.name} has no encoder")
        return self.place

    def curve(self) -> Sequence[RatePoint]:
        """The rate curve; one that ends with the source itself if the source may stay."""
        found = self.encoder.curve
        if self.reason:
            return found
        return upper_hull(
            [*(point for point in found if point.size < self.size), RatePoint(self.size, 100.0)]
        )

    def may_stay(self, share: int) -> bool:
        """Whether the octets as read may stay, and a share in bytes has room for them."""
        return not self.reason and share >= self.size

    def changed(self, code: str, text: str) -> None:
        """Report a change that is no rendition."""
        notes = () if self.report is None else self.report.notes
        size = 0 if self.now is None else len(self.now.data)
        self.report = Report(
            self.name,
            self.part.content_type,
            self.size,
            None,
            None,
            None,
            None,
            size,
            notes=(*notes, Note(code, text)),
        )


def _is_told(item: Item) -> bool:
    """Whether a line is about the item."""
    return item.now is None or bool(item.line)


def is_text(item: Item) -> bool:
    """Whether the item is a text that may be changed."""
    return item.part.content_type == "text/plain" and not item.lock


def renamed(item: Item, content_type: str, data: bytes, items: Sequence[Item]) -> Part:
    """Return the part of an item with other octets; with another content type also with another extension."""
    part = item.part
    if content_type == part.content_type:
        return replace(part, data=data)
    taken = {one.now.content_location for one in items if one.now is not None and one is not item}

    def named(name: str | None) -> str | None:
        return None if name is None else _with_extension(name, EXTENSIONS[content_type], taken)

    return replace(
        part,
        content_type=content_type,
        data=data,
        content_location=named(part.content_location),
        name=named(part.name),
        filename=named(part.filename),
        parameters=tuple(pair for pair in part.parameters if pair[0].lower() != "codecs"),
    )


def _with_extension(name: str, extension: str, taken: Container[str | None]) -> str:
    """A name with another extension, different from the names taken."""
    stem, dot, old = name.rpartition(".")
    stem = stem if dot and stem and len(old) <= 5 else name
    made, number = f"{stem}.{extension}", 2
    while made in taken:
        made, number = f"{stem}-{number}.{extension}", number + 1
    return made


def allocated(media: Sequence[Item], curves: Mapping[int, Sequence[RatePoint]], room: int) -> dict[int, int]:
    """Return the share of each medium in bytes by its id(); the shares sum to the room."""
    if len(media) == 1:
        return {id(media[0]): room}
    shares = allocation.allocate([curves[id(item)] for item in media], room)
    return {id(item): share for item, share in zip(media, shares, strict=True)}


class Lines:
    """Writes the lines of text that replace the parts that are left out.

    A line is on the slide of its part: at the end of the slide's text, else in a text part that takes the
    place of the first part left out, or is beside the first part if none is left out. A line of a part on no
    slide is on the last slide.
    """

    def __init__(
        self,
        items: Sequence[Item],
        shown: Sequence[SlideParts],
        link: str | None,
        charsets: Sequence[str] | None,
    ) -> None:
        self._charsets = charsets
        self._texts: dict[int, list[str]] = {}
        by_part = {id(item.part): item for item in items}
        groups = [[by_part[id(part)] for part in parts_of(slide) if id(part) in by_part] for slide in shown]
        placed = {id(item) for group in groups for item in group}
        loose = [item for item in items if id(item) not in placed]
        groups = [*groups[:-1], [*groups[-1], *loose]] if groups else [loose]
        more = sum(_is_told(item) for item in items) - _MOST_LINES
        left = _MOST_LINES
        for group in groups:
            gone = [item for item in group if _is_told(item)][:left]
            left -= len(gone)
            if gone:
                texts = [item for item in group if item.now is not None and is_text(item)]
                # A part may be on several slides.
                replaced = [item for item in gone if item.now is None]
                words = self._texts.setdefault(id((texts or replaced or gone)[0]), [])
                words += [line for line in _lines(gone, 0 if left else more, link) if line not in words]
        self._taken = {item.part.content_location for item in items}
        self._given: dict[int, str] = {}

    def part(self, item: Item) -> Part | None:
        """The part of an item with its lines; None: it has neither octets nor lines."""
        lines = self._texts.get(id(item))
        if lines is None or (item.now is not None and not is_text(item)):
            return item.now
        words = "\n".join(lines)
        if item.now is not None:
            made = self._text(f"{item.now.text}\n{words}" if item.now.data else words)
            return replace(item.now, data=made.data, charset=made.charset)
        return replace(self._alone(item, words), content_id=item.part.content_id)

    def beside(self, item: Item) -> Part | None:
        """The text of the lines of an item that is shown and is no text; None: it has none."""
        lines = self._texts.get(id(item))
        if lines is None or item.now is None or is_text(item):
            return None
        made = self._alone(item, "\n".join(lines))
        return replace(made, content_id=made.content_location)

    def _alone(self, item: Item, words: str) -> Part:
        """A text part with the name of an item."""
        location = self._given.get(id(item))
        if location is None:
            stem = item.name.rpartition(".")[0] or item.name
            location = f"{stem[:_LONGEST_NAME]}.txt"
            while location in self._taken:
                location = f"{location.removesuffix('.txt')}-.txt"
            self._given[id(item)] = location
            self._taken.add(location)
        return replace(self._text(words), content_location=location, name=location)

    def _text(self, words: str) -> Part:
        return text_part(1, readable(words, self._charsets), self._charsets)


def _lines(gone: Sequence[Item], more: int, link: str | None) -> Iterator[str]:
    """The lines of the parts that a slide lacks, and the number of further parts that the message lacks."""
    for item in gone:
        name = item.name if len(item.name) <= _LONGEST_NAME else f"{item.name[:_LONGEST_NAME]}..."
        yield f"[{name}: {item.line or item.reason}]"
    if more > 0:
        yield f"[{counted(more, 'more part is', 'more parts are')} left out]"
    if link is not None:
        yield link
