"""A still picture under a limit in bytes.

The picture is reduced to the box once and transformed (DCT) once for all limits. For each trial quality the
coefficients are quantised and the length of the file is counted. The file is written only at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, LimitsError, NotTakenError
from transcode.fit.pictures.graphics import TUNING as GRAPHICS
from transcode.fit.pictures.graphics import best_drawing, is_drawn
from transcode.fit.pictures.jpeg import (
    HEADER_BYTES,
    HIGHEST_QUALITY,
    Choice,
    estimate,
    keeps_full_chroma,
    search,
)
from transcode.fit.pictures.rate_curve import rate_curve
from transcode.fit.pictures.sizes import Sizes
from transcode.fit.pictures.witness import shown
from transcode.fit.rate_points import RatePoint, upper_hull
from transcode.fit.record import Record
from transcode.jobs.stages import staged
from transcode.media.pictures.still import LARGEST
from transcode.media.samples.coefficients import Coefficients
from transcode.model import Note
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from transcode.media.pictures.still import Detail, Reduced, Still, Stripped
    from transcode.media.source.inputs import Input
    from transcode.model import Limits, Rendition, ReportCallback

__all__ = ["HIGHEST_QUALITY", "TUNING", "PreparedImage", "Tuning"]

#: Largest width and height in pixels that libjpeg writes.
MAX_SIDE = 65_500

_SIZE = Tool("bench/tune_size.py", "photos")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants for the size and the coding of a photo. Points are SSIMULACRA2."""

    few_bytes: float = _SIZE.tuned(
        0.041,
        "Bytes per pixel below which, at a quality below fine_quality, half the width and height looks"
        " better at equal size. Sizes in between hardly ever look best. On twelve camera photos in boxes of"
        " 640 x 480 to 2592 x 1944, at 0.005 to 0.1 bytes per pixel of the box, the choice loses 0.4 points"
        " on average and at most 8 points against the best of nine sizes. Where both sizes are scored, the"
        " loss is half of that without scores.",
        unit="bytes / pixel",
    )
    hardly_any_bytes: float = _SIZE.tuned(
        0.012,
        "Bytes per pixel of the box from which both sizes are scored on tiles. With fewer bytes the scores of"
        " tiles are less reliable.",
        unit="bytes / pixel",
    )
    fine_quality: float = _SIZE.tuned(
        80.0,
        "Quality from which a picture keeps its size.",
        unit="quality",
    )
    many_bytes: float = _SIZE.tuned(
        0.2,
        "Bytes per pixel of the box from which the aliasing of a reduced decode is visible, and detail is"
        " fine.",
        unit="bytes / pixel",
    )
    most_bytes: float = _SIZE.tuned(
        0.5,
        "Bytes per pixel of the box from which a reduced decode, and not quantisation, bounds the score, and"
        " detail is finest: with 1.2 bytes per pixel, halves and quarters of ratio 1.25 to 1.5 reached 84 to"
        " 97 points, at the median 93.5, where the full size reached 94 to 98, at the median 95.2.",
        unit="bytes / pixel",
    )
    least_progressive: int = _SIZE.tuned(
        8_192,
        "Number of bytes and of pixels below which the headers of a progressive file take more bytes than"
        " its scans save. Of six photos in boxes of 64 to 320 pixels, nearly all had a higher quality as"
        " progressive files from 10,000 bytes, and hardly any at 6,000.",
        unit="bytes, pixels",
    )


TUNING = Tuning()

#: Quality below which a picture that is re-encoded at its own size may take more bytes than its source.
#: Chosen: blocks are visible there.
_POOR_QUALITY = 40.0

#: Longer side in pixels at which a picture is no longer halved. Chosen.
_SMALLEST_SIDE = 8

#: Source types whose renditions should not be larger files. Other types have more efficient codecs than
#: receivers decode.
_NOT_TO_GROW = ("image/jpeg", "image/png", "image/gif")


#: Lossless source types.
_LOSSLESS = ("image/png", "image/gif", "image/bmp", "image/tiff")


