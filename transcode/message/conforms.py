"""Check whether a part of a message is within the limits of a profile, from the headers of its medium."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SourceError
from transcode.media.pictures.jpeg import read_header
from transcode.media.pictures.openers import open_still
from transcode.media.source.container import open_container, seconds_of, streams_in
from transcode.media.source.inputs import Input

if TYPE_CHECKING:
    from transcode.model import Part
    from transcode.profile import Profile

__all__ = ["CARDS", "obstacle", "overlong", "unplayable"]

#: Seconds by which containers' durations exceed those of their media: a frame of sound and rounding. Chosen.
_SLACK = 0.1

#: Content types of business cards and calendar entries, which phones read without listing them.
CARDS = frozenset(
    ("text/x-vcard", "text/vcard", "text/directory", "text/x-vcalendar", "text/vcalendar", "text/calendar")
)


def obstacle(part: Part, profile: Profile) -> str | None:
    """Return why a part is outside a profile's formats, sizes, codecs or charsets; None: it conforms.

    The size in bytes, the duration and the profile of H.264 are not checked.
    """
    if part.content_type not in profile.formats:
        return f"{part.content_type} is not shown"
    major = part.content_type.partition("/")[0]
    if major == "text":
        known = (None, *(profile.charsets or ()))
        return None if part.charset in known else f"the charset {part.charset} is not read"
    content = Input(part.name or part.content_type, part.data)
    try:
        if major == "image":
            return _picture_obstacle(content, profile)
        return _stream_obstacle(content, profile) if major in ("video", "audio") else None
    except SourceError as error:
        return error.reason


def _picture_obstacle(content: Input, profile: Profile) -> str | None:
    if content.content_type == "image/jpeg" and not profile.progressive:
        header = read_header(content.data, name=content.name)
        if header.progressive:
            return "progressive JPEG is not shown"
    still = open_still(content)
    width, height = profile.limits().box(portrait=still.height > still.width)
    if still.width <= (width or still.width) and still.height <= (height or still.height):
        return None
    return f"{still.width} x {still.height} pixels, at most {width or 'any'} x {height or 'any'}"


def _stream_obstacle(content: Input, profile: Profile) -> str | None:
    with open_container(content) as container:
        streams = streams_in(content, container)
        codecs = {one.codec_context.codec.canonical_name for one in (*streams.video, *streams.audio)}
        looks = [
            (stream.codec_context.width, stream.codec_context.height, stream.average_rate or 0)
            for stream in streams.video
        ]
    if not codecs:
        return "no video and no sound"
    if not codecs <= set(profile.codecs):
        return f"{', '.join(sorted(codecs - set(profile.codecs)))} is not played"
    rate = profile.max_frame_rate
    for width, height, frames in looks:
        most = (profile.max_video_width, profile.max_video_height)
        if profile.turn and height > width:
            most = (most[1], most[0])
        if width > (most[0] or width) or height > (most[1] or height):
            return f"{width} x {height} pixels, at most {most[0]} x {most[1]}"
        if frames > (rate or frames):
            return f"{float(frames):g} frames/s, at most {rate:g}"
    return None


def overlong(content: Input, profile: Profile) -> str | None:
    """Return by how much a clip or a recording is longer than the profile allows; None: it is not."""
    seconds = seconds_of(content)
    if seconds is None or seconds <= profile.max_seconds + _SLACK:
        return None
    return f"{seconds:.1f} seconds, at most {profile.max_seconds:g}"


def unplayable(content: Input, profile: Profile) -> str | None:
    """Return why a receiver does not decode the H.264 of a clip; None: it does, or there is none."""
    # Imported here because it loads the encoders of clips, which most messages do not need.
    from transcode.fit.clips.video_plan import pictures_within
    from transcode.fit.container_format import ContainerFormat
    from transcode.media.clips.clip import probe

    clip = probe(content)
    if clip.video.codec != "h264":
        return None
    form = ContainerFormat(content.content_type or "", "h264", None)
    if pictures_within(clip, (0, 0), 0.0, form, profile.limits()):
        return None
    return f"H.264 {clip.video.profile} profile, level {(clip.video.level or 0) / 10:g}, is not played"
