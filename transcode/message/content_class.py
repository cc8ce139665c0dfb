"""Determine the OMA content class of a message: the smallest class whose limits it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.message.conforms import obstacle
from transcode.message.smil import CONTENT_TYPE as SMIL
from transcode.profile import find_profile

if TYPE_CHECKING:
    from transcode.model import MessageFields, Part
    from transcode.profile import Profile

__all__ = ["CLASSES", "content_class"]

#: Values of X-Mms-Content-Class, smallest class first. The classes content-basic and content-rich are
#: not supported because their size limits could not be verified.
CLASSES = ("text", "image-basic", "image-rich", "video-basic", "video-rich", "megapixel")


def content_class(message: MessageFields, size: int) -> str | None:
    """The smallest of CLASSES whose limits a message meets, or None.

    The profiles ``oma-...`` hold the limits: the message size, and for each part the content type, the
    width and height, the codecs and the frame rate. A message with an unreadable medium has no class.

    Args:
        message: the message with its parts.
        size: the size of the whole encoded message in bytes.
    """
    for name in CLASSES:
        profile = find_profile(f"oma-{name}")
        if size <= profile.max_message_bytes and all(_fits(part, profile) for part in message.parts):
            return name
    return None


def _fits(part: Part, profile: Profile) -> bool:
    return part.content_type.startswith(SMIL) or obstacle(part, profile) is None
