"""HEIF: HEIC and AVIF pictures, from their boxes to planes of the size that is wanted, in sRGB.

Tiles are decoded by FFmpeg and reduced row by row. Colours are those of a profile, which are left to the
caller, or of code points, which are converted here, since each layer of a picture may have its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transcode.jobs import processors
from transcode.media.pictures import colour
from transcode.media.pictures.heif_header import HeifHeader, read_header
from transcode.media.pictures.heif_tiles import Reduction, Target
from transcode.media.pictures.toner import peak_of, toner
from transcode.media.samples.cicp import RGB, Signal, to_jfif, to_rgb
from transcode.media.samples.planes import upright

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from transcode.media.pictures.heif_header import Layer, Overlay
    from transcode.media.source.decode_limits import Deadline
__all__ = ["DecodedHeif", "HeifHeader", "decode", "read_header"]

#: The most tiles that are decoded at a time, and threads of a decoder: as many as FFmpeg takes of itself.
_THREADS = 16


@dataclass(frozen=True, slots=True, eq=False)
class DecodedHeif:
    """A picture that was decoded and reduced.

    Attributes:
        planes: luma, then none or two of chroma, in JFIF's YCbCr (BT.601, full range).
        colours: whether they are those that are stored, were converted to sRGB, or were also brought
            there from a high dynamic range. Those of a profile are stored ones.
        alpha: transparency of the size of luma, or None.
        warnings: tiles that could not be decoded.
        warning: what is wrong with the first of them, or None.
        rows: how many rows of the coded picture stand above the first of them.
    """

    planes: tuple[NDArray[np.uint8], ...]
    colours: Literal["stored", "converted", "toned"]
    alpha: NDArray[np.uint8] | None
    warnings: int
    warning: str | None
    rows: int


def decode(
    header: HeifHeader,
    width: int,
    height: int,
    *,
    full_chroma: bool,
    deadline: Deadline,
) -> DecodedHeif:
    """The picture at a size, as stored: neither turned nor laid over anything.

    Args:
        header: of the picture.
        width, height: pixels of the result.
        full_chroma: whether chroma has the size of luma, and not half of it, rounded up. It has
            where colours are converted.
            For a picture that is to be mirrored and has an odd side, half of the size begins half
            a sample early, so that chroma stands where 4:2:0 puts it once the picture is upright.
        deadline: the seconds that are left for the source, within counted(); asked before every tile.

    Raises:
        SourceError: the first tile can't be decoded.
        CapError: the seconds are over.
    """
    threads = processors.threads(_THREADS)
    target = Target(header, width, height, full_chroma)
    if header.overlay is not None:
        return _laid_together(header, header.overlay, target, deadline)
    picture = Reduction(header.container, header.coded, target, deadline, threads)
    picture.run()
    opacity, alpha = None, None
    if header.alpha is not None:
        opacity = Reduction(header.container, header.alpha, target, deadline, threads, is_alpha=True)
        opacity.run()
        alpha = to_jfif([opacity.reduced(0)], opacity.signal, opacity.depth)[0]
    planes = _in_srgb(picture, alpha if header.premultiplied else None)
    if opacity is not None and opacity.bad and not picture.bad:
        # The picture is whole: what is lost is what was clear in it.
        bad, warning, rows = opacity.bad, opacity.warning, header.coded.height
    else:
        bad, warning, rows = picture.bad, picture.warning, picture.good_rows
    space = picture.space
    colours: Literal["stored", "converted", "toned"] = "stored"
    if space is not None:
        colours = "toned" if space.is_high else "converted"
    return DecodedHeif(tuple(planes), colours, alpha, bad, warning, rows)


def _in_srgb(picture: Reduction, multiplied: NDArray[np.uint8] | None) -> Sequence[NDArray[np.uint8]]:
    """The planes in JFIF's YCbCr and, but for those of a profile, in sRGB.

    Args:
        picture: what was reduced.
        multiplied: the opacity that its colours are stored multiplied by, or None.
    """
    count, space, depth = picture.planes, picture.space, picture.depth
    if space is None or not space.is_high:
        planes = to_jfif([picture.reduced(number) for number in range(count)], picture.signal, depth)
        if multiplied is not None:
            planes = _divided(planes, multiplied)
        if space is None:
            return planes
        return colour.of_space(space, "gray" if count == 1 else "rgb").ycc(planes, from_ycc=True)
    rgb = to_rgb([picture.mean(number) for number in range(count)], picture.signal, depth)
    if multiplied is not None:
        rgb *= np.float32(255) / np.maximum(multiplied, 1)[..., None]
    samples = toner(space, peak_of(picture.levels, space.transfer)).samples(rgb)
    if count == 1:
        return [samples[..., 0]]
    return to_jfif([samples[..., number] for number in (1, 2, 0)], Signal(matrix=RGB, full=True))


def _divided(planes: Sequence[NDArray[np.uint8]], alpha: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Colours that are stored multiplied by their opacity, as they are; what is quite clear stays."""
    divided = []
    for number, plane in enumerate(planes):
        step, middle = 1 if plane.shape == alpha.shape else 2, 128 if number else 0
        opacity = np.maximum(alpha[::step, ::step], 1)
        whole = np.rint((plane - np.float32(middle)) * 255 / opacity) + middle
        divided.append(np.clip(whole, 0, 255).astype(np.uint8))
    return divided


