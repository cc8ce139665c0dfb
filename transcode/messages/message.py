"""A message as its users have it: the values of transcode.model.MessageFields, and what they do with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from transcode.door import Door
from transcode.errors import BudgetError, MessageError
from transcode.model import MessageFields
from transcode.wire.convert import as_form, convert, encode, length
from transcode.wire.forms import form_of_type
from transcode.wire.recognition import form_of
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Self

    from transcode.messages.media_files import MediaMessage
    from transcode.model import Form, MessageType
    from transcode.transport.http_client import Client
    from transcode.transport.smtp import Server
    from transcode.wire.http import HttpMessage

__all__ = ["Message"]


class Message(MessageFields):
    """One MMS message, written or read.

    It has the attributes of transcode.model.MessageFields and is made with them. ``transcode.read``,
    ``compose``, ``compose_split`` and the methods here give one; so does ``mm7.answer`` to one.
    """

    __slots__ = ()

    @classmethod
    def of(cls, fields: MessageFields) -> Self:
        """What a reader has just made, as a message.

        Nothing is copied, as a copy would take as long as reading a notification: the argument itself is
        the message from then on.
        """
        object.__setattr__(fields, "__class__", cls)
        return cast("Self", fields)

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
            return _within_limit(self, encode(self, "mm1", strict=strict), "mm1")

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
        with _door():
            mail = as_form(self, "mm4")
            if date is not None and "date" not in folded(mail.headers):
                mail = replace(mail, headers=(*mail.headers, ("Date", date)))
            return _within_limit(mail, encode(mail, "mm4", strict=strict), "mm4")

    def content_class(self) -> str | None:
        """The smallest OMA content class that the message keeps to, in the words of X-Mms-Content-Class.

        None where it keeps to none: OMA's classes know no PNG, no H.264 and no AAC, and go
        up to megapixel, 600 KB.
        """
        from transcode.message.content_class import content_class

        own = form_of_type(self.message_type)
        counted = self.limit_form if own == "mm1" else own
        with _door():
            return content_class(self, length(self, counted, [len(part.data) for part in self.parts]))

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
        from transcode.wire.mm4.domains import with_domains

        smtp.check(server)
        for name, given in (("sender", sender), ("domain", domain)):
            if given is not None and not isinstance(given, str):
                raise MessageError(f"{name}: text, not {type(given).__name__}")
        mail = as_form(self, "mm4")
        stated = folded(mail.headers).get("x-mms-originator-system")
        origin = sender or (stated if isinstance(stated, str) else mail.sender) or ""
        everyone = [smtp.mailbox(address, domain) for address in (*mail.to, *mail.cc, *mail.bcc)]
        mailbox = smtp.mailbox(origin, domain)
        if domains_in_headers:
            mail = with_domains(mail, domain, mailbox.rpartition("@")[2])
        when = int(time.time()) if date is None else date
        octets = mail.to_mm4(date=when)
        if mail.bcc:
            # The others must not see it. That there is a recipient has been checked.
            octets = replace(mail, bcc=()).to_mm4(date=when, strict=False)
        smtp.send(octets, server, sender=mailbox, recipients=everyone)

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
        ``converted("mm7-submit-req").oddities`` names it.

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
        from transcode.wire.mm7.mm7_convert import with_names

        with _door():
            request = as_form(self, "mm7")
            if self.message_type == "m-send-req":
                request = with_names(request, vaspid=vaspid, vasid=vasid, service_code=service_code)
            encoded = mm7.to_http(request, strict=strict)
            _within_limit(request, encoded.body, "mm7")
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
        if form == "mm7" or (form is None and form_of_type(self.message_type) == "mm7"):
            request = self.to_mm7(vaspid=vaspid, vasid=vasid, service_code=service_code)
        else:
            request = HttpMessage(
                (("Content-Type", submit.PDU_CONTENT_TYPE), ("Accept", submit.PDU_CONTENT_TYPE)),
                self.to_mm1(),
            )
        return submit.post(
            request,
            url,
            _answer,
            auth=auth,
            timeout=timeout,
            headers=headers,
            proxy=proxy,
            client=client,
        )

    def converted(self, message_type: MessageType) -> Message:
        """The message as one of another interface, such as ``"mm4-forward-req"``.

        What the other has no place for is left out and named in the oddities.

        Raises:
            MessageError: the one can't become the other.
        """
        with _door():
            return convert(self, message_type)


def _answer(body: bytes, content_type: str) -> Message:
    """What a server answered over HTTP, in a body of this type."""
    from transcode.transport.submit import PDU_CONTENT_TYPE
    from transcode.wire.mm1 import pdu_reader
    from transcode.wire.mm7 import mm7

    kind = content_type.partition(";")[0].strip().lower()
    if kind == PDU_CONTENT_TYPE or form_of(body) != "mm7":
        return Message.of(pdu_reader.from_bytes(body))
    return Message.of(mm7.from_bytes(body, content_type=content_type or None))


def _within_limit(message: Message, encoded: bytes, name: Form) -> bytes:
    """The octets of a message, which its limit may count in this form.

    Raises:
        BudgetError: they are more than its limit.
    """
    if message.limit is not None and name == message.limit_form and len(encoded) > message.limit:
        raise BudgetError("message", message.limit, smallest=len(encoded))
    return encoded


def _door() -> Door:
    """What is put around the making of a message."""
    return Door("message", "message")
