"""SOAP of servers that write texts without escaping them, made well-formed."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parsed"]

#: Elements that hold a text and nothing else, in which people and servers write what they want.
_TEXTS = frozenset(
    (
        *("Subject", "StatusText", "Details", "AuxApplicInfo", "ApplicID", "ReplyApplicID", "faultstring"),
        *("ServiceCode", "LinkedID", "MessageID", "TransactionID", "ReplyChargingID", "ChargedPartyID"),
        *("VASPID", "VASID", "MMSRelayServerID", "SenderSPI", "RecipientSPI", "key", "value"),
    )
)
_OPENING = re.compile(r"<((?:[A-Za-z_][\w.-]{0,40}:)?(\w{1,20}))((?:\s[^<>]{0,500})?)>")
#: More openings are not looked at: each may mean a search through the whole.
_MOST_OPENINGS = 1000

_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CHARACTER = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
#: What XML 1.0 has no place for (2.2 "Characters").
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENCODING = re.compile(r"""(<\?xml[^>]{0,100}?)\s+encoding\s*=\s*("[^"]{0,40}"|'[^']{0,40}')""")
#: UTF-16 is written by those who know XML.
_WIDE_MARKS = (b"\xfe\xff", b"\xff\xfe")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


def parsed(xml: bytes) -> tuple[ElementTree.Element, str]:
    """The root of a document, and what was wrong with it where it had to be repaired.

    Raises:
        ElementTree.ParseError: it is not well-formed, and can't be made so.
        DefusedXmlException, ValueError, LookupError: it has a DTD, or an encoding that is not known.
    """
    from defusedxml.ElementTree import fromstring

    first: ElementTree.ParseError | None = None
    root: ElementTree.Element | None = None
    try:
        root = fromstring(xml, forbid_dtd=True)
        fault = "a text in it has markup" if _has_markup(root) else ""
    except ElementTree.ParseError as error:
        first, fault = error, str(error)
    if fault and not xml.startswith(_WIDE_MARKS):
        with suppress(ElementTree.ParseError):
            return fromstring(_repaired(xml), forbid_dtd=True), fault
    if root is None:
        raise first or ElementTree.ParseError("no element")
    return root, ""


def _has_markup(root: ElementTree.Element) -> bool:
    """Whether an element that holds a text holds elements: somebody wrote ``<b>`` and meant that."""
    return any(
        len(element) and isinstance(element.tag, str) and element.tag.rpartition("}")[2] in _TEXTS
        for element in root.iter()
    )


def _repaired(xml: bytes) -> bytes:
    """XML whose texts are escaped where they were not, in UTF-8; what is well-formed means the same.

    Bare ampersands are escaped anywhere, ``<`` only within elements that hold nothing but text.
    Characters that XML does not have become blanks; octets that are no UTF-8 are read as iso-8859-1.
    """
    try:
        text = xml.decode()
    except UnicodeDecodeError:
        text = xml.decode("iso-8859-1")
    text = _NO_XML.sub(" ", _ENCODING.sub(r"\1", text, count=1))
    pieces: list[str] = []
    at = 0
    for number, opening in enumerate(_OPENING.finditer(text)):
        if number == _MOST_OPENINGS:
            break
        if opening.start() < at or opening[2] not in _TEXTS or opening[3].endswith("/"):
            continue
        end = text.find(f"</{opening[1]}", opening.end())
        if end < 0:
            continue
        pieces += (_escaped(text[at : opening.end()], _ampersands), _escaped(text[opening.end() : end], _all))
        at = end
    pieces.append(_escaped(text[at:], _ampersands))
    return "".join(pieces).encode()


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    """A text whose sections of CDATA stay as they are."""
    pieces: list[str] = []
    at = 0
    while (start := text.find(_CDATA, at)) >= 0 and (end := text.find(_CDATA_END, start)) >= 0:
        pieces += (escape(text[at:start]), text[start : end + len(_CDATA_END)])
        at = end + len(_CDATA_END)
    return "".join([*pieces, escape(text[at:])])


def _all(text: str) -> str:
    return _ampersands(text).replace("<", "&lt;")


def _ampersands(text: str) -> str:
    return _CHARACTER.sub(_character, _BARE.sub("&amp;", text))


def _character(found: re.Match[str]) -> str:
    """A character by its number; as text where XML has none of it."""
    number = int(found[1], 16) if found[1] else int(found[2])
    return found[0] if number < 0x110000 and not _NO_XML.match(chr(number)) else html.escape(found[0])
