"""Decodes the sound of any source that FFmpeg reads to PCM, at the times of its timestamps.

Samples are float32, channels x samples, one or two channels, full scale at 1. Sound with more channels is
mixed down while it is decoded, and sample rates above 48,000 Hz are reduced to 48,000 Hz. Forty seconds
therefore take at most 16 MB.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import av
import numpy as np
from av.error import FFmpegError

from transcode.errors import LimitsError, SourceError, UnsupportedError
from transcode.jobs.stages import staged
from transcode.media.samples.pcm import Pcm
from transcode.media.sound import amr, wav
from transcode.media.sound.decoded_frames import frame_of
from transcode.media.sound.timeline import Line, SoundFrame
from transcode.media.source import amr_file
from transcode.media.source.clock import RestartError, one_clock, rejoined
from transcode.media.source.container import open_container, said_seconds, streams_in
from transcode.media.source.counted_seconds import counted_seconds
from transcode.model import FitProgress, Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from transcode.media.source.container import OpenStreams
    from transcode.media.source.inputs import Input
    from transcode.model import ProgressCallback

__all__ = [
    "DecodedSound",
    "SoundInfo",
    "best_stream",
    "decode",
    "probe",
]

#: Demuxers with exact times after a seek, and those with exact times only from the beginning, whose packets
#: need few others; and the seconds that are decoded before the start of the range for the decoder to settle.
#: With other demuxers, everything before the start is decoded.
_EXACT_SEEK = frozenset(("mov", "matroska", "wav", "flac"))
_INDEPENDENT = frozenset(("mp3", "aac"))
_WARM_UP = 1.0

#: Consecutive damaged packets after which decoding stops. Chosen.
_HOPELESS = 1000

#: Largest difference between the end of a source and the end that its header says that needs no note, in
#: seconds. Chosen.
_SHORT = 0.5


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """The header values of the best audio stream. Durations in headers may be wrong.

    Attributes:
        container: FFmpeg's name of the demuxer.
        codec: FFmpeg's name of the codec.
        rate: the sample rate, in Hz.
        channels: the number of channels.
        seconds: the duration in seconds; None if the header has none.
        bit_rate: the bit rate in bit/s; None if it is unknown.
        others: the number of further audio streams that can be decoded.
        besides: the names of everything else in the source, such as tags, for reports; all of it is dropped.
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
    """The decoded sound of a range of a source.

    Attributes:
        pcm: the sound; its first sample is the start of the range.
        info: the header values of the stream.
        notes: report notes on mixed channels, filled gaps and missing sound.
        is_plain: whether the sound is unchanged from the source's packets: none missing, nothing mixed.
        ended: whether the source ended inside the range, so that the range cut nothing off.
        source_seconds: the duration of the source: measured if the source ended, else from the header.
    """

    pcm: Pcm
    info: SoundInfo
    notes: tuple[Note, ...]
    is_plain: bool
    ended: bool
    source_seconds: float | None


def probe(content: Input) -> SoundInfo:
    """Return the header values of the best audio stream.

    Raises:
        UnsupportedError: the source has no audio stream that can be decoded.
        SourceError: the source can't be opened.
    """
    with open_container(content) as container:
        streams = streams_in(content, container)
        return _info(streams, best_stream(streams))


def best_stream(streams: OpenStreams) -> AudioStream:
    """Return the audio stream that a player would choose: the default stream, not a commentary.

    Raises:
        UnsupportedError: the source has no audio stream that can be decoded.
    """
    return _ranked(streams)[0]


def _ranked(streams: OpenStreams) -> list[AudioStream]:
    """Return the audio streams in the order in which they are tried.

    Raises:
        UnsupportedError: there are none.
    """
    if not streams.audio:
        lost = streams.counted.lost_audio
        words = f": {lost}" if lost else ""
        raise UnsupportedError(streams.content.name, f"no sound that can be decoded{words}")
    flag = av.stream.Disposition
    special = flag.comment | flag.hearing_impaired | flag.visual_impaired | flag.karaoke
    # Among streams of equal rank, the first.
    return sorted(
        streams.audio,
        key=lambda stream: (bool(stream.disposition & special), not stream.disposition & flag.default),
    )


