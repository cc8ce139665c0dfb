"""An animation under a limit in bytes, as a GIF, which all handsets play, or as a clip.

Sizes and frame rates are tried in descending order. At each step the length is counted at the lowest quality
that still looks good. At the first step that fits, the highest quality that fits is searched. Where that step
leaves frames out, a smaller size with all frames is also tried. Where the full size just misses the limit, a
lower quality at the full size is also tried. SSIMULACRA2 decides. Times are exact to 0.01 seconds: the
duration of a frame that is left out is added to the frame before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import TYPE_CHECKING

import numpy as np

from transcode.errors import BudgetError, UnsupportedError
from transcode.fit.animations.animation_tuning import TUNING
from transcode.fit.animations.moments import AnimationScorer
from transcode.fit.pictures.palette import Histogram, dither_pattern
from transcode.fit.record import Record, trimmed
from transcode.fit.search import largest
from transcode.media.pictures.drawing import video_picture
from transcode.media.pictures.gif import LONGEST_DELAY, MAX_COLOURS, Coding, GifClip
from transcode.model import MAX_CLIP_SECONDS, Note, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from transcode.fit.animations.animation_tuning import Tuning
    from transcode.fit.clips.video_plan import Shape
    from transcode.media.pictures.animation import Animation
    from transcode.media.pictures.still import Still
    from transcode.media.source.inputs import Input
    from transcode.model import Limits, Rendition, ReportCallback

__all__ = ["fit_animation"]

#: Largest number of pixels of all frames in memory, four bytes each.
MAX_KEPT_PIXELS = 60_000_000

#: Steps that keep all frames: share of width and height, and shortest duration of a frame in 0.01 seconds.
#: Chosen.
_SMOOTH_STEPS = tuple(
    (share, 2) for share in (0.92, 0.84, 0.76, 0.71, 0.65, 0.6, 0.55, 0.5, 0.42, 0.35, 0.3, 0.25)
)

#: Largest number of pixels of all frames of a source for which the further searches are done: a cap, because
#: each search reads the source several times.
_MOST_COMPARED = 30_000_000

#: Names of the source formats in notes.
_KINDS = {"image/gif": "GIF", "image/webp": "WebP", "image/png": "APNG"}

#: Highest frame rate of a clip in frames/s, and smallest width and height of a clip in pixels. Chosen.
_MOST_RATE, _SMALLEST_CLIP = 30.0, 16

#: Smallest longer side of a reduced animation, in pixels. Chosen: smaller animations show nothing.
_SMALLEST_SIDE = 48

#: Quality at which no pixel changes.
_HIGHEST_QUALITY = 100.0

#: Share of the limit that a smaller size with a higher quality aims at; the estimate is uncertain. Chosen.
_FINE_MARGIN = 0.99

#: Assumed growth of the natural logarithm of the size with quality, before two sizes are measured. Chosen.
_GROWTH = 0.03

#: Multiple of the limit above which the quality search only estimates a length. Chosen.
_NEARLY = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class _Reel:
    """Frames of one size with their palette.

    Attributes:
        clip: the frames.
        palette: the colours.
        tuning: the measured constants.
        share: ratio of width and height to the largest that the box allows.
        interval: shortest duration of a frame, in 0.01 seconds.
        lowest: lowest quality for these frames.
        length: length of the file in bytes at the lowest quality; 0: not yet measured.
        left_out: number of frames that were left out because they followed too soon.
        read: number of frames of the source that could be read.
        source_seconds: duration of the frames that could be read, in seconds.
    """

    clip: GifClip
    palette: NDArray[np.uint8]
    tuning: Tuning
    share: float
    interval: int
    lowest: float
    left_out: int
    read: int
    source_seconds: float
    length: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A file of frames, with its quality."""

    reel: _Reel
    quality: float
    data: bytes


