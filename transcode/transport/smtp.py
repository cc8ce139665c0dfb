"""Sends MM4 mails to an SMTP server (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from transcode.counted import counted
from transcode.errors import MessageError, SendError
from transcode.net import NO_TIMEOUT, BoundedSocket, Exchange, connect, is_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Server", "check", "mailbox", "send", "trusted_tls"]

_MAILBOX = re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.\[\]:-]{1,255}")
#: The reply codes of transient failures (RFC 5321, 4.2.1).
_TRANSIENT = range(400, 500)
_REFUSALS = range(400, 600)
#: The most octets of a server's replies in a session, and of those to each recipient. Usual replies have tens
#: of octets.
_MOST_OCTETS = 65_536
_OCTETS_EACH = 2_048
_BRACKETED = re.compile(r"[^<>\x00-\x1f]*<([^<>]+)>\s*")


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server that accepts mails.

    Attributes:
        host: name or IP address.
        port: the TCP port; 25 between servers.
        timeout: the time limit of the whole session, from the host's name resolution to the server's reply to
            the mail, in seconds.
        tls: the TLS context for STARTTLS; the session fails without STARTTLS. None: no encryption.
        login: user name and password, or None; ``repr`` does not show them.
    """

    host: str
    port: int = 25
    timeout: float = 60.0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = field(default=None, repr=False)


def check(server: Server) -> None:
    """Check the types and ranges of a server's attributes.

    Raises:
        MessageError: server is not a Server, or an attribute is of another type or outside its range. The
            error does not repeat the login.
    """
    if not isinstance(server, Server):
        raise MessageError(f"server: must be a Server, not {type(server).__name__}")
    if not isinstance(server.host, str):
        raise MessageError(f"host: must be the server's name as text, not {type(server.host).__name__}")
    if not server.host:
        raise MessageError("host: the server's name is empty")
    if type(server.port) is not int or not 0 < server.port < 65_536:
        raise MessageError(f"port: must be a number from 1 to 65,535, not {server.port!r}")
    if not is_timeout(server.timeout):
        raise MessageError(f"{NO_TIMEOUT}, not {server.timeout!r}")
    if server.tls is not None and not hasattr(server.tls, "wrap_socket"):
        raise MessageError(f"tls: must be an ssl.SSLContext, not {type(server.tls).__name__}")
    login = server.login
    if login is not None and not (
        isinstance(login, tuple) and len(login) == 2 and all(isinstance(one, str) for one in login)
    ):
        given = f"a tuple of {len(login)}" if isinstance(login, tuple) else type(login).__name__
        raise MessageError(f"login: must be a pair of name and password, both text, not {given}")


def trusted_tls() -> ssl.SSLContext:
    """Return a TLS context that trusts the certificates that the system trusts."""
    return ssl.create_default_context()


def mailbox(address: str, domain: str | None) -> str:
    """Return the mailbox of an address for the SMTP envelope.

    Args:
        address: in wire form, such as ``"+15555550100/TYPE=PLMN"``.
        domain: the domain of the MMSC that serves numbers; None: numbers are refused.

    Raises:
        MessageError: the address is not a mailbox, with or without the domain.
    """
    found = _BRACKETED.fullmatch(address)
    text = address if found is None else found[1]
    if "@" not in text and domain is not None:
        text = f"{text}@{domain}"
    if not _MAILBOX.fullmatch(text):
        hint = "" if "@" in text else "; a number needs the domain of an MMSC"
        raise MessageError(f"{address!r} can't be a mail's recipient or sender{hint}")
    return text


def send(mail: bytes, server: Server, *, sender: str, recipients: Iterable[str]) -> str:
    """Send a mail to an SMTP server; return the server's reply to the mail.

    If the time runs out between the end of the mail and the server's reply, the server may have accepted the
    mail. The error is temporary.

    Raises:
        MessageError: as in check.
        SendError: the server can't be reached, exceeds the timeout or the most octets of replies, closes the
            connection, or refuses the mail or a recipient.
    """
    everyone = list(dict.fromkeys(recipients))
    where = f"{server.host}:{server.port}"
    check(server)
    exchange = Exchange(server.timeout, _MOST_OCTETS + _OCTETS_EACH * len(everyone))
    try:
        refused, reply = _dialogue(mail, server, exchange, sender, everyone)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(where, error.recipients, everyone) from error
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
        raise SendError(
            where,
            f"{code} {_shown(error.smtp_error)}",
            status=code if code in _REFUSALS else None,
            temporary=code in _TRANSIENT,
        ) from error
    except UnicodeError:
        # The text of a UnicodeError contains the password.
        raise SendError(where, "name and password of the login must be US-ASCII text") from None
    # The errors of smtplib are OSErrors too.
    except OSError as error:
        own = isinstance(error, smtplib.SMTPException)
        # A later try with a certificate that is not trusted fails too.
        cut = not own and not isinstance(error, ssl.SSLCertVerificationError)
        cut = cut or isinstance(error, smtplib.SMTPServerDisconnected)
        late = f"timed out: the mail was not accepted within {counted(server.timeout, 'second')}"
        reason = late if exchange.is_over else str(error) or type(error).__name__
        raise SendError(where, reason, temporary=cut) from error
    if refused:
        raise _refusal(where, refused, everyone)
    return reply


def _dialogue(
    mail: bytes, server: Server, exchange: Exchange, sender: str, everyone: list[str]
) -> tuple[dict[str, tuple[int, bytes]], str]:
    """Send a mail in one SMTP session; return the replies to refused recipients, and to the mail."""
    # By default smtplib resolves the host's own name, which may take longer than the session.
    client = _Client(server, exchange, own_name=sender.rpartition("@")[2])
    try:
        if server.tls is not None:
            # smtplib uses no other method of a context than wrap_socket.
            client.starttls(context=cast("ssl.SSLContext", _Wrapped(server.tls)))
        if server.login is not None:
            client.login(*server.login)
        refused = client.sendmail(sender, everyone, mail)
        # The server has accepted the mail, so a failure of QUIT does not matter.
        with suppress(OSError):
            client.quit()
        return refused, client.reply
    finally:
        client.close()


class _Client(smtplib.SMTP):
    """An SMTP client whose socket has the deadline and the octet limit of an exchange.

    Attributes:
        reply: the server's reply to the mail, on one line.
    """

    reply = ""

    def __init__(self, server: Server, exchange: Exchange, *, own_name: str) -> None:
        self._exchange = exchange
        super().__init__(server.host, server.port, own_name, server.timeout)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, text = super().data(msg)
        self.reply = f"{code} {' '.join(_shown(text).split())}".rstrip()
        return code, text

    def _get_socket(self, host: str, port: int, _timeout: float) -> Any:
        return connect(host, port, self._exchange)


class _Wrapped:
    """A TLS context whose sockets keep the bounds of the socket that they wrap."""

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
        f"{len(refused)} of {counted(len(everyone), 'recipient')} refused: {named}{others}",
        refused=refused,
        # The same mail once more would reach the others again.
        temporary=not rest and all(code in _TRANSIENT for code, _ in answers.values()),
    )


def _shown(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
