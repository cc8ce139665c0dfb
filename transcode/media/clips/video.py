"""The pictures of a clip: decoded once, reduced, upright, with square pixels.

Planes stay planes. A decoder's rows are padded, so they are read through their row step; each
plane is resampled by the project's own kernel to the target size of 4:2:0, and turned upright
there, where there is little of it.
"""

from __future__ import annotations

import math
import os
import re
import time
from bisect import bisect_right
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.clips import side_data
from transcode.media.clips.clip import packets
from transcode.media.clips.deinterlace import Deinterlacer
from transcode.media.clips.dolby_vision import is_ipt
from transcode.media.clips.frames import Frames, packed_rows, planes
from transcode.media.clips.video_alpha import OPAQUE, decoder_of, has_alpha, over_white
from transcode.media.samples.cicp import Signal
from transcode.media.samples.planes import Plane, resample, upright
from transcode.media.source.container import open_container
from transcode.media.source.timing import SAME, STANDS
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from transcode.media.clips.clip import Clip, Scan
    from transcode.media.clips.video_colour import Table
    from transcode.media.source.inputs import Input
    from transcode.model import ProgressCallback

__all__ = ["MAX_SECONDS", "DecodedClip", "Geometry", "Look", "Slots", "decode", "look"]

#: Seconds of processor time, of all threads, that decoding one window may take.
MAX_SECONDS = 240.0

#: Threads of a decoder: more than four frames at once cost memory and give little.
_THREADS = 4

#: The matrix of BT.601 (ITU-T H.273, table 4).
_BT601 = 6

#: Names of the layouts whose planes are taken as they are: sub-sampling, and bits where there
#: are more than eight.
_LAYOUT = re.compile(r"yuv[ja]?(420|422|444|440|411|410)p(?:(9|10|12)le)?")

#: How chroma is sub-sampled across and down.
_SUB_SAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "440": (1, 2), "411": (4, 1), "410": (4, 4)}

#: Places a second for pictures of a variable frame rate: none moves by more than 9 ms.
_GRID = 60.0

#: What a steady clip's time from picture to picture may deviate from a whole number of periods by.
_STEADY = 0.05

#: Pixels that are so nearly square leave as they are: nobody sees it, but all see the blur of a picture
#: that is resampled by a few rows.
_SQUARE = 1.025

#: A source whose pictures are this many times as large as the target on each side is decoded without
#: the deblocking filter: first that of pictures that no other is predicted from, then all. Leaving out all
#: costs a coded clip of 1080p 0.5 points of SSIMULACRA2 where it is reduced 3.2 times, 0.3 at 4.2 times.
_LEAVE_OUT_SOME = 2.0
_LEAVE_OUT_ALL = 4.0