def fit_animation(
    content: Input,
    animation: Animation,
    still: Still,
    limits: Limits,
    *,
    report: ReportCallback | None = None,
    tuning: Tuning = TUNING,
) -> Rendition | None:
    """Return the best moving rendition of an animation that keeps to the limits; None: there is none.

    A GIF or WebP that keeps to all limits is copied without its metadata. Any other animation becomes a GIF,
    also an animated PNG, of which handsets show only the first frame. Where the limits take clips and the GIF
    has a low score, a clip without sound that scores more replaces the GIF, if the animation is no longer
    than a clip may be. Where the limits take no GIF, the clip is cut to the longest duration.

    Args:
        content: the source.
        animation: its frames.
        still: the source, opened as a still picture.
        limits: what the rendition must keep to.
        report: called with each note as it is made.
        tuning: the measured constants.

    Raises:
        SourceError: the first frame can't be decoded.
        CapError: decoding takes too long.
    """
    source_size = (animation.width, animation.height)
    record = Record(content, animation.content_type, limits.max_bytes, report, source_size)
    whole = _whole(animation, limits)
    if whole == 1.0 and animation.content_type in limits.formats and animation.content_type != "image/png":
        stripped = still.stripped(limits.max_bytes)
        if stripped is not None:
            record.add(
                [*stripped.notes, *(note for note in animation.notes if note.code == "source-truncated")]
            )
            seconds = animation.seconds()
            return record.rendition(
                stripped.data, stripped.content_type, source_size, source_seconds=seconds, seconds=seconds
            )
    scorer = AnimationScorer(animation, *_size(animation, whole), softer=tuning.softer)
    coded = None
    if "image/gif" in limits.formats:
        coded = _best(animation, whole, scorer, record, tuning)
    if coded is None and not _moves(animation):
        return None
    clip = _fit_clip(animation, coded, scorer, limits, record, tuning)
    if clip is not None or coded is None:
        return clip
    return _finish(animation, coded, record)


def _moves(animation: Animation) -> bool:
    """Return whether any frame differs from the first."""
    first = None
    for frame in animation.frames(animation.width, animation.height):
        if first is None:
            first = frame.pixels
        elif not np.array_equal(first, frame.pixels):
            return True
    return False


def _best(
    animation: Animation, whole: float, scorer: AnimationScorer, record: Record, tuning: Tuning
) -> _Coded | None:
    """Return the GIF with the highest score; None: none fits."""
    steps, lowest = tuning.steps, tuning.lowest_quality
    reels = [_largest(animation, whole, steps, lowest, scorer, record, tuning)]
    if record.trials and animation.count * animation.width * animation.height <= _MOST_COMPARED:
        if reels[0] is None or reels[0].left_out:
            reels.append(_largest(animation, whole, _SMOOTH_STEPS, lowest, scorer, record, tuning))
        # The first trial has the full size.
        if record.max_bytes < record.trials[0].size < tuning.coarser_bytes * record.max_bytes:
            coarsest = tuning.coarsest_quality
            reels.append(_largest(animation, whole, steps[:1], coarsest, scorer, record, tuning))
    found = [
        _fine(animation, whole, _coded(each, record), scorer, record, tuning)
        for each in reels
        if each is not None
    ]
    if not scorer.can:
        return found[0] if found else None
    if len(found) < 2:
        return found[0] if found else None
    return max(found, key=lambda each: scorer.gif(each.data))


def _fine(
    animation: Animation,
    whole: float,
    coded: _Coded,
    scorer: AnimationScorer,
    record: Record,
    tuning: Tuning,
) -> _Coded:
    """Return a drawing at a slightly smaller size with a higher quality, or unchanged if that costs more."""
    reel, finer = coded.reel, coded.quality - coded.reel.lowest
    growth = math.log(len(coded.data) / reel.length)
    quality = tuning.fine_quality
    if finer <= 0 or coded.quality >= quality or growth > tuning.slow_growth * finer:
        return coded
    length = _measure(reel, quality, 2 * record.max_bytes, record.trials)
    # The bytes of a drawing grow with the length of its lines.
    share = _FINE_MARGIN * record.max_bytes / length
    if share < tuning.fine_share:
        return coded
    step = (reel.share * share, reel.interval)
    fine = _largest(animation, whole, (step,), quality, scorer, record, tuning)
    return coded if fine is None else _coded(fine, record)


