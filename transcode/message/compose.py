"""Compose one or several messages from media, text and recipients, within a profile's size limit.

The limit applies to the whole encoded message.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import BudgetError, MessageError, ProfileError
from transcode.fit.medium import kept
from transcode.fit.opened import Opened
from transcode.jobs import telling
from transcode.message import allocation, slideshow, split
from transcode.message.address import wire
from transcode.message.composition import Composition, transaction_id
from transcode.message.place import Place
from transcode.message.recipients import addressed, check_envelope, grouped, recipients_of
from transcode.model import FitOptions, MessageFields
from transcode.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.message.composition import Measure
    from transcode.message.recipients import Recipients
    from transcode.message.slideshow import Plan
    from transcode.model import Slide, Source

__all__ = ["Request", "Shared", "compose_split", "headed"]

_PLAIN = MessageFields()


#: Largest size of one medium in bytes, even when a profile allows more. Twice the hard cap of
#: Android's MMS service for a whole message would be enough.
_MOST = 16 * 1024 * 1024


#: Estimated overhead of a slide in bytes, without its media and its text: part headers and SMIL.
_SLIDE_BYTES = 250


@dataclass(frozen=True, slots=True)
class Request:
    """The contents of a message besides its media; transcode.compose documents the fields.

    Attributes:
        template: supplies the version, the other headers and the wire form to which the limit applies.
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


class Shared:
    """The sources of messages for several receivers: read once, and one medium alone is decoded once.

    The request of all these messages has the same text and the same as_clip.

    Args:
        sources: as for transcode.compose.
        many: whether there are several receivers.
    """

    def __init__(self, sources: Source | Slide | Iterable[Source | Slide], *, many: bool = False) -> None:
        self._sources = slideshow.listed(sources)
        self._many = many
        self._plan: Plan | None = None
        self._opened: Opened | None = None

    def plan(self, request: Request) -> Plan:
        """The slides.

        Raises:
            MessageError, SourceError: as slideshow.plan.
        """
        if self._plan is None:
            as_clip = request.as_clip is not False
            self._plan = slideshow.plan(self._sources, text=request.text, as_clip=as_clip)
        return self._plan

    def opened(self, plan: Plan, options: FitOptions) -> Opened | None:
        """The one medium of the slides, for all receivers.

        None: there is one receiver; or there are several media, whose pixels together could be many, and
        whose rate curves are each receiver's own.
        """
        media = [medium for slide in plan.slides for medium in slide.media]
        if self._opened is None and self._many and len(media) == 1:
            self._opened = Opened(media[0].content, options)
        return self._opened


