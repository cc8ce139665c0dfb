"""HEIF: what the boxes say of a picture, HEIC or AVIF.

ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-15 (HEVC in files), and the AV1 image file
format. A picture is one coded item, a grid of them, another picture turned, or several laid over one another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import boxes
from transcode.media.pictures.decode_limits import SCALED
from transcode.media.pictures.icc import high_range
from transcode.media.samples.cicp import Signal
from transcode.media.samples.planes import compose
from transcode.model import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.pictures.boxes import Container, HeifBox, Item

__all__ = [
    "CODECS",
    "Coded",
    "HeifHeader",
    "Layer",
    "Overlay",
    "colours",
    "read_header",
    "setup_of",
]

#: Pictures that are laid over one another; files of phones and editors have two or three.
_MOST_LAYERS = 16

#: Octets of an ICC profile or of EXIF that are taken over from an item or a property.
_LARGEST_METADATA = 16_000_000

#: Kinds of coded items, the property that sets up their decoder, and FFmpeg's name of it.
CODECS = {b"hvc1": (b"hvcC", "hevc"), b"av01": (b"av1C", "libdav1d")}

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
    icc, signal = colours(name, item, coded)
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
    if item.kind in CODECS:
        width, height = _size(name, item, assumed)
        _check(name, width, height, max_pixels)
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
        if tile.kind != tiles[0].kind or tile.kind not in CODECS:
            raise UnsupportedError(name, "a grid of pictures that are not coded alike")
        setup_of(name, tile)
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


def setup_of(name: str, item: Item) -> bytes:
    """What sets up the decoder of a coded item."""
    kind, _ = CODECS[item.kind]
    box = item.find(kind)
    if box is None:
        raise SourceError(name, f"picture {item.number} has no {kind.decode()}")
    if len(box.data) > _LARGEST_METADATA:
        raise CapError(name, f"a {kind.decode()} of {len(box.data):,} bytes")
    return bytes(box.data)


def _is_halved(name: str, item: Item) -> bool:
    """Whether chroma is 4:2:0, or none, by what sets up the decoder."""
    config = setup_of(name, item)
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


def _clap(name: str, box: HeifBox, width: int, height: int) -> tuple[int, int, int, int]:
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


def colours(name: str, item: Item, coded: Coded) -> tuple[bytes | None, Signal | None]:
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
    shown = (b"grid", b"iovl", b"iden", *CODECS)
    return sum(
        item.kind in shown and not item.hidden and item.number not in parts
        for item in container.items.values()
    )


def _frames(name: str, moov: HeifBox | None) -> int:
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


def _within(name: str, box: HeifBox, path: tuple[bytes, ...]) -> HeifBox | None:
    found: HeifBox | None = box
    for kind in path:
        if found is None:
            return None
        found = next((inner for inner in boxes.boxes(name, found.data) if inner.kind == kind), None)
    return found
