"""The boxes of HEIF files: items, their properties, references and octets.

Read is what a picture needs of ISO/IEC 14496-12 (the box, ``meta``, ``iloc``, ``iinf``,
``iref``, ``idat``) and ISO/IEC 23008-12 (``iprp``, ``pitm``, image items); the rest is
stepped over. Every length is checked against what is there before anything is read,
no table grows beyond its own octets, and no box is entered that does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Container", "HeifBox", "Item", "Reader", "read"]

#: Octets of the meta box without its idat. A picture of 65,536 tiles has some 3 MB.
MAX_TABLES = 5_000_000

#: Items and properties of one file: the tiles of the largest grid, with some more.
MAX_ITEMS = 70_000

#: Boxes side by side. Real files have some twenty, and one property an item at most.
MAX_BOXES = 100_000


class Reader:
    """Unsigned numbers and pieces from octets, one after the other, never beyond the end.

    Args:
        name: of the source, for messages.
        what: what is read, for messages.
        data: the octets.
        offset: where they stand in the source.
    """

    def __init__(self, name: str, what: str, data: memoryview, offset: int) -> None:
        self.name = name
        self.what = what
        self.data = data
        self.offset = offset
        self.at = 0

    @property
    def left(self) -> int:
        """Octets that are not read yet."""
        return len(self.data) - self.at

    def take(self, size: int) -> memoryview:
        """The next octets.

        Raises:
            SourceError: there are fewer.
        """
        if size > self.left:
            raise self.error("ends early")
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def number(self, size: int) -> int:
        """The next octets as an unsigned number, the highest first; 0 for no octets."""
        return int.from_bytes(self.take(size), "big")

    def error(self, reason: str) -> SourceError:
        """What is wrong with what is read, and where."""
        return SourceError(self.name, f"{self.what} {reason}", offset=self.offset + self.at)


@dataclass(frozen=True, slots=True)
class HeifBox:
    """One box.

    Attributes:
        kind: its four-character code.
        data: what stands in it, without the header.
        offset: where that begins in the source.
        whole: whether all of it is there.
    """

    kind: bytes
    data: memoryview = field(repr=False)
    offset: int
    whole: bool = True

    def reader(self, name: str) -> Reader:
        """A reader of what stands in it."""
        return Reader(name, f"the box {_shown(self.kind)}", self.data, self.offset)

    def full(self, name: str) -> tuple[Reader, int, int]:
        """A reader behind the head of a full box (14496-12, 4.2), its version and its flags."""
        reader = self.reader(name)
        return reader, reader.number(1), reader.number(3)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One item.

    Attributes:
        number: its identifier.
        kind: the four-character code of its type.
        hidden: not to be shown by itself (23008-12, 6.4.2).
        content_type: of an item of type ``mime``.
        properties: in the order in which they are associated: they act in that order.
        essential: whether a reader must know each of them.
        refs: what it refers to, by the kind of reference.
        extents: pieces of its octets: method of construction, offset, length; a length of
            None goes to the end.
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
        """The first property of a kind."""
        return next((box for box in self.properties if box.kind == kind), None)


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """What the boxes of a file say.

    Attributes:
        name: of the source.
        data: its octets.
        primary: the number of the primary item, or None.
        items: by number.
        groups: entity groups (14496-12, 8.18): kind and members.
        kinds: the kinds of the boxes at the top.
        moov: the box of that name, where the file holds tracks too.
        idat: the octets that items may lie in besides the file's own.
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
        """The octets of an item.

        Raises:
            SourceError: they are not all there.
            UnsupportedError: they lie in another item.
        """
        pieces, total = [], 0
        for method, offset, length in item.extents:
            if method > 1:
                raise UnsupportedError(self.name, f"item {item.number} is cut out of another item")
            store = self.data if method == 0 else self.idat
            if store is None:
                raise SourceError(self.name, f"item {item.number} lies in a box that is not there")
            end = len(store) if length is None else offset + length
            total += end - offset
            # Extents may not share octets, so that they can't be more than those of the file.
            if offset > end or end > len(store) or total > len(self.data):
                raise SourceError(self.name, f"item {item.number} runs past the end", offset=offset)
            pieces.append(store[offset:end])
        if not total:
            raise SourceError(self.name, f"item {item.number} has no octets")
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)


def boxes(name: str, data: memoryview, offset: int = 0, *, cut: bool = False) -> Iterator[HeifBox]:
    """The boxes that stand side by side (14496-12, 4.2).

    Args:
        name: of the source, for messages.
        data: what they fill.
        offset: where that stands in the source.
        cut: whether the last one may end before its end.

    Raises:
        SourceError: a box is shorter than its own header, or runs past the end.
        CapError: very many boxes.
    """
    at = count = 0
    while len(data) - at >= 8:
        count += 1
        if count > MAX_BOXES:
            raise CapError(name, f"more than {MAX_BOXES:,} boxes side by side")
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

    A file that holds pictures in tracks only has no items.

    Raises:
        SourceError: boxes that do not hold together.
        CapError: more tables or items than are read.
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
        # One of each; a second one would contradict the first.
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
    """14496-12, 8.11.4."""
    if pitm is None:
        return None
    reader, version, _ = pitm.full(name)
    return reader.number(2 if version == 0 else 4)


def _infos(name: str, iinf: HeifBox | None) -> dict[int, tuple[bytes, bool, bytes]]:
    """Type, whether it is hidden, and content type of each item (14496-12, 8.11.6)."""
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
            # Without a type: no item of a picture.
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
    """The extents of each item (14496-12, 8.11.3)."""
    if iloc is None:
        return {}
    reader, version, _ = iloc.full(name)
    if version > 2:
        raise reader.error(f"is of version {version}, which is not known")
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    found: dict[int, tuple[tuple[int, int, int | None], ...]] = {}
    for _ in range(reader.number(4 if version == 2 else 2)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        # Data in another file: no reader of one file has it.
        elsewhere = reader.number(2) != 0
        base = reader.number(base_size)
        extents: list[tuple[int, int, int | None]] = []
        for _ in range(reader.number(2)):
            reader.take(index_size if version else 0)
            offset = base + reader.number(offset_size)
            length = reader.number(length_size)
            extents.append((3 if elsewhere else method, offset, length or None))
            if offset_size + length_size == 0 and len(extents) > 1:
                raise reader.error("has extents without an extent")
        found.setdefault(number, tuple(extents))
    return found


def _references(name: str, iref: HeifBox | None) -> dict[int, dict[bytes, tuple[int, ...]]]:
    """What each item refers to (14496-12, 8.11.12)."""
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
    """The properties of each item (23008-12, 9.3; 14496-12, 8.11.14)."""
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
                # Zero stands for none.
                if index > len(store):
                    raise reader.error(f"names property {index} of {len(store)}")
                if index:
                    own.append((store[index - 1], value > mask))
    return {
        number: (tuple(box for box, _ in own), tuple(must for _, must in own))
        for number, own in found.items()
    }


def _groups(name: str, grpl: HeifBox | None) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    """Kinds and members of entity groups (14496-12, 8.18.3)."""
    found = []
    for box in boxes(name, grpl.data, grpl.offset) if grpl is not None else ():
        reader, _, _ = box.full(name)
        reader.take(4)
        found.append((box.kind, tuple(reader.number(4) for _ in range(reader.number(4)))))
    return tuple(found)


def _shown(kind: bytes) -> str:
    return repr(kind.decode("latin-1").strip())
