"""How many connections a door has at once, and of whom."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.relay.conftest import ALICE, config
from tests.relay.phone import PATIENCE, Gateway, Phone, until
from tests.relay.provider import Provider, status, vasp
from transcode.errors import ConfigError
from transcode.messages.message import Message
from transcode.relay.admin_listener import Admin
from transcode.relay.config import Config, Listen, checked
from transcode.relay.networks import networks
from transcode.relay.ports.gate import Gate
from transcode.relay.server import Running, allow_files, running


def test_one_address_takes_no_other_s_place() -> None:
    """Each has so many, all strangers together so many; what ends makes room."""
    gate = Gate("http", 5, 2)
    assert [gate.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [gate.enter("::ffff:192.0.2.1"), gate.enter("192.0.2.2")] == [False, True]
    # A customer of IPv6 has 64 bits of addresses.
    assert [gate.enter(f"2001:db8::{place}") for place in range(3)] == [True, True, False]
    assert not gate.enter("192.0.2.3")
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.3")
    assert not gate.enter("192.0.2.4")


def test_strangers_keep_nobody_out_who_is_known() -> None:
    """Known peers have a room of their own, each with so many; proxies one without that limit."""
    gate = Gate("http", 4, 2, networks(["198.51.100.0/24"]), networks(["10.0.0.1", "2001:db8::/32"]))
    assert sum(gate.enter(f"192.0.2.{place}") for place in range(9)) == 4
    assert [gate.enter("198.51.100.7") for _ in range(3)] == [True, True, False]
    assert [gate.enter("10.0.0.1") for _ in range(3)] == [True, True, True]
    assert [gate.enter("2001:db8::1"), gate.enter("10.0.0.1")] == [True, False]
    gate.leave("10.0.0.1")
    assert gate.enter("10.0.0.1")


def test_who_is_refused_is_not_remembered() -> None:
    """A flood of addresses takes no memory."""
    gate = Gate("http", 1, 1)
    gate.enter("192.0.2.1")
    for place in range(200):
        assert not gate.enter(f"198.51.100.{place}")
    assert len(gate._open) == 1


@contextlib.contextmanager
def line(url: str) -> Iterator[socket.socket]:
    """A connection that has said nothing yet."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), PATIENCE) as made:
        yield made


def answered(connection: socket.socket, path: str = "/healthz") -> bytes:
    """The first line of the answer to a request."""
    with contextlib.suppress(ConnectionError):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: mmsc\r\n\r\n".encode())
    return connection.recv(4096).partition(b"\r\n")[0]


@pytest.fixture
def centre(tmp_path: Path, gateway: Gateway) -> Iterator[Running]:
    """A centre to whose doors this machine is a stranger."""
    listen = Listen(port=0, gateways=("192.0.2.0/24",), max_connections_each=2)
    admin = Admin(port=0, max_connections_each=1, min_free_bytes=1)
    with running(config(tmp_path, gateway, listen=listen, admin=admin, roles=("http",))) as made:
        yield made


def test_the_doors_of_http_have_a_limit(centre: Running) -> None:
    """Who holds two open gets 503 on the third, and is answered again when one has ended."""
    for url, most in ((centre.url, 2), (centre.admin_url, 1)):
        with contextlib.ExitStack() as held:
            lines = [held.enter_context(line(url)) for _ in range(most)]
            with line(url) as another:
                assert answered(another) == b"HTTP/1.1 503 Service Unavailable"
            assert answered(lines[0]) == b"HTTP/1.1 200 OK"
        held.close()

        def is_free(url: str = url) -> bool:
            with line(url) as again:
                return answered(again) == b"HTTP/1.1 200 OK"

        until(is_free)


def test_a_gateway_has_any_number(tmp_path: Path, gateway: Gateway) -> None:
    """All phones come from its address."""
    listen = Listen(port=0, max_connections_each=1)
    with (
        running(config(tmp_path, gateway, listen=listen, roles=("http",))) as centre,
        contextlib.ExitStack() as held,
    ):
        lines = [held.enter_context(line(centre.url)) for _ in range(5)]
        assert {answered(one) for one in lines} == {b"HTTP/1.1 200 OK"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_who_asks_through_a_proxy(tmp_path: Path, gateway: Gateway, letter: Message, host: str) -> None:
    """X-Forwarded-For counts from a proxy that is named: its last address is who asks."""
    north = vasp(secret="", addresses=("198.51.100.7/32",))
    listen = Listen(host=host, port=0, gateways=("192.0.2.7/32",), proxies=("127.0.0.1",))
    offer = letter.edited(sender="12345").converted("mm7-submit-req")
    with running(config(tmp_path, gateway, listen=listen, vasp=(north,), roles=("http",))) as centre:
        # A socket for both families sees this machine as ::ffff:127.0.0.1.
        url = centre.url.replace("[::]", "127.0.0.1")
        phone, provider = Phone(ALICE, url, gateway), Provider(f"{url}/mm7")

        def posted(sent_for: str) -> int:
            headers = {"X-Forwarded-For": sent_for} if sent_for else {}
            return phone.request("POST", url, letter.to_mm1(), headers)[0]

        assert posted("203.0.113.9, 192.0.2.7") == 200
        assert posted("192.0.2.7, 203.0.113.9") == 403
        assert posted("") == 403
        assert status(provider.ask(offer, **{"X-Forwarded-For": "198.51.100.7"})) == 1000


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (Config(listen=Listen(proxies=("x",))), r"listen\.proxies\[0\]"),
        (Config(listen=Listen(gateways=("10.0.0.1/8",))), r"listen\.gateways\[0\]"),
        (Config(listen=Listen(max_connections_each=0)), r"listen\.max_connections_each"),
        (Config(admin=Admin(max_connections=0)), r"admin\.max_connections"),
        (Config(admin=Admin(proxies=("x",))), r"admin\.proxies\[0\]"),
    ],
)
def test_values_that_are_none(config: Config, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        checked(config, "relay.toml")


def test_connections_leave_files_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """1024 open files, as most systems give, would be as many as the connections."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for limits in ((1024, 524_288), (1024, 4096), (70_000, 524_288), (1024, resource.RLIM_INFINITY)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        allow_files()
    assert asked == [(65_536, 524_288), (4096, 4096), (65_536, resource.RLIM_INFINITY)]