@dataclass(frozen=True, slots=True)
class Geometry:
    """How stored frames are shown.

    Attributes:
        width, height: in stored pixels.
        aspect: width of a stored pixel in units of its height.
        orientation: 1 to 8, as in EXIF.
    """

    width: int
    height: int
    aspect: float
    orientation: int

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as shown, upright and with (nearly) square pixels, never more than are stored."""
        width, height = float(self.width), float(self.height)
        if self.aspect >= _SQUARE:
            height /= self.aspect
        elif self.aspect <= 1 / _SQUARE:
            width *= self.aspect
        size = max(1, round(width)), max(1, round(height))
        return size[::-1] if self.orientation > 4 else size


@dataclass(frozen=True, slots=True)
class Look:
    """What only a decoded frame tells.

    Attributes:
        geometry: how frames are shown.
        signal: what their samples mean; the range is always told.
        depth: bits of a sample.
        is_interlaced: whether its lines are of two times in turn.
    """

    geometry: Geometry
    signal: Signal
    depth: int
    is_interlaced: bool = False


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


def look(content: Input, clip: Clip, start: float) -> Look:
    """Decode the first frame of a window to see how frames are shown.

    Raises:
        SourceError: there is none that can be decoded.
        UnsupportedError: its colours need a Dolby Vision display.
    """
    with open_container(content) as container:
        context = decoder_of(container.streams[clip.video.index])
        context.thread_count = 1
        for packet in _until_fault(packets(container, clip, start)):
            try:
                frames = context.decode(packet)
            except FFmpegError:
                continue
            if frames:
                return _look(frames[0], clip, content.name)
        frames = _flushed(context)
        if frames:
            return _look(frames[0], clip, content.name)
    raise SourceError(content.name, f"none of its pictures ({clip.video.codec}) can be decoded")


def _until_fault(found: Iterator[Any], broke: Callable[[], object] = bool) -> Iterator[Any]:
    """Packets until a demuxer gives up; it is called then. What was read before is shown."""
    try:
        yield from found
    except (FFmpegError, OSError, ValueError):
        broke()


def _flushed(context: Any) -> list[Any]:
    try:
        return list(context.decode(None))
    except (FFmpegError, EOFError):
        return []


def _look(frame: Any, clip: Clip, name: str) -> Look:
    if is_ipt(frame):
        raise UnsupportedError(name, "Dolby Vision without pictures for other players (profile 5)")
    orientation = _orientation(side_data.octets(frame, side_data.DISPLAY_MATRIX) or b"")
    signal = Signal.of(frame)
    full = frame.format.name.startswith("yuvj") if signal.full is None else signal.full
    # What is RGB is brought to planes by the matrix of BT.601, as FFmpeg does unless told otherwise.
    matrix = _BT601 if frame.format.is_rgb else signal.matrix
    return Look(
        Geometry(frame.width, frame.height, clip.video.aspect, orientation),
        Signal(signal.primaries, signal.transfer, matrix, full),
        max((component.bits for component in frame.format.components), default=8),
        bool(frame.interlaced_frame),
    )


def _orientation(matrix: bytes) -> int:
    """The EXIF orientation of a display matrix (ISO/IEC 14496-12, 6.2.2).

    Its upper left quarter says where the stored x and y axes point when shown; shears and angles
    between the quarters of a turn go to the nearest.
    """
    if len(matrix) < 36:
        return 1
    a, b, _, c, d = np.frombuffer(matrix[:20], "<i4").tolist()
    if not (a or b or c or d):
        return 1
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}[a >= 0, d >= 0]
    return {(True, True): 5, (True, False): 6, (False, False): 7, (False, True): 8}[b >= 0, c >= 0]


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
        with open_container(content) as container:
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
        context.thread_count = min(_THREADS, os.cpu_count() or 1)
        context.thread_type = "AUTO"
        context.options = {"skip_loop_filter": self._loop_filter()}
        if not context.has_b_frames:
            self._stamps = None
        if self._stamps is not None:
            self._needed, self._times = None, []
        used, reported = time.process_time(), 0.0
        for packet in _until_fault(packets(container, self._clip, self._start), self._broke):
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
            if time.process_time() - used > MAX_SECONDS:
                raise CapError(self._name, f"decoding takes more than {MAX_SECONDS:.0f} seconds")
        self._take(deinterlacer.push(_flushed(context)))
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


class FrameReducer:
    """Turns a decoder's frames into packed 4:2:0 pictures of one size.

    Args:
        seen: how they are shown.
        width, height: of the result, upright; both even.
        table: what becomes of the colours, or None.

    Attributes:
        was_clear: whether a frame so far was transparent in places.
    """

    def __init__(self, seen: Look, width: int, height: int, table: Table | None = None) -> None:
        self.was_clear = False
        self._full = bool(seen.signal.full)
        self._table = table
        self._orientation = seen.geometry.orientation
        self._width = width
        self._height = height
        self._stored = (height, width) if self._orientation > 4 else (width, height)
        self._range = _narrowing() if seen.signal.full else None

    def __call__(self, frame: Any) -> NDArray[np.uint8]:
        packed = np.empty((packed_rows(self._height), self._width), np.uint8)
        targets = planes(packed, self._width, self._height)
        parts = self._converted(frame) if self._table is not None else self._reduced(frame)
        for part, target in zip(parts, targets, strict=True):
            target[...] = upright(part, self._orientation)
        return packed

    def _opaque(self, frame: Any) -> list[Plane]:
        parts = _planes(frame)
        if len(parts) == 3 or parts[3].samples.min() >= OPAQUE:
            return parts[:3]
        self.was_clear = True
        return over_white(parts[:3], parts[3].samples, full=self._full)

    def _reduced(self, frame: Any) -> list[NDArray[np.uint8]]:
        width, height = self._stored
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        small = [resample(part, *size) for part, size in zip(self._opaque(frame), sizes, strict=True)]
        if self._range is None:
            return small
        return [self._range[min(number, 1)][part] for number, part in enumerate(small)]

    def _converted(self, frame: Any) -> list[NDArray[np.uint8]]:
        """The same with other colours: a pixel needs all its samples for that."""
        assert self._table is not None  # noqa: S101  (the caller asks)
        small = [resample(part, *self._stored) for part in self._opaque(frame)]
        self._table.apply(small)
        return [small[0], *map(_halved, small[1:])]


def _planes(frame: Any) -> list[Plane]:
    """A decoder's three planes, and that of alpha if there is one, without a copy where they have 8 bits."""
    found = _LAYOUT.fullmatch(frame.format.name)
    is_clear = has_alpha(frame)
    if found is None:
        frame = frame.reformat(format="yuva420p" if is_clear else "yuv420p")
        found = _LAYOUT.fullmatch("yuv420p")
        assert found is not None  # noqa: S101  (it is one of them)
    across, down = _SUB_SAMPLING[found[1]]
    depth = int(found[2] or 8)
    own = frame.width, frame.height
    covers = (own, *((frame.width / across, frame.height / down),) * 2, *((own,) if is_clear else ()))
    return [
        Plane(_samples(plane, math.ceil(size[0]), math.ceil(size[1]), depth), *size)
        for plane, size in zip(frame.planes[: len(covers)], covers, strict=True)
    ]


def _samples(plane: Any, width: int, height: int, depth: int) -> NDArray[np.uint8]:
    """A decoder's plane as rows x columns of eight bits: in place where it has as many."""
    step = 1 if depth == 8 else 2
    rows = np.frombuffer(plane, np.uint8 if depth == 8 else np.uint16)
    strides = (plane.line_size, step)
    samples = np.lib.stride_tricks.as_strided(rows, (height, width), strides, writeable=False)
    if depth == 8:
        return samples
    # FFmpeg's own conversion lays a dither over flat areas, which costs bits and shows.
    half, shift = np.uint16(1 << (depth - 9)), np.uint16(depth - 8)
    narrowed: NDArray[np.uint8] = np.minimum((samples + half) >> shift, np.uint16(255)).astype(np.uint8)
    return narrowed


def _halved(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A plane of even sides at half of them: the mean of each four samples."""
    rows = plane[::2].astype(np.uint16) + plane[1::2]
    return ((rows[:, ::2] + rows[:, 1::2] + np.uint16(2)) >> np.uint16(2)).astype(np.uint8)


def _narrowing() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma and chroma of the full range in the narrow one (ITU-T H.273, 8.3)."""
    codes = np.arange(256)
    luma = np.rint(16 + codes * 219 / 255)
    chroma = np.clip(np.rint(128 + (codes - 128) * 224 / 255), 16, 240)
    return luma.astype(np.uint8), chroma.astype(np.uint8)
