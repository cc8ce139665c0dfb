"""Levels of MPEG-4 (simple profile) and H.263 (baseline), and clips that receivers play as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.clips.simple_video import read_simple

if TYPE_CHECKING:
    from transcode.media.clips.window import ClipWindow
    from transcode.media.source.inputs import Input
    from transcode.model import Limits

__all__ = ["simple_level", "simple_within"]


@dataclass(frozen=True, slots=True)
class _Level:
    """The limits of a level: macroblocks of a picture and of a second, and the bit rate in bit/s."""

    number: int
    blocks: int
    blocks_per_second: int
    bit_rate: int


#: The levels that old devices decode, the lowest first (ITU-T H.263, table X.2; ISO/IEC 14496-2, table N.1),
#: by their numbers in files. 3GPP TS 26.141 requires level 45 of H.263 and 0b (9) of MPEG-4.
_LEVELS = {
    "h263": (
        _Level(10, 99, 1_485, 64_000),
        _Level(45, 99, 1_485, 128_000),
        _Level(20, 396, 5_940, 128_000),
        _Level(30, 396, 11_880, 384_000),
    ),
    "mpeg4": (
        _Level(8, 99, 1_485, 64_000),
        _Level(9, 99, 1_485, 128_000),
        _Level(2, 396, 5_940, 128_000),
        _Level(3, 396, 11_880, 384_000),
    ),
}

#: Profiles and levels that MPEG-4 may state: levels 1 to 3, 0 and 0b of the simple profile.
_STATED = (None, 1, 2, 3, 8, 9)

#: Pixel shapes: square, and that of standard pictures of H.263, which old devices show as square.
_SHAPES = ((1, 1), (12, 11))

#: Largest ratio of the video of a window to the limit: the window may begin with a key frame long before its
#: start.
_MOST_WINDOW = 2

#: The highest frame rate of the levels in frames/s, and the ratio by which measured rates may be higher: they
#: are means. The bit rate of less than a second is counted for a second: the first picture is the largest.
_MOST_RATE = 30.0
_LOOSE = 1.02


def simple_level(codec: str, size: tuple[int, int], frame_rate: float, bit_rate: float) -> int | None:
    """Return the lowest level that a clip needs, as files code it; None: it needs a higher one than these.

    Args:
        codec: ``"mpeg4"`` or ``"h263"``.
        size: width and height in pixels.
        frame_rate: in frames/s.
        bit_rate: of the video, in bit/s.
    """
    blocks = math.ceil(size[0] / 16) * math.ceil(size[1] / 16)
    if frame_rate > _MOST_RATE * _LOOSE:
        return None
    return next(
        (
            level.number
            for level in _LEVELS[codec]
            if blocks <= level.blocks
            and blocks * frame_rate <= level.blocks_per_second * _LOOSE
            and bit_rate <= level.bit_rate * _LOOSE
        ),
        None,
    )


def simple_within(
    content: Input, window: ClipWindow, limits: Limits, start: float, seconds: float
) -> int | None:
    """Return the level of MPEG-4 or H.263 video that a receiver plays as it is; None: it does not.

    Profile, size and pixel shape are those that the pictures state. A container that states others is
    believed by some players, so such a clip is not played the same everywhere.

    Args:
        content: the source.
        window: the window of the clip.
        limits: box and frame rate. The box is not turned, because the picture formats have no portrait
            orientation.
        start, seconds: the window, in seconds.
    """
    video, found = window.clip.video, window.scan
    size, rate = (video.width, video.height), window.rate
    if size[0] > (limits.max_video_width or size[0]) or size[1] > (limits.max_video_height or size[1]):
        return None
    if limits.max_frame_rate is not None and rate > limits.max_frame_rate * 1.01:
        return None
    length = sum(packet.duration for packet in found.video)
    octets = sum(packet.size for packet in found.video)
    if octets > _MOST_WINDOW * limits.max_bytes:
        return None
    bits = 8 * octets / max(length, 1.0)
    level = simple_level(video.codec, size, rate, bits)
    stated = None if level is None else read_simple(content, window.clip, start, seconds)
    if stated is None or stated.profile_and_level not in _STATED or stated.aspect not in _SHAPES:
        return None
    is_same = (stated.width, stated.height) == size and window.look.geometry.shown in (
        size,
        _shown(size, stated.aspect),
    )
    return level if is_same else None


def _shown(size: tuple[int, int], aspect: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which players show stored pixels of a shape."""
    return size[0], round(size[1] * aspect[1] / aspect[0])
