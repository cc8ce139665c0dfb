"""Writes texts as short messages: their alphabet, their octets, and where they are divided.

A text of the default alphabet and its extension (3GPP TS 23.038, 6.2.1) has 160 septets in one short message,
and 153 in each of several. Any other is UCS-2 (6.2.3), with 70 and 67 units of 16 bits. Several short
messages have a user data header (3GPP TS 23.040, 9.2.3.24.1) with the reference that they share::

    05 00 03 RR TT NN    short message NN of TT with the reference RR

Gateways take septets with one in each octet, and pack them; SMPP calls this data_coding 0.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import BudgetError, MessageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Alphabet", "TextSegment", "default_text", "text_segments"]

#: The escape to the extension table (3GPP TS 23.038, 6.2.1).
_ESCAPE = 0x1B
#: The default alphabet, from 0 to 0x7F. At 0x1B is the escape, which stands for no character.
_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The characters behind an escape.
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
#: The septets of each character, one in each octet.
_SEPTETS = {character: bytes([number]) for number, character in enumerate(_DEFAULT) if number != _ESCAPE} | {
    character: bytes([_ESCAPE, number]) for character, number in _EXTENSION.items()
}

#: The most segments that the octet of their count allows.
_MOST = 255


#: The characters behind an escape, by their octets.
_EXTENDED = {number: character for character, number in _EXTENSION.items()}


class Alphabet(Enum):
    """The alphabet of a text, with the octets that one short message and each of several hold.

    An octet of the default alphabet holds one septet.
    """

    DEFAULT = (160, 153)
    UCS2 = (140, 134)


class TextSegment(NamedTuple):
    """A short message of a text.

    Attributes:
        header: the user data header; empty where the text has one short message.
        text: the characters.
        octets: the characters in the alphabet of the text, without the header.
    """

    header: bytes
    text: str
    octets: bytes


def default_text(octets: bytes) -> str:
    """Return a text of the default alphabet, of which each octet has one septet; others become U+FFFD."""
    text: list[str] = []
    is_escaped = False
    for octet in octets:
        if is_escaped:
            # Who does not know an extension shows the character itself (3GPP TS 23.038, 6.2.1.1).
            text.append(_EXTENDED.get(octet) or (_DEFAULT[octet] if octet < len(_DEFAULT) else "\ufffd"))
        elif octet != _ESCAPE:
            text.append(_DEFAULT[octet] if octet < len(_DEFAULT) else "\ufffd")
        is_escaped = octet == _ESCAPE and not is_escaped
    return "".join(text)


def text_segments(text: str, *, reference: int, most: int = 8) -> tuple[Alphabet, tuple[TextSegment, ...]]:
    """Divide a text into short messages, never within a character.

    Args:
        text: the text.
        reference: the number that the segments share, from 0 to 255. Two texts that are on their way to the
            same phone at the same time must have different numbers.
        most: the most segments, from 1 to 255.

    Returns:
        The alphabet of all segments, and the segments.

    Raises:
        BudgetError: the text needs more segments; limit and smallest count its octets, without headers.
        MessageError: the text is empty or has half a character (a lone surrogate), or a number is outside its
            range.
    """
    if not text:
        raise MessageError("text: is empty")
    for name, value, least in (("reference", reference, 0), ("most", most, 1)):
        if not least <= value <= _MOST:
            raise MessageError(f"{name}: {value!r} is not a whole number from {least} to {_MOST}")
    alphabet, octets = _encoded(text)
    whole, part = alphabet.value
    total = sum(map(len, octets))
    if total <= whole:
        return alphabet, (TextSegment(b"", text, b"".join(octets)),)
    ends = list(_ends(octets, part))
    if len(ends) > most:
        limit = whole if most == 1 else most * part
        raise BudgetError(f"text in {most} short message{'s' * (most > 1)}", limit, smallest=total)
    return alphabet, tuple(
        TextSegment(
            bytes((5, 0, 3, reference, len(ends), place + 1)), text[begin:end], b"".join(octets[begin:end])
        )
        for place, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))
    )


def _encoded(text: str) -> tuple[Alphabet, list[bytes]]:
    """Return the alphabet, and the octets of each character."""
    try:
        return Alphabet.DEFAULT, [_SEPTETS[character] for character in text]
    except KeyError:
        pass
    try:
        return Alphabet.UCS2, [character.encode("utf-16-be") for character in text]
    except UnicodeEncodeError as error:
        raise MessageError(f"text: {text[error.start]!r} is half a character") from error


def _ends(octets: list[bytes], most: int) -> Iterator[int]:
    """Give the places of the characters that each segment ends before."""
    size = 0
    for place, character in enumerate(octets):
        if size + len(character) > most:
            yield place
            size = 0
        size += len(character)
    yield len(octets)
