"""Still pictures: from the bytes of a source to planes of the size that is wanted.

A JPEG stays planar: libjpeg-turbo decodes to planes at the smallest of its scales that
covers the target with some to spare, and each plane is resampled once. RGB exists only
where colours must change, and then at the small size. Everything else comes
through Pillow.

What a size looks like depends on that size alone, not on what was asked for before;
sizes that need the same decode share it.
"""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import PIL
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import (
    bomb_check,
    colour,
    drawing,
    exif,
    gif_read,
    heif,
    jpeg,
    tiff,
    tiff_guard,
    truncated,
)
from transcode.media.pictures import icc as icc_tags
from transcode.media.pictures.png_colour import png_colours
from transcode.media.pictures.strip import png_exif, strip_gif, strip_png, strip_webp
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.cicp import Signal
from transcode.media.samples.planes import Colour, Plane, Sampling, resample, upright
from transcode.media.samples.transfer import Said, Space
from transcode.media.source import probe, unread
from transcode.model import MAX_PIXELS, Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from PIL import ImageFile

    from transcode.media.source.inputs import Input

__all__ = [
    "Reduced",
    "Still",
    "Stripped",
    "colour_notes",
    "metadata_notes",
    "open_still",
    "to_srgb",
    "what_is_said",
]

#: The most memory, in bytes, that the decoded form of one source may take.
MAX_MEMORY = 600_000_000

#: How many times the pixels a picture may have that is reduced while it is decoded.
SCALED = heif.SCALED

#: The most pixels of a picture at its final size: no message has the bytes for more.
LARGEST = 25_000_000

#: Seconds that all decoding of one source may take.
MAX_SECONDS = 8.0

#: Frames, and pixels of all frames, that an animation may have.
MAX_FRAMES = 1000
MAX_FRAME_PIXELS = 500_000_000

#: What Pillow opens, under which content type, and how many bytes a pixel its
#: decoder keeps besides the picture: that of WebP has two canvases and a copy.
_PILLOW_FORMATS = {
    "image/png": ("PNG", 0),
    "image/gif": ("GIF", 5),
    "image/webp": ("WEBP", 12),
    "image/tiff": ("TIFF", 0),
    "image/bmp": ("BMP", 0),
}

#: Whether Pillow shows memory that nobody wrote where a strip of a fax ends early.
_SHOWS_MEMORY = int(PIL.__version__.partition(".")[0]) < 13

#: Bytes a pixel that a picture of each mode takes until it is small, with the
#: copies that palettes and 16-bit samples need. Others: 8. And what clear pixels of those add.
_MODE_BYTES = {"1": 2, "L": 1, "P": 5, "RGB": 4, "CMYK": 4, "I;16": 7, "I": 10}
_CLEAR_BYTES = 4

#: Bytes that two copies of a picture take for each row besides its pixels: pointers and padding.
_ROW_BYTES = 24

#: How a source that fits is rid of its metadata.
_STRIPS = {"image/png": strip_png, "image/gif": strip_gif, "image/webp": strip_webp}

#: Tags of a TIFF (TIFF 6.0; Adobe's XMP; EXIF) that do not leave with the picture.
_TIFF_METADATA = {0x8769: "EXIF", 0x8825: "position (GPS)", 0x02BC: "XMP", 0x8773: "ICC profile"}

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

#: In a picture whose data end early, at least this share of the rows must be there.
_ENOUGH_ROWS = 0.5

#: EXIF orientations (TIFF 6.0, Orientation) whose stored columns, and whose
#: stored rows, run against the upright picture's, and those that lie on a side.
_MIRRORS_X = (2, 3, 7, 8)
_MIRRORS_Y = (3, 4, 6, 7)
_TURNS = (5, 6, 7, 8)

#: What the samples of a Pillow mode are.
_INKS: dict[str, colour.Inks] = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}

