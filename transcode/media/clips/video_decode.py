"""The pictures of a window of a clip: decoded once, each reduced as it comes, at the times that are kept."""

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

#: Threads of a decoder: more than four frames at once cost memory and give little. Chosen.
_THREADS = 4

#: Places a second for pictures of a variable frame rate: none moves by more than 9 ms. Chosen.
_GRID = 60.0

#: What a steady clip's time from picture to picture may deviate from a whole number of periods by. Chosen.
_STEADY = 0.05

#: A source whose pictures are this many times as large as the target on each side is decoded without
#: the deblocking filter: first that of pictures that no other is predicted from, then all. Leaving out all
#: costs a coded clip of 1080p 0.5 points of SSIMULACRA2 where it is reduced 3.2 times, 0.3 at 4.2 times.
#: Chosen.
_LEAVE_OUT_SOME = 2.0
_LEAVE_OUT_ALL = 4.0


@dataclass(frozen=True, slots=True)
class DecodedClip:
    """A window of a clip's pictures.

    Attributes:
        frames: the pictures, with times from the window's begin on. The first is on show from
            zero on.
        is_broken: whether a fault ended or marred them.
        was_interlaced: whether some had lines of two times, and were made of one.
        was_clear: whether some were transparent in places, where white shows now.
    """

    frames: Frames
    is_broken: bool
    was_interlaced: bool = False
    was_clear: bool = False


class Slots:
    """Which frames a lower rate keeps: the last one of each slot of time.

    That one is on show when the slot ends, so none that is shown for a slot is lost.

    Args:
        start: when the first slot begins, in seconds.
        rate: slots a second; None keeps every frame.
    """

    #: How much too late a frame may come, in slots: stamps are rounded.
    _SLACK = 0.1

    def __init__(self, start: float, rate: float | None) -> None:
        self._start = start
        self._rate = rate

    def of(self, time: float) -> float:
        """The number of a frame's slot; 0 for what is on show at the start or before."""
        if time <= self._start + SAME:
            return 0
        if self._rate is None:
            return time
        return max(1, math.ceil((time - self._start) * self._rate - self._SLACK))

    def is_cut(self, slot: float, end: float) -> bool:
        """Whether a slot does not end before a time, in seconds from the start: it would be one too many."""
        return self._rate is not None and slot > end * self._rate - self._SLACK


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
    """Decode a window of a clip's pictures, reduced to one size.

    Args:
        content, clip, found, seen: the source, what it holds, its packets and its looks.
        size: width and height of the result as shown, upright, both even.
        table: what becomes of the colours; None: they stay, in the narrow range.
        start, seconds: the window, from the presentation's begin.
        stands: for how many seconds of the window the last picture is on show at least, as under sound
            that goes on.
        rate: the most frames a second; None: all.
        progress: called about once a second of the clip.

    Raises:
        SourceError: not one frame could be decoded.
        CapError: it takes too long.
    """
    frames = Frames(*size)
    try:
        reducer = FrameReducer(seen, frames.width, frames.height, table)
        work = _Decoder(content, clip, found, seen, frames, reducer, start, seconds, rate)
        with open_container(content) as container, work.deadline.counted():
            work.run(container, progress)
        work.finish(stands)
    except BaseException:
        frames.close()
        raise
    return DecodedClip(frames, work.is_broken, work.was_interlaced, reducer.was_clear)


@dataclass(frozen=True, slots=True)
class _Held:
    """A decoded frame that may be the last of its slot; its time in seconds from the presentation's begin."""

    frame: Any
    time: float
    slot: float


