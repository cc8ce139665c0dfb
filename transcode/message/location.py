"""URIs of Content-Location, by which a presentation refers to parts."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["uri"]

#: Characters that a URI may contain besides letters and digits, with the percent sign (RFC 3986, 2).
_OF_URIS = "!#$&'()*+,/:;=?@[]~%"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: The beginning of an encoded word (RFC 2047), which header parsers would decode.
_WORD = re.compile(r"=\?(?=[^?]+\?[BbQq]\?)")


def uri(text: str) -> str:
    """Return a reference as a URI: other characters are percent-encoded in UTF-8 (RFC 2557, RFC 3986).

    Percent-encoded octets in the text are unchanged.

    Raises:
        ValueError: the text has a lone surrogate.
    """
    return _WORD.sub("=%3F", quote(_BARE_PERCENT.sub("%25", text), safe=_OF_URIS))