_CONVERTED = Note("colour-converted", "colours converted to sRGB")
_TONED = Note("tone-mapped", "high dynamic range brought to that of sRGB")
_PROFILE_IGNORED = Note("profile-ignored", "the colour profile is broken or of another kind: ignored")


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A picture at its final size, upright, in sRGB's YCbCr (JFIF).

    Attributes:
        planes: uint8 planes, rows x columns: luma, then none or two of chroma, each
            in 4:2:0 with half as many rows and columns, rounded up.
        notes: what was done to it.
    """

    planes: tuple[NDArray[np.uint8], ...]
    notes: tuple[Note, ...] = ()

    def smaller(self, width: int, height: int) -> Reduced:
        """A picture in 4:2:0 with fewer pixels, still in 4:2:0."""
        luma, *chroma = self.planes
        rows, columns = luma.shape
        return Reduced(
            (
                resample(Plane(luma, columns, rows), width, height),
                *(
                    resample(
                        Plane(plane, columns / 2, rows / 2),
                        (width + 1) // 2,
                        (height + 1) // 2,
                        covers=(width / 2, height / 2),
                    )
                    for plane in chroma
                ),
            ),
            self.notes,
        )


@dataclass(frozen=True, slots=True)
class Stripped:
    """The source itself, without its metadata."""

    data: bytes = field(repr=False)
    content_type: str
    notes: tuple[Note, ...]


class Still(Protocol):
    """A picture that was opened: its header is known, its pixels are not decoded yet."""

    @property
    def content_type(self) -> str:
        """What the source is."""

    @property
    def width(self) -> int:
        """Pixels a row of the upright picture."""

    @property
    def height(self) -> int:
        """Rows of the upright picture."""

    def reduce(self, width: int, height: int, *, sampling: Sampling = "4:2:0", fine: bool = False) -> Reduced:
        """The picture with this many pixels, upright; what else of it the same size needs is kept.

        Args:
            width, height: at most those of the picture.
            sampling: of chroma.
            fine: whether detail that a reduced decode folds back would show, and more time be spent.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def drop_cache(self) -> None:
        """Forget what was decoded; another reduce() decodes again."""

    def rgb(self, width: int, height: int, *, fine: bool = False) -> NDArray[np.uint8]:
        """The same as reduce() gives, as red, green and blue: rows x columns x 3.

        What is not stored as YCbCr has not been through it.
        """

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        """The source without metadata, its pixels untouched.

        None where the pixels must change, where they are damaged, and where it would
        have more than max_bytes. A progressive JPEG becomes a baseline one, unless those are taken too.
        """


def open_still(content: Input, *, many: bool = False, max_pixels: int = MAX_PIXELS) -> Still:
    """Read a picture's header.

    Args:
        content: the source.
        many: whether several sizes will be asked for: then what was decoded is kept.
        max_pixels: the most pixels of a picture that is decoded whole; one that is reduced while
            it is decoded may have four times as many.

    Raises:
        UnsupportedError: it is no picture, or one of a kind that is not read.
        CapError: more pixels than that, or decoding them would take too much memory.
        SourceError: the header is broken.
    """
    kind = probe.content_type(content.data)
    if kind == "image/jpeg":
        return _open_jpeg(content, SCALED * max_pixels, many=many)
    if kind in ("image/heic", "image/avif"):
        return _Heif(content, kind, heif.read_header(content.data, name=content.name, max_pixels=max_pixels))
    if kind is None or kind not in _PILLOW_FORMATS:
        words = unread.described(content.data) or f"{probe.describe(kind)}, not a picture"
        raise UnsupportedError(content.name, words)
    # Cameras' raw files are TIFF in form; what is a picture in them is a thumbnail.
    raw = unread.described(content.data) if kind == "image/tiff" else None
    if raw is not None:
        raise UnsupportedError(content.name, raw)
    return _open_whole(content, kind, many=many, max_pixels=max_pixels)


class _Deadline:
    """Seconds that are left for decoding one source; what passes in between does not count.

    Neither does waiting for a processor, by the time of this process, nor what other threads
    of it do meanwhile, by the clock: the shorter time of both counts.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_SECONDS
        self._begin = (0.0, 0.0)

    def left(self) -> float:
        """Seconds left, within counted().

        Raises:
            CapError: none.
        """
        seconds = self._left - self._spent()
        if seconds <= 0:
            raise CapError(self._name, f"decoding takes more than {MAX_SECONDS:.0f} seconds")
        return seconds

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The seconds of this count."""
        self._begin = (time.monotonic(), time.process_time())
        try:
            yield
        finally:
            self._left -= self._spent()

    def _spent(self) -> float:
        clock, processor = self._begin
        return min(time.monotonic() - clock, time.process_time() - processor)


