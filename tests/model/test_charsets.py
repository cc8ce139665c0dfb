"""Texts in charsets that can say what no text has."""

from __future__ import annotations

import codecs
import pkgutil
from encodings import __path__ as folder

import pytest

from transcode.model.charsets import decoded
from transcode.model.message import Part


def test_half_a_character() -> None:
    """UTF-7 may state one; what is read can be written."""
    assert decoded(b"a+2AA-b", "utf-7", "replace") == "a\ufffdb"
    with pytest.raises(UnicodeDecodeError, match="half of a character"):
        decoded(b"a+2AA-b", "utf-7")
    assert decoded(b"+2D3eAA-", "utf-7") == "\U0001f600"
    assert Part("text/plain", b"a+2AA-b", charset="utf-7").text == "a\ufffdb"


@pytest.mark.parametrize("codec", sorted({one.name for one in pkgutil.iter_modules(folder)}))
def test_no_other_charset_has_halves(codec: str) -> None:
    """Every codec of Python for texts, but for those that no message may name."""
    if codec in ("punycode", "raw_unicode_escape", "unicode_escape"):
        return
    try:
        octets = "\ud800".encode(codec)
    except (LookupError, UnicodeError, ValueError, TypeError, AttributeError):
        return
    assert codecs.lookup(codec).name == "utf-7"
    with pytest.raises(UnicodeDecodeError):
        decoded(octets, codec)