class _Decoder:
    """Decodes a window into frames."""

    def __init__(
        self,
        content: Input,
        clip: Clip,
        found: Scan,
        seen: Look,
        frames: Frames,
        reducer: FrameReducer,
        start: float,
        seconds: float,
        rate: float | None,
    ) -> None:
        self.is_broken = found.is_broken
        self.was_interlaced = False
        self.deadline = Deadline(content.name, content.limits.clip_seconds, process_seconds)
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
        # AVI counts pictures as they are decoded; those that are shown in another order share these times.
        self._stamps: list[float] | None = [] if clip.format == "avi" and stored == times else None
        # Between two fields others are of use, whether kept or not.
        self._needed = None if seen.is_interlaced else _needed(times, start, rate)
        # Those of frames that are not even decoded.
        self._times = [] if self._needed is None else times
        self._last = -math.inf
        self._held: _Held | None = None
        self._kept = -math.inf
        self._first = math.inf
        self._base: Any = None
        self._grid = _grid(times, self._period)
        self._reduce = reducer

    def run(self, container: Any, progress: ProgressCallback | None) -> None:
        stream = container.streams[self._clip.video.index]
        context, self._base = decoder_of(stream), stream.time_base
        deinterlacer = Deinterlacer(stream.time_base)
        context.thread_count = processors.threads(_THREADS)
        context.thread_type = "AUTO"
        context.options = {"skip_loop_filter": self._loop_filter()}
        if not context.has_b_frames:
            self._stamps = None
        if self._stamps is not None:
            self._needed, self._times = None, []
        reported = 0.0
        for packet in until_fault(packets(container, self._clip, self._start), self._broke):
            if self._stamps is not None and packet.pts is not None:
                heappush(self._stamps, self._clip.time(packet.pts, packet.time_base))
            if self._needed is not None and packet.pts is not None:
                at = round(self._clip.time(packet.pts, packet.time_base), 6)
                context.skip_frame = "DEFAULT" if at in self._needed else "NONREF"
            try:
                decoded = context.decode(packet)
            except FFmpegError:
                self.is_broken = True
                continue
            ends = not self._take(deinterlacer.push(decoded))
            self.was_interlaced = deinterlacer.has_worked
            if ends:
                return
            if progress is not None and self._last - self._start >= reported + 1:
                reported = self._last - self._start
                progress(FitProgress("decode", min(reported, self._seconds), self._seconds))
            self.deadline.left()
        self._take(deinterlacer.push(flushed(context)))
        self._take(deinterlacer.flush())

    def _broke(self) -> None:
        self.is_broken = True

    def _loop_filter(self) -> str:
        shown = self._seen.geometry.shown
        ratio = min(shown[0] / self._frames.width, shown[1] / self._frames.height)
        if ratio >= _LEAVE_OUT_ALL:
            return "all"
        return "noref" if ratio >= _LEAVE_OUT_SOME else "default"

    def _take(self, decoded: Iterable[Any]) -> bool:
        """Reduce frames of the window; False behind its end."""
        for frame in decoded:
            at = self._time(frame)
            if at >= self._start + self._seconds - SAME:
                if self._held is None and not len(self._frames):
                    # Pictures begin behind the window only: the first one is shown in it.
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
        """Add the last frame of a slot, shown from between the first that it stands for and itself.

        So nothing is seen more than half of a slot too early or too late.
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
        # Frames that a decoder gives up at the end have no time base of their own.
        at = self._clip.time(frame.pts, frame.time_base or self._base)
        # Stamps that do not grow would be shown in no order at all.
        return at if at > self._last else self._last + self._period / 8

    def _add(self, at: float, frame: Any) -> None:
        if self._grid is not None:
            at = round(at * self._grid) / self._grid
        if not len(self._frames):
            # The first picture is shown from the begin on, though sound may begin before it.
            at = 0.0
        elif at <= self._frames.times[-1]:
            return
        self._frames.append(at, self._reduce(frame))

    def finish(self, stands: float) -> None:
        shown = max(self._end, self._last + self._period) - self._start
        end = min(self._seconds, max(shown, stands))
        if self._held is not None and not (len(self._frames) and self._slots.is_cut(self._held.slot, end)):
            self._keep()
        if not len(self._frames):
            raise SourceError(self._name, "no picture in the window that can be decoded")
        self._frames.end = max(end, self._frames.times[-1] + 0.001)
        last = self._frames.times[-1]
        # In step with the others: else programs take its distance for a frame rate.
        steps = math.floor((self._frames.end - last) / self._period) - 1
        if steps > 0 and self._frames.end - last > STANDS:
            # There are players, and other encoders, for which a clip ends with the begin of its last picture.
            self._frames.append(last + steps * self._period, self._frames[len(self._frames) - 1])


def _grid(times: Sequence[float], period: float) -> float | None:
    """Places a second that the pictures of a variable frame rate are moved to; None for a steady one.

    Players that draw at a fixed rate drop pictures whose times fall anywhere.
    """
    gaps = np.diff(np.unique(times))
    periods = np.rint(gaps / period)
    steady = (np.abs(gaps / period - periods) < _STEADY) & (periods >= 1)
    return None if steady.all() else _GRID


def _needed(times: Sequence[float], start: float, rate: float | None) -> set[float] | None:
    """Times of the frames that will be kept; None when they can't be told before decoding."""
    distinct = set(times)
    if rate is None or len(distinct) < len(times):
        return None
    slots = Slots(start, rate)
    return {round(at, 6) for at in {slots.of(at): at for at in sorted(distinct)}.values()}