def _check_size(name: str, width: int, height: int, memory: float, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise SourceError(name, f"the header says {width} x {height} pixels")
    if width * height > max_pixels:
        raise CapError(name, f"{width} x {height} pixels; at most {max_pixels:,} are decoded")
    if memory > MAX_MEMORY:
        raise CapError(name, f"{width} x {height} pixels would take {memory / 1e6:,.0f} MB to decode")


def _turned(orientation: int) -> tuple[Note, ...]:
    return (Note("turned", f"turned upright (EXIF orientation {orientation})"),) if orientation != 1 else ()


def _dropped(words: tuple[str, ...], exif_data: bytes | None = None) -> tuple[Note, ...]:
    shown = [
        "EXIF with a position (GPS)" if word == "EXIF" and exif_data and exif.has_gps(exif_data) else word
        for word in words
    ]
    return (Note("metadata-dropped", f"dropped: {', '.join(shown)}"),) if shown else ()


def _chroma(plane: Plane, width: int, height: int, orientation: int, sampling: Sampling) -> NDArray[np.uint8]:
    """A chroma plane, its samples where the sampling puts them once the picture is upright.

    The last column of a picture of odd width has a chroma sample to itself. When
    the picture is mirrored afterwards, that column has to be the first.
    """
    if sampling == "4:4:4":
        same = plane.samples.shape == (height, width) and (plane.width, plane.height) == (width, height)
        return plane.samples if same and plane.averaged == 1 else resample(plane, width, height)
    offset_x = -0.5 if orientation in _MIRRORS_X and width % 2 else 0.0
    offset_y = -0.5 if orientation in _MIRRORS_Y and height % 2 else 0.0
    return resample(
        plane,
        (width + 1) // 2,
        (height + 1) // 2,
        covers=(width / 2, height / 2),
        offset=(offset_x, offset_y),
    )


def _ycc(image: Pillow.Image) -> list[NDArray[np.uint8]]:
    """Planes of one size of a picture in mode L or RGB."""
    bands = [image] if image.mode == "L" else image.convert("YCbCr").split()
    return [np.asarray(band) for band in bands]


def _merged(planes: Sequence[NDArray[np.uint8]], space: Colour) -> Pillow.Image:
    """A picture in mode L or RGB of planes of one size."""
    bands = [Pillow.fromarray(plane) for plane in planes]
    if space == "gray":
        return bands[0]
    return Pillow.merge("YCbCr" if space == "ycc" else "RGB", bands).convert("RGB")


def _converted(image: Pillow.Image, icc: bytes | None, notes: list[Note]) -> Pillow.Image:
    """A picture of mode L, RGB or CMYK in sRGB, mode L or RGB."""
    conversion = to_srgb(icc, _INKS[image.mode], notes)
    if conversion is not None:
        return conversion.image(image)
    return image.convert("RGB") if image.mode == "CMYK" else image


def colour_notes(said: Said) -> tuple[Note, ...]:
    """What is done to the colours of a picture because of what is said besides a profile."""
    ignored = (_PROFILE_IGNORED,) if said.broken else ()
    if said.space is None:
        return ignored
    return (*ignored, _TONED if said.space.is_high else _CONVERTED)


def to_srgb(icc: bytes | None, inks: colour.Inks, notes: list[Note]) -> colour.Conversion | None:
    """How a profile's colours become sRGB, or None where no profile applies; and a note of either."""
    conversion = None if icc is None else colour.conversion(icc, inks)
    if conversion is not None:
        notes.append(_CONVERTED)
        return conversion
    if icc is not None:
        notes.append(_PROFILE_IGNORED)
    if inks == "cmyk":
        notes.append(Note("colour-converted", "CMYK without a profile converted by the plain rule"))
    return None


# --- JPEG, planar -----------------------------------------------------------------------------------


class _Jpeg:
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
        self._deadline = _Deadline(content.name)
        self._decoded: dict[int, jpeg.DecodedJpeg] = {}
        # Luma of the size and scale that were wanted last, upright, and chroma as it is stored.
        self._wanted = (0, 0, 0)
        self._reduced: tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]] | None = None

    @property
    def width(self) -> int:
        return self._header.height if self._orientation in _TURNS else self._header.width

    @property
    def height(self) -> int:
        return self._header.width if self._orientation in _TURNS else self._header.height

    def reduce(self, width: int, height: int, *, sampling: Sampling = "4:2:0", fine: bool = False) -> Reduced:
        stored = (height, width) if self._orientation in _TURNS else (width, height)
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
            chroma.append(_chroma(waiting.pop(), *stored, self._orientation, sampling))
        return Reduced((luma, *(upright(plane, self._orientation) for plane in chroma)), notes)

    def _parts(
        self, width: int, height: int, eighths: int
    ) -> tuple[NDArray[np.uint8], Sequence[Plane], tuple[Note, ...]]:
        """Upright luma of a size, chroma of any size as it is stored, and what was done to the picture."""
        decoded = self._decode(eighths)
        notes = [
            *_decoders_damage(self._content.name, decoded, self._header.height),
            *_turned(self._orientation),
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
                deadline=self._deadline.left(),
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
            notes.append(_TONED)
            return _ycc(in_srgb(_merged(planes, space), self._space))
        if self._space is not None:
            notes.append(_CONVERTED)
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
        return _ycc(Pillow.merge("RGB" if space == "rgb" else "CMYK", bands).convert("RGB"))

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
            clean, dropped = jpeg.strip(data, name=name)
            recoded = (header.progressive and not progressive) or header.arithmetic
            if not recoded and len(clean) > max_bytes:
                return None
            # What is damaged, or holds octets that belong to no row, is not sent on as it
            # is: every row is decoded once.
            if jpeg.decode(data, header, eighths=1, name=name, deadline=self._deadline.left()).warnings:
                return None
            notes = self._metadata_notes(dropped)
            if recoded:
                clean = jpeg.rewrite(clean, progressive=False, name=name, deadline=self._deadline.left())
                kind = "progressive" if header.progressive else "arithmetic-coded"
                notes = (*notes, Note("rewritten", f"{kind} JPEG rewritten as baseline, without loss"))
        except CapError:
            raise
        except SourceError:
            return None
        return Stripped(clean, self.content_type, notes) if len(clean) <= max_bytes else None

    def _metadata_notes(self, words: tuple[str, ...]) -> tuple[Note, ...]:
        broken = (_PROFILE_IGNORED,) if self._header.icc_broken else ()
        return (*_dropped(words, self._header.exif), *broken)


def _open_jpeg(content: Input, max_pixels: int, *, many: bool) -> _Jpeg:
    header = jpeg.read_header(content.data, name=content.name)
    most_h = max(component.h for component in header.components)
    most_v = max(component.v for component in header.components)
    share = sum(component.h * component.v for component in header.components) / (most_h * most_v)
    pixels = header.width * header.height
    # The coefficients of a progressive file take two bytes a sample. Planes take one, at the scale
    # that is decoded: of at most 2.5 times the columns and rows of the largest rendition (see _SCALES).
    memory = 2 * share * pixels if header.progressive else share * min(pixels, 6.25 * LARGEST)
    _check_size(content.name, header.width, header.height, memory, max_pixels)
    return _Jpeg(content, header, many=many)


def _decoders_damage(name: str, decoded: jpeg.DecodedJpeg | heif.DecodedHeif, rows: int) -> tuple[Note, ...]:
    """What a decoder says of a damaged file, unless too little of it is good."""
    return _damage(name, str(decoded.warning), decoded.rows / rows) if decoded.warnings else ()


def _damage(name: str, words: str, good: float) -> tuple[Note, ...]:
    """What is told of a damaged file.

    Args:
        name: of the source.
        words: what is wrong with it.
        good: the share of its rows that are there.

    Raises:
        SourceError: those are too few.
    """
    if good < _ENOUGH_ROWS:
        raise SourceError(name, f"damaged: {words}; only {good:.0%} of the rows are there")
    if good < 1:
        return (Note("source-truncated", f"damaged: {words}; {good:.0%} of the rows are there"),)
    return (Note("source-damaged", f"damaged: {words}"),)


# --- HEIC and AVIF, planar --------------------------------------------------------------------------


class _Heif:
    def __init__(self, content: Input, kind: str, header: heif.HeifHeader) -> None:
        self.content_type = kind
        self._content = content
        self._header = header
        # With a profile, the colours are what it says; a profile of sRGB says nothing.
        self._icc = None if header.icc is not None and colour.is_srgb(header.icc) else header.icc
        self._deadline = _Deadline(content.name)
        self._size = (0, 0)
        self._reduced: tuple[list[Plane], tuple[Note, ...]] = ([], ())

    @property
    def width(self) -> int:
        return self._header.height if self._header.orientation in _TURNS else self._header.width

    @property
    def height(self) -> int:
        return self._header.width if self._header.orientation in _TURNS else self._header.height

    def reduce(
        self,
        width: int,
        height: int,
        *,
        sampling: Sampling = "4:2:0",
        fine: bool = False,  # noqa: ARG002
    ) -> Reduced:
        orientation = self._header.orientation
        stored = (height, width) if orientation in _TURNS else (width, height)
        if self._size != stored:
            self._size, self._reduced = stored, self._decode(*stored)
        (luma, *chroma), notes = self._reduced
        planes = [luma.samples]
        halved = chroma and chroma[0].samples.shape != luma.samples.shape
        if halved and sampling == "4:2:0":
            planes += [plane.samples for plane in chroma]
        else:
            planes += [_chroma(plane, *stored, orientation, sampling) for plane in chroma]
        return Reduced(tuple(upright(plane, orientation) for plane in planes), notes)

    def drop_cache(self) -> None:
        self._size, self._reduced = (0, 0), ([], ())

    def rgb(self, width: int, height: int, *, fine: bool = False) -> NDArray[np.uint8]:
        return drawing.rgb(self.reduce(width, height, sampling="4:4:4", fine=fine).planes)

    def _decode(self, width: int, height: int) -> tuple[list[Plane], tuple[Note, ...]]:
        """Planes at a size, as stored, in sRGB, over white; and what was done to the picture.

        Chroma has the size of luma where colours change, where half of it would not begin at
        the picture's corner, and where the source has more than half of it.
        """
        header = self._header
        mirrored = header.orientation != 1 and (width % 2 or height % 2)
        recoloured = self._icc is not None or header.alpha is not None
        whole = bool(recoloured or mirrored or not header.halved)
        with self._deadline.counted():
            decoded = heif.decode(header, width, height, full_chroma=whole, deadline=self._deadline.left)
        notes = [*_decoders_damage(self._content.name, decoded, header.coded.height), *self._notes()]
        planes: Sequence[NDArray[np.uint8]] = decoded.planes
        inks: colour.Inks = "gray" if len(planes) == 1 else "rgb"
        conversion = to_srgb(self._icc, inks, notes)
        if conversion is not None:
            planes = conversion.ycc(planes, from_ycc=True)
        elif decoded.colours != "stored":
            notes.append(_TONED if decoded.colours == "toned" else _CONVERTED)
        if decoded.alpha is not None and decoded.alpha.min() < 255:
            notes.append(Note("flattened", "transparency laid over white"))
            planes = _over_white(planes, decoded.alpha)
        whole = planes[-1].shape == planes[0].shape
        sizes = [(width, height)] + 2 * [(width, height) if whole else (width / 2, height / 2)]
        stored = [Plane(plane, *size) for plane, size in zip(planes, sizes, strict=False)]
        return stored, tuple(notes)

    def _notes(self) -> list[Note]:
        header, notes = self._header, []
        if header.orientation != 1:
            notes.append(Note("turned", f"turned upright (as EXIF orientation {header.orientation})"))
        if header.frames > 1:
            text = f"animation of {header.frames} frames: the still picture is kept"
            notes.append(Note("animation-dropped", text))
        if header.pictures:
            text = f"{header.pictures + 1} pictures: the primary one is kept"
            notes.append(Note("pages-dropped", text))
        notes.extend(_dropped(header.metadata, header.exif))
        return notes

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:  # noqa: ARG002
        """None: what carries pictures in messages takes neither HEIC nor AVIF."""
        return None


def _over_white(planes: Sequence[NDArray[np.uint8]], alpha: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Planes of one size over white: luma 255, chroma 128."""
    image = [Pillow.fromarray(plane) for plane in planes]
    mask = Pillow.fromarray(alpha)
    grounds = (255, 128, 128)
    return [
        np.asarray(Pillow.composite(plane, Pillow.new("L", plane.size, ground), mask))
        for plane, ground in zip(image, grounds[: len(image)], strict=True)
    ]


# --- Everything else, through Pillow ----------------------------------------------------------------


class _Whole:
    def __init__(self, content: Input, kind: str, image: Pillow.Image, said: Said, *, many: bool) -> None:
        self.content_type = kind
        self._many = many
        self._content = content
        self._stored = image.size
        self._frames = _frames(content, kind, image)
        self._more_pages = kind == "image/tiff" and _second_page(image)
        self._exif = png_exif(content.data) if kind == "image/png" else image.info.get("exif", b"")
        # Pillow turns TIFF by itself when it loads.
        self._orientation = exif.orientation(self._exif) if self._exif and kind != "image/tiff" else 1
        self._turned = _turned_by_pillow(image) if kind == "image/tiff" else self._orientation
        self._icc = image.info.get("icc_profile") or None
        if self._icc is not None and image.mode != "CMYK" and colour.is_srgb(self._icc):
            self._icc = None
        self._said = said
        if said.outranks:
            self._icc = None
        self._words = _metadata(content, kind, image)
        self._deadline = _Deadline(content.name)
        self._whole: Pillow.Image | None = None
        self._is_clear = False
        self._damage: tuple[Note, ...] = ()
        self._reduced: tuple[Pillow.Image, tuple[Note, ...]] | None = None

    @property
    def width(self) -> int:
        return self._stored[1] if self._orientation in _TURNS else self._stored[0]

    @property
    def height(self) -> int:
        return self._stored[0] if self._orientation in _TURNS else self._stored[1]

    def reduce(
        self,
        width: int,
        height: int,
        *,
        sampling: Sampling = "4:2:0",
        fine: bool = False,  # noqa: ARG002
    ) -> Reduced:
        image, notes = self._stored_at(width, height)
        planes = [upright(plane, self._orientation) for plane in _ycc(image)]
        if sampling == "4:4:4":
            return Reduced(tuple(planes), notes)
        planes[1:] = [
            resample(
                Plane(plane, width, height),
                (width + 1) // 2,
                (height + 1) // 2,
                covers=(width / 2, height / 2),
                filter="box",
            )
            for plane in planes[1:]
        ]
        return Reduced(tuple(planes), notes)

    def rgb(self, width: int, height: int, *, fine: bool = False) -> NDArray[np.uint8]:  # noqa: ARG002
        image, _ = self._stored_at(width, height)
        return upright(np.asarray(image.convert("RGB")), self._orientation)

    def _stored_at(self, width: int, height: int) -> tuple[Pillow.Image, tuple[Note, ...]]:
        """The picture, as it is stored, that is so large once it is upright; and what was done to it."""
        stored = (height, width) if self._orientation in _TURNS else (width, height)
        if self._reduced is None or self._reduced[0].size != stored:
            self._reduced = self._decode(stored)
        return self._reduced

    def _decode(self, size: tuple[int, int]) -> tuple[Pillow.Image, tuple[Note, ...]]:
        """The picture at a size, as it is stored, in sRGB, over white; and what was done to it."""
        notes = [*_turned(self._turned)]
        if self._frames > 1:
            notes.append(
                Note("animation-dropped", f"animation of {self._frames} frames: the first one is kept")
            )
        if self._more_pages:
            notes.append(Note("pages-dropped", "several pages: the first one is kept"))
        notes.extend((*_dropped(self._words, self._exif), *_cut_off(self._content)))
        with _pillow_errors(self._content.name), self._deadline.counted():
            self._deadline.left()
            image = self._whole or self._load()
            self._whole = image if self._many else None
            if image.size != size:
                image = image.resize(size, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
        notes[:0] = self._damage
        if self._is_clear:
            notes.append(Note("flattened", "transparency laid over white"))
        image = _converted(image, self._icc, notes)
        notes.extend(colour_notes(self._said))
        return image, tuple(notes)

    def _load(self) -> Pillow.Image:
        """The whole picture, as it is stored, over white, in mode L, RGB or CMYK."""
        image, there = self._load_rows()
        image = _plain(image, self._content.name)
        if self._said.space is not None:
            # Before it is laid over white, which is another colour there.
            image = in_srgb(image, self._said.space)
        if image.mode in ("LA", "RGBA"):
            # Before it is reduced: Lanczos windows sharpen what is seen, and not alpha.
            self._is_clear = image.getextrema()[-1] != (255, 255)
            image = _flattened(image)
        if there is not None:
            truncated.fill(image, there)
        return image

    def _load_rows(self) -> tuple[Pillow.Image, NDArray[np.bool_] | None]:
        """The picture as Pillow has it, and, where its data end early or break off, which rows are there."""
        if self.content_type == "image/tiff" and _SHOWS_MEMORY and tiff_guard.is_fax(self._content.data):
            # FFmpeg takes long to load.
            from transcode.media.pictures import fax

            return fax.decode(self._content.data, self._turned), None
        image = _open_with_pillow(self._content, self.content_type)
        try:
            image.load()
        except MemoryError:
            raise
        except Exception:
            fresh = _open_with_pillow(self._content, self.content_type)
            there = truncated.rows_there(self._content.data, self.content_type, fresh)
            if not there.any():
                raise
            words = "its data end early, or break off"
            self._damage = _damage(self._content.name, words, float(there.mean()))
            # What was decoded stays in the picture, which counts as loaded when no tile is left.
            image.tile = []
            image.load()
            return image, there
        if self.content_type == "image/gif" and gif_read.leaves_ground(self._content.data, *image.size):
            # Pillow fills the rest with the first colour of the table.
            return next(gif_read.frames(self._content.data, *image.size))[0], None
        return image, None

    def _all_frames(self) -> Iterator[Pillow.Image]:
        """Each frame, decoded; what Pillow or gif_read raise of a broken one."""
        if self.content_type == "image/gif":
            for canvas, _ in gif_read.frames(self._content.data, *self._stored):
                yield canvas
            return
        image = _open_with_pillow(self._content, self.content_type)
        for frame in range(self._frames):
            image.seek(frame)
            image.load()
            yield image

    def drop_cache(self) -> None:
        self._whole = self._reduced = None

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:  # noqa: ARG002
        strip = _STRIPS.get(self.content_type)
        pixels = self._frames * self._stored[0] * self._stored[1]
        plain = self._icc is None and self._said.space is None
        if strip is None or self._orientation != 1 or not plain or pixels > MAX_FRAME_PIXELS:
            return None
        try:
            clean, dropped = strip(self._content.data, name=self._content.name)
            if len(clean) > max_bytes:
                return None
            # What can't be decoded to its end is not sent on as it is.
            with _pillow_errors(self._content.name), self._deadline.counted():
                for _ in self._all_frames():
                    self._deadline.left()
        except CapError:
            raise
        except SourceError:
            return None
        return Stripped(clean, self.content_type, (*_dropped(dropped, self._exif), *_cut_off(self._content)))


def _flattened(image: Pillow.Image) -> Pillow.Image:
    """A picture with alpha over white, without it; some rows at a time, for the sake of memory."""
    paper = Pillow.new(image.mode[:-1], image.size, "white")
    for top in range(0, image.height, 256):
        rows = image.crop((0, top, image.width, min(top + 256, image.height)))
        paper.paste(rows.convert(paper.mode), (0, top), rows.getchannel("A"))
    return paper


def _open_whole(content: Input, kind: str, *, many: bool, max_pixels: int) -> _Whole:
    bomb_check.check(content.data, kind, name=content.name)
    with _pillow_errors(content.name, content.data if kind == "image/tiff" else b""):
        image = _open_with_pillow(content, kind)
        pixel = _MODE_BYTES.get(image.mode, 8) + _PILLOW_FORMATS[kind][1]
        pixel += _CLEAR_BYTES if "transparency" in image.info else 0
        said = what_is_said(content, kind, image)
        pixel += _CLEAR_BYTES if said.space is not None else 0
        memory = (pixel * image.width + _ROW_BYTES) * image.height
        _check_size(content.name, *image.size, memory, max_pixels)
        return _Whole(content, kind, image, said, many=many)


def _open_with_pillow(content: Input, kind: str) -> ImageFile.ImageFile:
    return Pillow.open(io.BytesIO(content.data), formats=(_PILLOW_FORMATS[kind][0],))


def what_is_said(content: Input, kind: str, image: Pillow.Image) -> Said:
    """What a picture that Pillow opened says of its colours besides a profile, or by code points in it."""
    if image.mode == "1":
        # Black and white are the same in all spaces.
        return Said()
    said = png_colours(content.data) if kind == "image/png" else Said()
    icc = image.info.get("icc_profile")
    if icc and not said.outranks and (points := icc_tags.high_range(icc)):
        return Said(Space.of(Signal(*points)), outranks=True)
    return said


def _frames(content: Input, kind: str, image: Pillow.Image) -> int:
    """How many frames an animation has; 1 for a still.

    Raises:
        CapError: too many.
    """
    if kind == "image/gif":
        # Pillow counts by reading every frame.
        frames = gif_read.count(content.data, MAX_FRAMES + 1)
    else:
        frames = int(getattr(image, "n_frames", 1)) if kind in ("image/png", "image/webp") else 1
    if frames > MAX_FRAMES:
        raise CapError(content.name, f"an animation of more than {MAX_FRAMES:,} frames")
    return max(frames, 1)


def metadata_notes(content: Input, kind: str, image: Pillow.Image) -> tuple[Note, ...]:
    """What a PNG, a GIF or a WebP, opened by Pillow, has that does not leave with its pictures."""
    stored = png_exif(content.data) if kind == "image/png" else image.info.get("exif", b"")
    return (*_dropped(_metadata(content, kind, image), stored), *_cut_off(content))


def _cut_off(content: Input) -> tuple[Note, ...]:
    """What of an animation is no whole frame."""
    if not content.rest:
        return ()
    return (Note("source-truncated", f"damaged: the last {content.rest:,} bytes are no whole frame"),)


def _turned_by_pillow(image: Pillow.Image) -> int:
    """The orientation by which a TIFF that was not loaded yet will be turned."""
    value = getattr(image, "tag_v2", {}).get(tiff.ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _second_page(image: Pillow.Image) -> bool:
    return bool(getattr(getattr(image, "tag_v2", None), "next", 0))


def _metadata(content: Input, kind: str, image: Pillow.Image) -> tuple[str, ...]:
    """Words for what does not leave with the picture."""
    if kind == "image/tiff":
        return tuple(word for tag, word in _TIFF_METADATA.items() if tag in getattr(image, "tag_v2", ()))
    strip = _STRIPS.get(kind)
    if strip is None:
        return ()
    try:
        return strip(content.data, name=content.name)[1]
    except SourceError:
        # Broken somewhere; Pillow will tell whether it can be decoded all the same.
        words = {"exif": "EXIF", "icc_profile": "ICC profile", "xmp": "XMP"}
        return tuple(word for key, word in words.items() if image.info.get(key))


def _plain(image: Pillow.Image, name: str) -> Pillow.Image:
    """A decoded picture of any mode as L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode.startswith("I"):
        return _eight_bits(image, name)
    if mode == "F":
        raise UnsupportedError(name, "floating-point samples")
    if mode == "CMYK":
        wanted = mode
    elif mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        wanted = "LA" if mode in ("LA", "La") else "RGBA"
    else:
        wanted = "L" if mode in ("1", "L") else "RGB"
    # Converting a picture to its own mode would copy it.
    return image if mode == wanted else image.convert(wanted)


def _eight_bits(image: Pillow.Image, name: str) -> Pillow.Image:
    """Gray of up to 16 bits, which Pillow would clip and not scale to eight."""
    samples = np.asarray(image)
    if int(samples.min(initial=0)) < 0:
        raise UnsupportedError(name, "samples with a sign")
    if int(samples.max(initial=0)) > 0xFFFF:
        raise UnsupportedError(name, "samples of more than 16 bits")
    # Of a TIFF Pillow gives twelve bits as they are, and does not turn those whose zero is white.
    tags = getattr(image, "tag_v2", {})
    scaled = (samples >> (4 if tags.get(tiff.BITS) == (12,) else 8)).astype(np.uint8)
    gray = Pillow.fromarray(255 - scaled if tags.get(tiff.PHOTOMETRIC) == 0 else scaled)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        opaque = Pillow.fromarray(np.where(samples == clear, 0, 255).astype(np.uint8))
        return Pillow.merge("LA", (gray, opaque))
    return gray


@contextmanager
def _pillow_errors(name: str, data: bytes | memoryview = b"") -> Iterator[None]:
    """Whatever Pillow's decoders raise, as a SourceError that names the source; of a TIFF with its kind."""
    try:
        yield
    except SourceError:
        raise
    except MemoryError as error:
        raise CapError(name, "too large for the memory") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise CapError(name, "more pixels than are decoded") from error
    except UnidentifiedImageError as error:
        if kind := tiff.samples(data):
            raise UnsupportedError(name, f"a TIFF of a kind that is not decoded: {kind}") from error
        raise SourceError(name, "the header is broken") from error
    except Exception as error:
        # Its decoders raise whatever a broken file leads them to.
        raise SourceError(name, f"can't be decoded: {error or type(error).__name__}") from error
