"""Decodes the video of a window of a clip once, scales each frame, and reduces the frame rate."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError

from transcode.errors import SourceError
from transcode.jobs import processors
from transcode.jobs.stages import staged
from transcode.media.clips.clip import packets
from transcode.media.clips.deinterlace import Deinterlacer
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_alpha import decoder_of
from transcode.media.clips.video_look import flushed, until_fault
from transcode.media.clips.video_reduce import FrameReducer
from transcode.media.source.container import open_container
from transcode.media.source.decode_limits import Deadline, process_seconds
from transcode.media.source.timing import SAME, STANDS
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.clips.video_colour import Table
    from transcode.media.clips.video_look import Look
    from transcode.media.source.inputs import Input
    from transcode.model import ProgressCallback

__all__ = ["DecodedClip", "Slots", "decode"]

#: The most threads of a decoder: more than four frames at once take memory and save little time. Chosen.
_THREADS = 4

#: Time grid for clips of variable frame rate, in points per second: no frame moves by more than 9 ms. Chosen.
_GRID = 60.0

#: Largest deviation of a frame distance from a whole number of periods in a clip of constant frame rate, in
#: periods. Chosen.
_STEADY = 0.05

#: Codecs whose decoder reports no damage and conceals it by its threads, and is fast with one: FFmpeg's VP8.
_SILENT = frozenset({"vp8"})

#: Ratio of source size to target size (the smaller of both dimensions' ratios) from which decoding omits the
#: deblocking filter in frames that no other frame refers to. Omitted in other frames too, the error grows
#: until the next key frame: a phone's 4K HEVC with key frames 8.3 s apart fell from 79 to 30 points of
#: SSIMULACRA2. Chosen.
_LEAVE_OUT = 2.0


@dataclass(frozen=True, slots=True)
class DecodedClip:
    """The decoded video of a window of a clip.

    Attributes:
        frames: the frames, with times from the start of the window. The first frame starts at 0.
        is_broken: whether a fault damaged frames or ended decoding.
        was_interlaced: whether frames were interlaced and have been deinterlaced.
        was_clear: whether frames had transparent pixels, which have been flattened onto white.
    """

    frames: Frames
    is_broken: bool
    was_interlaced: bool = False
    was_clear: bool = False


class Slots:
    """Chooses the frames that a lower frame rate keeps: the last frame of each time slot.

    The last frame is displayed when the slot ends, so every frame that is displayed for a whole slot is kept.

    Args:
        start: the start of the first slot, in seconds.
        rate: slots per second; None keeps all frames.
    """

    #: Largest delay of a frame beyond the end of its slot, in slots: timestamps are rounded.
    _SLACK = 0.1

    def __init__(self, start: float, rate: float | None) -> None:
        self._start = start
        self._rate = rate

    def of(self, time: float) -> float:
        """Return the slot number of a frame time; 0 for times up to the start."""
        if time <= self._start + SAME:
            return 0
        if self._rate is None:
            return time
        return max(1, math.ceil((time - self._start) * self._rate - self._SLACK))

    def is_cut(self, slot: float, end: float) -> bool:
        """Whether a slot ends after ``end``, in seconds from the start, so that its frame is dropped."""
        return self._rate is not None and slot > end * self._rate - self._SLACK


@staged("decode")
def decode(
    content: Input,
    clip: Clip,
    found: Scan,
    seen: Look,
    size: tuple[int, int],
    *,
    table: Table | None = None,
    start: float,
    seconds: float,
    stands: float = 0.0,
    rate: float | None = None,
    progress: ProgressCallback | None = None,
) -> DecodedClip:
    """Decode the video of a window of a clip, scaled to one size.

    Several threads decode an undamaged window. How FFmpeg conceals damage depends on the number of threads,
    so one thread decodes a damaged window from its start again: the result is the same on every machine.
    A window that begins within an open group of pictures counts as damaged. One thread decodes VP8.

    Args:
        content, clip, found, seen: the source, its streams, its packets, and the geometry and colours of its
            frames.
        size: width and height of the upright result in pixels, both even.
        table: the colour conversion; None: colours stay, in narrow range.
        start, seconds: start and duration of the window in seconds, from the start of the presentation.
        stands: the least duration of the result in seconds, from the start of the window: longer sound
            extends the last frame.
        rate: the highest frame rate in frames/s; None: all frames.
        progress: called about once per second of the clip.

    Raises:
        SourceError: no frame can be decoded.
        CapError: decoding takes longer than DecodeLimits.clip_seconds.
    """
    deadline = Deadline(content.name, content.limits.clip_seconds, process_seconds)
    threads = 1 if clip.video.codec in _SILENT else processors.threads(_THREADS)
    while True:
        frames = Frames(*size)
        try:
            reducer = FrameReducer(seen, frames.width, frames.height, table)
            work = _Decoder(content, clip, found, seen, frames, reducer, deadline, start, seconds, rate)
            with open_container(content) as container, deadline.counted():
                work.run(container, progress, threads)
            work.finish(stands)
        except _DamagedError:
            frames.close()
            threads = 1
        except BaseException:
            frames.close()
            raise
        else:
            return DecodedClip(frames, work.is_broken, work.was_interlaced, reducer.was_clear)


class _DamagedError(Exception):
    """A decoder with several threads found damage."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A decoded frame, maybe the last of its slot; time in seconds from the start of the presentation."""

    frame: Any
    time: float
    slot: float


