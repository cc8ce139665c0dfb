"""Links by which the parts of a message are saved, each octet as it is in the message."""

from __future__ import annotations

import base64
import re
import unicodedata
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from transcode.message.part_names import CARD_EXTENSIONS, EXTENSIONS

if TYPE_CHECKING:
    from transcode.model import Part

__all__ = ["data_uri", "file_name", "link", "named"]

#: The longest file name, in characters. File systems take 255 octets.
_MAX_NAME = 60

_EXTENSIONS = {**EXTENSIONS, **CARD_EXTENSIONS, "application/smil": "smil", "text/plain": "txt"}
#: What separates folders, or means something to a shell or a file system.
_UNSAFE = re.compile(r'[\\/:*?"<>|\s]+')
#: What Windows takes for a device, whatever follows the first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?![^.])", re.IGNORECASE)


def named(part: Part) -> str:
    """Return the name of a part for people, without the characters that would show another one."""
    return _shown(_given(part) or "") or "without a name"


def _given(part: Part) -> str | None:
    return unquote(part.content_location or "") or part.name or part.filename or part.content_id


def _shown(name: str) -> str:
    """A name without control characters and those that turn its direction, which could hide the extension."""
    return "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")


def file_name(part: Part) -> str:
    """Return a safe file name for a part, with an extension.

    A name without an extension gets that of its type.
    """
    shown = _shown(_given(part) or "") or "part"
    stem, dot, extension = _UNSAFE.sub("_", shown).strip("._").rpartition(".")
    if not dot or not re.fullmatch("[A-Za-z0-9]{1,5}", extension):
        stem, extension = stem + dot + extension, _EXTENSIONS.get(part.content_type, "bin")
    if _DEVICE.match(stem):
        stem = f"_{stem}"
    return f"{stem[:_MAX_NAME] or 'part'}.{extension}"


def link(part: Part, place: str | None) -> str:
    """Return the link that saves a part.

    Args:
        part: the part.
        place: the id of the element whose medium has the octets of the part, unchanged. The script takes them
            from there, so that the page has them once. None: the link has them.
    """
    where = f'data-octets="{place}"'
    if place is None:
        # As octets of no type: no browser shows them as a page.
        where = f'href="{data_uri("application/octet-stream", bytes(part.data))}"'
    return (
        f'<a class="save" download="{escape(file_name(part))}" {where}>'
        f'<bdi dir="auto">{escape(named(part))}</bdi></a>'
    )


def data_uri(content_type: str, data: bytes) -> str:
    """Return octets as a URI."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"