def _largest(
    animation: Animation,
    whole: float,
    steps: tuple[tuple[float, int], ...],
    quality: float,
    scorer: AnimationScorer,
    record: Record,
    tuning: Tuning,
) -> _Reel | None:
    """Return the frames at the first step at which a GIF of this quality fits; None: there is none."""
    whole = min(whole, math.sqrt(MAX_KEPT_PIXELS / (animation.count * animation.width * animation.height)))
    # ``failed``: the last step known to be too large; ``enough``: the first that fits or is too small to use.
    failed, enough, found = -1, len(steps), None
    step = 0
    shortest = 0
    while failed + 1 < enough:
        share, interval = steps[step]
        if step and share == steps[step - 1][0] and failed == step - 1 and interval <= shortest:
            # No frame has a shorter duration, so this step would leave out no frame.
            failed = step
            step = step + 1 if enough == len(steps) else (failed + enough) // 2
            continue
        size = _size(animation, whole * share)
        reel = None
        if share == 1 or max(size) >= _SMALLEST_SIDE:
            linear_light = size != (animation.width, animation.height) and scorer.suits_linear_light
            reel = _read(animation, size, steps[step], quality, tuning, linear_light=linear_light)
        if reel is None or len(reel.clip.frames) < 2:
            enough = step
        else:
            shortest = min(reel.clip.delays)
            length = _measure(reel, quality, record.max_bytes, record.trials)
            if length <= record.max_bytes:
                enough, found = step, replace(reel, length=length)
            else:
                failed = step
                if enough == len(steps):
                    step = _next(steps, step, record.max_bytes / length)
                    continue
        step = (failed + enough) // 2
    return found


def _whole(animation: Animation, limits: Limits) -> float:
    """Return the largest scale that keeps the animation in the box, at most 1."""
    wide, high = limits.box(portrait=animation.height > animation.width)
    width, height = animation.width, animation.height
    return min(1.0, (wide or width) / width, (high or height) / height)


def _size(animation: Animation, scale: float) -> tuple[int, int]:
    """Return width and height at a scale."""
    return (
        max(1, math.floor(animation.width * scale + 0.5)),
        max(1, math.floor(animation.height * scale + 0.5)),
    )


def _next(steps: tuple[tuple[float, int], ...], step: int, wanted: float) -> int:
    """Return the next step that may need no more than the wanted share of the bytes."""
    share, interval = steps[step]
    for later in range(step + 1, len(steps)):
        other, slower = steps[later]
        # Bytes shrink less than pixels and frames: the remaining ones take more bits each.
        guess = (other / share) ** 1.3 * (interval / slower) ** 0.5
        if guess <= 1.2 * wanted:
            return later
    return len(steps) - 1


def _read(
    animation: Animation,
    size: tuple[int, int],
    step: tuple[float, int],
    lowest: float,
    tuning: Tuning,
    *,
    linear_light: bool,
) -> _Reel:
    """Read the frames at a size, each shown for at least the step's interval, in 0.01 seconds."""
    share, interval = step
    frames: list[NDArray[np.uint8]] = []
    starts: list[int] = []
    colours = Histogram(MAX_COLOURS)
    clock = 0.0
    read = left_out = 0
    for frame in animation.frames(*size, linear_light=linear_light):
        read += 1
        start = math.floor(clock * 100 + 0.5)
        clock += frame.seconds
        if starts and np.array_equal(frame.pixels, frames[-1]):
            continue
        if starts and start - starts[-1] < interval:
            left_out += 1
            continue
        frames.append(frame.pixels)
        starts.append(start)
        colours.add(frame.pixels)
    end = math.floor(clock * 100 + 0.5)
    if len(starts) > 1 and end - starts[-1] < 2:
        frames.pop()
        starts.pop()
    delays = [after - start for start, after in zip(starts, [*starts[1:], end], strict=True)]
    split = [
        (pixels, piece) for pixels, delay in zip(frames, delays, strict=True) for piece in _pieces(delay)
    ]
    clip = GifClip([pixels for pixels, _ in split], [piece for _, piece in split], animation.loops)
    palette = colours.palette(MAX_COLOURS)
    return _Reel(clip, palette, tuning, share, interval, lowest, left_out, read, clock)


def _pieces(delay: int) -> list[int]:
    """Divide a duration into durations that a GIF can hold, in 0.01 seconds."""
    whole, rest = divmod(delay, LONGEST_DELAY)
    return [LONGEST_DELAY] * whole + ([rest] if rest else [])


def _coding(reel: _Reel, quality: float) -> Coding:
    limit = round((100.0 - quality) ** 2)
    cost = reel.tuning.code_cost + reel.tuning.code_cost_share * limit
    return Coding(reel.palette, dither_pattern(0.0), limit, cost)


def _measure(reel: _Reel, quality: float, max_bytes: int, trials: list[Trial]) -> int:
    length = reel.clip.measure(_coding(reel, quality), max_bytes)
    height, width = reel.clip.frames[0].shape[:2]
    trials.append(Trial(width, height, round(quality, 2), length))
    return length


