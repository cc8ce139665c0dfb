"""Pictures as RGB samples: palettes, PNG files, planes for JPEG, and resizing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.kernels import gif
from transcode.media.samples.planes import Plane, resample, resample_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.samples.planes import Sampling

__all__ = [
    "clip_pictures",
    "decode",
    "encode_png",
    "index",
    "opaque",
    "over_white",
    "planes",
    "resize",
    "rgb",
    "video_picture",
]

#: Compression levels of zlib: the usual one, and the highest, which takes six times as long for 3 % fewer
#: bytes.
_LEVEL = 6
_HIGHEST_LEVEL = 9


def encode_png(
    samples: NDArray[np.uint8], palette: NDArray[np.uint8] | None = None, *, harder: bool = False
) -> bytes:
    """Encode a PNG file without metadata.

    Args:
        samples: rows x columns x 3, or rows x columns of indices into the palette.
        palette: n x 3, at most 256 colours; their number determines the bits per pixel.
        harder: whether zlib takes its highest level.
    """
    image = Pillow.fromarray(samples)
    if palette is not None:
        image.putpalette(palette.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_HIGHEST_LEVEL if harder else _LEVEL)
    return file.getvalue()


def opaque(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add alpha of 255 to a picture, rows x columns x 3, for index() and Histogram."""
    out = np.full((*samples.shape[:2], 4), 255, np.uint8)
    out[..., :3] = samples
    return out


def index(pixels: NDArray[np.uint8], palette: NDArray[np.uint8], *, dither: float) -> NDArray[np.uint8]:
    """Return for each pixel the index of the nearest colour of a palette.

    Args:
        pixels: rows x columns x 4.
        palette: n x 3, at most 256 colours.
        dither: share of the error that is diffused to neighbouring pixels; 0 means no dithering.
    """
    rows, columns = pixels.shape[:2]
    cache = np.empty(gif.CACHE_LENGTH, np.uint32)
    gif.forget(cache)
    out = np.empty((rows, columns), np.uint8)
    gif.index(pixels, palette, round(16 * dither), cache, np.empty(6 * (columns + 2), np.int32), out)
    return out


def planes(samples: NDArray[np.uint8], sampling: Sampling) -> tuple[NDArray[np.uint8], ...]:
    """Convert a picture, rows x columns x 3, to YCbCr planes (JFIF); to luma alone if it is gray."""
    luma, *chroma = (np.asarray(band) for band in Pillow.fromarray(samples).convert("YCbCr").split())
    if all((plane == 128).all() for plane in chroma):
        return (luma,)
    if sampling == "4:4:4":
        return (luma, *chroma)
    height, width = luma.shape
    half, covers = ((width + 1) // 2, (height + 1) // 2), (width / 2, height / 2)
    halved = (resample(Plane(plane, width, height), *half, covers=covers, filter="box") for plane in chroma)
    return (luma, *halved)


def rgb(planes: tuple[NDArray[np.uint8], ...]) -> NDArray[np.uint8]:
    """Convert luma, or YCbCr planes of one size, to RGB: rows x columns x 3 (JFIF)."""
    if len(planes) == 1:
        return np.repeat(planes[0][..., None], 3, axis=2)
    return np.asarray(Pillow.merge("YCbCr", [Pillow.fromarray(plane) for plane in planes]).convert("RGB"))


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture that this package encoded: rows x columns x 3."""
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))


def resize(samples: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize a picture with a Lanczos filter; return the picture itself if it has the size."""
    if samples.shape[:2] == (height, width):
        return samples
    return resample_pixels(samples, width, height)


def over_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flatten a picture with alpha of 255 or 0 onto white: rows x columns x 4 to rows x columns x 3."""
    return np.ascontiguousarray(np.where(pixels[..., 3:] == 255, pixels[..., :3], np.uint8(255)))


def video_picture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Flatten a picture onto white and convert it for a video encoder.

    Args:
        pixels: rows x columns x 4, with alpha of 255 or 0; even numbers of rows and columns.

    Returns:
        Packed 4:2:0 in limited range (ITU-R BT.601): the rows of luma, then of both chroma planes.
    """
    # FFmpeg takes long to import.
    import av

    frame = av.VideoFrame.from_ndarray(over_white(pixels), "rgb24")
    packed = frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG", threads=1)
    return np.ascontiguousarray(packed.to_ndarray())


def clip_pictures(data: bytes, count: int) -> list[NDArray[np.uint8]]:
    """Decode evenly spaced frames of a clip that this package encoded: rows x columns x 3 each."""
    # FFmpeg takes long to import.
    import av

    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        places = [(2 * number + 1) * stream.frames // (2 * count) for number in range(count)]
        found: list[NDArray[np.uint8]] = []
        for index, frame in enumerate(container.decode(stream)):
            if index in places:
                shown = np.asarray(frame.reformat(format="rgb24", threads=1).to_ndarray(), np.uint8)
                found += [shown] * places.count(index)
    return found
