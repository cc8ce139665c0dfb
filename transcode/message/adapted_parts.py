"""The parts of a message during its adaptation, and the lines of text in place of those left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.message.slideshow import readable, text_part
from transcode.message.smil import parts_of
from transcode.model import Note, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transcode.message.place import Place
    from transcode.model import Part, SlideParts

__all__ = ["Item", "Lines", "is_text"]

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
    """

    part: Part
    now: Part | None
    kept: Part
    reason: str = ""
    place: Place | None = None
    report: Report | None = None

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


def is_text(item: Item) -> bool:
    return item.part.content_type == "text/plain"


class Lines:
    """Writes the lines of text that replace the parts that are left out.

    A line is on the slide of its part: at the end of the slide's text, else in a text part that takes the
    place of the first part left out. A line of a part on no slide is on the last slide.
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
        more = sum(item.now is None for item in items) - _MOST_LINES
        left = _MOST_LINES
        for group in groups:
            gone = [item for item in group if item.now is None][:left]
            left -= len(gone)
            if gone:
                texts = [item for item in group if item.now is not None and is_text(item)]
                # A part may be on several slides.
                words = self._texts.setdefault(id((texts or gone)[0]), [])
                words += [line for line in _lines(gone, 0 if left else more, link) if line not in words]
        self._names = {item.part.content_location for item in items}

    def part(self, item: Item) -> Part | None:
        """The part of an item with its lines; None: it has neither octets nor lines."""
        lines = self._texts.get(id(item))
        if lines is None:
            return item.now
        words = "\n".join(lines)
        if item.now is not None:
            made = self._text(f"{item.now.text}\n{words}" if item.now.data else words)
            return replace(item.now, data=made.data, charset=made.charset)
        made = self._text(words)
        stem = item.name.rpartition(".")[0] or item.name
        location = f"{stem[:_LONGEST_NAME]}.txt"
        while location in self._names:
            location = f"{location.removesuffix('.txt')}-.txt"
        return replace(made, content_id=item.part.content_id, content_location=location, name=location)

    def _text(self, words: str) -> Part:
        return text_part(1, readable(words, self._charsets), self._charsets)


def _lines(gone: Sequence[Item], more: int, link: str | None) -> Iterator[str]:
    """The lines of the parts that a slide lacks, and the number of further parts that the message lacks."""
    for item in gone:
        name = item.name if len(item.name) <= _LONGEST_NAME else f"{item.name[:_LONGEST_NAME]}..."
        yield f"[{name}: {item.reason}]"
    if more > 0:
        yield f"[{more:,} more parts are left out]"
    if link is not None:
        yield link
