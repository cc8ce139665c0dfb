"""A message centre as one process: doors, worker and store, started and stopped together."""

from __future__ import annotations

import contextlib
import errno
import functools
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from transcode.jobs.processors import available
from transcode.relay import abuse, logs, metrics
from transcode.relay.adaptation import Adapter
from transcode.relay.admin.application import application as admin_application
from transcode.relay.admin.frame import Desk
from transcode.relay.admin.health import Health
from transcode.relay.ahead import Ahead
from transcode.relay.amendments import Amendments
from transcode.relay.capability import Capability
from transcode.relay.centre import Centre
from transcode.relay.documents import Documents
from transcode.relay.estimate.versions import Versions
from transcode.relay.gauges import Gauges
from transcode.relay.judging import Judge
from transcode.relay.linking import Pages
from transcode.relay.networks import networks
from transcode.relay.optout import OptOuts
from transcode.relay.outlets.links import Links
from transcode.relay.outlets.peers import Peers
from transcode.relay.outlets.phones import Phones
from transcode.relay.outlets.providers import Providers
from transcode.relay.page.shelf import Shelf
from transcode.relay.page.view import Renderer
from transcode.relay.patience import Parts
from transcode.relay.places import open_blobs, open_rows, pseudonyms
from transcode.relay.ports import mm1, mm4, mm7, pages, sms_in
from transcode.relay.ports.gate import Gate
from transcode.relay.ports.gateways import gateway
from transcode.relay.ports.http_doors import application
from transcode.relay.ports.http_protocol import Protocol
from transcode.relay.ports.in_flight import InFlight
from transcode.relay.ports.mm4_mails import Mails
from transcode.relay.ports.resolvers import made_resolver
from transcode.relay.ports.retrieval import Retrieval
from transcode.relay.preparing import Preparing
from transcode.relay.route import Router
from transcode.relay.routing import Routing
from transcode.relay.secrets import Verifier
from transcode.relay.store.common import SharedDocuments
from transcode.relay.store.due import Kind, Work
from transcode.relay.store.ownership import Ownership
from transcode.relay.store.tidying import Tidier
from transcode.relay.texts import dropped
from transcode.relay.worker import Errand, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from starlette.routing import Route

    from transcode.relay.admin_listener import Admin
    from transcode.relay.config import Config, Listen
    from transcode.relay.outlets.outlet import Outlet, Reporter
    from transcode.relay.ports.sms import Sms
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.resolver import Resolver
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.texts import Hear, Text

__all__ = ["Running", "allow_files", "running"]

#: The most open files that are asked for.
_MOST_FILES = 65_536
#: Seconds that a stop waits for transfers.
_GRACE = 10
#: Why an address can't be bound, in words for who wrote the configuration.
_UNBOUND = {
    errno.EADDRINUSE: "another process listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "may not be bound by this user; ports below 1024 take root, or CAP_NET_BIND_SERVICE",
}


class Running:
    """A message centre that runs.

    Attributes:
        url: the address that phones use.
        store: the rows.
        mm4_port: the port that other centres' mails arrive at, or 0.
        admin_url: the address of operators; ``""``: there is none.
    """

    def __init__(self, url: str, store: SqlStore, mm4_port: int, admin_url: str) -> None:
        self.url = url
        self.store = store
        self.mm4_port = mm4_port
        self.admin_url = admin_url


