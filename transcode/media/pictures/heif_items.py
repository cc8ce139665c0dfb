"""Items of HEIF: coded pictures, grids of tiles and their properties.

Sources: ISO/IEC 23008-12 (HEIF), 14496-15 (HEVC in files), and the AV1 image file format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import boxes
from transcode.media.samples.cicp import Signal
from transcode.media.source.decode_limits import DECODE_LIMITS
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.pictures.boxes import Container, Item

__all__ = [
    "ALPHA",
    "CODECS",
    "LARGEST_METADATA",
    "MOST_LAYERS",
    "Coded",
    "auxiliary_type",
    "check_pixels",
    "coded_item",
    "colours",
    "derived",
    "is_halved",
    "setup_of",
    "tile_size",
]

#: Layers of an overlay, and levels of 'iden' items, at most; files of phones and editors have two or three.
MOST_LAYERS = 16
#: Octets of an ICC profile, of EXIF or of a decoder configuration, at most.
LARGEST_METADATA = 16_000_000
#: For each type of coded item the property with the decoder configuration and FFmpeg's name of the decoder.
CODECS = {b"hvc1": (b"hvcC", "hevc"), b"av01": (b"av1C", "libdav1d")}
#: Types of auxiliary pictures (``auxC``, 23008-12, 6.5.8) that hold alpha.
ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A coded item, or a grid of coded items, as stored.

    Attributes:
        width, height: size of the picture in pixels, without the parts of tiles beyond its edges.
        tile_width, tile_height: size of each tile in pixels; for a single item the size of the picture.
        columns, rows: number of tiles across and down.
        tiles: the tiles, row by row.
        opaque: indices of missing tiles of an alpha picture, which count as opaque; ``tiles`` has
            another tile at these indices.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    tiles: tuple[Item, ...]
    opaque: frozenset[int] = frozenset()


def derived(container: Container, item: Item) -> Item:
    """Resolve an ``iden`` item (23008-12, 6.6.2.1) to its source item with the properties of both."""
    for _ in range(MOST_LAYERS):
        if item.kind != b"iden":
            return item
        numbers = item.refs.get(b"dimg", ())
        if len(numbers) != 1 or numbers[0] not in container.items:
            raise SourceError(container.name, f"picture {item.number} is derived from a missing picture")
        other = container.items[numbers[0]]
        # ``ispe`` of an ``iden`` item is the size after its transformations.
        own = [pair for pair in zip(item.properties, item.essential, strict=True) if pair[0].kind != b"ispe"]
        item = replace(
            other,
            number=item.number,
            properties=(*other.properties, *(box for box, _ in own)),
            essential=(*other.essential, *(must for _, must in own)),
            refs={**item.refs, **other.refs, b"iden": (other.number, *item.refs.get(b"iden", ()))},
        )
    raise CapError(container.name, f"picture {item.number} is derived through too many 'iden' items")


def _size(name: str, item: Item, assumed: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return width and height by ``ispe`` (23008-12, 6.5.3), or the assumed size without ``ispe``."""
    ispe = item.find(b"ispe")
    if ispe is None and assumed is not None:
        return assumed
    if ispe is None:
        raise SourceError(name, f"picture {item.number} has no size")
    reader, _, _ = ispe.full(name)
    width, height = reader.number(4), reader.number(4)
    if not width or not height:
        raise reader.error(f"has the size {width} x {height} pixels")
    return width, height


