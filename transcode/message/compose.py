"""Media, text and recipients as one message within the limit of a profile.

The limit counts the whole encoded message. What it takes besides the media is
measured, not guessed: the wire form gives the length of a message whose media
are not made yet.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import BudgetError, MessageError, NotTakenError, ProfileError
from transcode.fit.medium import kept, prepare
from transcode.media.source import probe
from transcode.message import allocation, slideshow, smil, split
from transcode.message.address import wire
from transcode.message.taken import not_taken
from transcode.model import MAX_CLIP_SECONDS, FitOptions, MessageFields, Note, Part, SlideParts
from transcode.profile import Profile

if TYPE_CHECKING:
    from transcode.fit.medium import Prepared
    from transcode.fit.rate_points import RatePoint
    from transcode.message.slideshow import Medium, Plan
    from transcode.model import Limits, Rendition, Report, Slide, Source

__all__ = ["EXTENSIONS", "Measure", "Request", "compose_split"]

#: Gives the length in bytes of an encoded message whose parts have the given sizes.
Measure = Callable[[MessageFields, Sequence[int]], int]

#: Role (to, cc or bcc) and address of each recipient, in order.
_Recipients = tuple[tuple[str, str], ...]

_PLAIN = MessageFields()

#: Endings of the names of what is made, all as long, so that a part can be planned as one type
#: and made as another.
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
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

#: A medium that uses less than this part of its share has no use for more.
_FULL = 0.97

#: The fewest bytes that a medium gets before the message is called too small for it.
_LEAST = 200

#: About what a slide takes besides its media and its text: headers of parts, and SMIL.
_SLIDE_BYTES = 250

#: Seconds by which media are longer than their slide before they are cut for it.
_SLACK = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """What a message is to have besides its media; see transcode.compose for the words.

    Attributes:
        template: has the version, the other headers and the form that the limit counts.
    """

    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    sender: str | None = None
    subject: str | None = None
    text: str | None = None
    text_first: bool = False
    template: MessageFields = _PLAIN
    as_clip: bool | Source = False


def compose_split(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    measure: Measure,
    request: Request,
    *,
    max_messages: int = 1,
    divide: bool = True,
) -> tuple[MessageFields, ...]:
    """As many messages as slides and recipients need; see transcode.compose_split for the arguments.

    Args:
        measure: the length of the encoded form that the limit counts.
        divide: whether recipients may be divided over messages; False gives one message, or as
            many as max_messages.

    Raises:
        MmsUnavailable: the network has MMS switched off, or the phone takes none.
        MessageError: recipients, subject or text that can't be sent.
        SourceError: a medium can't be read.
        BudgetError: the media do not fit.
    """
    _check(profile, request, max_messages)
    as_clip = request.as_clip is not False
    plan = slideshow.plan(sources, text=request.text, as_clip=as_clip)
    plan = replace(plan, text_first=request.text_first)
    options = FitOptions(as_clip=kept(request.as_clip))
    recipients = _recipients(request)
    groups = _groups(recipients, profile) if divide else [recipients]
    # Media that fit beside the longest list of recipients fit beside the others.
    longest = max(groups, key=lambda group: measure(_addressed(_PLAIN, group), ()))
    head = _headed(request, profile, longest)
    limits = profile.limits(min(profile.max_message_bytes, _MOST))
    places = [
        _Place(index, medium, limits, options, profile)
        for index, slide in enumerate(plan.slides)
        for medium in slide.media
    ]
    pieces = [range(len(plan.slides))]
    if max_messages > 1:
        pieces = _pieces(plan, places, head, measure, profile)
    if len(pieces) > max_messages:
        hint = f"{len(pieces)} messages would do, and {max_messages} may be made"
        raise BudgetError("message", profile.max_message_bytes, hint=hint, messages=len(pieces))
    messages = []
    for number, piece in enumerate(pieces, 1):
        slides, attachments = plan.slides[piece.start : piece.stop], plan.attachments
        own = replace(plan, slides=slides, attachments=attachments if number == len(pieces) else ())
        own, headed = _numbered(own, head, number, len(pieces), profile)
        _check_counts(own, profile)
        inside = [place.moved(place.slide - piece.start) for place in places if place.slide in piece]
        try:
            whole = _finished(_Work(profile, measure, own, headed, inside))
        except BudgetError as error:
            divided = len(_pieces(own, inside, headed, measure, profile))
            if divided < 2:
                raise
            count = len(pieces) - 1 + divided
            hint = f"{error.hint}; {count} messages would do (max_messages)".removeprefix("; ")
            raise BudgetError(
                error.what, error.limit, smallest=error.smallest, hint=hint, messages=count
            ) from error
        messages += [_addressed(whole, group) for group in groups]
    return tuple(replace(message, transaction_id=_transaction_id(message)) for message in messages)


def _check(profile: Profile, request: Request, max_messages: int) -> None:
    """Refuse what no message can be made of."""
    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "a profile is what find_profile gives")
    profile.require_mms()
    for name, given in (("subject", request.subject), ("text", request.text)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"the {name} must be text, not {type(given).__name__}")
    if max_messages < 1:
        raise MessageError(f"max_messages must be at least 1, not {max_messages}")


def _pieces(
    plan: Plan, places: Sequence[_Place], head: MessageFields, measure: Measure, profile: Profile
) -> list[range]:
    """Which slides go together, so that each looks decent."""
    if len(plan.slides) < 2:
        return [range(len(plan.slides))]
    needs = [len((slide.text or "").encode(errors="replace")) + _SLIDE_BYTES for slide in plan.slides]
    for place in places:
        needs[place.slide] += allocation.size_of(place.curve, allocation.DECENT_SCORE)
    attached = sum(len(part.data) for part in plan.attachments)
    room = profile.max_message_bytes - measure(head, []) - _SLIDE_BYTES - attached
    files = [len(slide.media) for slide in plan.slides]
    return split.groups(needs, max(room, 0), files=files, max_files=profile.max_files)


def _numbered(
    plan: Plan, head: MessageFields, number: int, count: int, profile: Profile
) -> tuple[Plan, MessageFields]:
    """One of several messages with its number, where the profile's limits leave room for it.

    That is at the end of its subject, before its first text, or in a subject that it has not.
    """
    if count == 1:
        return plan, head
    mark = f"({number}/{count})"
    most = math.inf if profile.max_subject_chars is None else profile.max_subject_chars
    subject = f"{head.subject or ''} {mark}".lstrip()
    if head.subject and len(subject) <= most:
        return plan, replace(head, subject=subject)
    first, *others = plan.slides
    words = f"{mark} {first.text or ''}".rstrip()
    numbered = replace(plan, slides=(replace(first, text=words), *others))
    if profile.max_text_chars is None or _text_length(numbered) <= profile.max_text_chars:
        return numbered, head
    return plan, head if head.subject or len(subject) > most else replace(head, subject=subject)


def _text_length(plan: Plan) -> int:
    """How many characters the texts of all slides have."""
    return sum(len(slide.text or "") for slide in plan.slides)


def _finished(work: _Work) -> MessageFields:
    """The message, checked against its limit."""
    message = work.finished()
    length = work.measured(message)
    if length > (message.limit or 0):
        raise BudgetError("message", message.limit or 0, smallest=length)
    return message


def _check_counts(plan: Plan, profile: Profile) -> None:
    """Refuse more media or text than the profile takes in one message."""
    count = sum(len(slide.media) for slide in plan.slides) + len(plan.attachments)
    if profile.max_files is not None and count > profile.max_files:
        raise MessageError(f"{count} media; {profile.id} takes at most {profile.max_files} in a message")
    length = _text_length(plan)
    if profile.max_text_chars is not None and length > profile.max_text_chars:
        raise MessageError(
            f"{length:,} characters of text; {profile.id} takes at most {profile.max_text_chars:,}"
        )


def _recipients(request: Request) -> _Recipients:
    """Who gets the message, in wire form; the same number twice, however it is written, is one recipient."""
    roles: dict[str, str] = {}
    for role, addresses in (("to", request.to), ("cc", request.cc), ("bcc", request.bcc)):
        if isinstance(addresses, str) or not isinstance(addresses, Iterable):
            raise MessageError(f"{role} must be a sequence of addresses, not {addresses!r}")
        for address in addresses:
            roles.setdefault(wire(address), role)
    return tuple((role, address) for address, role in roles.items())


def _groups(recipients: _Recipients, profile: Profile) -> list[_Recipients]:
    """Recipients by as many as a message may have."""
    most = profile.max_recipients or len(recipients) or 1
    return [recipients[first : first + most] for first in range(0, len(recipients), most)] or [()]


def _addressed(message: MessageFields, recipients: _Recipients) -> MessageFields:
    """The message to these."""

    def of(wanted: str) -> tuple[str, ...]:
        return tuple(address for role, address in recipients if role == wanted)

    return replace(message, to=of("to"), cc=of("cc"), bcc=of("bcc"))


def _headed(request: Request, profile: Profile, recipients: _Recipients) -> MessageFields:
    """A message with its headers, and room for a transaction id."""
    if profile.max_recipients is not None and profile.max_recipients < len(recipients):
        raise MessageError(
            f"{len(recipients)} recipients; {profile.id} takes at most {profile.max_recipients} in a message"
        )
    subject, sender = request.subject, request.sender
    if subject and profile.max_subject_chars is not None and len(subject) > profile.max_subject_chars:
        raise MessageError(
            f"a subject of {len(subject)} characters; {profile.id} takes at most {profile.max_subject_chars}"
        )
    return replace(
        _addressed(request.template, recipients),
        transaction_id=_transaction_id(request.template),
        sender=None if sender is None else wire(sender, sender=True),
        subject=subject or None,
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        limit=profile.max_message_bytes,
    )


class _Place:
    """Where a medium stands, and what it is ready for.

    Attributes:
        slide: the index of its slide.
        medium: the medium.
        kind: its major content type; an animation is an "image".
    """

    def __init__(
        self, slide: int, medium: Medium, limits: Limits, options: FitOptions, profile: Profile
    ) -> None:
        self.slide = slide
        self.medium = medium
        kind = probe.content_type(medium.content.data) or ""
        major = kind.partition("/")[0]
        self.kind = major if major in ("image", "video") else "audio"
        self._passes = kind in limits.formats
        self._limits = limits
        self._options = options
        self._profile = profile
        self._prepared: Prepared | None = None
        self._curve: Sequence[RatePoint] = ()
        self.is_measured = False

    @property
    def curve(self) -> Sequence[RatePoint]:
        """What more bytes buy, and whether that was measured (is_measured) or is a model."""
        if not self._curve:
            with Door("source", self.medium.content.name):
                prepared = self._ready()
                self._curve = prepared.rate_curve() if self.kind == "image" else ()
                self.is_measured = bool(self._curve)
                if not self._curve:
                    self._curve = self._modelled()
                # There are others: what is large is made again when it is their turn.
                prepared.drop_cache()
        return self._curve

    def _modelled(self) -> Sequence[RatePoint]:
        content = self.medium.content
        seconds = 0.0
        if self.kind != "image":
            # Loaded here, with FFmpeg: most messages do without.
            from transcode.media.source.container import seconds_of

            seconds = min(seconds_of(content) or math.inf, self._limits.max_seconds, MAX_CLIP_SECONDS)
        return allocation.modelled(self.kind, len(content.data), seconds, passes=self._passes)

    def _ready(self) -> Prepared:
        if self._prepared is None:
            self._prepared = prepare(self.medium.content, self._limits, self._options)
        return self._prepared

    def encode(self, max_bytes: int) -> Rendition:
        """The medium in at most so many bytes; nothing is kept for another time."""
        with Door("source", self.medium.content.name):
            try:
                made = self._ready().encode(min(max_bytes, self._limits.max_bytes))
            except NotTakenError as error:
                raise not_taken(error, self._profile) from error
        self._prepared = None
        return made

    def moved(self, slide: int) -> _Place:
        """The same medium, as ready, on another slide."""
        place = copy(self)
        place.slide = slide
        return place

    def shortened(self, seconds: float) -> _Place:
        """The same place, its medium cut to so many seconds."""
        limits = replace(self._limits, max_seconds=seconds)
        return _Place(self.slide, self.medium, limits, self._options, self._profile)


class _Work:
    """A message on its way: planned, then shared out, then assembled."""

    def __init__(
        self, profile: Profile, measure: Measure, plan: Plan, message: MessageFields, places: list[_Place]
    ) -> None:
        self._profile = profile
        self._measure = measure
        self._plan = plan
        self._message = message
        self._places = places
        self._taken: dict[str, int] = {}

    def measured(self, message: MessageFields) -> int:
        """The length of a message, in bytes."""
        return self._measure(message, [len(part.data) for part in message.parts])

    def finished(self) -> MessageFields:
        """The message, each medium fitted to its share."""
        renditions = self._fitted()
        parts = [self._part(place, made) for place, made in zip(self._places, renditions, strict=True)]
        message = self._assembled(parts, self._durations(dict(enumerate(renditions))))
        return replace(
            message,
            reports=tuple(map(self._reported, self._places, renditions)),
            transaction_id=_transaction_id(message),
        )

    def _fitted(self) -> list[Rendition]:
        """Each medium in its share of what the message leaves."""
        planned = self._planned()
        made: dict[int, Rendition] = {}
        # How long they take decides what is to be cut, so what takes time comes first.
        timed = [index for index, place in enumerate(self._places) if place.kind != "image"]
        for index in timed:
            made[index] = self._finish(index, planned, made)
        cuts = self._cuts(made)
        for index, seconds in cuts.items():
            self._places[index] = self._places[index].shortened(seconds)
            del made[index]
        for index in cuts:
            made[index] = self._finish(index, planned, made)
        while len(made) < len(self._places):
            shares = self._shares(planned, made)
            index = min(shares) if len(shares) == 1 else self._next(shares)
            made[index] = self._places[index].encode(shares[index])
        return [made[index] for index in range(len(self._places))]

    def _next(self, shares: Mapping[int, int]) -> int:
        """The medium that is to be finished now: what it leaves of its share goes to those after it.

        Those whose needs are a guess come first, then those that have more than they need.
        """

        def rank(index: int) -> tuple[bool, int, int]:
            place = self._places[index]
            return place.is_measured, place.curve[-1].size - shares[index], index

        return min(shares, key=rank)

    def _finish(self, index: int, planned: MessageFields, made: Mapping[int, Rendition]) -> Rendition:
        return self._places[index].encode(self._shares(planned, made)[index])

    def _reported(self, place: _Place, made: Rendition) -> Report:
        """The report of a medium, with its share and with what becomes of its slide's time."""
        notes = list(made.report.notes)
        if len(self._places) > 1:
            notes.append(self._share_note(place, made))
        if not self._profile.slide_duration_ok and self._plan.slides[place.slide].duration is not None:
            notes.append(Note("slide-time", f"{self._profile.id} shows slides for a time of its own"))
        return replace(made.report, notes=tuple(notes))

    def _share_note(self, place: _Place, made: Rendition) -> Note:
        """What a medium got of the message, its estimated quality, and what holds it."""
        size = len(made.data)
        words = [f"{size:,} bytes, {size / self._profile.max_message_bytes:.1%} of the message"]
        if place.is_measured:
            score = allocation.score_of(place.curve, size)
            decent = (
                ""
                if score >= allocation.DECENT_SCORE
                else ", which several messages would better (max_messages)"
            )
            words.append(f"estimated quality {max(score, 0.0):.0f}/100{decent}")
        # What is left of a share is a trial's precision, or what the medium has no use for.
        is_full = size < _FULL * made.report.max_bytes or size >= place.curve[-1].size
        words.append("it needs no more" if is_full else "the message's limit holds it")
        return Note("share", ", ".join(words))

    def _timed(self, made: Mapping[int, Rendition]) -> list[float]:
        """For each slide the seconds of its sound and clip."""
        timed = [0.0] * len(self._plan.slides)
        for index, rendition in made.items():
            # An animation is a picture: it runs for as long as it is shown.
            if rendition.duration and not rendition.content_type.startswith("image/"):
                slide = self._places[index].slide
                timed[slide] = max(timed[slide], rendition.duration)
        return timed

    def _durations(self, made: Mapping[int, Rendition]) -> list[float]:
        return slideshow.durations(self._plan.slides, self._timed(made), self._profile.max_seconds)

    def _cuts(self, made: Mapping[int, Rendition]) -> dict[int, float]:
        """Seconds for each medium that is longer than its slide, so that the whole keeps to the limit."""
        shown = self._durations(made)
        return {
            index: shown[self._places[index].slide]
            for index, rendition in made.items()
            if (rendition.duration or 0.0) > shown[self._places[index].slide] + _SLACK
        }

    def _part(self, place: _Place, made: Rendition) -> Part:
        return _part(place.slide + 1, made.content_type, made.data)

    def _planned(self) -> MessageFields:
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
        known = [name for name in self._profile.formats if name in EXTENSIONS]
        fitting = [name for name in known if name.partition("/")[0] in majors]
        return max(fitting or ["image/webp"], key=self._octets)

    def _octets(self, content_type: str) -> int:
        """What a medium of this type takes besides its data: some types have a number, others are words."""
        if content_type not in self._taken:
            part = _part(1, content_type, b"")
            is_sound = content_type.startswith("audio/")
            slide = SlideParts(None if is_sound else part, None, part if is_sound else None, 1.0)
            shown = Part(smil.CONTENT_TYPE, smil.to_bytes([slide]))
            self._taken[content_type] = self.measured(replace(self._message, parts=(shown, part)))
        return self._taken[content_type]

    def _assembled(self, media: Sequence[Part], shown: Sequence[float]) -> MessageFields:
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
            smil.to_bytes(slides, text_first=self._plan.text_first),
            content_id="smil",
            content_location="smil.xml",
            name="smil.xml",
        )
        body = [
            part for slide in slides for part in (slide.image, slide.text, slide.audio) if part is not None
        ]
        return replace(
            self._message, parts=(presentation, *body, *map(self._attached, self._plan.attachments))
        )

    def _attached(self, part: Part) -> Part:
        """A card, said to be no part of the show where the receiver takes that header."""
        if not self._profile.content_disposition_ok:
            return part
        return replace(part, disposition="attachment", filename=part.name)

    def _text(self, number: int, text: str) -> Part:
        return slideshow.text_part(number, text, self._profile.charsets)

    def _shares(self, planned: MessageFields, made: Mapping[int, Rendition]) -> dict[int, int]:
        """Bytes for each medium that is not made yet, by index, so that all of them fit exactly.

        Args:
            planned: the message, its limit set and its media empty.
            made: those that are made, by index.

        Raises:
            BudgetError: hardly anything is left for them.
        """
        waiting = [index for index in range(len(self._places)) if index not in made]
        order = self._order(planned)

        def excess(shares: Sequence[int]) -> int:
            sizes = [len(part.data) for part in planned.parts]
            for index, rendition in made.items():
                sizes[order[index]] = len(rendition.data)
            for index, size in zip(waiting, shares, strict=True):
                sizes[order[index]] = size
            return self._measure(planned, sizes) - (planned.limit or 0)

        whole = room = -excess([0] * len(waiting))
        while room >= _LEAST * len(waiting):
            shares = self._divided(waiting, room)
            # The octets that say how long a part is grow with it; base64 makes four octets of three.
            over = excess(shares)
            if over <= 0:
                return dict(zip(waiting, shares, strict=True))
            room = min(room - 1, room * whole // (whole + over))
        name = self._places[waiting[0]].medium.content.name
        hint = f"{max(room, 0) // len(waiting):,} bytes are left for {name}"
        raise BudgetError("message", self._profile.max_message_bytes, hint=hint)

    def _divided(self, waiting: Sequence[int], room: int) -> list[int]:
        if len(waiting) == 1:
            return [room]
        return allocation.allocate([self._places[index].curve for index in waiting], room)

    def _order(self, planned: MessageFields) -> list[int]:
        """For each medium the index of its part."""
        places = {part.content_id: number for number, part in enumerate(planned.parts)}
        return [
            places[_part(place.slide + 1, self._longest_type(place.medium), b"").content_id]
            for place in self._places
        ]


def _part(number: int, content_type: str, data: bytes) -> Part:
    stem = f"{content_type.partition('/')[0]}{number}"
    location = f"{stem}.{EXTENSIONS[content_type]}"
    return Part(content_type, data, content_id=stem, content_location=location, name=location)


def _transaction_id(message: MessageFields) -> str:
    """A name for the message that is the same whenever the message is.

    Of fixed length, so that it can be counted before the message is known.
    """
    digest = hashlib.sha256()
    for value in (message.sender, *message.to, message.subject, *message.headers):
        digest.update(repr(value).encode())
    for role in ("cc", "bcc"):
        digest.update("".join(f"{role} {address!r} " for address in getattr(message, role)).encode())
    for part in message.parts:
        digest.update(f"{part.content_type} {len(part.data)} ".encode())
        digest.update(part.data)
    return f"T{digest.hexdigest()[:15]}"
