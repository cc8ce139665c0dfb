"""The configuration of a message centre: one TOML file, checked as a whole before anything starts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import transcode
from transcode.errors import ConfigError, ProfileError
from transcode.net import is_address
from transcode.relay.admin_listener import Admin, check_admin
from transcode.relay.api_settings import Api, check_api
from transcode.relay.hops import Hop, clash, is_network_code
from transcode.relay.linking import Pages, check_pages
from transcode.relay.logs import Log, check_log
from transcode.relay.model import MEGABYTE, Route
from transcode.relay.networks import check_networks
from transcode.relay.numbers import Numbers, check_numbers, wrong_beginning
from transcode.relay.peers import Mm4, Peer, check_peers
from transcode.relay.resolving import Resolving, check_resolver
from transcode.relay.retention import Retention, check_retention
from transcode.relay.sms_gateway import SmsGateway, check_sms
from transcode.relay.tables import Tables
from transcode.relay.timers import Timers
from transcode.relay.vasps import Mm7, Vasp, check_vasps
from transcode.wire.deliveries import LONGEST_LOCATION
from transcode.wire.mm1.push import MOST

__all__ = ["ROLES", "Config", "Devices", "Listen", "Local", "Policy", "checked", "read_config"]

#: What a process can do.
ROLES = ("http", "mm4", "worker")
#: The longest listen.url: ``/m/`` and the 22 characters of a token follow.
_LONGEST_URL = LONGEST_LOCATION - 25


@dataclass(frozen=True, slots=True)
class Listen:
    """Where phones reach the centre.

    Attributes:
        host, port: the address that is bound. Port 0: any free one.
        url: the address that phones use, without a slash at its end; ``""``: the bound one.
        gateways: addresses and networks that requests may come from: the operator's WAP gateways, which put
            the number of the phone into a header.
        sender_header: the name of that header.
        proxies: addresses and networks of load balancers and proxies with TLS before this listener. Who asks
            is then whom their X-Forwarded-For names.
        max_connections: connections at once of strangers; of providers from their addresses; and of gateways
            and proxies. More get 503.
        max_connections_each: connections of one address at once, of gateways and proxies aside.
    """

    host: str = "127.0.0.1"
    port: int = 8190
    url: str = ""
    gateways: tuple[str, ...] = ("127.0.0.1/32", "::1/128")
    sender_header: str = "X-MSISDN"
    proxies: tuple[str, ...] = ()
    max_connections: int = 1000
    max_connections_each: int = 50


@dataclass(frozen=True, slots=True)
class Local:
    """Numbers whose phones this centre serves.

    Attributes:
        prefixes: the beginnings of the numbers, such as ``"+1555"``.
        network: the profile of their network, as ``transcode.find_profile`` takes it.
        mccmnc: the codes of the network, such as ``"310260"``, for numbers that a resolver finds there.
    """

    prefixes: tuple[str, ...] = ()
    network: str = "world"
    mccmnc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the centre takes.

    Attributes:
        max_message_bytes: the largest message of a phone.
        max_recipients: the most recipients of a message.
        max_forwards: how often a message may have been sent on from centre to centre.
        blocked_senders: addresses that may not send; ``*`` stands for any characters.
        refused_types: media types that no message may have; ``*`` stands for any characters.
        sender_per_minute: recipients a minute that a phone may send to; 0: as many as it likes.
        sender_burst: recipients at once, after a pause.
        campaign_recipients: a message to more recipients waits in a lane of its sender's, behind people.
        quota_bytes: octets of messages that may wait for a recipient; 0: any number.
        max_bytes_in_flight: octets of all requests that are read at once; more are asked to come later.
        receive_seconds: the longest time that one request may take to arrive.
        least_rate: the octets a second that a phone must take of what it fetches, counted over a minute; a
            slower transfer is broken. GSM has 1,200 where it is slowest (9,600 bit/s), and a fifth of it
            leaves room for a tunnel. 0: it must take something.
        wait_seconds: how long a phone waits for a message that is adapted; it is then told to ask again.
        adapt_seconds: the longest time that adapting one message may take.
        adapt_processes: how many messages are adapted at once; 0: one a processor.
        wrong_tokens: how many addresses of no message a phone may ask for in a minute.
    """

    max_message_bytes: int = 5 * MEGABYTE
    max_recipients: int = 100
    max_forwards: int = 10
    blocked_senders: tuple[str, ...] = ()
    refused_types: tuple[str, ...] = ()
    sender_per_minute: float = 60.0
    sender_burst: int = 100
    campaign_recipients: int = 20
    quota_bytes: int = 100 * MEGABYTE
    max_bytes_in_flight: int = 256 * MEGABYTE
    receive_seconds: float = 120.0
    least_rate: float = 250.0
    wait_seconds: float = 8.0
    adapt_seconds: float = 60.0
    adapt_processes: int = 0
    wrong_tokens: int = 20