def _coded(reel: _Reel, record: Record) -> _Coded:
    """Encode the frames with the highest quality that fits."""

    def length(quality: float) -> int:
        if quality == reel.lowest:
            return reel.length
        return _measure(reel, quality, round(_NEARLY * record.max_bytes), record.trials)

    found = largest(
        length,
        record.max_bytes,
        reel.lowest,
        _HIGHEST_QUALITY,
        start=reel.lowest,
        growth=_GROWTH,
        enough=0.99,
        precision=0.25,
    )
    quality = reel.lowest if found.setting is None else found.setting
    return _Coded(reel, quality, reel.clip.encode(_coding(reel, quality)))


def _finish(animation: Animation, coded: _Coded, record: Record) -> Rendition:
    """Return a GIF with its report."""
    reel = coded.reel
    height, width = reel.clip.frames[0].shape[:2]
    converted = None if animation.content_type == "image/gif" else "GIF"
    record.add(_notes(animation, reel.read, converted, (width, height)))
    if len(reel.clip.frames) < reel.read:
        text = f"{reel.read} frames merged into {len(reel.clip.frames)}; the timing is unchanged"
        record.add([Note("frames-merged", text)])
    seconds = sum(reel.clip.delays) / 100
    return record.rendition(
        coded.data,
        "image/gif",
        (width, height),
        quality=round(coded.quality, 2),
        source_seconds=reel.source_seconds,
        seconds=seconds,
    )


def _fit_clip(
    animation: Animation,
    coded: _Coded | None,
    scorer: AnimationScorer,
    limits: Limits,
    record: Record,
    tuning: Tuning,
) -> Rendition | None:
    """Return the animation as a clip; None: no clip is taken, fits, or clearly beats the GIF."""
    # Imported here because FFmpeg is slow to load.
    from transcode.fit.clips.video import fit_frames, frame_shape

    if not any(name.startswith("video/") for name in limits.formats):
        return None
    size = _size(animation, _whole(animation, limits))
    if min(size) < _SMALLEST_CLIP:
        return None
    times = animation.times()
    seconds = min(sum(times), limits.max_seconds, MAX_CLIP_SECONDS)
    if len(times) < 2 or (seconds < sum(times) and coded is not None):
        return None
    points = 0.0 if coded is None else scorer.gif(coded.data)
    if points >= tuning.fallen_apart:
        return None
    rate = min(_MOST_RATE, 1 / float(np.median(times)))
    try:
        shape = frame_shape(limits, seconds, size, frame_rate=rate)
        if seconds * shape.frame_rate < 2:
            return None
        fitted = fit_frames(_pictures(animation, shape, seconds), shape, limits, name=record.content.name)
    except (UnsupportedError, BudgetError):
        return None
    record.trials.extend(fitted.trials)
    converted = f"a clip, which plays once: {'; '.join(fitted.settings)}"
    if coded is not None:
        better = scorer.clip(fitted.data)
        if better < points + tuning.clip_gain:
            return None
        converted += f"; its SSIMULACRA2 score is {better:.0f}, that of a GIF {points:.0f}"
    record.add(_notes(animation, len(times), converted, (fitted.width, fitted.height)))
    if seconds < sum(times):
        record.add([trimmed(seconds, sum(times))])
    return record.rendition(
        fitted.data,
        fitted.content_type,
        (fitted.width, fitted.height),
        source_seconds=sum(times),
        seconds=fitted.seconds,
        settings=fitted.settings,
    )


def _pictures(animation: Animation, shape: Shape, seconds: float) -> Iterator[NDArray[np.uint8]]:
    """Yield the picture in the middle of each frame period of a clip with the given duration."""
    middles = ((number + 0.5) / shape.frame_rate for number in count())
    times = takewhile(lambda time: time < seconds, middles)
    last = None
    for frame in animation.shown_at(times, shape.width, shape.height):
        if frame is not last:
            last, picture = frame, video_picture(frame.pixels)
        yield picture


def _notes(animation: Animation, read: int, converted: str | None, size: tuple[int, int]) -> list[Note]:
    """Return notes about the changes in the animation.

    Args:
        animation: the source.
        read: number of its frames that could be read.
        converted: description of the new format; None: the format is unchanged.
        size: width and height of the rendition.
    """
    notes = list(animation.notes)
    if read < animation.count:
        notes.append(Note("source-truncated", f"damaged: {read} of {animation.count} frames could be read"))
    if converted is not None:
        kind = _KINDS[animation.content_type]
        notes.append(Note("converted", f"{kind} animation converted to {converted}"))
    if size != (animation.width, animation.height):
        text = f"reduced from {animation.width} x {animation.height} to {size[0]} x {size[1]} pixels"
        notes.append(Note("reduced", text))
    return notes
