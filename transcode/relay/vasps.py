"""The configuration of MM7: where providers reach the centre, and who they are."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import transcode
from transcode.errors import ConfigError, ProfileError
from transcode.net import is_address
from transcode.relay.secrets import check_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Mm7", "Vasp", "check_vasps"]

_VERSION = re.compile(r"[56]\.[0-9]{1,3}\.[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Mm7:
    """Where providers reach the centre.

    Attributes:
        path: the path of the HTTP door for providers; without one in ``vasp`` there is no door.
    """

    path: str = "/mm7"


@dataclass(frozen=True, slots=True)
class Vasp:
    """A value-added service provider: its account for requests, and where its messages go.

    Attributes:
        name: its name in states, reports and HTTP Basic authentication.
        vaspid: the VASPID that its requests have; ``""``: any or none.
        vasids: the VASIDs that its requests may have; none: any or none. The first is that of deliveries.
        secret: the argon2 hash of its secret for HTTP Basic authentication; ``""``: it needs none, and
            addresses must be named.
        addresses: addresses and networks that its requests come from; none: any, with the secret.
        short_codes: the addresses of its services. Messages to them go to ``url``.
        senders: further addresses that its messages may come from, beside the short codes. The first of all
            is the sender of a message that names none.
        may_relay: whether its messages may go to other centres and providers.
        max_bytes: the largest request of it, and the largest message to it, which is adapted if it is larger;
            0: that of the policy, and nothing is adapted.
        network: the profile that such a message is adapted to, as ``transcode.find_profile`` takes it.
        max_recipients: the most recipients of one submission.
        per_minute, burst: recipients a minute that it may send to, and at once; 0 a minute: any number.
        campaign: whether its messages wait behind people's. False is for what somebody waits for.
        url: where deliveries and reports go; ``""``: it gets none.
        user, password: the account there; ``""``: none.
        ca: a file in PEM with the certificates that its server's is checked by; ``""``: those of the system.
        version: the MM7Version of deliveries. Reports have that of the message that they are on.
        timeout: the seconds of one request to it.
        lines: the requests to it at once.
    """

    name: str
    vaspid: str = ""
    vasids: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    addresses: tuple[str, ...] = ()
    short_codes: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    may_relay: bool = False
    max_bytes: int = 0
    network: str = "world"
    max_recipients: int = 1000
    per_minute: float = 0.0
    burst: int = 1000
    campaign: bool = True
    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    version: str = "6.8.0"
    timeout: float = 30.0
    lines: int = 4


def check_vasps(source: str, mm7: Mm7, vasps: Sequence[Vasp], peers: Iterable[str]) -> None:
    """Check the tables of MM7.

    Args:
        source: the name of the file, for errors.
        mm7, vasps: the tables.
        peers: the names of other next hops.

    Raises:
        ConfigError: a value can't be right; the error names file and key.
    """
    if not mm7.path.startswith("/") or mm7.path == "/" or set("{}?#") & set(mm7.path):
        raise ConfigError(source, f"must be a path such as /mm7, not {mm7.path!r}", key="mm7.path")
    names = set(peers)
    for place, vasp in enumerate(vasps):
        key = f"vasp[{place}]"
        fault = _fault(vasp)
        if fault is not None:
            raise ConfigError(source, fault[1], key=f"{key}.{fault[0]}")
        if vasp.name in names:
            raise ConfigError(
                source, f"{vasp.name!r} names another provider or centre too", key=f"{key}.name"
            )
        names.add(vasp.name)


def _fault(vasp: Vasp) -> tuple[str, str] | None:
    """Return the key and the reason of a value that can't be right, or None."""
    if not vasp.name or ":" in vasp.name or not vasp.name.isprintable():
        return "name", "must be a name without a colon"
    if not vasp.secret and not vasp.addresses:
        return "secret", "is missing, and so are addresses: anybody could send in the name of the provider"
    if vasp.secret:
        try:
            check_hash(vasp.secret)
        except ValueError as error:
            return "secret", str(error)
    for place, address in enumerate(vasp.addresses):
        try:
            ipaddress.ip_network(address)
        except ValueError as error:
            return f"addresses[{place}]", str(error)
    if vasp.url and not is_address(vasp.url):
        return "url", "is not an http or https URL"
    if vasp.short_codes and not vasp.url:
        return "url", "is missing: messages to the short codes would go nowhere"
    if vasp.ca and not Path(vasp.ca).is_file():
        return "ca", f"there is no file {vasp.ca}"
    if not _VERSION.fullmatch(vasp.version):
        return "version", f"must be a version of 5 or 6, such as 6.8.0, not {vasp.version!r}"
    try:
        transcode.find_profile(vasp.network)
    except ProfileError as error:
        return "network", str(error)
    for name in ("lines", "timeout", "max_recipients"):
        if not getattr(vasp, name):
            return name, "must be more than 0"
    return None