@dataclass(frozen=True, slots=True)
class Devices:
    """What the centre finds out of the phones that it serves.

    Attributes:
        fetch: whether the UAProf documents that phones name are fetched.
        fetch_seconds: the longest time that a document may take.
        wait_seconds: how long a phone waits for its document before what is registered of it counts.
        failed_seconds: for how long a document that can't be had is not asked for again.
        max_documents: how many documents are kept.
        allow_private: whether a document may be fetched from this machine or a private network.
        clips_ahead: whether clips are made before anybody asks: for a phone's last known device, and for the
            page of whoever gets a link.
    """

    fetch: bool = True
    fetch_seconds: float = 10.0
    wait_seconds: float = 2.0
    failed_seconds: float = 6 * 3600.0
    max_documents: int = 5000
    allow_private: bool = False
    clips_ahead: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration.

    Attributes:
        name: the name of the centre, for people.
        store: the folder of the database and the octets, and of what the centre keeps beside them.
        database: a PostgreSQL database for the rows, as libpq takes it, such as
            ``postgresql://user@host/name``; ``""``: a file in the folder. Several machines share one.
        roles: what this process does: ``"http"`` answers phones and providers, ``"mm4"`` takes mails of other
            centres, ``"worker"`` does what is due. Several processes share a database and a bucket, or a
            folder.
        bucket: a bucket for the octets, such as ``s3://bucket/relay``; ``""``: the folder. Keys, region and
            endpoint stand in the environment, as the AWS tools have them.
        listen, numbers, sms, policy, devices, resolver, timers, retention, log: see these classes.
        admin, api: see these classes; None: there are no pages for operators, and no API.
        local: the numbers that the centre serves.
        mm4: where mails of other centres arrive.
        peer: the other centres.
        mm7, vasp: the door for providers, and who they are.
        pages: for who can't receive a message; None: there are no pages, and no links to them.
    """

    name: str = "mmsc.localhost"
    store: Path = Path("relay")
    database: str = ""
    bucket: str = ""
    roles: tuple[str, ...] = ROLES
    listen: Listen = field(default_factory=Listen)
    numbers: Numbers = field(default_factory=Numbers)
    sms: SmsGateway = field(default_factory=SmsGateway)
    policy: Policy = field(default_factory=Policy)
    devices: Devices = field(default_factory=Devices)
    resolver: Resolving = field(default_factory=Resolving)
    timers: Timers = field(default_factory=Timers)
    retention: Retention = field(default_factory=Retention)
    log: Log = field(default_factory=Log)
    admin: Admin | None = None
    api: Api | None = None
    local: tuple[Local, ...] = ()
    mm4: Mm4 = field(default_factory=Mm4)
    peer: tuple[Peer, ...] = ()
    mm7: Mm7 = field(default_factory=Mm7)
    vasp: tuple[Vasp, ...] = ()
    pages: Pages | None = None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The next hops that the tables name."""
        here = (
            Hop(Route.LOCAL, network=one.network, prefixes=one.prefixes, codes=one.mccmnc)
            for one in self.local
        )
        peers = (
            Hop(
                Route.PEER,
                one.name,
                numbers=tuple(map(self.numbers.normal, one.numbers)),
                prefixes=one.prefixes,
                codes=one.mccmnc,
                domains=(one.domain, *one.domains),
                is_default=one.default,
                may_relay=one.may_relay,
            )
            for one in self.peer
        )
        vasps = (
            Hop(
                Route.VASP,
                one.name,
                numbers=tuple(map(self.numbers.normal, one.short_codes)),
                may_relay=one.may_relay,
            )
            for one in self.vasp
        )
        return (*here, *peers, *vasps)


