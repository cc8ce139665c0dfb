"""The configuration of MM4: how other centres reach this one, and who they are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import transcode
from transcode.errors import ConfigError, ProfileError
from transcode.relay.hops import is_network_code
from transcode.relay.numbers import wrong_beginning
from transcode.relay.secrets import check_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Mm4", "Peer", "check_peers"]


@dataclass(frozen=True, slots=True)
class Mm4:
    """Where the mails of other centres arrive.

    Attributes:
        domain: the domain of this centre, such as ``"mms.mnc006.mcc260.3gppnetwork.org"``; ``""``: there is
            no MM4.
        domains: further domains whose mails are for this centre.
        system: the local part of the mailbox that answers go to.
        host, port: the address that is bound. Port 0: any free one.
        certificate, key: files in PEM for STARTTLS; ``""``: none is offered, and nobody can log in.
        require_tls: whether mails without STARTTLS are refused.
        max_mail_bytes: the largest mail. Base64 makes a medium longer by a third.
        max_connections: connections at once; more get 421.
        max_connections_each: connections of one address at once.
        idle_seconds: how long a connection may be silent.
    """

    domain: str = ""
    domains: tuple[str, ...] = ()
    system: str = "system"
    host: str = "127.0.0.1"
    port: int = 2525
    certificate: str = ""
    key: str = ""
    require_tls: bool = False
    max_mail_bytes: int = 10_000_000
    max_connections: int = 200
    max_connections_each: int = 50
    idle_seconds: float = 300.0

    def is_own(self, domain: str) -> bool:
        """Return whether a domain is this centre's."""
        return domain.lower().rstrip(".") in {one.lower() for one in (self.domain, *self.domains)}

    @property
    def mailbox(self) -> str:
        """The mailbox that answers go to."""
        return f"{self.system}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another centre.

    Attributes:
        name: its name in states and reports.
        domain: the domain that is appended to the numbers of its subscribers.
        domains: further domains of its mails.
        prefixes, numbers, mccmnc: the numbers that it serves: their beginnings, whole numbers, and the codes
            of its networks for numbers that a resolver finds there.
        default: whether it takes what no other table serves.
        may_relay: whether its messages may go on to other centres and providers.
        host, port: its mail server.
        tls: whether mails to it need STARTTLS.
        ca: a file in PEM with the certificates that its own is checked by; ``""``: those of the system.
        user, password: the account for mails to it; ``""``: none.
        timeout: the longest time of one mail to it, in seconds.
        lines: mails at once.
        together: the most recipients of one mail.
        max_bytes: the largest mail that it takes; 0: any. A larger message is adapted.
        network: the profile that such a message is adapted to, as ``transcode.find_profile`` takes it.
        answers: whether it answers each message by an MM4_forward.RES. Without one a message is sent again.
        answers_reports: whether it answers reports likewise.
        per_minute, burst: recipients a minute that it may send to, and at once; 0 a minute: any number.
        addresses: addresses and networks that its mails come from; none: any, with a secret.
        user_in: the name that it logs in with.
        secret: the argon2 hash of its password. A peer with neither addresses nor a secret can't send.
    """

    name: str
    domain: str
    host: str
    domains: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    mccmnc: tuple[str, ...] = ()
    default: bool = False
    may_relay: bool = False
    port: int = 25
    tls: bool = False
    ca: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 120.0
    lines: int = 2
    together: int = 50
    max_bytes: int = 0
    network: str = "world"
    answers: bool = True
    answers_reports: bool = False
    per_minute: float = 0.0
    burst: int = 1000
    addresses: tuple[str, ...] = ()
    user_in: str = ""
    secret: str = field(default="", repr=False)

    def is_own(self, domain: str) -> bool:
        """Return whether a domain is this peer's."""
        return domain.lower().rstrip(".") in {one.lower() for one in (self.domain, *self.domains)}


def check_peers(mm4: Mm4, peers: Sequence[Peer], source: str) -> None:
    """Check the tables of MM4.

    Args:
        mm4, peers: the tables.
        source: the name of the file, for errors.

    Raises:
        ConfigError: a value is missing or wrong; the error names its key.
    """
    if peers and not mm4.domain:
        raise ConfigError(source, "is missing: other centres send their mails to it", key="mm4.domain")
    if mm4.port > 65_535:
        raise ConfigError(source, f"is no port: {mm4.port}", key="mm4.port")
    if mm4.require_tls and not mm4.certificate:
        raise ConfigError(source, "is missing: STARTTLS needs it", key="mm4.certificate")
    names: set[str] = set()
    for place, peer in enumerate(peers):
        for key, reason in _faults(peer, mm4):
            raise ConfigError(source, reason, key=f"peer[{place}].{key}")
        if peer.name in names:
            raise ConfigError(source, f"is another peer's: {peer.name}", key=f"peer[{place}].name")
        names.add(peer.name)


def _faults(peer: Peer, mm4: Mm4) -> Iterator[tuple[str, str]]:
    """Yield key and reason of each wrong value."""
    for key in ("name", "domain", "host"):
        if not getattr(peer, key):
            yield key, "must not be empty"
    for key in ("lines", "together", "timeout"):
        if not getattr(peer, key):
            yield key, "must be above 0"
    if peer.port > 65_535:
        yield "port", f"is no port: {peer.port}"
    for key in ("prefixes", "numbers"):
        if wrong := wrong_beginning(getattr(peer, key)):
            yield key, wrong
    for place, code in enumerate(peer.mccmnc):
        if not is_network_code(code):
            yield f"mccmnc[{place}]", f"{code} is no MCC-MNC"
    for place, address in enumerate(peer.addresses):
        try:
            ipaddress.ip_network(address)
        except ValueError as error:
            yield f"addresses[{place}]", str(error)
    if bool(peer.secret) != bool(peer.user_in):
        yield ("user_in" if peer.secret else "secret"), "is missing: a login has a name and a secret"
    if peer.secret:
        try:
            check_hash(peer.secret)
        except ValueError as error:
            yield "secret", str(error)
        if not mm4.certificate:
            yield "secret", "needs mm4.certificate: without STARTTLS anybody on the way reads the password"
    try:
        transcode.find_profile(peer.network)
    except ProfileError as error:
        yield "network", str(error)
