"""Mails of MM4 handed to an SMTP server (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from transcode.errors import MessageError, SendError
from transcode.net import NO_TIMEOUT, BoundedSocket, Exchange, connect, is_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Server", "check", "mailbox", "send"]

_MAILBOX = re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.\[\]:-]{1,255}")
#: The first of the codes that say that trying again is no use (RFC 5321, 4.2.1).
_PERMANENT = 500
#: Octets that a server may say in a dialogue, and those for each recipient: greetings and answers have tens.
_MOST_OCTETS = 65_536
_OCTETS_EACH = 2_048
_BRACKETED = re.compile(r"[^<>\x00-\x1f]*<([^<>]+)>\s*")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails are handed to.

    Attributes:
        host: name or address.
        port: 25 between servers.
        timeout: for the whole dialogue, from the look-up of the host to the server's word that it has
            the mail, in seconds.
        tls: encrypts the connection by STARTTLS, or it fails; None: it stays plain.
        login: name and password, or None; ``repr`` does not show it.
    """

    host: str
    port: int = 25
    timeout: float = 60.0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = field(default=None, repr=False)


def check(server: Server) -> None:
    """See whether a server is one that can be asked; the login is not repeated.

    Raises:
        MessageError: it is something else, or one of its attributes is.
    """
    if not isinstance(server, Server):
        raise MessageError(f"server: a Server, not {type(server).__name__}")
    if not isinstance(server.host, str):
        raise MessageError(f"host: the server's name, not {type(server.host).__name__}")
    if not server.host:
        raise MessageError("host: the server has no name")
    if type(server.port) is not int or not 0 < server.port < 65_536:
        raise MessageError(f"port: a number from 1 to 65,535, not {server.port!r}")
    if not is_timeout(server.timeout):
        raise MessageError(f"{NO_TIMEOUT}, not {server.timeout!r}")
    if server.tls is not None and not hasattr(server.tls, "wrap_socket"):
        raise MessageError(f"tls: an ssl.SSLContext, not {type(server.tls).__name__}")
    login = server.login
    if login is not None and not (
        isinstance(login, tuple) and len(login) == 2 and all(isinstance(one, str) for one in login)
    ):
        given = f"a tuple of {len(login)}" if isinstance(login, tuple) else type(login).__name__
        raise MessageError(f"login: a pair of name and password, both text, not {given}")


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

    Where the time runs out after the mail has been sent, and before the server says that it has it,
    nobody knows whether it does: the error is a temporary one.

    Raises:
        MessageError: as in check.
        SendError: the server can't be reached, is too slow or says too much, breaks off, or refuses the
            mail or a recipient.
    """
    everyone = list(dict.fromkeys(recipients))
    where = f"{server.host}:{server.port}"
    check(server)
    exchange = Exchange(server.timeout, _MOST_OCTETS + _OCTETS_EACH * len(everyone))
    try:
        refused = _dialogue(mail, server, exchange, sender, everyone)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(where, error.recipients, everyone) from error
    except smtplib.SMTPResponseException as error:
        raise SendError(
            where, f"{error.smtp_code} {_shown(error.smtp_error)}", temporary=error.smtp_code < _PERMANENT
        ) from error
    except UnicodeError:
        # Its text would show the password.
        raise SendError(where, "name and password of the login must be of US-ASCII") from None
    # What smtplib has for an error of its own is an OSError as well.
    except OSError as error:
        own = isinstance(error, smtplib.SMTPException)
        # A certificate that is not trusted will not be so later.
        cut = not own and not isinstance(error, ssl.SSLCertVerificationError)
        cut = cut or isinstance(error, smtplib.SMTPServerDisconnected)
        late = f"timed out: not done within {server.timeout:g} seconds"
        reason = late if exchange.is_over else str(error) or type(error).__name__
        raise SendError(where, reason, temporary=cut) from error
    if refused:
        raise _refusal(where, refused, everyone)


def _dialogue(
    mail: bytes, server: Server, exchange: Exchange, sender: str, everyone: list[str]
) -> dict[str, tuple[int, bytes]]:
    """Speak with the server until it has the mail; the recipients that it refused."""
    # Looking up the own name, the default, may take longer than all the rest.
    client = _Client(server, exchange, own_name=sender.rpartition("@")[2])
    try:
        if server.tls is not None:
            # Its wrap_socket is all that smtplib calls.
            client.starttls(context=cast("ssl.SSLContext", _Wrapped(server.tls)))
        if server.login is not None:
            client.login(*server.login)
        refused = client.sendmail(sender, everyone, mail)
        # The server has the mail: whatever becomes of the farewell is no failure.
        with suppress(OSError):
            client.quit()
        return refused
    finally:
        client.close()


class _Client(smtplib.SMTP):
    """A client whose socket keeps to the bounds of an exchange."""

    def __init__(self, server: Server, exchange: Exchange, *, own_name: str) -> None:
        self._exchange = exchange
        super().__init__(server.host, server.port, own_name, server.timeout)

    def _get_socket(self, host: str, port: int, _timeout: float) -> Any:
        return connect(host, port, self._exchange)


class _Wrapped:
    """A context of TLS whose sockets keep to the bounds of the one that is wrapped."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, bounded: BoundedSocket, *, server_hostname: str) -> BoundedSocket:
        bounded.raw.settimeout(bounded.exchange.left())
        return BoundedSocket(
            self._context.wrap_socket(bounded.raw, server_hostname=server_hostname), bounded.exchange
        )


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
