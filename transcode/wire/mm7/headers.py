"""Headers of MM7 messages that are no elements of the schema, and the spelling of header names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.mm7.schema import ELEMENTS

if TYPE_CHECKING:
    from transcode.model import HeaderValue

__all__ = ["CODINGS", "CONTENT_ID", "NO_ELEMENTS", "RECIPIENTS", "fault_words", "spelled"]

#: The elements that hold several addresses.
RECIPIENTS = ("To", "Cc", "Bcc")
#: Headers that are no elements of their own; the docstring of mm7 describes them.
NO_ELEMENTS = ("xmlns", "allowAdaptations", "displayOnly", "addressCoding", "faultcode", "faultstring")
#: Names of headers by the name in lower case: header names are case-insensitive, element names are not.
_SPELLINGS = {name.lower(): name for name in (*ELEMENTS, *NO_ELEMENTS)}
#: The values of addressCoding in the schema.
CODINGS = ("encrypted", "obfuscated")
#: The Content-ID of the content, to which the element Content refers.
CONTENT_ID = "content"


def spelled(name: str) -> str:
    """Return the name of a header in the schema's spelling."""
    return _SPELLINGS.get(name.lower(), name)


def fault_words(code: HeaderValue | None) -> tuple[str, str]:
    """Return faultcode and faultstring for an MM7 status code (SOAP 1.1, 4.4.1)."""
    if isinstance(code, int) and 3000 <= code < 4000:
        return "Server", "Server error"
    return "Client", "Client error"
