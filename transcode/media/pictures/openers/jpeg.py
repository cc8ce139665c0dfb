"""JPEG stays planar: libjpeg-turbo decodes to planes at the smallest of its scales that covers
the target with some to spare, and each plane is resampled once. RGB exists only where colours
must change, and then at the small size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import CapError, SourceError
from transcode.media.pictures import colour, drawing, exif, jpeg
from transcode.media.pictures import icc as icc_tags
from transcode.media.pictures.orientation import ON_ITS_SIDE, chroma_plane
from transcode.media.pictures.srgb import CONVERTED, PROFILE_IGNORED, TONED, merged, to_srgb, ycc
from transcode.media.pictures.still import LARGEST, Reduced, Stripped
from transcode.media.pictures.still_notes import damage, dropped, turned
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.cicp import Signal
from transcode.media.samples.planes import Plane, Sampling, resample, upright
from transcode.media.samples.transfer import Space
from transcode.media.source.decode_limits import Deadline, check_size
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input

__all__ = ["open_still"]

#: The scales in eighths at which a JPEG is decoded, and how many times as wide as wanted it must be then.
#: One, two, four and eight eighths have vector code in libjpeg-turbo; the others are slower than the whole
#: picture. Each sample is the mean of so many columns and rows, which folds fine detail back onto coarser
#: detail, most where little is reduced afterwards. At 1600 x 1200 and 612,900 bytes photos that are 1.0 to
#: 1.4 times as wide in half scored a point of SSIMULACRA2 more from the whole picture, for 8 ms more; at
#: 1440 x 1080, where they are wider, 0.1 point for as much. At 640 x 480 two photos scored 4 and 5 points
#: more from a quarter than from an eighth.
_SCALES = ((1, 1.5), (2, 1.25), (4, 1.38))

#: The most pixels of a JPEG that is decoded whole although half of it would cover the target.
_LARGEST_WHOLE = 25_000_000

#: Half of a picture must be so many times as wide as wanted where fine detail counts. With a third of a byte
#: a pixel at 1600 x 1200 a photo 1.45 times as wide scored 2 points more from the whole, one 1.8 times
#: as wide 0.6 points, for 45 ms.
_FINE_HALF = 1.5


def open_still(content: Input, kind: str, *, many: bool, max_pixels: int) -> JpegStill:  # noqa: ARG001
    """Read the header of a JPEG; see transcode.media.pictures.openers.Opener."""
    header = jpeg.read_header(content.data, name=content.name)
    most_h = max(component.h for component in header.components)
    most_v = max(component.v for component in header.components)
    share = sum(component.h * component.v for component in header.components) / (most_h * most_v)
    pixels = header.width * header.height
    # The coefficients of a progressive file take two bytes a sample. Planes take one, at the scale
    # that is decoded: of at most 2.5 times the columns and rows of the largest rendition (see _SCALES).
    memory = 2 * share * pixels if header.progressive else share * min(pixels, 6.25 * LARGEST)
    limits = content.limits
    check_size(content.name, header.width, header.height, memory, limits.scaled * max_pixels, limits)
    return JpegStill(content, header, many=many)


class JpegStill:
    """A JPEG whose header was read."""

    content_type = "image/jpeg"

    def __init__(self, content: Input, header: jpeg.JpegHeader, *, many: bool) -> None:
        self._content = content
        self._header = header
        self._many = many
        self._orientation = exif.orientation(header.exif) if header.exif else 1
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
        # Luma of the size and scale that were wanted last, upright, and chroma as it is stored.
        self._wanted = (0, 0, 0)
        self._reduced: tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]] | None = None

    @property
    def width(self) -> int:
        return self._header.height if self._orientation in ON_ITS_SIDE else self._header.width

    @property
    def height(self) -> int:
        return self._header.width if self._orientation in ON_ITS_SIDE else self._header.height

    def reduce(self, width: int, height: int, *, sampling: Sampling = "4:2:0", fine: bool = False) -> Reduced:
        stored = (height, width) if self._orientation in ON_ITS_SIDE else (width, height)
        wanted = (*stored, self._eighths(*stored, fine=fine))
        if self._reduced is None or self._wanted != wanted:
            self._wanted, self._reduced = wanted, self._parts(*wanted)
        luma, parts, notes = self._reduced
        waiting = list(parts[::-1])
        del parts
        if sampling == "4:4:4" and not self._many:
            # Nothing is asked of a size after this: what was decoded makes room for it.
            self._reduced = None
        chroma = []
        while waiting:
            chroma.append(chroma_plane(waiting.pop(), *stored, self._orientation, sampling))
        return Reduced((luma, *(upright(plane, self._orientation) for plane in chroma)), notes)

    def _parts(
        self, width: int, height: int, eighths: int
    ) -> tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]]:
        """Upright luma of a size, chroma of any size as it is stored, and what was done to the picture."""
        decoded = self._decode(eighths)
        notes = [
            *self._damage_of(decoded),
            *turned(self._orientation),
            *self._metadata_notes(self._header.metadata),
        ]
        planes = decoded.picture.planes
        chroma: Sequence[Plane] = planes[1:]
        if self._icc is None and self._space is None and self._header.colour in ("gray", "ycc"):
            luma = resample(planes[0], width, height)
        else:
            # Colours are changed where all planes have the same, small size.
            luma, *others = self._recoloured([resample(plane, width, height) for plane in planes], notes)
            chroma = [Plane(plane, width, height) for plane in others]
        return upright(luma, self._orientation), chroma, tuple(notes)

    def rgb(self, width: int, height: int, *, fine: bool = False) -> NDArray[np.uint8]:
        return drawing.rgb(self.reduce(width, height, sampling="4:4:4", fine=fine).planes)

    def _eighths(self, width: int, height: int, *, fine: bool) -> int:
        """The scale at which the picture is decoded for a size."""
        needed = max(width / self._header.width, height / self._header.height)
        large = self._header.width * self._header.height > _LARGEST_WHOLE
        half = 1.0 if large else _FINE_HALF if fine else dict(_SCALES)[4]
        return next((n for n, spare in _SCALES if n / 8 >= needed * (half if n == 4 else spare)), 8)

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
        """Planes of one size in sRGB's YCbCr, or gray."""
        space = self._header.colour
        inks = colour.INKS[space]
        # Adobe's marker says that the inks are stored inverted.
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
        if space == "ycck":
            # YCCK is CMY turned into luma and chroma as RGB is, and K as it was
            # (libjpeg's jdcolor.c, ycck_cmyk_convert).
            cmy = Pillow.merge("YCbCr", [Pillow.fromarray(plane) for plane in planes[:3]]).convert("RGB")
            planes = [*(255 - np.asarray(band) for band in cmy.split()), planes[3]]
        if inverted:
            planes = [255 - plane for plane in planes]
        bands = [Pillow.fromarray(plane) for plane in planes]
        return ycc(Pillow.merge("RGB" if space == "rgb" else "CMYK", bands).convert("RGB"))

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        header = self._header
        plain = self._icc is None and self._space is None and header.colour in ("gray", "ycc")
        if self._orientation != 1 or not plain:
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
            # What is damaged, or holds octets that belong to no row, is not sent on as it
            # is: every row is decoded once.
            if jpeg.decode(data, header, eighths=1, name=name, deadline=self._deadline).warnings:
                return None
            notes = self._metadata_notes(words)
            if recoded:
                clean = jpeg.rewrite(clean, progressive=False, name=name, deadline=self._deadline)
                kind = "progressive" if header.progressive else "arithmetic-coded"
                notes = (*notes, Note("rewritten", f"{kind} JPEG rewritten as baseline, without loss"))
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
