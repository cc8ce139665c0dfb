"""A message of media as they are: nothing is decoded or encoded.

It is for a message centre's own store. What a phone gets is adapted from it, so a picture that was encoded
here would lose twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import UnsupportedError
from transcode.media.source.container import seconds_of
from transcode.message import slideshow, smil
from transcode.message.compose import headed
from transcode.message.composition import transaction_id
from transcode.message.part_names import EXTENSIONS
from transcode.message.recipients import recipients_of
from transcode.model import MessageFields, Part, SlideParts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.message.compose import Request
    from transcode.message.slideshow import Medium
    from transcode.model import Slide, Source
    from transcode.profile import Profile

__all__ = ["originals"]

#: The first word of types that slides show.
_SHOWN = ("image", "video", "audio")
#: File name extensions of what is never encoded but may stay.
_OTHERS = {"video/quicktime": "mov"}


def originals(
    sources: Source | Slide | Iterable[Source | Slide], profile: Profile, request: Request
) -> MessageFields:
    """Return a message of media as they are, of any size and format, on the slides of transcode.compose.

    Args:
        sources: the media.
        profile: the limits on recipients, subject and charsets.
        request: the contents besides the media.

    Raises:
        MessageError: recipients, subject or text can't be sent, or there is nothing to send.
        SourceError: a source can't be read.
    """
    plan = slideshow.plan(sources, text=request.text)
    head = headed(request, profile, recipients_of(request.to, request.cc, request.bcc))
    timed = [max((_seconds(medium) for medium in slide.media), default=0.0) for slide in plan.slides]
    shown = slideshow.durations(plan.slides, timed, max(profile.max_seconds, sum(timed)))
    slides = [
        SlideParts(
            None if slide.image is None else _part(slide.image, number),
            slideshow.text_part(number, slide.text, profile.charsets) if slide.text else None,
            None if slide.audio is None else _part(slide.audio, number),
            seconds,
        )
        for number, (slide, seconds) in enumerate(zip(plan.slides, shown, strict=True), 1)
    ]
    presentation = Part(
        smil.CONTENT_TYPE,
        smil.to_bytes(slides, text_first=request.text_first),
        content_id="smil",
        content_location="smil.xml",
        name="smil.xml",
    )
    body = [part for slide in slides for part in (slide.image, slide.text, slide.audio) if part is not None]
    cards = [replace(card, disposition="attachment", filename=card.name) for card in plan.attachments]
    message = replace(head, parts=(presentation, *body, *cards))
    return replace(message, transaction_id=transaction_id(message))


def _seconds(medium: Medium) -> float:
    """Return the seconds that a clip or a recording takes; 0.0: it is a picture."""
    kind = medium.content.content_type or ""
    return 0.0 if kind.startswith("image/") else seconds_of(medium.content) or 0.0


def _part(medium: Medium, number: int) -> Part:
    """Return the part of a medium, named as part_names.named_part does, also of what is never encoded."""
    kind = medium.content.content_type or ""
    major = kind.partition("/")[0]
    if major not in _SHOWN:
        raise UnsupportedError(medium.content.name, "is no picture, clip or recording that is known")
    stem = f"{major}{number}"
    location = f"{stem}.{(EXTENSIONS | _OTHERS).get(kind, 'bin')}"
    return Part(kind, bytes(medium.content.data), content_id=stem, content_location=location, name=location)
