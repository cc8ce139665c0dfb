"""Names of the media parts of a message."""

from __future__ import annotations

from transcode.model import Part
from transcode.model.suffixes import SUFFIXES

__all__ = ["CARD_EXTENSIONS", "EXTENSIONS", "named_part"]

#: File name extensions by output content type.
EXTENSIONS = {kind: known[0].removeprefix(".") for kind, known in SUFFIXES.items()}

#: File name extensions of vCards and calendar entries by content type.
CARD_EXTENSIONS = {
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/x-vcalendar": "vcs",
    "text/x-vcard": "vcf",
}


def named_part(number: int, content_type: str, data: bytes) -> Part:
    """The part of a medium, named by its major type and the number of its slide, from 1."""
    stem = f"{content_type.partition('/')[0]}{number}"
    location = f"{stem}.{EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)
