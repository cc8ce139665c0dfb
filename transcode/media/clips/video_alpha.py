"""Flattens transparent clips, such as stickers, onto white: clips of messages have no transparency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

from transcode.media.samples.planes import Plane, resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["OPAQUE", "decoder_of", "has_alpha", "over_white"]

#: Decoders for VP8 and VP9 with alpha. WebM stores alpha beside each frame (Matroska, BlockAdditional with
#: AlphaMode). FFmpeg's native decoders ignore it, and the libvpx decoders do not.
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

#: Smallest alpha that counts as opaque: lossy codecs turn 255 into slightly lower values. Chosen.
OPAQUE = 248

#: Luma of white in narrow and in full range, and neutral chroma (ITU-T H.273, 8.3).
_WHITE = (235, 255)
_GREY = 128


def decoder_of(stream: Any) -> Any:
    """Return an unopened codec context that decodes a video stream with its alpha."""
    context = stream.codec_context
    name = _DECODERS.get(context.codec.canonical_name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return context
    try:
        return av.CodecContext.create(name, "r")
    except ValueError:
        # This FFmpeg build has no libvpx. The native decoder decodes the colours.
        return context


def has_alpha(frame: Any) -> bool:
    """Whether a decoded frame has an alpha plane. The plane may be opaque everywhere."""
    return any(component.is_alpha for component in frame.format.components)


def over_white(parts: Sequence[Plane], alpha: NDArray[np.uint8], *, full: bool) -> list[Plane]:
    """Composite three planes onto white, each at its own size.

    Args:
        parts: luma and two chroma planes, not premultiplied by alpha.
        alpha: alpha at the rows x columns of luma; 255 is opaque.
        full: whether luma has full range.
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