class _Decoder:
    """Decodes a window, chooses the frames to keep, and adds them to ``frames``."""

    def __init__(
        self,
        content: Input,
        clip: Clip,
        found: Scan,
        seen: Look,
        frames: Frames,
        reducer: FrameReducer,
        deadline: Deadline,
        start: float,
        seconds: float,
        rate: float | None,
    ) -> None:
        self.is_broken = found.is_broken
        self.was_interlaced = False
        self._deadline = deadline
        self._name = content.name
        self._clip = clip
        self._seen = seen
        self._frames = frames
        self._start = start
        self._seconds = seconds
        self._slots = Slots(start, rate)
        self._period = found.period or 1 / (clip.video.rate or 25)
        self._end = found.pictures_end
        stored = [packet.time for packet in found.video]
        times = sorted(stored)
        # AVI timestamps are in decoding order. Reordered frames take the same times, in display order.
        self._stamps: list[float] | None = [] if clip.format == "avi" and stored == times else None
        # The deinterlacer needs the neighbours of a frame, even if they are dropped.
        self._needed = None if seen.is_interlaced else _needed(times, start, rate)
        # Times of all frames, including the frames that are not decoded.
        self._times = [] if self._needed is None else times
        self._last = -math.inf
        self._held: _Held | None = None
        self._kept = -math.inf
        self._first = math.inf
        self._base: Any = None
        self._grid = _grid(times, self._period)
        self._reduce = reducer

    def run(self, container: Any, progress: ProgressCallback | None, threads: int) -> None:
        """Decode the frames of the window.

        Raises:
            _DamagedError: the decoder has several threads, and the window is damaged.
            CapError: decoding takes longer than the deadline.
        """
        stream = container.streams[self._clip.video.index]
        context, self._base = decoder_of(stream), stream.time_base
        deinterlacer = Deinterlacer(stream.time_base)
        context.thread_count = threads
        context.thread_type = "AUTO"
        # Decoders that conceal damage report it only with "explode".
        strict = {"err_detect": "explode"} if threads > 1 else {}
        context.options = {"skip_loop_filter": self._loop_filter(), **strict}
        if not context.has_b_frames:
            self._stamps = None
        if self._stamps is not None:
            self._needed, self._times = None, []
        reported = 0.0
        sent = came = -math.inf
        for packet in until_fault(packets(container, self._clip, self._start), self._broke):
            at = None if packet.pts is None else self._clip.time(packet.pts, packet.time_base)
            if self._stamps is not None and at is not None:
                heappush(self._stamps, at)
            is_needed = True
            if self._needed is not None and at is not None:
                is_needed = round(at, 6) in self._needed
                context.skip_frame = "DEFAULT" if is_needed else "NONREF"
            if is_needed and packet.pts is not None:
                sent = max(sent, packet.pts)
            if threads > 1 and packet.is_corrupt:
                # The demuxer marks a cut packet. A decoder may lose its error among those of its threads.
                raise _DamagedError
            try:
                decoded = context.decode(packet)
            except FFmpegError as error:
                if threads > 1:
                    raise _DamagedError from error
                self.is_broken = True
                continue
            if threads > 1 and any(frame.is_corrupt for frame in decoded):
                raise _DamagedError
            came = _latest(came, decoded)
            ends = not self._take(deinterlacer.push(decoded))
            self.was_interlaced = deinterlacer.has_worked
            if ends:
                return
            if progress is not None and self._last - self._start >= reported + 1:
                reported = self._last - self._start
                progress(FitProgress("decode", min(reported, self._seconds), self._seconds))
            self._deadline.left()
        rest = _remaining(context) if threads > 1 else flushed(context)
        if threads > 1 and -math.inf < _latest(came, rest) < sent:
            # An error at the end is no exception: the frames that the threads still hold are lost.
            raise _DamagedError
        self._take(deinterlacer.push(rest))
        self._take(deinterlacer.flush())

    def _broke(self) -> None:
        self.is_broken = True

    def _loop_filter(self) -> str:
        shown = self._seen.geometry.shown
        ratio = min(shown[0] / self._frames.width, shown[1] / self._frames.height)
        return "noref" if ratio >= _LEAVE_OUT else "default"

    def _take(self, decoded: Iterable[Any]) -> bool:
        """Process frames of the window; return False after its end."""
        for frame in decoded:
            at = self._time(frame)
            if at >= self._start + self._seconds - SAME:
                if self._held is None and not self._frames.times:
                    # The video starts after the window: its first frame is displayed in the window.
                    self._held = _Held(frame, at, 0)
                return False
            self._last = at
            slot = self._slots.of(at)
            if self._held is not None and slot > self._held.slot:
                self._keep()
            self._first = min(self._first, at)
            self._held = _Held(frame, at, slot)
        return True

    def _keep(self) -> None:
        """Add the last frame of a slot, from the middle between the slot's first frame time and its own.

        No frame is then displayed more than half of a slot too early or too late.
        """
        if self._held is None:
            return
        held, self._held = self._held, None
        before = bisect_right(self._times, self._kept + SAME)
        first = min(self._first, self._times[before] if before < len(self._times) else held.time)
        self._first, self._kept = math.inf, held.time
        self._add((first + held.time) / 2 - self._start, held.frame)

    def _time(self, frame: Any) -> float:
        if self._stamps:
            return heappop(self._stamps)
        if frame.pts is None:
            return max(self._last, self._start - self._period) + self._period
        # Frames that the decoder returns when it is flushed have no time base.
        at = self._clip.time(frame.pts, frame.time_base or self._base)
        # Times must increase, so a time that does not is set shortly after the last one.
        return at if at > self._last else self._last + self._period / 8

    def _add(self, at: float, frame: Any) -> None:
        if self._grid is not None:
            at = round(at * self._grid) / self._grid
        if not self._frames.times:
            # The first frame is displayed from the start, although sound may start before it.
            at = 0.0
        elif at <= self._frames.times[-1]:
            return
        self._frames.append(at, self._reduce(frame))

    def finish(self, stands: float) -> None:
        shown = max(self._end, self._last + self._period) - self._start
        end = min(self._seconds, max(shown, stands))
        if self._held is not None and not (self._frames.times and self._slots.is_cut(self._held.slot, end)):
            self._keep()
        if not self._frames.times:
            raise SourceError(self._name, "no frame in the window can be decoded")
        self._frames.end = max(end, self._frames.times[-1] + 0.001)
        last = self._frames.times[-1]
        # A multiple of the frame period: players derive the frame rate from frame distances.
        steps = math.floor((self._frames.end - last) / self._period) - 1
        if steps > 0 and self._frames.end - last > STANDS:
            # Some players and encoders end a clip at the start of its last frame.
            self._frames.append(last + steps * self._period, self._frames[len(self._frames.times) - 1])


