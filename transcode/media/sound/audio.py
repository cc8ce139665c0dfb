"""Sound: any source that FFmpeg reads, decoded to PCM with its time kept.

Samples are float32, channels x samples, full scale at 1, one channel or two. What
has more channels is mixed down as it is decoded, and what has more than 48,000
samples a second is reduced, so that forty seconds never take more than 16 MB.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.error import FFmpegError

from transcode.errors import LimitsError, SourceError, UnsupportedError
from transcode.kernels import pcm as kernel
from transcode.media.samples.pcm import Pcm, conversion, converted, exactly
from transcode.media.sound import amr, wav
from transcode.media.sound.timeline import Line, SoundFrame
from transcode.media.source import amr_file
from transcode.media.source.container import (
    audio_streams,
    open_container,
    said_seconds,
    tags_of,
    undecoded,
    video_streams,
)
from transcode.media.source.timing import Restarts
from transcode.model import FitProgress, Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.layout import AudioLayout
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input
    from transcode.model import ProgressCallback

__all__ = [
    "DecodedSound",
    "SoundInfo",
    "best_stream",
    "decode",
    "probe",
]

#: More channels than that are no recording: 22.2 is the largest layout in use (ITU-R BS.2051).
_MAX_CHANNELS = 24

#: PyAV looks for the planes of a frame up to a null, which eight of them and more leave no room
#: for: such frames are interleaved first.
_MANY = 8

#: A source that asks for a later beginning is sought in, if its demuxer keeps exact times; the
#: decoder gets so many seconds to warm up. Elsewhere everything before the beginning is decoded.
_EXACT_SEEK = frozenset(("mov", "matroska", "wav", "flac"))
_WARM_UP = 1.0

#: Damaged packets in a row after which nothing more is expected. Chosen.
_HOPELESS = 1000

#: How far a source may end before its header says, in seconds, without a word about it. Chosen.
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
        besides: words for what else is in it, none of which leaves with the sound: tags, cover pictures.
    """

    container: str
    codec: str
    rate: int
    channels: int
    seconds: float | None
    bit_rate: int | None
    others: int = 0
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedSound:
    """A range of a source, decoded.

    Attributes:
        pcm: the sound; its first sample is the beginning of the range.
        info: what the header says.
        notes: what was mixed, filled, or missing.
        is_plain: whether it is what a player makes of the source's packets: none was missing, nothing mixed.
        ended: whether the source ended inside of the range, so that nothing of it was cut off.
        source_seconds: the duration of the source: measured where it ended, else as the header says.
    """

    pcm: Pcm
    info: SoundInfo
    notes: tuple[Note, ...]
    is_plain: bool
    ended: bool
    source_seconds: float | None


def probe(content: Input) -> SoundInfo:
    """What the headers say of the best audio stream.

    Raises:
        UnsupportedError: there is no sound in it that a decoder is there for.
        SourceError: it can't be opened.
    """
    with open_container(content) as container:
        return _info(content, container, best_stream(container, content))


def best_stream(container: InputContainer, content: Input) -> AudioStream:
    """The audio stream that a player would choose: the default one, not a commentary.

    Raises:
        UnsupportedError: there is none that a decoder is there for.
    """
    streams = audio_streams(container, content)
    if not streams:
        lost = dict.fromkeys(lost.codec for lost in undecoded(content, container) if lost.kind == "audio")
        words = f": it is {'; '.join(lost)}" if lost else ""
        raise UnsupportedError(content.name, f"there is no sound in it that can be decoded{words}")
    return streams[_ranked(streams)[0]]


def _ranked(streams: list[AudioStream]) -> list[int]:
    """The order in which streams are worth a try."""
    flag = av.stream.Disposition
    special = flag.comment | flag.hearing_impaired | flag.visual_impaired | flag.karaoke

    def rank(index: int) -> tuple[bool, bool, int]:
        mark = streams[index].disposition
        return (bool(mark & special), not mark & flag.default, index)

    return sorted(range(len(streams)), key=rank)


