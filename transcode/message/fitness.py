"""Tell why a part of a received message can't be shown as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import SourceError
from transcode.media.source.inputs import Input
from transcode.message.conforms import CARDS, obstacle, overlong, unplayable
from transcode.message.part_names import EXTENSIONS
from transcode.message.protection import DRM
from transcode.profile.model import UAPROF
from transcode.profile.uaprof import canonical

if TYPE_CHECKING:
    from transcode.model import Part
    from transcode.profile import Profile

__all__ = ["file_misfit", "is_listed", "is_medium", "locked_misfit", "medium_misfit", "reads_charset"]

_MEDIA = ("image", "video", "audio")
#: The content type of a file of which its sender knows nothing.
_UNKNOWN = "application/octet-stream"


def is_medium(part: Part) -> bool:
    """Whether a part is a picture, a clip or a recording, by its type, or by its octets where it has none."""
    kind = part.content_type
    if kind == _UNKNOWN:
        kind = Input(kind, part.data).content_type or ""
    return kind.partition("/")[0] in _MEDIA


def is_listed(part: Part, profile: Profile) -> bool:
    """Whether the receiver lists a type that is never written, such as MIDI."""
    declared = canonical(part.content_type)
    return declared in profile.formats and declared not in EXTENSIONS


def reads_charset(part: Part, profile: Profile) -> bool:
    """Whether the receiver reads the charset of a text."""
    known = profile.charsets
    return known is None or (part.charset or "us-ascii") in (*known, "us-ascii")


def medium_misfit(part: Part, name: str, profile: Profile) -> str:
    """Return why a picture, a clip or a recording can't stay; empty: it may."""
    content, found = Input(name, part.data), None
    major = part.content_type.partition("/")[0]
    try:
        with Door("source", name):
            found = obstacle(part, profile)
            if found is None and major != "image":
                found = overlong(content, profile)
            if found is None and major == "video":
                found = unplayable(content, profile)
    except SourceError as error:
        found = error.reason
    most = profile.limits(profile.max_message_bytes).max_bytes
    if found is None and len(part.data) > most:
        found = f"{len(part.data):,} bytes, at most {most:,}"
    return found or ""


def file_misfit(part: Part, profile: Profile) -> str:
    """Return why a file that is no medium can't stay; empty: it may, or no document says what is shown."""
    kind = canonical(part.content_type)
    most = min(profile.max_file_bytes or profile.max_message_bytes, profile.max_message_bytes)
    figure = profile.figures.get("formats")
    is_device = figure is not None and UAPROF in figure.sources
    if kind in CARDS or kind in profile.formats or not is_device:
        return f"{len(part.data):,} bytes, at most {most:,}" if len(part.data) > most else ""
    if kind.startswith(DRM):
        return "protected content (OMA DRM) that the receiver does not open"
    return f"{kind} is not shown"


def locked_misfit(part: Part, name: str, profile: Profile) -> str:
    """Return why a part that may not be changed can't stay; empty: it may."""
    if part.content_type == "text/plain":
        if not reads_charset(part, profile):
            return f"the charset {part.charset} is not read"
        most = profile.max_text_chars
        return f"{len(part.text):,} characters, at most {most:,}" if most and len(part.text) > most else ""
    if part.content_type.partition("/")[0] not in _MEDIA or is_listed(part, profile):
        return file_misfit(part, profile)
    return medium_misfit(replace(part, content_type=canonical(part.content_type)), name, profile)
