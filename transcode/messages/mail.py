"""A message as the mail of MM4 that is handed to an SMTP server, with its envelope."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError
from transcode.transport import smtp
from transcode.wire.convert import as_form
from transcode.wire.mm4.domains import with_domains
from transcode.wire.mm4.mail_ids import with_mail_id
from transcode.wire.values import folded

if TYPE_CHECKING:
    from transcode.messages.message import Message

__all__ = ["Mail", "mail_of"]


class Mail(NamedTuple):
    """A mail and its envelope (RFC 5321, 2.3.1).

    Attributes:
        octets: the mail.
        sender: the mailbox that receives delivery errors.
        recipients: the mailboxes of all recipients.
    """

    octets: bytes
    sender: str
    recipients: list[str]


def mail_of(
    message: Message,
    *,
    sender: str | None,
    domain: str | None,
    date: int | None,
    domains_in_headers: bool,
) -> Mail:
    """Return the mail of a message; the arguments and errors are those of Message.send."""
    for name, given in (("sender", sender), ("domain", domain)):
        if given is not None and not isinstance(given, str):
            raise MessageError(f"{name}: must be text, not {type(given).__name__}")
    mail = as_form(message, "mm4")
    stated = folded(mail.headers).get("x-mms-originator-system")
    origin = sender or (stated if isinstance(stated, str) else mail.sender) or ""
    everyone = [smtp.mailbox(address, domain) for address in (*mail.to, *mail.cc, *mail.bcc)]
    mailbox = smtp.mailbox(origin, domain)
    if domains_in_headers:
        mail = with_domains(mail, domain, mailbox.rpartition("@")[2])
    when = int(time.time()) if date is None else date
    if "date" not in folded(mail.headers):
        mail = replace(mail, headers=(*mail.headers, ("Date", when)))
    mail = with_mail_id(mail, mailbox.rpartition("@")[2])
    octets = mail.to_mm4()
    if mail.bcc:
        # Recipients must not see Bcc. The strict call above has checked that there is a recipient.
        octets = replace(mail, bcc=()).to_mm4(strict=False)
    return Mail(octets, mailbox, everyone)
