"""All parts of a message in one file."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from typing import TYPE_CHECKING

from transcode.preview.downloads import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.model import Part

__all__ = ["archive"]

#: The earliest time that a zip file has: the same message gives the same octets.
_BEGIN = (1980, 1, 1, 0, 0, 0)


def archive(parts: Iterable[Part]) -> bytes:
    """Return a zip file of parts, each under a name of its own. Nothing is packed: media are."""
    made = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(made, "w") as file:
        for part in parts:
            name = _free(file_name(part), taken)
            taken.add(_folded(name))
            file.writestr(zipfile.ZipInfo(name, _BEGIN), bytes(part.data))
    return made.getvalue()


def _folded(name: str) -> str:
    """Return what file systems take for one name: those of macOS compose letters with their accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no other part has, on any file system."""
    stem, dot, extension = name.rpartition(".")
    free, count = name, 1
    while _folded(free) in taken:
        count += 1
        free = f"{stem}-{count}{dot}{extension}"
    return free
