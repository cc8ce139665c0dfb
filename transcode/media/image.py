"""Still pictures: from the bytes of a source to planes of the size that is wanted.

A JPEG stays planar: libjpeg-turbo decodes to planes at the smallest of its
scales that covers the target, and each plane is resampled once. RGB exists only
where colours must change, and then at the small size. Everything else comes
through Pillow.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from transcode.errors import CapError, SourceError, TranscodeError, UnsupportedError
from transcode.media import colour, exif, jpeg, probe
from transcode.media.planes import Plane, resample, upright
from transcode.media.strip import strip_gif, strip_png, strip_webp
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from transcode.media.source import Content

__all__ = ["Reduced", "Still", "Stripped", "open_still"]

#: The most pixels that a format decoded whole may have. Pillow keeps four bytes a pixel.
MAX_PIXELS_WHOLE = 89_000_000

#: The most pixels of a JPEG: its decode is scaled, and a progressive one keeps
#: its coefficients, two bytes each, in memory.
MAX_PIXELS_JPEG = 200_000_000

#: Seconds that one decode may take before it is given up.
MAX_DECODE_SECONDS = 8.0

#: What Pillow may open, and under which content type. AVIF and HEIF are not among
#: them: no release of pillow-simd reads them with the libraries of Debian 12.
_PILLOW_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
}

#: How a source that fits is rid of its metadata.
_STRIPS = {"image/png": strip_png, "image/gif": strip_gif, "image/webp": strip_webp}

#: In a picture whose data end early, at least this share of the rows must be there.
_ENOUGH_ROWS = 0.5

#: EXIF orientations (TIFF 6.0, Orientation) whose stored columns, and whose
#: stored rows, run against the upright picture's.
_MIRRORS_X = (2, 3, 7, 8)
_MIRRORS_Y = (3, 4, 6, 7)
_TURNS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A picture at its final size, upright, in sRGB's YCbCr (JFIF).

    Attributes:
        planes: uint8 planes, rows x columns: luma, then none or two of chroma,
            each with half as many rows and columns, rounded up.
        notes: what was done to it.
    """

    planes: tuple[NDArray[np.uint8], ...]
    notes: tuple[Note, ...] = ()


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

    def reduce(self, width: int, height: int) -> Reduced:
        """The picture with this many pixels, upright; at most as many as it has.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def stripped(self) -> Stripped | None:
        """The source without metadata, its pixels untouched; None where they must change."""


def open_still(content: Content) -> Still:
    """Read a picture's header.

    Raises:
        UnsupportedError: it is no picture, or one of a kind that is not read.
        CapError: it has too many pixels.
        SourceError: the header is broken.
    """
    kind = probe.content_type(content.data)
    if kind == "image/jpeg":
        header = jpeg.read_header(content.data, name=content.name)
        _check_pixels(content.name, header.width, header.height, MAX_PIXELS_JPEG)
        if header.colour in ("gray", "ycc"):
            return _open_jpeg(content, header)
    if kind not in _PILLOW_FORMATS:
        raise UnsupportedError(content.name, _unsupported(kind, content.data))
    return _open_pillow(content, kind)


def _unsupported(kind: str | None, data: bytes | memoryview) -> str:
    described = probe.describe(kind, data)
    if kind in ("image/heic", "image/avif"):
        return f"{described}; pictures of this kind are not read"
    return f"{described}, not a picture"


def _check_pixels(name: str, width: int, height: int, most: int) -> None:
    if width < 1 or height < 1:
        raise SourceError(name, f"the header says {width} x {height} pixels")
    if width * height > most:
        raise CapError(
            name, f"{width} x {height} pixels; pictures over {most / 1e6:.0f} megapixels are refused"
        )


# --- JPEG, planar -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Jpeg:
    content: Content
    header: jpeg.JpegHeader
    orientation: int
    icc: bytes | None = field(repr=False)
    content_type: str = "image/jpeg"

    @property
    def width(self) -> int:
        return self.header.height if self.orientation in _TURNS else self.header.width

    @property
    def height(self) -> int:
        return self.header.width if self.orientation in _TURNS else self.header.height

    def reduce(self, width: int, height: int) -> Reduced:
        stored = (height, width) if self.orientation in _TURNS else (width, height)
        decoded = self._decode(*stored)
        notes = [
            *_damage(self.content.name, decoded, self.header.height),
            *_turned(self.orientation),
            *_dropped(self.header.metadata),
        ]
        sampled = decoded.picture.planes
        if self.icc is None or len(sampled) == 1:
            planes = [resample(sampled[0], *stored)]
            planes += [_chroma(plane, *stored, self.orientation) for plane in sampled[1:]]
            if self.icc is not None:
                planes = self._convert(planes, notes)
        else:
            planes = self._convert([resample(plane, *stored) for plane in sampled], notes)
            planes[1:] = [
                _chroma(Plane(plane, stored[0], stored[1]), *stored, self.orientation) for plane in planes[1:]
            ]
        return Reduced(tuple(upright(plane, self.orientation) for plane in planes), tuple(notes))

    def _decode(self, width: int, height: int) -> jpeg.Decoded:
        needed = max(width / self.header.width, height / self.header.height)
        # The scales of one, two, four and eight eighths have vector code in
        # libjpeg-turbo; the others are slower than the whole picture.
        eighths = next(n for n in (1, 2, 4, 8) if n / 8 >= needed or n == 8)
        return jpeg.decode(
            self.content.data,
            self.header,
            eighths=eighths,
            name=self.content.name,
            deadline=MAX_DECODE_SECONDS,
        )

    def _convert(self, planes: list[NDArray[np.uint8]], notes: list[Note]) -> list[NDArray[np.uint8]]:
        """Planes of one size from the source's colours to sRGB."""
        bands = [Pillow.fromarray(plane) for plane in planes]
        image = bands[0] if len(bands) == 1 else Pillow.merge("YCbCr", bands).convert("RGB")
        converted = colour.to_srgb(image, self.icc)
        if converted is None:
            notes.append(Note("profile-ignored", "the colour profile is broken or of another kind: ignored"))
            return planes
        notes.append(Note("colour-converted", "colours converted to sRGB"))
        return [np.asarray(band) for band in converted.convert("YCbCr").split()]

    def stripped(self) -> Stripped | None:
        header = self.header
        if self.orientation != 1 or self.icc is not None or header.bits != 8:
            return None
        name, data = self.content.name, self.content.data
        # A source that is damaged is not sent on as it is: every row is decoded once.
        if jpeg.decode(data, header, eighths=1, name=name, deadline=MAX_DECODE_SECONDS).warnings:
            return None
        clean, dropped = jpeg.strip(data, name=name)
        notes = _dropped(dropped)
        if header.progressive or header.arithmetic:
            clean = jpeg.rewrite(clean, progressive=False, name=name)
            kind = "progressive" if header.progressive else "arithmetic-coded"
            notes = (*notes, Note("rewritten", f"{kind} JPEG rewritten as baseline, without loss"))
        return Stripped(clean, "image/jpeg", notes)


