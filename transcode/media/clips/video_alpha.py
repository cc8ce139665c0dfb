"""Clips with transparency, as stickers have it. No clip of a message has any: white is laid under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["OPAQUE", "decoder_of", "has_alpha", "over_white"]

#: FFmpeg's own decoders of these leave out the transparency that WebM has beside each picture
#: (Matroska, BlockAdditional with AlphaMode); those of libvpx do not.
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

#: From this value on alpha is opaque: codecs with loss make a little less of 255. Chosen.
OPAQUE = 248

#: White in the narrow range and in the full one, and chroma without a colour (ITU-T H.273, 8.3).
_WHITE = (235, 255)
_GREY = 128


def decoder_of(stream: Any) -> Any:
    """The codec context that decodes a stream of pictures with its transparency, not opened yet."""
    context = stream.codec_context
    name = _DECODERS.get(context.codec.canonical_name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return context
    try:
        return av.CodecContext.create(name, "r")
    except ValueError:
        # FFmpeg was built without it: the colours at least are there.
        return context


def has_alpha(frame: Any) -> bool:
    """Whether a decoder's frame has a plane of transparency, which may be opaque all over."""
    return any(component.is_alpha for component in frame.format.components)


def over_white(parts: Sequence[Plane], alpha: NDArray[np.uint8], *, full: bool) -> list[Plane]:
    """Three planes with white laid under them, at their own sizes.

    Args:
        parts: luma and two planes of chroma, not multiplied by alpha.
        alpha: rows x columns of luma; 255 is opaque.
        full: whether luma has the full range.
    """
    height, width = alpha.shape
    laid = []
    for part, ground in zip(parts, (_WHITE[full], _GREY, _GREY), strict=True):
        rows, columns = part.samples.shape
        own = alpha
        if (rows, columns) != alpha.shape:
            own = resample(Plane(alpha, width, height), columns, rows, filter="box")
        weights = own.astype(np.uint16)
        mixed = part.samples * weights + np.uint16(ground) * (np.uint16(255) - weights)
        samples = ((mixed + np.uint16(127)) // np.uint16(255)).astype(np.uint8)
        laid.append(Plane(samples, part.width, part.height))
    return laid
