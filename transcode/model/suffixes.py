"""The suffixes of file names and the content types that they ask for."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["SUFFIXES", "asked_types"]

#: Suffixes by the content types that renditions have, the usual one first. Parts of messages have that: for
#: what is encoded it has three letters, so that the length of a part's headers does not depend on it.
SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "video/mp4": (".mp4", ".m4v"),
    "video/3gpp": (".3gp", ".3gpp"),
    "audio/amr": (".amr",),
    "audio/amr-wb": (".awb",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/mpeg": (".mp3",),
    "audio/3gpp": (".3gp", ".3gpp"),
    "audio/aac": (".aac",),
}

#: Suffixes of media that no rendition is.
_NOT_WRITTEN = frozenset(
    (
        *(".apng", ".avif", ".bmp", ".heic", ".heif", ".jp2", ".jxl", ".svg", ".tif", ".tiff"),
        *(".avi", ".flv", ".mkv", ".mov", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"),
        *(".aif", ".aiff", ".caf", ".flac", ".mid", ".midi", ".oga", ".ogg", ".opus", ".wav", ".wma"),
    )
)


def asked_types(path: str | os.PathLike[str]) -> tuple[str, ...] | None:
    """The content types that the suffix of a path asks for.

    Returns:
        Empty where the suffix is that of a format which is not written; None where the suffix is that of no
        medium, or there is none.
    """
    suffix = PurePath(path).suffix.lower()
    found = tuple(kind for kind, known in SUFFIXES.items() if suffix in known)
    return found or (() if suffix in _NOT_WRITTEN else None)
