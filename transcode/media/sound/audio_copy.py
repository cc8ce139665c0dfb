"""Recordings that a receiver takes as they are: nothing re-encoded, only what is no sound left out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from transcode.media.sound import amr
from transcode.media.sound.audio_encode import BIT_EXACT, CONTAINERS, MP3_BIT_RATES
from transcode.media.source import amr_file
from transcode.media.source.container import audio_streams, open_container, tags_of, undecoded
from transcode.media.source.mp4 import fast_start
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from transcode.media.source.inputs import Input

__all__ = ["Copied", "copied"]

#: Octets of the head and of the foot of a tag before MPEG audio (ID3 tag version 2.4.0, 3.1 and 3.4).
_ID3_HEAD = 10

#: Frames of the shortest file of MPEG audio that leaves as it is: FFmpeg opens none with one frame behind the
#: one that tells the length.
_FEWEST = 3

#: Octets of a tag behind it (ID3v1).
_ID3V1 = 128


@dataclass(frozen=True, slots=True)
class Copied:
    """A recording whose coded sound is that of its source.

    Attributes:
        data: the file.
        content_type: its type, one of those asked for.
        notes: what was left out.
    """

    data: bytes
    content_type: str
    notes: tuple[Note, ...]


def copied(content: Input, content_types: Iterable[str]) -> Copied | None:
    """The source in one of these types without re-encoding its sound, or None if that can't be.

    Tags, cover pictures, chapters and other streams stay behind. MPEG audio and AMR
    keep every octet of their frames; AAC-LC is put into a container anew where the
    source's own is not among the types or has more than sound in it.

    Args:
        content: the source, which was decoded to its end without a fault.
        content_types: what the receiver takes, of audio_encode.CONTAINERS, best first.
    """
    own = content.content_type
    wanted = sorted(content_types, key=lambda name: name != own)
    with open_container(content) as container:
        streams = audio_streams(container, content)
        if len(streams) != 1:
            return None
        stream = streams[0]
        codec = stream.codec_context.codec.canonical_name
        if stream.codec_context.channels > 2 or (codec == "aac" and stream.codec_context.profile != "LC"):
            return None
        target = next((name for name in wanted if codec in CONTAINERS[name][1]), None)
        if target is None:
            return None
        data = _written(content, container, stream, target)
        if data is None:
            return None
        dropped = _dropped(content, container, data)
    notes = [] if own == target else [Note("rewrapped", f"the same sound, put into {target}")]
    if dropped:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(dropped)}"))
    return Copied(data, target, tuple(notes))


def _dropped(content: Input, container: InputContainer, data: bytes) -> list[str]:
    """What stands in a source besides its sound, in words."""
    words = [*tags_of(container)]
    # MPEG audio has nothing but frames and tags.
    if not words and container.format.name == "mp3" and content.size > len(data):
        words.append("tags, or octets between frames" if len(_runs(bytes(content.data))) > 1 else "tags")
    if amr_file.is_file(content):
        behind = sum(piece.passed + piece.cut for piece in amr_file.pieces(content))
        words += [f"{behind:,} octets behind the last whole frame"] if behind else []
    if len(container.streams) - len(undecoded(content, container)) > 1:
        words.append("other streams than the sound")
    return words


def _written(content: Input, container: InputContainer, stream: AudioStream, target: str) -> bytes | None:
    form = CONTAINERS[target][0]
    if form == "mp3":
        # A long file of which not forty seconds are sound is no plain one.
        return _frames_only(content.data) if content.path is None else None
    try:
        if form == "amr":
            magic = amr_file.MAGIC[stream.codec_context.codec.canonical_name]
            if amr_file.is_file(content):
                return magic + b"".join(piece.data for piece in amr_file.pieces(content))
            return magic + b"".join(bytes(packet) for packet in container.demux(stream) if packet.size)
        return _muxed(container, stream, form)
    except (FFmpegError, ValueError):
        # What a muxer does not take is re-encoded.
        return None


def _muxed(container: InputContainer, stream: AudioStream, form: str) -> bytes:
    file = io.BytesIO()
    options = dict(BIT_EXACT)
    is_mp4 = form in ("ipod", "3gp")
    if is_mp4:
        # Edit lists count in this unit: where the sound begins and ends stays exact.
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
    """MPEG audio of layer III without what is before, between and behind its frames; None if it begins with
    none, or has very few. Recordings that were joined have tags in the middle, and damaged ones octets that
    are no frame.
    """
    octets = bytes(data)
    runs = _runs(octets)
    if sum(count for _, _, count in runs) < _FEWEST:
        return None
    return b"".join(octets[begin:end] for begin, end, _ in runs)


def _runs(octets: bytes) -> list[tuple[int, int, int]]:
    """Where frames follow one another, where those end, and how many they are; none if the first is not
    behind the tags.
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
    """Where the next frame of the same version and rate begins that is whole, and followed by another or by
    nothing; the end if there is none. One alone may be chance.
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
    """Where tags end that are here: ID3v2, and ID3v1 of the recording before."""
    while (name := octets[at : at + 3]) in (b"ID3", b"TAG") and at + _ID3_HEAD <= len(octets):
        if name == b"TAG":
            at += _ID3V1
            continue
        head = octets[at : at + _ID3_HEAD]
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        has_footer = head[5] & 0x10
        at += _ID3_HEAD * (2 if has_footer else 1) + size
        # Some writers pad behind the tag instead of inside it.
        while octets[at : at + 1] == b"\0":
            at += 1
    return at


def _frame_size(head: bytes) -> int:
    """Octets of a frame of layer III (ISO/IEC 11172-3, 2.4.1.3 and 2.4.3.1); 0 for what is no frame."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate_index, bits_index = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    # Version 1 is reserved, as the last of the rates; 0 and 15 stand for rates of no table.
    if version == 1 or rate_index == 3 or bits_index in (0, 15):
        return 0
    rate = (44100, 48000, 32000)[rate_index] >> (0, 1, 1, 2)[3 - version]
    bit_rate = MP3_BIT_RATES[1 if version == 3 else 2][bits_index - 1]
    return (144 if version == 3 else 72) * bit_rate // rate + (head[2] >> 1 & 1)
