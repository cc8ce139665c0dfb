"""MM4 in: mails of other centres (3GPP TS 23.140, 8.4), from those that the configuration knows alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from transcode.relay.networks import is_in, networks
from transcode.relay.ports.gate import Gate
from transcode.relay.ports.smtp import Bounds, Smtp, counted, serving
from transcode.relay.secrets import SecretsBusy

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from transcode.relay.config import Config
    from transcode.relay.peers import Peer
    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.ports.mm4_mails import Mails
    from transcode.relay.secrets import Verifier

__all__ = ["Door", "listening"]

_LOG = logging.getLogger(__name__)

#: Mails that are read and kept at once.
_THREADS = 8
_STRANGER = "554 5.7.1 this server takes mails of its peers alone"
_LOGIN = "530 5.7.0 log in first"
_AMBIGUOUS = "554 5.7.1 several peers have your address, and none the domain of this sender"
_ELSEWHERE = "550 5.7.1 mails to this domain are not taken"
_RETURNED = "250 2.0.0 OK"
_MANY = "452 4.5.3 too many recipients"
_LATER = "451 4.3.0 the mail can't be kept now"
_BUSY = "451 4.7.0 too many logins at once"


class Door:
    """The hooks of aiosmtpd.

    Args:
        config: the configuration.
        mails: keeps them.
        verifier: verifies secrets.
    """

    def __init__(self, config: Config, mails: Mails, verifier: Verifier) -> None:
        self._config = config
        self._peers = [(peer, networks(peer.addresses)) for peer in config.peer]
        self._mails = mails
        self._verifier = verifier
        self._pool = ThreadPoolExecutor(_THREADS, "transcode-mm4")

    def close(self) -> None:
        """End the threads when what they do is done."""
        self._pool.shutdown()

    @property
    def has_logins(self) -> bool:
        """Whether any peer has a secret."""
        return any(peer.secret for peer, _ in self._peers)

    def login(self, name: str, secret: bytes) -> str | None:
        """Return the name of the peer that has a secret, or None.

        Raises:
            SecretsBusy: too many others are verified.
        """
        known = next((peer for peer, _ in self._peers if peer.secret and peer.user_in == name), None)
        is_right = self._verifier.verify(known.secret if known else "", secret)
        return known.name if known and is_right else None

    # aiosmtpd calls hooks with these arguments, whether they are of use or not.
    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Find out who sends."""
        found = self._peers_of(session, address)
        if isinstance(found, str):
            return counted(found)
        envelope.mail_from = address
        envelope.peers = found  # type: ignore[attr-defined]  # an envelope may have more attributes
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take recipients of this centre's domains; who else is served, the mail itself says."""
        domain = address.rpartition("@")[2] if "@" in address else ""
        is_own = not domain or self._config.mm4.is_own(domain)
        first, *others = envelope.peers  # type: ignore[attr-defined]  # RCPT needs MAIL
        if not is_own and (others or not self._mails.passes(first, address)):
            return counted(_ELSEWHERE)
        if len(envelope.rcpt_tos) >= self._config.policy.max_recipients:
            return counted(_MANY)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail before it is answered."""
        peers: list[Peer] = envelope.peers  # type: ignore[attr-defined]  # as in RCPT
        octets = envelope.content
        assert isinstance(octets, bytes)  # noqa: S101  (decode_data is off)
        taking = partial(self._taken, peers, list(envelope.rcpt_tos), octets)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, taking)
        except Exception:  # noqa: BLE001
            # The disk is full, for one: the peer keeps the mail and sends it again.
            _LOG.exception("a mail of %s can't be kept", " or ".join(peer.name for peer in peers))
            return _LATER

    def _taken(self, peers: Sequence[Peer], recipients: Sequence[str], octets: bytes) -> str:
        if len(peers) == 1:
            return self._mails.take(peers[0], recipients, octets)
        return _RETURNED if self._mails.returned(peers, octets) else _AMBIGUOUS

    async def handle_exception(self, error: Exception) -> str:
        """Answer what went wrong in a session, without its reason: strangers read it."""
        if isinstance(error, SecretsBusy):
            return counted(_BUSY)
        _LOG.warning("a session of SMTP: %r", error)
        return _LATER

    def _peers_of(self, session: Session, sender: str) -> list[Peer] | str:
        """Return the peer that an address and a login belong to, or the refusal.

        A mail without a sender, which a server sends on a mail that it could not hand on, may be of several.
        """
        assert session.peer is not None  # noqa: S101  (a connection has one)
        address = session.peer[0]
        who = session.auth_data.login.decode() if session.authenticated and session.auth_data else ""
        here = [
            peer for peer, its in self._peers if (its or peer.secret) and (not its or is_in(address, its))
        ]
        found = [peer for peer in here if not peer.secret or peer.name == who]
        if who and any(peer.name == who for peer in found):
            found = [peer for peer in found if peer.name == who]
        if not found:
            return _LOGIN if any(peer.secret for peer in here) and not who else _STRANGER
        # aiosmtpd writes none as <>.
        if len(found) > 1 and sender not in ("", "<>"):
            domain = sender.rpartition("@")[2]
            found = [peer for peer in found if peer.is_own(domain)]
            return found if len(found) == 1 else _AMBIGUOUS
        return found


def tls_context(config: Config) -> ssl.SSLContext | None:
    """Return the context of the configured certificate, or None.

    Raises:
        OSError: a file can't be read, or is no certificate or key.
    """
    if not config.mm4.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.mm4.certificate, config.mm4.key or None)
    return context


@contextlib.contextmanager
def listening(config: Config, door: Door, in_flight: InFlight, line: socket.socket) -> Iterator[int]:
    """Take mails for the time of a ``with`` block, and yield the port.

    Args:
        config: the configuration.
        door: the hooks.
        in_flight: the counter of all doors.
        line: the bound socket.

    Raises:
        OSError: certificate or key can't be read, or nobody can listen there.
    """
    mm4 = config.mm4
    bounds = Bounds(mm4.max_mail_bytes, config.policy.receive_seconds, mm4.idle_seconds)
    known = networks(address for peer in config.peer for address in peer.addresses)
    gate = Gate("mm4", mm4.max_connections, mm4.max_connections_each, known)
    tls = tls_context(config)
    # What the library says of each command holds numbers.
    logging.getLogger("mail.log").setLevel(logging.ERROR)

    def protocol() -> Smtp:
        return Smtp(
            door,
            bounds,
            gate,
            in_flight,
            hostname=mm4.domain,
            tls=tls,
            require_tls=mm4.require_tls,
            login=door.login if door.has_logins else None,
        )

    with contextlib.closing(door), serving(line, protocol):
        yield int(line.getsockname()[1])
