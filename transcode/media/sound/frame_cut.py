"""Cuts recordings without a container at their frames: AMR, AAC with ADTS headers, MPEG audio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from transcode.kernels import amr as kernel
from transcode.media.sound import mpeg_frames
from transcode.media.sound.mpeg_frames import CutFrames
from transcode.media.source import adts_file, amr_file, mpeg_file

if TYPE_CHECKING:
    from transcode.media.source.inputs import Input

__all__ = ["cut"]

#: The most octets of a second of MPEG audio (320 kbit/s) and of AAC in two channels (6,144 bits a channel in
#: each of 96,000 / 1,024 frames), and the most that are read to cut a range.
_MPEG_SECOND = 40_000
_AAC_SECOND = 144_000
_MOST_READ = 128 << 20

#: Octets that are read besides: frames that are no sound, and octets that are no frames. Chosen.
_MORE = 1 << 16


def cut(content: Input, start: float, seconds: float) -> CutFrames | None:
    """Return a range of a recording in whole frames, as a file of the same kind.

    Args:
        content: the source.
        start: the start of the range, in seconds; the nearest frame begins the result.
        seconds: the longest duration, in seconds.

    Returns:
        The range; None if the source is another kind of file, or has no frame there.
    """
    kind = content.content_type
    if amr_file.codec_of(content) is not None:
        return _cut_amr(content, start, seconds)
    if kind == "audio/aac":
        octets = _beginning(content, _AAC_SECOND, start + seconds)
        return None if octets is None else _cut_adts(octets, start, seconds)
    if kind == "audio/mpeg":
        octets = _beginning(content, _MPEG_SECOND, start + seconds)
        return None if octets is None else mpeg_frames.cut(octets, start, seconds)
    return None


def _beginning(content: Input, second: int, seconds: float) -> bytes | None:
    """Return the beginning of a recording, with at least so many seconds; None if it is too long."""
    wanted = min(math.ceil(second * (seconds + 1)) + _MORE, content.size)
    if wanted > _MOST_READ:
        return None
    with content.open() as file:
        tags = mpeg_file.behind_tags(bytes(content.data), 0)
        return file.read(tags + wanted)


def _cut_amr(content: Input, start: float, seconds: float) -> CutFrames | None:
    codec = amr_file.codec_of(content) or ""
    first, most = round(start * amr_file.FRAME_RATE), math.floor(seconds * amr_file.FRAME_RATE + 1e-6)
    found: list[bytes] = []
    at = 0
    for piece in amr_file.pieces(content):
        if piece.lost:
            # The time of what follows is an estimate.
            return None
        if at + piece.count > first:
            found += _split(piece.data, max(0, first - at), first + most - at, wide=codec == "amr_wb")
        at += piece.count
        if at >= first + most:
            break
    data = amr_file.MAGIC[codec] + b"".join(found)
    step = 1 / amr_file.FRAME_RATE
    return CutFrames(data, first * step, len(found) * step) if found else None


def _split(data: bytes, first: int, last: int, *, wide: bool) -> list[bytes]:
    """Return the frames of an AMR stream from one number to another."""
    found, at, number = [], 0, 0
    while at < len(data) and number < last:
        octets = kernel.size(data[at], wide=wide)
        if number >= first:
            found.append(data[at : at + octets])
        at, number = at + octets, number + 1
    return found


def _cut_adts(octets: bytes, start: float, seconds: float) -> CutFrames | None:
    kept: list[bytes] = []
    number, begin, lasts, rate = 0, 0, 0, 0
    for frame in adts_file.frames(octets):
        rate = rate or frame.rate
        if frame.rate != rate:
            return None
        middle = number + frame.samples / 2
        number += frame.samples
        if middle < start * rate:
            begin = number
            continue
        if lasts + frame.samples > seconds * rate + 0.5:
            break
        kept.append(octets[frame.at : frame.at + frame.size])
        lasts += frame.samples
    return CutFrames(b"".join(kept), begin / rate, lasts / rate) if kept else None