def _info(content: Input, container: InputContainer, stream: AudioStream) -> SoundInfo:
    context = stream.codec_context
    seconds = None
    if amr_file.is_file(content):
        seconds = amr_file.seconds(content)
    elif stream.duration is not None and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        seconds = said_seconds(container, begin)
    return SoundInfo(
        container=container.format.name,
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        channels=context.channels,
        seconds=seconds,
        bit_rate=context.bit_rate or None,
        others=len(audio_streams(container, content)) - 1,
        besides=_besides(content, container, stream),
    )


def _besides(content: Input, container: InputContainer, stream: AudioStream) -> tuple[str, ...]:
    """What stands in a source besides sound, in words. Ogg has its tags in its streams."""
    words = tags_of(container)
    own = {name.lower() for name in stream.metadata} if container.format.name == "ogg" else set()
    if not words and own - {"encoder"}:
        words = ("tags",)
    known = len(audio_streams(container, content)) + len(undecoded(content, container))
    return words if len(container.streams) <= known else (*words, "other streams than the sound")


def decode(
    content: Input,
    *,
    start: float = 0.0,
    max_seconds: float = 40.0,
    origin: float | None = None,
    progress: ProgressCallback | None = None,
) -> DecodedSound:
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
        streams = audio_streams(container, content)
        best_stream(container, content)
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
    content: Input,
    container: InputContainer,
    stream: AudioStream,
    start: float,
    max_seconds: float,
    origin: float | None,
    progress: ProgressCallback | None,
) -> DecodedSound:
    info = _info(content, container, stream)
    reader = (
        amr.FileReader(content) if amr_file.is_file(content) else _Reader(content.name, container, stream)
    )
    frames = reader.frames()
    first = next(frames, None)
    if first is None:
        raise SourceError(content.name, f"none of its sound ({info.codec}) can be decoded")
    zero = (first.time or Fraction(0)) if origin is None else Fraction(origin)
    line = Line(first, zero, start, max_seconds)
    is_exact = amr_file.is_file(content) or not _EXACT_SEEK.isdisjoint(info.container.split(","))
    if start > _WARM_UP + 10 and is_exact:
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
    is_plain = reader.is_plain and not line.notes()
    if measured is not None and _exact_duration(content, info) and _is_own(content, container, stream):
        # FFmpeg takes a file that ends early for one whose header says so.
        said = (wav.seconds(content.data) if info.container == "wav" else None) or info.seconds or 0.0
        if measured < said - max(_SHORT, 0.01 * said):
            text = f"the source ends after {measured:.2f} s; its header says {said:.2f} s"
            notes.append(Note("source-truncated", text))
            is_plain = False
    seconds = measured if measured is not None else info.seconds
    return DecodedSound(pcm, info, tuple(notes), is_plain, measured is not None, seconds)


def _padding(info: SoundInfo, end: float) -> float:
    """Seconds that may stand behind the sound and are none of it: two frames of AAC."""
    if "mov" not in info.container.split(",") or info.seconds is None or info.seconds > end:
        return 0.0
    return 2048 / info.rate


def _is_own(content: Input, container: InputContainer, stream: AudioStream) -> bool:
    """Whether a duration is the sound's: in Matroska only the whole has one, and pictures may go on."""
    if stream.duration is not None:
        return True
    return len(audio_streams(container, content)) + len(video_streams(container, content)) == 1


def _exact_duration(content: Input, info: SoundInfo) -> bool:
    """Whether the header counts samples or frames; else FFmpeg guesses from size and rate."""
    if info.container == "mp3":
        head = bytes(content.data[: 1 << 20])
        return b"Xing" in head or b"Info" in head
    return info.container not in ("aac", "ac3", "eac3", "amr", "loas", "dts", "mpeg", "mpegts")


