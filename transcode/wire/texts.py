"""Decodes and encodes the texts of messages: charsets, encoded words (RFC 2047), parameters in text form."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import cache

from transcode.model.charsets import decoded
from transcode.wire.mm1.wsp_numbers import CHARSETS
from transcode.wire.wide import UTF_16_MARKS

__all__ = [
    "NAMES",
    "decode_name",
    "decode_text",
    "decode_words",
    "encode_words",
    "parameters_of_text",
]

#: Parameters that hold file names. Mail programs write them as encoded words, though RFC 2047 forbids encoded
#: words in parameters.
NAMES = ("name", "filename")

#: A supplementary character in CESU-8 (Unicode Technical Report 26), which Java writes.
_HALVES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")

_WORD = r"=\?([!->@-~]+)\?([BbQq])\?([ ->@-~]*)\?="
_WORDS = re.compile(rf"{_WORD}(?:\s+(?={_WORD}))?")
#: Octets of text in an encoded word, which has at most 75 characters (RFC 2047, 2).
_WORD_OCTETS = 45
#: Octets of incomplete encoded words that wait for the next word at most. Each word decodes them again.
_MOST_BEGUN = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CHARSET_NAMES = frozenset(CHARSETS.values())
_TEXT_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("[^"]*"|[^;]*)')


def decode_text(octets: bytes, name: str | None) -> tuple[str, str]:
    """Return the decoded text and its fault; the fault is an empty text where there is none.

    Args:
        octets: the encoded text.
        name: the stated charset; None where none is stated, and the text should be US-ASCII.
    """
    if name in (None, "us-ascii", "*"):
        name = "utf-8"
    try:
        return decoded(octets, _codec(name, octets)), ""
    except LookupError:
        return octets.decode("iso-8859-1"), f"the charset {name!r} is not known; read as iso-8859-1"
    except UnicodeDecodeError as error:
        if name == "utf-8" and _HALVES.search(octets):
            with suppress(UnicodeDecodeError):
                halves = octets.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
                return halves.decode("utf-16"), "a text is CESU-8; its surrogate pairs are joined"
        if name != "utf-8" or (error.reason == "unexpected end of data" and not _ends_in_letter(octets)):
            return decoded(octets, _codec(name, octets), "replace"), f"a text is not valid {name}"
        return octets.decode("iso-8859-1"), "a text is not UTF-8; it is read as iso-8859-1"


def _ends_in_letter(octets: bytes) -> bool:
    """Whether a text is US-ASCII, except for one letter of iso-8859-1 at its end."""
    return octets[:-1].isascii() and octets[-2:-1].isalpha() and octets[-1] >= 0xC0


def _codec(name: str, octets: bytes) -> str:
    """Return Python's name of a charset.

    Raises:
        LookupError: the charset is not in the table CHARSETS. Python has further codecs, some of which take
            quadratic time.
    """
    if name in ("utf-16", "iso-10646-ucs-2"):
        # Big endian unless a byte order mark says otherwise (RFC 2781, 4.3).
        return "utf-16" if octets[:2] in UTF_16_MARKS else "utf-16-be"
    if name in _CHARSET_NAMES:
        return name
    # A look-up by codecs.lookup would cache every name that a sender invents; the table of aliases does not.
    codec = aliases.get(normalize_encoding(name).lower())
    if codec not in _codecs():
        raise LookupError(name)
    return codec or name


@cache
def _codecs() -> frozenset[str]:
    """Return the codecs of the charsets in the table, by the names of Python's table of aliases."""
    folded = (normalize_encoding(name) for name in _CHARSET_NAMES)
    return frozenset(aliases.get(name, name) for name in folded)


def decode_words(text: str) -> str:
    """Return a text with its encoded words decoded (RFC 2047); an invalid encoded word stays unchanged.

    Some writers split words within a character. So an incomplete character continues in the next word.
    """
    if "=?" not in text:
        return text
    pieces: list[str] = []
    at = 0
    name, begun = "", b""
    for found in _WORDS.finditer(text):
        between, at = text[at : found.start()], found.end()
        charset, octets = found[1].partition("*")[0].lower(), _octets(found)
        if between or octets is None or charset != name:
            pieces.append(_read(name, begun, "replace") or "")
            begun = b""
        pieces.append(between)
        name = charset
        whole = None if octets is None else _read(name, begun + octets, "strict")
        if octets is None or _read(name, b"", "strict") is None:
            pieces.append(found[0])
        elif whole is None and len(begun) < _MOST_BEGUN:
            begun += octets
        else:
            pieces.append(whole or _read(name, begun + octets, "replace") or "")
            begun = b""
    return "".join([*pieces, _read(name, begun, "replace") or "", text[at:]])


def _octets(word: re.Match[str]) -> bytes | None:
    """Return the octets of an encoded word, whose padding may be missing; None where the word is invalid."""
    encoding, content = word.group(2, 3)
    try:
        octets = content.encode("ascii")
        if encoding in "Qq":
            return binascii.a2b_qp(octets, header=True)
        return binascii.a2b_base64(octets.rstrip(b"=") + b"=" * (-len(octets.rstrip(b"=")) % 4))
    except ValueError:
        return None


def _read(name: str, octets: bytes, errors: str) -> str | None:
    """Decode octets in a charset; None where the charset is not known or the octets are invalid in it."""
    try:
        return decoded(octets, _codec(name, octets), errors)
    except (LookupError, ValueError):
        return None


def parameters_of_text(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a header value in the text form of mail, with names in lower case."""
    found = []
    for name, value in _TEXT_PARAMETER.findall(text):
        folded, bare = name.lower(), value.strip().strip('"')
        if folded in NAMES:
            bare = decode_name(bare)
        bare = _CONTROL.sub(" ", bare)
        found.append((folded, bare.lower() if folded == "charset" else bare))
    return found


def decode_name(text: str) -> str:
    """Return a name with its encoded words decoded; control characters in them become blanks."""
    return _CONTROL.sub(" ", decode_words(text)) if "=?" in text else text


def encode_words(text: str, between: str = " ") -> str:
    """Return a text as encoded words (RFC 2047).

    Args:
        text: the text to encode.
        between: the separator of the words: blanks and line ends, which readers drop.

    Raises:
        ValueError: the text holds half of a surrogate pair.
    """
    words, word = [], b""
    for letter in text:
        octets = letter.encode()
        if len(word) + len(octets) > _WORD_OCTETS:
            words.append(word)
            word = b""
        word += octets
    words.append(word)
    return between.join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)
