"""Plan slides from the user's sources: the slide of each medium and the duration of each slide."""

from __future__ import annotations

import codecs
import contextlib
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Literal, cast

from transcode.errors import MessageError
from transcode.media.source import inputs as media_source
from transcode.media.source.kinds import kind_of
from transcode.model import Part, Slide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.media.source.inputs import Input
    from transcode.model import Source

__all__ = [
    "Medium",
    "Plan",
    "PlannedSlide",
    "durations",
    "is_clip",
    "listed",
    "plan",
    "readable",
    "text_part",
]

#: Default duration of a slide in seconds, as in most presentations.
USUAL_SECONDS = 5.0

#: Shortest duration to which slides without sound or clip are shortened, in seconds. Chosen.
LEAST_SECONDS = 2.0

#: Reading time of a word in seconds: 160 words per minute (BBC Subtitle Guidelines, "Timing").
_WORD_SECONDS = 60 / 160

#: Prefixes of the names of the charsets, besides Unicode's, in which text may be encoded.
_CHARSET_FAMILIES = ("iso-8859-", "windows-12", "koi8-", "shift_jis", "euc-", "big5", "gb", "tis-620")

#: The content types of electronic business cards (vCard 2.1) and calendar entries
#: (vCalendar 1.0; iCalendar, RFC 5545), by the text at the beginning of their files.
_CARDS = {
    b"BEGIN:VCARD": ("text/x-vcard", "vcf"),
    b"VERSION:2.0": ("text/calendar", "ics"),
    b"BEGIN:VCALENDAR": ("text/x-vcalendar", "vcs"),
}


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium that is still to be fitted."""

    content: Input
    role: Literal["image", "audio"]


@dataclass(frozen=True, slots=True)
class PlannedSlide:
    """A slide whose media are read but not yet fitted. Its fields are those of transcode.model.Slide."""

    image: Medium | None = None
    audio: Medium | None = None
    text: str | None = None
    duration: float | None = None

    @property
    def media(self) -> tuple[Medium, ...]:
        """The media of the slide: image, then audio."""
        return tuple(medium for medium in (self.image, self.audio) if medium is not None)


@dataclass(frozen=True, slots=True)
class Plan:
    """Slides in order, attachments that are not shown, and whether texts stand above pictures."""

    slides: tuple[PlannedSlide, ...]
    attachments: tuple[Part, ...] = ()
    text_first: bool = False


def plan(
    sources: Source | Slide | Iterable[Source | Slide], *, text: str | None = None, as_clip: bool = False
) -> Plan:
    """Read the sources and put them on slides.

    Each picture, animation and clip gets its own slide. A recording joins the preceding slide, unless that
    slide already has a sound or shows a clip. vCards and calendar entries are attachments.

    Args:
        sources: media and slides, in order.
        text: the text of the first slide.
        as_clip: whether recordings become clips. Each clip then gets its own slide, after the slide of its
            picture.

    Raises:
        MessageError: there is nothing to send, or the first slide has two texts.
        SourceError: a source can't be read.
    """
    slides: list[PlannedSlide] = []
    attachments: list[Part] = []
    for entry in listed(sources):
        if isinstance(entry, Slide):
            slides += _divided(_slide(entry), as_clip=as_clip)
            continue
        content = media_source.read(entry)
        card = _card(content, len(attachments) + 1)
        if card is not None:
            attachments.append(card)
        elif kind_of(content) == "recording":
            medium = Medium(content, "image" if as_clip else "audio")
            if as_clip:
                slides.append(PlannedSlide(image=medium))
            elif slides and slides[-1].audio is None and not is_clip(slides[-1].image):
                slides[-1] = replace(slides[-1], audio=medium)
            else:
                slides.append(PlannedSlide(audio=medium))
        else:
            slides.append(PlannedSlide(image=Medium(content, "image")))
    if text:
        slides = slides or [PlannedSlide()]
        if slides[0].text:
            raise MessageError("the first slide has two texts")
        slides[0] = replace(slides[0], text=text)
    if not slides and not attachments:
        raise MessageError("nothing to send: there are no media and no text")
    return Plan(tuple(slides), tuple(attachments))


def listed(sources: Source | Slide | Iterable[Source | Slide]) -> list[Source | Slide]:
    """Return one source or several sources as a list.

    Raises:
        MessageError: the argument is neither a source nor an iterable of sources.
    """
    if isinstance(sources, Slide | str | bytes | bytearray | memoryview | PathLike):
        return [sources]
    # An upload of aiohttp has a file, and no read().
    if hasattr(sources, "read") or hasattr(sources, "file"):
        return [cast("Source", sources)]
    if not hasattr(sources, "__iter__"):
        raise MessageError(f"sources must be media or slides, not {type(sources).__name__}")
    return list(sources)


def _slide(slide: Slide) -> PlannedSlide:
    image = None if slide.image is None else Medium(media_source.read(slide.image), "image")
    audio = None if slide.audio is None else Medium(media_source.read(slide.audio), "audio")
    return PlannedSlide(image, audio, slide.text or None, slide.duration)


def _divided(slide: PlannedSlide, *, as_clip: bool) -> list[PlannedSlide]:
    """The slide; if its sound becomes a clip, a slide for the rest and a slide for the clip."""
    if slide.audio is None or not as_clip:
        return [slide]
    shown = PlannedSlide(image=Medium(slide.audio.content, "image"))
    if slide.image is None:
        return [replace(shown, text=slide.text, duration=slide.duration)]
    return [replace(slide, audio=None), shown]


def is_clip(medium: Medium | None) -> bool:
    """Whether the content type of a medium is video/*."""
    kind = None if medium is None else medium.content.content_type
    return (kind or "").startswith("video/")


def _card(content: Input, number: int) -> Part | None:
    """The part of a vCard or a calendar entry; None for any other content."""
    head = bytes(content.data[:256]).lstrip(b"\xef\xbb\xbf \t\r\n").upper()
    if not head.startswith((b"BEGIN:VCARD", b"BEGIN:VCALENDAR")):
        return None
    mark = next(mark for mark in _CARDS if (mark in head if b":VCAL" in head[:16] else head.startswith(mark)))
    kind, extension = _CARDS[mark]
    location = f"card{number}.{extension}"
    return Part(
        kind,
        content.data,
        content_id=f"card{number}",
        content_location=location,
        name=location,
        charset="utf-8",
    )


def text_part(number: int, text: str, charsets: Sequence[str] | None = None) -> Part:
    """The part of a slide's text, in US-ASCII if possible, else UTF-8, else a charset of the receiver.

    Args:
        number: the number of the slide, from 1.
        text: the text.
        charsets: the charsets that the receiver reads, as IANA names in lower case; None if unknown.

    Raises:
        MessageError: no charset has all characters, or the text has a lone surrogate.
    """
    charset, data = _encoded(text, charsets)
    location = f"text{number}.txt"
    return Part(
        "text/plain",
        data,
        content_id=f"text{number}",
        content_location=location,
        name=location,
        charset=charset,
    )


def readable(text: str, charsets: Sequence[str] | None) -> str:
    """Return a text with ``?`` for each character that the receiver's best charset for it lacks.

    Args:
        text: the text. A lone surrogate is replaced too.
        charsets: as in text_part.
    """
    text = text.encode("utf-8", "replace").decode()
    try:
        _encoded(text, charsets)
    except MessageError:
        found = [text.encode("ascii", "replace").decode()]
        for charset in charsets or ():
            if charset.startswith(_CHARSET_FAMILIES):
                with contextlib.suppress(LookupError, UnicodeError):
                    found.append(text.encode(charset, "replace").decode(charset))
        return max(found, key=lambda other: sum(map(str.__eq__, text, other)))
    return text


def _encoded(text: str, charsets: Sequence[str] | None) -> tuple[str, bytes]:
    """The charset chosen for a text, and the encoded text."""
    if text.isascii():
        return "us-ascii", text.encode("ascii")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MessageError(f"the text has a lone surrogate at character {error.start}") from error
    if charsets is None or "utf-8" in charsets:
        return "utf-8", data
    for charset in charsets:
        if charset == "utf-16":
            return charset, codecs.BOM_UTF16_BE + text.encode("utf-16-be")
        # Some of Python's codecs are not charsets.
        if charset.startswith(_CHARSET_FAMILIES):
            with contextlib.suppress(LookupError, UnicodeEncodeError):
                return charset, text.encode(charset)
    raise MessageError(f"the text has characters that the receiver can't read ({', '.join(charsets)})")


def durations(slides: Sequence[PlannedSlide], timed: Sequence[float], most: float) -> list[float]:
    """The duration of each slide in seconds.

    A duration that the user gave is kept. Otherwise a slide lasts as long as its sound or clip
    (USUAL_SECONDS without them), and at least as long as the reading of its text. If any slide has a
    sound or a clip and the sum exceeds the limit, slides are shortened. Slides without sound or clip are
    shortened first, by the same fraction of what exceeds LEAST_SECONDS, and to no less than LEAST_SECONDS.
    Then the longest slides with sound or clip are shortened to a common duration.

    Args:
        slides: the slides.
        timed: the duration of each slide's sound or clip in seconds, 0 without.
        most: the limit of the sum, in seconds.

    Returns:
        A duration for each slide. If it is below the slide's ``timed``, the slide's media must be cut.
    """
    shown = [_wanted(slide, seconds) for slide, seconds in zip(slides, timed, strict=True)]
    if not any(timed) or sum(shown) <= most:
        return shown
    still = [index for index, seconds in enumerate(timed) if not seconds and slides[index].duration is None]
    spare = sum(shown[index] - min(LEAST_SECONDS, shown[index]) for index in still)
    over = min(sum(shown) - most, spare)
    for index in still:
        # Each slide loses the same fraction of its time above LEAST_SECONDS.
        shown[index] -= over * (shown[index] - min(LEAST_SECONDS, shown[index])) / spare if spare else 0.0
    over = sum(shown) - most
    if over > 0:
        moving = [index for index, seconds in enumerate(timed) if seconds]
        shown = _levelled(shown, moving, sum(shown[index] for index in moving) - over)
    return shown


def _wanted(slide: PlannedSlide, timed: float) -> float:
    if slide.duration is not None:
        return slide.duration
    return max(timed or USUAL_SECONDS, _WORD_SECONDS * len((slide.text or "").split()))


def _levelled(shown: Sequence[float], moving: Sequence[int], total: float) -> list[float]:
    """The durations, with the longest slides of ``moving`` cut to one duration; their sum is ``total``."""
    result = list(shown)
    left = max(total, 0.0)
    for done, index in enumerate(sorted(moving, key=lambda index: shown[index])):
        result[index] = min(shown[index], left / (len(moving) - done))
        left -= result[index]
    return result
