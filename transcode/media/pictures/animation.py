"""Animations: frames of GIF, WebP and APNG as a player shows them, each for its exact time.

Frames are read one at a time, composed (disposal, blending), and reduced as they come.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import CapError, SourceError
from transcode.media.pictures import colour, gif_read
from transcode.media.pictures.pillow_source import metadata_notes, what_is_said
from transcode.media.pictures.srgb import colour_notes, to_srgb
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.linear_light import Reducer
from transcode.media.samples.transfer import PEAK
from transcode.media.source.decode_limits import Deadline, thread_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input

__all__ = ["Animation", "AnimationFrame", "open_animation"]

#: Input type, and what Pillow calls it.
_FORMATS = {"image/gif": "GIF", "image/webp": "WEBP", "image/png": "PNG"}

#: Times up to this, in seconds, are not kept by players, which show such a frame for a
#: tenth of a second (Chromium, WebKit and Firefox alike, for GIF, WebP and APNG).
_TOO_SHORT = 0.0101
_INSTEAD = 0.1

#: A pixel is opaque or clear in a GIF: which ones are kept. Shadows and soft edges are, over white: with
#: those from 128 on alone a fox in fur scored 46 points of SSIMULACRA2 over white at best, with these 92.
#: Chosen.
_OPAQUE = 32


@dataclass(frozen=True, slots=True, eq=False)
class AnimationFrame:
    """A whole picture and how long it is shown.

    Attributes:
        pixels: uint8, rows x columns x 4: red, green, blue in sRGB, and 255 where opaque or 0 where
            clear. Half-clear pixels are laid over white when they are more than an eighth opaque.
        seconds: how long it is shown.
    """

    pixels: NDArray[np.uint8]
    seconds: float


class Animation:
    """An animation that was opened.

    Attributes:
        content_type: what the source is.
        width, height: of a frame, in pixels.
        count: how many frames its header, or its blocks, announce.
        loops: how often it is played; 0: for ever.
        notes: what does not leave with its frames, or is done to each of them.
    """

    def __init__(self, content: Input, kind: str, image: Pillow.Image, count: int) -> None:
        self.content_type = kind
        self.width, self.height = image.size
        self.count = count
        self.loops = _loops(kind, image)
        self._content = content
        self._deadline = Deadline(content.name, content.limits.animation_seconds, thread_seconds)
        self._times: list[float] | None = None
        # The picture of an APNG for those who don't know animations may be none of its frames.
        self._skipped = int(bool(getattr(image, "default_image", False)))
        notes = list(metadata_notes(content, kind, image))
        self._said = what_is_said(content, kind, image)
        icc = None if self._said.outranks else image.info.get("icc_profile")
        self._conversion = None
        if icc is not None and not colour.is_srgb(icc):
            self._conversion = to_srgb(icc, "rgb", notes)
        notes.extend(colour_notes(self._said))
        self.notes = tuple(notes)

    def frames(self, width: int, height: int, *, light: bool = False) -> Iterator[AnimationFrame]:
        """The frames in order, reduced to this size. What follows a broken frame is left out.

        Args:
            width, height: in pixels.
            light: reduced in linear light by areas, which keeps thin lines and rings around none; else by
                Lanczos windows, which is sharper.

        Raises:
            SourceError: not even the first can be decoded.
            CapError: it takes too long.
        """
        name = self._content.name
        reducer = Reducer(width, height) if light and (width, height) != (self.width, self.height) else None
        whole = self._gif_frames() if self.content_type == "image/gif" else self._other_frames()
        times: list[float] = []
        while True:
            self._deadline.left()
            with self._deadline.counted():
                try:
                    shown, seconds = next(whole)
                except StopIteration:
                    break
                except MemoryError as error:
                    raise CapError(name, "not enough memory to decode it") from error
                except Exception as error:
                    if times:
                        break
                    raise SourceError(name, f"can't be decoded: {error or type(error).__name__}") from error
                seconds = _INSTEAD if seconds < _TOO_SHORT else seconds
                frame = AnimationFrame(self._plain(shown, width, height, reducer), seconds)
            times.append(seconds)
            yield frame
        self._times = times

    def _gif_frames(self) -> Iterator[tuple[Pillow.Image, float]]:
        """Each frame as RGBA, and how long it is to be shown, in seconds."""
        shown = gif_read.frames(self._content.data, self.width, self.height)
        return ((image, delay / 100) for image, delay in shown)

    def _other_frames(self) -> Iterator[tuple[Pillow.Image, float]]:
        """The same of what Pillow composes as players do."""
        image = Pillow.open(io.BytesIO(self._content.data), formats=(_FORMATS[self.content_type],))
        for index in range(self._skipped, self._skipped + self.count):
            image.seek(index)
            image.load()
            yield image.convert("RGBA"), float(image.info.get("duration") or 0) / 1000

    def times(self) -> list[float]:
        """How long each frame that can be read is shown, in seconds."""
        if self._times is None:
            self._times = [frame.seconds for frame in self.frames(1, 1)]
        return self._times

    def seconds(self) -> float:
        """How long one run takes, in seconds."""
        return sum(self.times())

    def _plain(
        self, shown: Pillow.Image, width: int, height: int, reducer: Reducer | None
    ) -> NDArray[np.uint8]:
        """Pixels that are opaque or clear, in sRGB."""
        if self._said.space is not None:
            # All frames by the peak that clips have, so that none is dimmed more than another.
            shown = in_srgb(shown, self._said.space, PEAK)
        if shown.size != (width, height) and reducer is None:
            shown = shown.resize((width, height), Pillow.Resampling.LANCZOS, reducing_gap=3.0)
        alpha = shown.getchannel("A")
        if alpha.getextrema() != (255, 255):
            shown = Pillow.alpha_composite(Pillow.new("RGBA", shown.size, "white"), shown)
            shown.putalpha(alpha)
        pixels = np.array(shown)
        if reducer is not None:
            pixels = reducer(pixels)
        if self._conversion is not None:
            converted = np.asarray(self._conversion.image(Pillow.fromarray(pixels).convert("RGB")))
            pixels = np.concatenate([converted, pixels[..., 3:]], axis=2)
        return _binary(pixels)


def _binary(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels that are opaque or clear."""
    if (pixels[..., 3] == 255).all():
        return pixels
    pixels = pixels.copy()
    pixels[..., 3] = np.where(pixels[..., 3] >= _OPAQUE, 255, 0)
    return pixels


