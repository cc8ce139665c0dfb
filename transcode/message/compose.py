"""Media, text and recipients as one message within the limit of a profile.

The limit counts the whole encoded message. What it takes besides the media is
measured, not guessed: the wire form gives the length of a message whose media
are not made yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, MessageError
from transcode.fit.medium import fit_content
from transcode.media import probe
from transcode.message import slideshow, smil
from transcode.message.address import wire
from transcode.model import Message, Note, Part, SlideParts

if TYPE_CHECKING:
    from transcode.message.slideshow import Medium, Plan
    from transcode.model import Rendition, Report, Slide, Source
    from transcode.profile import Profile

__all__ = ["Measure", "compose", "compose_many"]

#: Gives the length in bytes of an encoded message whose parts have the given sizes.
Measure = Callable[[Message, Sequence[int]], int]

_PLAIN = Message()

#: Endings of part names, all as long, so that a part can be planned as one type and made as another.
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/3gpp": "3gp",
    "audio/aac": "aac",
}

#: Pictures that may move, and so may leave as a clip.
_MAY_MOVE = ("image/gif", "image/webp", "image/png", "image/avif", "image/heic")

#: The most bytes that one medium may get, whatever a profile allows: twice the
#: hard cap of Android's MMS service for a whole message would do.
_MOST = 16 * 1024 * 1024

#: A medium that uses less than this part of its share does not need it.
_USED = 0.97

#: The fewest bytes that a medium gets before the message is called too small for it.
_LEAST = 200

#: Seconds by which media are longer than their slide before they are cut for it.
_SLACK = 0.05


def compose(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    measure: Measure,
    *,
    to: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    template: Message = _PLAIN,
) -> Message:
    """One message of these media for one network; see transcode.compose for the arguments.

    Args:
        measure: the length of the encoded form that the limit counts.
        template: has the version, the other headers and the form that the limit counts.

    Raises:
        MmsUnavailable: the network has MMS switched off, or the phone takes none.
        MessageError: recipients, subject or text that can't be sent.
        SourceError: a medium can't be read.
        BudgetError: the media do not fit.
    """
    profile.require_mms()
    for name, given in (("subject", subject), ("text", text)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"the {name} must be text, not {type(given).__name__}")
    plan = slideshow.plan(sources, text=text)
    _check_counts(plan, profile)
    work = _Work(profile, measure, plan, _headed(template, profile, to, sender, subject))
    message = work.finished()
    length = measure(message, [len(part.data) for part in message.parts])
    if length > profile.max_message_bytes:
        raise BudgetError("message", profile.max_message_bytes, smallest=length)
    return message


def compose_many(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    measure: Measure,
    *,
    to: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    template: Message = _PLAIN,
) -> tuple[Message, ...]:
    """As many messages as the recipients need; see transcode.compose_many for the arguments."""
    recipients = _recipients(to)
    most = profile.max_recipients or len(recipients) or 1
    groups = [recipients[first : first + most] for first in range(0, len(recipients), most)] or [()]
    # Media that fit beside the longest list of recipients fit beside the others.
    longest = max(groups, key=lambda group: measure(replace(_PLAIN, to=group), ()))
    whole = compose(
        sources, profile, measure, to=longest, sender=sender, subject=subject, text=text, template=template
    )
    messages = [replace(whole, to=group) for group in groups]
    return tuple(replace(message, transaction_id=_transaction_id(message)) for message in messages)


def _check_counts(plan: Plan, profile: Profile) -> None:
    """Refuse more media or text than the profile takes in one message."""
    count = sum(len(slide.media) for slide in plan.slides) + len(plan.attachments)
    if profile.max_files is not None and count > profile.max_files:
        raise MessageError(f"{count} media; {profile.id} takes at most {profile.max_files} in a message")
    length = sum(len(slide.text or "") for slide in plan.slides)
    if profile.max_text_chars is not None and length > profile.max_text_chars:
        raise MessageError(
            f"{length:,} characters of text; {profile.id} takes at most {profile.max_text_chars:,}"
        )


def _recipients(to: Sequence[str]) -> tuple[str, ...]:
    """Addresses in wire form; the same number twice, however it is written, is one recipient."""
    if isinstance(to, str):
        raise MessageError("to must be a sequence of addresses, not one string")
    return tuple(dict.fromkeys(wire(address) for address in to))


def _headed(
    template: Message, profile: Profile, to: Sequence[str], sender: str | None, subject: str | None
) -> Message:
    """A message with its headers, and room for a transaction id."""
    recipients = _recipients(to)
    if profile.max_recipients is not None and profile.max_recipients < len(recipients):
        raise MessageError(
            f"{len(recipients)} recipients; {profile.id} takes at most {profile.max_recipients} in a message"
        )
    if subject and profile.max_subject_chars is not None and len(subject) > profile.max_subject_chars:
        raise MessageError(
            f"a subject of {len(subject)} characters; {profile.id} takes at most {profile.max_subject_chars}"
        )
    return replace(
        template,
        transaction_id=_transaction_id(template),
        sender=None if sender is None else wire(sender),
        to=recipients,
        subject=subject or None,
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        limit=profile.max_message_bytes,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a medium stands: the slide's index, and the medium."""

    slide: int
    medium: Medium


