"""Determine the OMA content class of a message: the smallest class whose limits it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SourceError
from transcode.media.pictures.jpeg import read_header
from transcode.media.pictures.openers import open_still
from transcode.media.source.container import audio_streams, open_container, video_streams
from transcode.media.source.inputs import Input
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
    if part.content_type.startswith(SMIL):
        return True
    if part.content_type not in profile.formats:
        return False
    major = part.content_type.partition("/")[0]
    if major == "text":
        return part.charset in (None, *(profile.charsets or ()))
    content = Input(part.name or part.content_type, part.data)
    try:
        if major == "image":
            return _picture_fits(content, profile)
        return major not in ("video", "audio") or _stream_fits(content, profile)
    except SourceError:
        return False


def _picture_fits(content: Input, profile: Profile) -> bool:
    """Whether the width and the height of a picture are within the limits, and a JPEG is baseline."""
    if content.content_type == "image/jpeg" and not profile.progressive:
        header = read_header(content.data, name=content.name)
        if header.progressive:
            return False
    still = open_still(content)
    return still.width <= (profile.max_image_width or still.width) and still.height <= (
        profile.max_image_height or still.height
    )


def _stream_fits(content: Input, profile: Profile) -> bool:
    with open_container(content) as container:
        streams = [*video_streams(container, content), *audio_streams(container, content)]
        codecs = {stream.codec_context.codec.canonical_name for stream in streams}
        clips = [
            (stream.codec_context.width, stream.codec_context.height, stream.average_rate or 0)
            for stream in video_streams(container, content)
        ]
    width, height, rate = profile.max_video_width, profile.max_video_height, profile.max_frame_rate
    return (
        bool(streams)
        and codecs <= set(profile.codecs)
        and all(clip[0] <= (width or clip[0]) for clip in clips)
        and all(clip[1] <= (height or clip[1]) for clip in clips)
        and all(clip[2] <= (rate or clip[2]) for clip in clips)
    )
