"""Opener of JPEG.

A JPEG stays planar: libjpeg-turbo decodes it to planes at the smallest scale that exceeds the target by
a margin, and each plane is resampled once. RGB is used only where colours must change, and then at the
target size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import CapError, SourceError
from transcode.media.pictures import colour, drawing, exif, jpeg
from transcode.media.pictures import icc as icc_tags
from transcode.media.pictures.orientation import chroma_plane, upright_size
from transcode.media.pictures.srgb import CONVERTED, PROFILE_IGNORED, TONED, merged, to_srgb, ycc
from transcode.media.pictures.still import LARGEST, Detail, Reduced, Stripped
from transcode.media.pictures.still_notes import damage, dropped, turned
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.cicp import Signal
from transcode.media.samples.planes import Plane, Sampling, resample, upright
from transcode.media.samples.transfer import Space
from transcode.media.source.decode_limits import Deadline, check_size
from transcode.model import Note
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.planes import Colour
    from transcode.media.source.inputs import Input

__all__ = ["TUNING", "Tuning", "open_still"]

_SIZE = Tool("bench/tune_size.py", "photos")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Tuned numbers for the choice of the decode scale. Points are those of SSIMULACRA2."""

    scales: tuple[tuple[int, float], ...] = _SIZE.tuned(
        ((1, 1.5), (2, 1.25), (4, 1.38)),
        "Scales at which a JPEG is decoded, and the smallest allowed ratio of the decoded width to the"
        " target width. libjpeg-turbo has vector code for 1, 2, 4 and 8 eighths; its other scales are slower"
        " than a decode at full size. Each sample of a reduced decode is the mean of a block of columns and"
        " rows, which aliases; the aliasing is worst where little reduction follows. At 1600 x 1200 and"
        " 612,900 bytes, photos whose half scale is 1.0 to 1.4 times the target width scored 1 point more"
        " from the full-size decode, which takes 8 ms more; at 1440 x 1080, where the ratio is larger, 0.1"
        " point more for the same time. At 640 x 480 two photos scored 4 and 5 points more from a quarter"
        " than from an eighth.",
        unit="eighths, ratio of widths",
    )
    fine_scales: tuple[tuple[int, float], ...] = _SIZE.tuned(
        ((1, 2.3), (2, 1.8), (4, 1.5)),
        "The same where detail is fine. On twelve photos in boxes of 640 x 480 to 2592 x 1944, at 0.2 and"
        " 0.33 bytes per pixel, quarters of ratio 1.25 to 1.38 lost 1 and 1.8 points on average against the"
        " next larger scale, and those of 1.5 to 1.8 lost 0.3 and 0.8; halves of ratio 1.1 to 1.38 lost 0.7"
        " and 1.2 points, and those of 1.5 and more 0.2 and 0.4.",
        unit="eighths, ratio of widths",
    )
    finest_scales: tuple[tuple[int, float], ...] = _SIZE.tuned(
        ((2, 2.3), (4, 2.3)),
        "The same where detail is finest. With 0.5 to 1.2 bytes per pixel, halves and quarters of ratio 1.5"
        " to 1.8 lost 1.1 to 2 points on average and 5 at most, those of 2 to 2.3 lost 0.5 to 0.7.",
        unit="eighths, ratio of widths",
    )


TUNING = Tuning()

#: Rows whose colours are converted at a time. Chosen: a strip fits into the caches of a processor.
_STRIP = 64

#: Pixels of a JPEG whose chroma is interpolated at full size, at most: those of a screen of 3840 x 2160. It
#: takes about ten bytes a pixel.
_LARGEST_INTERPOLATED = 8_294_400

#: Pixels of a JPEG that is decoded at full size although half scale covers the target, at most.
_LARGEST_WHOLE = 25_000_000


def open_still(
    content: Input,
    kind: str,
    *,
    many: bool,
    max_pixels: int,
    tuning: Tuning = TUNING,
) -> JpegStill:
    """Read the header of a JPEG; see transcode.media.pictures.openers.Opener."""
    header = jpeg.read_header(content.data, name=content.name)
    most_h = max(component.h for component in header.components)
    most_v = max(component.v for component in header.components)
    share = sum(component.h * component.v for component in header.components) / (most_h * most_v)
    pixels = header.width * header.height
    # Coefficients of a progressive file take 2 bytes per sample. Planes take 1 byte per sample at the decoded
    # scale, which has at most 2.5 times the columns and rows of the largest rendition (Tuning.scales).
    memory = 2 * share * pixels if header.progressive else share * min(pixels, 6.25 * LARGEST)
    limits = content.limits
    check_size(content.name, header.width, header.height, memory, limits.scaled * max_pixels, limits)
    return JpegStill(content, header, tuning, many=many)


