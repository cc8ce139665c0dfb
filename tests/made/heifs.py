"""Generated HEIF files: lossless HEVC items in boxes (ISO/IEC 23008-12, 14496-12)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

#: The type of an auxiliary picture with alpha values.
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box (14496-12, 4.2)."""
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def full(kind: bytes, *parts: bytes) -> bytes:
    """A full box of version 0 without flags (14496-12, 4.2)."""
    return box(kind, bytes(4), *parts)


def ispe(width: int, height: int) -> bytes:
    """The property ``ispe``: width and height of a picture in pixels."""
    return full(b"ispe", width.to_bytes(4, "big"), height.to_bytes(4, "big"))


def nclx(primaries: int, transfer: int, matrix: int, *, full_range: bool = True) -> bytes:
    """The property ``colr`` with the code points of primaries, transfer and matrix."""
    codes = b"".join(code.to_bytes(2, "big") for code in (primaries, transfer, matrix))
    return box(b"colr", b"nclx", codes, bytes([0x80 if full_range else 0]))


def auxiliary(kind: bytes = ALPHA) -> bytes:
    """The property ``auxC``: the type of an auxiliary picture."""
    return full(b"auxC", kind, b"\0")


@dataclass(frozen=True)
class Entry:
    """An item: its type, its octets, its property boxes, and its references by type."""

    kind: bytes
    payload: bytes
    properties: Sequence[bytes] = ()
    refs: Mapping[bytes, Sequence[int]] = field(default_factory=dict)


def coded(
    samples: NDArray[np.uint8 | np.uint16], *properties: bytes, stream: str = "", **refs: Sequence[int]
) -> Entry:
    """A picture as a lossless HEVC item.

    Args:
        samples: rows x columns of gray, or rows x columns x 3 of red, green and blue (matrix 0). uint16
            samples have 10 bits.
        properties: property boxes besides the size and the decoder configuration; an ``ispe`` box replaces
            the size.
        stream: additional x265 parameters.
        refs: references to other items by type.
    """
    deep = "10le" if samples.dtype == np.uint16 else ""
    pixels = ("gray" if samples.ndim == 2 else "gbrp") + deep
    height, width = samples.shape[:2]
    context = VideoCodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.time_base = context.framerate = 1  # type: ignore[assignment]
    plain = "lossless=1:range=full:log-level=none:pools=none:frame-threads=1:keyint=1"
    context.options = {"x265-params": f"{plain}:{stream}" if stream else plain}
    stored: NDArray[Any] = np.ascontiguousarray(samples)
    frame = av.VideoFrame.from_ndarray(stored, pixels)
    frame.pts = 0
    packets = [*context.encode(frame), *context.encode(None)]
    units = [unit for packet in packets for unit in _units(bytes(packet))]
    sets = [unit for unit in units if 32 <= unit[0] >> 1 <= 34]
    slices = [unit for unit in units if unit[0] >> 1 < 32]
    depth = 10 if deep else 8
    size = [] if any(one[4:8] == b"ispe" for one in properties) else [ispe(width, height)]
    config = _config(sets, 0 if samples.ndim == 2 else 3, depth)
    payload = b"".join(len(unit).to_bytes(4, "big") + unit for unit in slices)
    names = {name.encode(): numbers for name, numbers in refs.items()}
    return Entry(b"hvc1", payload, (*size, config, *properties), names)


def _units(data: bytes) -> list[bytes]:
    """The NAL units of a stream with start codes (ITU-T H.265, annex B)."""
    parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def _config(sets: Iterable[bytes], chroma: int, depth: int) -> bytes:
    """The decoder configuration of HEVC, ``hvcC`` (14496-15, 8.3.3.1)."""
    found = list(sets)
    profile = next(unit for unit in found if unit[0] >> 1 == 33).replace(b"\0\0\3", b"\0\0")[3:15]
    head = b"\1" + profile + b"\xf0\0\xfc" + bytes([0xFC | chroma, 0xF8 | depth - 8, 0xF8 | depth - 8])
    arrays = b"".join(
        bytes([unit[0] >> 1 | 0x80]) + b"\0\1" + len(unit).to_bytes(2, "big") + unit for unit in found
    )
    return box(b"hvcC", head, b"\0\0\x0f", bytes([len(found)]), arrays)


def grid(columns: int, rows: int, width: int, height: int, tiles: Sequence[int], *properties: bytes) -> Entry:
    """A grid of other items (23008-12, 6.6.2.3)."""
    size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    payload = bytes([0, 0, rows - 1, columns - 1]) + size
    return Entry(b"grid", payload, (ispe(width, height), *properties), {b"dimg": tiles})


def _two(*numbers: int) -> bytes:
    """Numbers as two octets each, big-endian."""
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def heif(entries: Mapping[int, Entry], primary: int = 1) -> bytes:
    """A file with the given items by item number."""
    store = list(dict.fromkeys(itertools.chain(*(entry.properties for entry in entries.values()))))
    infos = [box(b"infe", b"\2\0\0\0", _two(number, 0), one.kind, b"\0") for number, one in entries.items()]
    refs = [
        box(kind, _two(number, len(targets), *targets))
        for number, one in entries.items()
        for kind, targets in one.refs.items()
    ]
    links = [
        _two(number) + bytes([len(one.properties)]) + bytes(store.index(part) + 1 for part in one.properties)
        for number, one in entries.items()
    ]

    def meta(start: int) -> bytes:
        places, at = [], start
        for number, one in entries.items():
            places.append(_two(number, 0, 1) + at.to_bytes(4, "big") + len(one.payload).to_bytes(4, "big"))
            at += len(one.payload)
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", _two(primary)),
            full(b"iinf", _two(len(infos)), *infos),
            full(b"iloc", b"\x44\0", _two(len(places)), *places),
            *([full(b"iref", *refs)] if refs else []),
            box(
                b"iprp",
                box(b"ipco", *store),
                full(b"ipma", len(links).to_bytes(4, "big"), *links),
            ),
        )

    kind = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    start = len(kind) + len(meta(0)) + 8
    return kind + meta(start) + box(b"mdat", *(one.payload for one in entries.values()))
