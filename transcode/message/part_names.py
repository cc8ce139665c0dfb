"""Names of the media parts of a message."""

from __future__ import annotations

from transcode.model import Part

__all__ = ["EXTENSIONS", "named_part"]

#: File name extensions by output content type. All have three characters, so the length of a part's
#: headers does not depend on the extension.
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
    """The part of a medium, named by its major type and the number of its slide, from 1."""
    stem = f"{content_type.partition('/')[0]}{number}"
    location = f"{stem}.{EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)
