"""The methods of transcode.Message, which says there what their arguments and errors are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import BudgetError, MessageError
from transcode.wire.forms import form, form_of_type
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from transcode.messages.media_files import MediaMessage
    from transcode.model import Form, Message, MessageType
    from transcode.transport.http_client import Client
    from transcode.transport.smtp import Server
    from transcode.wire.http import HttpMessage

__all__ = ["content_class", "converted", "send", "submit", "to_media", "to_mm1", "to_mm4", "to_mm7"]


def to_mm1(message: Message, *, strict: bool = True) -> bytes:
    """As Message.to_mm1."""
    with _door():
        return _within_limit(message, form("mm1").write(message, strict), "mm1")


def to_mm4(message: Message, *, date: int | None = None, strict: bool = True) -> bytes:
    """As Message.to_mm4."""
    with _door():
        message = form("mm4").converted(message)
        if date is not None and "date" not in folded(message.headers):
            message = replace(message, headers=(*message.headers, ("Date", date)))
        return _within_limit(message, form("mm4").write(message, strict), "mm4")


def content_class(message: Message) -> str | None:
    """As Message.content_class."""
    from transcode.message.content_class import content_class

    own = form_of_type(message.message_type)
    counted = form(message.limit_form if own == "mm1" else own)
    with _door():
        return content_class(message, counted.length(message, [len(part.data) for part in message.parts]))


def to_media(message: Message) -> MediaMessage:
    """As Message.to_media."""
    from transcode.messages.media_files import media_message

    with _door():
        return media_message(message)


def send(
    message: Message,
    server: Server,
    *,
    sender: str | None = None,
    domain: str | None = None,
    date: int | None = None,
    domains_in_headers: bool = True,
) -> None:
    """As Message.send."""
    import time

    from transcode.transport import smtp
    from transcode.wire.convert import as_mail, with_domains

    smtp.check(server)
    for name, given in (("sender", sender), ("domain", domain)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"{name}: text, not {type(given).__name__}")
    message = as_mail(message)
    stated = folded(message.headers).get("x-mms-originator-system")
    origin = sender or (stated if isinstance(stated, str) else message.sender) or ""
    everyone = [smtp.mailbox(address, domain) for address in (*message.to, *message.cc, *message.bcc)]
    mailbox = smtp.mailbox(origin, domain)
    if domains_in_headers:
        message = with_domains(message, domain, mailbox.rpartition("@")[2])
    when = int(time.time()) if date is None else date
    mail = to_mm4(message, date=when)
    if message.bcc:
        # The others must not see it. That there is a recipient has been checked.
        mail = to_mm4(replace(message, bcc=()), date=when, strict=False)
    smtp.send(mail, server, sender=mailbox, recipients=everyone)


def to_mm7(
    message: Message,
    *,
    vaspid: str | None = None,
    vasid: str | None = None,
    service_code: str | None = None,
    strict: bool = True,
) -> HttpMessage:
    """As Message.to_mm7."""
    from transcode.wire.mm7 import mm7
    from transcode.wire.mm7.mm7_convert import from_mm1

    with _door():
        if message.message_type == "m-send-req":
            message = from_mm1(message, vaspid=vaspid, vasid=vasid, service_code=service_code)
        encoded = mm7.to_http(message, strict=strict)
        _within_limit(message, encoded.body, "mm7")
        return encoded


def submit(
    message: Message,
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
    """As Message.submit."""
    from transcode.transport import submit
    from transcode.wire.http import HttpMessage

    if form not in (None, "mm1", "mm7"):
        raise MessageError(f"form: {form!r} is neither mm1 nor mm7")
    if form == "mm7" or (form is None and form_of_type(message.message_type) == "mm7"):
        request = to_mm7(message, vaspid=vaspid, vasid=vasid, service_code=service_code)
    else:
        request = HttpMessage(
            (("Content-Type", submit.PDU_CONTENT_TYPE), ("Accept", submit.PDU_CONTENT_TYPE)),
            to_mm1(message),
        )
    return submit.post(request, url, auth=auth, timeout=timeout, headers=headers, proxy=proxy, client=client)


def converted(message: Message, message_type: MessageType) -> Message:
    """As Message.converted."""
    from transcode.wire.convert import convert

    with _door():
        return convert(message, message_type)


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
