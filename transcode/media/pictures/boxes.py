"""The boxes of HEIF files: items, their properties, references and octets.

The module reads the parts of ISO/IEC 14496-12 (the box, ``meta``, ``iloc``, ``iinf``, ``iref``,
``idat``) and ISO/IEC 23008-12 (``iprp``, ``pitm``, image items) that a picture needs, and skips other
boxes. Every length is checked against the available octets before a read, and no table takes more
memory than its octets justify.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Container", "HeifBox", "Item", "Reader", "read"]

#: Octets of the meta box without idat, at most. A picture of 65,536 tiles has about 3 MB.
MAX_TABLES = 5_000_000

#: Items of one file, at most. The largest grid has 65,536 tiles.
MAX_ITEMS = 70_000

#: Sibling boxes, at most. Real files have about 20, and at most one property per item.
MAX_BOXES = 100_000


class Reader:
    """A sequential reader of unsigned numbers and octets that never reads beyond the end.

    Args:
        name: name of the source, for messages.
        what: the structure that is read, for messages.
        data: the octets.
        offset: offset of the data in the source.
    """

    def __init__(self, name: str, what: str, data: memoryview, offset: int) -> None:
        self.name = name
        self.what = what
        self.data = data
        self.offset = offset
        self.at = 0

    @property
    def left(self) -> int:
        """Number of unread octets."""
        return len(self.data) - self.at

    def take(self, size: int) -> memoryview:
        """Return the next octets.

        Raises:
            SourceError: fewer octets are left.
        """
        if size > self.left:
            raise self.error("ends early")
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def number(self, size: int) -> int:
        """Return the next octets as an unsigned big-endian number; 0 if size is 0."""
        return int.from_bytes(self.take(size), "big")

    def error(self, reason: str) -> SourceError:
        """Return an error that names the structure, the reason and the current offset."""
        return SourceError(self.name, f"{self.what} {reason}", offset=self.offset + self.at)


@dataclass(frozen=True, slots=True)
class HeifBox:
    """One box.

    Attributes:
        kind: four-character code.
        data: contents without the header.
        offset: offset of the contents in the source.
        whole: whether the contents are complete.
    """

    kind: bytes
    data: memoryview = field(repr=False)
    offset: int
    whole: bool = True

    def reader(self, name: str) -> Reader:
        """Return a reader of the contents."""
        return Reader(name, f"the box {_shown(self.kind)}", self.data, self.offset)

    def full(self, name: str) -> tuple[Reader, int, int]:
        """Return a reader behind the header of a full box (14496-12, 4.2), the version and the flags."""
        reader = self.reader(name)
        return reader, reader.number(1), reader.number(3)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One item.

    Attributes:
        number: item identifier.
        kind: four-character code of the item type.
        hidden: whether the item is not to be shown by itself (23008-12, 6.4.2).
        content_type: content type of an item of type ``mime``.
        properties: properties in the order of association, in which they apply.
        essential: for each property whether a reader must support it.
        refs: numbers of the items that this item refers to, by reference type.
        extents: pieces of the data: construction method, offset and length; length None means up to
            the end.
    """

    number: int
    kind: bytes
    hidden: bool
    content_type: bytes = b""
    properties: tuple[HeifBox, ...] = ()
    essential: tuple[bool, ...] = ()
    refs: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    extents: tuple[tuple[int, int, int | None], ...] = ()

    def find(self, kind: bytes) -> HeifBox | None:
        """Return the first property of a kind, or None."""
        return next((box for box in self.properties if box.kind == kind), None)


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """The parsed boxes of a file.

    Attributes:
        name: name of the source.
        data: octets of the file.
        primary: number of the primary item, or None.
        items: items by number.
        groups: entity groups (14496-12, 8.18): kind and members.
        kinds: kinds of the top-level boxes.
        moov: the box ``moov`` of a file that has tracks too, or None.
        idat: contents of the box ``idat``, which may hold item data, or None.
    """

    name: str
    data: memoryview = field(repr=False)
    primary: int | None
    items: dict[int, Item]
    groups: tuple[tuple[bytes, tuple[int, ...]], ...]
    kinds: tuple[bytes, ...]
    moov: HeifBox | None
    idat: memoryview | None = field(repr=False)

    def payload(self, item: Item) -> bytes:
        """Return the data of an item.

        Raises:
            SourceError: the data are incomplete.
            UnsupportedError: the data are in another item or another file.
        """
        pieces, total = [], 0
        for method, offset, length in item.extents:
            if method > 1:
                raise UnsupportedError(
                    self.name, f"item {item.number} has its data in another item or file; {SAVE_PICTURE}"
                )
            store = self.data if method == 0 else self.idat
            if store is None:
                raise SourceError(self.name, f"item {item.number} has its data in the missing box 'idat'")
            end = len(store) if length is None else offset + length
            total += end - offset
            # Extents must not share octets, so their total can't exceed the file.
            if offset > end or end > len(store) or total > len(self.data):
                raise SourceError(self.name, f"item {item.number} runs past the end", offset=offset)
            pieces.append(store[offset:end])
        if not total:
            raise SourceError(self.name, f"item {item.number} is empty")
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)


