"""About how many bytes an output will have, by the headers of what goes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.batch.plan import form_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.batch.headers import Header
    from transcode.batch.plan import BatchPlan, Output
    from transcode.model import Limits

__all__ = ["size_of"]

#: What follows was measured on 147 files of all kinds. The part of the limit that is used where there is more
#: to say than it allows; and the bytes of a message besides its media.
_USED = 0.99
_AROUND = 350
#: Bytes for a pixel of a picture that is encoded as JPEG, and at most; for one of a clip; for a second of a
#: recording.
_PIXEL, _MOST_OF_PIXEL, _PIXEL_OF_CLIP, _SECOND = 0.7, 2.0, 0.06, 16_200
#: The bytes of a recording that is converted, by those that it has.
_CONVERTED = 1.5
#: Octets of base64 with its ends of lines, for one octet.
_BASE64 = 78 / 57
#: Frames a second of a clip whose header does not tell.
_FRAMES = 30.0


def size_of(headers: Sequence[Header], output: Output, plan: BatchPlan) -> int:
    """The bytes of an output in the form that its limit counts, about."""
    limits = output.profile.limits()
    media = sum(_medium(one, limits) for one in headers)
    if form_of(plan) is None:
        return round(min(media, _USED * limits.max_bytes))
    most = output.profile.max_message_bytes
    whole = media if plan.limit_form == "mm1" else media * _BASE64
    return round(min(whole + _AROUND, _USED * most if whole > _USED * most else most))


def _medium(header: Header, limits: Limits) -> float:
    size = header.load.size
    if header.kind == "picture":
        return _picture(header, limits)
    if header.kind == "clip":
        return _clip(header, limits)
    if header.kind == "recording":
        converted = header.seconds * _SECOND or size * _CONVERTED
        longest = limits.max_seconds * _SECOND
        return min(size if header.content_type in limits.formats else converted, longest)
    return size


def _picture(header: Header, limits: Limits) -> float:
    size, pixels = header.load.size, header.pixels
    if not pixels:
        return min(size, limits.max_bytes)
    box = pixels
    if limits.max_width is not None and limits.max_height is not None:
        box = min(pixels, limits.max_width * limits.max_height)
    if box == pixels and size <= limits.max_bytes and header.content_type in limits.formats:
        return min(size, pixels * _MOST_OF_PIXEL + _AROUND)
    return min(box * _PIXEL, limits.max_bytes)


def _clip(header: Header, limits: Limits) -> float:
    seconds, pixels, frames = header.load.extent
    if not pixels:
        return limits.max_bytes
    shown = min(seconds or limits.max_seconds, limits.max_seconds)
    count = (frames or seconds * _FRAMES) * (shown / seconds if seconds else 1.0) or shown * _FRAMES
    return min(count * pixels * _PIXEL_OF_CLIP, limits.max_bytes)