class JpegStill:
    """A JPEG whose header has been read."""

    content_type = "image/jpeg"

    def __init__(self, content: Input, header: jpeg.JpegHeader, tuning: Tuning, *, many: bool) -> None:
        self._content = content
        self._header = header
        self._tuning = tuning
        self._many = many
        self._orientation = exif.orientation(header.exif) if header.exif else 1
        self.width, self.height = upright_size(header.width, header.height, self._orientation)
        self._icc = header.icc
        self._space: Space | None = None
        if header.icc is not None and header.colour in ("gray", "ycc", "rgb"):
            if points := icc_tags.high_range(header.icc):
                self._icc, self._space = None, Space.of(Signal(*points))
            elif header.colour != "gray" and colour.is_srgb(header.icc):
                self._icc = None
        if header.icc is None and header.colour in ("ycc", "rgb") and exif.is_adobe_rgb(header.exif or b""):
            self._space = Space.adobe_rgb()
        self._deadline = Deadline(content.name, content.limits.picture_seconds)
        self._decoded: dict[int, jpeg.DecodedJpeg] = {}
        # Width, height and scale of the last request; its upright luma, and its chroma as stored.
        self._wanted = (0, 0, 0)
        self._reduced: tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]] | None = None

    def reduce(
        self, width: int, height: int, *, sampling: Sampling = "4:2:0", detail: Detail = "coarse"
    ) -> Reduced:
        stored = upright_size(width, height, self._orientation)
        wanted = (*stored, self._eighths(*stored, detail=detail))
        if self._reduced is None or self._wanted != wanted:
            self._wanted, self._reduced = wanted, self._parts(*wanted)
        luma, parts, notes = self._reduced
        waiting = list(parts[::-1])
        del parts
        if sampling == "4:4:4" and not self._many:
            # This is the last request for the size, so the decoded planes are released.
            self._reduced = None
        chroma = []
        while waiting:
            chroma.append(chroma_plane(waiting.pop(), *stored, self._orientation, sampling))
        return Reduced((luma, *(upright(plane, self._orientation) for plane in chroma)), notes)

    def _parts(
        self, width: int, height: int, eighths: int
    ) -> tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]]:
        """Return upright luma of width x height, chroma planes as stored, and the notes."""
        decoded = self._decode(eighths)
        notes = [
            *self._damage_of(decoded),
            *turned(self._orientation),
            *self._metadata_notes(self._header.metadata),
        ]
        planes = list(decoded.picture.planes[::-1])
        del decoded
        if self._is_plain:
            luma = resample(planes.pop(), width, height)
            chroma: Sequence[Plane] = planes[::-1]
        else:
            # Colours are converted at the target size, with all planes at that size. Each decoded plane is
            # freed once it is resampled.
            sized = []
            while planes:
                sized.append(resample(planes.pop(), width, height))
            luma, *others = self._recoloured(sized, notes)
            chroma = [Plane(plane, width, height) for plane in others]
        return upright(luma, self._orientation), chroma, tuple(notes)

    def rgb(self, width: int, height: int, *, detail: Detail = "coarse") -> NDArray[np.uint8]:
        stored = upright_size(width, height, self._orientation)
        small = self._header.width * self._header.height <= _LARGEST_INTERPOLATED
        if not (small and self._is_plain and self._eighths(*stored, detail=detail) == 8):
            return drawing.rgb(self.reduce(width, height, sampling="4:4:4", detail=detail).planes)
        # Colours as viewers show them: chroma is interpolated and converted before the reduction, which
        # coloured letters show.
        decoded = self._decode(8)
        luma, *chroma = (
            np.ascontiguousarray(plane.samples[: math.ceil(plane.height), : math.ceil(plane.width)])
            if index == 0
            else resample(plane, self._header.width, self._header.height, filter="triangle")
            for index, plane in enumerate(decoded.picture.planes)
        )
        pixels = drawing.rgb((luma, *chroma))
        return upright(drawing.resize(pixels, *stored), self._orientation)

    @property
    def _is_plain(self) -> bool:
        """Whether the planes are gray, or YCbCr of sRGB."""
        return self._icc is None and self._space is None and self._header.colour in ("gray", "ycc")

    def _eighths(self, width: int, height: int, *, detail: Detail) -> int:
        """Return the decoding scale, in eighths, for a target size."""
        needed = max(width / self._header.width, height / self._header.height)
        large = self._header.width * self._header.height > _LARGEST_WHOLE
        tuning = self._tuning
        scales = {"coarse": tuning.scales, "fine": tuning.fine_scales, "finest": tuning.finest_scales}[detail]
        wide = (n for n, spare in scales if n / 8 >= needed * (1.0 if large and n == 4 else spare))
        return next(wide, 8)

    def _decode(self, eighths: int) -> jpeg.DecodedJpeg:
        if eighths in self._decoded:
            return self._decoded[eighths]
        with self._deadline.counted():
            decoded = jpeg.decode(
                self._content.data,
                self._header,
                eighths=eighths,
                name=self._content.name,
                deadline=self._deadline,
            )
        if self._many:
            self._decoded[eighths] = decoded
        return decoded

    def drop_cache(self) -> None:
        self._decoded.clear()
        self._reduced = None

    def _recoloured(self, planes: list[NDArray[np.uint8]], notes: list[Note]) -> Sequence[NDArray[np.uint8]]:
        """Convert planes of one size to the YCbCr of sRGB, or to gray."""
        space = self._header.colour
        inks = colour.INKS[space]
        # A CMYK file with Adobe's marker stores inverted inks.
        inverted = inks == "cmyk" and self._header.adobe
        conversion = to_srgb(self._icc, inks, notes)
        if self._space is not None and self._space.is_high:
            notes.append(TONED)
            return ycc(in_srgb(merged(planes, space), self._space))
        if self._space is not None:
            notes.append(CONVERTED)
            conversion = colour.of_space(self._space, inks)
        if conversion is not None:
            return conversion.ycc(planes, from_ycc=space in ("ycc", "ycck"), inverted=inverted)
        if space in ("gray", "ycc"):
            return planes
        # In strips of rows: Pillow keeps four bytes of a pixel in each of its pictures.
        made = [np.empty_like(planes[0]) for _ in range(3)]
        for top in range(0, len(planes[0]), _STRIP):
            rows = slice(top, top + _STRIP)
            plain = _in_rgb([plane[rows] for plane in planes], space, inverted=inverted)
            for out, plane in zip(made, ycc(plain), strict=True):
                out[rows] = plane
        return made

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        if self._orientation != 1 or not self._is_plain:
            return None
        with self._deadline.counted():
            return self._stripped(max_bytes, progressive=progressive)

    def _stripped(self, max_bytes: int, *, progressive: bool) -> Stripped | None:
        header, name, data = self._header, self._content.name, self._content.data
        try:
            clean, words = jpeg.strip(data, name=name)
            recoded = (header.progressive and not progressive) or header.arithmetic
            if not recoded and len(clean) > max_bytes:
                return None
            # A damaged file, or one with octets that belong to no row, must not pass through
            # unchanged, so every row is decoded once.
            if jpeg.decode(data, header, eighths=1, name=name, deadline=self._deadline).warnings:
                return None
            notes = self._metadata_notes(words)
            if recoded:
                clean = jpeg.rewrite(clean, progressive=False, name=name, deadline=self._deadline)
                kind = "progressive" if header.progressive else "arithmetic-coded"
                notes = (*notes, Note("rewritten", f"{kind} JPEG rewritten losslessly as baseline"))
        except CapError:
            raise
        except SourceError:
            return None
        return Stripped(clean, self.content_type, notes) if len(clean) <= max_bytes else None

    def _metadata_notes(self, words: tuple[str, ...]) -> tuple[Note, ...]:
        broken = (PROFILE_IGNORED,) if self._header.icc_broken else ()
        return (*dropped(words, self._header.exif), *broken)

    def _damage_of(self, decoded: jpeg.DecodedJpeg) -> tuple[Note, ...]:
        if not decoded.warnings:
            return ()
        return damage(self._content.name, str(decoded.warning), decoded.rows / self._header.height)


def _in_rgb(planes: Sequence[NDArray[np.uint8]], space: Colour, *, inverted: bool) -> Pillow.Image:
    """Return planes of RGB, CMYK or YCCK as a picture in RGB, inks by a simple formula."""
    if space == "ycck":
        # YCCK applies the RGB to YCbCr matrix to CMY, and keeps K (jdcolor.c of libjpeg, ycck_cmyk_convert).
        cmy = Pillow.merge("YCbCr", [Pillow.fromarray(plane) for plane in planes[:3]]).convert("RGB")
        planes = [*(255 - np.asarray(band) for band in cmy.split()), planes[3]]
    if inverted:
        planes = [255 - plane for plane in planes]
    bands = [Pillow.fromarray(plane) for plane in planes]
    return Pillow.merge("RGB" if space == "rgb" else "CMYK", bands).convert("RGB")
