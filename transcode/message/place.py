"""A medium of a message, with its rate curve and its encoder."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import NotTakenError
from transcode.fit.medium import prepare
from transcode.message import allocation
from transcode.message.taken import not_taken
from transcode.model import MAX_CLIP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.fit.medium import Prepared
    from transcode.fit.opened import Opened
    from transcode.fit.rate_points import RatePoint
    from transcode.message.slideshow import Medium
    from transcode.model import FitOptions, Limits, Rendition
    from transcode.profile import Profile

__all__ = ["Place"]


class Place:
    """A medium on a slide, prepared for encoding at any size.

    Args:
        opened: the medium, where it is opened for other messages too; its options are the same.

    Attributes:
        slide: the index of the slide.
        medium: the medium.
        kind: the major content type: "image" (also for animations), "video" or "audio".
        is_measured: whether the curve was measured. False before the curve is read, and for a model.
    """

    def __init__(
        self,
        slide: int,
        medium: Medium,
        limits: Limits,
        options: FitOptions,
        profile: Profile,
        opened: Opened | None = None,
    ) -> None:
        self.slide = slide
        self.medium = medium
        kind = medium.content.content_type or ""
        major = kind.partition("/")[0]
        self.kind = major if major in ("image", "video") else "audio"
        self._passes = kind in limits.formats
        self._limits = limits
        self._options = options
        self._profile = profile
        self._opened = opened
        self._prepared: Prepared | None = None
        self._curve: Sequence[RatePoint] = ()
        self.is_measured = False

    @property
    def curve(self) -> Sequence[RatePoint]:
        """The rate curve: expected SSIMULACRA2 points by size in bytes. Sets is_measured."""
        if not self._curve:
            with Door("source", self.medium.content.name):
                prepared = self._ready()
                self._curve = prepared.rate_curve() if self.kind == "image" else ()
                self.is_measured = bool(self._curve)
                if not self._curve:
                    self._curve = self._modelled()
                # Saves memory while other media are measured; encode() rebuilds the cache.
                prepared.drop_cache()
        return self._curve

    def _modelled(self) -> Sequence[RatePoint]:
        content = self.medium.content
        seconds = 0.0
        if self.kind != "image":
            # Imported here because it loads FFmpeg, which most messages do not need.
            from transcode.media.source.container import seconds_of

            seconds = min(seconds_of(content) or math.inf, self._limits.max_seconds, MAX_CLIP_SECONDS)
        return allocation.modelled(self.kind, len(content.data), seconds, passes=self._passes)

    def _ready(self) -> Prepared:
        if self._prepared is None:
            if self._opened is None:
                self._prepared = prepare(self.medium.content, self._limits, self._options)
            else:
                self._prepared = self._opened.prepare(self._limits)
        return self._prepared

    def encode(self, max_bytes: int) -> Rendition:
        """Encode the medium in at most max_bytes, and release the prepared data."""
        with Door("source", self.medium.content.name):
            try:
                made = self._ready().encode(min(max_bytes, self._limits.max_bytes))
            except NotTakenError as error:
                raise not_taken(error, self._profile) from error
        self._prepared = None
        return made

    def moved(self, slide: int) -> Place:
        """A copy of the place on another slide, with the same prepared data."""
        place = copy(self)
        place.slide = slide
        return place

    def shortened(self, seconds: float) -> Place:
        """A new place for the same medium, cut to a duration in seconds."""
        limits = replace(self._limits, max_seconds=seconds)
        return Place(self.slide, self.medium, limits, self._options, self._profile, self._opened)
