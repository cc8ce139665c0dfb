"""Animations: frames of GIF, WebP and APNG as players show them, with their exact durations.

Frames are decoded one at a time, composed (disposal, blending) and reduced.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.errors import CapError, SourceError
from transcode.jobs.job_limits import memory_words
from transcode.media.pictures import apng_read, colour, gif_read
from transcode.media.pictures.drawing import opaque
from transcode.media.pictures.pillow_reduce import over_white, reduced
from transcode.media.pictures.pillow_source import metadata_notes, what_is_said
from transcode.media.pictures.srgb import colour_notes, to_srgb
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.linear_light import Reducer
from transcode.media.samples.transfer import PEAK
from transcode.media.source.decode_limits import Deadline, thread_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input

__all__ = ["Animation", "AnimationFrame", "open_animation"]

#: Content types, and Pillow's names of the formats.
_FORMATS = {"image/gif": "GIF", "image/webp": "WEBP", "image/png": "PNG"}

#: Frame durations below _TOO_SHORT seconds are shown for _INSTEAD seconds, as Chromium, WebKit and Firefox
#: do for GIF, WebP and APNG.
_TOO_SHORT, _INSTEAD = 0.0101, 0.1

#: Pixels of all frames up to which decoded frames are kept for further readings, four bytes each. Chosen.
_MOST_KEPT = 20_000_000

#: Smallest alpha (of 255) of a pixel that becomes opaque. A pixel of a GIF is opaque or transparent; shadows
#: and soft edges are kept, flattened onto white. On white, a fox with fur scored at best 46 points of
#: SSIMULACRA2 with a threshold of 128, and 92 points with 32. Chosen.
_OPAQUE = 32


@dataclass(frozen=True, slots=True, eq=False)
class AnimationFrame:
    """A composed frame and its duration.

    Attributes:
        pixels: uint8, rows x columns x 4: red, green and blue in sRGB, and alpha of 255 (opaque) or 0
            (transparent). Semi-transparent pixels of at least 1/8 alpha are flattened onto white.
        seconds: duration in seconds.
    """

    pixels: NDArray[np.uint8]
    seconds: float


class Animation:
    """An opened animation.

    Attributes:
        content_type: content type of the source.
        width, height: size of a frame in pixels.
        count: number of frames by the header or the blocks.
        loops: number of plays; 0 means endless.
        notes: report notes about dropped metadata and colour conversion.
    """

    def __init__(self, content: Input, kind: str, image: Pillow.Image, count: int) -> None:
        self.content_type = kind
        self.width, self.height = image.size
        self.count = count
        self.loops = _loops(kind, image)
        self._content = content
        self._deadline = Deadline(content.name, content.limits.animation_seconds, thread_seconds)
        self._times: list[float] | None = None
        self._kept: list[tuple[Pillow.Image, float]] | None = None
        notes = list(metadata_notes(content, kind, image))
        self._said = what_is_said(content, kind, image)
        icc = None if self._said.outranks else image.info.get("icc_profile")
        self._conversion = None
        if icc is not None and not colour.is_srgb(icc):
            self._conversion = to_srgb(icc, "rgb", notes)
        notes.extend(colour_notes(self._said))
        self.notes = tuple(notes)

    def frames(self, width: int, height: int, *, linear_light: bool = False) -> Iterator[AnimationFrame]:
        """Yield the frames in order, reduced to a size. A broken frame and later frames are left out.

        Args:
            width, height: size in pixels.
            linear_light: whether to reduce with an area filter in linear light, which keeps thin lines and
                does not ring; else with a Lanczos filter, which is sharper.

        Raises:
            SourceError: the first frame can't be decoded.
            CapError: decoding exceeds the time limit.
        """
        is_reduced = (width, height) != (self.width, self.height)
        reducer = Reducer(width, height) if linear_light and is_reduced else None
        for shown, seconds in self._shown():
            with self._deadline.counted():
                frame = AnimationFrame(self._plain(shown, width, height, reducer), seconds)
            yield frame

    def shown_at(self, times: Iterable[float], width: int, height: int) -> Iterator[AnimationFrame]:
        """Yield the frame that is shown at each time; none at times after the end.

        Args:
            times: seconds from the start, in rising order.
            width, height: size in pixels; frames are reduced with a Lanczos filter.

        Raises:
            SourceError, CapError: as for frames().
        """
        end, wanted = 0.0, iter(times)
        time = next(wanted, math.inf)
        for frame in self.frames(width, height):
            end += frame.seconds
            while time < end:
                yield frame
                time = next(wanted, math.inf)
            if time == math.inf:
                return

    def moments(self, count: int) -> Iterator[AnimationFrame]:
        """Yield the full-size frames in the middle of each of ``count`` equal parts of one play."""
        seconds = self.seconds()
        times = ((number + 0.5) / count * seconds for number in range(count))
        return self.shown_at(times, self.width, self.height)

    def _shown(self) -> Iterator[tuple[Pillow.Image, float]]:
        """Yield each frame as RGBA, and its duration in seconds as players show it.

        Frames of small animations are decoded once; the image of a larger one is valid until the next step.
        """
        if self._kept is not None:
            yield from self._kept
            return
        name = self._content.name
        kept: list[tuple[Pillow.Image, float]] | None = None
        if self.count * self.width * self.height <= _MOST_KEPT:
            kept = []
        composed = {
            "image/gif": self._gif_frames,
            "image/png": self._apng_frames,
            "image/webp": self._webp_frames,
        }
        whole = composed[self.content_type]()
        times: list[float] = []
        while True:
            with self._deadline.counted():
                try:
                    shown, seconds = next(whole)
                except StopIteration:
                    break
                except MemoryError as error:
                    raise CapError(name, f"not enough memory to decode it{memory_words()}") from error
                except Exception as error:
                    if times:
                        break
                    raise SourceError(name, f"can't be decoded: {error or type(error).__name__}") from error
            seconds = _INSTEAD if seconds < _TOO_SHORT else seconds
            times.append(seconds)
            if kept is not None:
                # The next step changes the canvas of a GIF and of an APNG.
                shown = shown if self.content_type == "image/webp" else shown.copy()
                kept.append((shown, seconds))
            yield shown, seconds
        self._times, self._kept = times, kept

    def _gif_frames(self) -> Iterator[tuple[Pillow.Image, float]]:
        """Yield each GIF frame as RGBA, and its duration in seconds."""
        shown = gif_read.frames(self._content.data, self.width, self.height)
        return ((image, delay / 100) for image, delay in shown)

    def _apng_frames(self) -> Iterator[tuple[Pillow.Image, float]]:
        """Yield each APNG frame as RGBA, and its duration in seconds."""
        return islice(apng_read.frames(self._content.data), self.count)

    def _webp_frames(self) -> Iterator[tuple[Pillow.Image, float]]:
        """Yield each WebP frame as RGBA, and its duration in seconds; libwebp composes them."""
        image = Pillow.open(io.BytesIO(self._content.data), formats=("WEBP",))
        for index in range(self.count):
            image.seek(index)
            image.load()
            yield image.convert("RGBA"), float(image.info.get("duration") or 0) / 1000

    def times(self) -> list[float]:
        """Return the duration of each decodable frame in seconds."""
        if self._times is None:
            self._times = [seconds for _, seconds in self._shown()]
        return self._times

    def seconds(self) -> float:
        """Return the duration of one play in seconds."""
        return sum(self.times())

    def _plain(
        self, shown: Pillow.Image, width: int, height: int, reducer: Reducer | None
    ) -> NDArray[np.uint8]:
        """Return a frame at a size, in sRGB, with pixels that are opaque or transparent."""
        if self._said.space is not None:
            # All frames are tone-mapped by the peak of clips, so that their brightness is consistent.
            shown = in_srgb(shown, self._said.space, PEAK)
        alpha = shown.getchannel("A")
        clear = alpha.getextrema() != (255, 255)
        if reducer is None and shown.size != (width, height):
            pixels = (
                over_white(shown, width, height)
                if clear
                else opaque(reduced(shown.convert("RGB"), width, height))
            )
        else:
            if clear:
                shown = Pillow.alpha_composite(Pillow.new("RGBA", shown.size, "white"), shown)
                shown.putalpha(alpha)
            pixels = np.array(shown) if reducer is None else reducer(np.array(shown))
        if self._conversion is not None:
            converted = np.asarray(self._conversion.image(Pillow.fromarray(pixels).convert("RGB")))
            pixels = np.concatenate([converted, pixels[..., 3:]], axis=2)
        return _binary(pixels)


def _binary(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make each pixel opaque or transparent by the threshold."""
    if (pixels[..., 3] == 255).all():
        return pixels
    pixels = pixels.copy()
    pixels[..., 3] = np.where(pixels[..., 3] >= _OPAQUE, 255, 0)
    return pixels