def _open_jpeg(content: Content, header: jpeg.JpegHeader) -> _Jpeg:
    orientation = exif.orientation(header.exif) if header.exif else 1
    icc = header.icc
    if icc is not None and colour.is_srgb(icc):
        icc = None
    return _Jpeg(content, header, orientation, icc)


def _chroma(plane: Plane, width: int, height: int, orientation: int) -> NDArray[np.uint8]:
    """A chroma plane of half the size, its samples where 4:2:0 puts them once the picture is upright.

    The last column of a picture of odd width has a chroma sample to itself. When
    the picture is mirrored afterwards, that column has to be the first.
    """
    offset_x = -0.5 if orientation in _MIRRORS_X and width % 2 else 0.0
    offset_y = -0.5 if orientation in _MIRRORS_Y and height % 2 else 0.0
    return resample(
        plane,
        (width + 1) // 2,
        (height + 1) // 2,
        covers=(width / 2, height / 2),
        offset=(offset_x, offset_y),
    )


def _damage(name: str, decoded: jpeg.Decoded, rows: int) -> tuple[Note, ...]:
    """What a damaged file says of itself, unless too little of it is good."""
    if not decoded.warnings:
        return ()
    good = decoded.rows / rows
    if good < _ENOUGH_ROWS:
        raise SourceError(name, f"damaged: {decoded.warning}; only {good:.0%} of the rows are there")
    if good < 1:
        return (Note("source-truncated", f"damaged: {decoded.warning}; {good:.0%} of the rows are there"),)
    return (Note("source-damaged", f"damaged: {decoded.warning}"),)


def _turned(orientation: int) -> tuple[Note, ...]:
    return (Note("turned", f"turned upright (EXIF orientation {orientation})"),) if orientation != 1 else ()


def _dropped(words: tuple[str, ...]) -> tuple[Note, ...]:
    return (Note("metadata-dropped", f"dropped: {', '.join(words)}"),) if words else ()


