"""Conversion of ICC profiles to sRGB, with the results of LittleCMS, and detection of sRGB profiles.

A profile of curves and a matrix, as for phones, cameras and screens, is applied directly, in one pass
over the pixels. For any other profile LittleCMS fills a 3-D or 4-D look-up table. A table does not suit the
first kind: channels clip where a colour leaves the gamut of sRGB, and interpolation blurs the clipping.
With 52 nodes per axis, single colours of Display P3 and ProPhoto differ from LittleCMS by up to 10 and 19
levels of 255; with 86 nodes by up to 8 and 16. Curves and matrix differ by 1 level and take half the time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image, ImageCms

from transcode.kernels import colour as kernel
from transcode.media.pictures import icc as tags
from transcode.media.samples.transfer import linear, srgb, to_bt709

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.planes import Colour
    from transcode.media.samples.transfer import Space

__all__ = ["INKS", "ColourConversion", "Inks", "conversion", "is_srgb", "of_space"]

#: Largest difference, in levels of 255, on a grid of colours between a profile that counts as sRGB and
#: sRGB. The many sRGB profiles differ by 1 level from each other, since curves and primaries are rounded.
#: Chosen.
_SAME = 2

#: Bytes of the largest profile that is used; profiles of printing presses have up to 3 MB.
_LARGEST = 4_000_000

#: Nodes per axis of a look-up table: the number of LittleCMS for three channels (lcms2 2.15,
#: _cmsReasonableGridpointsByColorspace). CMYK has the same number: with 18 and 23 nodes, single colours at
#: the edge of the sRGB gamut differed by 10 levels, with 33 nodes by 1 level.
_NODES = 33

#: Profiles whose conversions are cached. Chosen.
_KEPT = 16

Inks = Literal["gray", "rgb", "cmyk"]

#: Inks of each colour space of JPEG planes.
INKS: dict[Colour, Inks] = {"gray": "gray", "ycc": "rgb", "rgb": "rgb", "cmyk": "cmyk", "ycck": "cmyk"}

#: For each kind of inks the profile colour space (ICC.1:2022, 7.2.6) and the Pillow mode.
_SPACES = {"gray": ("GRAY", "L"), "rgb": ("RGB", "RGB"), "cmyk": ("CMYK", "CMYK")}


@lru_cache(maxsize=_KEPT)
def is_srgb(icc: bytes) -> bool:
    """Return whether an ICC profile maps every RGB colour to itself, within two levels of 255.

    The test converts a grid of colours and does not use the name of the profile, so v2, v4 and compact
    ("c2") profiles are all recognised. The result is False for profiles of other colour spaces, and for
    broken profiles.
    """
    transform = _transform(icc, "rgb")
    return transform is not None and _distance(_mapped(transform, _grid(9)), _grid(9)) <= _SAME


@dataclass(frozen=True, slots=True, eq=False)
class ColourConversion:
    """A conversion of samples to sRGB.

    Attributes:
        inks: kind of the source samples: "gray", "rgb" or "cmyk".
    """

    inks: Inks
    _shaper: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]] | None
    _nodes: NDArray[np.uint8] | None

    def ycc(
        self,
        planes: Sequence[NDArray[np.uint8]],
        *,
        from_ycc: bool = False,
        inverted: bool = False,
    ) -> tuple[NDArray[np.uint8], ...]:
        """Convert planes of one size to the YCbCr of sRGB (JFIF).

        Args:
            planes: one plane for gray, three for RGB, four for CMYK; rows x columns each.
            from_ycc: whether the first three planes are YCbCr of RGB, or YCC of CMYK as in YCCK.
            inverted: whether inks are stored as 255 minus the value.

        Returns:
            Luma for gray; else luma and two chroma planes of the same size.
        """
        if self.inks == "gray":
            return (self._gray(planes[0]),)
        target = tuple(np.empty(planes[0].shape, np.uint8) for _ in range(3))
        self._convert(planes, target, from_ycc=from_ycc, inverted=inverted, to_ycc=True)
        return target

    def image(self, image: Image.Image) -> Image.Image:
        """Convert a picture of mode L, RGB or CMYK to sRGB in mode L or RGB."""
        samples = np.asarray(image)
        if self.inks == "gray":
            return Image.fromarray(self._gray(samples))
        target = np.empty((*samples.shape[:2], 3), np.uint8)
        bands = [samples[..., band] for band in range(samples.shape[2])]
        self._convert(bands, [target[..., band] for band in range(3)])
        return Image.fromarray(target)

    def _gray(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert self._nodes is not None  # noqa: S101  (gray has them)
        green: NDArray[np.uint8] = self._nodes[samples, 1]
        return green

    def _convert(
        self,
        source: Sequence[NDArray[np.uint8]],
        target: Sequence[NDArray[np.uint8]],
        *,
        from_ycc: bool = False,
        inverted: bool = False,
        to_ycc: bool = False,
    ) -> None:
        if self._shaper is not None:
            kernel.shape(source, *self._shaper, target, from_ycc=from_ycc, to_ycc=to_ycc)
            return
        assert self._nodes is not None  # noqa: S101  (one of the two is there)
        kernel.look_up(
            source,
            self._nodes,
            _places(_NODES),
            target,
            from_ycc=from_ycc,
            inverted=inverted,
            to_ycc=to_ycc,
        )


@lru_cache(maxsize=_KEPT)
def conversion(icc: bytes, inks: Inks) -> ColourConversion | None:
    """Return the conversion from a profile to sRGB, with the perceptual intent.

    Args:
        icc: the profile.
        inks: kind of the samples.

    Returns:
        None if the profile is broken, or for another kind of samples.
    """
    transform = _transform(icc, inks)
    if transform is None:
        return None
    if inks == "gray":
        return ColourConversion(inks, None, _mapped(transform, np.arange(256, dtype=np.uint8)))
    if inks == "rgb" and (shaper := _shaper(icc)) is not None:
        made = ColourConversion(inks, shaper, None)
        # Curves and matrix are used only if they agree with LittleCMS.
        grid = _grid(18)
        ours = np.asarray(made.image(Image.fromarray(grid[None])))[0]
        if _distance(ours, _mapped(transform, grid)) <= _SAME:
            return made
    return ColourConversion(inks, None, _mapped(transform, _grid(_NODES, 4 if inks == "cmyk" else 3)))


@lru_cache(maxsize=_KEPT)
def of_space(space: Space, inks: Inks) -> ColourConversion:
    """Return the conversion from a space of standard dynamic range to sRGB.

    Args:
        space: colour space with primaries that ``transfer.to_bt709`` accepts.
        inks: "gray" or "rgb".
    """
    codes = np.arange(256) / 255 if space.full else np.clip((np.arange(256) - 16) / 219, 0, 1)
    light = np.clip(linear(codes, space), 0, 1)
    if inks == "gray":
        gray = np.rint(255 * srgb(light)).astype(np.uint8)
        return ColourConversion(inks, None, np.repeat(gray[:, None], 3, axis=1))
    decode = np.rint(np.tile(light, (3, 1)) * (kernel.LINEAR_ONE - 1)).astype(np.int32)
    return ColourConversion(inks, (decode, _in_units(to_bt709(space.chromaticities)), _encode()), None)


def _places(count: int) -> NDArray[np.uint8]:
    """Return count integers from 0 to 255, spaced evenly up to rounding."""
    return np.rint(np.linspace(0, 255, count)).astype(np.uint8)


def _grid(count: int, channels: int = 3) -> NDArray[np.uint8]:
    """Return a grid with count values per channel as rows of colours; the last channel varies fastest."""
    mesh = np.meshgrid(*[_places(count)] * channels, indexing="ij")
    return np.stack(mesh, axis=-1).reshape(-1, channels)


def _mapped(transform: ImageCms.ImageCmsTransform, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert rows of colours, or gray samples, to rows of sRGB."""
    mode = {1: "L", 2: {3: "RGB", 4: "CMYK"}.get(colours.shape[-1])}[colours.ndim]
    size = (len(colours), 1)
    image = Image.frombytes(str(mode), size, np.ascontiguousarray(colours).tobytes())
    return np.asarray(transform.apply(image)).reshape(-1, 3)


