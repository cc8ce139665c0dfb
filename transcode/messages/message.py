"""Messages as their users see them: composed for a network, written, read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from transcode import model
from transcode.door import Door
from transcode.errors import BudgetError, MessageError, PduError
from transcode.message.compose import Request
from transcode.message.compose import compose_many as compose_messages
from transcode.message.slideshow import listed
from transcode.model import SendOptions
from transcode.wire.forms import form_of
from transcode.wire.mm1 import pdu
from transcode.wire.mm1.headers import needed_version
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from transcode.message.compose import Measure
    from transcode.messages.media_files import MediaMessage
    from transcode.model import Form, HeaderValue, MessageType, Slide, Source
    from transcode.profile import Profile
    from transcode.transport.http_client import Client
    from transcode.transport.smtp import Server
    from transcode.wire.http import HttpMessage

__all__ = ["Message", "compose", "compose_many", "read"]


@dataclass(frozen=True, slots=True)
class Message(model.Message):
    """A message that can be written."""

    def to_mm1(self, *, strict: bool = True) -> bytes:
        """The message as an MM1 PDU, ready to be posted to an MMSC.

        Args:
            strict: refuse what breaks a rule of the standard, such as a message
                without a recipient. False writes drafts, and again what others wrote.

        Raises:
            BudgetError: it is larger than its limit.
            MessageError: a header holds what can't be sent, or a rule is broken.
        """
        with _door():
            return self._within_limit(pdu.to_bytes(self, strict=strict), "mm1")

    def to_mm4(self, *, date: int | None = None, strict: bool = True) -> bytes:
        """The message as a mail of MM4 (3GPP TS 23.140, 8.4).

        A message of MM1 is converted: a submission or a retrieved message becomes an
        MM4_forward.REQ.

        Args:
            date: the Date of a message that has none, in seconds since 1970.
            strict: refuse what breaks a rule of the standard, such as a mail without a Date.

        Raises:
            BudgetError: it is larger than its limit, where that counts this form.
            MessageError: a header holds what can't be sent, a rule is broken, or MM4 has
                no mail for a message of this type.
        """
        from transcode.wire.convert import as_mail
        from transcode.wire.mm4 import mm4

        with _door():
            message = as_mail(self)
            if date is not None and "date" not in folded(message.headers):
                message = replace(message, headers=(*message.headers, ("Date", date)))
            return self._within_limit(mm4.to_bytes(message, strict=strict), "mm4")

    def content_class(self) -> str | None:
        """The smallest OMA content class that the message keeps to, in the words of X-Mms-Content-Class.

        None where it keeps to none: OMA's classes know no PNG, no H.264 and no AAC, and go
        up to megapixel, 600 KB.
        """
        from transcode.message.content_class import content_class

        form = self.limit_form
        if self.message_type.startswith(("mm4-", "mm7-")):
            form = "mm4" if self.message_type.startswith("mm4-") else "mm7"
        with _door():
            return content_class(self, _measure(form, 0)(self, [len(part.data) for part in self.parts]))

    def to_media(self) -> MediaMessage:
        """The message as media files and a manifest, for providers' APIs that fetch media by URL."""
        from transcode.messages.media_files import media_message

        with _door():
            return media_message(self)

    def send(
        self,
        server: Server,
        *,
        sender: str | None = None,
        domain: str | None = None,
        date: int | None = None,
        domains_in_headers: bool = True,
    ) -> None:
        """Hand the message to a mail server, as to_mm4 writes it but without Bcc.

        Args:
            server: where to.
            sender: the mailbox that errors go to; None: the X-Mms-Originator-System of the
                message, else its sender.
            domain: of the message centre that serves the numbers among the recipients, such as
                ``"mms.mnc006.mcc260.3gppnetwork.org"``.
            date: as in to_mm4; None: now.
            domains_in_headers: write the domain behind numbers in From, To and Cc too, that of the sender's
                mailbox in From: stock Exim refuses mails with bare numbers there, and Postfix
                gives them its own. False writes them as they are.

        Raises:
            SendError: the server can't be reached, or refuses the mail or a recipient.
            BudgetError, MessageError: as in to_mm4; also if an address is no mailbox, or an argument of
                another kind.
        """
        import time

        from transcode.transport import smtp
        from transcode.wire.convert import as_mail, with_domains

        smtp.check(server)
        for name, given in (("sender", sender), ("domain", domain)):
            if given is not None and not isinstance(given, str):
                raise MessageError(f"{name}: text, not {type(given).__name__}")
        message = _made(as_mail(self))
        stated = folded(message.headers).get("x-mms-originator-system")
        origin = sender or (stated if isinstance(stated, str) else message.sender) or ""
        everyone = [smtp.mailbox(address, domain) for address in (*message.to, *message.cc, *message.bcc)]
        mailbox = smtp.mailbox(origin, domain)
        if domains_in_headers:
            message = _made(with_domains(message, domain, mailbox.rpartition("@")[2]))
        when = int(time.time()) if date is None else date
        mail = message.to_mm4(date=when)
        if message.bcc:
            # The others must not see it. That there is a recipient has been checked.
            mail = replace(message, bcc=()).to_mm4(date=when, strict=False)
        smtp.send(mail, server, sender=mailbox, recipients=everyone)

    def to_mm7(
        self,
        *,
        vaspid: str | None = None,
        vasid: str | None = None,
        service_code: str | None = None,
        strict: bool = True,
    ) -> HttpMessage:
        """The message as SOAP with attachments, ready to be posted to an MMSC (3GPP TS 23.140, MM7).

        What MM7 has no place for, such as X-Mms-Sender-Visibility, is left out:
        ``converted("mm7-submit-req").quirks`` names it.

        Args:
            vaspid: where an M-Send.req becomes a SubmitReq, the provider's name at the MMSC.
            vasid: likewise, the service's name.
            service_code: likewise, what stands on the bill.
            strict: refuse what breaks a rule of the schema, such as a submission without
                a recipient.

        Raises:
            BudgetError: its body is larger than its limit, where that counts this form.
            MessageError: a header holds what can't be sent, or a rule is broken.
        """
        from transcode.wire.mm7 import mm7
        from transcode.wire.mm7.mm7_convert import from_mm1

        message: model.Message = self
        with _door():
            if self.message_type == "m-send-req":
                message = from_mm1(self, vaspid=vaspid, vasid=vasid, service_code=service_code)
            encoded = mm7.to_http(message, strict=strict)
            self._within_limit(encoded.body, "mm7")
            return encoded

    def submit(
        self,
        url: str,
        *,
        form: Literal["mm1", "mm7"] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        client: Client | None = None,
        vaspid: str | None = None,
        vasid: str | None = None,
        service_code: str | None = None,
    ) -> Message:
        """Post the message to an MMSC, and read what it answers.

        Needs httpx, which the extra ``send`` brings. Redirects are not followed, and the
        environment's proxies are not used.

        Args:
            url: where the MMSC takes messages, http or https.
            form: what is posted; None: what the message's type says.
            auth: name and password, for HTTP Basic.
            timeout: for the whole exchange, from the look-up of the host to the last octet of the
                answer, in seconds.
            headers: more headers of HTTP, such as what a provider asks for; they take the place of ours.
            proxy: the address of a proxy, such as the WAP gateway of a network; one of SOCKS (``socks5://``)
                needs socksio, which the extra ``socks`` brings.
            client: a transcode.transport.http_client.Client, whose connections, proxy and settings are
                used and kept, for many messages; None: one for this message, with this proxy.
            vaspid, vasid, service_code: as in to_mm7.

        Returns:
            The answer: an M-Send.conf, a SubmitRsp or the like, with a status of success.

        Raises:
            SubmitRefused: the MMSC does not take it; ``response`` has its answer.
            SubmitTimeout: there was no answer in time.
            HttpStatusError: the answer is no message, and its status no success.
            SubmitError: it could not be posted, or the answer is too long.
            PduError: the answer is no message, though its status is success.
            MissingPackage: httpx is not installed, or socksio for a proxy of SOCKS.
            BudgetError, MessageError: as in to_mm1 and to_mm7; also if an argument is of another kind.
        """
        from transcode.transport import submit
        from transcode.wire.http import HttpMessage

        if form not in (None, "mm1", "mm7"):
            raise MessageError(f"form: {form!r} is neither mm1 nor mm7")
        if form == "mm7" or (form is None and self.message_type.startswith("mm7-")):
            request = self.to_mm7(vaspid=vaspid, vasid=vasid, service_code=service_code)
        else:
            request = HttpMessage(
                (("Content-Type", submit.PDU_CONTENT_TYPE), ("Accept", submit.PDU_CONTENT_TYPE)),
                self.to_mm1(),
            )
        return _made(
            submit.post(request, url, auth=auth, timeout=timeout, headers=headers, proxy=proxy, client=client)
        )

    def converted(self, message_type: MessageType) -> Message:
        """The message as one of another interface, such as ``"mm4-forward-req"``.

        What the other has no place for is left out and named in the quirks.

        Raises:
            MessageError: the one can't become the other.
        """
        from transcode.wire.convert import convert

        with _door():
            return _made(convert(self, message_type))

    def _within_limit(self, encoded: bytes, form: Form) -> bytes:
        if self.limit is not None and form == self.limit_form and len(encoded) > self.limit:
            raise BudgetError("message", self.limit, smallest=len(encoded))
        return encoded


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
) -> Message:
    """Fit media to a network and wrap them with text and subject as one message.

    The whole encoded message stays within the profile's limit, and uses it as
    far as the sources have that much to give. The same arguments give the same
    bytes, transaction id included: to send a message a second time on purpose, give
    it another by dataclasses.replace.

    Several media share the bytes so that each gets what it needs most: the report tells each share. A
    slide is shown for the time that was given, else as long as its sound, its clip and the reading of
    its text take, and 5 seconds at least. Where there is sound or a clip and the whole takes longer than
    the profile's seconds, slides without them are shortened first, down to 2 seconds each, then the longest
    of the others.

    Args:
        sources: media and slides, in order: pictures, animations, clips, recordings, vCards
            and calendar entries. A medium by itself gets a slide of its
            own; a recording goes to the slide before it unless that has a sound already
            or shows a clip; cards are sent along.
        profile: of the network that the message goes to, from find_profile.
        to: phone numbers, short codes or e-mail addresses, no more than the profile
            takes: compose_many divides them. A message without any
            is a draft: no MMSC takes it, and ``to_mm1`` writes it with ``strict=False`` only.
        cc, bcc: further recipients, whom the others see, and whom they don't. Who is named
            twice gets it once.
        sender: the sender's address; None lets the network insert it.
        subject: the subject line, no longer than the profile takes: what a subject says is
            not ours to cut.
        text: shown on the first slide.
        options: what is asked of the network: reports, priority, expiry and the like.
        headers: others that the message is to have, such as
            ``("X-Mms-Applic-ID", "acme")``, in the spelling and with the values of MM1.
        content_class: state the OMA content class of the message, if it keeps to one, in
            X-Mms-Content-Class, which is of MMS 1.3.
        form: what the limit counts: the PDU of MM1, the mail of MM4 with its base64 and with room for a
            domain of 40 octets behind each number, or the body that MM7 posts, likewise.
        reserve: bytes of the limit to leave free, for headers that are added later;
            mm7_convert.identity_length tells what a provider's names need.
        text_first: whether texts stand above pictures, not below.
        as_clip: whether recordings leave as clips, each on a slide of its own, for networks that take
            clips and no sound. True: each shows the wave of its sound; a source: that picture.

    Raises:
        MmsUnavailable: the network has MMS switched off, or the phone takes none.
        MessageError: recipients, subject, text or headers that can't be sent, or a header that
            options state as well.
        SourceError: a medium can't be read; NotTakenError: the network takes none of its kind.
        BudgetError: the media do not fit.
    """
    media = listed(sources)
    with _door():
        template = _template(options, headers, form, content_class=content_class)
        request = Request(to, cc, bcc, sender, subject, text, text_first, template, as_clip)
        (message,) = compose_messages(media, profile, _measure(form, reserve), request, divide=False)
        return _classed(_made(message)) if content_class else _made(message)


