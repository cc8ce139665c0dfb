"""Contents of a HEIF file besides the primary picture: metadata, other pictures, animation frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SourceError
from transcode.media.pictures import boxes
from transcode.media.pictures.heif_items import ALPHA, CODECS, LARGEST_METADATA, auxiliary_type

if TYPE_CHECKING:
    from transcode.media.pictures.boxes import Container, HeifBox, Item

__all__ = ["frames", "metadata", "other_pictures"]

#: Words for auxiliary pictures other than alpha, by substrings of their types.
_AUXILIARY = (
    (b"hdrgainmap", "gain map"),
    (b"gainmap", "gain map"),
    (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "depth map"),
    (b"urn:mpeg:hevc:2015:auxid:2", "depth map"),
    (b"depth", "depth map"),
    (b"disparity", "depth map"),
)


def metadata(container: Container, primary: Item) -> tuple[bytes | None, list[str]]:
    """Return EXIF, and words for all metadata that are dropped."""
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
            kind = auxiliary_type(container.name, item)
            if kind not in ALPHA:
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
    """Return the TIFF structure of an item of type Exif (23008-12, A.2.1); None if it is broken."""
    try:
        payload = container.payload(item)
    except SourceError:
        return None
    start = 4 + int.from_bytes(payload[:4], "big")
    return payload[start:] if start < len(payload) <= LARGEST_METADATA else None


def other_pictures(container: Container, primary: Item) -> int:
    """Count pictures that are neither the primary one, nor part of another, nor an alternative to it."""
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


def frames(name: str, moov: HeifBox | None) -> int:
    """Return the number of samples of the longest track (14496-12, 8.7.3); 0 without a readable track."""
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
