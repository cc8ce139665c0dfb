"""Copies the sound of recordings without re-encoding, and drops metadata and other streams."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from transcode.media.sound import amr, frame_cut, mpeg_frames
from transcode.media.sound.audio_encode import AAC_SAMPLES, BIT_EXACT, CONTAINERS
from transcode.media.source import amr_file, mpeg_file
from transcode.media.source.container import open_container, streams_in
from transcode.media.source.inputs import Input
from transcode.media.source.mp4 import fast_start
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from transcode.media.source.amr_file import Piece
    from transcode.media.source.container import OpenStreams

__all__ = ["Copied", "copied"]

#: The fewest frames of an MPEG audio file that is copied: FFmpeg opens no file with only one frame after the
#: frame that states the length.
_FEWEST = 3

#: Seconds that no recording has.
_ALL = 1e6

#: FFmpeg's muxers of files with edit lists.
_EXACT = ("ipod", "3gp")

#: Two times closer than this are the same, in seconds: containers round times.
_SAME = 1e-4


@dataclass(frozen=True, slots=True)
class Copied:
    """A recording with the encoded sound of its source.

    Attributes:
        data: the bytes of the file.
        content_type: its content type, one of the types asked for.
        notes: report notes on what was dropped; those of a range name its container only.
        begin: the start of the range in the source, in seconds.
        seconds: the duration of the range, in seconds; None: the whole recording was copied.
    """

    data: bytes
    content_type: str
    notes: tuple[Note, ...]
    begin: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Window:
    """A range in seconds, from the first sample of a recording."""

    start: float
    seconds: float


def copied(
    content: Input, content_types: Iterable[str], *, window: tuple[float, float] | None = None
) -> Copied | None:
    """Copy the sound of a source into a file of one of the content types; None if that is impossible.

    Tags, cover pictures, chapters and other streams are dropped. MPEG audio and AMR keep every octet of their
    frames. AAC-LC is remuxed.

    Args:
        content: the source, which was decoded without a fault: to its end, or the window of it.
        content_types: the content types that the receiver accepts, of audio_encode.CONTAINERS, best first.
            The source's own type is preferred.
        window: start and longest duration of a range, in seconds. It is cut at frames: in MP4 and 3GP an edit
            list gives its exact start; in other files it begins with the nearest frame. None: the whole
            recording.
    """
    own = content.content_type
    wanted = sorted(content_types, key=lambda name: name != own)
    with open_container(content) as container:
        streams = streams_in(content, container)
        if len(streams.audio) != 1:
            return None
        (stream,) = streams.audio
        codec = stream.codec_context.codec.canonical_name
        if stream.codec_context.channels > 2 or (codec == "aac" and stream.codec_context.profile != "LC"):
            return None
        target = next((name for name in wanted if codec in CONTAINERS[name][1]), None)
        if target is None:
            return None
        if window is not None:
            return _copied_range(content, container, stream, target, _Window(*window))
        pieces = [*amr_file.pieces(content)]
        data = _written(content, container, stream, target, pieces)
        if data is None:
            return None
        dropped = _dropped(streams, data, pieces)
    notes = [] if own == target else [_rewrapped(target)]
    if dropped:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(dropped)}"))
    return Copied(data, target, tuple(notes))


def _rewrapped(target: str) -> Note:
    return Note("rewrapped", f"sound not re-encoded, remuxed to {target}")


def _copied_range(
    content: Input, container: InputContainer, stream: AudioStream, target: str, window: _Window
) -> Copied | None:
    """Copy a range; see copied()."""
    if "avi" in container.format.name.split(",") and stream.codec_context.codec.canonical_name in amr.RATES:
        # FFmpeg takes each frame for a third of a second; see audio.decode, which does not.
        return None
    notes = () if content.content_type == target else (_rewrapped(target),)
    if {"amr", "aac", "mp3"}.isdisjoint(container.format.name.split(",")):
        return _range_of(container, stream, target, window, notes)
    piece = frame_cut.cut(content, window.start, window.seconds)
    if piece is None:
        return None
    cut = copied(Input(content.name, piece.data, limits=content.limits), [target])
    return None if cut is None else replace(cut, notes=notes, begin=piece.begin, seconds=piece.seconds)


def _range_of(
    container: InputContainer, stream: AudioStream, target: str, window: _Window, notes: tuple[Note, ...]
) -> Copied | None:
    """Copy a range of a stream in a container; see copied()."""
    form, rate = CONTAINERS[target][0], stream.codec_context.sample_rate
    try:
        if form == "mp3":
            stop = window.start + window.seconds
            found = takewhile(lambda timed: timed[1] < stop, _timed(container, stream))
            octets = b"".join(bytes(one) for one, _, _ in found)
            piece = mpeg_frames.cut(octets, window.start, window.seconds)
            return None if piece is None else Copied(piece.data, target, notes, piece.begin, piece.seconds)
        kept = _within(container, stream, window, is_exact=form in _EXACT)
        if not kept:
            return None
        begin, end = kept[0][1], kept[-1][2]
        if form == "amr":
            magic = amr_file.MAGIC[stream.codec_context.codec.canonical_name]
            data = magic + b"".join(bytes(one) for one, _, _ in kept)
            return Copied(data, target, notes, begin, end - begin)
        if form in _EXACT:
            data = _mux((one for one, _, _ in kept), stream, form)
            return Copied(data, target, notes, window.start, end - window.start)
        most = math.floor(window.seconds * rate / AAC_SAMPLES + 1e-6)
        data = _mux((one for one, _, _ in kept[:most]), stream, form)
        return Copied(data, target, notes, max(begin, 0.0), min(most, len(kept)) * AAC_SAMPLES / rate)
    except (FFmpegError, ValueError):
        return None


def _timed(container: InputContainer, stream: AudioStream) -> Iterator[tuple[Any, float, float]]:
    """Yield packets with their start and end in seconds, from the first sample that is played."""
    zero = max(0.0, float((stream.start_time or 0) * (stream.time_base or 0)))
    for packet in container.demux(stream):
        if packet.dts is None or not packet.size:
            continue
        for one in amr.singles(packet, stream.codec_context.codec.canonical_name):
            if one.pts is None or not one.time_base:
                raise ValueError("a packet without a timestamp")
            at = float(one.pts * one.time_base) - zero
            # Some containers state no durations; the frames of AMR always have theirs.
            lasts = (
                float((one.duration or 0) * one.time_base) or AAC_SAMPLES / stream.codec_context.sample_rate
            )
            yield one, at, at + lasts


def _within(
    container: InputContainer, stream: AudioStream, window: _Window, *, is_exact: bool
) -> list[tuple[Any, float, float]]:
    """Return the packets of a range, with their start and end in seconds.

    Args:
        container, stream: the source, at its beginning.
        window: the range.
        is_exact: whether the file states where sound begins and ends. The times then count from the start of
            the range, a packet before it lets the decoder settle, and the last packet ends with it.
    """
    begin, stop = window.start, window.start + window.seconds
    found: list[tuple[Any, float, float]] = []
    for one, at, end in _timed(container, stream):
        if at >= stop - _SAME:
            break
        if begin and end <= begin + _SAME:
            # AAC adds the overlapping halves of consecutive frames (ISO/IEC 14496-3, 4.6.11).
            found = [(one, at, end)] if is_exact else []
            continue
        if not is_exact and not found and begin and at + end < 2 * begin:
            continue
        if not is_exact and end > stop + _SAME:
            break
        found.append((one, at, min(end, stop)))
    if is_exact and found:
        base = found[0][0].time_base
        by = round((max(0.0, float((stream.start_time or 0) * (stream.time_base or 0))) + begin) / base)
        for one, at, end in found:
            one.pts, one.dts = one.pts - by, (one.pts if one.dts is None else one.dts) - by
            one.duration = max(1, round((end - at) / base))
    return found


def _dropped(streams: OpenStreams, data: bytes, pieces: Sequence[Piece]) -> list[str]:
    """Name what a source has besides its sound, for a report."""
    content, container, words = streams.content, streams.container, [*streams.tags]
    # An MPEG audio file has only frames and tags.
    if not words and container.format.name == "mp3" and content.size > len(data):
        octets = bytes(content.data)
        found = mpeg_file.runs(octets)
        is_plain = len(found) == 1 and found[0][0] == mpeg_file.behind_tags(octets, 0)
        words.append("tags" if is_plain else "tags, or octets that are no frames")
    if behind := sum(piece.passed + piece.cut for piece in pieces):
        words.append(f"{behind:,} octets after the last complete frame")
    if len(container.streams) - len(streams.undecoded) > 1:
        words.append("streams other than the sound")
    return words


def _written(
    content: Input, container: InputContainer, stream: AudioStream, target: str, pieces: Sequence[Piece]
) -> bytes | None:
    form = CONTAINERS[target][0]
    if form == "mp3" and container.format.name == "mp3":
        # Input.path is set for files too long to be in memory: their frames can't be copied from it.
        return _frames_only(content.data) if content.path is None else None
    try:
        if form == "mp3":
            # A container has its own octets between the frames.
            piece = mpeg_frames.cut(
                b"".join(bytes(one) for one, _, _ in _timed(container, stream)), 0.0, _ALL
            )
            return None if piece is None else piece.data
        if form == "amr":
            magic = amr_file.MAGIC[stream.codec_context.codec.canonical_name]
            if pieces:
                return magic + b"".join(piece.data for piece in pieces)
            return magic + b"".join(bytes(packet) for packet in container.demux(stream) if packet.size)
        return _muxed(container, stream, form)
    except (FFmpegError, ValueError):
        # The muxer refuses the packets: the caller re-encodes the sound.
        return None


def _muxed(container: InputContainer, stream: AudioStream, form: str) -> bytes:
    codec = stream.codec_context.codec.canonical_name
    every = (packet for packet in container.demux(stream) if packet.dts is not None)
    return _mux(chain.from_iterable(amr.singles(packet, codec) for packet in every), stream, form)


def _mux(packets: Iterable[Any], stream: AudioStream, form: str) -> bytes:
    file = io.BytesIO()
    options = dict(BIT_EXACT)
    if form in _EXACT:
        # Edit lists use this time scale. At the sample rate, start and end are exact to the sample.
        options["movie_timescale"] = str(stream.codec_context.sample_rate)
    with av.open(file, "w", format=form, container_options=options) as out:
        made = out.add_stream_from_template(stream)
        for one in packets:
            one.stream = made
            out.mux(one)
    data = file.getvalue()
    return fast_start(data) if form in _EXACT else data


def _frames_only(data: bytes | memoryview) -> bytes | None:
    """Return the frames of MPEG audio (layer III) without all other octets.

    Concatenated recordings have tags in the middle, and damaged recordings have octets that are no frame. The
    result is None if there are fewer than _FEWEST frames.
    """
    octets = bytes(data)
    found = mpeg_file.runs(octets)
    if sum(count for _, _, count in found) < _FEWEST:
        return None
    return b"".join(octets[begin:end] for begin, end, _ in found)
