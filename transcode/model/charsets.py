"""Texts of octets in a charset, without halves of characters."""

from __future__ import annotations

import re

__all__ = ["decoded"]

_HALF = re.compile(r"[\ud800-\udfff]")


def decoded(octets: bytes, codec: str, errors: str = "strict") -> str:
    """Decode octets.

    UTF-7 alone may state one half of a character beyond U+FFFF. No other charset and no database takes it.

    Args:
        octets: the encoded text.
        codec: Python's name of the charset.
        errors: ``"strict"``, or ``"replace"`` for U+FFFD in the place of what is invalid.

    Raises:
        LookupError: there is no such codec.
        UnicodeDecodeError: the octets are invalid, and errors is ``"strict"``.
    """
    text = octets.decode(codec, errors)
    if "7" not in codec or not _HALF.search(text):
        return text
    if errors == "strict":
        raise UnicodeDecodeError(codec, octets, 0, len(octets), "half of a character")
    return _HALF.sub("\ufffd", text)
