"""How much renditions of an animation look like it: SSIMULACRA2 of what is seen at some moments."""

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

#: Moments that are looked at, and frames by which a way to reduce them is chosen. Chosen: each takes time.
_MOMENTS = 16
_FRAMES = 3

#: The share of width and height at which ways to reduce are compared. At half, areas are whole pixels and
#: look better than they do elsewhere. Chosen.
_SHARE = 0.6


class AnimationScorer:
    """An animation that its renditions are compared with.

    Args:
        animation: the source.
        width, height: at which pictures are compared, over white: the size of the box. Renditions are
            enlarged to it.
        softer: points that means of light may lack and be taken.
    """

    def __init__(
        self, animation: Animation, width: int, height: int, *, softer: float = TUNING.softer
    ) -> None:
        self._animation = animation
        self._softer = softer
        self._size = (width, height)

    @property
    def can(self) -> bool:
        """Whether pictures are large enough to be compared."""
        return min(self._size) >= LEAST

    def gif(self, data: bytes) -> float:
        """Mean points of a GIF that lasts as long as the animation."""
        shown = open_animation(Input("", data), "image/gif", least=1)
        assert shown is not None  # noqa: S101  (it has a frame)
        return self._points(_moments(shown))

    def clip(self, data: bytes) -> float:
        """Mean points of a clip of the whole animation."""
        return self._points(clip_pictures(data, _MOMENTS))

    @cached_property
    def suits_light(self) -> bool:
        """Whether its frames are reduced in linear light: drawings in dark lines on white gain most by it."""
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
        """A few whole frames over white; fewer from a damaged file."""
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
    """What is seen at evenly spaced moments, over white: rows x columns x 3."""
    seconds = animation.seconds()
    found: list[NDArray[np.uint8]] = []
    clock = 0.0
    for frame in animation.frames(animation.width, animation.height):
        clock += frame.seconds
        while len(found) < _MOMENTS and (len(found) + 0.5) / _MOMENTS * seconds < clock:
            found.append(over_white(frame.pixels))
    return found
