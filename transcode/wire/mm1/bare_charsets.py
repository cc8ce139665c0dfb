"""Decides whether the first octet of a text is a charset without its high bit, or a letter.

An encoded string with a length begins with its charset, 0xEA for UTF-8 (WAP-230-WSP, 8.4.2.8). Some writers
send 0x6A, the letter ``j``. Phones read this octet as the charset, because AOSP's reader takes any octet
there for a charset. Other writers send a length and no charset. So the octets behind the first decide: a
phone number, a quote or characters beyond US-ASCII follow a charset, the rest of a word follows a letter.
"""

from __future__ import annotations

import re
from enum import Enum

from transcode.wire.mm1.wsp_numbers import CHARSETS, TEXT_QUOTE

__all__ = ["Verdict", "sent_before", "verdict"]

#: The MIBenum of UTF-8 (IANA, character sets).
_UTF_8 = 0x6A
#: A phone number in wire form, or the beginning of an international phone number.
_NUMBER = re.compile(rb"\+?[0-9]+/TYPE=PLMN|\+[0-9]{3}", re.IGNORECASE)
_DIGITS = re.compile(rb"[0-9][0-9 ().-]{3,}\Z")
_MAILBOX = re.compile(rb"[^\s@]+@[^\s@]+\Z")
#: Charsets of 7 bits with escape sequences (RFC 1468, RFC 1554).
_ESCAPED = ("iso-2022-jp", "iso-2022-jp-2")
#: Charsets of one octet a character. The other charsets of the table need two octets or more.
_SINGLE = re.compile(r"iso-8859-[0-9]+|us-ascii")
#: Characters of texts in charsets of two octets: CJK, kana, Hangul, full-width forms and some punctuation.
_EAST_ASIAN = re.compile("[\x00-\x7f\u2010-\u203b\u2190-\u27bf\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]*")
_LATIN = re.compile("[a-z\xdf-\xff\u0100-\u024f]")
#: Second octets of words that begin with ``j`` in any language: je, j'ai, j. Smith, J-1.
_BEHIND_J = b"aeiouy' .,!?:;)-_/&@%0123456789"


class Verdict(Enum):
    """The meaning of the first octet of a text: surely a charset, probably a charset, or a letter."""

    CHARSET = 1
    RATHER_CHARSET = 2
    LETTER = 3


def verdict(octet: int, rest: bytes) -> Verdict:
    """Return the meaning of the first octet of a text.

    Args:
        octet: the first octet, whose high bit is clear.
        rest: the octets between the first octet and the final zero.
    """
    name = CHARSETS.get(octet)
    if name is None or not rest:
        return Verdict.LETTER
    if rest[0] == TEXT_QUOTE or _NUMBER.match(rest):
        return Verdict.CHARSET
    if name in _ESCAPED:
        return Verdict.CHARSET if b"\x1b" in rest else Verdict.LETTER
    if not rest.isascii():
        return _of_letters(name, rest)
    is_letter = chr(octet).isalpha()
    if _MAILBOX.match(rest) or not is_letter:
        return Verdict.LETTER
    # No word has a capital as its second letter only.
    if rest[:1].isupper() or _DIGITS.match(rest) or (octet == _UTF_8 and rest[0] not in _BEHIND_J):
        return Verdict.RATHER_CHARSET
    return Verdict.LETTER


def sent_before(octet: int, octets: bytes) -> bool:
    """Whether octets contain a phone number with its length and, as its charset, the given octet in front."""
    pattern = re.compile(re.escape(bytes((octet,))) + rb"\x7f?\+?[0-9]+/TYPE=PLMN\0", re.IGNORECASE)
    return any(
        found.start() and octets[found.start() - 1] == len(found[0]) for found in pattern.finditer(octets)
    )


def _of_letters(name: str, rest: bytes) -> Verdict:
    """Return the verdict on a text with octets beyond US-ASCII, if its first octet would be a charset."""
    text = _decoded(name, rest)
    if text is None or (name != "utf-8" and _decoded("utf-8", rest) is not None):
        return Verdict.LETTER
    if _SINGLE.fullmatch(name):
        # Any octets are valid in such a charset. But a writer sends a length in order to state a charset.
        return Verdict.RATHER_CHARSET
    if name == "utf-8":
        # "jóias" is a word that begins with j. With and without that letter its octets are valid UTF-8.
        return Verdict.RATHER_CHARSET if _LATIN.match(text) else Verdict.CHARSET
    return Verdict.CHARSET if _EAST_ASIAN.fullmatch(text) else Verdict.LETTER


def _decoded(name: str, octets: bytes) -> str | None:
    """Decode octets, which may end within a character; None where they are invalid in the charset."""
    try:
        return octets.decode(name)
    except UnicodeDecodeError as error:
        whole = error.start and error.end == len(octets) and error.start > len(octets) - 4
        return octets[: error.start].decode(name) if whole else None
