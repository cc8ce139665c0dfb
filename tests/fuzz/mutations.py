"""Damaged copies of files. The same seed and files give the same octets."""

from __future__ import annotations

import random
import re

__all__ = ["damaged", "mutated"]

#: What a counter, a length or an offset is set to, besides its neighbours.
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

_FOUR_LETTERS = re.compile(rb"[A-Za-z][A-Za-z0-9 _]{3}")
_NUMBER = re.compile(rb"[0-9]+")

#: The longest that a mutated file becomes, in octets.
_MOST = 1 << 17


def damaged(data: bytes, seed: int) -> bytes:
    """A copy with one to eight changes: octets, pieces lost, doubled or moved, or the end cut off."""
    draw = random.Random(seed)
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        _octets(made, draw)
        if not made:
            return b"\0"
    return bytes(made)


def mutated(data: bytes, others: list[bytes], key: str) -> bytes:
    """A copy with one to six changes, half of which know what files are made of: lengths, chunks, numbers.

    Args:
        others: files whose pieces are put in.
        key: what the changes are drawn by.
    """
    draw = random.Random(key)
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        match draw.randrange(10):
            case 0 | 1:
                _length(made, draw)
            case 2:
                _behind_letters(made, draw)
            case 3:
                made = _shuffled(bytes(made), draw)
            case 4:
                made = _spliced(made, draw.choice(others), draw)
            case 5:
                _number(made, draw)
            case 6:
                _octets(made, draw, most=256)
            case _:
                _octets(made, draw)
        if not made:
            return b"\0"
    return bytes(made[:_MOST])


def _octets(made: bytearray, draw: random.Random, *, most: int | None = None) -> None:
    """One change of octets, within the first ``most`` where that is given."""
    at = draw.randrange(min(len(made), most or len(made)))
    length = min(draw.choice((1, 2, 4, 16, 200)), len(made) - at)
    match draw.randrange(7):
        case 0:
            made[at] ^= 1 << draw.randrange(8)
        case 1:
            made[at : at + length] = draw.randbytes(length)
        case 2:
            made[at : at + length] = bytes([draw.choice((0, 0xFF, 0x7F, 0x80))]) * length
        case 3:
            del made[at : at + length]
        case 4:
            made[at:at] = made[at : at + length]
        case 5:
            other = draw.randrange(len(made))
            made[at : at + length] = made[other : other + length]
        case _:
            del made[max(1, at) :]


def _length(made: bytearray, draw: random.Random) -> None:
    """A field that may be a length, because its number is within the file, gets another number."""
    width = draw.choice((1, 2, 4, 4, 8))
    order: list[str] = ["big", "little"]
    chosen = draw.choice(order)
    places = [
        at
        for at in range(max(1, min(len(made) - width, 4096)))
        if 0 < int.from_bytes(made[at : at + width], "big" if chosen == "big" else "little") <= len(made)
    ]
    if not places:
        return
    at = draw.choice(places)
    number = int.from_bytes(made[at : at + width], "big" if chosen == "big" else "little")
    near = (number - 1, number + 1, number * 2, len(made), len(made) - at)
    changed = draw.choice(near + _EXTREMES) % (1 << 8 * width)
    made[at : at + width] = changed.to_bytes(width, "big" if chosen == "big" else "little")


def _behind_letters(made: bytearray, draw: random.Random) -> None:
    """One of the 24 octets behind the name of a chunk or a box."""
    names = [found.end() for found in _FOUR_LETTERS.finditer(made[:16_384])]
    if names:
        at = min(draw.choice(names) + draw.randrange(24), len(made) - 1)
        made[at] = draw.choice((0, 1, 2, 0x7F, 0x80, 0xFF, draw.randrange(256)))


def _number(made: bytearray, draw: random.Random) -> None:
    """A number in digits becomes another."""
    found = [one.span() for one in _NUMBER.finditer(made[:16_384])]
    if found:
        begin, end = draw.choice(found)
        made[begin:end] = draw.choice(
            (
                b"0",
                b"-1",
                b"",
                b"1e9",
                b"NaN",
                b"9" * 5,
                b"9" * 40,
                b"2147483648",
                b"18446744073709551616",
                b"\xb2",
            )
        )


def _shuffled(data: bytes, draw: random.Random) -> bytearray:
    """Two chunks change places, or one is lost or doubled, or stands within another."""
    chunks = _chunks(data)
    if len(chunks) < 2:
        return bytearray(data)
    first, second = draw.randrange(len(chunks)), draw.randrange(len(chunks))
    match draw.randrange(4):
        case 0:
            chunks[first], chunks[second] = chunks[second], chunks[first]
        case 1:
            del chunks[first]
        case 2:
            chunks[first:first] = [chunks[second]] * draw.choice((1, 1, 2, 40))
        case _:
            middle = len(chunks[first]) // 2
            chunks[first] = chunks[first][:middle] + chunks[second] + chunks[first][middle:]
    return bytearray(b"".join(chunks))


def _spliced(made: bytearray, other: bytes, draw: random.Random) -> bytearray:
    """The begin of one file and the end of another, or a piece of it in the middle."""
    cut, begin = draw.randrange(len(made) + 1), draw.randrange(len(other))
    if draw.randrange(2):
        return made[:cut] + other[begin:]
    length = draw.choice((4, 32, 512))
    return made[:cut] + other[begin : begin + length] + made[cut:]


def _chunks(data: bytes) -> list[bytes]:
    """What a file is made of, roughly: chunks, boxes, segments, lines, else pieces of 64 octets."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _by_length(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))
    if data[:4] in (b"RIFF", b"FORM"):
        order = data[:4] == b"RIFF"
        return _by_length(
            data, 12, lambda at: 8 + int.from_bytes(data[at + 4 : at + 8], "little" if order else "big")
        )
    if data[4:8] in (b"ftyp", b"wide", b"moov", b"mdat"):
        return _boxes(data, 0, len(data))
    if data[:2] == b"\xff\xd8":
        return [part for part in re.split(rb"(?=\xff[\x80-\xfe])", data, flags=re.DOTALL) if part]
    if data.count(b"\n") * 200 > len(data):
        return data.splitlines(keepends=True)
    return [data[at : at + 64] for at in range(0, len(data), 64)]


def _by_length(data: bytes, start: int, length: object) -> list[bytes]:
    assert callable(length)
    parts, at = [data[:start]], start
    while at < len(data):
        step = length(at)
        parts.append(data[at : at + step])
        at += step
    return parts


#: Boxes that hold others (14496-12), and how many octets of their own stand first.
_HOLDERS = {
    b"moov": 8,
    b"trak": 8,
    b"mdia": 8,
    b"minf": 8,
    b"stbl": 8,
    b"meta": 12,
    b"iprp": 8,
    b"ipco": 8,
    b"edts": 8,
}


def _boxes(data: bytes, begin: int, end: int) -> list[bytes]:
    """Boxes, and of those that hold others their heads and what they hold."""
    parts, at = [], begin
    while at < end:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        until = min(end, at + length) if length >= 8 else end
        own = _HOLDERS.get(kind)
        if own is not None and at + own < until:
            parts.append(data[at : at + own])
            parts += _boxes(data, at + own, until)
        else:
            parts.append(data[at:until])
        at = until
    return parts
