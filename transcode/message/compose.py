"""Media, text and recipients as one message within the limit of a profile.

The limit counts the whole encoded message. What it takes besides the media is
measured, not guessed: the wire form gives the length of a message whose media
are not made yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, cast

from transcode.errors import BudgetError, MessageError, MmsUnavailable
from transcode.fit.medium import fit_content
from transcode.media import source as media_source
from transcode.message import smil
from transcode.message.address import wire
from transcode.model import Message, Part, Slide

if TYPE_CHECKING:
    from transcode.media.source import Content
    from transcode.model import Rendition, Source
    from transcode.profile import Profile

__all__ = ["Measure", "compose"]

#: Gives the length in bytes of an encoded message whose parts have the given sizes.
Measure = Callable[[Message, Sequence[int]], int]

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}

#: The most bytes that one medium may get, whatever a profile allows: twice the
#: hard cap of Android's MMS service for a whole message would do.
_MOST = 16 * 1024 * 1024

#: A medium that uses less than this part of its share does not need it.
_USED = 0.97

#: The fewest bytes that a picture gets before the message is called too small for it.
_LEAST = 200


def compose(
    sources: Source | Iterable[Source],
    profile: Profile,
    measure: Measure,
    *,
    to: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
) -> Message:
    """One message of these media for one network; see transcode.compose for the arguments.

    Args:
        measure: the length of the encoded form that the limit counts.

    Raises:
        MmsUnavailable: the network has MMS switched off.
        MessageError: recipients, subject or text that can't be sent.
        SourceError: a medium can't be read.
        BudgetError: the media do not fit.
    """
    if not profile.mms_enabled:
        raise MmsUnavailable(profile.id, "the network's phone settings have it switched off")
    for name, given in (("subject", subject), ("text", text)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"the {name} must be text, not {type(given).__name__}")
    contents = [media_source.read(source) for source in _listed(sources)]
    if not contents and not text:
        raise MessageError("nothing to send: neither media nor text")
    message = _headed(profile, to, sender, subject)
    # Planned as the type that takes the most octets to name.
    longest = "image/webp" if "image/webp" in profile.formats else "image/jpeg"
    planned = _assembled(message, [_part(number, longest, b"") for number in _numbers(contents)], text)
    renditions = _share_out(contents, profile, planned, measure)
    media = [
        _part(number, rendition.content_type, rendition.data)
        for number, rendition in zip(_numbers(contents), renditions, strict=True)
    ]
    message = _assembled(message, media, text)
    message = replace(
        message,
        reports=tuple(rendition.report for rendition in renditions),
        transaction_id=_transaction_id(message),
    )
    length = measure(message, [len(part.data) for part in message.parts])
    if length > profile.max_message_bytes:
        raise BudgetError("message", profile.max_message_bytes, smallest=length)
    return message


def _listed(sources: Source | Iterable[Source]) -> list[Source]:
    if isinstance(sources, str | bytes | bytearray | memoryview | PathLike) or hasattr(sources, "read"):
        return [cast("Source", sources)]
    return list(sources)


def _numbers(contents: Sequence[Content]) -> range:
    return range(1, len(contents) + 1)


def _headed(profile: Profile, to: Sequence[str], sender: str | None, subject: str | None) -> Message:
    """A message with its headers, and room for a transaction id."""
    if isinstance(to, str):
        raise MessageError("to must be a sequence of addresses, not one string")
    # The same number twice, however it is written, is one recipient.
    recipients = tuple(dict.fromkeys(wire(address) for address in to))
    if profile.max_recipients is not None and profile.max_recipients < len(recipients):
        raise MessageError(
            f"{len(recipients)} recipients; {profile.id} takes at most {profile.max_recipients}"
        )
    if subject and profile.max_subject_chars is not None and len(subject) > profile.max_subject_chars:
        raise MessageError(
            f"a subject of {len(subject)} characters; {profile.id} takes at most {profile.max_subject_chars}"
        )
    return Message(
        transaction_id=_transaction_id(Message()),
        sender=None if sender is None else wire(sender),
        to=recipients,
        subject=subject or None,
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        limit=profile.max_message_bytes,
    )


# JPEG, PNG and GIF, and their extensions, take the same number of octets, so a part
# can be planned as one of them and made as another.
def _part(number: int, content_type: str, data: bytes) -> Part:
    stem = f"image{number}"
    location = f"{stem}.{_EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)


def _assembled(message: Message, media: Sequence[Part], text: str | None) -> Message:
    """The message with its slides: a picture each, the text under the first."""
    caption = _text_part(text) if text else None
    slides = [Slide(media=part) for part in media] or [Slide()]
    slides[0] = replace(slides[0], text=caption)
    presentation = Part(
        "application/smil",
        smil.to_bytes(slides),
        content_id="smil",
        content_location="smil.xml",
        name="smil.xml",
    )
    body = [part for slide in slides for part in (slide.media, slide.text) if part is not None]
    return replace(message, parts=(presentation, *body))


def _text_part(text: str) -> Part:
    charset = "us-ascii" if text.isascii() else "utf-8"
    try:
        data = text.encode(charset)
    except UnicodeEncodeError as error:
        raise MessageError(f"the text has a lone surrogate at character {error.start}") from error
    return Part(
        "text/plain",
        data,
        content_id="text1",
        content_location="text1.txt",
        name="text1.txt",
        charset=charset,
    )


def _share_out(
    contents: Sequence[Content], profile: Profile, planned: Message, measure: Measure
) -> list[Rendition]:
    """Fit each medium into its share of what the message leaves.

    All get the same share. When some do not need theirs, what they leave is
    shared among the others, which are fitted again, until all use what they have.
    """
    made: dict[int, Rendition] = {}
    satisfied: dict[int, int] = {}
    while len(satisfied) < len(contents):
        share = _share(planned, satisfied, len(contents), measure)
        waiting = [index for index in range(len(contents)) if index not in satisfied]
        if share < _LEAST:
            hint = f"{max(share, 0):,} bytes are left for {contents[waiting[0]].name}"
            raise BudgetError("message", profile.max_message_bytes, hint=hint)
        for index in waiting:
            made[index] = fit_content(contents[index], profile.limits(share))
        modest = [index for index in waiting if len(made[index].data) < _USED * share]
        if len(modest) in (0, len(waiting)):
            break
        satisfied |= {index: len(made[index].data) for index in modest}
    return [made[index] for index in range(len(contents))]


def _share(planned: Message, made: dict[int, int], count: int, measure: Measure) -> int:
    """Bytes for each medium that is not made yet, so that all of them fit exactly.

    Args:
        planned: the message, its limit set and its media empty.
        made: the sizes of those that are made, by index.
        count: how many media there are.
    """

    def excess(share: int) -> int:
        media = iter([made.get(index, share) for index in range(count)])
        sizes = [next(media) if _is_medium(part) else len(part.data) for part in planned.parts]
        return measure(planned, sizes) - (planned.limit or 0)

    waiting = count - len(made)
    share = min(-excess(0) // waiting, _MOST)
    # The octets that say how long a part is grow with it.
    while share > 0 and (over := excess(share)) > 0:
        share -= -(-over // waiting)
    return share


def _is_medium(part: Part) -> bool:
    return part.content_type.startswith("image/")


def _transaction_id(message: Message) -> str:
    """A name for the message that is the same whenever the message is.

    Of fixed length, so that it can be counted before the message is known.
    """
    digest = hashlib.sha256()
    for value in (message.sender, *message.to, message.subject):
        digest.update(repr(value).encode())
    for part in message.parts:
        digest.update(f"{part.content_type} {len(part.data)} ".encode())
        digest.update(part.data)
    return f"T{digest.hexdigest()[:15]}"
