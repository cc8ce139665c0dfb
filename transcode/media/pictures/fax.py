"""Pages of TIFF under CCITT compressions (ITU-T T.4, T.6), decoded by FFmpeg.

libtiff ends such a strip without an error where its codes end early, and Pillow before 13.0 shows
what stood in memory in place of the rows that are missing. FFmpeg's rows are black there.
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
    """The first page, upright, in mode L.

    Args:
        data: the file.
        orientation: of EXIF, 1 to 8.

    Raises:
        OSError, ValueError: it can't be decoded.
    """
    context: Any = av.CodecContext.create("tiff", "r")
    context.thread_count = 1
    frames = [*context.decode(packet_of(data)), *context.decode(None)]
    if not frames:
        raise OSError("FFmpeg finds no picture in it")
    page: NDArray[Any] = frames[0].reformat(format="gray", threads=1).to_ndarray()
    return Pillow.fromarray(upright(page, orientation))