def coded_item(
    container: Container, item: Item, max_pixels: int, assumed: tuple[int, int] | None = None
) -> Coded:
    """Return how a picture is stored; the assumed size is for an item without ``ispe``."""
    name = container.name
    item = derived(container, item)
    if item.kind in CODECS:
        width, height = _size(name, item, assumed)
        check_pixels(name, width, height, max_pixels)
        setup_of(name, item)
        return Coded(width, height, width, height, 1, 1, (item,))
    if item.kind != b"grid":
        kind = item.kind.decode("latin-1")
        raise UnsupportedError(
            name, f"a picture of the type {kind!r}, which can't be decoded; {SAVE_PICTURE}"
        )
    # The structure ImageGrid (23008-12, 6.6.2.3.2).
    payload = memoryview(container.payload(item))
    reader = boxes.Reader(name, f"the grid {item.number}", payload, 0)
    reader.take(1)
    size = 4 if reader.number(1) & 1 else 2
    rows, columns = reader.number(1) + 1, reader.number(1) + 1
    width, height = reader.number(size), reader.number(size)
    numbers = item.refs.get(b"dimg", ())
    if len(numbers) != rows * columns or not set(numbers) <= container.items.keys():
        raise SourceError(
            name, f"a grid of {columns} x {rows} tiles does not match its {len(numbers)} pictures"
        )
    tiles = tuple(container.items[number] for number in numbers)
    across, down = tile_size(name, tiles)
    # The grid must cover the picture, and need its last column and its last row for that.
    if not (across * (columns - 1) < width <= across * columns and down * (rows - 1) < height <= down * rows):
        reason = f"{width} x {height} pixels do not match {columns} x {rows} tiles of {across} x {down}"
        raise SourceError(name, reason)
    check_pixels(name, across * columns, down * rows, DECODE_LIMITS.scaled * max_pixels)
    check_pixels(name, across * columns, down, max_pixels // 2)
    return Coded(width, height, across, down, columns, rows, tiles)


def tile_size(name: str, tiles: Sequence[Item], assumed: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return width and height of the tiles of a grid, which must all have the same type and size."""
    for tile in set(tiles):
        if tile.kind != tiles[0].kind or tile.kind not in CODECS:
            raise UnsupportedError(
                name, f"a grid of pictures of different or unsupported types; {SAVE_PICTURE}"
            )
        setup_of(name, tile)
    across, down = _size(name, tiles[0], assumed)
    if any(_size(name, tile, assumed) != (across, down) for tile in set(tiles)):
        raise SourceError(name, "a grid of tiles of different sizes")
    return across, down


def check_pixels(name: str, width: int, height: int, most: int) -> None:
    """Refuse a picture with more than ``most`` pixels."""
    if width * height > most:
        raise CapError(name, f"{width} x {height} pixels; at most {most:,} are decoded")


def setup_of(name: str, item: Item) -> bytes:
    """Return the decoder configuration of a coded item."""
    kind, _ = CODECS[item.kind]
    box = item.find(kind)
    if box is None:
        raise SourceError(name, f"picture {item.number} has no {kind.decode()}")
    if len(box.data) > LARGEST_METADATA:
        raise CapError(name, f"a {kind.decode()} of {len(box.data):,} bytes is too large")
    return bytes(box.data)


def is_halved(name: str, item: Item) -> bool:
    """Return whether chroma is 4:2:0 or absent, by the decoder configuration."""
    config = setup_of(name, item)
    if item.kind == b"hvc1":
        # 14496-15, 8.3.3.1: chromaFormat 0 is 4:0:0, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
        return len(config) <= 16 or config[16] & 3 < 2
    # AV1 in ISO base media files, 2.3: chroma_subsampling_x and _y; gray sets both.
    return len(config) <= 2 or config[2] >> 2 & 3 == 3


def auxiliary_type(name: str, item: Item) -> bytes:
    """Return the type of an auxiliary picture; empty for any other item."""
    box = item.find(b"auxC")
    if box is None:
        return b""
    reader, _, _ = box.full(name)
    return bytes(reader.take(reader.left)).partition(b"\0")[0]


def colours(name: str, item: Item, coded: Coded) -> tuple[bytes | None, Signal | None]:
    """Return the ICC profile and the ``nclx`` of a picture, or else of its first tile."""
    icc: bytes | None = None
    signal: Signal | None = None
    for box in (*item.properties, *coded.tiles[0].properties):
        if box.kind != b"colr":
            continue
        reader = box.reader(name)
        kind = bytes(reader.take(4))
        if kind in (b"prof", b"rICC") and icc is None and reader.left <= LARGEST_METADATA:
            icc = bytes(reader.take(reader.left))
        elif kind == b"nclx" and signal is None:
            primaries, transfer, matrix = (reader.number(2) for _ in range(3))
            signal = Signal(primaries, transfer, matrix, bool(reader.number(1) & 0x80))
    return icc, signal
