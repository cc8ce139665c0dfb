"""Fields of WSP as the kernel scans them: what it takes, and where it stops."""

from __future__ import annotations

from typing import Any

import pytest

from transcode.kernels import fields

WORDS = {0x80: "yes", 0x81: "no"}
#: One field of each kind, from FIRST up.
KINDS = (
    fields.UNKNOWN,
    fields.WORD,
    fields.NUMBER,
    fields.TEXT,
    fields.ENCODED,
    fields.PAIR,
    fields.SENDER,
)
WORD, NUMBER, TEXT, ENCODED, PAIR, SENDER = (bytes((fields.FIRST + kind,)) for kind in KINDS[1:])


def scanner(once: int = 0) -> fields.Scanner:
    rest = fields.NUMBERS - len(KINDS)
    names = tuple(f"field {number}" for number in range(fields.NUMBERS))
    return fields.Scanner(bytes((*KINDS, *[fields.UNKNOWN] * rest)), names, (WORDS,) * fields.NUMBERS, once)


def scan(octets: bytes) -> tuple[int, list[Any]]:
    """Where a scan ends, and the values."""
    at, _, _, found = scanner().scan(octets, 0, len(octets), 0)
    return at, [value for _, value in found]


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (WORD + b"\x80", "yes"),
        (NUMBER + b"\xff", 0x7F),
        (NUMBER + b"\x01\x00", 0),
        (NUMBER + b"\x08" + b"\xff" * 8, 2**64 - 1),
        (TEXT + b"\0", ""),
        (TEXT + b"5=?\0", "5=?"),
        (ENCODED + b"\0", ""),
        (ENCODED + b"What? = \0", "What? = "),
        (ENCODED + b"\x02\xea\0", ""),
        (ENCODED + b"\x04\x83=?\0", "=?"),
        (ENCODED + b"\x05\xea\xc3\xa9!\0", "\u00e9!"),
        (ENCODED + b"\x1f\x22\xea" + b"a" * 32 + b"\0", "a" * 32),
        (ENCODED + b"\x1f\x81\x02\xea" + b"a" * 128 + b"\0", "a" * 128),
        (PAIR + b"\x04\x81\x02\x01\x00", ("no", 256)),
        (PAIR + b"\x02\x80\x85", ("yes", 5)),
        (SENDER + b"\x01\x81", None),
        (SENDER + b"\x04\x80+1\0", "+1"),
        (SENDER + b"\x06\x80\x04\xea+1\0", "+1"),
    ],
)
def test_values(octets: bytes, value: object) -> None:
    """Values that stand there as the standard has them, and what is behind is not touched."""
    assert scan(octets) == (len(octets), [value])
    assert scan(octets + WORD) == (len(octets), [value])
    assert scan(octets + octets) == (2 * len(octets), [value, value])
    for cut in range(len(octets)):
        assert scan(octets[:cut]) == (0, [])


@pytest.mark.parametrize(
    "octets",
    [
        bytes((fields.FIRST, 0x80)),
        bytes((fields.FIRST + len(KINDS), 0x80)),
        b"Name\0value\0",
        b"\xff\x80",
        WORD + b"\x82",
        WORD + b"yes\0",
        NUMBER + b"\0",
        NUMBER + b"\x09" + bytes(9),
        NUMBER + b"5\0",
        TEXT + b"\x7f\xe9\0",
        TEXT + b"\x7fa\0",
        TEXT + b"\xc3\xa9\0",
        *(TEXT + b"a" + bytes((octet,)) + b"b\0" for octet in (1, 9, 10, 13, 0x1F, 0x7F)),
        *(ENCODED + b"\x05\xea" + bytes((octet,)) + b"\xc3\xa9\0" for octet in (1, 9, 10, 13, 0x1F, 0x7F)),
        ENCODED + b"\xc3\xa9\0",
        ENCODED + b"=?utf-8?B?QQ==?=\0",
        ENCODED + b"\x01\xea",
        ENCODED + b"\x04\x84ab\0",
        ENCODED + b"\x04\x6aab\0",
        ENCODED + b"\x04\xeaab\0".replace(b"\0", b"c"),
        ENCODED + b"\x05\xeaa\0b\0",
        ENCODED + b"\x04\xea\x7fa\0",
        ENCODED + b"\x04\xea\xc3a\0",
        ENCODED + b"\x06\xea\xef\xbb\xbfa\0",
        ENCODED + b"\x1f\x81\x80\x04\xeaab\0",
        PAIR + b"\x02\x82\x85",
        PAIR + b"\x03\x80\x85\x85",
        PAIR + b"\x00\x80\x85",
        SENDER + b"\x02\x81\0",
        SENDER + b"\x01\x80",
        SENDER + b"\x04\x82+1\0",
        SENDER + b"\x05\x80+1\0a",
        SENDER + b"\x06\x80\x03\xea+\0\0",
        SENDER + b"+1\0",
    ],
)
def test_others(octets: bytes) -> None:
    """The scan ends in front of what is rare, odd or wrong."""
    assert scan(WORD + b"\x80" + octets) == (2, ["yes"])


def test_names_and_bits() -> None:
    """Each field has its name; the bits tell which are there, and which twice."""
    octets = TEXT + b"a\0" + WORD + b"\x80" + TEXT + b"b\0" + NUMBER + b"\x85"
    at, seen, twice, found = scanner().scan(octets, 0, len(octets), 1 << 2)
    assert at == len(octets)
    assert found == [("field 3", "a"), ("field 1", "yes"), ("field 3", "b"), ("field 2", 5)]
    assert (seen, twice) == (0b1110, 0b1100)


def test_once() -> None:
    """A field that is scanned once only ends the scan the second time, in this scan and a later one."""
    octets = TEXT + b"a\0" + TEXT + b"b\0"
    at, seen, twice, found = scanner(1 << 3).scan(octets, 0, len(octets), 0)
    assert (at, seen, twice, found) == (3, 1 << 3, 0, [("field 3", "a")])
    assert scanner(1 << 3).scan(octets, 3, len(octets), seen) == (3, seen, 0, [])


def test_many_fields() -> None:
    """A scan that finds very many fields ends between two; the next goes on there."""
    octets = (WORD + b"\x80") * 150
    at, count = 0, 0
    while at < len(octets):
        at, _, _, found = scanner().scan(octets, at, len(octets), 0)
        assert found
        count += len(found)
    assert count == 150


def test_reach() -> None:
    """No octet outside the two places is looked at, whatever holds them."""
    octets = TEXT + b"a\0" + TEXT + b"b\0"
    for held in (octets, bytearray(octets), memoryview(octets)):
        assert scanner().scan(held, 3, 6, 0)[3] == [("field 3", "b")]
        assert scanner().scan(held, 3, 5, 0)[3] == []
    for at, end in ((-1, 6), (4, 3), (0, 7)):
        with pytest.raises(ValueError, match="a scan from octet"):
            scanner().scan(octets, at, end, 0)


def test_tables() -> None:
    """Tables of another length, and words that are no dict, are refused."""
    names = ("",) * fields.NUMBERS
    words: tuple[dict[int, Any], ...] = ({},) * fields.NUMBERS
    with pytest.raises(ValueError, match="3 kinds"):
        fields.Scanner(bytes(3), names, words, 0)
    with pytest.raises(ValueError, match="1 names"):
        fields.Scanner(bytes(fields.NUMBERS), names[:1], words, 0)
    wrong: Any = (*words[1:], "word")
    with pytest.raises(TypeError, match="is str"):
        fields.Scanner(bytes(fields.NUMBERS), names, wrong, 0)