def _info(streams: OpenStreams, stream: AudioStream) -> SoundInfo:
    content, container, context = streams.content, streams.container, stream.codec_context
    seconds = counted_seconds(content)
    if seconds is None and stream.duration is not None and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif seconds is None:
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        seconds = said_seconds(container, begin)
    return SoundInfo(
        container=container.format.name,
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        channels=context.channels,
        seconds=seconds,
        bit_rate=context.bit_rate or None,
        others=len(streams.audio) - 1,
        besides=_besides(streams, stream),
    )


def _besides(streams: OpenStreams, stream: AudioStream) -> tuple[str, ...]:
    """Name what a source has besides its sound, for a report. Ogg has its tags in its streams."""
    container, words = streams.container, streams.tags
    own = {name.lower() for name in stream.metadata} if container.format.name == "ogg" else set()
    if "tags" not in words and own - {"encoder"}:
        words = ("tags", *words)
    known = len(streams.audio) + len(streams.undecoded)
    return words if len(container.streams) <= known else (*words, "streams other than the sound")


@staged("decode")
def decode(
    content: Input,
    *,
    start: float = 0.0,
    max_seconds: float = 40.0,
    origin: float | None = None,
    progress: ProgressCallback | None = None,
) -> DecodedSound:
    """Decode a range of the best audio stream.

    Encoder delay and padding that the container declares are skipped. Gaps between timestamps are filled with
    silence. Where timestamps overlap, the overlap of the later frame is dropped. Decoding covers the range
    and, in containers without exact times, everything before it.

    Args:
        content: the source.
        start: the start of the range, in seconds.
        max_seconds: the longest duration of the range, in seconds.
        origin: the container time that counts as zero, in seconds, for the sound of a clip. Silence precedes
            sound that starts later. None: the time of the first sample.
        progress: called about once per second of sound.

    Raises:
        UnsupportedError: the source has no audio stream that can be decoded.
        SourceError: the source can't be opened, or no packet can be decoded.
        LimitsError: the source ends before start.
    """
    with open_container(content) as container:
        streams = streams_in(content, container)
        error: SourceError | None = None
        for stream in _ranked(streams):
            try:
                return _decode_stream(streams, stream, start, max_seconds, origin, progress)
            except SourceError as caught:
                error = error or caught
            # seek() fails in a file without packets.
            with suppress(FFmpegError, OSError):
                container.seek(0)
    assert error is not None  # noqa: S101  (each stream either returned or raised)
    raise error


