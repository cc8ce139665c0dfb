"""How the media of a message are called."""

from __future__ import annotations

from transcode.model import Part

__all__ = ["EXTENSIONS", "named_part"]

#: Endings of the names of what is made, all as long, so that a part can be planned as one type
#: and made as another.
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/3gpp": "3gp",
    "audio/aac": "aac",
}


def named_part(number: int, content_type: str, data: bytes) -> Part:
    """A medium of a slide, which is numbered from 1, under a name of its own."""
    stem = f"{content_type.partition('/')[0]}{number}"
    location = f"{stem}.{EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)