def allow_files() -> None:
    """Let this process open as many files as the system allows it, up to 65,536.

    Most systems give 1024 to who asks for no more. Connections alone may be as many, and the store would find
    none left.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def running(config: Config, *, sms: Sms | None = None, hear: Hear | None = None) -> Iterator[Running]:
    """Run a message centre for the time of a ``with`` block.

    Args:
        config: the configuration.
        sms: the SMS gateway; None: that of the configuration.
        hear: what is done with texts that phones write to the centre; None: words on links are heard.

    Raises:
        OSError: the address can't be bound, or the folder of the store can't be written.
    """
    with contextlib.ExitStack() as ends:
        store = ends.enter_context(_rows(config))
        hear, words = hear or _hearing(config, store, lambda: sms), pseudonyms(config, store)
        lanes: Callable[[], dict[str, bool]] = dict
        blobs = _octets(config, store)
        router = _router(config)
        centre = Centre(config, store, blobs, router, time.time)
        in_flight = InFlight(config.policy.max_bytes_in_flight)
        url, mm4_port = config.listen.url.rstrip("/"), 0
        documents = _documents(config, store)
        ends.callback(documents.close)
        capability = Capability(store, router, documents, time.time)
        is_awaited = "http" in config.roles
        adapter = Adapter(store, blobs, config.store / "profiles", config.policy, is_awaited=is_awaited)
        ends.callback(adapter.close)
        versions = Versions(config, blobs, adapter)
        ahead = _ahead(config, adapter, capability, blobs, ends)
        if is_awaited:
            retrieval = Retrieval(config, centre, capability, adapter, store, blobs)
            doors = mm1.routes(config, centre, retrieval, in_flight)
            amendments = Amendments(store, blobs, time.time, config.timers, config.numbers)
            doors += mm7.routes(config, centre, amendments, in_flight) + sms_in.routes(config, hear)
            doors += ends.enter_context(_api(config, centre, amendments, store, blobs, in_flight, versions))
            doors += _pages(config, centre, Shelf(adapter, blobs), store, ends)
            bound = ends.enter_context(_listening(config, doors))
            url = url or bound
        if "mm4" in config.roles and config.mm4.domain:
            mm4_port = ends.enter_context(_mm4(config, centre, store, in_flight))
        if "worker" in config.roles:
            if sms is None and config.sms.url:
                sms = gateway(config, hear)
            peers = [Peers(config, one, store, blobs, router, adapter, time.time) for one in config.peer]
            providers = [Providers(config, one, blobs, adapter) for one in config.vasp]
            phones = Phones(config, blobs, sms, url, time.time)
            links = Links(config, store, blobs, sms, _pages_url(config) or url, time.time, ahead)
            outlets: list[Outlet] = [phones, links, *peers, *providers]
            for outlet in outlets:
                ends.callback(outlet.close)
            hops = {(outlet.route, outlet.peer) for outlet in outlets}
            tidier = Tidier(store, blobs, config.retention, words, config.timers, hops)
            resolver = made_resolver(config.resolver)
            if resolver is not None:
                ends.callback(resolver.close)
            judge = Judge(config, store, router, resolver, time.time)
            preparing = Preparing(adapter, blobs, [*peers, *providers])
            errands = [*map(_answers, peers), *_of_api(config, store, judge, resolver, preparing, ends)]
            routing = Routing(config, store, judge, resolver, time.time, ahead)
            reporters: list[Reporter] = [phones, *peers, *providers]
            worker = Worker(
                store, tidier, routing, outlets, reporters, time.time, errands, config.timers.lease
            )
            worker.start()
            ends.callback(worker.stop)
            lanes = worker.lanes
        admin_url = ends.enter_context(_admin(config, store, words, in_flight, lanes, versions))
        # The first one that is called in the end: doors and workers may wait for the database.
        ends.callback(store.hurry)
        yield Running(url, store, mm4_port, admin_url)


@contextlib.contextmanager
def _rows(config: Config) -> Iterator[SqlStore]:
    """Open the rows; logs and metrics hear of what changes in them."""
    with contextlib.closing(open_rows(config)) as store:
        store.watch(logs.Changes())
        store.watch(metrics.Changes())
        yield store


def _octets(config: Config, store: SqlStore) -> Blobs:
    """Open the octets, which are those of the rows."""
    blobs = open_blobs(config)
    Ownership(store, blobs).claim()
    return blobs


def _ahead(
    config: Config, adapter: Adapter, capability: Capability, blobs: Blobs, ends: contextlib.ExitStack
) -> Ahead | None:
    """Return what makes clips before anybody asks, where this process does."""
    if "worker" not in config.roles or not config.devices.clips_ahead:
        return None
    ahead = Ahead(adapter, capability, blobs, None if config.pages is None else Shelf(adapter, blobs))
    ends.callback(ahead.close)
    return ahead


def _documents(config: Config, store: SqlStore) -> Documents:
    """Return the documents of phones, which machines that share rows have there, too."""
    shared = SharedDocuments(store, config.devices.max_documents, time.time) if config.database else None
    return Documents(config.store / "profiles", config.devices, time.time, shared=shared)


def _router(config: Config) -> Router:
    asked = config.resolver.prefixes if config.resolver.is_there else ()
    return Router(config.hops, asked, config.pages)


def _hearing(config: Config, store: SqlStore, gateway_of: Callable[[], Sms | None]) -> Hear:
    """Return what takes texts of phones: those that end links and campaigns, or let them come again."""
    if config.pages is None and config.api is None:
        return dropped
    pages = config.pages or Pages()
    heard = OptOuts(pages, store, config.timers, time.time).heard
    sender = pages.sender

    def hear(text: Text) -> None:
        said, sms = heard(text.sender, text.text), gateway_of()
        # A process without the gateway notes the word, and answers nothing.
        if said and sms is not None:
            sms.text(text.sender, said, sender=sender)

    return hear


def _pages_url(config: Config) -> str:
    """Return the address of the pages where the configuration has one of their own."""
    return config.pages.url.rstrip("/") if config.pages is not None else ""


def _pages(
    config: Config, centre: Centre, shelf: Shelf, store: SqlStore, ends: contextlib.ExitStack
) -> list[Route]:
    """Return the routes of the pages, if there are any."""
    if config.pages is None:
        return []
    url = _pages_url(config) or config.listen.url
    renderer = Renderer(url, config.pages.operator or config.name)
    desk = abuse.Desk(config.pages.abuse_url)
    ends.callback(desk.close)
    return pages.Door(config.policy, config.pages, renderer, shelf, store, centre, desk).routes()


@contextlib.contextmanager
def _api(
    config: Config,
    centre: Centre,
    amendments: Amendments,
    store: SqlStore,
    blobs: Blobs,
    in_flight: InFlight,
    versions: Versions,
) -> Iterator[list[Route]]:
    """Have the API, with processes that compose its messages; yield its routes, none where it is off."""
    if config.api is None:
        yield []
        return
    # Imported here: a centre without the API loads none of it.
    from transcode.relay.api.composing import Composer
    from transcode.relay.ports import api

    processes = config.api.compose_processes or available()
    with contextlib.closing(Composer(processes, config.api.compose_seconds)) as composer:
        yield api.routes(config, config.api, centre, amendments, store, blobs, in_flight, composer, versions)


def _answers(peer: Peers) -> Errand:
    """Return the errand that sends another centre the answers that it is owed."""
    return Errand(f"answers {peer.peer}", peer.answer, Work(Kind.ANSWER, peer=peer.peer))


def _of_api(
    config: Config,
    store: SqlStore,
    judge: Judge,
    resolver: Resolver | None,
    preparing: Preparing,
    ends: contextlib.ExitStack,
) -> list[Errand]:
    """Return the errands of the API: they tell webhooks, and release recipients of campaigns."""
    if config.api is None:
        return []
    # Imported here: a centre without the API loads none of it.
    from transcode.relay.outlets.webhooks import Webhooks
    from transcode.relay.releasing import Releasing

    most = config.api.campaign_per_second
    releasing = Releasing(
        store, judge, resolver, config.resolver, time.time, per_second=most, prepare=preparing.begin
    )
    ends.callback(releasing.close)
    step = Webhooks(config.api, store, config.timers, time.time).step
    campaigns = Work(Kind.CAMPAIGN)
    return [
        Errand("webhooks", step, Work(Kind.NOTICE), config.api.webhook_lines),
        Errand("campaigns", releasing.release, campaigns),
        Errand("networks of campaigns", releasing.sort, campaigns),
    ]


@contextlib.contextmanager
def _admin(
    config: Config,
    store: SqlStore,
    words: Pseudonyms,
    in_flight: InFlight,
    lanes: Callable[[], dict[str, bool]],
    versions: Versions,
) -> Iterator[str]:
    """Listen for operators; yield the address, or ``""`` where they have none."""
    if config.admin is None:
        yield ""
        return
    admin, parts = config.admin, Parts(config.admin.patience)
    gauges = Gauges(store, config.store, lambda: in_flight.octets, time.time, config.hops, parts=parts)
    health = Health(store, config.store, lanes, admin.min_free_bytes, parts)
    desk = Desk(config.name, admin, config.numbers, store, words, gauges, health, parts, versions)
    gate = Gate("admin", admin.max_connections, admin.max_connections_each, proxies=networks(admin.proxies))
    with (
        contextlib.closing(parts),
        _Server(
            admin, admin_application(health, gauges, desk), gate, config.policy.least_rate
        ).listening() as url,
    ):
        yield url


@contextlib.contextmanager
def _mm4(config: Config, centre: Centre, store: SqlStore, in_flight: InFlight) -> Iterator[int]:
    """Take mails of other centres; yield the port."""
    door = mm4.Door(config, Mails(config, centre, store, time.time), Verifier())
    with (
        contextlib.closing(_bound(config.mm4.host, config.mm4.port)) as line,
        mm4.listening(config, door, in_flight, line) as port,
    ):
        yield port


def _listening(config: Config, doors: Sequence[Route]) -> AbstractContextManager[str]:
    """Return the listener of phones and providers, whose value is its address."""
    return _Server(config.listen, application(doors), _gate(config), config.policy.least_rate).listening()


def _gate(config: Config) -> Gate:
    """Return who may have how many connections to the doors of phones and providers."""
    listen = config.listen
    known = networks(address for vasp in config.vasp for address in vasp.addresses)
    proxies = networks((*listen.gateways, *listen.proxies))
    return Gate("http", listen.max_connections, listen.max_connections_each, known, proxies)


class _Server(uvicorn.Server):
    """uvicorn in a thread, without handlers of signals: those are the caller's."""

    def __init__(self, listen: Listen | Admin, app: object, gate: Gate, least_rate: float) -> None:
        self._listen = listen
        self._failure: OSError | None = None
        super().__init__(
            uvicorn.Config(
                app,  # type: ignore[arg-type]  # an ASGI application
                host=listen.host,
                port=listen.port,
                # It makes protocols.
                http=functools.partial(Protocol, gate, least_rate),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Nobody else's word on who asks is believed.
                proxy_headers=bool(listen.proxies),
                forwarded_allow_ips=_spelt(listen.proxies),
                timeout_graceful_shutdown=_GRACE,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end; keep why that can't begin for the one who waits for it."""
        try:
            super().run(sockets)
        except OSError as error:
            self._failure = error

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Serve; yield the address that was bound.

        Raises:
            OSError: nobody can listen there.
        """
        line = _bound(self._listen.host, self._listen.port)
        thread = threading.Thread(target=self.run, args=([line],), name="transcode-http")
        thread.start()
        try:
            while not self.started and thread.is_alive():
                time.sleep(0.005)
            if self._failure is not None:
                raise self._failure
            host, port = line.getsockname()[:2]
            yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        finally:
            self.should_exit = True
            thread.join()
            line.close()


def _spelt(proxies: Sequence[str]) -> list[str]:
    """Return addresses and networks as uvicorn compares them: of IPv4 also as a socket for both families."""
    found = [one for one in networks(proxies) if one.version == 4]
    return [*proxies, *(f"::ffff:{one.network_address}/{96 + one.prefixlen}" for one in found)]


def _bound(host: str, port: int) -> socket.socket:
    """A bound socket. uvicorn's own ends the process where the address can't be bound."""
    line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind((host, port))
    except OSError as error:
        line.close()
        reason = _UNBOUND.get(error.errno or 0, error.strerror)
        raise OSError(f"{host}:{port}: {reason}") from error
    return line