def compose_split(
    sources: Shared,
    profile: Profile,
    measure: Measure,
    request: Request,
    *,
    max_messages: int = 1,
    divide: bool = True,
) -> tuple[MessageFields, ...]:
    """Compose as many messages as the slides and the recipients need.

    transcode.compose_split documents the other arguments.

    Args:
        measure: returns the length in bytes of the encoded form to which the limit applies.
        divide: whether recipients may be divided among several messages. With False every message
            goes to all recipients.

    Raises:
        MmsUnavailable: the network has switched MMS off, or the phone does not support MMS.
        MessageError: the recipients, the subject or the text can't be sent.
        SourceError: a medium can't be read.
        BudgetError: the media do not fit.
    """
    _check(profile, request, max_messages)
    plan = replace(sources.plan(request), text_first=request.text_first)
    options = FitOptions(as_clip=kept(request.as_clip), progress=telling.teller())
    opened = sources.opened(plan, options)
    recipients = recipients_of(request.to, request.cc, request.bcc)
    groups = grouped(recipients, profile) if divide else [recipients]
    # Media that fit in the message with the longest recipient list fit in all other messages.
    longest = max(groups, key=lambda group: measure(addressed(_PLAIN, group), ()))
    head = headed(request, profile, longest)
    limits = profile.limits(min(profile.max_message_bytes, _MOST))
    places = [
        Place(index, medium, limits, options, profile, opened)
        for index, slide in enumerate(plan.slides)
        for medium in slide.media
    ]
    pieces = [range(len(plan.slides))]
    if max_messages > 1:
        pieces = _pieces(plan, places, head, measure, profile)
    if len(pieces) > max_messages:
        hint = f"the media need {len(pieces)} messages; max_messages is {max_messages}"
        raise BudgetError("message", profile.max_message_bytes, hint=hint, messages=len(pieces))
    messages = []
    for number, piece in enumerate(pieces, 1):
        slides, attachments = plan.slides[piece.start : piece.stop], plan.attachments
        own = replace(plan, slides=slides, attachments=attachments if number == len(pieces) else ())
        own, labelled = _numbered(own, head, number, len(pieces), profile)
        _check_counts(own, profile)
        inside = [place.moved(place.slide - piece.start) for place in places if place.slide in piece]
        try:
            whole = _finished(Composition(profile, measure, own, labelled, inside))
        except BudgetError as error:
            divided = len(_pieces(own, inside, labelled, measure, profile))
            if divided < 2:
                raise
            count = len(pieces) - 1 + divided
            hint = f"{error.hint}; the media fit in {count} messages (max_messages)".removeprefix("; ")
            raise BudgetError(
                error.what, error.limit, smallest=error.smallest, hint=hint, messages=count
            ) from error
        messages += [addressed(whole, group) for group in groups]
    return tuple(replace(message, transaction_id=transaction_id(message)) for message in messages)


def _check(profile: Profile, request: Request, max_messages: int) -> None:
    """Raise an error if no message can be composed from the arguments."""
    if not isinstance(profile, Profile):
        raise ProfileError(repr(profile), "profile must be a Profile, as find_profile returns it")
    profile.require_mms()
    for name, given in (("subject", request.subject), ("text", request.text)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"the {name} must be text, not {type(given).__name__}")
    if max_messages < 1:
        raise MessageError(f"max_messages must be at least 1, not {max_messages}")


def _pieces(
    plan: Plan, places: Sequence[Place], head: MessageFields, measure: Measure, profile: Profile
) -> list[range]:
    """The slides of each message, divided so that each slide can reach DECENT_SCORE."""
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
    """Add the message number, such as "(1/3)", where the profile's limits leave room for it.

    The number goes to the end of the subject, else before the first text, else into a new subject.
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
    """The number of characters in the texts of all slides."""
    return sum(len(slide.text or "") for slide in plan.slides)


def _finished(work: Composition) -> MessageFields:
    """Return the finished message after checking its length against its limit."""
    message = work.finished()
    length = work.measured(message)
    if length > (message.limit or 0):
        raise BudgetError("message", message.limit or 0, smallest=length)
    return message


def _check_counts(plan: Plan, profile: Profile) -> None:
    """Raise MessageError if there are more media or more text than the profile allows in one message."""
    count = sum(len(slide.media) for slide in plan.slides) + len(plan.attachments)
    if profile.max_files is not None and count > profile.max_files:
        raise MessageError(f"{count} media; {profile.id} allows at most {profile.max_files} in a message")
    length = _text_length(plan)
    if profile.max_text_chars is not None and length > profile.max_text_chars:
        raise MessageError(
            f"{length:,} characters of text; {profile.id} allows at most {profile.max_text_chars:,}"
        )


def headed(request: Request, profile: Profile, recipients: Recipients) -> MessageFields:
    """A message with its headers and a transaction id of the final length."""
    subject, sender = request.subject, request.sender
    check_envelope(profile, len(recipients), subject)
    return replace(
        addressed(request.template, recipients),
        transaction_id=transaction_id(request.template),
        sender=None if sender is None else wire(sender, sender=True),
        subject=subject or None,
        parameters=(("type", "application/smil"), ("start", "<smil>")),
        limit=profile.max_message_bytes,
    )
