"""Sound: any source that FFmpeg reads, decoded to PCM with its time kept.

Samples are float32, channels x samples, full scale at 1, one channel or two. What
has more channels is mixed down as it is decoded, and what has more than 48,000
samples a second is reduced, so that forty seconds never take more than 16 MB.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.error import FFmpegError

from transcode.errors import LimitsError, SourceError, UnsupportedError
from transcode.kernels import pcm as kernel
from transcode.media import wav
from transcode.media.container import audio_streams, open_container
from transcode.media.pcm import Pcm, Resampler, exactly, silence, to_channels
from transcode.model import FitProgress, Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.layout import AudioLayout
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    from transcode.media.source import Content
    from transcode.model import ProgressCallback

__all__ = [
    "MAX_RATE",
    "Decoded",
    "SoundInfo",
    "best_stream",
    "decode",
    "probe",
]

#: The most samples a second that are kept: no receiver plays more.
MAX_RATE = 48_000

#: More channels than that are no recording: 22.2 is the largest layout in use (ITU-R BS.2051).
_MAX_CHANNELS = 24

#: PyAV looks for the planes of a frame up to a null, which eight of them and more leave no room
#: for: such frames are interleaved first.
_MANY = 8

#: A source that asks for a later beginning is sought in, if its demuxer keeps exact times; the
#: decoder gets so many seconds to warm up. Elsewhere everything before the beginning is decoded.
_EXACT_SEEK = frozenset(("mov", "matroska", "wav", "flac"))
_WARM_UP = 1.0

#: Timestamps that leave the count of samples by so many seconds are believed at once, smaller
#: ones when so many frames in a row say the same: containers round times to a millisecond or to
#: a frame, and each correction can be heard.
_JUMP = 0.05
_DRIFT = 0.015
_DRIFT_FRAMES = 25

#: What rounding of two times to a millisecond makes of the distance between them.
_ROUNDED = 0.002

#: Damaged packets in a row after which nothing more is expected.
_HOPELESS = 1000

#: How far a source may end before its header says, in seconds, without a word about it.
_SHORT = 0.5


#: The channels of a stream that does not name them, by their number, in the order of WAV
#: (WAVEFORMATEXTENSIBLE).
_UNNAMED = {
    1: "FC",
    2: "FL FR",
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC BL BR",
    6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What the header of the best audio stream says. Durations in headers lie.

    Attributes:
        container: FFmpeg's name of the demuxer.
        codec: FFmpeg's name of the codec.
        rate: samples a second.
        channels: their number.
        seconds: its duration, None when the header has none.
        bit_rate: in bits a second, None when nobody knows.
        others: further audio streams that could be decoded.
    """

    container: str
    codec: str
    rate: int
    channels: int
    seconds: float | None
    bit_rate: int | None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A range of a source, decoded.

    Attributes:
        pcm: the sound; its first sample is the beginning of the range.
        info: what the header says.
        notes: what was mixed, filled, or missing.
        ended: whether the source ended inside of the range, so that nothing of it was cut off.
        source_seconds: the duration of the source: measured where it ended, else as the header says.
    """

    pcm: Pcm
    info: SoundInfo
    notes: tuple[Note, ...]
    ended: bool
    source_seconds: float | None


def probe(content: Content) -> SoundInfo:
    """What the headers say of the best audio stream.

    Raises:
        UnsupportedError: there is no sound in it that a decoder is there for.
        SourceError: it can't be opened.
    """
    with open_container(content) as container:
        return _info(container, best_stream(container, content.name))


def best_stream(container: InputContainer, name: str) -> AudioStream:
    """The audio stream that a player would choose: the default one, not a commentary.

    Raises:
        UnsupportedError: there is none that a decoder is there for.
    """
    streams = audio_streams(container)
    if not streams:
        raise UnsupportedError(name, "there is no sound in it that can be decoded")
    return streams[_ranked(streams)[0]]


def _ranked(streams: list[AudioStream]) -> list[int]:
    """The order in which streams are worth a try."""
    flag = av.stream.Disposition
    special = flag.comment | flag.hearing_impaired | flag.visual_impaired | flag.karaoke

    def rank(index: int) -> tuple[bool, bool, int]:
        mark = streams[index].disposition
        return (bool(mark & special), not mark & flag.default, index)

    return sorted(range(len(streams)), key=rank)


def _info(container: InputContainer, stream: AudioStream) -> SoundInfo:
    context = stream.codec_context
    seconds = None
    if stream.duration is not None and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1_000_000
    return SoundInfo(
        container=container.format.name,
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        channels=context.channels,
        seconds=seconds,
        bit_rate=context.bit_rate or None,
        others=len(audio_streams(container)) - 1,
    )


def decode(
    content: Content,
    *,
    start: float = 0.0,
    max_seconds: float = 40.0,
    origin: float | None = None,
    progress: ProgressCallback | None = None,
) -> Decoded:
    """Decode a range of the best audio stream.

    Encoder delay and padding that the container declares are left out. Where
    timestamps leave a gap there is silence; where they overlap, the later sound
    holds. No more than the range is decoded, and, in containers without exact
    times, what stands before it.

    Args:
        content: the source.
        start: where the range begins, in seconds.
        max_seconds: its longest duration, in seconds.
        origin: the time in the container that counts as zero, in seconds, for sound
            that belongs to pictures; sound that begins later is preceded by
            silence. None: where the sound begins.
        progress: called about once a second of sound.

    Raises:
        UnsupportedError: there is no sound in it that can be decoded.
        SourceError: it can't be opened, or nothing in it can be decoded.
        LimitsError: the source ends before start.
    """
    with open_container(content) as container:
        streams = audio_streams(container)
        best_stream(container, content.name)
        error: SourceError | None = None
        for index in _ranked(streams):
            try:
                return _decode_stream(
                    content, container, streams[index], start, max_seconds, origin, progress
                )
            except SourceError as caught:
                error = error or caught
            # A file without a packet can't be sought in.
            with suppress(FFmpegError, OSError):
                container.seek(0)
    assert error is not None  # noqa: S101  (each stream either returned or raised)
    raise error


def _decode_stream(
    content: Content,
    container: InputContainer,
    stream: AudioStream,
    start: float,
    max_seconds: float,
    origin: float | None,
    progress: ProgressCallback | None,
) -> Decoded:
    info = _info(container, stream)
    reader = _Reader(content.name, container, stream)
    frames = reader.frames()
    first = next(frames, None)
    if first is None:
        raise SourceError(content.name, f"none of its sound ({info.codec}) can be decoded")
    zero = (first.time or Fraction(0)) if origin is None else Fraction(origin)
    line = _Line(first, zero, start, max_seconds)
    if start > _WARM_UP + 10 and not _EXACT_SEEK.isdisjoint(info.container.split(",")):
        frames = reader.frames_from(float(zero) + start - _WARM_UP)
    else:
        line.add(first)
    reported = 0.0
    # Of a file whose header says where its sound ends, the encoder's padding stands behind that.
    padding = _padding(info, start + max_seconds)
    for frame in frames:
        line.add(frame)
        if progress is not None and line.seconds >= reported + 1:
            reported = line.seconds
            progress(FitProgress("decode", min(reported, max_seconds), max_seconds))
        if line.beyond > padding:
            break
    pcm, cut = line.finish(), line.beyond > padding
    measured = None if cut else line.end
    if measured is not None and padding and info.seconds is not None:
        # What belongs to pictures may begin later than they do.
        said = info.seconds + (0.0 if first.time is None else max(0.0, float(first.time - zero)))
        length = round((said - start) * pcm.rate)
        if length > 0 and 0 < pcm.length - length <= padding * pcm.rate:
            pcm, measured = Pcm(exactly(pcm.samples, length), pcm.rate), said
    if not pcm.length:
        if measured is None or start <= 0:
            raise SourceError(content.name, f"none of its sound ({info.codec}) can be decoded")
        raise LimitsError(f"start is {start:g} s, but {content.name} ends after {measured:.2f} s")
    notes = [*line.notes(), *reader.notes()]
    if measured is not None and _exact_duration(content, info):
        # FFmpeg takes a file that ends early for one whose header says so.
        said = (wav.seconds(content.data) if info.container == "wav" else None) or info.seconds or 0.0
        if measured < said - max(_SHORT, 0.01 * said):
            text = f"the source ends after {measured:.2f} s; its header says {said:.2f} s"
            notes.append(Note("source-truncated", text))
    seconds = measured if measured is not None else info.seconds
    return Decoded(pcm, info, tuple(notes), measured is not None, seconds)


def _padding(info: SoundInfo, end: float) -> float:
    """Seconds that may stand behind the sound and are none of it: two frames of AAC."""
    if "mov" not in info.container.split(",") or info.seconds is None or info.seconds > end:
        return 0.0
    return 2048 / info.rate


def _exact_duration(content: Content, info: SoundInfo) -> bool:
    """Whether the header counts samples or frames; else FFmpeg guesses from size and rate."""
    if info.container == "mp3":
        head = bytes(content.data[: 1 << 20])
        return b"Xing" in head or b"Info" in head
    return info.container not in ("aac", "ac3", "eac3", "amr", "loas", "dts", "mpeg", "mpegts")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Decoded samples: float32, every channel of the source, with the time of the first or None."""

    samples: NDArray[np.float32]
    names: tuple[str, ...]
    rate: int
    time: Fraction | None


