"""Tests of the limits of exchanges with peers: time, octets and permitted addresses."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from tests.peer import drip, flood, peer
from transcode.net import Exchange, Flood, NotPublic, connect, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    """Global addresses are public, including IPv4 addresses in NAT64 form."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "2002:7f00:1::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "192.0.0.192",
        "::ffff:192.0.0.192",
        "192.88.99.1",
        "168.63.129.16",
        "3fff::1",
        "no address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """Loopback, private, shared, link-local, multicast and reserved addresses count, also within IPv6."""
    assert not is_public(address)


def test_only_public_hosts_when_asked() -> None:
    """With only_public every spelling of a private host is refused before anything is sent."""
    for host in ("127.0.0.1", "localhost", "::1", "0", "2130706433", "0x7f.1"):
        with pytest.raises(NotPublic, match="no public address"):
            connect(host, 9, Exchange(20, 100), only_public=True)


def test_one_private_address_among_public_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """One private address makes a host name invalid, so its owner can't direct requests to private hosts."""

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(NotPublic, match=r"rebound\.example is at 10\.0\.0\.1"):
        connect("rebound.example", 80, Exchange(20, 100), only_public=True)


def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the look-up counts towards the time of the exchange."""
    over = threading.Event()

    def wait(host: str, port: int, *, flags: int, **_: Any) -> list[Any]:
        if not flags:
            over.wait(60)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        with pytest.raises(TimeoutError, match=r"not done within 0\.1 seconds"):
            connect("slow.example", 80, Exchange(0.1, 100))
    finally:
        over.set()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "xn--\u0000", ""])
def test_hosts_that_are_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each invalid host name raises an OSError and no other error."""
    asked = socket.getaddrinfo

    def offline(name: str, port: int, **options: Any) -> Any:
        if not options["flags"] and name.endswith(".invalid"):
            raise socket.gaierror("Name or service not known")
        return asked(name, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(OSError):
        connect(host, 9, Exchange(20, 100)).recv(1)


def test_drops_end_with_the_exchange() -> None:
    """The time limit ends an exchange although single octets keep arriving."""
    with peer(drip(b"x")) as port:
        bounded = connect("127.0.0.1", port, Exchange(0.2, 1_000_000))
        try:
            with pytest.raises(TimeoutError, match=r"not done within 0\.2 seconds"):
                bounded.makefile("rb").readline()
        finally:
            bounded.close()


def test_a_flood_ends_at_its_cap() -> None:
    """The limit of octets ends an exchange with a fast peer."""
    with peer(flood(b"x")) as port:
        bounded = connect("127.0.0.1", port, Exchange(60, 100_000))
        try:
            with pytest.raises(Flood, match="more than 100,000 octets"):
                bounded.makefile("rb").read()
        finally:
            bounded.close()


def test_who_does_not_read_is_not_written_to_for_ever() -> None:
    """The time limit ends writes to a peer that does not read."""

    def deaf(connection: socket.socket, over: threading.Event) -> None:
        over.wait(60)

    with peer(deaf) as port:
        bounded = connect("127.0.0.1", port, Exchange(0.3, 100))
        try:
            with pytest.raises(TimeoutError):
                bounded.sendall(bytes(64 << 20))
        finally:
            bounded.close()
