"""Reads what MPEG-4 (part 2) and H.263 video says of itself, which containers may state otherwise.

Old devices decode only the simple profile of MPEG-4 (ISO/IEC 14496-2) and the baseline of H.263 (ITU-T
H.263). Each picture of a clip states whether it needs more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from av.error import FFmpegError

from transcode.media.clips.clip import packets
from transcode.media.source.container import open_container
from transcode.media.source.mp4 import fast_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.media.clips.clip import Clip
    from transcode.media.source.inputs import Input

__all__ = ["CODECS", "SimpleVideo", "finished", "is_intra", "read_simple"]

#: The codecs of this module, by FFmpeg's names.
CODECS = frozenset(("mpeg4", "h263"))

#: Sizes of the pictures of H.263 by the source format in PTYPE (ITU-T H.263, 5.1.3): Sub-QCIF, QCIF, CIF.
_SOURCE_FORMATS = {1: (128, 96), 2: (176, 144), 3: (352, 288)}

#: Pixel shapes as width and height: those of all standard pictures of H.263 (ITU-T H.263, 4.1), and of MPEG-4
#: by aspect_ratio_info (ISO/IEC 14496-2, table 6-12).
_TELEVISION = (12, 11)
_ASPECTS = {1: (1, 1), 2: _TELEVISION, 3: (10, 11), 4: (16, 11), 5: (40, 33)}
_OWN_ASPECT = 15

#: Start codes of MPEG-4 (ISO/IEC 14496-2, table 6-3): sequence, VOP, and the range of video object layers.
_SEQUENCE, _PICTURE = 0xB0, 0xB6
_LAYERS = range(0x20, 0x30)

_START = b"\0\0\1"

#: Octets of a header that are read.
_LOOKED = 64

#: The object type of the simple profile (table 6-10), and the coding types of its pictures, I and P.
_SIMPLE = 1
_INTRA, _PREDICTED = 0, 1

#: Bits of vbv_parameters in vol_control_parameters.
_BUFFER_BITS = 79

#: Seconds after a window by which a copied range may end later.
_AFTER = 1.0

#: Octets of an H.263 picture header up to CPM (ITU-T H.263, 5.1).
_H263_HEADER = 7

#: The ``d263`` box up to the level (3GPP TS 26.244, 6.8), and the level that FFmpeg always writes.
_D263 = b"d263FFMP\x00"
_D263_LEVEL = 10


@dataclass(frozen=True, slots=True)
class SimpleVideo:
    """What all pictures of a clip state.

    Attributes:
        width, height: the size in pixels.
        aspect: width and height of a pixel, such as (12, 11).
        profile_and_level: the profile and level of MPEG-4 as the stream codes them (ISO/IEC 14496-2, table
            G.1); None: not stated.
    """

    width: int
    height: int
    aspect: tuple[int, int]
    profile_and_level: int | None = None


def read_simple(content: Input, clip: Clip, start: float, seconds: float) -> SimpleVideo | None:
    """Return what the pictures of a window state; None if any needs more than the simple profile or baseline.

    Args:
        content: the source.
        clip: the streams of the source; the video is of CODECS.
        start, seconds: the window, in seconds from the start of the presentation.
    """
    found: set[SimpleVideo] = set()
    try:
        with open_container(content) as container:
            extradata = bytes(container.streams[clip.video.index].codec_context.extradata or b"")
            if clip.video.codec == "mpeg4":
                # Files without these headers in front are not played everywhere.
                found.add(_stated(extradata))
            last = start + seconds + _AFTER
            for packet in packets(container, clip, start):
                if packet.pts is not None and clip.time(packet.pts, packet.time_base) > last:
                    break
                data = bytes(packet)
                found |= {_h263(data)} if clip.video.codec == "h263" else _mpeg4(data)
    except (FFmpegError, OSError, _NotSimple):
        return None
    # A repeated header may leave out the profile, but nothing may change.
    known = {one.profile_and_level for one in found} - {None}
    plain = {SimpleVideo(one.width, one.height, one.aspect) for one in found}
    if len(known) > 1 or len(plain) != 1:
        return None
    (one,) = plain
    return SimpleVideo(one.width, one.height, one.aspect, next(iter(known), None))


def is_intra(data: bytes, codec: str) -> bool:
    """Whether a packet of one of CODECS has a picture that refers to no other."""
    if codec == "h263":
        return len(data) >= _H263_HEADER and not _ptype(data) >> 4 & 1
    types = [unit[1] >> 6 for unit in _units(data) if unit[0] == _PICTURE and len(unit) > 1]
    return types[:1] == [_INTRA]


def finished(data: bytes, codec: str, level: int) -> bytes:
    """Return a file of FFmpeg's muxer with its index (moov) first, and with the level of H.263.

    Args:
        data: an MP4 or 3GP file, its index last.
        codec: the video codec.
        level: the level of H.263, as its files code it.
    """
    if codec == "h263":
        before, box, rest = data.rpartition(_D263 + bytes([_D263_LEVEL]))
        data = before + _D263 + bytes([level]) + rest if box else data
    return fast_start(data)


class _NotSimple(Exception):
    """A picture needs more than the simple profile of MPEG-4 or the baseline of H.263, or can't be read."""


