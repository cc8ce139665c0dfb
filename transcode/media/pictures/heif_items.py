"""Items of HEIF: how a picture is coded, alone or as a grid of tiles, and what its properties say.

ISO/IEC 23008-12 (HEIF), 14496-15 (HEVC in files), and the AV1 image file format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import boxes
from transcode.media.samples.cicp import Signal
from transcode.media.source.decode_limits import DECODE_LIMITS

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

#: Pictures that are laid over one another; files of phones and editors have two or three.
MOST_LAYERS = 16
#: Octets of an ICC profile or of EXIF that are taken over from an item or a property.
LARGEST_METADATA = 16_000_000
#: Kinds of coded items, the property that sets up their decoder, and FFmpeg's name of it.
CODECS = {b"hvc1": (b"hvcC", "hevc"), b"av01": (b"av1C", "libdav1d")}
#: The auxiliary pictures (``auxC``, 23008-12, 6.5.8) that say how opaque another is, by their types.
ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")


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


def derived(container: Container, item: Item) -> Item:
    """A picture that is another one, turned or cut (23008-12, 6.6.2.1): that one, with what both say."""
    for _ in range(MOST_LAYERS):
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


def coded_item(
    container: Container, item: Item, max_pixels: int, assumed: tuple[int, int] | None = None
) -> Coded:
    """How a picture is stored; one without a size of its own has the one that is assumed."""
    name = container.name
    item = derived(container, item)
    if item.kind in CODECS:
        width, height = _size(name, item, assumed)
        check_pixels(name, width, height, max_pixels)
        setup_of(name, item)
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
    across, down = tile_size(name, tiles)
    # The last column and row are needed, and the grid covers the picture.
    if not (across * (columns - 1) < width <= across * columns and down * (rows - 1) < height <= down * rows):
        reason = f"{width} x {height} pixels in {columns} x {rows} tiles of {across} x {down}"
        raise SourceError(name, reason)
    check_pixels(name, across * columns, down * rows, DECODE_LIMITS.scaled * max_pixels)
    check_pixels(name, across * columns, down, max_pixels // 2)
    return Coded(width, height, across, down, columns, rows, tiles)


def tile_size(name: str, tiles: Sequence[Item], assumed: tuple[int, int] | None = None) -> tuple[int, int]:
    """Width and height of all tiles of a grid, which must be coded alike."""
    for tile in set(tiles):
        if tile.kind != tiles[0].kind or tile.kind not in CODECS:
            raise UnsupportedError(name, "a grid of pictures that are not coded alike")
        setup_of(name, tile)
    across, down = _size(name, tiles[0], assumed)
    if any(_size(name, tile, assumed) != (across, down) for tile in set(tiles)):
        raise SourceError(name, "a grid of tiles of several sizes")
    return across, down


def check_pixels(name: str, width: int, height: int, most: int) -> None:
    """Refuse a picture of more pixels than are decoded."""
    if width * height > most:
        raise CapError(name, f"{width} x {height} pixels; at most {most:,} are decoded")


def setup_of(name: str, item: Item) -> bytes:
    """What sets up the decoder of a coded item."""
    kind, _ = CODECS[item.kind]
    box = item.find(kind)
    if box is None:
        raise SourceError(name, f"picture {item.number} has no {kind.decode()}")
    if len(box.data) > LARGEST_METADATA:
        raise CapError(name, f"a {kind.decode()} of {len(box.data):,} bytes")
    return bytes(box.data)


def is_halved(name: str, item: Item) -> bool:
    """Whether chroma is 4:2:0, or none, by what sets up the decoder."""
    config = setup_of(name, item)
    if item.kind == b"hvc1":
        # 14496-15, 8.3.3.1: chromaFormat, which numbers 4:0:0, 4:2:0, 4:2:2 and 4:4:4.
        return len(config) <= 16 or config[16] & 3 < 2
    # AV1 in ISO base media files, 2.3: chroma_subsampling_x and _y; both are set of gray.
    return len(config) <= 2 or config[2] >> 2 & 3 == 3


def auxiliary_type(name: str, item: Item) -> bytes:
    """What an auxiliary picture is; nothing of one that is none."""
    box = item.find(b"auxC")
    if box is None:
        return b""
    reader, _, _ = box.full(name)
    return bytes(reader.take(reader.left)).partition(b"\0")[0]


def colours(name: str, item: Item, coded: Coded) -> tuple[bytes | None, Signal | None]:
    """The profile and the ``nclx`` of a picture; those of its tiles where it has none itself."""
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
