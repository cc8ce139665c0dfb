"""The header of a HEIF picture (HEIC or AVIF).

A picture is one coded item, a grid of coded items, a transformed other picture, or an overlay of several.
Sources: ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-15 (HEVC in files), and the AV1 image file format.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import boxes
from transcode.media.pictures.heif_extras import frames, metadata, other_pictures
from transcode.media.pictures.heif_geometry import geometry, signed
from transcode.media.pictures.heif_items import (
    ALPHA,
    MOST_LAYERS,
    Coded,
    auxiliary_type,
    check_pixels,
    coded_item,
    colours,
    derived,
    is_halved,
    tile_size,
)
from transcode.media.pictures.icc import high_range
from transcode.media.samples.cicp import Signal
from transcode.media.source.unread import SAVE_PICTURE
from transcode.model import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.pictures.boxes import Container, Item

__all__ = ["HeifHeader", "Layer", "Overlay", "read_header"]

#: Properties that may be essential and that this package supports (MIAF, 7.3.6.7 and 7.3.9).
_KNOWN = frozenset(
    b"ispe,pixi,colr,hvcC,av1C,irot,imir,clap,pasp,auxC,lsel,a1lx,clli,mdcv,cclv,amve,rloc,udes,altt".split(
        b","
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A layer of an overlay.

    Attributes:
        header: header of the picture.
        left, top: position of the upright picture on the canvas in pixels; it may lie beyond the edges.
    """

    header: HeifHeader
    left: int
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A canvas with pictures on it (23008-12, 6.6.2.3).

    Attributes:
        fill: colour of the canvas, flattened onto white: R, G and B from 0 to 255.
        layers: the pictures, from bottom to top.
    """

    fill: tuple[int, int, int]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HeifHeader:
    """The header of a HEIF picture.

    Attributes:
        width, height: size in pixels as stored, after the crop.
        orientation: orientation by ``irot`` and ``imir``, numbered as in EXIF.
        left, top: corner of the crop in the coded picture, in pixels.
        coded: the primary picture; for an overlay its size, and the tiles of its lowest layer.
        overlay: the canvas and layers of an overlay, or None.
        alpha: the alpha picture, or None.
        premultiplied: whether colours are stored multiplied by alpha.
        halved: whether chroma is 4:2:0 or absent.
        signal: colour code points by ``nclx``, or None.
        icc: the ICC profile, or None. A profile of PQ or HLG is None here; its code points are in signal.
        exif: the TIFF structure of EXIF, or None.
        metadata: words for the metadata that are dropped.
        pictures: number of pictures besides the primary one.
        frames: number of animation frames; 0 without an animation.
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
    """Read the header of the primary picture.

    Args:
        data: the file.
        name: name of the source, for messages.
        max_pixels: pixels of one coded picture, at most; all tiles of a grid together may have four times
            as many.

    Raises:
        UnsupportedError: the kind of picture can't be decoded.
        CapError: more pixels or items than the limit.
        SourceError: the boxes are inconsistent.
    """
    container = boxes.read(data, name=name)
    if container.primary is None or container.primary not in container.items:
        raise SourceError(name, "no primary picture")
    return _header(container, container.items[container.primary], max_pixels)


def _header(container: Container, item: Item, max_pixels: int, *, layers: bool = True) -> HeifHeader:
    """Return the header of a picture; a layer must not be an overlay itself."""
    name = container.name
    item = derived(container, item)
    for box, essential in zip(item.properties, item.essential, strict=True):
        if essential and box.kind not in _KNOWN:
            raise UnsupportedError(
                name, f"the unsupported property {box.kind.decode('latin-1')!r}; {SAVE_PICTURE}"
            )
    overlay = None
    if item.kind == b"iovl" and layers:
        coded, overlay = _overlay(container, item, max_pixels)
    else:
        coded = coded_item(container, item, max_pixels)
    left, top, right, bottom, orientation = geometry(name, item, coded)
    alpha, premultiplied = _alpha(container, item, coded, max_pixels)
    icc, signal = colours(name, item, coded)
    exif, words = metadata(container, item)
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
        halved=is_halved(name, coded.tiles[0]),
        signal=signal,
        icc=icc,
        exif=exif,
        metadata=tuple(words),
        pictures=other_pictures(container, item),
        frames=frames(name, container.moov),
        container=container,
    )


def _overlay(container: Container, item: Item, max_pixels: int) -> tuple[Coded, Overlay]:
    """Read an overlay item."""
    name = container.name
    reader = boxes.Reader(name, f"the overlay {item.number}", memoryview(container.payload(item)), 0)
    reader.take(1)
    size = 4 if reader.number(1) & 1 else 2
    *fill, opacity = (reader.number(2) for _ in range(4))
    width, height = reader.number(size), reader.number(size)
    if not width or not height:
        raise reader.error(f"has the size {width} x {height} pixels")
    check_pixels(name, width, height, max_pixels)
    numbers = item.refs.get(b"dimg", ())
    if not numbers or not set(numbers) <= container.items.keys():
        raise SourceError(name, f"an overlay of {len(numbers)} pictures, some of which are missing")
    if len(numbers) > MOST_LAYERS:
        raise CapError(name, f"too many pictures in an overlay: {len(numbers)}")
    layers = []
    for number in numbers:
        left, top = (signed(reader.number(size), 8 * size) for _ in range(2))
        layers.append(Layer(_header(container, container.items[number], max_pixels, layers=False), left, top))
    red, green, blue = ((65535 - opacity + part * opacity // 65535) >> 8 for part in fill)
    lowest = layers[0].header.coded
    return Coded(width, height, width, height, 1, 1, lowest.tiles), Overlay((red, green, blue), tuple(layers))


def _alpha(container: Container, item: Item, coded: Coded, max_pixels: int) -> tuple[Coded | None, bool]:
    """Return the alpha picture or None, and whether colours are stored multiplied by alpha.

    One auxiliary picture holds alpha of the whole picture, or one holds alpha of each tile of a grid.
    """
    found: dict[int, Item] = {}
    for other in container.items.values():
        shown = other.refs.get(b"auxl", ())
        if shown and auxiliary_type(container.name, other) in ALPHA:
            for number in shown:
                found.setdefault(number, other)
    whole = next((found[one] for one in (item.number, *item.refs.get(b"iden", ())) if one in found), None)
    if whole is not None:
        alpha = coded_item(container, whole, max_pixels, (coded.width, coded.height))
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
    """Return the grid of the alpha pictures of tiles; their size may differ from that of the tiles."""
    across, down = tile_size(name, there, (coded.tile_width, coded.tile_height))
    if across * down > 4 * coded.tile_width * coded.tile_height:
        raise SourceError(name, f"alpha tiles of {across} x {down} pixels are too large")
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
