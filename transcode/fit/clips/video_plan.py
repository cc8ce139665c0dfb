"""Frame size and frame rate of a clip for a bit rate; levels and picture formats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.fit.clips.clip_tuning import TUNING
from transcode.model import ClipInfo

if TYPE_CHECKING:
    from transcode.fit.clips.clip_tuning import Tuning
    from transcode.fit.container_format import ContainerFormat
    from transcode.media.clips.clip import Clip
    from transcode.model import Limits

__all__ = [
    "LEAST_BIT_RATE",
    "FrameFormat",
    "Level",
    "Shape",
    "effort_of",
    "frame_format_of",
    "info_of",
    "level_of",
    "pictures_within",
    "shape_of",
]


@dataclass(frozen=True, slots=True)
class Level:
    """Limits of an H.264 level (ITU-T H.264, table A-1).

    Attributes:
        blocks_per_second: macroblocks per second (MaxMBPS).
        blocks: macroblocks per frame (MaxFS).
        held: macroblocks in the decoded picture buffer (MaxDpbMbs).
        bit_rate: bit rate in bit/s of the baseline and main profiles (MaxBR x 1000).
    """

    blocks_per_second: int
    blocks: int
    held: int
    bit_rate: int


_LEVELS = {
    "1": Level(1_485, 99, 396, 64_000),
    "1b": Level(1_485, 99, 396, 128_000),
    "1.1": Level(3_000, 396, 900, 192_000),
    "1.2": Level(6_000, 396, 2_376, 384_000),
    "1.3": Level(11_880, 396, 2_376, 768_000),
    "2": Level(11_880, 396, 2_376, 2_000_000),
    "2.1": Level(19_800, 792, 4_752, 4_000_000),
    "2.2": Level(20_250, 1_620, 8_100, 4_000_000),
    "3": Level(40_500, 1_620, 8_100, 10_000_000),
    "3.1": Level(108_000, 3_600, 18_000, 14_000_000),
    "3.2": Level(216_000, 5_120, 20_480, 20_000_000),
    "4": Level(245_760, 8_192, 32_768, 20_000_000),
    "4.1": Level(245_760, 8_192, 32_768, 50_000_000),
}


def level_of(name: str) -> Level:
    """Return a level by its number, at most 4.1: no clip in a message needs a higher level."""
    return _LEVELS.get(name.removesuffix(".0"), _LEVELS["4.1"])


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """A frame size of H.263 and MPEG-4 decoders in old devices, with its bit rate and levels.

    Attributes:
        width, height: size in pixels.
        bit_rate: highest bit rate in bit/s.
        levels: for each codec, the number in files of the lowest level with this frame size (ITU-T H.263,
            table X.2; ISO/IEC 14496-2, table N.1).
    """

    width: int
    height: int
    bit_rate: int
    levels: tuple[tuple[str, int], ...]


#: Sub-QCIF, QCIF and CIF, and the highest frame rate that each of these levels has at its bit rate.
_FRAME_FORMATS = (
    FrameFormat(128, 96, 64_000, (("h263", 10), ("mpeg4", 8))),
    FrameFormat(176, 144, 64_000, (("h263", 10), ("mpeg4", 8))),
    FrameFormat(352, 288, 128_000, (("h263", 20), ("mpeg4", 2))),
)
_CANVAS_RATE = 15.0

#: Lowest bit rate in bit/s that is requested from a video encoder: encoders can't keep to a lower one.
LEAST_BIT_RATE = 2_000


def frame_format_of(width: int, height: int) -> FrameFormat:
    """Return the smallest picture format that holds a picture, or the largest where none holds it."""
    return next(
        (one for one in _FRAME_FORMATS if width <= one.width and height <= one.height), _FRAME_FORMATS[-1]
    )


#: FFmpeg names of the H.264 profiles that a receiver decodes, by the highest of them.
_PROFILES = {
    "baseline": ("Constrained Baseline",),
    "main": ("Constrained Baseline", "Main"),
    "high": ("Constrained Baseline", "Main", "High"),
}


def pictures_within(
    clip: Clip, size: tuple[int, int], frame_rate: float, form: ContainerFormat, limits: Limits
) -> bool:
    """Return whether the receiver plays the source's video.

    Args:
        clip: the streams of the source.
        size: width and height in pixels as stored, equal to those shown.
        frame_rate: frame rate in frames/s.
        form: format of the rendition.
        limits: box, frame rate, profile and level.
    """
    video = clip.video
    if video.codec != "h264" or form.video != "h264":
        return False
    # Level 1b is written as 11 (level 1.1) or as 9, which is below 10 (level 1); this depends on the profile.
    highest = 10 if limits.h264_level == "1b" else round(10 * float(limits.h264_level))
    box = _box(size, limits)
    return (
        video.profile in _PROFILES[limits.h264_profile]
        and video.level is not None
        and video.level <= highest
        and size[0] <= box[0]
        and size[1] <= box[1]
        and (limits.max_frame_rate is None or frame_rate <= limits.max_frame_rate * 1.01)
    )


def info_of(clip: Clip, frame_rate: float) -> ClipInfo:
    """Return the properties of a clip's streams for its report."""
    codecs = tuple(track.codec for track in (clip.video, clip.audio) if track is not None)
    video = clip.video
    if video.codec != "h264":
        return ClipInfo(codecs, frame_rate)
    said = video.profile or "unknown"
    profile = next((name for name, played in _PROFILES.items() if said in played), said.lower())
    # 9 stands for level 1b (ITU-T H.264, 7.4.2.1.1).
    level = {None: None, 9: "1b"}.get(video.level, f"{(video.level or 0) / 10:g}")
    return ClipInfo(codecs, frame_rate, profile, level)


