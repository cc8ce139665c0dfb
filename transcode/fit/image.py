"""A still picture under a limit in bytes.

The picture is reduced to the box once and transformed once. For every quality
that is tried, the coefficients are quantised and the length of the file that
they would make is counted; a file is written in the end only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, UnsupportedError
from transcode.fit.jpeg import HIGHEST_QUALITY, Choice, finest, roughly
from transcode.fit.record import Record
from transcode.media.coefficients import Coefficients
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.media.image import Still
    from transcode.media.source import Content
    from transcode.model import Limits, Rendition, ReportCallback

__all__ = ["HIGHEST_QUALITY", "fit_image"]

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


def fit_image(
    content: Content, still: Still, limits: Limits, *, report: ReportCallback | None = None
) -> Rendition:
    """The best rendition of a picture that keeps to the limits.

    A JPEG, PNG, GIF or WebP that keeps to all of them passes through without its
    metadata. Anything else becomes a baseline JPEG, upright, in sRGB, with 4:2:0 or 4:4:4 chroma.

    Raises:
        SourceError: the pixels can't be decoded.
        UnsupportedError: the limits name no format that pictures are written in.
        BudgetError: not even the smallest rendition fits.
    """
    record = Record(content, still.content_type, limits.max_bytes, report, (still.width, still.height))
    width, height = _inside(still.width, still.height, limits)
    keeps_size = (width, height) == (still.width, still.height)
    if keeps_size and still.content_type in limits.formats:
        stripped = still.stripped(limits.max_bytes)
        if stripped is not None:
            record.add(stripped.notes)
            return record.rendition(stripped.data, stripped.content_type, (width, height))
    if "image/jpeg" not in limits.formats:
        raise UnsupportedError(
            content.name,
            f"pictures are written as image/jpeg, and the limits take {', '.join(limits.formats)}",
        )
    return _fit_jpeg(still, width, height, record, keeps_size=keeps_size)


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


def _fit_jpeg(still: Still, width: int, height: int, record: Record, *, keeps_size: bool) -> Rendition:
    choice: Choice | None = None
    if keeps_size and still.content_type == "image/jpeg" and len(record.content.data) < record.max_bytes:
        # Coded anew only because it is turned, or in other colours: that is no
        # reason to grow, nor one to look poor.
        choice = _at_size(still, width, height, len(record.content.data), record)
        if _is_poor(choice):
            choice = None
        else:
            text = f"no larger than the source, {len(record.content.data):,} bytes"
            record.add((Note("kept-to-source", text),))
    choice = choice or _sized(still, width, height, record)
    if choice.quality is None:
        raise BudgetError(record.content.name, record.max_bytes, smallest=choice.size)
    picture = choice.picture
    data = choice.encode()
    if (picture.width, picture.height) != (still.width, still.height):
        text = f"reduced from {still.width} x {still.height} to {picture.width} x {picture.height} pixels"
        record.add((Note("reduced", text),))
    quality = round(choice.quality, 2)
    return record.rendition(data, "image/jpeg", (picture.width, picture.height), quality=quality)


def _at_size(still: Still, width: int, height: int, max_bytes: int, record: Record) -> Choice:
    """The picture at one size, as fine as max_bytes allow."""
    reduced = still.reduce(width, height)
    record.add(reduced.notes)
    picture = Coefficients.of(reduced.planes, width, height)
    quality = roughly(picture, max_bytes)
    start: float | None = quality
    if quality >= _FULL_CHROMA_QUALITY and len(reduced.planes) == 3:
        planes = still.reduce(width, height, sampling="4:4:4").planes
        picture, start = Coefficients.of(planes, width, height, sampling="4:4:4"), None
    choice = finest(picture, max_bytes, start=start)
    record.trials.extend(choice.trials)
    return choice


def _is_poor(choice: Choice) -> bool:
    """Whether it does not fit, or looks so bad that fewer pixels would look better."""
    return choice.quality is None or choice.quality < _POOR_QUALITY


def _rank(choice: Choice) -> tuple[float, int]:
    """What fits before what does not; then the finer; then the smaller."""
    return (-math.inf if choice.quality is None else choice.quality, -choice.size)


def _sized(still: Still, width: int, height: int, record: Record) -> Choice:
    """The picture at the largest size at which it does not look poor, or else the least poor."""
    best: Choice | None = None
    for shrink in _SHRINKS:
        size = _scaled(width, height, shrink)
        choice = _at_size(still, *size, record.max_bytes, record)
        if not _is_poor(choice):
            return choice
        if best is None or _rank(choice) > _rank(best):
            best = choice
        if max(size) <= (8 if choice.quality is None else 64):
            break
    assert best is not None  # noqa: S101  (there is at least one size)
    return best
