"""A still picture under a limit in bytes.

The picture is reduced to the box once and transformed once. For every quality
that is tried, the coefficients are quantised and the length of the file that
they would make is counted; a file is written in the end only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import BudgetError, UnsupportedError
from transcode.fit.search import largest
from transcode.media.coefficients import Coefficients
from transcode.model import Note, Rendition, Report, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.image import Still
    from transcode.media.source import Content
    from transcode.model import Limits, ReportCallback

__all__ = ["HIGHEST_QUALITY", "fit_image"]

#: The most pixels of a rendition, since no message has the bytes for more, and of
#: one side: what libjpeg writes.
MAX_PIXELS = 25_000_000
MAX_SIDE = 65_500

#: The ceiling, on the IJG scale: a limit that leaves room for more is not filled.
#: At 99 camera photos score 88 to 92 points of SSIMULACRA2, hardly to be told from
#: the original; finer steps take a fifth to a third more bytes for half a point.
HIGHEST_QUALITY = 99.0

#: The floor at which a picture is still tried.
LOWEST_QUALITY = 4.0

#: Below this quality the same bytes look better spent on fewer pixels: on six
#: camera photos in a box of 1440 x 1080, at 30, 60 and 120 kB, half the size scored
#: 2 to 19 points of SSIMULACRA2 more wherever full size needed a quality under 40.
_POOR_QUALITY = 40.0

#: Where the search begins.
_USUAL_QUALITY = 75.0

#: The share of the limit that is worth no further trial.
_ENOUGH = 0.99

#: How much of the dead zone may be given up to fill the limit.
_MOST_RELIEF = 0.3

#: Sizes that are tried in turn, as shares of width and height.
_SHRINKS = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.0625, 0.03, 0.015)

#: Radial frequency of each coefficient, in zigzag order (T.81, figure 5): by
#: diagonals, every other one upwards.
_RADIUS = np.hypot(
    *np.array(
        sorted(np.ndindex(8, 8), key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]))
    ).T
)

#: The quantisation table at quality 50: a straight line over radial frequency,
#: the same for luma and chroma. In SSIMULACRA2 it gains more than two points
#: over the tables of T.81, annex K, at the same bytes.
_TABLE = 12.0 + 10.0 * _RADIUS

#: How large a coefficient must be to be kept, in steps: more for high frequencies,
#: where a kept one costs more bits than it is worth.
_DEAD_ZONE = 0.55 + 0.15 * _RADIUS / _RADIUS.max()


def fit_image(
    content: Content, still: Still, limits: Limits, *, report: ReportCallback | None = None
) -> Rendition:
    """The best rendition of a picture that keeps to the limits.

    A JPEG, PNG, GIF or WebP that keeps to all of them passes through without its
    metadata. Anything else becomes a baseline JPEG, upright, in sRGB, with 4:2:0 chroma.

    Raises:
        SourceError: the pixels can't be decoded.
        UnsupportedError: the limits name no format that pictures are written in.
        BudgetError: not even the smallest rendition fits.
    """
    width, height = _inside(still.width, still.height, limits)
    keeps_size = (width, height) == (still.width, still.height)
    if keeps_size and still.content_type in limits.formats:
        stripped = still.stripped(limits.max_bytes)
        if stripped is not None:
            record = _Record(content, still, limits.max_bytes, report)
            record.add(stripped.notes)
            return record.rendition(stripped.data, stripped.content_type, width, height, None)
    if "image/jpeg" not in limits.formats:
        raise UnsupportedError(
            content.name,
            f"pictures are written as image/jpeg, and the limits take {', '.join(limits.formats)}",
        )
    record = _Record(content, still, limits.max_bytes, report)
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


class _Record:
    """What is known of a picture's way, to be made a report of."""

    def __init__(
        self, content: Content, still: Still, max_bytes: int, callback: ReportCallback | None
    ) -> None:
        self.content = content
        self.still = still
        self.max_bytes = max_bytes
        self.callback = callback
        self.notes: list[Note] = []
        self.trials: list[Trial] = []

    def add(self, notes: Sequence[Note]) -> None:
        for note in notes:
            if note not in self.notes:
                self.notes.append(note)
                if self.callback is not None:
                    self.callback(note)

    def rendition(
        self, data: bytes, content_type: str, width: int, height: int, quality: float | None
    ) -> Rendition:
        report = Report(
            source=self.content.name,
            source_type=self.still.content_type,
            source_bytes=len(self.content.data),
            source_width=self.still.width,
            source_height=self.still.height,
            width=width,
            height=height,
            max_bytes=self.max_bytes,
            quality=quality,
            notes=tuple(self.notes),
            trials=tuple(self.trials),
        )
        return Rendition(data, content_type, width, height, None, report)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A picture at one size, and the finest quantisation found for it.

    Attributes:
        picture: its coefficients.
        fineness: None when even the coarsest does not fit.
        relief: how much of the dead zone is given up, as a share.
        size: of the file, in bytes; at the coarsest quantisation when none fits.
    """

    picture: Coefficients
    fineness: float | None
    relief: float
    size: int

    @property
    def is_poor(self) -> bool:
        """Whether it does not fit, or looks so bad that fewer pixels would look better."""
        return self.fineness is None or self.fineness < _fineness(_POOR_QUALITY)

    @property
    def rank(self) -> tuple[float, int]:
        """What fits before what does not; then the finer; then the smaller."""
        return (-math.inf if self.fineness is None else self.fineness, -self.size)


def _fit_jpeg(still: Still, width: int, height: int, record: _Record, *, keeps_size: bool) -> Rendition:
    choice: _Choice | None = None
    if keeps_size and still.content_type == "image/jpeg" and len(record.content.data) < record.max_bytes:
        # Coded anew only because it is turned, or in other colours: that is no
        # reason to grow, nor one to look poor.
        choice = _at_size(still, width, height, len(record.content.data), record)
        if choice.is_poor:
            choice = None
        else:
            text = f"no larger than the source, {len(record.content.data):,} bytes"
            record.add((Note("kept-to-source", text),))
    choice = choice or _sized(still, width, height, record)
    if choice.fineness is None:
        raise BudgetError(record.content.name, record.max_bytes, smallest=choice.size)
    picture = choice.picture
    data = picture.encode(*_tables(choice.fineness, choice.relief), choice.size)
    if (picture.width, picture.height) != (still.width, still.height):
        text = f"reduced from {still.width} x {still.height} to {picture.width} x {picture.height} pixels"
        record.add((Note("reduced", text),))
    quality = round(_quality(choice.fineness), 2)
    return record.rendition(data, "image/jpeg", picture.width, picture.height, quality)


def _at_size(still: Still, width: int, height: int, max_bytes: int, record: _Record) -> _Choice:
    """The picture at one size, as fine as max_bytes allow."""
    reduced = still.reduce(width, height)
    record.add(reduced.notes)
    return _finest(Coefficients.of(reduced.planes, width, height), max_bytes, record)


def _sized(still: Still, width: int, height: int, record: _Record) -> _Choice:
    """The picture at the largest size at which it does not look poor, or else the least poor."""
    best: _Choice | None = None
    for shrink in _SHRINKS:
        size = _scaled(width, height, shrink)
        choice = _at_size(still, *size, record.max_bytes, record)
        if not choice.is_poor:
            return choice
        if best is None or choice.rank > best.rank:
            best = choice
        if max(size) <= (8 if choice.fineness is None else 64):
            break
    assert best is not None  # noqa: S101  (there is at least one size)
    return best


def _finest(picture: Coefficients, max_bytes: int, record: _Record) -> _Choice:
    """The finest quantisation at which the picture's file has at most max_bytes."""

    def measure(fineness: float, relief: float = 0.0) -> int:
        length = picture.measure(*_tables(fineness, relief))
        quality = round(_quality(fineness), 2)
        record.trials.append(Trial(picture.width, picture.height, quality, length))
        return length

    found = largest(
        measure,
        max_bytes,
        _fineness(LOWEST_QUALITY),
        _fineness(HIGHEST_QUALITY),
        start=_fineness(_USUAL_QUALITY),
    )
    fineness = found.setting
    if fineness is None or fineness >= _fineness(HIGHEST_QUALITY) or found.size >= _ENOUGH * max_bytes:
        return _Choice(picture, fineness, 0.0, found.size)
    # The next finer table is too large by a step: keep some more coefficients instead.
    more = largest(lambda relief: measure(fineness, relief), max_bytes, 0.0, _MOST_RELIEF)
    if more.setting is None:
        return _Choice(picture, fineness, 0.0, found.size)
    return _Choice(picture, fineness, more.setting, more.size)


def _tables(fineness: float, relief: float) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Quantisation table and dead zone, in zigzag order.

    Steps are whole numbers, which leaves few tables to choose from where they are
    small. The dead zone makes up for the rounding: what is kept follows the exact
    step, so that sizes change smoothly with fineness.
    """
    exact = _TABLE * 2.0**-fineness
    steps = np.clip(np.rint(exact), 1, 255)
    return steps.astype(np.uint16), np.clip(_DEAD_ZONE * (1 - relief) * exact / steps, 0.35, 0.95)


# Quality follows the IJG scale in how it stretches the table, but is continuous:
# 50 leaves it as it is, 25 doubles it, 75 halves it. The search goes by fineness,
# minus the logarithm of that factor, since sizes grow about evenly with it.


def _fineness(quality: float) -> float:
    factor = 50.0 / quality if quality < 50 else 2.0 - quality / 50.0
    return -math.log2(factor)


def _quality(fineness: float) -> float:
    factor = math.exp2(-fineness)
    return 50.0 / factor if factor > 1 else 100.0 - 50.0 * factor
