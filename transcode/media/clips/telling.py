"""Finds the picture that shows best what a clip is about, for receivers that play no clips."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import SourceError
from transcode.media.clips.packed import planes
from transcode.media.clips.video_colour import conversion
from transcode.media.clips.video_decode import decode
from transcode.media.clips.window import read_window
from transcode.media.pictures import drawing
from transcode.media.samples.planes import Plane, resample
from transcode.media.source.container import open_container, streams_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input

__all__ = ["telling_picture"]

#: The pictures that are compared: in seconds from the start, and frames/s. Chosen.
_SECONDS = 10.0
_RATE = 2.0

#: Longest side of the picture in pixels. Chosen: phones without clips have small screens.
_LONGEST = 1280

#: Share of the most information that a picture must have; the first such picture is taken. A black picture, a
#: fade or a title has less. Chosen.
_ENOUGH = 0.92

#: Levels of luma that count as one in the measure of information. Chosen.
_STEP = 4

#: Luma of black, and the ranges of luma and chroma (ITU-R BT.601, 2.5.3).
_BLACK, _LUMA, _CHROMA = 16, 219, 224


def telling_picture(content: Input) -> Input:
    """Return a picture of a clip as a PNG with the name of the clip.

    It is the first of the pictures of the first seconds that holds nearly as much as the fullest one, by
    the entropy of its luma. So it is not black where the clip has more to show.

    Raises:
        SourceError: the clip has no picture that can be decoded.
        CapError: decoding takes too long.
    """
    with open_container(content) as container:
        window = read_window(streams_in(content, container), 0.0, _SECONDS)
    width, height = window.look.geometry.shown
    scale = min(1.0, _LONGEST / max(width, height))
    size = _even(width * scale), _even(height * scale)
    stored = (window.look.geometry.width, window.look.geometry.height)
    decoded = decode(
        content,
        window.clip,
        window.scan,
        window.look,
        size,
        table=conversion(window.look.signal, stored, named=False).table,
        start=0.0,
        seconds=_SECONDS,
        rate=_RATE,
    )
    with decoded.frames as frames:
        if not frames.times:
            raise SourceError(content.name, "no picture of the clip can be decoded")
        told = [_information(planes(packed, *size)[0]) for packed in frames]
        best = next(index for index, bits in enumerate(told) if bits >= _ENOUGH * max(told))
        picture = _rgb(planes(frames[best], *size))
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "PNG", compress_level=1)
    return replace(content, data=file.getvalue(), path=None, rest=0)


def _even(length: float) -> int:
    return 2 * max(1, round(length / 2))


def _information(luma: NDArray[np.uint8]) -> float:
    """The entropy of the levels of luma in bits a sample."""
    counts = np.bincount(luma.reshape(-1) // _STEP)
    shares = counts[counts > 0] / luma.size
    return float(-(shares * np.log2(shares)).sum())


def _rgb(found: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Convert planes in 4:2:0 and narrow range to RGB: rows x columns x 3."""
    luma, *chroma = found
    height, width = luma.shape
    full = np.clip((np.arange(256) - _BLACK) * 255 / _LUMA, 0, 255)
    spread = np.clip(128 + (np.arange(256) - 128) * 255 / _CHROMA, 0, 255)
    whole = (
        resample(Plane(np.ascontiguousarray(plane), width // 2, height // 2), width, height)
        for plane in chroma
    )
    blue, red = (np.rint(spread).astype(np.uint8)[plane] for plane in whole)
    return drawing.rgb((np.rint(full).astype(np.uint8)[luma], blue, red))
