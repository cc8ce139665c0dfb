"""Reads the track list and the extent of a Matroska or WebM file (EBML, RFC 8794; Matroska, RFC 9559)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MatroskaTrack", "extent", "tracks"]

#: IDs of the elements that describe a track (RFC 9559, 5.1.4).
_SEGMENT, _TRACKS, _TRACK = 0x18538067, 0x1654AE6B, 0xAE
_TYPE, _CODEC = 0x83, 0x86
_ENCODINGS, _ENCODING, _KIND = 0x6D80, 0x6240, 0x5033
_ENCRYPTION, _ALGORITHM, _AES, _MODE = 0x5035, 0x47E1, 0x47E7, 0x47E8

#: IDs of the elements for duration and size (5.1.2 and 5.1.4.1.28); the nanoseconds of a tick by default.
_INFO, _SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_VIDEO, _WIDTH, _HEIGHT = 0xE0, 0xB0, 0xBA
_TICK = 1_000_000
#: The most octets of an integer.
_WIDEST = 8

#: ID of the clusters, which hold the media. The track list comes before the first cluster.
_CLUSTER = 0x1F43B675

#: Track types for which FFmpeg creates a stream: video, audio, subtitles and metadata (5.1.4.1.3).
_TYPES = (1, 2, 17, 33)

#: The type of an encoding that encrypts (5.1.4.1.31.4), and the names of the algorithms and of the AES modes
#: (5.1.4.1.31.9 and 5.1.4.1.31.12).
_ENCRYPTS = 1
_ALGORITHMS = {1: "DES", 2: "3DES", 3: "Twofish", 4: "Blowfish", 5: "AES"}
_MODES = {1: "AES-CTR", 2: "AES-CBC"}


@dataclass(frozen=True, slots=True)
class MatroskaTrack:
    """A track: its codec ID, and the name of its encryption; None if it is not encrypted."""

    codec: str
    encryption: str | None = None


def tracks(head: bytes) -> list[MatroskaTrack]:
    """Return the tracks, in the order of FFmpeg's streams.

    Args:
        head: the beginning of the file, up to its first cluster. If it is shorter, the list has the tracks
            that are in it.
    """
    view = memoryview(head)
    found = []
    for body in _inside(view, _SEGMENT, _TRACKS, _TRACK):
        kind = _number(body, _TYPE)
        codec = next(_inside(body, _CODEC), None)
        if codec is not None and kind in _TYPES:
            word = bytes(codec).rstrip(b"\0").decode("latin-1")
            found.append(MatroskaTrack(word, _encryption(body)))
    return found


def extent(head: bytes) -> tuple[float, int]:
    """Return the duration in seconds and the pixels of a frame of the first video track; 0: not stated.

    Args:
        head: as for tracks().
    """
    view = memoryview(head)
    scale = _number(view, _SEGMENT, _INFO, _SCALE) or _TICK
    said = bytes(next(_inside(view, _SEGMENT, _INFO, _DURATION), b""))
    ticks = struct.unpack({4: ">f", 8: ">d"}[len(said)], said)[0] if len(said) in (4, 8) else 0.0
    path = (_SEGMENT, _TRACKS, _TRACK, _VIDEO)
    seconds = ticks * scale / 1e9
    pixels = _number(view, *path, _WIDTH) * _number(view, *path, _HEIGHT)
    return seconds if 0 <= seconds < math.inf else 0.0, pixels


def _encryption(track: memoryview) -> str | None:
    for encoding in _inside(track, _ENCODINGS, _ENCODING):
        if _number(encoding, _KIND) == _ENCRYPTS:
            algorithm = _number(encoding, _ENCRYPTION, _ALGORITHM)
            mode = _number(encoding, _ENCRYPTION, _AES, _MODE)
            return _MODES.get(mode) or _ALGORITHMS.get(algorithm, "an unknown algorithm")
    return None


def _number(parent: memoryview, *path: int) -> int:
    """Return an unsigned integer; 0 if the element is absent: the default of all elements read here.

    One of more octets than a number may have (RFC 8794, 7.2) is none.
    """
    body = next(_inside(parent, *path), b"")
    return int.from_bytes(body, "big") if len(body) <= _WIDEST else 0


def _inside(parent: memoryview, *path: int) -> Iterator[memoryview]:
    """Yield the payloads of the elements at the end of a path of IDs."""
    at = 0
    while (head := _head(parent, at)) is not None:
        number, begin, end = head
        if number == _CLUSTER:
            return
        if number == path[0]:
            body = parent[begin:end]
            if path[1:]:
                yield from _inside(body, *path[1:])
            else:
                yield body
        at = end


def _head(view: memoryview, at: int) -> tuple[int, int, int] | None:
    """Return the ID, the payload offset and the end of an element (RFC 8794, 5 and 6); None at the end.

    An element of unknown size, as live recordings have, extends to the end of the data.
    """
    width = _width(view, at, 4)
    place = at + width
    wide = _width(view, place, 8)
    if not width or not wide or place + wide > len(view):
        return None
    number = int.from_bytes(view[at:place], "big")
    most = (1 << 7 * wide) - 1
    size = int.from_bytes(view[place : place + wide], "big") & most
    begin = place + wide
    return number, begin, len(view) if size == most else min(begin + size, len(view))


def _width(view: memoryview, at: int, most: int) -> int:
    """Return the octets of a variable-size integer, from its leading zero bits; 0 if it is invalid."""
    first = view[at] if at < len(view) else 0
    width = 9 - first.bit_length()
    return width if first and width <= most else 0