class _Reader:
    """Frames of one stream, and what was wrong with it."""

    def __init__(self, name: str, container: InputContainer, stream: AudioStream) -> None:
        self._name = name
        self._container = container
        self._stream = stream
        self._damaged = 0
        self._pending = 0
        codec = stream.codec_context.codec.canonical_name
        self._amr = amr.Packets(codec) if codec in amr.RATES else None
        self._ticks = _samples_of_a_tick(container, stream)
        self._is_joined = False

    @property
    def is_plain(self) -> bool:
        """Whether no packet was damaged, and none left out."""
        whole = self._amr.is_plain if self._amr is not None else not self._damaged
        return whole and not self._is_joined

    def frames(self) -> Iterator[SoundFrame]:
        """Every frame from where the demuxer stands. Damaged packets are left out."""
        if self._amr is not None:
            # FFmpeg's own decoders of it know neither comfort noise nor frames without data.
            yield from self._amr.frames(self._packets())
            return
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

    def frames_from(self, seconds: float) -> Iterator[SoundFrame]:
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
        restarts = Restarts(self._container.format.name)
        while True:
            try:
                packet = next(packets)
                if self._is_joined or restarts.at(packet):
                    self._is_joined = True
                    return
                if packet.has_sidedata("skip_samples"):
                    _count_samples(packet, self._ticks)
                yield packet
            except (StopIteration, EOFError):
                return
            except (FFmpegError, OSError, ValueError):
                # Whatever else is wrong with the file, this is where its sound ends.
                return

    def notes(self) -> list[Note]:
        """What was left out."""
        found = []
        if self._is_joined:
            text = "the clock of its sound begins anew, as where files are joined: the rest is lost"
            found.append(Note("source-truncated", text))
        if self._amr is not None:
            return [*found, *self._amr.notes()]
        if self._damaged:
            packets = "1 packet is" if self._damaged == 1 else f"{self._damaged:,} packets are"
            found.append(Note("source-damaged", f"{packets} damaged and left out"))
        return found


def _samples_of_a_tick(container: InputContainer, stream: AudioStream) -> Fraction:
    """What a packet's count of samples to leave out is to be multiplied by.

    Of MP4 and the like FFmpeg's demuxer takes it from the edit list as it stands there: in ticks of the
    track's clock. What is written today has a tick a sample, but no standard says so.
    """
    if "mov" not in container.format.name.split(",") or not stream.time_base:
        return Fraction(1)
    return stream.codec_context.sample_rate * stream.time_base


def _count_samples(packet: av.Packet[AudioStream], ticks: Fraction) -> None:
    """Let a packet say in samples what is left out at its begin; see _samples_of_a_tick."""
    data = bytes(packet.get_sidedata("skip_samples"))
    if ticks == 1 or len(data) < 4:
        return
    found = packet.get_sidedata("skip_samples")
    samples = min(round(struct.unpack_from("<I", data)[0] * ticks), 0xFFFFFFFF)
    found.update(struct.pack("<I", samples) + data[4:])
    packet.set_sidedata(found)


def _frame(name: str, frame: AudioFrame) -> SoundFrame | None:
    """A frame of FFmpeg's as floats; None for one without samples."""
    channels, count = len(frame.layout.channels), frame.samples
    if channels < 1 or count < 1 or frame.sample_rate < 1:
        return None
    if channels > _MAX_CHANNELS:
        raise UnsupportedError(name, f"sound of {channels} channels; {_MAX_CHANNELS} are the most")
    try:
        if frame.format.is_planar and channels >= _MANY:
            (frame,) = _packed(frame)
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
    return SoundFrame(samples, _names(frame.layout), frame.sample_rate, time)


def _packed(frame: AudioFrame) -> list[AudioFrame]:
    """A frame with the samples of all channels side by side."""
    rate, layout, base = frame.sample_rate, frame.layout.name, frame.time_base
    return converted(conversion(rate, frame.format.name, layout, base, to="flt", to_rate=rate), frame)


def _names(layout: AudioLayout) -> tuple[str, ...]:
    """The channels' names; by their number where the stream does not tell."""
    channels = len(layout.channels)
    if layout.name.endswith(" channels"):
        return tuple(_UNNAMED.get(channels, "FL FR" + " FC" * (channels - 2)).split())
    return tuple(channel.name for channel in layout.channels)
