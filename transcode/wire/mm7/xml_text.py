"""Texts, names and attributes of the XML of MM7."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree import ElementTree

    from transcode.wire.oddities import Odd

__all__ = ["BLANKS", "TRUE_FALSE", "attribute", "escaped", "local_name", "text_of", "token_of"]


#: What XML 1.0 has no place for (2.2 "Characters").
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What XML takes for blanks.
BLANKS = " \t\r\n"
#: The values of a boolean.
TRUE_FALSE = {"true": True, "1": True, "false": False, "0": False}


def local_name(name: object) -> str:
    """The name of an element or attribute without its namespace; "" for what is neither."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def escaped(text: str) -> str:
    """Text as content of an element.

    Raises:
        ValueError: it holds what XML can't.
    """
    found = _NO_XML.search(text)
    if found:
        raise ValueError(f"U+{ord(found[0]):04X} can't stand in XML")
    return html.escape(text, quote=False).replace("\r", "&#13;")


def attribute(name: str, text: str) -> str:
    """An attribute with a blank in front; its line ends are kept, which XML would make blanks of.

    Raises:
        ValueError: it holds what XML can't.
    """
    shown = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f' {name}="{shown}"'


def text_of(element: ElementTree.Element, odd: Odd) -> str:
    """The text within an element."""
    if len(element):
        odd(f"{local_name(element.tag)} holds elements; only their text is kept")
    return "".join(element.itertext())


def token_of(element: ElementTree.Element, odd: Odd) -> str:
    """The text within an element, of which blanks around it are no part."""
    return text_of(element, odd).strip(BLANKS)
