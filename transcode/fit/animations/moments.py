"""Score renditions of an animation by the SSIMULACRA2 of the pictures at evenly spaced times."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.animations.animation_tuning import TUNING
from transcode.media.pictures.animation import open_animation
from transcode.media.pictures.drawing import clip_pictures, opaque, over_white, resize
from transcode.media.samples.linear_light import Reducer
from transcode.media.samples.score import LEAST, ssimulacra2
from transcode.media.source.inputs import Input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcode.media.pictures.animation import Animation

__all__ = ["AnimationScorer"]

#: Number of times at which pictures are compared, and number of frames that decide between two reductions.
#: Chosen: each takes time.
_MOMENTS = 16
_FRAMES = 3

#: Share of width and height at which the reductions are compared. At one half, areas are whole pixels and
#: look better than at other shares. Chosen.
_SHARE = 0.6


class AnimationScorer:
    """The reference with which renditions of an animation are compared.

    Args:
        animation: the source.
        width, height: size in pixels at which pictures are compared on white: the size of the box. Renditions
            are enlarged to this size.
        softer: points that reduction in linear light may lose and still be used.
    """

    def __init__(
        self, animation: Animation, width: int, height: int, *, softer: float = TUNING.softer
    ) -> None:
        self._animation = animation
        self._softer = softer
        self._size = (width, height)

    @property
    def can(self) -> bool:
        """Whether the pictures are large enough for SSIMULACRA2."""
        return min(self._size) >= LEAST

    def gif(self, data: bytes) -> float:
        """Return the mean score of a GIF with the duration of the animation."""
        shown = open_animation(Input("", data), "image/gif", least=1)
        assert shown is not None  # noqa: S101  (it has a frame)
        return self._points(_moments(shown))

    def clip(self, data: bytes) -> float:
        """Return the mean score of a clip of the whole animation."""
        return self._points(clip_pictures(data, _MOMENTS))

    @cached_property
    def suits_linear_light(self) -> bool:
        """Whether frames are reduced in linear light, which improves dark lines on white most."""
        if not self.can:
            return False
        wanted = self._some_frames()
        height, width = wanted[0].shape[:2]
        small = (max(1, round(width * _SHARE)), max(1, round(height * _SHARE)))
        reducer = Reducer(*small)
        light = [np.ascontiguousarray(reducer(opaque(frame))[..., :3]) for frame in wanted]
        windows = [resize(frame, *small) for frame in wanted]
        first, second = (
            sum(
                ssimulacra2(frame, resize(made, width, height))
                for frame, made in zip(wanted, way, strict=True)
            )
            for way in (light, windows)
        )
        return first > second - self._softer * len(wanted)

    def _some_frames(self) -> list[NDArray[np.uint8]]:
        """Return up to _FRAMES frames at full size on white; a damaged file may give fewer."""
        count = self._animation.count
        places = {(2 * number + 1) * count // (2 * _FRAMES) for number in range(_FRAMES)}
        found: list[NDArray[np.uint8]] = []
        frame = None
        for index, frame in enumerate(self._animation.frames(self._animation.width, self._animation.height)):
            if index in places:
                found.append(over_white(frame.pixels))
            if len(found) == len(places):
                break
        if not found and frame is not None:
            found.append(over_white(frame.pixels))
        return found

    @cached_property
    def _wanted(self) -> list[NDArray[np.uint8]]:
        return [resize(picture, *self._size) for picture in _moments(self._animation)]

    def _points(self, pictures: list[NDArray[np.uint8]]) -> float:
        pairs = zip(self._wanted, pictures, strict=True)
        return sum(ssimulacra2(wanted, resize(made, *self._size)) for wanted, made in pairs) / _MOMENTS


def _moments(animation: Animation) -> list[NDArray[np.uint8]]:
    """Return the pictures at evenly spaced times on white: rows x columns x 3."""
    return [over_white(frame.pixels) for frame in animation.moments(_MOMENTS)]
