"""Decodes AMR-NB and AMR-WB frames from files and containers, with their times."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from transcode.kernels import amr as kernel
from transcode.kernels import pcm
from transcode.media.sound.timeline import SoundFrame
from transcode.media.source.amr_file import FRAME_RATE, pieces
from transcode.media.source.packets import packet_of
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import av

    from transcode.media.source.inputs import Input

__all__ = [
    "MADE_UP",
    "RATES",
    "FileReader",
    "Packets",
    "singles",
]

#: Sample rates in Hz, by FFmpeg's name of the codec (3GPP TS 26.071 and 26.171).
RATES = {"amr_nb": 8000, "amr_wb": 16000}

#: A frame without data (NO_DATA), for which a decoder conceals a lost frame.
_NO_DATA = b"\x7c"

#: The words of a report note for lost and damaged frames that are decoded.
MADE_UP = "concealed with the preceding sound"

#: Frames that one call decodes, and the most lost frames that are assumed for one gap.
_AT_ONCE = FRAME_RATE


class _Decoder:
    """Decodes frames to samples and counts their faults.

    Args:
        codec: ``"amr_nb"`` or ``"amr_wb"``.
        strict: whether the padding bits of a frame header must be zero.
    """

    def __init__(self, codec: str, *, strict: bool) -> None:
        self.rate = RATES[codec]
        self.wide = codec == "amr_wb"
        self._strict = strict
        self.start()

    def start(self) -> None:
        """Reset the decoder and all counts."""
        self.lost = self.passed = self.concealed = 0
        self.cut = ""
        self._decoder = kernel.Decoder(wide=self.wide, strict=self._strict)

    @property
    def is_plain(self) -> bool:
        """Whether no frame was lost."""
        return not self.lost

    def samples(self, data: bytes | memoryview) -> Iterator[SoundFrame]:
        """Decode complete frames, and yield at most one second at a time, without timestamps."""
        while len(data):
            out = np.empty((1, _AT_ONCE * self._decoder.samples), np.int16)
            count, octets = self._decoder.decode(data, out[0])
            sound = np.empty((1, count * self._decoder.samples), np.float32)
            pcm.to_float(out[:, : sound.shape[1]], sound)
            yield SoundFrame(sound, ("FC",), self.rate, None)
            data = data[octets:]

    def made_up(self, count: int) -> Iterator[SoundFrame]:
        """Yield the concealed sound of lost frames."""
        self.lost += count
        return self.samples(_NO_DATA * count)

    def notes(self) -> list[Note]:
        """Return the report notes on concealed frames and on a truncated end."""
        found = []
        if self.lost:
            octets = f" ({self.passed:,} octets are not frames)" if self.passed else ""
            text = f"{_counted(self.lost)} of 20 ms lost or damaged{octets}: {MADE_UP}"
            found.append(Note("source-damaged", text))
        if self.concealed:
            text = f"{_counted(self.concealed)} of 20 ms marked as damaged: {MADE_UP}"
            found.append(Note("source-damaged", text))
        if self.cut:
            found.append(Note("source-truncated", self.cut))
        return found


def _counted(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames:,} frames"


class FileReader:
    """Decodes an AMR file.

    Args:
        content: an AMR file.
        codec: its codec, from amr_file.codec_of().
    """

    def __init__(self, content: Input, codec: str) -> None:
        self._content = content
        self._decoder = _Decoder(codec, strict=True)

    @property
    def is_plain(self) -> bool:
        """Whether no frame was lost."""
        return self._decoder.is_plain

    def notes(self) -> list[Note]:
        """Return the report notes on the faults of the decoded part."""
        return self._decoder.notes()

    def frames(self) -> Iterator[SoundFrame]:
        """Yield the sound of the whole file."""
        return self.frames_from(0.0)

    def frames_from(self, start: float) -> Iterator[SoundFrame]:
        """Yield the sound from a time in seconds to the end. It starts at most a minute earlier."""
        decoder, at = self._decoder, 0
        decoder.start()
        for piece in pieces(self._content):
            count = piece.count + piece.lost
            if piece.cut:
                decoder.cut = (
                    f"the source ends within a frame of 20 ms: only {piece.cut} octets of the frame are there"
                )
            if (at + count) / FRAME_RATE > start:
                decoder.concealed += piece.concealed
                decoder.passed += piece.passed if piece.lost else 0
                place = at * self._decoder.rate // FRAME_RATE
                for made in (decoder.made_up(piece.lost), decoder.samples(memoryview(piece.data))):
                    for frame in made:
                        yield frame.at(Fraction(place, frame.rate))
                        place += frame.samples.shape[1]
                    place = (at + piece.lost) * decoder.rate // FRAME_RATE
            at += count


class Packets:
    """Decodes the AMR packets of a container. Each packet has one frame or several.

    Args:
        codec: ``"amr_nb"`` or ``"amr_wb"``.
    """

    def __init__(self, codec: str) -> None:
        self._decoder = _Decoder(codec, strict=False)
        self._skip = 0

    @property
    def is_plain(self) -> bool:
        """Whether no frame was lost."""
        return self._decoder.is_plain

    def notes(self) -> list[Note]:
        """Return the report notes on the faults of the decoded part."""
        return self._decoder.notes()

    def frames(self, packets: Iterable[av.Packet[Any]]) -> Iterator[SoundFrame]:
        """Yield the sound of consecutive packets, without the samples that edit lists and padding omit."""
        self._decoder.start()
        self._skip = 0
        for packet in packets:
            if packet.size:
                yield from self._decoded(packet)

    def _decoded(self, packet: av.Packet[Any]) -> Iterator[SoundFrame]:
        decoder, data = self._decoder, bytes(packet)
        count, octets, concealed = kernel.scan(data, wide=decoder.wide, strict=False)
        decoder.concealed += concealed
        lost = 0
        if octets < len(data):
            decoder.passed += len(data) - octets
            lasts = (packet.duration or 0) * (packet.time_base or 0) * FRAME_RATE
            lost = min(_AT_ONCE, max(round(lasts) - count, 0 if count else 1))
        step = decoder.rate // FRAME_RATE
        start, end = _left_out(packet)
        self._skip += start
        left = (count + lost) * step - end
        place = None if packet.pts is None or not packet.time_base else packet.pts * packet.time_base
        for made in (decoder.samples(memoryview(data)[:octets]), decoder.made_up(lost)):
            for frame in made:
                length = frame.samples.shape[1]
                skipped = min(self._skip, length)
                self._skip -= skipped
                kept = frame.samples[:, skipped : max(skipped, min(length, left))]
                if kept.shape[1] and not packet.is_discard:
                    time = None if place is None else place + Fraction(skipped, frame.rate)
                    yield SoundFrame(kept, frame.names, frame.rate, time)
                left -= length
                place = None if place is None else place + Fraction(length, frame.rate)


def _left_out(packet: av.Packet[Any]) -> tuple[int, int]:
    """Return the numbers of samples to skip at the start and at the end of a packet, by the demuxer."""
    if not packet.has_sidedata("skip_samples"):
        return 0, 0
    data = bytes(packet.get_sidedata("skip_samples"))
    return struct.unpack_from("<II", data) if len(data) >= 8 else (0, 0)


def singles(packet: av.Packet[Any], codec: str) -> list[av.Packet[Any]]:
    """Split a packet of AMR frames into packets of one frame, as muxers require.

    Any other packet is returned unchanged.
    """
    data = bytes(packet)
    ends, wide = [0], codec == "amr_wb"
    while octets := kernel.size(data[ends[-1]], wide=wide, strict=False) if ends[-1] < len(data) else 0:
        ends.append(ends[-1] + octets)
    if codec not in RATES or len(ends) < 3 or ends[-1] != len(data):
        return [packet]
    rate = RATES[codec]
    step = rate // FRAME_RATE
    begins = [None if at is None else round(at * packet.time_base * rate) for at in (packet.pts, packet.dts)]
    lasts = round((packet.duration or 0) * packet.time_base * rate)
    found = []
    for number, (first, last) in enumerate(pairwise(ends)):
        one = packet_of(data[first:last])
        if packet.stream is not None:
            one.stream = packet.stream
        one.time_base, one.is_keyframe = Fraction(1, rate), True
        one.pts, one.dts = (None if at is None else at + number * step for at in begins)
        one.duration = min(step, max(0, lasts - number * step)) if lasts else step
        found.append(one)
    if packet.has_sidedata("skip_samples"):
        found[-1].set_sidedata(packet.get_sidedata("skip_samples"))
    return found
