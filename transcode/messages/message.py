"""The public class Message: transcode.model.MessageFields with methods that write, send and convert."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import BudgetError, MessageError
from transcode.model import MessageFields
from transcode.wire.convert import as_form, convert, encode, length
from transcode.wire.forms import form_of_type
from transcode.wire.recognition import form_of
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal, Self

    from transcode.messages.media_files import MediaMessage
    from transcode.model import Form, HeaderValue, MessageType, SendOptions
    from transcode.profile import Profile
    from transcode.transport.http_client import Client
    from transcode.transport.smtp import Server
    from transcode.wire.http import HttpMessage

__all__ = ["Message", "encoded"]


class Message(MessageFields):
    """One MMS message, written or read.

    The attributes and arguments are those of transcode.model.MessageFields. ``transcode.read``, ``compose``,
    ``compose_split``, ``converted`` and ``submit`` return a Message; ``mm7.answer`` does so for a Message.
    """

    __slots__ = ()

    @classmethod
    def of(cls, fields: MessageFields) -> Self:
        """Turn the fields that a reader has just made into a Message.

        The argument itself becomes the Message, without a copy: a copy takes as long as reading a
        notification.
        """
        object.__setattr__(fields, "__class__", cls)
        return fields  # type: ignore[return-value]  # a cast costs a call

    def to_mm1(self, *, strict: bool = True) -> bytes:
        """Return the message as an MM1 PDU, the body of a POST request to an MMSC.

        Args:
            strict: True refuses a message that breaks a rule of the standard, such as one without a
                recipient. False also writes drafts, and received messages that break rules.

        Raises:
            BudgetError: the PDU is larger than the message's limit.
            MessageError: a header has a value that can't be sent, or the message breaks a rule.
        """
        return encoded(self, "mm1", strict=strict)

    def to_mm4(self, *, date: int | None = None, strict: bool = True) -> bytes:
        """Return the message as an MM4 mail (3GPP TS 23.140, 8.4).

        An MM1 message is converted: an M-Send.req or M-Retrieve.conf becomes an MM4_forward.REQ.

        Args:
            date: the Date of a message that has none, in seconds since 1970.
            strict: True refuses a message that breaks a rule of the standard, such as one without a Date.

        Raises:
            BudgetError: the mail is larger than the message's limit, and the limit counts MM4.
            MessageError: a header has a value that can't be sent, the message breaks a rule, or MM4 has no
                mail for a message of this type.
        """
        with _door():
            mail = as_form(self, "mm4")
            if date is not None and "date" not in folded(mail.headers):
                mail = replace(mail, headers=(*mail.headers, ("Date", date)))
        return encoded(mail, "mm4", strict=strict)

    def edited(
        self,
        *,
        to: Sequence[str] | None = None,
        cc: Sequence[str] | None = None,
        bcc: Sequence[str] | None = None,
        sender: str | None = None,
        subject: str | None = None,
        options: SendOptions | None = None,
        headers: Iterable[tuple[str, HeaderValue | None]] = (),
        transaction_id: str | None = None,
        profile: Profile | None = None,
        limit_form: Form | None = None,
    ) -> Self:
        """Return the message with other recipients, subject or headers; its parts stay the same objects.

        Nothing is re-encoded. What is not given stays. Equal changes of equal messages give equal bytes.

        Args:
            to, cc, bcc: the recipients, as compose takes them. One of the three replaces all recipients of
                the message, so that nobody gets it unasked.
            sender: the sender's address; ``""``: none, so that the network inserts it.
            subject: the subject; ``""``: none.
            options: the options of the sender; None as the value of an option keeps what the message says.
            headers: headers by their names in MM1 or in the message's own form, in place of those of the same
                name. None as a value removes the header.
            transaction_id: the id of the changed message. None: one that follows from the id before and the
                changes, because a centre may take a message of the same id for a repetition.
            profile: the network whose limit, count of recipients and length of subject the message must keep.
                None: the message's own limit. Media are not adapted.
            limit_form: the wire form whose size the limit counts; None: the message's own.

        Raises:
            MessageError: a value can't be sent, such as one with a line end; the message's form has no such
                header; or the profile allows fewer recipients or a shorter subject.
            BudgetError: the changed message is larger than its limit.
            MmsUnavailable: MMS is switched off at the network.
            ProfileError: profile is of another type.
        """
        from transcode.messages.edit import edited

        with _door():
            return edited(
                self,
                recipients=(to, cc, bcc),
                sender=sender,
                subject=subject,
                options=options,
                headers=headers,
                transaction_id=transaction_id,
                profile=profile,
                limit_form=limit_form,
            )

    def content_class(self) -> str | None:
        """Return the smallest OMA content class that the message conforms to, such as ``"image-basic"``.

        None: the message conforms to no class. OMA's classes have no PNG, H.264 or AAC; the largest,
        megapixel, has a limit of 600 KB.
        """
        from transcode.message.content_class import content_class

        own = form_of_type(self.message_type)
        counted = self.limit_form if own == "mm1" else own
        with _door():
            return content_class(self, length(self, counted, [len(part.data) for part in self.parts]))

    def to_media(self) -> MediaMessage:
        """Return the message as media files and a manifest, for provider APIs that fetch media by URL."""
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
    ) -> str:
        """Send the message to an SMTP server as the MM4 mail of to_mm4, without the header Bcc.

        A mail without a Message-ID gets one (RFC 5322, 3.6.4), in the domain of the sender's mailbox. The
        same mail with the same date gets the same one.

        Args:
            server: the SMTP server.
            sender: the mailbox that receives delivery errors; None: the message's X-Mms-Originator-System,
                else its sender.
            domain: the domain of the MMSC that serves the recipients' numbers, such as
                ``"mms.mnc006.mcc260.3gppnetwork.org"``.
            date: as in to_mm4; None: the current time.
            domains_in_headers: True also appends the domain to numbers in the headers: the domain of the
                sender's mailbox in From, the domain argument in To and Cc. With default settings, Exim
                refuses mails with bare numbers in these headers, and Postfix appends its own domain. False
                writes the addresses unchanged.

        Returns:
            The server's reply to the mail, such as ``"250 2.0.0 Ok: queued as 4B1C2"``.

        Raises:
            SendError: the server can't be reached, or refuses the mail or a recipient.
            BudgetError, MessageError: as in to_mm4.
            MessageError: also if an address is not a mailbox, or an argument is of another type.
        """
        from transcode.messages.mail import mail_of
        from transcode.transport import smtp

        smtp.check(server)
        mail = mail_of(self, sender=sender, domain=domain, date=date, domains_in_headers=domains_in_headers)
        return smtp.send(mail.octets, server, sender=mail.sender, recipients=mail.recipients)

    def to_mm7(
        self,
        *,
        vaspid: str | None = None,
        vasid: str | None = None,
        service_code: str | None = None,
        strict: bool = True,
    ) -> HttpMessage:
        """Return the message as an MM7 request, SOAP with attachments (3GPP TS 23.140, MM7).

        Headers that MM7 does not have, such as X-Mms-Sender-Visibility, are left out;
        ``converted("mm7-submit-req").oddities`` names them.

        Args:
            vaspid: the provider's id (VASPID) for a SubmitReq that is made of an M-Send.req.
            vasid: the service's id (VASID) for this SubmitReq.
            service_code: the billing code (ServiceCode) for this SubmitReq.
            strict: True refuses a message that breaks a rule of the schema, such as a submission without a
                recipient.

        Raises:
            BudgetError: the body is larger than the message's limit, and the limit counts MM7.
            MessageError: a header has a value that can't be sent, or the message breaks a rule.
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
        """Post the message to an MMSC, and return the MMSC's response as a message.

        This method needs httpx, which the extra ``send`` installs. It does not follow redirects and does not
        use the proxies of the environment.

        Args:
            url: the http or https URL of the MMSC.
            form: the wire form to post; None: MM7 for a message of an MM7 type, else MM1.
            auth: user name and password for HTTP Basic authentication.
            timeout: the time limit of the whole exchange, from the host's name resolution to the last octet
                of the response, in seconds.
            headers: further HTTP headers, such as a provider requires. They replace the package's headers of
                the same name.
            proxy: the URL of a proxy, such as the WAP gateway of a network. A SOCKS proxy (``socks5://``)
                needs socksio, which the extra ``socks`` installs.
            client: a transcode.transport.http_client.Client, whose connections, proxy and settings are
                reused for many messages; None: a new client for this message, with the given proxy.
            vaspid, vasid, service_code: as in to_mm7.

        Returns:
            The response, such as an M-Send.conf or a SubmitRsp, with a status of success.

        Raises:
            SubmitRefused: the MMSC refuses the message; ``response`` has the MMSC's response.
            SubmitTimeout: the response did not arrive in time.
            HttpStatusError: the response is no message, and its HTTP status is not a success.
            SubmitError: the message could not be posted, or the response is too long.
            PduError: the response is no message, and its HTTP status is a success.
            MissingPackage: httpx is not installed, or socksio for a SOCKS proxy.
            BudgetError, MessageError: as in to_mm1 and to_mm7.
            MessageError: also if an argument is of another type.
        """
        from transcode.transport import submit

        if form not in (None, "mm1", "mm7"):
            raise MessageError(f"form: {form!r} is neither 'mm1' nor 'mm7'")
        if form == "mm7" or (form is None and form_of_type(self.message_type) == "mm7"):
            request = self.to_mm7(vaspid=vaspid, vasid=vasid, service_code=service_code)
        else:
            request = mm1_request(self)
        return submit.post(
            request,
            url,
            answer_of,
            auth=auth,
            timeout=timeout,
            headers=headers,
            proxy=proxy,
            client=client,
        )

    def converted(self, message_type: MessageType) -> Message:
        """Convert the message to a type of another interface, such as ``"mm4-forward-req"``.

        Headers that the other interface does not have are left out, and oddities names them.

        Raises:
            MessageError: a message of this type can't be converted to the given type.
        """
        with _door():
            return convert(self, message_type)


