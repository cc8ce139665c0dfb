"""HEIF: HEIC and AVIF pictures, from their boxes to planes of the size that is wanted.

ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-15 (HEVC in files), and the AV1 image file
format. A picture is one coded item or a grid of them; tiles are decoded by FFmpeg, several
at a time, and every row of tiles is reduced as soon as it is whole, so that never more
than three rows of tiles are kept at full size.

The octets of the result depend on the source and the size only, not on the number of threads.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media import boxes, colour
from transcode.media.cicp import OTHERS, RGB, Signal, to_jfif, to_rgb
from transcode.media.icc import high_range
from transcode.media.planes import Span, Stream, compose, upright
from transcode.media.toner import LEVELS, LOOKED_AT, brightest, peak_of, toner
from transcode.media.transfer import Space
from transcode.model import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from transcode.media.boxes import Box, Container, Item

__all__ = ["Coded", "Decoded", "HeifHeader", "decode", "read_header"]

#: How many times the pixels of one coded picture, which is held whole, all tiles of a grid may have.
SCALED = 4

#: Pictures that are laid over one another; files of phones and editors have two or three.
_MOST_LAYERS = 16

#: Octets of an ICC profile or of EXIF that are taken over from an item or a property.
_LARGEST_METADATA = 16_000_000

#: Kinds of coded items, the property that sets up their decoder, and FFmpeg's name of it.
_CODECS = {b"hvc1": (b"hvcC", "hevc"), b"av01": (b"av1C", "libdav1d")}

#: Turns of ``irot`` in quarters against the clock (23008-12, 6.5.10) as orientations, and the
#: mirrors of ``imir`` (6.5.12 of the third edition: 0 swaps top and bottom, 1 left and right).
_TURNS = (1, 8, 3, 6)
_MIRRORS = (4, 2)

#: Auxiliary pictures (``auxC``, 23008-12, 6.5.8) by their types, and the words for them.
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_AUXILIARY = (
    (b"hdrgainmap", "gain map"),
    (b"gainmap", "gain map"),
    (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "depth map"),
    (b"urn:mpeg:hevc:2015:auxid:2", "depth map"),
    (b"depth", "depth map"),
    (b"disparity", "depth map"),
)

#: FFmpeg's pixel formats that are read, the pixels across and down that a sample of
#: the further planes stands for, and the rows that are brought to eight bits at a time.
_FORMAT = re.compile(r"(gray|gbrp|yuvj?4(?:20|22|44)p)(10|12)?(?:le)?")
_STEPS = {
    "gray": [],
    "gbrp": [(1, 1), (1, 1)],
    "yuv444p": [(1, 1), (1, 1)],
    "yuv422p": [(2, 1), (2, 1)],
    "yuv420p": [(2, 2), (2, 2)],
}
_NARROWED = 128

#: Pictures of eight bits that one of more bits and of high dynamic range is reduced as: their mean has two
#: bits more. Where sRGB is brightest it has four levels for one of PQ of eight bits.
_PARTS = 4

#: Properties that change what is seen, and that are heeded (MIAF, 7.3.6.7 and 7.3.9).
_KNOWN = frozenset(
    b"ispe,pixi,colr,hvcC,av1C,irot,imir,clap,pasp,auxC,lsel,a1lx,clli,mdcv,cclv,amve,rloc,udes,altt".split(
        b","
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A coded item, or a grid of them, as it is stored.

    Attributes:
        width, height: in pixels, without what the last tiles have beyond the edge.
        tile_width, tile_height: of each tile; of a single item, those of the picture.
        columns, rows: tiles across and down.
        tiles: row by row.
        opaque: places of tiles that are not there, of a picture that says how opaque another is:
            nothing is clear there, and another tile stands in the row.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    tiles: tuple[Item, ...]
    opaque: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture that is laid over others.

    Attributes:
        header: of the picture.
        left, top: where its upright corner lies on the canvas, in pixels; it may lie beyond the edges.
    """

    header: HeifHeader
    left: int
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Pictures that are laid over a canvas, one after the other (23008-12, 6.6.2.3).

    Attributes:
        fill: colour of the canvas over white: R, G and B from 0 to 255.
        layers: the pictures, the lowest first.
    """

    fill: tuple[int, int, int]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HeifHeader:
    """What is known of a HEIF picture before it is decoded.

    Attributes:
        width, height: in pixels, as stored, cut to what is to be seen.
        orientation: how that comes upright, by ``irot`` and ``imir``; numbered as in EXIF.
        left, top: where the part that is to be seen begins in the coded picture.
        coded: the primary picture; of an overlay its size, and the tiles of its lowest layer.
        overlay: what it is laid together of, or None.
        alpha: its transparency, or None.
        premultiplied: whether colours are stored multiplied by it.
        halved: whether there is no more chroma than a sample for two columns of two rows.
        signal: the meaning of samples by ``nclx``, or None.
        icc: the colour profile, or None; of one that names PQ or HLG the signal has the code points.
        exif: the TIFF structure, or None.
        metadata: words for what does not leave with the picture.
        pictures: pictures that stand beside the primary one.
        frames: of an animation; 0 where there is none.
        container: the boxes.
    """

    width: int
    height: int
    orientation: int
    left: float
    top: float
    coded: Coded
    overlay: Overlay | None
    alpha: Coded | None
    premultiplied: bool
    halved: bool
    signal: Signal | None
    icc: bytes | None = field(repr=False)
    exif: bytes | None = field(repr=False)
    metadata: tuple[str, ...]
    pictures: int
    frames: int
    container: Container = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture that was decoded and reduced.

    Attributes:
        planes: luma, then none or two of chroma, in JFIF's YCbCr (BT.601, full range).
        colours: whether they are those that are stored, were converted to sRGB, or were also brought
            there from a high dynamic range. Those of a profile are stored ones.
        alpha: transparency of the size of luma, or None.
        warnings: tiles that could not be decoded.
        warning: what is wrong with the first of them, or None.
        rows: how many rows of the coded picture stand above the first of them.
    """

    planes: tuple[NDArray[np.uint8], ...]
    colours: Literal["stored", "converted", "toned"]
    alpha: NDArray[np.uint8] | None
    warnings: int
    warning: str | None
    rows: int