def _distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    return int(np.abs(first.astype(np.int16) - second).max())


def _shaper(icc: bytes) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]] | None:
    """Return curves and matrix of an RGB profile in the units of the kernel; None if there are none."""
    light = tags.curves(icc)
    primaries = _primaries(ImageCms.ImageCmsProfile(io.BytesIO(icc)))
    if light is None or primaries is None:
        return None
    ours = _primaries(_srgb())
    assert ours is not None  # noqa: S101  (LittleCMS made it of those)
    matrix = np.linalg.solve(ours, primaries)
    if np.abs(matrix).sum(axis=1).max() > kernel.LARGEST_ROW / kernel.MATRIX_ONE:
        return None
    decode = np.rint(light * (kernel.LINEAR_ONE - 1)).astype(np.int32)
    return decode, _in_units(matrix), _encode()


def _in_units(matrix: NDArray[Any]) -> NDArray[np.int32]:
    """Convert a matrix to the units of the kernel, where linear light of 1 is LINEAR_ONE - 1."""
    scale = kernel.MATRIX_ONE * kernel.LINEAR_ONE / (kernel.LINEAR_ONE - 1)
    return np.rint(matrix * scale).astype(np.int32)


def _primaries(profile: ImageCms.ImageCmsProfile) -> NDArray[np.float64] | None:
    """Return red, green and blue in the profile connection space, as columns of XYZ; None if missing."""
    core = profile.profile
    columns = [core.red_colorant, core.green_colorant, core.blue_colorant]
    known = [column[0] for column in columns if column is not None]
    return np.array(known, np.float64).T if len(known) == len(columns) else None


@lru_cache(maxsize=1)
def _encode() -> NDArray[np.uint8]:
    """Return sRGB samples for linear light from 0 to 1 in even steps (IEC 61966-2-1)."""
    curve = srgb(np.linspace(0, 1, kernel.ENCODE_SIZE))
    padding = kernel.ENCODE_ROOM - kernel.ENCODE_SIZE
    return np.append(np.rint(255 * curve), np.zeros(padding)).astype(np.uint8)


@lru_cache(maxsize=_KEPT)
def _transform(icc: bytes, inks: Inks) -> ImageCms.ImageCmsTransform | None:
    if len(icc) > _LARGEST:
        return None
    space, mode = _SPACES[inks]
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space.strip() != space:
            return None
        return ImageCms.buildTransform(
            profile, _srgb(), mode, "RGB", renderingIntent=ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
