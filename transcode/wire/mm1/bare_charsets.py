"""Charsets in front of a text whose octet lacks its high bit, and is a letter too (WAP-230-WSP, 8.4.2.8).

Behind a length a text begins with its charset, 0xEA for UTF-8. Some writers send 0x6A, a ``j``; phones read
it as the charset, for AOSP's reader takes any octet there for one. Others send no charset at all. So what
follows decides: a number, a quote or letters beyond US-ASCII have nothing in front, a word has its letters.
"""

from __future__ import annotations

import re
from enum import Enum

from transcode.wire.mm1.wsp_numbers import CHARSETS, TEXT_QUOTE

__all__ = ["Verdict", "sent_before", "verdict"]

_UTF_8 = 0x6A
#: A phone number in wire form, and one that begins as a number does.
_NUMBER = re.compile(rb"\+?[0-9]+/TYPE=PLMN|\+[0-9]{3}", re.IGNORECASE)
_DIGITS = re.compile(rb"[0-9][0-9 ().-]{3,}\Z")
_MAILBOX = re.compile(rb"[^\s@]+@[^\s@]+\Z")
#: Charsets of 7 bits, which switch by escape sequences (RFC 1468, RFC 1554).
_ESCAPED = ("iso-2022-jp", "iso-2022-jp-2")
#: Charsets of one octet a letter; the others of the table have two and more.
_SINGLE = re.compile(r"iso-8859-[0-9]+|us-ascii")
#: What texts in charsets of two octets are of: CJK, kana, Hangul, wide forms, and some punctuation.
_EAST_ASIAN = re.compile("[\x00-\x7f\u2010-\u203b\u2190-\u27bf\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]*")
_LATIN = re.compile("[a-z\xdf-\xff\u0100-\u024f]")
#: A word of any language may go on with these behind a ``j``: je, j'ai, j. Smith, J-1.
_BEHIND_J = b"aeiouy' .,!?:;)-_/&@%0123456789"


class Verdict(Enum):
    """What the octet in front of a text is: surely the charset, rather the charset, or a letter."""

    CHARSET = 1
    RATHER_CHARSET = 2
    LETTER = 3


def verdict(octet: int, rest: bytes) -> Verdict:
    """What an octet is in front of the rest of a text.

    Args:
        octet: without its high bit.
        rest: the octets behind it, up to the final zero.
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
    # No word has a capital for its second letter only.
    if rest[:1].isupper() or _DIGITS.match(rest) or (octet == _UTF_8 and rest[0] not in _BEHIND_J):
        return Verdict.RATHER_CHARSET
    return Verdict.LETTER


def sent_before(octet: int, octets: bytes) -> bool:
    """Whether somewhere among octets a number has this one in front as its charset, behind its length."""
    pattern = re.compile(re.escape(bytes((octet,))) + rb"\x7f?\+?[0-9]+/TYPE=PLMN\0", re.IGNORECASE)
    return any(
        found.start() and octets[found.start() - 1] == len(found[0]) for found in pattern.finditer(octets)
    )


def _of_letters(name: str, rest: bytes) -> Verdict:
    """The verdict on a text with letters beyond US-ASCII, which should be of this charset."""
    text = _decoded(name, rest)
    if text is None or (name != "utf-8" and _decoded("utf-8", rest) is not None):
        return Verdict.LETTER
    if _SINGLE.fullmatch(name):
        # Any octets are of such a charset; but who sends a length does so to state one.
        return Verdict.RATHER_CHARSET
    if name == "utf-8":
        # "jóias" is a word, but its letters are of UTF-8 whoever wrote it.
        return Verdict.RATHER_CHARSET if _LATIN.match(text) else Verdict.CHARSET
    return Verdict.CHARSET if _EAST_ASIAN.fullmatch(text) else Verdict.LETTER


def _decoded(name: str, octets: bytes) -> str | None:
    """The text of octets, which may be cut within a letter; None where they are not of this charset."""
    try:
        return octets.decode(name)
    except UnicodeDecodeError as error:
        whole = error.start and error.end == len(octets) and error.start > len(octets) - 4
        return octets[: error.start].decode(name) if whole else None