class _Reader:
    """Frames of one stream, and what was wrong with it."""

    def __init__(self, name: str, container: InputContainer, stream: AudioStream) -> None:
        self._name = name
        self._container = container
        self._stream = stream
        self._damaged = 0
        self._pending = 0

    def frames(self) -> Iterator[_Frame]:
        """Every frame from where the demuxer stands. Damaged packets are left out."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError, EOFError):
                # Counted when sound follows: octets behind the end are no damage.
                self._pending += 1
                if self._pending > _HOPELESS:
                    return
                continue
            for frame in frames:
                found = _frame(self._name, frame)
                if found is not None:
                    self._damaged += self._pending
                    self._pending = 0
                    yield found

    def frames_from(self, seconds: float) -> Iterator[_Frame]:
        """Every frame from a little before a time in the container."""
        time_base = self._stream.time_base or Fraction(1, 1_000_000)
        try:
            self._container.seek(max(0, int(seconds / time_base)), stream=self._stream)
        except (FFmpegError, OSError):
            with suppress(FFmpegError, OSError):
                self._container.seek(0)
        return self.frames()

    def _packets(self) -> Iterator[av.Packet[AudioStream]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                yield next(packets)
            except (StopIteration, EOFError):
                return
            except (FFmpegError, OSError, ValueError):
                # Whatever else is wrong with the file, this is where its sound ends.
                return

    def notes(self) -> list[Note]:
        """What was left out."""
        if not self._damaged:
            return []
        packets = "1 packet is" if self._damaged == 1 else f"{self._damaged:,} packets are"
        return [Note("source-damaged", f"{packets} damaged and left out")]


def _frame(name: str, frame: AudioFrame) -> _Frame | None:
    """A frame of FFmpeg's as floats; None for one without samples."""
    channels, count = len(frame.layout.channels), frame.samples
    if channels < 1 or count < 1 or frame.sample_rate < 1:
        return None
    if channels > _MAX_CHANNELS:
        raise UnsupportedError(name, f"sound of {channels} channels; {_MAX_CHANNELS} are the most")
    try:
        if frame.format.is_planar and channels >= _MANY:
            (frame,) = av.AudioResampler(format="flt").resample(frame)
        raw: NDArray[Any] = frame.to_ndarray()
    except (ValueError, FFmpegError) as error:
        raise UnsupportedError(name, f"samples of the format {frame.format.name}") from error
    if not frame.format.is_planar:
        raw = raw.reshape(count, channels).T
    if raw.dtype == np.float64:
        raw = raw.astype(np.float32)
    samples = np.empty((channels, count), np.float32)
    kernel.to_float(raw, samples)
    time = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else None
    return _Frame(samples, _names(frame.layout), frame.sample_rate, time)


