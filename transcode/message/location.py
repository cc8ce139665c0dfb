"""Content-Locations, by which a presentation and the headers of parts speak of the same."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["uri"]

#: What a URI is made of, and the percent sign in front of two digits (RFC 3986, 2).
_OF_URIS = "!#$&'()*+,/:;=?@[]~%"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: Readers take it for an encoded word (RFC 2047).
_WORD = re.compile(r"=\?(?=[^?]+\?[BbQq]\?)")


def uri(text: str) -> str:
    """A reference as a URI, with what none can hold percent-encoded in UTF-8 (RFC 2557, RFC 3986).

    What is encoded already stays as it is.

    Raises:
        ValueError: it holds half of a surrogate pair.
    """
    return _WORD.sub("=%3F", quote(_BARE_PERCENT.sub("%25", text), safe=_OF_URIS))
