"""A still picture under a limit in bytes.

The picture is reduced to the box once and transformed once, however many limits it is
finished for. For every quality that is tried, the coefficients are quantised and the
length of the file that they would make is counted; a file is written in the end only.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, LimitsError, UnsupportedError
from transcode.fit.jpeg import HIGHEST_QUALITY, Choice, finest, roughly
from transcode.fit.record import Record
from transcode.media.coefficients import Coefficients
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.media.image import Reduced, Still, Stripped
    from transcode.media.source import Content
    from transcode.model import Limits, Rendition, ReportCallback

__all__ = ["HIGHEST_QUALITY", "PreparedImage"]

#: The most pixels of a rendition, since no message has the bytes for more, and of
#: one side: what libjpeg writes.
MAX_PIXELS = 25_000_000
MAX_SIDE = 65_500

#: Below this quality the same bytes look better spent on fewer pixels: on six
#: camera photos in a box of 1440 x 1080, at 30, 60 and 120 kB, half the size scored
#: 2 to 19 points of SSIMULACRA2 more wherever full size needed a quality under 40.
_POOR_QUALITY = 40.0

#: From this quality of 4:2:0 on, chroma is not halved. On four camera photos, at 640 x 480
#: and 50 and 100 kB and at 1600 x 1200 and 306 and 613 kB, 4:4:4 scored up to 7 points of
#: SSIMULACRA2 more above it, and up to 3 less below.
_FULL_CHROMA_QUALITY = 97.5

#: Sizes that are tried in turn, as shares of width and height.
_SHRINKS = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.0625, 0.03, 0.015)


class PreparedImage:
    """A picture that is ready to be finished for any number of bytes.

    A JPEG, PNG, GIF or WebP that keeps to all limits passes through without its
    metadata. Anything else becomes a baseline JPEG, upright, in sRGB, with 4:2:0 or 4:4:4 chroma.

    It is decoded and reduced when the first JPEG is asked for, and reduced no more after that.

    Args:
        content: the source.
        still: the source, opened.
        limits: what renditions must keep to; max_bytes is the most that may be asked for.
    """

    def __init__(self, content: Content, still: Still, limits: Limits) -> None:
        self._content = content
        self._still = still
        self._limits = limits
        self._full = _inside(still.width, still.height, limits)
        self._keeps_size = self._full == (still.width, still.height)
        self._reduced: Reduced | None = None
        self._picture: Coefficients | None = None

    @cached_property
    def _stripped(self) -> Stripped | None:
        """The source without its metadata, where it keeps to the limits."""
        if self._keeps_size and self._still.content_type in self._limits.formats:
            return self._still.stripped(self._limits.max_bytes)
        return None

    def finish(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        """The best rendition of at most so many bytes: the same, whatever was asked for before.

        Raises:
            SourceError: the pixels can't be decoded.
            UnsupportedError: the limits name no format that pictures are written in.
            BudgetError: not even the smallest rendition fits.
            LimitsError: more bytes than the limits have.
        """
        if max_bytes > self._limits.max_bytes:
            raise LimitsError(f"{max_bytes:,} bytes, and the limits have {self._limits.max_bytes:,}")
        still = self._still
        record = Record(self._content, still.content_type, max_bytes, report, (still.width, still.height))
        stripped = self._stripped
        if stripped is not None and len(stripped.data) <= max_bytes:
            record.add(stripped.notes)
            return record.rendition(stripped.data, stripped.content_type, self._full)
        if "image/jpeg" not in self._limits.formats:
            raise UnsupportedError(
                self._content.name,
                f"pictures are written as image/jpeg, and the limits take {', '.join(self._limits.formats)}",
            )
        return self._jpeg(max_bytes, record)

    def release(self) -> None:
        """Keep no more than the planes of the reduced picture: what else is needed is made again."""
        self._still.release()
        self._picture = None

    def _jpeg(self, max_bytes: int, record: Record) -> Rendition:
        still, source_bytes = self._still, len(self._content.data)
        choice: Choice | None = None
        if self._keeps_size and still.content_type == "image/jpeg" and source_bytes < max_bytes:
            # Coded anew only because it is turned, or in other colours: that is no
            # reason to grow, nor one to look poor.
            choice = self._at_size(self._full, source_bytes, record)
            if _is_poor(choice):
                choice = None
            else:
                record.add((Note("kept-to-source", f"no larger than the source, {source_bytes:,} bytes"),))
        choice = choice or self._sized(max_bytes, record)
        if choice.quality is None:
            raise BudgetError(self._content.name, max_bytes, smallest=choice.size)
        picture = choice.picture
        data = choice.encode()
        if (picture.width, picture.height) != (still.width, still.height):
            text = f"reduced from {still.width} x {still.height} to {picture.width} x {picture.height} pixels"
            record.add((Note("reduced", text),))
        quality = round(choice.quality, 2)
        return record.rendition(data, "image/jpeg", (picture.width, picture.height), quality=quality)

    def _at_size(self, size: tuple[int, int], max_bytes: int, record: Record) -> Choice:
        """The picture at one size, as fine as max_bytes allow."""
        if self._reduced is None:
            self._reduced = self._still.reduce(*self._full)
        record.add(self._reduced.notes)
        if size != self._full:
            picture = Coefficients.of(self._reduced.smaller(*size).planes, *size)
        elif self._picture is None:
            picture = self._picture = Coefficients.of(self._reduced.planes, *size)
        else:
            picture = self._picture
        quality = roughly(picture, max_bytes)
        start: float | None = quality
        if size == self._full and quality >= _FULL_CHROMA_QUALITY and len(self._reduced.planes) == 3:
            planes = self._still.reduce(*size, sampling="4:4:4").planes
            picture, start = Coefficients.of(planes, *size, sampling="4:4:4"), None
        choice = finest(picture, max_bytes, start=start)
        record.trials.extend(choice.trials)
        return choice

    def _sized(self, max_bytes: int, record: Record) -> Choice:
        """The picture at the largest size at which it does not look poor, or else the least poor."""
        best: Choice | None = None
        for shrink in _SHRINKS:
            size = _scaled(*self._full, shrink)
            choice = self._at_size(size, max_bytes, record)
            if not _is_poor(choice):
                return choice
            if best is None or _rank(choice) > _rank(best):
                best = choice
            if max(size) <= (8 if choice.quality is None else 64):
                break
        assert best is not None  # noqa: S101  (there is at least one size)
        return best


def _inside(width: int, height: int, limits: Limits) -> tuple[int, int]:
    """The largest size of this shape inside the box, never larger than it is."""
    most_wide, most_high = limits.box(portrait=height > width)
    most_wide, most_high = min(most_wide or width, MAX_SIDE), min(most_high or height, MAX_SIDE)
    scale = min(
        1.0,
        min(most_wide, width) / width,
        min(most_high, height) / height,
        math.sqrt(MAX_PIXELS / (width * height)),
    )
    return _scaled(width, height, scale)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5))


def _is_poor(choice: Choice) -> bool:
    """Whether it does not fit, or looks so bad that fewer pixels would look better."""
    return choice.quality is None or choice.quality < _POOR_QUALITY


def _rank(choice: Choice) -> tuple[float, int]:
    """What fits before what does not; then the finer; then the smaller."""
    return (-math.inf if choice.quality is None else choice.quality, -choice.size)