def compose_many(
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

    Returns:
        The messages, each with a transaction id of its own: the first slides for all recipients, then the
        next; one without recipients when there are none.

    Raises:
        MmsUnavailable, MessageError, SourceError: as for compose.
        BudgetError: as for compose, and when more than max_messages would be needed: its hint
            says how many would do.
    """
    media = listed(sources)
    with _door():
        template = _template(options, headers, form, content_class=content_class)
        request = Request(to, cc, bcc, sender, subject, text, text_first, template, as_clip)
        measure = _measure(form, reserve)
        messages = compose_messages(media, profile, measure, request, max_messages=max_messages)
        return tuple(_classed(_made(message)) if content_class else _made(message) for message in messages)


def read(data: bytes | bytearray | memoryview) -> Message:
    """Decode a message: a PDU of MM1, a mail of MM4 or SOAP of MM7, told apart by its structure.

    In front of a PDU there may be the frame of a WAP Push with the header of its short message, in front
    of mail and SOAP a byte order mark and blank lines, in front of mail the lines of a mailbox file, in
    front of a PDU and of SOAP headers of HTTP; both may be in chunks or compressed. Mail and SOAP may be in
    UTF-16 as a whole.

    Raises:
        PduError: the octets are none of these, or broken.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise PduError(f"data must be bytes, not {type(data).__name__}", offset=0)
    with Door("octets", ""):
        form = form_of(data)
        if form == "mm1" and (not data or data[0] >= _TEXT):
            return pdu.read_as(Message, data)
        if form == "mm1":
            return _read_framed(data)
        from transcode.wire.mm4 import mm4
        from transcode.wire.mm7 import mm7

        return _made(mm4.from_bytes(data) if form == "mm4" else mm7.from_bytes(data))


def _read_framed(data: bytes | bytearray | memoryview) -> Message:
    """A PDU that begins as no PDU should: something may stand in front of it."""
    from transcode.wire.frames import unframed

    octets, quirks = unframed(data if isinstance(data, bytes) else memoryview(data).cast("B").toreadonly())
    found = pdu.read_as(Message, octets)
    return replace(found, quirks=(*quirks, *found.quirks)) if quirks else found


def _door() -> Door:
    """What is put around the making of a message."""
    return Door("message", "message")


def _measure(form: Form, reserve: int) -> Measure:
    """What gives the length of a message in a form, with what is to be left free."""
    if form == "mm1":
        return lambda message, sizes: pdu.length(message, sizes) + reserve
    if form == "mm4":
        from transcode.wire.convert import DOMAIN_ROOM, as_mail, without_domain
        from transcode.wire.mm4 import mm4

        def mail_length(message: model.Message, sizes: Sequence[int]) -> int:
            mail = as_mail(message)
            return mm4.length(mail, sizes) + without_domain(mail) * DOMAIN_ROOM + reserve

        return mail_length
    if form == "mm7":
        from transcode.wire.mm7 import mm7
        from transcode.wire.mm7.mm7_convert import as_submission

        return lambda message, sizes: mm7.length(as_submission(message), sizes) + reserve
    raise MessageError(f"form: {form!r} is none of mm1, mm4, mm7")


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


#: Below it the first octet of a PDU is none of a header by its number.
_TEXT = 0x80
#: Stands in the place of the class until the message is there: no class has more letters.
_ANY_CLASS = ("X-Mms-Content-Class", "content-basic")


def _template(
    options: SendOptions | None,
    headers: Sequence[tuple[str, HeaderValue]],
    form: Form,
    *,
    content_class: bool,
) -> model.Message:
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
    return model.Message(headers=stated, version=needed_version(stated), limit_form=form)


def _classed(message: Message) -> Message:
    """The message with its content class, or without one where it is of none."""
    found = message.content_class()
    others = tuple(header for header in message.headers if header != _ANY_CLASS)
    stated = others if found is None else (*others, (_ANY_CLASS[0], found))
    return replace(message, headers=stated, version=needed_version(stated))


def _made(message: model.Message) -> Message:
    return Message(**{field.name: getattr(message, field.name) for field in fields(message)})
