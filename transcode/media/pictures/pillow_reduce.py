"""Reduction of Pillow's pictures by this package's kernel.

Pillow's own Lanczos filter gives other bytes with pillow-simd than with pillow, by one level of 255 in some
samples. The mean of whole blocks, and the multiplication of colours by alpha, are the same with both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcode.media.samples.planes import Span, Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image as Pillow

__all__ = ["over_white", "reduced"]

#: Smallest scale that is left for the Lanczos filter where blocks of pixels are averaged first. It saves
#: time, and Pillow's documentation calls the result of 3 almost indistinguishable from that without blocks.
_GAP = 3.0

#: Rows that are taken out of a picture at a time, so that they stay in the cache and no copy of the whole
#: picture is made. Chosen.
_BAND = 256


def reduced(image: Pillow.Image, width: int, height: int) -> NDArray[np.uint8]:
    """Reduce a picture with a Lanczos filter.

    Args:
        image: picture of mode L, RGB, RGBa or CMYK.
        width, height: size of the result in pixels.

    Returns:
        height x width, for gray; else height x width x 3 or 4.
    """
    across, down = int(image.width / width / _GAP) or 1, int(image.height / height / _GAP) or 1
    covered = image.width / across, image.height / down
    if (across, down) != (1, 1):
        image = image.reduce((across, down))
    channels = None if image.mode == "L" else len(image.getbands())
    spans = Span(0, covered[0], width, width), Span(0, covered[1], height, height)
    stream = Stream(*spans, channels=channels)
    for top in range(0, image.height, _BAND):
        first = max(0, top - stream.overlap)
        stream.feed(np.asarray(image.crop((0, first, image.width, min(top + _BAND, image.height)))), first)
    return stream.result


def over_white(image: Pillow.Image, width: int, height: int) -> NDArray[np.uint8]:
    """Reduce a picture with alpha, and flatten it onto white.

    Args:
        image: picture of mode RGBA.
        width, height: size of the result in pixels.

    Returns:
        height x width x 4: red, green and blue on white, and the alpha that they had.
    """
    # What is added is white multiplied by the rest of alpha. The filter may leave a colour above its alpha.
    pixels = reduced(image.convert("RGBa"), width, height)
    alpha = pixels[..., 3:]
    pixels[..., :3] = np.minimum(pixels[..., :3], alpha) + (255 - alpha)
    return pixels