def _remaining(context: Any) -> list[Any]:
    """Return the frames that the threads of a decoder still hold.

    Raises:
        _DamagedError: one of them is damaged.
    """
    try:
        frames = list(context.decode(None))
    except EOFError:
        return []
    except FFmpegError as error:
        raise _DamagedError from error
    if any(frame.is_corrupt for frame in frames):
        raise _DamagedError
    return frames


def _latest(time: float, frames: Iterable[Any]) -> float:
    """Return the latest of a time and those of frames, in units of their time base."""
    times: list[float] = [frame.pts for frame in frames if frame.pts is not None]
    return max([time, *times])


def _grid(times: Sequence[float], period: float) -> float | None:
    """Return the time grid for a clip of variable frame rate, in points per second; None if it is constant.

    Players that draw at a constant rate drop frames at irregular times.
    """
    gaps = np.diff(np.unique(times))
    periods = np.rint(gaps / period)
    steady = (np.abs(gaps / period - periods) < _STEADY) & (periods >= 1)
    return None if steady.all() else _GRID


def _needed(times: Sequence[float], start: float, rate: float | None) -> set[float] | None:
    """Return the times of the frames to keep; None if all are kept, or packet times repeat."""
    distinct = set(times)
    if rate is None or len(distinct) < len(times):
        return None
    slots = Slots(start, rate)
    return {round(at, 6) for at in {slots.of(at): at for at in sorted(distinct)}.values()}