def _ptype(data: bytes) -> int:
    """Return the thirteen bits of PTYPE, which follow the start code and the temporal reference."""
    return int.from_bytes(data[:_H263_HEADER], "big") >> 13 & 0x1FFF


def _h263(data: bytes) -> SimpleVideo:
    head = data[:_H263_HEADER]
    if len(head) < _H263_HEADER or head[:2] != b"\0\0" or head[2] & 0xFC != 0x80:
        raise _NotSimple
    ptype = _ptype(data)
    size = _SOURCE_FORMATS.get(ptype >> 5 & 7)
    # The last four bits are the annexes D to G; source format 7 announces PLUSPTYPE, for all later annexes.
    # CPM, continuous presence, is annex C.
    if ptype >> 11 != 0b10 or size is None or ptype & 0xF or head[6] >> 7:
        raise _NotSimple
    return SimpleVideo(*size, _TELEVISION)


def _units(data: bytes) -> Iterator[bytes]:
    """Yield what follows each start code of MPEG-4, from its last octet on: at most _LOOKED octets."""
    at = data.find(_START)
    while at >= 0:
        at += len(_START)
        end = data.find(_START, at)
        unit = data[at : min(at + _LOOKED, len(data) if end < 0 else end)]
        if unit:
            yield unit
        at = end


def _mpeg4(data: bytes) -> set[SimpleVideo]:
    """Return what the headers in a packet state, usually nothing, and check its pictures."""
    pictures, has_layer = 0, False
    for unit in _units(data):
        has_layer = has_layer or unit[0] in _LAYERS
        if unit[0] == _PICTURE:
            pictures += 1
            if len(unit) < 2 or unit[1] >> 6 not in (_INTRA, _PREDICTED):
                raise _NotSimple
    # Two pictures in a packet are B pictures in the packed form of AVI files.
    if pictures != 1:
        raise _NotSimple
    return {_stated(data)} if has_layer else set()


def _stated(data: bytes) -> SimpleVideo:
    """Return what a sequence header and a video object layer state."""
    level = None
    for unit in _units(data):
        if unit[0] == _SEQUENCE and len(unit) > 1:
            level = unit[1]
        if unit[0] in _LAYERS:
            layer = _layer(_Bits(unit[1:]))
            return SimpleVideo(layer.width, layer.height, layer.aspect, level)
    raise _NotSimple


class _Layer(NamedTuple):
    width: int
    height: int
    aspect: tuple[int, int]


def _layer(bits: _Bits) -> _Layer:
    """Read a video object layer (ISO/IEC 14496-2, 6.2.3) of the simple profile."""
    bits.take(1)
    bits.need(bits.take(8) == _SIMPLE)
    version = 1
    if bits.take(1):
        version = bits.take(4)
        bits.take(3)
    shape = bits.take(4)
    aspect = (bits.take(8), bits.take(8)) if shape == _OWN_ASPECT else _ASPECTS.get(shape, (0, 0))
    bits.need(min(aspect) > 0)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            bits.take(_BUFFER_BITS)
    # Rectangular; then a marker, the ticks of a second, a marker, and the fixed period of pictures.
    bits.need(bits.take(2) == 0)
    bits.take(1)
    ticks = bits.take(16)
    bits.take(1)
    if bits.take(1):
        bits.take(max(1, (ticks - 1).bit_length()))
    bits.take(1)
    width = bits.take(13)
    bits.take(1)
    height = bits.take(13)
    bits.take(1)
    # No interlacing, no overlapped motion compensation (a bit that disables it), no sprites.
    bits.need(bits.take(2) == 0b01 and bits.take(1 if version == 1 else 2) == 0)
    # Eight bits a sample, no quantisation matrices, no quarter samples.
    bits.need(bits.take(2 if version == 1 else 3) == 0)
    # No complexity estimation (a bit that disables it). Resynchronisation and partitions may be.
    bits.need(bits.take(1) == 1)
    bits.take(1)
    if bits.take(1):
        bits.take(1)
    # Neither reference selection nor reduced resolution, no scalability.
    bits.need(bits.take(1 if version == 1 else 3) == 0)
    divisor = math.gcd(*aspect)
    return _Layer(width, height, (aspect[0] // divisor, aspect[1] // divisor))


class _Bits:
    """Reads bits of a header in order."""

    def __init__(self, data: bytes) -> None:
        self._data = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        self._left -= count
        self.need(self._left >= 0)
        return self._data >> self._left & ((1 << count) - 1)

    def need(self, holds: bool) -> None:
        """Raise _NotSimple unless a condition holds."""
        if not holds:
            raise _NotSimple