def open_animation(content: Input, kind: str | None, *, least: int = 2) -> Animation | None:
    """An animation of two frames or more, or of so many as are asked for; None for anything else.

    Raises:
        CapError: it has too many frames, or too many pixels.
        SourceError: its header is broken.
    """
    if kind not in _FORMATS:
        return None
    limits = content.limits
    try:
        image = Pillow.open(io.BytesIO(content.data), formats=(_FORMATS[kind],))
        if kind == "image/gif":
            # Pillow counts by reading every frame.
            count = gif_read.count(content.data, limits.frames + 1)
        else:
            count = int(getattr(image, "n_frames", 1)) - int(bool(getattr(image, "default_image", False)))
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise CapError(content.name, "more pixels than are decoded") from error
    except Exception as error:
        raise SourceError(content.name, "the header is broken") from error
    if count < least:
        return None
    width, height = image.size
    if count > limits.frames:
        raise CapError(content.name, f"an animation of more than {limits.frames:,} frames")
    if count * width * height > limits.frame_pixels:
        raise CapError(content.name, f"{count:,} frames of {width} x {height} pixels are too many")
    if 20 * width * height > limits.frame_memory:
        raise CapError(content.name, f"frames of {width} x {height} pixels take too much memory")
    return Animation(content, kind, image, count)


def _loops(kind: str, image: Pillow.Image) -> int:
    """How often it is played; 0: for ever."""
    loops = image.info.get("loop")
    if kind == "image/gif":
        # The extension counts repetitions after the first run; without it there is one run.
        return 1 if loops is None else 0 if loops == 0 else int(loops) + 1
    return int(loops or 0)
