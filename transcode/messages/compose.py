"""Messages as their users get them, composed for a network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import MessageError
from transcode.jobs.processors import ThreadLimit
from transcode.message.compose import Request
from transcode.message.compose import compose_split as compose_messages
from transcode.message.slideshow import listed
from transcode.messages.message import Message
from transcode.model import MessageFields, SendOptions
from transcode.wire.convert import length
from transcode.wire.mm1.headers import needed_version
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from transcode.message.composition import Measure
    from transcode.model import Form, HeaderValue, Slide, Source
    from transcode.profile import Profile

__all__ = ["compose", "compose_split"]


def compose(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    *,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    options: SendOptions | None = None,
    headers: Sequence[tuple[str, HeaderValue]] = (),
    content_class: bool = False,
    form: Form = "mm1",
    reserve: int = 0,
    text_first: bool = False,
    as_clip: bool | Source = False,
    threads: int | None = None,
) -> Message:
    """Fit media to a network and wrap them with text and subject as one message.

    The whole encoded message stays within the profile's limit, and uses it as far as the sources have that
    much to give. The same arguments give the same bytes, transaction id included: to send a message a second
    time on purpose, give it another by dataclasses.replace.

    Several media share the bytes so that each gets what it needs most: the report tells each share. How
    long a slide is shown stands at Slide.

    Args:
        sources: media and slides, in order: pictures, animations, clips, recordings, vCards and calendar
            entries. A medium by itself gets a slide of its own; a recording goes to the slide before it
            unless that has a sound already or shows a clip; cards are sent along.
        profile: of the network that the message goes to, from find_profile.
        to: phone numbers, short codes or e-mail addresses, no more than the profile
            takes: compose_split divides them. A message without any
            is a draft: no MMSC takes it, and ``to_mm1`` writes it with ``strict=False`` only.
        cc, bcc: further recipients, whom the others see, and whom they don't. Who is named twice counts once.
        sender: the sender's address; None lets the network insert it.
        subject: the subject line, no longer than the profile takes: what a subject says is not ours to cut.
        text: shown on the first slide.
        options: what is asked of the network: reports, priority, expiry and the like.
        headers: others that the message is to have, such as
            ``("X-Mms-Applic-ID", "acme")``, in the spelling and with the values of MM1.
        content_class: state the OMA content class, if the message keeps to one, in a header of MMS 1.3.
        form: what the limit counts: the PDU of MM1, the mail of MM4 with its base64 and with room for a
            domain of 40 octets behind each number, or the body that MM7 posts, likewise.
        reserve: bytes of the limit to leave free, for headers that are added later;
            mm7_convert.identity_length tells what a provider's names need.
        text_first: whether texts stand above pictures, not below.
        as_clip: whether recordings leave as clips, each on a slide of its own, for networks that take
            clips and no sound. True: each shows the wave of its sound; a source: that picture.
        threads: the most threads that decoding may have; None: one a processor that this process may use. The
            bytes are the same whatever the number, but of a source that is damaged.

    Raises:
        MmsUnavailable: the network has MMS switched off, or the phone takes none.
        MessageError: recipients, subject, text or headers that can't be sent, or that options state as well.
        SourceError: a medium can't be read; NotTakenError: the network takes none of its kind.
        BudgetError: the media do not fit.
        LimitsError: threads is out of its range.
    """
    limit = ThreadLimit(threads)
    media = listed(sources)
    with limit, _door():
        template = _template(options, headers, form, content_class=content_class)
        request = Request(to, cc, bcc, sender, subject, text, text_first, template, as_clip)
        (composed,) = compose_messages(media, profile, _measure(form, reserve), request, divide=False)
        message = Message.of(composed)
        return _classed(message) if content_class else message


def compose_split(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    *,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    options: SendOptions | None = None,
    headers: Sequence[tuple[str, HeaderValue]] = (),
    content_class: bool = False,
    form: Form = "mm1",
    reserve: int = 0,
    text_first: bool = False,
    as_clip: bool | Source = False,
    max_messages: int = 1,
    threads: int | None = None,
) -> tuple[Message, ...]:
    """As compose, but as many messages as the recipients need, and the slides.

    Where there are more recipients than the profile takes in one message, each message goes to as many
    of them as it takes, in their order. The media are fitted once and are the same in all.

    Slides are divided where one message has not the bytes for all of them to look decent: expected
    to have 50 points of SSIMULACRA2, "medium" on its author's scale. Each message has neighbouring slides
    and its number: ``Subject (1/3)``, or before the text of its first slide where there is no subject, or no
    room in it. vCards and calendar entries go with the last one.

    Args:
        sources, profile, to, cc, bcc, sender, subject, text, options: as for compose.
        headers, content_class, form, reserve, text_first, as_clip: likewise.
        max_messages: how many messages each recipient may get. 1: slides stay together, as
            decent as the bytes allow.
        threads: as for compose.

    Returns:
        The messages, each with a transaction id of its own: the first slides for all recipients, then the
        next; one without recipients when there are none.

    Raises:
        MmsUnavailable, MessageError, SourceError, LimitsError: as for compose.
        BudgetError: as for compose, and when more than max_messages would be needed: its hint
            says how many would do.
    """
    limit = ThreadLimit(threads)
    media = listed(sources)
    with limit, _door():
        template = _template(options, headers, form, content_class=content_class)
        request = Request(to, cc, bcc, sender, subject, text, text_first, template, as_clip)
        measure = _measure(form, reserve)
        composed = compose_messages(media, profile, measure, request, max_messages=max_messages)
        messages = tuple(map(Message.of, composed))
        return tuple(map(_classed, messages)) if content_class else messages


def _door() -> Door:
    """What is put around the making of a message."""
    return Door("message", "message")


def _measure(name: Form, reserve: int) -> Measure:
    """What gives the length of a message in a form, with what is to be left free."""
    return lambda message, sizes: length(message, name, sizes) + reserve


def _asked(options: SendOptions) -> list[tuple[str, HeaderValue]]:
    """The headers of MM1 that say what a sender asks of the network."""
    visible = {None: None, True: "Show", False: "Hide"}[options.show_sender]
    values = {
        "X-Mms-Message-Class": options.message_class and options.message_class.capitalize(),
        "X-Mms-Expiry": _time(options.expiry),
        "X-Mms-Delivery-Time": _time(options.delivery_time),
        "X-Mms-Priority": options.priority and options.priority.capitalize(),
        "X-Mms-Sender-Visibility": visible,
        "X-Mms-Delivery-Report": options.delivery_report,
        "X-Mms-Read-Report": options.read_report,
    }
    return [(name, value) for name, value in values.items() if value is not None]


def _time(value: float | datetime | None) -> HeaderValue | None:
    """A span or a moment as the value of a header."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return "relative", round(value)
    return "absolute", int(value.timestamp())