def _decode_stream(
    streams: OpenStreams,
    stream: AudioStream,
    start: float,
    max_seconds: float,
    origin: float | None,
    progress: ProgressCallback | None,
) -> DecodedSound:
    content, info = streams.content, _info(streams, stream)
    codec = amr_file.codec_of(content)
    reader = amr.FileReader(content, codec) if codec else _Reader(content.name, streams.container, stream)
    frames = reader.frames()
    if "avi" in info.container.split(","):
        frames = _contiguous(frames)
    first = next(frames, None)
    if first is None:
        raise SourceError(content.name, f"its sound ({info.codec}) can't be decoded")
    zero = (first.time or Fraction(0)) if origin is None else Fraction(origin)
    # The decoded sound may go on past the duration in the header by the encoder's padding.
    padding = _padding(info, start + max_seconds)
    line = Line(first, zero, start, max_seconds, padding)
    is_exact = codec is not None or not _EXACT_SEEK.isdisjoint(info.container.split(","))
    if start > _WARM_UP + 10 and is_exact:
        frames = reader.frames_from(float(zero) + start - _WARM_UP)
    elif start > _WARM_UP + 10 and info.container in _INDEPENDENT and isinstance(reader, _Reader):
        frames = reader.frames(float(zero) + start - _WARM_UP)
    else:
        frames = chain((first,), frames)
    reported = 0.0
    for seconds in line.fill(frames):
        if progress is not None and seconds >= reported + 1:
            reported = seconds
            progress(FitProgress("decode", min(reported, max_seconds), max_seconds))
    filled = line.finish()
    pcm, measured = filled.pcm, filled.end
    if measured is not None and padding and info.seconds is not None:
        # The sound of a clip may start later than the video.
        said = info.seconds + (0.0 if first.time is None else max(0.0, float(first.time - zero)))
        length = round((said - start) * pcm.rate)
        if length > 0 and 0 < pcm.length - length <= padding * pcm.rate:
            pcm, measured = Pcm(np.ascontiguousarray(pcm.samples[:, :length]), pcm.rate), said
    if not pcm.length:
        if measured is None or start <= 0:
            raise SourceError(content.name, f"its sound ({info.codec}) can't be decoded")
        raise LimitsError(f"start is {start:g} s, but {content.name} ends after {measured:.2f} s")
    notes = [*filled.notes, *reader.notes()]
    is_plain = reader.is_plain and not filled.notes
    if measured is not None and _exact_duration(content, info) and _is_own(streams, stream):
        # For a truncated WAV file, FFmpeg gives the duration that is there, not the header's.
        said = (wav.seconds(content.data) if info.container == "wav" else None) or info.seconds or 0.0
        if measured < said - max(_SHORT, 0.01 * said):
            text = f"the source ends after {measured:.2f} s; its header says {said:.2f} s"
            notes.append(Note("source-truncated", text))
            is_plain = False
    whole = measured if measured is not None else info.seconds
    return DecodedSound(pcm, info, tuple(notes), is_plain, measured is not None, whole)


def _contiguous(frames: Iterator[SoundFrame]) -> Iterator[SoundFrame]:
    """Yield frames of which only the first has a time.

    AVI has no timestamps: FFmpeg makes them of rates and sizes in the header, which are wrong for codecs that
    the format was not made for, while its sound has no gaps.
    """
    for count, frame in enumerate(frames):
        yield frame.at(None) if count else frame


def _padding(info: SoundInfo, end: float) -> float:
    """Return the longest possible padding after the end of the sound, in seconds: two frames of AAC."""
    if "mov" not in info.container.split(",") or info.seconds is None or info.seconds > end:
        return 0.0
    return 2048 / info.rate


def _is_own(streams: OpenStreams, stream: AudioStream) -> bool:
    """Whether the duration is that of the audio stream.

    A Matroska file has only one duration for all streams, and its video may be longer than its sound.
    """
    return stream.duration is not None or len(streams.audio) + len(streams.video) == 1


def _exact_duration(content: Input, info: SoundInfo) -> bool:
    """Whether the header has a count of samples or frames. Otherwise FFmpeg estimates the duration."""
    if info.container == "mp3":
        head = bytes(content.data[: 1 << 20])
        return b"Xing" in head or b"Info" in head
    return info.container not in ("aac", "ac3", "eac3", "amr", "loas", "dts", "mpeg", "mpegts")