def mm1_request(message: Message) -> HttpMessage:
    """Return the request that posts the message as a PDU; the errors are those of Message.to_mm1."""
    from transcode.transport import submit
    from transcode.wire.http import HttpMessage

    kind = submit.PDU_CONTENT_TYPE
    return HttpMessage((("Content-Type", kind), ("Accept", kind)), message.to_mm1())


def answer_of(body: bytes, content_type: str) -> Message:
    """Read the body of an HTTP response of the given content type."""
    from transcode.transport.submit import PDU_CONTENT_TYPE
    from transcode.wire.mm1 import pdu_reader
    from transcode.wire.mm7 import mm7

    kind = content_type.partition(";")[0].strip().lower()
    if kind == PDU_CONTENT_TYPE or form_of(body) != "mm7":
        return Message.of(pdu_reader.from_bytes(body))
    return Message.of(mm7.from_bytes(body, content_type=content_type or None))


def encoded(message: Message, name: Form, *, strict: bool = True) -> bytes:
    """Encode a message in a wire form; a message of another form is converted as WireForm.carries states.

    Raises:
        BudgetError: the encoded message is larger than the message's limit, and the limit counts this form.
        MessageError: as for Message.to_mm1, or there is no form of this name.
    """
    with _door():
        return _within_limit(message, encode(message, name, strict=strict), name)


def _within_limit(message: Message, encoded: bytes, name: Form) -> bytes:
    """Return the encoded message unchanged if it fits into the message's limit.

    Raises:
        BudgetError: the limit counts this form, and the encoded message is larger.
    """
    if message.limit is not None and name == message.limit_form and len(encoded) > message.limit:
        raise BudgetError("message", message.limit, smallest=len(encoded), finished=True)
    return encoded


def _door() -> Door:
    """Return the context manager that turns unforeseen faults into MessageError."""
    return Door("message", "message")