#: Stands in the place of the class until the message is there: no class has more letters.
_ANY_CLASS = ("X-Mms-Content-Class", "content-basic")


def _template(
    options: SendOptions | None,
    headers: Sequence[tuple[str, HeaderValue]],
    form: Form,
    *,
    content_class: bool,
) -> MessageFields:
    """What a composed message has besides media, text and addresses."""
    if options is not None and not isinstance(options, SendOptions):
        raise MessageError(f"options must be SendOptions, not {type(options).__name__}")
    asked = [] if options is None else _asked(options)
    twice = folded(asked).keys() & folded(headers).keys()
    if twice:
        raise MessageError(f"headers: options state {min(twice)} as well")
    if content_class and _ANY_CLASS[0].lower() in folded(headers):
        raise MessageError(f"headers: content_class states {_ANY_CLASS[0]} as well")
    stated = (*asked, *headers, *((_ANY_CLASS,) if content_class else ()))
    return MessageFields(headers=stated, version=needed_version(stated), limit_form=form)


def _classed(message: Message) -> Message:
    """The message with its content class, or without one where it is of none."""
    found = message.content_class()
    others = tuple(header for header in message.headers if header != _ANY_CLASS)
    stated = others if found is None else (*others, (_ANY_CLASS[0], found))
    return replace(message, headers=stated, version=needed_version(stated))