# --- Everything else, through Pillow ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Whole:
    content: Content
    content_type: str
    stored: tuple[int, int]
    orientation: int
    frames: int
    icc: bytes | None = field(repr=False)
    metadata: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.stored[1] if self.orientation in _TURNS else self.stored[0]

    @property
    def height(self) -> int:
        return self.stored[0] if self.orientation in _TURNS else self.stored[1]

    def reduce(self, width: int, height: int) -> Reduced:
        notes = list(_turned(self.orientation))
        if self.frames > 1:
            notes.append(
                Note("animation-dropped", f"animation of {self.frames} frames: the first one is kept")
            )
        notes.extend(_dropped(self.metadata))
        size = (height, width) if self.orientation in _TURNS else (width, height)
        with _pillow_errors(self.content.name):
            image = _plain(_pillow(self.content, self.content_type), self.content.name)
            if image.size != size:
                image = image.resize(size, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
            image = self._srgb(image, notes)
            bands = [image] if image.mode == "L" else image.convert("YCbCr").split()
        planes = [upright(np.asarray(band), self.orientation) for band in bands]
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
        return Reduced(tuple(planes), tuple(notes))

    def _srgb(self, image: Pillow.Image, notes: list[Note]) -> Pillow.Image:
        """A picture in sRGB, mode RGB or L, over white."""
        alpha = None
        if image.mode in ("RGBA", "LA"):
            alpha = image.getchannel("A")
            image = image.convert(image.mode[:-1])
        converted = colour.to_srgb(image, self.icc)
        if converted is not None:
            notes.append(Note("colour-converted", "colours converted to sRGB"))
            image = converted
        elif self.icc is not None:
            notes.append(Note("profile-ignored", "the colour profile is broken or of another kind: ignored"))
        if image.mode == "CMYK":
            image = image.convert("RGB")
            notes.append(Note("colour-converted", "CMYK without a profile converted by the plain rule"))
        if alpha is not None and alpha.getextrema() != (255, 255):
            notes.append(Note("flattened", "transparency laid over white"))
            image = Pillow.composite(image, Pillow.new(image.mode, image.size, "white"), alpha)
        return image

    def stripped(self) -> Stripped | None:
        if self.orientation != 1 or self.icc is not None:
            return None
        strip = _STRIPS.get(self.content_type)
        if strip is None:
            return None
        name, data = self.content.name, self.content.data
        with _pillow_errors(name):
            image = _pillow(self.content, self.content_type)
            for frame in range(self.frames):
                image.seek(frame)
                image.load()
        clean, dropped = strip(data, name=name)
        return Stripped(clean, self.content_type, _dropped(dropped))


def _open_pillow(content: Content, kind: str) -> _Whole:
    with _pillow_errors(content.name):
        image = _pillow(content, kind)
        _check_pixels(content.name, *image.size, MAX_PIXELS_WHOLE)
        frames = int(getattr(image, "n_frames", 1)) if kind != "image/tiff" else 1
        # A PNG says EXIF in a chunk that may stand behind the pixels: the bytes that
        # Pillow found so far are enough for the orientation that viewers apply.
        raw = image.info.get("exif", b"")
        # Pillow turns TIFF by itself when it loads.
        orientation = image.getexif().get(0x0112, 1) if kind != "image/tiff" else 1
        icc = image.info.get("icc_profile") or None
        if icc is not None and image.mode != "CMYK" and colour.is_srgb(icc):
            icc = None
        words = [
            word
            for word, there in (("EXIF", bool(raw)), ("ICC profile", "icc_profile" in image.info))
            if there
        ]
        return _Whole(
            content,
            kind,
            image.size,
            orientation if orientation in range(1, 9) else 1,
            frames,
            icc,
            tuple(words),
        )


def _pillow(content: Content, kind: str) -> Pillow.Image:
    return Pillow.open(io.BytesIO(content.data), formats=(_PILLOW_FORMATS[kind],))


def _plain(image: Pillow.Image, name: str) -> Pillow.Image:
    """A picture of any mode as L, LA, RGB, RGBA or CMYK."""
    image.load()
    mode = image.mode
    if mode.startswith("I"):
        # 16 bits, which Pillow would clip and not scale to eight.
        samples = np.asarray(image)
        if int(samples.min(initial=0)) < 0 or int(samples.max(initial=0)) > 0xFFFF:
            raise UnsupportedError(name, "samples of more than 16 bits")
        return Pillow.fromarray((samples >> 8).astype(np.uint8))
    if mode == "F":
        raise UnsupportedError(name, "floating-point samples")
    if mode == "CMYK":
        return image
    if mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        return image.convert("LA" if mode in ("LA", "La") else "RGBA")
    if mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


@contextmanager
def _pillow_errors(name: str) -> Iterator[None]:
    """Whatever Pillow's decoders raise, as a SourceError that names the source."""
    try:
        yield
    except TranscodeError:
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise CapError(name, "more pixels than are decoded") from error
    except UnidentifiedImageError as error:
        raise SourceError(name, "the header is broken") from error
    except Exception as error:
        raise SourceError(name, f"can't be decoded: {error or type(error).__name__}") from error