#: Smallest width and height to which frames are reduced, in pixels. Chosen: smaller frames show nothing.
_SMALLEST = 64

#: Share of the highest allowed frame rate below which frames are dropped at uneven times, instead of all but
#: every second, third or further one. 24 of 48 frames/s move more evenly than 30 of them. Chosen.
_FEW = 0.75


@dataclass(frozen=True, slots=True)
class Shape:
    """Frame size and frame rate of a clip.

    Attributes:
        width, height: in pixels, both even.
        frame_rate: frame rate in frames/s.
    """

    width: int
    height: int
    frame_rate: float


def shape_of(
    size: tuple[int, int],
    frame_rate: float,
    bit_rate: float,
    limits: Limits,
    codec: str = "h264",
    *,
    source_rate: float = math.inf,
    tuning: Tuning = TUNING,
) -> Shape:
    """Return the frame size and frame rate of a clip for a bit rate.

    Args:
        size: width and height of the source as shown; the result is never larger.
        frame_rate: frame rate of the source in frames/s. The frame rate of the result is this frame rate
            divided by an integer, or the highest allowed one where that is much higher.
        bit_rate: video bit rate in bit/s.
        limits: box, frame rate and level.
        codec: the video codec; for H.263 and MPEG-4 the size fits into one of the picture formats.
        source_rate: video bit rate of the source in bit/s.
        tuning: the measured constants.
    """
    if codec != "h264":
        return _shape_on_canvas(size, frame_rate, bit_rate, limits, tuning)
    level = level_of(limits.h264_level)
    most = next(rate for bits, rate in tuning.rates if bit_rate <= bits)
    rate = _rate_within(frame_rate, most, limits.max_frame_rate)
    pixels = 256 * min(level.blocks, level.blocks_per_second / rate)
    width, height = size
    usual = bit_rate / (tuning.bits_per_pixel * math.sqrt(rate * max(rate, tuning.usual_rate)))
    easy = width * height * (bit_rate / max(source_rate, 1.0)) ** (1 / tuning.growth)
    growth = math.inf if bit_rate >= tuning.plenty * source_rate else tuning.most_growth
    pixels = min(pixels, max(usual, min(easy, growth * usual)))
    box = _box(size, limits)
    scale = min(1.0, math.sqrt(pixels / (width * height)), box[0] / width, box[1] / height)
    scale = min(1.0, max(scale, _SMALLEST / min(size)), box[0] / width, box[1] / height)
    while True:
        found = Shape(_even(width * scale), _even(height * scale), rate)
        blocks = math.ceil(found.width / 16) * math.ceil(found.height / 16)
        if blocks <= level.blocks and blocks * rate <= level.blocks_per_second:
            return found
        scale *= 0.98


def _rate_within(frame_rate: float, most: float, limit: float | None) -> float:
    """Return the frame rate of a clip, at most ``most`` and ``limit``, in frames/s.

    Every second, third or further frame moves most evenly. Where that leaves few frames, as half of 31
    frames/s does, frames at times between are dropped.
    """
    whole = float(math.floor(most))
    if limit is not None:
        most, whole = min(most, limit + 0.01), min(whole, limit)
    divided = frame_rate / max(1, math.ceil(frame_rate / most))
    return divided if divided >= min(frame_rate, _FEW * whole) else whole


def _shape_on_canvas(
    size: tuple[int, int], frame_rate: float, bit_rate: float, limits: Limits, tuning: Tuning
) -> Shape:
    rate = _rate_within(frame_rate, _CANVAS_RATE + 0.01, limits.max_frame_rate)
    # The picture formats have no portrait orientation, so the box is not turned.
    box = limits.max_video_width or math.inf, limits.max_video_height or math.inf
    chosen = _FRAME_FORMATS[0]
    for canvas in _FRAME_FORMATS[1:]:
        pixels = canvas.width * canvas.height
        if canvas.width > box[0] or canvas.height > box[1]:
            break
        if bit_rate < tuning.canvas_bits_per_pixel * pixels * rate:
            break
        chosen = canvas
    scale = min(1.0, chosen.width / size[0], chosen.height / size[1])
    return Shape(_even(size[0] * scale), _even(size[1] * scale), rate)


def effort_of(shape: Shape, seconds: float) -> str:
    """Return the x264 preset for the number of pixels of a clip: slower where there are fewer pixels."""
    pixels = shape.width * shape.height * shape.frame_rate * seconds
    return next(effort for most, effort in _EFFORTS if pixels < most)


#: Presets of x264 by the number of pixels of a whole clip. Chosen: encoding is to take no longer than
#: decoding of a large source. Each slower preset gains 1 point of SSIMULACRA2 and adds a quarter to the time
#: of the second pass.
_EFFORTS = ((60e6, "medium"), (100e6, "fast"), (math.inf, "faster"))


def _box(size: tuple[int, int], limits: Limits) -> tuple[float, float]:
    box = limits.max_video_width or math.inf, limits.max_video_height or math.inf
    return box[::-1] if limits.turn and size[1] > size[0] else box


def _even(length: float) -> int:
    """Return the largest even number up to ``length``, with a tolerance for rounding errors."""
    return max(2, 2 * math.floor(length / 2 + 0.01))