def _laid_together(header: HeifHeader, overlay: Overlay, target: Target, deadline: Deadline) -> DecodedHeif:
    """An overlay: its layers are decoded whole, one after the other, and the canvas is reduced."""
    shape = (header.coded.height, header.coded.width)
    red, green, blue = (np.full((1, 1), part, np.uint8) for part in overlay.fill)
    fill = to_jfif([green, blue, red], Signal(matrix=RGB, full=True))
    canvas = [np.full(shape, part[0, 0], np.uint8) for part in fill]
    found = []
    for layer in overlay.layers:
        inner = layer.header
        made = decode(inner, inner.width, inner.height, full_chroma=True, deadline=deadline)
        found.append(made)
        _lay(canvas, made, layer)
    streams = [target.stream(header.coded, number, 1, 1) for number in range(3)]
    for plane, stream in zip(canvas, streams, strict=True):
        stream.feed(plane, 0)
    damaged = next((made for made in found if made.warnings), None)
    kinds = {made.colours for made in found}
    return DecodedHeif(
        tuple(stream.result for stream in streams),
        "toned" if "toned" in kinds else "converted" if "converted" in kinds else "stored",
        None,
        sum(made.warnings for made in found),
        None if damaged is None else damaged.warning,
        header.coded.height if damaged is None else min(damaged.rows, header.coded.height),
    )


def _lay(canvas: list[NDArray[np.uint8]], made: DecodedHeif, layer: Layer) -> None:
    """Lay a picture over the canvas, where it is on it."""
    planes = [upright(plane, layer.header.orientation) for plane in made.planes]
    rows, columns = planes[0].shape
    planes += [np.full((rows, columns), 128, np.uint8)] * (3 - len(planes))
    high, wide = canvas[0].shape
    top, bottom = max(layer.top, 0), min(layer.top + rows, high)
    left, right = max(layer.left, 0), min(layer.left + columns, wide)
    if top >= bottom or left >= right:
        return
    part = np.s_[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
    # An array, of one where all is opaque: before NumPy 2 a number takes the type of what it meets.
    opaque = np.full((1, 1), 255, np.uint16)
    if made.alpha is not None:
        opaque = upright(made.alpha, layer.header.orientation)[part].astype(np.uint16)
    for below, plane in zip(canvas, planes, strict=True):
        place = below[top:bottom, left:right]
        # At most 255 * 255 + 127, which 16 bits hold.
        place[:] = (plane[part] * opaque + place * (255 - opaque) + 127) // 255