class PreparedImage:
    """A picture that is prepared for encoding under any byte limit.

    A JPEG, PNG, GIF or WebP that keeps to all limits is copied without its metadata. Any other picture
    becomes a baseline JPEG: upright, in sRGB, with 4:2:0 or 4:4:4 chroma. A screenshot, a document or a
    drawing becomes a PNG where that looks better. Every picture becomes a PNG where the limits take no JPEG.
    Where the limits take progressive files, photos are progressive, except the smallest.

    The picture is decoded and reduced when the first rendition needs its pixels, and again only where a byte
    limit needs another decode scale.

    Args:
        content: the source.
        still: the source, opened.
        limits: what renditions must keep to; max_bytes is the largest size that encode() takes.
        tuning: the measured constants.
        is_shared: whether others use the source too, who need what it decoded.
    """

    def __init__(
        self,
        content: Input,
        still: Still,
        limits: Limits,
        *,
        tuning: Tuning = TUNING,
        is_shared: bool = False,
    ) -> None:
        self._is_shared = is_shared
        self._content = content
        self._still = still
        self._limits = limits
        self._tuning = tuning
        self._full = _inside(still.width, still.height, limits)
        self._keeps_size = self._full == (still.width, still.height)
        self._detail: Detail = "coarse"
        self._reduced: Reduced | None = None
        self._picture: Coefficients | None = None
        self._fuller: Coefficients | None = None
        self._sizes: Sizes | None = None

    @cached_property
    def _stripped(self) -> Stripped | None:
        """The source without its metadata; None: the source does not keep to the limits."""
        if self._keeps_size and self._still.content_type in self._limits.formats:
            return self._still.stripped(self._limits.max_bytes, progressive=self._limits.progressive)
        return None

    def encode(self, max_bytes: int, *, report: ReportCallback | None = None) -> Rendition:
        """Return the best rendition of at most max_bytes bytes. Earlier calls do not change the result.

        Raises:
            SourceError: the pixels can't be decoded.
            NotTakenError: the limits have no format that pictures are written in.
            BudgetError: not even the smallest rendition fits.
            LimitsError: max_bytes is above that of the limits.
        """
        if max_bytes > self._limits.max_bytes:
            raise LimitsError(f"max_bytes is {max_bytes:,}; the prepared limit is {self._limits.max_bytes:,}")
        still = self._still
        self._begin(max_bytes)
        record = Record(self._content, still.content_type, max_bytes, report, (still.width, still.height))
        stripped = self._stripped
        if stripped is not None and len(stripped.data) <= max_bytes:
            record.add(stripped.notes)
            return record.rendition(stripped.data, stripped.content_type, self._full)
        if not {"image/jpeg", "image/png"} & set(self._limits.formats):
            raise NotTakenError(
                self._content.name,
                f"the receiver accepts neither image/jpeg nor image/png ({', '.join(self._limits.formats)})",
                kind="picture",
                remedy="a link to it can be sent",
            )
        if "image/jpeg" not in self._limits.formats or self._is_drawn:
            made = self._drawing(max_bytes, record)
            if made is not None:
                return made
        return self._jpeg(max_bytes, record)

    def rate_curve(self) -> tuple[RatePoint, ...]:
        """Return expected scores by size: sizes and scores rise, and slopes fall. Nothing is encoded.

        The last point is the largest rendition, or the source that is copied.

        Raises:
            SourceError: the pixels can't be decoded.
        """
        found: list[RatePoint] = []
        if "image/jpeg" in self._limits.formats:
            found += rate_curve(self._planes().planes)
        if self._stripped is not None:
            size = len(self._stripped.data)
            found = [*(point for point in found if point.size < size), RatePoint(size, 100.0)]
        return upper_hull(found)

    def drop_cache(self) -> None:
        """Free all buffers except the planes of the reduced picture; later calls compute them again."""
        if not self._is_shared:
            self._still.drop_cache()
        self._picture = self._fuller = self._sizes = None

    @cached_property
    def _is_drawn(self) -> bool:
        """Whether the picture is a screenshot, a document or a drawing."""
        lossless = self._still.content_type in _LOSSLESS
        return is_drawn(self._planes().planes[0], lossless=lossless)

    def _drawing(self, max_bytes: int, record: Record) -> Rendition | None:
        """Return the best PNG or JPEG of a drawing; None: neither fits, and the limits take JPEG.

        Raises:
            BudgetError: no PNG fits, and the limits take no JPEG.
        """
        record.add(self._planes().notes)
        # Letters show the aliasing of a reduced decode with any number of bytes.
        samples = staged("decode")(self._still.rgb)(*self._full, detail="finest")
        png, jpeg = (name in self._limits.formats for name in ("image/png", "image/jpeg"))
        drawn = None
        source_bytes = len(self._content.data)
        if self._keeps_size and self._still.content_type in _NOT_TO_GROW and source_bytes < max_bytes:
            drawn = best_drawing(samples, source_bytes, png=png, jpeg=jpeg, trials=record.trials)
        if drawn is None or drawn.score < GRAPHICS.good_score:
            drawn = best_drawing(samples, max_bytes, png=png, jpeg=jpeg, trials=record.trials)
        if drawn is None:
            if jpeg:
                return None
            smallest = min(trial.size for trial in record.trials)
            raise BudgetError(self._content.name, max_bytes, smallest=smallest)
        if drawn.colours is not None:
            record.add((Note("colours-reduced", f"reduced to {drawn.colours} colours"),))
        size = (drawn.width, drawn.height)
        record.add(_size_notes(self._still, *size))
        settings = (drawn.setting,)
        return record.rendition(
            drawn.data, drawn.content_type, size, quality=drawn.quality, settings=settings
        )

    def _jpeg(self, max_bytes: int, record: Record) -> Rendition:
        still, source_bytes = self._still, len(self._content.data)
        choice: Choice | None = None
        if self._keeps_size and still.content_type == "image/jpeg" and source_bytes < max_bytes:
            # The source is re-encoded only for its orientation or colours. The file should not grow,
            # and the quality should not be poor.
            choice = self._at_size(self._full, source_bytes, record)
            if choice is not None and (choice.quality or 0) < _POOR_QUALITY:
                choice = None
            else:
                record.add(
                    (Note("kept-to-source", f"limited to the size of the source, {source_bytes:,} bytes"),)
                )
        choice = choice or self._sized(max_bytes, record)
        if choice.quality is None:
            raise BudgetError(self._content.name, max_bytes, smallest=choice.size)
        picture = choice.picture
        data = choice.encode()
        record.add(_size_notes(still, picture.width, picture.height))
        quality = round(choice.quality, 2)
        return record.rendition(data, "image/jpeg", (picture.width, picture.height), quality=quality)

    def _at_size(
        self, size: tuple[int, int], max_bytes: int, record: Record, *, or_smaller: bool = False
    ) -> Choice | None:
        """Return the picture at one size with the highest quality that max_bytes allows.

        None: ``or_smaller`` is set, and half the size looks better at the same number of bytes.
        """
        tuning = self._tuning
        progressive = self._limits.progressive and min(max_bytes, math.prod(size)) >= tuning.least_progressive
        picture = self._coefficients(size, progressive=progressive)
        record.add(self._planes().notes)
        estimated = estimate(picture, max_bytes, enlarged=size != self._full)
        if or_smaller and estimated.quality < tuning.fine_quality:
            share = (max_bytes - HEADER_BYTES) / (picture.width * picture.height)
            few = share < tuning.few_bytes and max(size) > _SMALLEST_SIDE
            is_scored = size == self._full and share >= tuning.hardly_any_bytes
            if few and (not is_scored or self._looks_better_halved(max_bytes)):
                return None
        if size == self._full and keeps_full_chroma(estimated, self._planes().planes):
            estimated = estimate(self._full_chroma(picture), max_bytes, halved=estimated)
        choice = search(estimated)
        record.trials.extend(choice.trials)
        return choice

    def _sized(self, max_bytes: int, record: Record) -> Choice:
        """Return the picture at its best size for max_bytes, or at the largest size that fits."""
        halvings = 0
        while True:
            size = _scaled(*self._full, 0.5**halvings)
            choice = self._at_size(size, max_bytes, record, or_smaller=True)
            if choice is not None and (choice.quality is not None or max(size) <= _SMALLEST_SIDE):
                return choice
            halvings += 1

    def _looks_better_halved(self, max_bytes: int) -> bool:
        """Return whether max_bytes look better at half the width and height of the box."""
        if self._sizes is None:
            self._sizes = Sizes(self._planes().planes)
        own, halved = (self._sizes.score(scale, max_bytes) for scale in (1, 0.5))
        return own is None or (halved is not None and halved > own)

    def _begin(self, max_bytes: int) -> None:
        """Choose the decode scale for max_bytes; drop data that was computed at another scale."""
        share = max_bytes / math.prod(self._full)
        many, most = self._tuning.many_bytes, self._tuning.most_bytes
        detail: Detail = "finest" if share >= most else "fine" if share >= many else "coarse"
        if detail != self._detail:
            self._detail = detail
            self._reduced = self._picture = self._fuller = self._sizes = None
            self.__dict__.pop("_is_drawn", None)

    @staged("decode")
    def _planes(self) -> Reduced:
        """Return the picture, reduced to the box."""
        if self._reduced is None:
            self._reduced = shown(self._still.reduce(*self._full, detail=self._detail))
        return self._reduced

    @staged("transform")
    def _coefficients(self, size: tuple[int, int], *, progressive: bool) -> Coefficients:
        """Return the coefficients at a size; those at the size of the box are kept."""
        if size != self._full:
            return Coefficients.of(self._planes().smaller(*size).planes, *size, progressive=progressive)
        if self._picture is None or self._picture.progressive != progressive:
            self._picture = Coefficients.of(self._planes().planes, *size, progressive=progressive)
        return self._picture

    @staged("transform")
    def _full_chroma(self, picture: Coefficients) -> Coefficients:
        """Return the coefficients at the size of the box in 4:4:4; they are kept."""
        if self._fuller is None or self._fuller.progressive != picture.progressive:
            whole = self._still.reduce(*self._full, sampling="4:4:4", detail=self._detail)
            chroma = list(whole.planes[:0:-1])
            del whole
            # Each plane is freed once it is transformed.
            self._fuller = picture.with_full_chroma(chroma.pop() for _ in range(2))
        return self._fuller


def _size_notes(still: Still, width: int, height: int) -> tuple[Note, ...]:
    if (width, height) == (still.width, still.height):
        return ()
    text = f"reduced from {still.width} x {still.height} to {width} x {height} pixels"
    return (Note("reduced", text),)


def _inside(width: int, height: int, limits: Limits) -> tuple[int, int]:
    """Return the largest size inside the box with the same aspect ratio, at most the original size."""
    most_wide, most_high = limits.box(portrait=height > width)
    most_wide, most_high = min(most_wide or width, MAX_SIDE), min(most_high or height, MAX_SIDE)
    scale = min(
        1.0,
        min(most_wide, width) / width,
        min(most_high, height) / height,
        math.sqrt(LARGEST / (width * height)),
    )
    return _scaled(width, height, scale)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5))
