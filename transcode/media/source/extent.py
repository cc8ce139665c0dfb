"""How much a clip shows by its header: seconds, pixels and frames, in pure Python, for estimates alone.

A figure that a header does not have is 0. A wrong one costs an estimate its accuracy, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import SourceError
from transcode.media.source import ebml, mp4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["Extent", "extent_of", "read_box"]

#: Octets that are read of the index of an MP4 file, boxes that are passed on the way to it, and how deep a
#: box may be inside others.
_MOST_INDEX = 1 << 20
_MOST_BOXES = 64
_DEEPEST = 4
#: Octets at the beginning of a file that have the description of a Matroska file.
_HEAD = 1 << 14

_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_EBML = b"\x1a\x45\xdf\xa3"


class Extent(NamedTuple):
    """How much a clip shows.

    Attributes:
        seconds: the duration.
        pixels: of one frame.
        frames: in all.
    """

    seconds: float = 0.0
    pixels: int = 0
    frames: int = 0


def extent_of(file: IO[bytes]) -> Extent:
    """What the header of a file tells; zeros where it tells nothing.

    Raises:
        OSError: the file can't be read.
    """
    head = file.read(_HEAD)
    with contextlib.suppress(struct.error, SourceError, ValueError, OverflowError):
        if head[4:8] in _FIRST_BOXES:
            return _of_index(read_box(file, b"moov"))
        if head[:4] == _EBML:
            return Extent(*ebml.extent(head))
        if head[:4] == b"RIFF" and head[24:28] == b"avih":
            each, frames, width, height = struct.unpack_from("<I12xI12xII", head, 32)
            return Extent(each * frames / 1e6, width * height, frames)
    return Extent()


def read_box(file: IO[bytes], wanted: bytes) -> bytes:
    """The payload of a box of an MP4 or HEIF file, wherever it is, as far as it is short.

    Empty where it is not found.

    Raises:
        OSError: the file can't be read.
        struct.error: the file ends before the box.
    """
    at, end = 0, file.seek(0, os.SEEK_END)
    for _ in range(_MOST_BOXES):
        if at > end - 8:
            # A box that says it is longer than the file: no system seeks to any number.
            break
        file.seek(at)
        head = file.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        start = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, 8)
            start = 16
        if kind == wanted:
            file.seek(at + start)
            return file.read(_MOST_INDEX if size == 0 else min(max(size - start, 0), _MOST_INDEX))
        if size < start:
            break
        at += size
    return b""


def _of_index(index: bytes) -> Extent:
    """The duration, and of the largest track its pixels and its number of samples."""
    seconds, largest = 0.0, (0, 0)
    for kind, body in _inside(index):
        if kind == b"mvhd":
            scale, length = struct.unpack_from(
                *((">IQ", body, 20) if body[:1] == b"\1" else (">II", body, 12))
            )
            seconds = length / scale if scale else 0.0
        elif kind == b"trak":
            largest = max(largest, _track(body, _DEEPEST))
    return Extent(seconds, *largest)


def _track(body: bytes, depth: int) -> tuple[int, int]:
    """The pixels and the samples of a track, as far as they are in a box of it."""
    pixels = frames = 0
    for kind, inner in _inside(body):
        if kind == b"tkhd":
            width, height = struct.unpack_from(">II", inner, 88 if inner[:1] == b"\1" else 76)
            pixels = (width >> 16) * (height >> 16)
        elif kind in (b"mdia", b"minf", b"stbl") and depth:
            frames = max(frames, _track(inner, depth - 1)[1])
        elif kind in (b"stsz", b"stz2"):
            (frames,) = struct.unpack_from(">I", inner, 8)
    return pixels, frames


def _inside(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in a box, by type and payload; those before one that is broken or cut."""
    with contextlib.suppress(SourceError):
        for box in mp4.boxes(data, 0, len(data), name="index"):
            yield box.kind, data[box.body : box.end]
