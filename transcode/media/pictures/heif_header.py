"""HEIF: what the boxes say of a picture, HEIC or AVIF.

ISO/IEC 23008-12 (HEIF), 23000-22 (MIAF), 14496-15 (HEVC in files), and the AV1 image file
format. A picture is one coded item, a grid of them, another picture turned, or several laid over one another.
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
from transcode.model import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.pictures.boxes import Container, Item

__all__ = ["HeifHeader", "Layer", "Overlay", "read_header"]

#: Properties that change what is seen, and that are heeded (MIAF, 7.3.6.7 and 7.3.9).
_KNOWN = frozenset(
    b"ispe,pixi,colr,hvcC,av1C,irot,imir,clap,pasp,auxC,lsel,a1lx,clli,mdcv,cclv,amve,rloc,udes,altt".split(
        b","
    )
)


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
    item = derived(container, item)
    for box, essential in zip(item.properties, item.essential, strict=True):
        if essential and box.kind not in _KNOWN:
            raise UnsupportedError(name, f"a picture with the property {box.kind.decode('latin-1')!r}")
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
    """What an item lays together."""
    name = container.name
    reader = boxes.Reader(name, f"the overlay {item.number}", memoryview(container.payload(item)), 0)
    reader.take(1)
    size = 4 if reader.number(1) & 1 else 2
    *fill, opacity = (reader.number(2) for _ in range(4))
    width, height = reader.number(size), reader.number(size)
    if not width or not height:
        raise reader.error(f"says {width} x {height} pixels")
    check_pixels(name, width, height, max_pixels)
    numbers = item.refs.get(b"dimg", ())
    if not numbers or not set(numbers) <= container.items.keys():
        raise SourceError(name, f"an overlay of {len(numbers)} pictures, some of which are not there")
    if len(numbers) > MOST_LAYERS:
        raise CapError(name, f"an overlay of {len(numbers)} pictures")
    layers = []
    for number in numbers:
        left, top = (signed(reader.number(size), 8 * size) for _ in range(2))
        layers.append(Layer(_header(container, container.items[number], max_pixels, layers=False), left, top))
    red, green, blue = ((65535 - opacity + part * opacity // 65535) >> 8 for part in fill)
    lowest = layers[0].header.coded
    return Coded(width, height, width, height, 1, 1, lowest.tiles), Overlay((red, green, blue), tuple(layers))


def _alpha(container: Container, item: Item, coded: Coded, max_pixels: int) -> tuple[Coded | None, bool]:
    """How opaque the picture is, or None; and whether its colours are stored multiplied by that.

    One auxiliary picture says it of the whole, or one says it of each tile of a grid.
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
    """A grid of the pictures that say how opaque each tile is; they may have another size than those."""
    across, down = tile_size(name, there, (coded.tile_width, coded.tile_height))
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
