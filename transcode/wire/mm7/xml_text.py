"""Escapes and reads texts, names and attributes of XML."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree import ElementTree

    from transcode.wire.oddities import Odd

__all__ = ["BLANKS", "TRUE_FALSE", "attribute", "escaped", "local_name", "text_of", "token_of"]


#: Characters that XML 1.0 does not allow (2.2 "Characters").
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: The white space of XML.
BLANKS = " \t\r\n"
#: The values of an xs:boolean by their texts.
TRUE_FALSE = {"true": True, "1": True, "false": False, "0": False}


def local_name(name: object) -> str:
    """Return the name of an element or attribute without its namespace; "" for a comment and the like."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def escaped(text: str) -> str:
    """Escape text for the content of an element.

    Raises:
        ValueError: the text has a character that XML does not allow.
    """
    found = _NO_XML.search(text)
    if found:
        raise ValueError(f"XML does not allow U+{ord(found[0]):04X}")
    return html.escape(text, quote=False).replace("\r", "&#13;")


def attribute(name: str, text: str) -> str:
    """Return an attribute with a blank in front. Tabs and line ends are escaped, so XML readers keep them.

    Raises:
        ValueError: the text has a character that XML does not allow.
    """
    shown = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f' {name}="{shown}"'


def text_of(element: ElementTree.Element, odd: Odd) -> str:
    """Return the text within an element and its descendants."""
    if len(element):
        odd(f"{local_name(element.tag)} contains elements; only their text is kept")
    return "".join(element.itertext())


def token_of(element: ElementTree.Element, odd: Odd) -> str:
    """Return the text within an element without blanks around it."""
    return text_of(element, odd).strip(BLANKS)