def boxes(name: str, data: memoryview, offset: int = 0, *, cut: bool = False) -> Iterator[HeifBox]:
    """Yield the sibling boxes in some data (14496-12, 4.2).

    Args:
        name: name of the source, for messages.
        data: octets that consist of boxes.
        offset: offset of the data in the source.
        cut: whether the last box may be truncated.

    Raises:
        SourceError: a box is shorter than its header, or runs past the end.
        CapError: more boxes than the limit.
    """
    at = count = 0
    while len(data) - at >= 8:
        count += 1
        if count > MAX_BOXES:
            raise CapError(name, f"more than {MAX_BOXES:,} sibling boxes")
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        kind = bytes(data[at + 4 : at + 8])
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        whole = at + size <= len(data)
        if size < head or (not whole and not cut):
            reason = "is shorter than its header" if size < head else "runs past the end"
            raise SourceError(name, f"the box {_shown(kind)} {reason}", offset=offset + at)
        yield HeifBox(kind, data[at + head : at + size], offset + at + head, whole)
        at += size


def read(data: bytes | memoryview, *, name: str) -> Container:
    """Read the boxes of a HEIF file.

    A file whose pictures are only in tracks has no items.

    Raises:
        SourceError: the boxes are inconsistent.
        CapError: the tables are too large, or there are too many items.
    """
    view = memoryview(data)
    top: dict[bytes, HeifBox] = {}
    kinds = []
    for box in boxes(name, view, cut=True):
        top.setdefault(box.kind, box)
        kinds.append(box.kind)
    moov = top.get(b"moov")
    if moov is not None and not moov.whole:
        moov = None
    meta = top.get(b"meta")
    if meta is None:
        return Container(name, view, None, {}, (), tuple(kinds), moov, None)
    if not meta.whole:
        raise SourceError(name, "the box 'meta' runs past the end", offset=meta.offset)
    return _meta(name, view, meta, tuple(kinds), moov)


def _meta(
    name: str, view: memoryview, meta: HeifBox, kinds: tuple[bytes, ...], moov: HeifBox | None
) -> Container:
    reader, _, _ = meta.full(name)
    inside: dict[bytes, HeifBox] = {}
    for box in boxes(name, reader.data[reader.at :], reader.offset + reader.at):
        # Each kind of box may stand only once; the first one counts.
        inside.setdefault(box.kind, box)
    idat = inside.pop(b"idat", None)
    if sum(len(box.data) for box in inside.values()) > MAX_TABLES:
        raise CapError(name, f"tables of more than {MAX_TABLES:,} bytes")
    found = _infos(name, inside.get(b"iinf"))
    extents = _locations(name, inside.get(b"iloc"))
    refs = _references(name, inside.get(b"iref"))
    properties = _associations(name, inside.get(b"iprp"))
    items = {
        number: Item(
            number,
            kind,
            hidden,
            content_type,
            *properties.get(number, ((), ())),
            refs.get(number, {}),
            extents.get(number, ()),
        )
        for number, (kind, hidden, content_type) in found.items()
    }
    primary = _primary(name, inside.get(b"pitm"))
    groups = _groups(name, inside.get(b"grpl"))
    return Container(name, view, primary, items, groups, kinds, moov, None if idat is None else idat.data)


def _primary(name: str, pitm: HeifBox | None) -> int | None:
    """Return the number of the primary item (14496-12, 8.11.4)."""
    if pitm is None:
        return None
    reader, version, _ = pitm.full(name)
    return reader.number(2 if version == 0 else 4)


