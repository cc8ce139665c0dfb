"""Generated media for runs without the corpus: an animation, a HEIF picture, a clip and a recording.

PyAV and Pillow, which this project requires, write the files.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import engines, size
from bench.pictures import landscape

#: Width and height of the clip in pixels, and duration of clip and recording in seconds.
_WIDTH, _HEIGHT = size.pick((1280, 720), (640, 360), (128, 96))
_SECONDS = size.pick(10, 5, 1)
_FRAME_RATE = 25
_SOUND_RATE = 48_000


def _frames(width: int, height: int, count: int) -> Iterator[Image.Image]:
    """Frames of a camera pan over a landscape."""
    whole = landscape(7, 2 * width, height)
    for number in range(count):
        left = number * width // count
        yield whole.crop((left, 0, left + width, height))


def _gif() -> bytes:
    width, height, count = size.pick((480, 360, 24), (320, 240, 12), (64, 48, 4))
    frames = list(_frames(width, height, count))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    return file.getvalue()


def _heif() -> bytes:
    """A HEIC file, or an AVIF file without pillow-heif."""
    picture = landscape(8, *size.pick((4000, 3000), (2000, 1500), (128, 96)))
    file = io.BytesIO()
    if engines.module("pillow_heif"):
        import pillow_heif

        pillow_heif.from_pillow(picture).save(file, quality=85)
        return file.getvalue()
    with av.open(file, "w", format="avif") as container:
        encoder = next(name for name in ("libsvtav1", "libaom-av1") if name in av.codecs_available)
        stream = container.add_stream(encoder, rate=1)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        container.mux(
            [*stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), "rgb24")), *stream.encode(None)]
        )
    return file.getvalue()


def _samples() -> NDArray[np.float32]:
    """Rising tones with an amplitude beat, and weak noise."""
    at = np.arange(_SECONDS * _SOUND_RATE) / _SOUND_RATE
    tones = np.sin(2 * np.pi * (220 + 110 * at) * at) * np.abs(np.sin(2 * np.pi * 2 * at))
    noise = np.random.default_rng(1).standard_normal(len(at))
    return np.asarray(0.4 * tones + 0.01 * noise, np.float32)


def _wav() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=_SOUND_RATE, layout="mono")
        container.mux([*stream.encode(_sound()), *stream.encode(None)])
    return file.getvalue()


def _sound() -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.asarray(_samples() * 32767, np.int16)[None], format="s16", layout="mono"
    )
    frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, 0, Fraction(1, _SOUND_RATE)
    return frame


def _mp4() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=_FRAME_RATE)
        video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        video.options = {"crf": "18", "preset": "veryfast"}
        audio = container.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        for frame in _frames(_WIDTH, _HEIGHT, _SECONDS * _FRAME_RATE):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(frame), "rgb24")))
        container.mux(video.encode(None))
        container.mux([*audio.encode(_sound()), *audio.encode(None)])
    return file.getvalue()


#: The functions that generate each file.
MEDIA: dict[str, Callable[[], bytes]] = {
    "made here.gif": _gif,
    "made here.heif": _heif,
    "made here.wav": _wav,
    "made here.mp4": _mp4,
}


@cache
def media(name: str) -> bytes:
    """The bytes of a generated file."""
    return MEDIA[name]()