# --- The header -------------------------------------------------------------------------------------


def read_header(data: bytes | memoryview, *, name: str, max_pixels: int = MAX_PIXELS) -> HeifHeader:
    """What the boxes say of the primary picture.

    Args:
        data: the file.
        name: what the source is called in errors.
        max_pixels: the most pixels of one coded picture; all tiles of a grid may have four times as many.

    Raises:
        UnsupportedError: a picture of a kind that is not decoded.
        CapError: more pixels or items than are decoded.
        SourceError: boxes that do not hold together.
    """
    container = boxes.read(data, name=name)
    if container.primary is None or container.primary not in container.items:
        raise SourceError(name, "no primary picture")
    return _header(container, container.items[container.primary], max_pixels)


def _header(container: Container, item: Item, max_pixels: int, *, layers: bool = True) -> HeifHeader:
    """What the boxes say of a picture; of layers none that is made of layers itself."""
    name = container.name
    item = _derived(container, item)
    for box, essential in zip(item.properties, item.essential, strict=True):
        if essential and box.kind not in _KNOWN:
            raise UnsupportedError(name, f"a picture with the property {box.kind.decode('latin-1')!r}")
    overlay = None
    if item.kind == b"iovl" and layers:
        coded, overlay = _overlay(container, item, max_pixels)
    else:
        coded = _coded(container, item, max_pixels)
    left, top, right, bottom, orientation = _geometry(name, item, coded)
    alpha, premultiplied = _alpha(container, item, coded, max_pixels)
    icc, signal = _colours(name, item, coded)
    exif, words = _metadata(container, item)
    if icc is not None:
        words.append("ICC profile")
        if points := high_range(icc):
            signal = replace(signal or Signal(), primaries=points[0], transfer=points[1])
            icc = None
    return HeifHeader(
        width=right - left,
        height=bottom - top,
        orientation=orientation,
        left=left,
        top=top,
        coded=coded,
        overlay=overlay,
        alpha=alpha,
        premultiplied=premultiplied,
        halved=_is_halved(name, coded.tiles[0]),
        signal=signal,
        icc=icc,
        exif=exif,
        metadata=tuple(words),
        pictures=_others(container, item),
        frames=_frames(name, container.moov),
        container=container,
    )


def _derived(container: Container, item: Item) -> Item:
    """A picture that is another one, turned or cut (23008-12, 6.6.2.1): that one, with what both say."""
    for _ in range(_MOST_LAYERS):
        if item.kind != b"iden":
            return item
        numbers = item.refs.get(b"dimg", ())
        if len(numbers) != 1 or numbers[0] not in container.items:
            raise SourceError(container.name, f"picture {item.number} is another one that is not there")
        other = container.items[numbers[0]]
        # The size that it says is that of its result.
        own = [pair for pair in zip(item.properties, item.essential, strict=True) if pair[0].kind != b"ispe"]
        item = replace(
            other,
            number=item.number,
            properties=(*other.properties, *(box for box, _ in own)),
            essential=(*other.essential, *(must for _, must in own)),
            refs={**item.refs, **other.refs, b"iden": (other.number, *item.refs.get(b"iden", ()))},
        )
    raise CapError(container.name, f"picture {item.number} is another one, and that again, too often")


def _size(name: str, item: Item, assumed: tuple[int, int] | None = None) -> tuple[int, int]:
    """What ``ispe`` says (23008-12, 6.5.3), or what is assumed where it is not there."""
    ispe = item.find(b"ispe")
    if ispe is None and assumed is not None:
        return assumed
    if ispe is None:
        raise SourceError(name, f"picture {item.number} has no size")
    reader, _, _ = ispe.full(name)
    width, height = reader.number(4), reader.number(4)
    if not width or not height:
        raise reader.error(f"says {width} x {height} pixels")
    return width, height


