"""The headers of messages of MM7 that are no elements of the schema, and how names of headers are spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.wire.mm7.schema import ELEMENTS

if TYPE_CHECKING:
    from transcode.model import HeaderValue

__all__ = ["CODINGS", "CONTENT_ID", "NO_ELEMENTS", "RECIPIENTS", "fault_words", "spelled"]

#: The elements that hold several addresses.
RECIPIENTS = ("To", "Cc", "Bcc")
#: Headers that are no elements.
NO_ELEMENTS = ("xmlns", "allowAdaptations", "displayOnly", "addressCoding", "faultcode", "faultstring")
#: Names of headers by their lower case: they are the same in any case, and elements are not.
_SPELLINGS = {name.lower(): name for name in (*ELEMENTS, *NO_ELEMENTS)}
#: How an address may be coded, in words of the schema.
CODINGS = ("encrypted", "obfuscated")
#: By what name Content refers to the part beside SOAP.
CONTENT_ID = "content"


def spelled(name: str) -> str:
    """The name of a header in the schema's spelling."""
    return _SPELLINGS.get(name.lower(), name)


def fault_words(code: HeaderValue | None) -> tuple[str, str]:
    """The code and the text of the SOAP fault that goes with a status (SOAP 1.1, 4.4.1)."""
    if isinstance(code, int) and 3000 <= code < 4000:
        return "Server", "Server error"
    return "Client", "Client error"