def _names(layout: AudioLayout) -> tuple[str, ...]:
    """The channels' names; by their number where the stream does not tell."""
    channels = len(layout.channels)
    if layout.name.endswith(" channels"):
        return tuple(_UNNAMED.get(channels, "FL FR" + " FC" * (channels - 2)).split())
    return tuple(channel.name for channel in layout.channels)


class _Line:
    """The wanted range, filled by frames at the places that their times give them.

    Places are samples at the source's rate from the beginning of the range. The first
    frame waits for the second: a container that cuts encoder delay by an edit list
    may give it a time that does not go with its length.
    """

    def __init__(self, first: _Frame, zero: Fraction, start: float, max_seconds: float) -> None:
        self.rate = first.rate
        self.channels = 1 if len(first.names) == 1 else 2
        self._zero = zero
        self._begin = round(Fraction(start) * first.rate)
        self._total = max(1, round(Fraction(max_seconds) * first.rate))
        self._next: int | None = None
        self._held: _Frame | None = None
        self._late = 0
        self._pieces: list[NDArray[np.float32]] = []
        self._stored = 0
        self._beyond = 0
        self._filled = 0
        self._most_channels = len(first.names)
        self._other_rate: tuple[int, Resampler] | None = None
        self._reduce = Resampler(first.rate, MAX_RATE, self.channels) if first.rate > MAX_RATE else None

    @property
    def beyond(self) -> float:
        """How much sound came that stands behind the range, in seconds."""
        return self._beyond / self.rate

    @property
    def seconds(self) -> float:
        """How much of the range is filled, in seconds."""
        return self._stored / self.rate

    @property
    def end(self) -> float:
        """Where the last frame ended, in seconds from zero."""
        return max(0, (self._next or 0) + self._begin) / self.rate

    def add(self, frame: _Frame) -> None:
        """Put a frame in its place."""
        self._most_channels = max(self._most_channels, len(frame.names))
        if self._next is None and self._held is None:
            self._held = frame
            return
        if self._held is not None:
            self._put_first(self._held, frame)
        self._put(frame)

    def finish(self) -> Pcm:
        """The range as it was filled; shorter when the source ended."""
        if self._held is not None:
            self._put_first(self._held, None)
        stored = self._stored
        if self._reduce is not None:
            self._pieces += self._reduce.flush()
        rate = min(self.rate, MAX_RATE)
        whole = np.concatenate(self._pieces, axis=1) if self._pieces else silence(self.channels, 0)
        self._pieces = []
        return Pcm(exactly(whole, round(stored * rate / self.rate)), rate)

    def notes(self) -> list[Note]:
        """What happened to channels, rates and gaps."""
        notes = []
        if self._most_channels > 2:
            notes.append(Note("mixed-down", f"{self._most_channels} channels mixed down to stereo"))
        if self.rate > MAX_RATE:
            notes.append(Note("resampled", f"{self.rate:,} samples a second reduced to {MAX_RATE:,}"))
        if self._filled > self.rate // 10:
            text = f"{self._filled / self.rate:.2f} s without sound are silent"
            notes.append(Note("gap-filled", text))
        return notes

    def _place(self, time: Fraction) -> int:
        return round((time - self._zero) * self.rate) - self._begin

    def _put_first(self, held: _Frame, second: _Frame | None) -> None:
        self._held = None
        place = -self._begin if held.time is None else self._place(held.time)
        if second is not None and second.time is not None and second.rate == held.rate:
            length = held.samples.shape[1]
            ideal = self._place(second.time) - length
            if _ROUNDED * held.rate < abs(ideal - place) < length:
                place = ideal
        self._next = min(place, 0)
        self._fill(place)
        self._append(held)

    def _put(self, frame: _Frame) -> None:
        place = self._next or 0
        if frame.time is not None:
            meant = self._place(frame.time)
            off = meant - place
            self._late = self._late + 1 if abs(off) > _DRIFT * self.rate else 0
            if abs(off) > _JUMP * self.rate or self._late >= _DRIFT_FRAMES:
                self._late = 0
                if off > 0:
                    self._fill(meant)
                else:
                    frame = _Frame(frame.samples[:, -off:], frame.names, frame.rate, None)
        self._append(frame)

    def _fill(self, place: int) -> None:
        """Silence up to a place."""
        here = self._next or 0
        if place <= here:
            return
        silent = min(place, self._total) - max(here, 0)
        self._next = place
        if silent > 0:
            self._filled += silent
            self._store(silence(self.channels, silent))

    def _append(self, frame: _Frame) -> None:
        if not frame.samples.shape[1]:
            return
        samples = np.ascontiguousarray(frame.samples)
        if len(frame.names) > 1 and self.channels == 1:
            self._widen()
        samples = to_channels(samples, frame.names, self.channels)
        for piece in self._at_own_rate(samples, frame.rate):
            here = self._next or 0
            self._next = here + piece.shape[1]
            self._beyond += min(piece.shape[1], max(0, self._next - self._total))
            inside = piece[:, max(0, -here) : max(0, self._total - here)]
            if inside.shape[1]:
                self._store(inside)

    def _at_own_rate(self, samples: NDArray[np.float32], rate: int) -> list[NDArray[np.float32]]:
        """Samples at the rate of the first frame, should a later one have another."""
        if self._other_rate is not None and self._other_rate[0] != rate:
            rest = self._other_rate[1].flush()
            self._other_rate = None
            return [*rest, *self._at_own_rate(samples, rate)]
        if rate == self.rate:
            return [samples]
        if self._other_rate is None:
            self._other_rate = (rate, Resampler(rate, self.rate, self.channels))
        return self._other_rate[1].push(samples)

    def _widen(self) -> None:
        """One channel so far, two from now on: as when a decoder finds parametric stereo."""
        self.channels = 2
        self._pieces = [np.repeat(piece, 2, axis=0) for piece in self._pieces]
        if self._reduce is not None:
            self._reduce = Resampler(self.rate, MAX_RATE, 2)
        self._other_rate = None

    def _store(self, samples: NDArray[np.float32]) -> None:
        self._stored += samples.shape[1]
        self._pieces += [samples] if self._reduce is None else self._reduce.push(samples)
