"""HEIF (HEIC and AVIF): decoding to planes of the target size.

FFmpeg decodes the tiles, which are reduced row by row. Colours by code points are converted to sRGB here,
since each layer of an overlay may have its own. Colours by an ICC profile are left to the caller.
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

#: Tiles that are decoded at a time, and threads of one decoder, at most: the most that FFmpeg chooses itself.
_THREADS = 16


@dataclass(frozen=True, slots=True, eq=False)
class DecodedHeif:
    """A picture that was decoded and reduced.

    Attributes:
        planes: luma, then zero or two chroma planes, in the YCbCr of JFIF (BT.601, full range).
        colours: "stored" if colours are unchanged, as with an ICC profile; "converted" if they were
            converted to sRGB; "toned" if they were tone-mapped to sRGB.
        alpha: alpha plane of the size of luma, or None.
        warnings: number of tiles that could not be decoded.
        warning: the error of the first of these tiles, or None.
        rows: number of rows of the coded picture above the first of these tiles.
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
    """Decode a picture at a size, as stored: neither rotated nor flattened.

    Args:
        header: header of the picture.
        width, height: size of the result in pixels.
        full_chroma: whether chroma has the size of luma instead of half of it, rounded up. Chroma
            always has the size of luma where colours are converted.
            For a picture that is to be mirrored and has an odd width or height, chroma of half the size
            begins half a sample early, so that it is sited as in 4:2:0 once the picture is upright.
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
        # The colours are complete; only alpha is damaged.
        bad, warning, rows = opacity.bad, opacity.warning, header.coded.height
    else:
        bad, warning, rows = picture.bad, picture.warning, picture.good_rows
    space = picture.space
    colours: Literal["stored", "converted", "toned"] = "stored"
    if space is not None:
        colours = "toned" if space.is_high else "converted"
    return DecodedHeif(tuple(planes), colours, alpha, bad, warning, rows)


def _in_srgb(picture: Reduction, multiplied: NDArray[np.uint8] | None) -> Sequence[NDArray[np.uint8]]:
    """Return the planes in the YCbCr of JFIF and, unless a profile defines the colours, in sRGB.

    Args:
        picture: the reduced picture.
        multiplied: the alpha plane of premultiplied colours, or None.
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
    """Divide premultiplied colours by alpha; fully transparent pixels are treated as alpha 1 of 255."""
    divided = []
    for number, plane in enumerate(planes):
        step, middle = 1 if plane.shape == alpha.shape else 2, 128 if number else 0
        opacity = np.maximum(alpha[::step, ::step], 1)
        whole = np.rint((plane - np.float32(middle)) * 255 / opacity) + middle
        divided.append(np.clip(whole, 0, 255).astype(np.uint8))
    return divided


def _laid_together(header: HeifHeader, overlay: Overlay, target: Target, deadline: Deadline) -> DecodedHeif:
    """Decode an overlay: the layers at full size, one after the other, then reduce the canvas."""
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
    """Composite a layer onto the canvas, clipped at its edges."""
    planes = [upright(plane, layer.header.orientation) for plane in made.planes]
    rows, columns = planes[0].shape
    planes += [np.full((rows, columns), 128, np.uint8)] * (3 - len(planes))
    high, wide = canvas[0].shape
    top, bottom = max(layer.top, 0), min(layer.top + rows, high)
    left, right = max(layer.left, 0), min(layer.left + columns, wide)
    if top >= bottom or left >= right:
        return
    part = np.s_[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
    # A 1 x 1 array and not a number, which before NumPy 2 would take the type of the other operand.
    opaque = np.full((1, 1), 255, np.uint16)
    if made.alpha is not None:
        opaque = upright(made.alpha, layer.header.orientation)[part].astype(np.uint16)
    for below, plane in zip(canvas, planes, strict=True):
        place = below[top:bottom, left:right]
        # The sum is at most 255 * 255 + 127, which fits 16 bits.
        place[:] = (plane[part] * opaque + place * (255 - opaque) + 127) // 255
