"""The tracks of a Matroska or WebM file by its elements (EBML, RFC 8794; Matroska, RFC 9559)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MatroskaTrack", "tracks"]

#: Elements on the way to what a track is (RFC 9559, 5.1.4).
_SEGMENT, _TRACKS, _TRACK = 0x18538067, 0x1654AE6B, 0xAE
_TYPE, _CODEC = 0x83, 0x86
_ENCODINGS, _ENCODING, _KIND = 0x6D80, 0x6240, 0x5033
_ENCRYPTION, _ALGORITHM, _AES, _MODE = 0x5035, 0x47E1, 0x47E7, 0x47E8

#: Clusters hold media: what follows the first of them tells of no track.
_CLUSTER = 0x1F43B675

#: Types of tracks that FFmpeg makes streams of: video, audio, subtitles and metadata (5.1.4.1.3).
_TYPES = (1, 2, 17, 33)

#: Of an encoding: it encrypts (5.1.4.1.31.4). Its algorithms and the modes of AES (.9 and .12) in words.
_ENCRYPTS = 1
_ALGORITHMS = {1: "DES", 2: "3DES", 3: "Twofish", 4: "Blowfish", 5: "AES"}
_MODES = {1: "AES-CTR", 2: "AES-CBC"}


@dataclass(frozen=True, slots=True)
class MatroskaTrack:
    """A track: the word for its codec, and how it is encrypted, None where it is not."""

    codec: str
    encryption: str | None = None


def tracks(head: bytes) -> list[MatroskaTrack]:
    """The tracks, in the order of FFmpeg's streams.

    Args:
        head: of the file, up to its first cluster; of less, the tracks that are whole.
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


def _encryption(track: memoryview) -> str | None:
    for encoding in _inside(track, _ENCODINGS, _ENCODING):
        if _number(encoding, _KIND) == _ENCRYPTS:
            algorithm = _number(encoding, _ENCRYPTION, _ALGORITHM)
            mode = _number(encoding, _ENCRYPTION, _AES, _MODE)
            return _MODES.get(mode) or _ALGORITHMS.get(algorithm, "by no known algorithm")
    return None


def _number(parent: memoryview, *path: int) -> int:
    """An unsigned number; 0, the default of all that are read here, where it is not there."""
    return int.from_bytes(next(_inside(parent, *path), b""), "big")


def _inside(parent: memoryview, *path: int) -> Iterator[memoryview]:
    """What elements at the end of a path of numbers hold."""
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
    """Number, begin and end of an element (RFC 8794, 5 and 6); None where there is no more.

    What has no length, as a stream that is recorded has, goes on to the end.
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
    """Octets of a number of variable size, by the zeros before its first bit; 0: there is none."""
    first = view[at] if at < len(view) else 0
    width = 9 - first.bit_length()
    return width if first and width <= most else 0
