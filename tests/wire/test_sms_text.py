"""Texts as short messages: alphabets, lengths, and cuts that no character is damaged by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.errors import BudgetError, MessageError
from transcode.wire.sms_text import Alphabet, TextSegment, text_segments

#: The default alphabet as 3GPP TS 23.038 shows it: a column for each row here.
COLUMNS = (
    "@Δ 0¡P¿p",
    "£_!1AQaq",
    '$Φ"2BRbr',
    "¥Γ#3CScs",
    "èΛ¤4DTdt",
    "éΩ%5EUeu",
    "ùΠ&6FVfv",
    "ìΨ'7GWgw",
    "òΣ(8HXhx",
    "ÇΘ)9IYiy",
    "\nΞ*:JZjz",
    "Ø +;KÄkä",
    "øÆ,<LÖlö",
    "\ræ-=MÑmñ",
    "Åß.>NÜnü",
    "åÉ/?O§oà",
)
#: The extension by number (6.2.1.1).
EXTENSION = dict(
    zip((0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), "\f^{}\\[~]|€", strict=True)
)
DEFAULT = {
    16 * column + row: characters[column]
    for row, characters in enumerate(COLUMNS)
    for column in range(8)
    if (row, column) != (0xB, 1)
}


def read(alphabet: Alphabet, octets: bytes) -> str:
    """The text of one segment, read by itself."""
    if alphabet is Alphabet.UCS2:
        return octets.decode("utf-16-be")
    found, escaped = "", False
    for octet in octets:
        if octet == 0x1B:
            assert not escaped
            escaped = True
            continue
        found += EXTENSION[octet] if escaped else DEFAULT[octet]
        escaped = False
    assert not escaped, "a segment ends with an escape"
    return found


def test_the_default_alphabet() -> None:
    """Each character of the standard's table has its number, and those of the extension have an escape."""
    text = "".join(DEFAULT[number] for number in sorted(DEFAULT))
    alphabet, (segment,) = text_segments(text, reference=1)
    assert alphabet is Alphabet.DEFAULT
    assert segment == TextSegment(b"", text, bytes(number for number in range(128) if number != 0x1B))
    alphabet, (segment,) = text_segments("".join(EXTENSION.values()), reference=1)
    assert alphabet is Alphabet.DEFAULT
    assert segment.octets == b"".join(bytes((0x1B, number)) for number in EXTENSION)


@pytest.mark.parametrize(
    ("text", "alphabet", "sizes"),
    [
        ("a" * 160, Alphabet.DEFAULT, [160]),
        ("a" * 161, Alphabet.DEFAULT, [153, 8]),
        ("a" * 306, Alphabet.DEFAULT, [153, 153]),
        ("a" * 307, Alphabet.DEFAULT, [153, 153, 1]),
        ("€" * 80, Alphabet.DEFAULT, [160]),
        # An escape and its letter do not fit into the last septet.
        ("€" * 81, Alphabet.DEFAULT, [152, 10]),
        ("a" * 152 + "€" * 5, Alphabet.DEFAULT, [152, 10]),
        ("ж" * 70, Alphabet.UCS2, [140]),
        ("ж" * 71, Alphabet.UCS2, [134, 8]),
        # One character makes the whole text UCS-2.
        ("a" * 70 + "\u2019", Alphabet.UCS2, [134, 8]),
        # Two units each: one of the 67 stays empty.
        ("😀" * 35, Alphabet.UCS2, [140]),
        ("😀" * 36, Alphabet.UCS2, [132, 12]),
        ("\t", Alphabet.UCS2, [2]),
        ("\x1b", Alphabet.UCS2, [2]),
    ],
)
def test_sizes(text: str, alphabet: Alphabet, sizes: list[int]) -> None:
    """A text has as few segments as its alphabet allows, and no character is in two."""
    found, segments = text_segments(text, reference=7)
    assert found is alphabet
    assert [len(segment.octets) for segment in segments] == sizes
    assert "".join(segment.text for segment in segments) == text


SHARP = st.sampled_from("a€[😀ж\n@")


@given(st.one_of(st.text(min_size=1), st.text(SHARP, min_size=100, max_size=700)), st.integers(0, 255))
def test_any_text(text: str, reference: int) -> None:
    """Each segment can be read alone and fits into 140 octets, and together they are the text."""
    alphabet, segments = text_segments(text, reference=reference, most=255)
    assert "".join(read(alphabet, segment.octets) for segment in segments) == text
    for place, segment in enumerate(segments, 1):
        assert read(alphabet, segment.octets) == segment.text
        header = bytes((5, 0, 3, reference, len(segments), place)) if len(segments) > 1 else b""
        assert segment.header == header
        bits = len(segment.octets) * (7 if alphabet is Alphabet.DEFAULT else 8)
        # Septets begin at the next seventh bit behind the header.
        begin = -(-len(header) * 8 // 7) * 7 if alphabet is Alphabet.DEFAULT else len(header) * 8
        assert begin + bits <= 1120
    assert (alphabet is Alphabet.DEFAULT) == (set(text) <= {*DEFAULT.values(), *EXTENSION.values()})


def test_what_does_not_fit() -> None:
    """A text of too many segments is named with the octets that it has, and those that it may have."""
    with pytest.raises(BudgetError) as raised:
        text_segments("a" * 307, reference=1, most=2)
    assert (raised.value.limit, raised.value.smallest) == (306, 307)
    with pytest.raises(BudgetError) as raised:
        text_segments("ж" * 71, reference=1, most=1)
    assert (raised.value.limit, raised.value.smallest) == (140, 142)


@pytest.mark.parametrize(
    ("text", "values", "named"),
    [
        ("", {}, "text"),
        ("a\ud83d", {}, "half a character"),
        ("a", {"reference": 256}, "reference"),
        ("a", {"reference": -1}, "reference"),
        ("a", {"most": 0}, "most"),
        ("a", {"most": 256}, "most"),
    ],
)
def test_wrong_arguments(text: str, values: dict[str, int], named: str) -> None:
    """An argument that can't be is named."""
    with pytest.raises(MessageError, match=named):
        text_segments(text, **{"reference": 1, **values})
