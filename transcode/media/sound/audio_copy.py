"""Copies the sound of recordings without re-encoding, and drops metadata and other streams."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from transcode.media.sound import amr
from transcode.media.sound.audio_encode import BIT_EXACT, CONTAINERS, MP3_BIT_RATES
from transcode.media.source import amr_file
from transcode.media.source.container import open_container, streams_in
from transcode.media.source.mp4 import fast_start
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from transcode.media.source.amr_file import Piece
    from transcode.media.source.container import OpenStreams
    from transcode.media.source.inputs import Input

__all__ = ["Copied", "copied"]

#: Octets of the header, and of the footer, of an ID3v2 tag (ID3 tag version 2.4.0, 3.1 and 3.4).
_ID3_HEAD = 10

#: The fewest frames of an MPEG audio file that is copied: FFmpeg opens no file with only one frame after the
#: frame that states the length.
_FEWEST = 3

#: Octets of an ID3v1 tag, which is at the end of a file.
_ID3V1 = 128


@dataclass(frozen=True, slots=True)
class Copied:
    """A recording with the encoded sound of its source.

    Attributes:
        data: the bytes of the file.
        content_type: its content type, one of the types asked for.
        notes: report notes on what was dropped.
    """

    data: bytes
    content_type: str
    notes: tuple[Note, ...]


def copied(content: Input, content_types: Iterable[str]) -> Copied | None:
    """Copy the sound of a source into a file of one of the content types; None if that is impossible.

    Tags, cover pictures, chapters and other streams are dropped. MPEG audio and AMR keep every octet of their
    frames. AAC-LC is remuxed.

    Args:
        content: the source, which was decoded to its end without a fault.
        content_types: the content types that the receiver accepts, of audio_encode.CONTAINERS, best first.
            The source's own type is preferred.
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
        pieces = [*amr_file.pieces(content)]
        data = _written(content, container, stream, target, pieces)
        if data is None:
            return None
        dropped = _dropped(streams, data, pieces)
    notes = [] if own == target else [Note("rewrapped", f"sound not re-encoded, remuxed to {target}")]
    if dropped:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(dropped)}"))
    return Copied(data, target, tuple(notes))


def _dropped(streams: OpenStreams, data: bytes, pieces: Sequence[Piece]) -> list[str]:
    """Name what a source has besides its sound, for a report."""
    content, container, words = streams.content, streams.container, [*streams.tags]
    # An MPEG audio file has only frames and tags.
    if not words and container.format.name == "mp3" and content.size > len(data):
        words.append("tags, or octets between frames" if len(_runs(bytes(content.data))) > 1 else "tags")
    if behind := sum(piece.passed + piece.cut for piece in pieces):
        words.append(f"{behind:,} octets after the last complete frame")
    if len(container.streams) - len(streams.undecoded) > 1:
        words.append("streams other than the sound")
    return words


def _written(
    content: Input, container: InputContainer, stream: AudioStream, target: str, pieces: Sequence[Piece]
) -> bytes | None:
    form = CONTAINERS[target][0]
    if form == "mp3":
        # Input.path is set for files too long to be in memory: their frames can't be copied from it.
        return _frames_only(content.data) if content.path is None else None
    try:
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
    file = io.BytesIO()
    options = dict(BIT_EXACT)
    is_mp4 = form in ("ipod", "3gp")
    if is_mp4:
        # Edit lists use this time scale. At the sample rate, start and end are exact to the sample.
        options["movie_timescale"] = str(stream.codec_context.sample_rate)
    with av.open(file, "w", format=form, container_options=options) as out:
        made = out.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.dts is not None:
                for one in amr.singles(packet, stream.codec_context.codec.canonical_name):
                    one.stream = made
                    out.mux(one)
    data = file.getvalue()
    return fast_start(data) if is_mp4 else data


def _frames_only(data: bytes | memoryview) -> bytes | None:
    """Return the frames of MPEG audio (layer III) without all other octets.

    Concatenated recordings have tags in the middle, and damaged recordings have octets that are no frame. The
    result is None if no frame follows the first tags, or there are fewer than _FEWEST frames.
    """
    octets = bytes(data)
    runs = _runs(octets)
    if sum(count for _, _, count in runs) < _FEWEST:
        return None
    return b"".join(octets[begin:end] for begin, end, _ in runs)


def _runs(octets: bytes) -> list[tuple[int, int, int]]:
    """Return start, end and number of frames of each run of consecutive frames.

    The result is empty if no frame follows the first tags.
    """
    runs: list[tuple[int, int, int]] = []
    at = _behind_tags(octets, 0)
    while at < len(octets):
        begin, count = at, 0
        while (size := _frame_size(octets[at : at + 4])) and at + size <= len(octets):
            at, count = at + size, count + 1
        if not count:
            break
        runs.append((begin, at, count))
        at = _next_frame(octets, _behind_tags(octets, at), octets[begin : begin + 4])
    return runs


def _next_frame(octets: bytes, at: int, like: bytes) -> int:
    """Return the offset of the next complete frame of the same version and sample rate; the end if none.

    Another frame or the end of the file must follow, because a single frame header may be coincidence.
    """

    def is_one(place: int) -> int:
        head = octets[place : place + 4]
        alike = len(head) == 4 and head[1] & 0xFE == like[1] & 0xFE and head[2] & 0x0C == like[2] & 0x0C
        return _frame_size(head) if alike else 0

    while (at := octets.find(b"\xff", at)) >= 0:
        size = is_one(at)
        if size and (at + size == len(octets) or is_one(at + size)):
            return at
        at += 1
    return len(octets)


def _behind_tags(octets: bytes, at: int) -> int:
    """Return the offset after the tags at ``at``: ID3v2, and ID3v1 of a preceding recording."""
    while (name := octets[at : at + 3]) in (b"ID3", b"TAG") and at + _ID3_HEAD <= len(octets):
        if name == b"TAG":
            at += _ID3V1
            continue
        head = octets[at : at + _ID3_HEAD]
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        has_footer = head[5] & 0x10
        at += _ID3_HEAD * (2 if has_footer else 1) + size
        # Some writers put the padding after the tag instead of into it.
        while octets[at : at + 1] == b"\0":
            at += 1
    return at


def _frame_size(head: bytes) -> int:
    """Return the octets of a layer III frame (ISO/IEC 11172-3, 2.4.1.3 and 2.4.3.1); 0 if it is no frame."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate_index, bits_index = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    # Version 1 and sample rate index 3 are reserved. Bit rate index 0 is free format, and 15 is forbidden.
    if version == 1 or rate_index == 3 or bits_index in (0, 15):
        return 0
    rate = (44100, 48000, 32000)[rate_index] >> (0, 1, 1, 2)[3 - version]
    bit_rate = MP3_BIT_RATES[1 if version == 3 else 2][bits_index - 1]
    return (144 if version == 3 else 72) * bit_rate // rate + (head[2] >> 1 & 1)