def read_config(path: Path) -> Config:
    """Read a configuration file. Paths in it are relative to its folder.

    Raises:
        ConfigError: the file can't be read, is no TOML, or has a key or a value that does not exist; the
            error names file and key.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), str(error)) from error
    config: Config = Tables(str(path)).value(Config, values)
    checked(config, str(path))
    return _located(config, path.parent)


def _located(config: Config, folder: Path) -> Config:
    """Return a configuration whose paths are relative to no folder of its own."""

    def located(name: str) -> str:
        return str(folder / name) if name else ""

    mm4 = replace(config.mm4, certificate=located(config.mm4.certificate), key=located(config.mm4.key))
    peers = tuple(replace(peer, ca=located(peer.ca)) for peer in config.peer)
    resolver = config.resolver
    if resolver.file != Path():
        resolver = replace(resolver, file=folder / resolver.file)
    return replace(config, store=folder / config.store, mm4=mm4, peer=peers, resolver=resolver)


def checked(config: Config, source: str) -> Config:
    """Return a configuration whose values go together.

    Args:
        config: the configuration.
        source: where it is from, for errors.

    Raises:
        ConfigError: a value is outside its range, or contradicts another one.
    """
    _check_listen(config.listen, source)
    if not config.policy.wrong_tokens:
        raise ConfigError(source, "must be at least 1", key="policy.wrong_tokens")
    if not config.devices.fetch_seconds:
        raise ConfigError(source, "must be above 0", key="devices.fetch_seconds")
    if not config.timers.retry or not config.timers.remind:
        raise ConfigError(source, "must name at least one number of seconds", key="timers")
    if not 0 <= config.timers.jitter < 1:
        raise ConfigError(source, f"must be below 1, but is {config.timers.jitter}", key="timers.jitter")
    if not 1 <= config.sms.max_segments <= MOST:
        raise ConfigError(
            source, f"must be from 1 to {MOST}, but is {config.sms.max_segments}", key="sms.max_segments"
        )
    for place, one in enumerate(config.local):
        try:
            transcode.find_profile(one.network)
        except ProfileError as error:
            raise ConfigError(source, str(error), key=f"local[{place}].network") from error
        if not (one.prefixes or one.mccmnc):
            raise ConfigError(source, "is missing, and mccmnc too", key=f"local[{place}].prefixes")
        if wrong := wrong_beginning(one.prefixes):
            raise ConfigError(source, wrong, key=f"local[{place}].prefixes")
        for code in one.mccmnc:
            if not is_network_code(code):
                raise ConfigError(source, f"{code} is no MCC-MNC", key=f"local[{place}].mccmnc")
    check_numbers(config.numbers, source)
    twice = clash(config.hops)
    if twice is not None:
        raise ConfigError(source, f"the {' '.join(twice)} stands in two tables")
    check_sms(config.sms, source)
    check_resolver(config.resolver, source)
    check_peers(config.mm4, config.peer, source)
    check_retention(config.retention, config.timers.duplicate, source, has_api=config.api is not None)
    check_log(config.log, source)
    check_admin(config.admin, source)
    names = [*(one.name for one in config.peer), *(one.name for one in config.vasp)]
    check_api(config.api, names, source)
    check_pages(config.pages, source)
    for place, role in enumerate(config.roles):
        if role not in ROLES:
            raise ConfigError(source, f"{role!r} is not one of {', '.join(ROLES)}", key=f"roles[{place}]")
    if not config.roles:
        raise ConfigError(source, f"must name at least one of {', '.join(ROLES)}", key="roles")
    if "http" not in config.roles and not config.listen.url:
        raise ConfigError(source, "is missing: phones fetch from another process", key="listen.url")
    check_vasps(source, config.mm7, config.vasp, (one.name for one in config.peer))
    return config


def _check_listen(listen: Listen, source: str) -> None:
    check_networks(listen.gateways, source, "listen.gateways")
    check_networks(listen.proxies, source, "listen.proxies")
    for key in ("max_connections", "max_connections_each"):
        if not getattr(listen, key):
            raise ConfigError(source, "must be at least 1", key=f"listen.{key}")
    if listen.url and (not is_address(listen.url) or "?" in listen.url or "#" in listen.url):
        raise ConfigError(
            source, "must be an address with http:// or https://, without ? and #", key="listen.url"
        )
    if len(listen.url.rstrip("/")) > _LONGEST_URL:
        # Otherwise each notification would be refused, and with it its message.
        reason = (
            f"has more than {_LONGEST_URL} characters; a token follows, and phones take {LONGEST_LOCATION}"
        )
        raise ConfigError(source, reason, key="listen.url")
    if listen.port > 65_535:
        raise ConfigError(source, f"is no port: {listen.port}", key="listen.port")
