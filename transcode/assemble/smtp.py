"""Mails of MM4 handed to an SMTP server (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.errors import MessageError, SendError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

__all__ = ["Server", "mailbox", "send"]

_MAILBOX = re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.\[\]:-]{1,255}")
#: The first of the codes that say that trying again is no use (RFC 5321, 4.2.1).
_PERMANENT = 500
_BRACKETED = re.compile(r"[^<>\x00-\x1f]*<([^<>]+)>\s*")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails are handed to.

    Attributes:
        host: name or address.
        port: 25 between servers.
        timeout: for each step of the dialogue, in seconds.
        tls: encrypts the connection by STARTTLS, or it fails; None: it stays plain.
        login: name and password, or None.
    """

    host: str
    port: int = 25
    timeout: float = 30.0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None


def mailbox(address: str, domain: str | None) -> str:
    """An address as it stands in the SMTP envelope.

    Args:
        address: in wire form, such as ``"+15555550100/TYPE=PLMN"``.
        domain: of the message centre that serves numbers; None: there is none.

    Raises:
        MessageError: it is no mailbox, and there is no domain to make it one.
    """
    found = _BRACKETED.fullmatch(address)
    text = address if found is None else found[1]
    if "@" not in text and domain is not None:
        text = f"{text}@{domain}"
    if not _MAILBOX.fullmatch(text):
        hint = "" if "@" in text else "; numbers need the domain of a message centre"
        raise MessageError(f"{address!r} can't be a mail's recipient or sender{hint}")
    return text


def send(mail: bytes, server: Server, *, sender: str, recipients: Iterable[str]) -> None:
    """Hand a mail over.

    Raises:
        SendError: the server can't be reached, breaks off, or refuses the mail or a recipient.
    """
    everyone = list(dict.fromkeys(recipients))
    where = f"{server.host}:{server.port}"
    try:
        # Looking up the own name, the default, may take longer than all the rest.
        own_name = sender.rpartition("@")[2]
        with smtplib.SMTP(server.host, server.port, own_name, server.timeout) as smtp:
            if server.tls is not None:
                smtp.starttls(context=server.tls)
            if server.login is not None:
                smtp.login(*server.login)
            refused = smtp.sendmail(sender, everyone, mail)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(where, error.recipients, everyone) from error
    except smtplib.SMTPResponseException as error:
        raise SendError(
            where, f"{error.smtp_code} {_shown(error.smtp_error)}", temporary=error.smtp_code < _PERMANENT
        ) from error
    except smtplib.SMTPException as error:
        cut = isinstance(error, smtplib.SMTPServerDisconnected)
        raise SendError(where, str(error), temporary=cut) from error
    except OSError as error:
        raise SendError(where, str(error) or type(error).__name__, temporary=True) from error
    if refused:
        raise _refusal(where, refused, everyone)


def _refusal(where: str, answers: dict[str, tuple[int, bytes]], everyone: list[str]) -> SendError:
    refused = {name: f"{code} {_shown(text)}" for name, (code, text) in answers.items()}
    rest = len(everyone) - len(refused)
    others = f"; the mail went to the other {rest}" if rest else ""
    named = ", ".join(f"{name} ({answer})" for name, answer in list(refused.items())[:3])
    return SendError(
        where,
        f"{len(refused)} of {len(everyone)} recipients refused: {named}{others}",
        refused=refused,
        temporary=all(code < _PERMANENT for code, _ in answers.values()),
    )


def _shown(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