def _infos(name: str, iinf: HeifBox | None) -> dict[int, tuple[bytes, bool, bytes]]:
    """Return type, hidden flag and content type of each item (14496-12, 8.11.6)."""
    if iinf is None:
        return {}
    reader, version, _ = iinf.full(name)
    reader.take(2 if version == 0 else 4)
    found: dict[int, tuple[bytes, bool, bytes]] = {}
    for box in boxes(name, reader.data[reader.at :], reader.offset + reader.at):
        if box.kind != b"infe":
            continue
        entry, version, flags = box.full(name)
        if version < 2:
            # Versions 0 and 1 have no item type; items of pictures have one.
            continue
        number = entry.number(2 if version == 2 else 4)
        entry.take(2)
        kind = bytes(entry.take(4))
        texts = bytes(entry.data[entry.at :]).split(b"\0")
        content_type = texts[1] if kind == b"mime" and len(texts) > 1 else b""
        found.setdefault(number, (kind, bool(flags & 1), content_type))
        if len(found) > MAX_ITEMS:
            raise CapError(name, f"more than {MAX_ITEMS:,} items")
    return found


def _locations(name: str, iloc: HeifBox | None) -> dict[int, tuple[tuple[int, int, int | None], ...]]:
    """Return the extents of each item (14496-12, 8.11.3)."""
    if iloc is None:
        return {}
    reader, version, _ = iloc.full(name)
    if version > 2:
        raise reader.error(f"has the unknown version {version}")
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    found: dict[int, tuple[tuple[int, int, int | None], ...]] = {}
    for _ in range(reader.number(4 if version == 2 else 2)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        # A data reference other than 0 means another file, which can't be read.
        elsewhere = reader.number(2) != 0
        base = reader.number(base_size)
        extents: list[tuple[int, int, int | None]] = []
        for _ in range(reader.number(2)):
            reader.take(index_size if version else 0)
            offset = base + reader.number(offset_size)
            length = reader.number(length_size)
            extents.append((3 if elsewhere else method, offset, length or None))
            if offset_size + length_size == 0 and len(extents) > 1:
                raise reader.error("has several extents without offset and length")
        found.setdefault(number, tuple(extents))
    return found


def _references(name: str, iref: HeifBox | None) -> dict[int, dict[bytes, tuple[int, ...]]]:
    """Return the references of each item by reference type (14496-12, 8.11.12)."""
    if iref is None:
        return {}
    reader, version, _ = iref.full(name)
    size = 2 if version == 0 else 4
    found: dict[int, dict[bytes, tuple[int, ...]]] = {}
    for box in boxes(name, reader.data[reader.at :], reader.offset + reader.at):
        entry = box.reader(name)
        source = entry.number(size)
        targets = tuple(entry.number(size) for _ in range(entry.number(2)))
        kinds = found.setdefault(source, {})
        kinds[box.kind] = kinds.get(box.kind, ()) + targets
    return found


def _associations(name: str, iprp: HeifBox | None) -> dict[int, tuple[tuple[HeifBox, ...], tuple[bool, ...]]]:
    """Return properties and essential flags of each item (23008-12, 9.3; 14496-12, 8.11.14)."""
    if iprp is None:
        return {}
    store: list[HeifBox] = []
    found: dict[int, list[tuple[HeifBox, bool]]] = {}
    for part in boxes(name, iprp.data, iprp.offset):
        if part.kind == b"ipco" and not store:
            store.extend(boxes(name, part.data, part.offset))
        if part.kind != b"ipma":
            continue
        reader, version, flags = part.full(name)
        width, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
        for _ in range(reader.number(4)):
            number = reader.number(2 if version == 0 else 4)
            own = found.setdefault(number, [])
            for _ in range(reader.number(1)):
                value = reader.number(width)
                index = value & mask
                # Index 0 means no property.
                if index > len(store):
                    raise reader.error(f"refers to property {index}; the file has {len(store)}")
                if index:
                    own.append((store[index - 1], value > mask))
    return {
        number: (tuple(box for box, _ in own), tuple(must for _, must in own))
        for number, own in found.items()
    }


def _groups(name: str, grpl: HeifBox | None) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    """Return kinds and members of the entity groups (14496-12, 8.18.3)."""
    found = []
    for box in boxes(name, grpl.data, grpl.offset) if grpl is not None else ():
        reader, _, _ = box.full(name)
        reader.take(4)
        found.append((box.kind, tuple(reader.number(4) for _ in range(reader.number(4)))))
    return tuple(found)


def _shown(kind: bytes) -> str:
    return repr(kind.decode("latin-1").strip())
