"""The public functions that compose messages for a network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import MessageError
from transcode.jobs.processors import ThreadLimit
from transcode.keywords import keywords_of
from transcode.message.compose import Request, Shared
from transcode.message.compose import compose_split as compose_messages
from transcode.messages.message import Message
from transcode.messages.options import asked
from transcode.model import MessageFields
from transcode.wire.convert import length
from transcode.wire.mm1.headers import needed_version
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Unpack

    from transcode.message.composition import Measure
    from transcode.model import ComposeWords, Form, HeaderValue, SendOptions, Slide, Source
    from transcode.profile import Profile

__all__ = ["compose", "compose_shared", "compose_split"]


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
    """Fit media to a network's limits and compose one message of them, with text and subject.

    The size of the encoded message is at most the profile's limit, and near it if the sources have enough
    detail. Equal arguments give equal bytes, including the transaction id. To send the same message twice on
    purpose, set another transaction_id with dataclasses.replace.

    The bytes are divided among the media by what each medium needs for its quality; the reports state each
    medium's share. The docstring of Slide describes how long a slide is shown.

    Args:
        sources: media and slides, in order: pictures, animations, clips, recordings, vCards and calendar
            entries. A medium outside a Slide gets a slide of its own. A recording is added to the preceding
            slide, unless that slide has a recording or a clip. vCards and calendar entries are attachments.
        profile: the profile of the network, from find_profile.
        to: phone numbers, short codes or e-mail addresses, no more than the profile allows in one message;
            compose_split divides longer lists. A message without recipients is a draft: MMSCs refuse it, and
            ``to_mm1`` writes it only with ``strict=False``.
        cc, bcc: further recipients; others see cc and do not see bcc. A repeated address counts once.
        sender: the sender's address; None: the network inserts it.
        subject: the subject, no longer than the profile allows. A longer subject is an error and is not cut.
        text: a text for the first slide.
        options: the options of the sender: reports, priority, expiry and others.
        headers: further headers, such as ``("X-Mms-Applic-ID", "acme")``, with the names and values of MM1.
        content_class: True adds a header with the OMA content class (MMS 1.3), if the message has one.
        form: the wire form whose size the limit counts: the MM1 PDU, the MM4 mail with base64, or the body of
            the MM7 request with base64. MM4 counts another 41 octets for the domain of each number.
        reserve: bytes of the limit to leave free for headers that are added later.
            mm7_convert.identity_length gives the bytes for a provider's names.
        text_first: True shows texts above pictures; False below.
        as_clip: turns recordings into clips, each on a slide of its own, for networks that accept clips and
            no sound. True shows the waveform of the sound; a source is the picture to show.
        threads: the most threads; None: one for each processor that this process may use. The
            number changes the bytes only for some damaged HEVC clips.

    Raises:
        MmsUnavailable: MMS is switched off at the network, or the phone does not support MMS.
        MessageError: recipients, subject, text or headers can't be sent, or options repeat a header.
        SourceError: a medium can't be read.
        NotTakenError: the network accepts no medium of this kind.
        BudgetError: the media do not fit into the limit.
        LimitsError: threads is outside its range.
    """
    limit = ThreadLimit(threads)
    media = Shared(sources)
    with limit, _door():
        template = _template(options, headers, form, content_class=content_class)
        request = Request(to, cc, bcc, sender, subject, text, text_first, template, as_clip)
        (composed,) = compose_messages(media, profile, _measure(form, reserve), request, divide=False)
        message = Message.of(composed)
        return _classed(message) if content_class else message


@keywords_of(compose)
def compose_split(
    sources: Source | Slide | Iterable[Source | Slide],
    profile: Profile,
    *,
    max_messages: int = 1,
    threads: int | None = None,
    **words: Unpack[ComposeWords],
) -> tuple[Message, ...]:
    """Compose as many messages as the recipients and the slides need; otherwise as compose.

    If there are more recipients than the profile allows in one message, the recipients are divided in their
    order; each message has at most the allowed number. The media are fitted once for all these messages.

    If the limit of one message can't give every slide an estimated SSIMULACRA2 score of 50 ("medium" on the
    scale of its author), the slides are divided. Each message has consecutive slides and a number:
    ``Subject (1/3)``, or in front of the text of its first slide if there is no subject or the number makes
    it too long. The last message has the vCards and calendar entries.

    Args:
        sources, profile, to, cc, bcc, sender, subject, text, options: as for compose.
        headers, content_class, form, reserve, text_first, as_clip: as for compose.
        max_messages: the most messages for each recipient. 1 keeps all slides in one message, at the quality
            that its limit allows.
        threads: as for compose.

    Returns:
        The messages, each with a transaction id of its own: those with the first slides for all recipients,
        then those with the next slides. Without recipients, one message for each group of slides.

    Raises:
        MmsUnavailable, MessageError, SourceError, LimitsError: as for compose.
        BudgetError: as for compose, or the slides need more than max_messages messages; its hint states how
            many they need.
    """
    return compose_shared(Shared(sources), profile, max_messages=max_messages, threads=threads, **words)


@keywords_of(compose)
def compose_shared(
    sources: Shared,
    profile: Profile,
    *,
    max_messages: int = 1,
    threads: int | None = None,
    **words: Unpack[ComposeWords],
) -> tuple[Message, ...]:
    """Compose as compose_split, of sources that are read and decoded once for several receivers.

    The bytes are those of compose_split. Receivers with more bytes should come first: see fit.opened.Opened.
    """
    limit = ThreadLimit(threads)
    with limit, _door():
        is_classed = words["content_class"]
        template = _template(words["options"], words["headers"], words["form"], content_class=is_classed)
        request = Request(
            words["to"],
            words["cc"],
            words["bcc"],
            words["sender"],
            words["subject"],
            words["text"],
            words["text_first"],
            template,
            words["as_clip"],
        )
        measure = _measure(words["form"], words["reserve"])
        composed = compose_messages(sources, profile, measure, request, max_messages=max_messages)
        messages = tuple(map(Message.of, composed))
        return tuple(map(_classed, messages)) if is_classed else messages


def _door() -> Door:
    """Return the context manager that turns unforeseen faults into MessageError."""
    return Door("message", "message")


def _measure(name: Form, reserve: int) -> Measure:
    """Return a function that gives the length of a message in a wire form plus the reserve, in octets."""
    return lambda message, sizes: length(message, name, sizes) + reserve


#: A placeholder for the content class until the message is composed. No content class has a longer name.
_ANY_CLASS = ("X-Mms-Content-Class", "content-basic")


def _template(
    options: SendOptions | None,
    headers: Sequence[tuple[str, HeaderValue]],
    form: Form,
    *,
    content_class: bool,
) -> MessageFields:
    """Return the fields of a message that do not depend on media, text and addresses."""
    chosen = asked(options, headers)
    if content_class and _ANY_CLASS[0].lower() in folded(headers):
        raise MessageError(f"headers: {_ANY_CLASS[0]} is set by content_class too")
    stated = (*chosen, *headers, *((_ANY_CLASS,) if content_class else ()))
    return MessageFields(headers=stated, version=needed_version(stated), limit_form=form)


def _classed(message: Message) -> Message:
    """Return the message with its content class; without the placeholder if it conforms to no class."""
    found = message.content_class()
    others = tuple(header for header in message.headers if header != _ANY_CLASS)
    stated = others if found is None else (*others, (_ANY_CLASS[0], found))
    return replace(message, headers=stated, version=needed_version(stated))