class _Reader:
    """Decodes the frames of one stream, and counts its faults."""

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
        """Whether no packet was damaged or skipped."""
        whole = self._amr.is_plain if self._amr is not None else not self._damaged
        return whole and not self._is_joined

    def frames(self, begin: float | None = None) -> Iterator[SoundFrame]:
        """Yield all frames from the demuxer's position. Damaged packets are skipped.

        Args:
            begin: a container time, in seconds; packets before it are not decoded. Where there are none
                after it, the last one is. None: all packets are decoded. AMR ignores it.
        """
        if self._amr is not None:
            # FFmpeg's AMR decoders support neither comfort noise nor frames without data.
            yield from self._amr.frames(self._packets())
            return
        for packet in self._packets() if begin is None else self._late(begin):
            if not packet.size and packet.pts is not None:
                yield from self._blank(packet)
                continue
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError, EOFError):
                # Counted only if sound follows: undecodable octets after the end are not damage.
                self._pending += 1
                if self._pending > _HOPELESS:
                    return
                continue
            for frame in frames:
                found = frame_of(self._name, frame)
                if found is not None:
                    self._damaged += self._pending
                    self._pending = 0
                    yield found

    def _blank(self, packet: av.Packet[AudioStream]) -> Iterator[SoundFrame]:
        """Yield the silence of a packet without octets: a blank frame of QCELP or EVRC, of one channel."""
        context, base = self._stream.codec_context, packet.time_base
        rate = context.sample_rate
        count = round((packet.duration or 0) * base * rate) if base else 0
        if 0 < count <= rate and context.channels == 1 and packet.pts is not None and base:
            yield SoundFrame(np.zeros((1, count), np.float32), ("FC",), rate, packet.pts * base)

    def _late(self, begin: float) -> Iterator[av.Packet[AudioStream]]:
        """Yield the packets from a container time on, or the last packet if there are none."""
        last: av.Packet[AudioStream] | None = None
        is_late = False
        for packet in self._packets():
            is_late = is_late or (packet.pts is not None and float(packet.pts * packet.time_base) >= begin)
            if is_late:
                yield packet
            elif packet.size:
                last = packet
        if last is not None and not is_late:
            yield last

    def frames_from(self, seconds: float) -> Iterator[SoundFrame]:
        """Yield all frames from shortly before a container time, in seconds."""
        time_base = self._stream.time_base or Fraction(1, 1_000_000)
        try:
            self._container.seek(max(0, int(seconds / time_base)), stream=self._stream)
        except (FFmpegError, OSError):
            with suppress(FFmpegError, OSError):
                self._container.seek(0)
        return self.frames()

    def _packets(self) -> Iterator[av.Packet[AudioStream]]:
        if self._is_joined:
            return
        form, demuxed = self._container.format.name, self._container.demux(self._stream)
        try:
            for packet in rejoined(demuxed) if form == "ogg" else one_clock(demuxed, form):
                if packet.has_sidedata("skip_samples"):
                    _count_samples(packet, self._ticks)
                yield packet
        except RestartError:
            self._is_joined = True
        except (FFmpegError, OSError, ValueError, EOFError):
            # The demuxer can't continue: the sound ends here.
            return

    def notes(self) -> list[Note]:
        """Return the report notes on skipped packets and lost sound."""
        found = []
        if self._is_joined:
            text = "the clock of the sound restarts, as in concatenated files: the rest is dropped"
            found.append(Note("source-truncated", text))
        if self._amr is not None:
            return [*found, *self._amr.notes()]
        if self._damaged:
            packets = "1 packet is" if self._damaged == 1 else f"{self._damaged:,} packets are"
            found.append(Note("source-damaged", f"{packets} damaged and skipped"))
        return found


def _samples_of_a_tick(container: InputContainer, stream: AudioStream) -> Fraction:
    """Return the factor from a packet's skip count to samples.

    For MP4 and related formats FFmpeg's demuxer copies the count from the edit list, in ticks of the track's
    time scale. Most writers use one tick per sample, but no standard requires it.
    """
    if "mov" not in container.format.name.split(",") or not stream.time_base:
        return Fraction(1)
    return stream.codec_context.sample_rate * stream.time_base


def _count_samples(packet: av.Packet[AudioStream], ticks: Fraction) -> None:
    """Convert the skip count at a packet's start to samples; see _samples_of_a_tick."""
    data = bytes(packet.get_sidedata("skip_samples"))
    if ticks == 1 or len(data) < 4:
        return
    found = packet.get_sidedata("skip_samples")
    samples = min(round(struct.unpack_from("<I", data)[0] * ticks), 0xFFFFFFFF)
    found.update(struct.pack("<I", samples) + data[4:])
    packet.set_sidedata(found)