def _coded(
    container: Container, item: Item, max_pixels: int, assumed: tuple[int, int] | None = None
) -> Coded:
    """How a picture is stored; one without a size of its own has the one that is assumed."""
    name = container.name
    item = _derived(container, item)
    if item.kind in _CODECS:
        width, height = _size(name, item, assumed)
        _check(name, width, height, max_pixels)
        _config(name, item)
        return Coded(width, height, width, height, 1, 1, (item,))
    if item.kind != b"grid":
        kind = item.kind.decode("latin-1")
        raise UnsupportedError(name, f"a picture of the kind {kind!r}, which is not decoded")
    # 23008-12, 6.6.2.3.2.
    payload = memoryview(container.payload(item))
    reader = boxes.Reader(name, f"the grid {item.number}", payload, 0)
    reader.take(1)
    size = 4 if reader.number(1) & 1 else 2
    rows, columns = reader.number(1) + 1, reader.number(1) + 1
    width, height = reader.number(size), reader.number(size)
    numbers = item.refs.get(b"dimg", ())
    if len(numbers) != rows * columns or not set(numbers) <= container.items.keys():
        raise SourceError(name, f"a grid of {columns} x {rows} tiles with {len(numbers)} pictures")
    tiles = tuple(container.items[number] for number in numbers)
    across, down = _tile_size(name, tiles)
    # The last column and row are needed, and the grid covers the picture.
    if not (across * (columns - 1) < width <= across * columns and down * (rows - 1) < height <= down * rows):
        reason = f"{width} x {height} pixels in {columns} x {rows} tiles of {across} x {down}"
        raise SourceError(name, reason)
    _check(name, across * columns, down * rows, SCALED * max_pixels)
    _check(name, across * columns, down, max_pixels // 2)
    return Coded(width, height, across, down, columns, rows, tiles)


def _tile_size(name: str, tiles: Sequence[Item], assumed: tuple[int, int] | None = None) -> tuple[int, int]:
    """Width and height of all tiles of a grid, which must be coded alike."""
    for tile in set(tiles):
        if tile.kind != tiles[0].kind or tile.kind not in _CODECS:
            raise UnsupportedError(name, "a grid of pictures that are not coded alike")
        _config(name, tile)
    across, down = _size(name, tiles[0], assumed)
    if any(_size(name, tile, assumed) != (across, down) for tile in set(tiles)):
        raise SourceError(name, "a grid of tiles of several sizes")
    return across, down


def _overlay(container: Container, item: Item, max_pixels: int) -> tuple[Coded, Overlay]:
    """What an item lays together."""
    name = container.name
    reader = boxes.Reader(name, f"the overlay {item.number}", memoryview(container.payload(item)), 0)
    reader.take(1)
    size = 4 if reader.number(1) & 1 else 2
    *fill, opacity = (reader.number(2) for _ in range(4))
    width, height = reader.number(size), reader.number(size)
    if not width or not height:
        raise reader.error(f"says {width} x {height} pixels")
    _check(name, width, height, max_pixels)
    numbers = item.refs.get(b"dimg", ())
    if not numbers or not set(numbers) <= container.items.keys():
        raise SourceError(name, f"an overlay of {len(numbers)} pictures, some of which are not there")
    if len(numbers) > _MOST_LAYERS:
        raise CapError(name, f"an overlay of {len(numbers)} pictures")
    layers = []
    for number in numbers:
        left, top = (_signed(reader.number(size), 8 * size) for _ in range(2))
        layers.append(Layer(_header(container, container.items[number], max_pixels, layers=False), left, top))
    red, green, blue = ((65535 - opacity + part * opacity // 65535) >> 8 for part in fill)
    lowest = layers[0].header.coded
    return Coded(width, height, width, height, 1, 1, lowest.tiles), Overlay((red, green, blue), tuple(layers))


def _check(name: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise CapError(name, f"{width} x {height} pixels; at most {most:,} are decoded")


def _config(name: str, item: Item) -> bytes:
    """What sets up the decoder of a coded item."""
    kind, _ = _CODECS[item.kind]
    box = item.find(kind)
    if box is None:
        raise SourceError(name, f"picture {item.number} has no {kind.decode()}")
    if len(box.data) > _LARGEST_METADATA:
        raise CapError(name, f"a {kind.decode()} of {len(box.data):,} bytes")
    return bytes(box.data)


def _is_halved(name: str, item: Item) -> bool:
    """Whether chroma is 4:2:0, or none, by what sets up the decoder."""
    config = _config(name, item)
    if item.kind == b"hvc1":
        # 14496-15, 8.3.3.1: chromaFormat, which numbers 4:0:0, 4:2:0, 4:2:2 and 4:4:4.
        return len(config) <= 16 or config[16] & 3 < 2
    # AV1 in ISO base media files, 2.3: chroma_subsampling_x and _y; both are set of gray.
    return len(config) <= 2 or config[2] >> 2 & 3 == 3


def _geometry(name: str, item: Item, coded: Coded) -> tuple[int, int, int, int, int]:
    """Left, top, right and bottom of what is seen, in stored pixels, and the orientation.

    ``clap``, ``irot`` and ``imir`` act in the order in which they are associated.
    """
    left, top, right, bottom, orientation = 0, 0, coded.width, coded.height, 1
    for box in item.properties:
        if box.kind == b"irot":
            orientation = compose(orientation, _TURNS[box.reader(name).number(1) & 3])
        elif box.kind == b"imir":
            orientation = compose(orientation, _MIRRORS[box.reader(name).number(1) & 1])
        elif box.kind == b"clap":
            width, height = right - left, bottom - top
            turned = orientation > 4
            x0, y0, x1, y1 = _clap(name, box, *((height, width) if turned else (width, height)))
            if turned:
                x0, y0, x1, y1 = y0, x0, y1, x1
            # Stored columns, or rows, that run against the upright picture's.
            if orientation in (2, 3, 7, 8):
                x0, x1 = width - x1, width - x0
            if orientation in (3, 4, 6, 7):
                y0, y1 = height - y1, height - y0
            left, top, right, bottom = left + x0, top + y0, left + x1, top + y1
    return left, top, right, bottom, orientation


def _clap(name: str, box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a clean aperture (14496-12, 12.1.4), within the picture."""
    reader = box.reader(name)
    sides = []
    for size in (width, height):
        numerator, denominator = reader.number(4), reader.number(4)
        sides.append((size, numerator, denominator))
    edges = []
    for size, numerator, denominator in sides:
        shift, unit = _signed(reader.number(4)), reader.number(4)
        if not denominator or not unit:
            raise reader.error("divides by zero")
        length = numerator // denominator
        # pcX = horizOff + (width - 1) / 2 is the centre; the first pixel is pcX - (length - 1) / 2.
        begin = (2 * shift + (size - length) * unit) // (2 * unit)
        begin, end = max(begin, 0), min(begin + length, size)
        if end <= begin:
            raise reader.error("leaves nothing of the picture")
        edges.append((begin, end))
    (x0, x1), (y0, y1) = edges
    return x0, y0, x1, y1


def _signed(number: int, bits: int = 32) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number


def _alpha(container: Container, item: Item, coded: Coded, max_pixels: int) -> tuple[Coded | None, bool]:
    """How opaque the picture is, or None; and whether its colours are stored multiplied by that.

    One auxiliary picture says it of the whole, or one says it of each tile of a grid.
    """
    found: dict[int, Item] = {}
    for other in container.items.values():
        shown = other.refs.get(b"auxl", ())
        if shown and _aux_type(container.name, other) in _ALPHA:
            for number in shown:
                found.setdefault(number, other)
    whole = next((found[one] for one in (item.number, *item.refs.get(b"iden", ())) if one in found), None)
    if whole is not None:
        alpha = _coded(container, whole, max_pixels, (coded.width, coded.height))
        return alpha, whole.number in item.refs.get(b"prem", ())
    tiles = [found.get(tile.number) for tile in coded.tiles] if item.kind == b"grid" else []
    there = [tile for tile in tiles if tile is not None]
    if not there:
        return None, False
    multiplied = any(
        alpha is not None and alpha.number in tile.refs.get(b"prem", ())
        for tile, alpha in zip(coded.tiles, tiles, strict=True)
    )
    return _tiled_alpha(container.name, coded, tiles, there), multiplied


def _tiled_alpha(name: str, coded: Coded, tiles: Sequence[Item | None], there: Sequence[Item]) -> Coded:
    """A grid of the pictures that say how opaque each tile is; they may have another size than those."""
    across, down = _tile_size(name, there, (coded.tile_width, coded.tile_height))
    if across * down > 4 * coded.tile_width * coded.tile_height:
        raise SourceError(name, f"tiles of {across} x {down} pixels say how opaque smaller ones are")
    return Coded(
        width=max(across * (coded.columns - 1) + 1, round(coded.width * across / coded.tile_width)),
        height=max(down * (coded.rows - 1) + 1, round(coded.height * down / coded.tile_height)),
        tile_width=across,
        tile_height=down,
        columns=coded.columns,
        rows=coded.rows,
        tiles=tuple(tile if tile is not None else there[0] for tile in tiles),
        opaque=frozenset(place for place, tile in enumerate(tiles) if tile is None),
    )


def _aux_type(name: str, item: Item) -> bytes:
    box = item.find(b"auxC")
    if box is None:
        return b""
    reader, _, _ = box.full(name)
    return bytes(reader.take(reader.left)).partition(b"\0")[0]


def _colours(name: str, item: Item, coded: Coded) -> tuple[bytes | None, Signal | None]:
    """The profile and the ``nclx`` of a picture; those of its tiles where it has none itself."""
    icc: bytes | None = None
    signal: Signal | None = None
    for box in (*item.properties, *coded.tiles[0].properties):
        if box.kind != b"colr":
            continue
        reader = box.reader(name)
        kind = bytes(reader.take(4))
        if kind in (b"prof", b"rICC") and icc is None and reader.left <= _LARGEST_METADATA:
            icc = bytes(reader.take(reader.left))
        elif kind == b"nclx" and signal is None:
            primaries, transfer, matrix = (reader.number(2) for _ in range(3))
            signal = Signal(primaries, transfer, matrix, bool(reader.number(1) & 0x80))
    return icc, signal


def _metadata(container: Container, primary: Item) -> tuple[bytes | None, list[str]]:
    """EXIF, and words for all that does not leave with the picture."""
    exif: bytes | None = None
    words: dict[str, None] = {}
    for item in container.items.values():
        if item.kind == b"Exif":
            words["EXIF"] = None
            if exif is None and primary.number in item.refs.get(b"cdsc", (primary.number,)):
                exif = _exif(container, item)
        elif item.kind == b"mime":
            words["XMP" if b"rdf+xml" in item.content_type else "other metadata"] = None
        elif b"thmb" in item.refs:
            words["thumbnail"] = None
        elif b"auxl" in item.refs:
            kind = _aux_type(container.name, item)
            if kind not in _ALPHA:
                shown = (word for mark, word in _AUXILIARY if mark in kind)
                words[next(shown, "auxiliary picture")] = None
        elif item.kind == b"tmap":
            words["gain map"] = None
    if b"mpvd" in container.kinds:
        words["video of a motion photo"] = None
    if b"sefd" in container.kinds:
        words["maker's data"] = None
    return exif, list(words)


def _exif(container: Container, item: Item) -> bytes | None:
    """The TIFF structure of an item of type Exif (23008-12, A.2.1), or None where it is broken."""
    try:
        payload = container.payload(item)
    except SourceError:
        return None
    start = 4 + int.from_bytes(payload[:4], "big")
    return payload[start:] if start < len(payload) <= _LARGEST_METADATA else None


def _others(container: Container, primary: Item) -> int:
    """Pictures beside the primary one: not part of another, nor an alternative to it."""
    parts = {primary.number}
    for item in container.items.values():
        if {b"thmb", b"auxl"} & item.refs.keys() or item.kind == b"tmap":
            parts.add(item.number)
        for number in item.refs.get(b"dimg", ()):
            parts.add(number)
    for kind, members in container.groups:
        if kind == b"altr" and primary.number in members:
            parts.update(members)
    shown = (b"grid", b"iovl", b"iden", *_CODECS)
    return sum(
        item.kind in shown and not item.hidden and item.number not in parts
        for item in container.items.values()
    )


def _frames(name: str, moov: Box | None) -> int:
    """Samples of the longest track of pictures (14496-12, 8.7.3); 0 where there is none that can be read."""
    most = 0
    try:
        for trak in boxes.boxes(name, moov.data) if moov is not None else ():
            stsz = _within(name, trak, (b"mdia", b"minf", b"stbl", b"stsz")) if trak.kind == b"trak" else None
            if stsz is not None:
                reader, _, _ = stsz.full(name)
                reader.take(4)
                most = max(most, reader.number(4))
    except SourceError:
        return most
    return most


def _within(name: str, box: Box, path: tuple[bytes, ...]) -> Box | None:
    found: Box | None = box
    for kind in path:
        if found is None:
            return None
        found = next((inner for inner in boxes.boxes(name, found.data) if inner.kind == kind), None)
    return found


# --- Decoding ---------------------------------------------------------------------------------------


def decode(
    header: HeifHeader,
    width: int,
    height: int,
    *,
    full_chroma: bool,
    deadline: Callable[[], float],
    threads: int | None = None,
) -> Decoded:
    """The picture at a size, as stored: neither turned nor laid over anything.

    Args:
        header: of the picture.
        width, height: pixels of the result.
        full_chroma: whether chroma has the size of luma, and not half of it, rounded up. It has
            where colours are converted.
            For a picture that is to be mirrored and has an odd side, half of the size begins half
            a sample early, so that chroma stands where 4:2:0 puts it once the picture is upright.
        deadline: called before every tile; raises when the time is over.
        threads: how many tiles are decoded at a time; one a processor when None.

    Raises:
        SourceError: the first tile can't be decoded.
        CapError: what deadline raises.
    """
    threads = threads or len(os.sched_getaffinity(0))
    target = _Target(header, width, height, full_chroma)
    if header.overlay is not None:
        return _laid_together(header, header.overlay, target, deadline, threads)
    picture = _Reduction(header.container, header.coded, target, deadline, threads)
    picture.run()
    opacity, alpha = None, None
    if header.alpha is not None:
        opacity = _Reduction(header.container, header.alpha, target, deadline, threads, is_alpha=True)
        opacity.run()
        alpha = to_jfif([opacity.reduced(0)], opacity.signal, opacity.depth)[0]
    planes = _in_srgb(picture, alpha if header.premultiplied else None)
    if opacity is not None and opacity.bad and not picture.bad:
        # The picture is whole: what is lost is what was clear in it.
        bad, warning, rows = opacity.bad, opacity.warning, header.coded.height
    else:
        bad, warning, rows = picture.bad, picture.warning, picture.good_rows
    space = picture.space
    colours: Literal["stored", "converted", "toned"] = "stored"
    if space is not None:
        colours = "toned" if space.is_high else "converted"
    return Decoded(tuple(planes), colours, alpha, bad, warning, rows)


def _in_srgb(picture: _Reduction, multiplied: NDArray[np.uint8] | None) -> Sequence[NDArray[np.uint8]]:
    """The planes in JFIF's YCbCr and, but for those of a profile, in sRGB.

    Args:
        picture: what was reduced.
        multiplied: the opacity that its colours are stored multiplied by, or None.
    """
    count, space, depth = picture.planes, picture.space, picture.depth
    if space is None or not space.is_high:
        planes = to_jfif([picture.reduced(number) for number in range(count)], picture.signal, depth)
        if multiplied is not None:
            planes = _divided(planes, multiplied)
        if space is None:
            return planes
        return colour.of_space(space, "gray" if count == 1 else "rgb").ycc(planes, from_ycc=True)
    rgb = to_rgb([picture.mean(number) for number in range(count)], picture.signal, depth)
    if multiplied is not None:
        rgb *= np.float32(255) / np.maximum(multiplied, 1)[..., None]
    samples = toner(space, peak_of(picture.levels, space.transfer)).samples(rgb)
    if count == 1:
        return [samples[..., 0]]
    return to_jfif([samples[..., number] for number in (1, 2, 0)], Signal(matrix=RGB, full=True))


def _divided(planes: Sequence[NDArray[np.uint8]], alpha: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Colours that are stored multiplied by their opacity, as they are; what is quite clear stays."""
    divided = []
    for number, plane in enumerate(planes):
        step, middle = 1 if plane.shape == alpha.shape else 2, 128 if number else 0
        opacity = np.maximum(alpha[::step, ::step], 1)
        whole = np.rint((plane - np.float32(middle)) * 255 / opacity) + middle
        divided.append(np.clip(whole, 0, 255).astype(np.uint8))
    return divided


def _laid_together(
    header: HeifHeader, overlay: Overlay, target: _Target, deadline: Callable[[], float], threads: int
) -> Decoded:
    """An overlay: its layers are decoded whole, one after the other, and the canvas is reduced."""
    shape = (header.coded.height, header.coded.width)
    red, green, blue = (np.full((1, 1), part, np.uint8) for part in overlay.fill)
    fill = to_jfif([green, blue, red], Signal(matrix=RGB, full=True))
    canvas = [np.full(shape, part[0, 0], np.uint8) for part in fill]
    found = []
    for layer in overlay.layers:
        inner = layer.header
        made = decode(inner, inner.width, inner.height, full_chroma=True, deadline=deadline, threads=threads)
        found.append(made)
        _lay(canvas, made, layer)
    streams = [target.stream(header.coded, number, 1, 1) for number in range(3)]
    for plane, stream in zip(canvas, streams, strict=True):
        stream.feed(plane, 0)
    damaged = next((made for made in found if made.warnings), None)
    kinds = {made.colours for made in found}
    return Decoded(
        tuple(stream.result for stream in streams),
        "toned" if "toned" in kinds else "converted" if "converted" in kinds else "stored",
        None,
        sum(made.warnings for made in found),
        None if damaged is None else damaged.warning,
        header.coded.height if damaged is None else min(damaged.rows, header.coded.height),
    )


def _lay(canvas: list[NDArray[np.uint8]], made: Decoded, layer: Layer) -> None:
    """Lay a picture over the canvas, where it is on it."""
    planes = [upright(plane, layer.header.orientation) for plane in made.planes]
    rows, columns = planes[0].shape
    planes += [np.full((rows, columns), 128, np.uint8)] * (3 - len(planes))
    high, wide = canvas[0].shape
    top, bottom = max(layer.top, 0), min(layer.top + rows, high)
    left, right = max(layer.left, 0), min(layer.left + columns, wide)
    if top >= bottom or left >= right:
        return
    part = np.s_[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
    opaque: NDArray[np.uint16] | np.uint16 = np.uint16(255)
    if made.alpha is not None:
        opaque = upright(made.alpha, layer.header.orientation)[part].astype(np.uint16)
    for below, plane in zip(canvas, planes, strict=True):
        place = below[top:bottom, left:right]
        # At most 255 * 255 + 127, which 16 bits hold.
        place[:] = (plane[part] * opaque + place * (255 - opaque) + 127) // 255


@dataclass(frozen=True, slots=True)
class _Target:
    """What a picture is to become."""

    header: HeifHeader
    width: int
    height: int
    full_chroma: bool

    def stream(self, coded: Coded, number: int, across: int, down: int) -> Stream:
        """The resampling of a plane by its number, with one sample for so many pixels across and down."""
        header, half = self.header, number > 0 and not self.full_chroma
        spans = []
        for begin, length, count, stored, shown, step, mirrors in (
            (header.left, header.width, self.width, coded.width, header.coded.width, across, (2, 3, 7, 8)),
            (header.top, header.height, self.height, coded.height, header.coded.height, down, (3, 4, 6, 7)),
        ):
            # An auxiliary picture may have another size (23008-12, 6.4.4).
            unit = stored / shown / step
            early = half and count % 2 and header.orientation in mirrors
            spans.append(
                Span(
                    begin * unit,
                    (begin + length) * unit,
                    (count + 1) // 2 if half else count,
                    count / 2 if half else count,
                    -0.5 if early else 0.0,
                )
            )
        return Stream(*spans)


class _Decoders:
    """FFmpeg's decoders, one for each thread that wants one, kept over the tiles."""

    def __init__(self, container: Container, threads: int, most_pixels: int) -> None:
        self._container = container
        self._options = {"max_pixels": str(most_pixels)}
        self._threads = threads
        self._idle: dict[tuple[str, bytes], SimpleQueue[VideoCodecContext]] = {}

    def decode(self, item: Item) -> av.VideoFrame:
        """The frame that an item holds.

        Raises:
            SourceError: it can't be decoded.
        """
        name = self._container.name
        codec, config = _CODECS[item.kind][1], _config(name, item)
        payload = self._container.payload(item)
        idle = self._idle.setdefault((codec, config), SimpleQueue())
        with _errors(name, item):
            try:
                context = idle.get_nowait()
            except Empty:
                context = self._new(codec, config)
            frames = context.decode(av.Packet(payload))
            if not frames:
                frames = context.decode(None)
                context.flush_buffers()
            idle.put(context)
        if not frames:
            raise SourceError(name, f"picture {item.number} holds no frame")
        if frames[0].is_corrupt:
            raise SourceError(name, f"picture {item.number} is damaged")
        return frames[0]

    def _new(self, codec: str, config: bytes) -> VideoCodecContext:
        context = cast(VideoCodecContext, VideoCodecContext.create(codec, "r"))
        context.extradata = config
        context.options = self._options
        context.thread_type = "SLICE"
        context.thread_count = self._threads
        return context


@contextmanager
def _errors(name: str, item: Item) -> Iterator[None]:
    """What FFmpeg's decoders raise, as a SourceError that names the picture."""
    try:
        yield
    except MemoryError as error:
        raise CapError(name, "too large for the memory") from error
    except (av.error.FFmpegError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(name, f"picture {item.number} can't be decoded: {reason}") from error


class _Reduction:
    """One coded picture on its way to a size.

    Tiles that can't be decoded, or are not there, are gray; of one that says how opaque another is, opaque.

    Attributes:
        planes: how many there are.
        signal, depth: the meaning of samples, by the boxes and then by the bit stream, and the bits of each.
        space: what colours they are of, other than sRGB; None where a profile says it, or of an opacity.
        levels: of a high dynamic range how many pixels have their brightest channel at which level.
        bad: tiles that could not be decoded.
        warning: what is wrong with the first of them.
        good_rows: stored rows above the first of them.
    """

    def __init__(
        self,
        container: Container,
        coded: Coded,
        target: _Target,
        deadline: Callable[[], float],
        threads: int,
        *,
        is_alpha: bool = False,
    ) -> None:
        self._name = container.name
        self._coded = coded
        self._target = target
        self._deadline = deadline
        self._is_alpha = is_alpha
        self._blank = 255 if is_alpha else 128
        self._threads = threads if len(coded.tiles) > 1 else 1
        # Coded sizes are whole blocks of up to 128 pixels.
        most = (coded.tile_width + 128) * (coded.tile_height + 128)
        self._decoders = _Decoders(container, 1 if len(coded.tiles) > 1 else threads, most)
        # Of each plane, and of each stream: the pixels across and down that a sample stands for.
        self._steps: list[tuple[int, int]] = []
        self._parts = 1
        self._format = ""
        self._errors: dict[int, str] = {}
        self._levels: dict[int, NDArray[np.int64]] = {}
        self._streams: list[Stream] = []
        self.signal = Signal()
        self.depth = 8
        self.space: Space | None = None

    @property
    def planes(self) -> int:
        return len(self._steps)

    @property
    def levels(self) -> NDArray[np.int64]:
        total = np.zeros(LEVELS, np.int64)
        for levels in self._levels.values():
            total += levels
        return total

    def reduced(self, plane: int) -> NDArray[np.uint8]:
        """The samples of a plane."""
        return self._streams[plane * self._parts].result

    def mean(self, plane: int) -> NDArray[np.float32]:
        """The samples of a plane, with more bits than eight where it has them, in units of eight."""
        streams = self._streams[plane * self._parts : (plane + 1) * self._parts]
        total = np.zeros(streams[0].result.shape, np.float32)
        for stream in streams:
            total += stream.result
        return total / np.float32(len(streams))

    @property
    def bad(self) -> int:
        return len(self._errors)

    @property
    def warning(self) -> str | None:
        return self._errors[min(self._errors)] if self._errors else None

    @property
    def good_rows(self) -> int:
        if not self._errors:
            return self._coded.height
        return min(self._errors) // self._coded.columns * self._coded.tile_height

    def run(self) -> None:
        """Decode and reduce.

        Raises:
            SourceError: the first tile can't be decoded.
            CapError: the time is over.
        """
        self._deadline()
        first = self._decoders.decode(self._coded.tiles[0])
        self._open(first)
        if len(self._coded.tiles) == 1:
            self._whole(first)
        elif self._threads == 1:
            bands = self._bands()
            for row in range(self._coded.rows):
                for column in range(self._coded.columns):
                    self._tile(row, column, bands[row % 3], first)
                self._reduce(row, bands)
        else:
            pool = ThreadPoolExecutor(self._threads)
            try:
                self._parallel(pool, first)
            finally:
                pool.shutdown(cancel_futures=True)

    def _open(self, frame: av.VideoFrame) -> None:
        """Prepare for frames like this one."""
        found = _FORMAT.fullmatch(frame.format.name)
        if found is None:
            raise UnsupportedError(self._name, f"samples of the form {frame.format.name}")
        self._format = frame.format.name
        self.depth = int(found[2] or 8)
        steps = _STEPS[found[1].replace("yuvj", "yuv")]
        self._steps = [(1, 1), *steps]
        self._mean(frame)
        if found[1] == "gbrp" or self.space is not None:
            # Colours change, which takes all components at one place.
            self._target = replace(self._target, full_chroma=True)
        if len(self._coded.tiles) > 1 and any(
            self._coded.tile_width % across or self._coded.tile_height % down for across, down in steps
        ):
            raise UnsupportedError(self._name, "tiles of an odd size with chroma of half of it")
        self._streams = [
            self._target.stream(self._coded, number, *step)
            for number, step in enumerate(self._steps)
            for _ in range(self._parts)
        ]

    def _mean(self, frame: av.VideoFrame) -> None:
        """Find out what the samples of frames like this one mean."""
        header = self._target.header
        said = header.signal
        if self._is_alpha:
            _, said = _colours(self._name, self._coded.tiles[0], self._coded)
        self.signal = (said or Signal()).over(Signal.of(frame))
        if self.signal.matrix in OTHERS and self.planes > 1 and not self._is_alpha:
            reason = f"colours by the matrix coefficients {self.signal.matrix} of ITU-T H.273"
            raise UnsupportedError(self._name, f"{reason}, which are not decoded")
        if self._is_alpha or header.icc is not None:
            return
        self.space = Space.of(self.signal)
        if self.space is not None and self.space.is_high and self.depth > 8:
            self._parts = _PARTS

    def _planes(self, frame: av.VideoFrame) -> list[NDArray[np.uint8 | np.uint16]]:
        """The planes of a frame, without padding, cut to the size of a tile."""
        width, height = self._coded.tile_width, self._coded.tile_height
        if frame.format.name != self._format or frame.width < width or frame.height < height:
            reason = f"a tile of {frame.width} x {frame.height} pixels in the form {frame.format.name}"
            raise SourceError(self._name, f"{reason}; expected are {width} x {height} in {self._format}")
        sample = np.uint8 if self.depth == 8 else np.uint16
        planes: list[NDArray[np.uint8 | np.uint16]] = []
        for plane, (across, down) in zip(frame.planes, self._steps, strict=True):
            octets = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows: NDArray[Any] = octets.view(sample)
            planes.append(rows[: -(-height // down), : -(-width // across)])
        return planes

    def _look(self, number: int, planes: Sequence[NDArray[np.uint8 | np.uint16]]) -> None:
        """Count how bright a tile is, of a picture of high dynamic range."""
        if self.space is None or not self.space.is_high:
            return
        pixels = self._coded.width * self._coded.height
        step = 2 * max(1, int((pixels / LOOKED_AT) ** 0.5 / 2))
        unit = np.float32(1 / (1 << (self.depth - 8)))
        seen = [
            plane[:: step // down, :: step // across] * unit
            for plane, (across, down) in zip(planes, self._steps, strict=True)
        ]
        self._levels[number] = brightest(to_rgb(seen, self.signal, self.depth))

    def _whole(self, frame: av.VideoFrame) -> None:
        """Reduce a picture that is one frame."""
        planes = self._planes(frame)
        self._look(0, planes)
        for number, stream in enumerate(self._streams):
            plane, part = planes[number // self._parts], number % self._parts
            if plane.dtype == np.uint8:
                stream.feed(plane.view(np.uint8), 0)
                continue
            rows, overlap = plane.shape[0], stream.overlap
            band = np.empty((overlap + _NARROWED, plane.shape[1]), np.uint8)
            for top in range(0, rows, _NARROWED):
                band[:overlap] = band[band.shape[0] - overlap :].copy()
                fresh = min(_NARROWED, rows - top)
                place = band[overlap : overlap + fresh]
                _narrow(plane[top : top + fresh], place, self.depth, part, self._parts)
                stream.feed(band[: overlap + fresh], top - overlap)

    def _bands(self) -> list[list[NDArray[np.uint8]]]:
        """Three rows of tiles: being decoded, being reduced, and the one above."""
        coded, shapes = self._coded, []
        for number, stream in enumerate(self._streams):
            across, down = self._steps[number // self._parts]
            columns = coded.columns * coded.tile_width // across
            shapes.append((stream.overlap + coded.tile_height // down, columns))
        return [[np.empty(shape, np.uint8) for shape in shapes] for _ in range(3)]

    def _tile(
        self, row: int, column: int, band: list[NDArray[np.uint8]], first: av.VideoFrame | None
    ) -> None:
        """Decode a tile into its place; what can't be decoded is blank."""
        self._deadline()
        number = row * self._coded.columns + column
        places = []
        for index, (rows, stream) in enumerate(zip(band, self._streams, strict=True)):
            width = self._coded.tile_width // self._steps[index // self._parts][0]
            places.append(rows[stream.overlap :, column * width : (column + 1) * width])
        if number in self._coded.opaque:
            for place in places:
                place.fill(self._blank)
            return
        try:
            frame = first if number == 0 and first else self._decoders.decode(self._coded.tiles[number])
            planes = self._planes(frame)
        except CapError:
            raise
        except SourceError as error:
            self._errors[number] = error.reason
            for place in places:
                place.fill(self._blank)
            return
        self._look(number, planes)
        for index, place in enumerate(places):
            _narrow(planes[index // self._parts], place, self.depth, index % self._parts, self._parts)

    def _reduce(self, row: int, bands: list[list[NDArray[np.uint8]]]) -> None:
        """Reduce a row of tiles once all of them are there and the row above was reduced."""
        band, above = bands[row % 3], bands[(row - 1) % 3]
        for rows, before, stream in zip(band, above, self._streams, strict=True):
            overlap = stream.overlap
            rows[:overlap] = before[before.shape[0] - overlap :]
            stream.feed(rows, row * (rows.shape[0] - overlap) - overlap)

    def _parallel(self, pool: ThreadPoolExecutor, first: av.VideoFrame) -> None:
        bands = self._bands()
        coded = self._coded
        waiting: dict[int, list[Future[None]]] = {}

        def submit(row: int) -> None:
            if row < coded.rows:
                waiting[row] = [
                    pool.submit(self._tile, row, column, bands[row % 3], first)
                    for column in range(coded.columns)
                ]

        submit(0)
        submit(1)
        for row in range(coded.rows):
            for future in waiting.pop(row):
                future.result()
            self._reduce(row, bands)
            submit(row + 2)


def _narrow(
    source: NDArray[np.uint8 | np.uint16], place: NDArray[np.uint8], depth: int, part: int, parts: int
) -> None:
    """Samples of eight bits or more as eight, rounded; of several parts so that their mean keeps more.

    Parts differ by where they round: the sum of floor((x + i) / 4) for i from 0 to 3 is x.
    """
    if depth == 8:
        place[:] = source
        return
    shift = depth - 8
    whole = 1 << shift
    offset = np.uint16(whole * part // parts + whole // (2 * parts))
    np.minimum((source + offset) >> np.uint16(shift), 255, out=place, casting="unsafe")