def open_animation(content: Input, kind: str | None, *, least: int = 2) -> Animation | None:
    """Open an animation of at least ``least`` frames; return None for any other source.

    Raises:
        CapError: the animation has too many frames or too many pixels.
        SourceError: the header is broken.
    """
    if kind not in _FORMATS:
        return None
    limits = content.limits
    try:
        image = Pillow.open(io.BytesIO(content.data), formats=(_FORMATS[kind],))
        if kind == "image/gif":
            # Pillow counts frames by decoding all of them.
            count = gif_read.count(content.data, limits.frames + 1)
        else:
            count = int(getattr(image, "n_frames", 1)) - int(bool(getattr(image, "default_image", False)))
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise CapError(content.name, "more pixels than the limit of Pillow") from error
    except Exception as error:
        raise SourceError(content.name, "the header is broken") from error
    if count < least:
        return None
    width, height = image.size
    if count > limits.frames:
        raise CapError(content.name, f"an animation of more than {limits.frames:,} frames")
    if count * width * height > limits.frame_pixels:
        size = f"{count:,} frames of {width} x {height} pixels"
        raise CapError(content.name, f"{size}; at most {limits.frame_pixels:,} pixels are decoded")
    if 20 * width * height > limits.frame_memory:
        raise CapError(content.name, f"frames of {width} x {height} pixels take too much memory")
    return Animation(content, kind, image, count)


def _loops(kind: str, image: Pillow.Image) -> int:
    """Return the number of plays; 0 means endless."""
    loops = image.info.get("loop")
    if kind == "image/gif":
        # The extension counts repetitions after the first play; without it there is one play.
        return 1 if loops is None else 0 if loops == 0 else int(loops) + 1
    return int(loops or 0)
