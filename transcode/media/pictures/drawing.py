"""Pictures as RGB samples: with a palette, as PNG, as planes for a JPEG, and at another size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.kernels import gif
from transcode.media.samples.planes import Plane, resample

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

#: zlib's level. Nine takes six times as long for 3 % less.
_LEVEL = 6


def encode_png(samples: NDArray[np.uint8], palette: NDArray[np.uint8] | None = None) -> bytes:
    """A PNG file without metadata.

    Args:
        samples: rows x columns x 3, or rows x columns of indices into the palette.
        palette: n x 3, at most 256; the fewer, the fewer bits a pixel has.
    """
    image = Pillow.fromarray(samples)
    if palette is not None:
        image.putpalette(palette.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_LEVEL)
    return file.getvalue()


def opaque(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture, rows x columns x 3, with a fourth sample of 255, as index() and Histogram take it."""
    out = np.full((*samples.shape[:2], 4), 255, np.uint8)
    out[..., :3] = samples
    return out


def index(pixels: NDArray[np.uint8], palette: NDArray[np.uint8], *, dither: float) -> NDArray[np.uint8]:
    """For each pixel the index of the nearest colour of a palette.

    Args:
        pixels: rows x columns x 4.
        palette: n x 3, at most 256.
        dither: the share of an error that goes to the pixels beside and below; 0 for none.
    """
    rows, columns = pixels.shape[:2]
    cache = np.empty(gif.CACHE_LENGTH, np.uint32)
    gif.forget(cache)
    out = np.empty((rows, columns), np.uint8)
    gif.index(pixels, palette, round(16 * dither), cache, np.empty(6 * (columns + 2), np.int32), out)
    return out


def planes(samples: NDArray[np.uint8], sampling: Sampling) -> tuple[NDArray[np.uint8], ...]:
    """Luma, and chroma where there is any, of a picture: rows x columns x 3 (JFIF)."""
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
    """Luma alone, or with chroma of its size, as rows x columns x 3 (JFIF)."""
    if len(planes) == 1:
        return np.repeat(planes[0][..., None], 3, axis=2)
    return np.asarray(Pillow.merge("YCbCr", [Pillow.fromarray(plane) for plane in planes]).convert("RGB"))


def decode(data: bytes) -> NDArray[np.uint8]:
    """A picture that was written here, as rows x columns x 3."""
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))


def resize(samples: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture at another size, by Lanczos windows; itself where it has it."""
    if samples.shape[:2] == (height, width):
        return samples
    return np.asarray(Pillow.fromarray(samples).resize((width, height), Pillow.Resampling.LANCZOS))


def over_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of opaque and clear pixels, rows x columns x 4, over white: rows x columns x 3."""
    return np.ascontiguousarray(np.where(pixels[..., 3:] == 255, pixels[..., :3], np.uint8(255)))


def video_picture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as encoders of clips take it, over white.

    Args:
        pixels: rows x columns x 4, the fourth sample 255 or 0; both even.

    Returns:
        Packed 4:2:0 in video range (ITU-R BT.601): rows of luma, then those of both chroma planes.
    """
    # FFmpeg takes long to load.
    import av

    frame = av.VideoFrame.from_ndarray(over_white(pixels), "rgb24")
    packed = frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG", threads=1)
    return np.ascontiguousarray(packed.to_ndarray())


def clip_pictures(data: bytes, count: int) -> list[NDArray[np.uint8]]:
    """What a clip that was written here shows at evenly spaced moments: rows x columns x 3 each."""
    # FFmpeg takes long to load.
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