class _Work:
    """A message on its way: planned, then shared out, then assembled."""

    def __init__(self, profile: Profile, measure: Measure, plan: Plan, message: Message) -> None:
        self._profile = profile
        self._measure = measure
        self._plan = plan
        self._message = message
        self._places = [
            _Place(index, medium) for index, slide in enumerate(plan.slides) for medium in slide.media
        ]

    def finished(self) -> Message:
        """The message, each medium fitted to its share."""
        renditions = self._share_out([self._profile.max_seconds] * len(self._places))
        cuts = self._cuts(renditions)
        if any(cut < made.duration for cut, made in zip(cuts, renditions, strict=True) if made.duration):
            renditions = self._share_out(cuts)
        parts = [self._part(place, made) for place, made in zip(self._places, renditions, strict=True)]
        message = self._assembled(parts, self._durations(renditions))
        return replace(
            message,
            reports=tuple(map(self._reported, self._places, renditions)),
            transaction_id=_transaction_id(message),
        )

    def _reported(self, place: _Place, made: Rendition) -> Report:
        """The report of a medium, with what becomes of its slide's time."""
        if self._profile.slide_duration_ok or self._plan.slides[place.slide].duration is None:
            return made.report
        note = Note("slide-time", f"{self._profile.id} shows slides for a time of its own")
        return replace(made.report, notes=(*made.report.notes, note))

    def _timed(self, renditions: Sequence[Rendition]) -> list[float]:
        """For each slide the seconds of its sound and clip."""
        timed = [0.0] * len(self._plan.slides)
        for place, made in zip(self._places, renditions, strict=True):
            # An animation is a picture: it runs for as long as it is shown.
            if made.duration and not made.content_type.startswith("image/"):
                timed[place.slide] = max(timed[place.slide], made.duration)
        return timed

    def _durations(self, renditions: Sequence[Rendition]) -> list[float]:
        return slideshow.durations(self._plan.slides, self._timed(renditions), self._profile.max_seconds)

    def _cuts(self, renditions: Sequence[Rendition]) -> list[float]:
        """Seconds that each medium may have, so that the whole keeps to the limit."""
        shown = self._durations(renditions)
        cuts = []
        for place, made in zip(self._places, renditions, strict=True):
            is_over = made.duration is not None and made.duration > shown[place.slide] + _SLACK
            cuts.append(shown[place.slide] if is_over else self._profile.max_seconds)
        return cuts

    def _part(self, place: _Place, made: Rendition) -> Part:
        return _part(place.slide + 1, made.content_type, made.data)

    def _planned(self) -> Message:
        """The message as long as it can be, its media empty."""
        parts = [_part(place.slide + 1, self._longest_type(place.medium), b"") for place in self._places]
        longest = max([self._profile.max_seconds, *(slide.duration or 0 for slide in self._plan.slides)])
        return self._assembled(parts, [longest] * len(self._plan.slides))

    def _longest_type(self, medium: Medium) -> str:
        """Of the types that a medium may leave as, the one that takes the most octets."""
        kind = probe.content_type(medium.content.data) or ""
        majors = ["audio"] if medium.role == "audio" else ["video", "image"]
        if medium.role == "image" and kind.startswith("image/") and kind not in _MAY_MOVE:
            majors = ["image"]
        known = [name for name in self._profile.formats if name in _EXTENSIONS]
        fitting = [name for name in known if name.partition("/")[0] in majors]
        # WebP has the longest name of what can be written as a picture; of clips, 3GPP has.
        return max(
            fitting or ["image/webp"], key=lambda name: (len(_part(1, name, b"").name or ""), len(name))
        )

    def _assembled(self, media: Sequence[Part], shown: Sequence[float]) -> Message:
        """The message with its slides."""
        slides = []
        for index, (slide, duration) in enumerate(zip(self._plan.slides, shown, strict=True)):
            own = {
                place.medium.role: part
                for place, part in zip(self._places, media, strict=True)
                if place.slide == index
            }
            words = self._text(index + 1, slide.text) if slide.text else None
            slides.append(SlideParts(own.get("image"), words, own.get("audio"), duration))
        presentation = Part(
            smil.CONTENT_TYPE,
            smil.to_bytes(slides),
            content_id="smil",
            content_location="smil.xml",
            name="smil.xml",
        )
        body = [
            part for slide in slides for part in (slide.image, slide.text, slide.audio) if part is not None
        ]
        return replace(self._message, parts=(presentation, *body, *self._plan.attachments))

    def _text(self, number: int, text: str) -> Part:
        return slideshow.text_part(number, text, self._profile.charsets)

    def _share_out(self, seconds: Sequence[float]) -> list[Rendition]:
        """Fit each medium into its share of what the message leaves.

        All get the same share. When some do not need theirs, what they leave is
        shared among the others, which are fitted again, until all use what they have.
        """
        planned = self._planned()
        count = len(self._places)
        made: dict[int, Rendition] = {}
        satisfied: dict[int, int] = {}
        while len(satisfied) < count:
            share = self._share(planned, satisfied)
            waiting = [index for index in range(count) if index not in satisfied]
            if share < _LEAST:
                hint = f"{max(share, 0):,} bytes are left for {self._places[waiting[0]].medium.content.name}"
                raise BudgetError("message", self._profile.max_message_bytes, hint=hint)
            for index in waiting:
                limits = replace(self._profile.limits(share), max_seconds=seconds[index])
                made[index] = fit_content(self._places[index].medium.content, limits)
            modest = [index for index in waiting if len(made[index].data) < _USED * share]
            if len(modest) in (0, len(waiting)):
                break
            satisfied |= {index: len(made[index].data) for index in modest}
        return [made[index] for index in range(count)]

    def _share(self, planned: Message, made: dict[int, int]) -> int:
        """Bytes for each medium that is not made yet, so that all of them fit exactly.

        Args:
            planned: the message, its limit set and its media empty.
            made: the sizes of those that are made, by index.
        """
        count = len(self._places)
        order = self._order(planned)

        def excess(share: int) -> int:
            sizes = [len(part.data) for part in planned.parts]
            for index in range(count):
                sizes[order[index]] = made.get(index, share)
            return self._measure(planned, sizes) - (planned.limit or 0)

        free = -excess(0)
        share = min(free // (count - len(made)), _MOST)
        # The octets that say how long a part is grow with it, and base64 takes four for
        # three: what these shares took in all tells how much less is to be asked for.
        while share > 0 and (over := excess(share)) > 0:
            share -= -(-over * share // (free + over))
        return share

    def _order(self, planned: Message) -> list[int]:
        """For each medium the index of its part."""
        places = {part.content_id: number for number, part in enumerate(planned.parts)}
        return [
            places[_part(place.slide + 1, self._longest_type(place.medium), b"").content_id]
            for place in self._places
        ]


def _part(number: int, content_type: str, data: bytes) -> Part:
    stem = f"{content_type.partition('/')[0]}{number}"
    location = f"{stem}.{_EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)


def _transaction_id(message: Message) -> str:
    """A name for the message that is the same whenever the message is.

    Of fixed length, so that it can be counted before the message is known.
    """
    digest = hashlib.sha256()
    for value in (message.sender, *message.to, message.subject, *message.headers):
        digest.update(repr(value).encode())
    for part in message.parts:
        digest.update(f"{part.content_type} {len(part.data)} ".encode())
        digest.update(part.data)
    return f"T{digest.hexdigest()[:15]}"
