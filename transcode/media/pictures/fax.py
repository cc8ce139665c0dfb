"""TIFF pages with CCITT compression (ITU-T T.4, T.6), decoded by FFmpeg.

libtiff reports no error for a CCITT strip that ends early, and Pillow before 13.0 returns uninitialised
memory for the missing rows. FFmpeg returns black rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
from PIL import Image as Pillow

from transcode.media.samples.planes import upright
from transcode.media.source.packets import packet_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decode"]


def decode(data: bytes | memoryview, orientation: int) -> Pillow.Image:
    """Return the first page, upright, in mode L.

    Args:
        data: the file.
        orientation: TIFF orientation, 1 to 8.

    Raises:
        OSError, ValueError: the page can't be decoded.
    """
    context: Any = av.CodecContext.create("tiff", "r")
    context.thread_count = 1
    frames = [*context.decode(packet_of(data)), *context.decode(None)]
    if not frames:
        raise OSError("FFmpeg found no picture")
    page: NDArray[Any] = frames[0].reformat(format="gray", threads=1).to_ndarray()
    return Pillow.fromarray(upright(page, orientation))
