"""The MM1 door: what strangers do."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.relay.conftest import ALICE, BOB, World, config
from tests.relay.phone import PATIENCE, Gateway, Phone, location, until
from tests.relay.test_mm1 import events, said
from transcode.messages.message import Message
from transcode.relay.config import Listen, Policy
from transcode.relay.model import Event
from transcode.relay.ports import http_protocol
from transcode.relay.ports.gate import Gate
from transcode.relay.server import _Server, running


def test_requests_come_from_gateways_alone(tmp_path: Path, gateway: Gateway, letter: Message) -> None:
    """Who can reach the port can't submit in somebody's name."""
    listen = Listen(port=0, gateways=("192.0.2.0/24",))
    with running(config(tmp_path, gateway, listen=listen)) as centre:
        status, _, _ = Phone(ALICE, centre.url, gateway).request("POST", centre.url, letter.to_mm1())
    assert status == 403


def test_without_a_sender_nothing_is_taken(world: World, letter: Message) -> None:
    """No header; two, of which one is the phone's own; or the word of a gateway that knows no number."""
    for number in ("", f"{ALICE}, +15550009", "unknown", "-", "(null)"):
        phone = Phone(number, world.centre.url, world.gateway)
        assert said(phone.submit(letter), "X-Mms-Response-Status") == "Error-permanent-service-denied"


def test_wrong_tokens_give_nothing(world: World) -> None:
    """A guess is answered like any other."""
    for token in ("a", "x" * 22, "%2e%2e%2fstore", "a" * 5000):
        assert world.bob.request("GET", f"{world.centre.url}/m/{token}")[0] == 404


@pytest.mark.parametrize("body", [b"", b"\x00", b"hello", b"<soap/>"])
def test_what_is_no_pdu_is_refused(world: World, body: bytes) -> None:
    """400, and the next request is answered."""
    assert world.alice.request("POST", world.centre.url, body)[0] == 400
    assert world.alice.request("GET", f"{world.centre.url}/healthz")[0] == 200


def test_too_much_is_refused_before_it_is_read(tmp_path: Path, gateway: Gateway) -> None:
    """The stated length, the octets that come, and what all requests hold are each refused in time."""
    policy = Policy(max_message_bytes=100_000, max_bytes_in_flight=50_000)
    with running(config(tmp_path, gateway, policy=policy)) as centre:
        alice = Phone(ALICE, centre.url, gateway)
        assert alice.request("POST", centre.url, None, {"Content-Length": str(10**9)})[0] == 413
        status, headers, _ = alice.request("POST", centre.url, bytes(60_000))
        assert (status, headers["retry-after"]) == (503, "30")
        # What was refused is no longer held.
        assert alice.request("POST", centre.url, bytes(40_000))[0] == 400


def test_the_whole_url_of_a_proxy_is_understood(world: World, letter: Message) -> None:
    """WAP gateways send absolute URLs, chunks, and ask before they send."""
    parts = urlsplit(world.centre.url)
    pdu = letter.to_mm1()
    head = f"POST {world.centre.url}/ HTTP/1.1\r\nHost: mmsc\r\nX-MSISDN: {ALICE}\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        line.sendall(f"{head}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 100")
        for start in range(0, len(pdu), 1000):
            piece = pdu[start : start + 1000]
            line.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        line.sendall(b"0\r\n\r\n")
        answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    world.bob.pushed()


def test_endless_headers_end_the_connection(world: World) -> None:
    """A megabyte of headers is never held."""
    parts = urlsplit(world.centre.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        ended = False
        try:
            for _ in range(2000):
                line.sendall(b"X-Filler: " + b"a" * 1000 + b"\r\n")
            ended = line.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            ended = True
    assert ended


@pytest.mark.parametrize(
    ("request_", "then"),
    [
        pytest.param(f"POST / HTTP/1.1\r\nContent-Length: {10**9}\r\n", b"a", id="a body that was refused"),
        pytest.param("GET /healthz HTTP/1.1\r\n", b"\r\n", id="an empty line"),
    ],
)
def test_who_was_answered_keeps_no_connection(
    world: World, monkeypatch: pytest.MonkeyPatch, request_: str, then: bytes
) -> None:
    """An octet after the answer, and then silence: a few thousand of these would be all connections."""
    monkeypatch.setattr(http_protocol, "_MAX_HEADER_SECONDS", 0.5)
    parts = urlsplit(world.centre.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as line:
        line.sendall(f"{request_}Host: mmsc\r\n\r\n".encode())
        assert line.recv(1).startswith(b"H")
        line.sendall(then)
        try:
            while line.recv(4096):
                pass
        except ConnectionResetError:
            pass


def test_who_reads_nothing_keeps_no_connection(
    world: World, monkeypatch: pytest.MonkeyPatch, large_letter: Message
) -> None:
    """A phone asks for a message and takes none of its octets: the transfer is broken, and over."""
    monkeypatch.setattr(http_protocol, "_MAX_SILENCE", 0.5)
    world.alice.submit(large_letter)
    parts = urlsplit(location(world.bob.pushed()))
    with socket.socket() as line:
        # A small window, or the kernel takes the whole message from the centre.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((parts.hostname, parts.port))
        line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: mmsc\r\n\r\n".encode())
        until(lambda: Event.FETCH_BROKEN in events(world))


@pytest.mark.parametrize("size", ["large_letter", "letter"])
def test_who_reads_an_octet_at_a_time_keeps_no_connection(
    tmp_path: Path,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    size: str,
) -> None:
    """Fewer octets than the policy says, while they are written or when all are: it is over."""
    monkeypatch.setattr(http_protocol, "_MAX_SILENCE", 0.5)
    message: Message = request.getfixturevalue(size)
    policy = Policy(wait_seconds=PATIENCE, adapt_processes=1, least_rate=100_000)
    with running(config(tmp_path, gateway, policy=policy)) as centre, socket.socket() as line:
        alice, bob = (Phone(number, centre.url, gateway) for number in (ALICE, BOB))
        alice.submit(message)
        parts = urlsplit(location(bob.pushed()))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((parts.hostname, parts.port))
        line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: mmsc\r\n\r\n".encode())

        def is_broken() -> bool:
            line.recv(64)
            return Event.FETCH_BROKEN in events(World(centre, gateway, alice, bob))

        until(is_broken)


def test_who_reads_slowly_gets_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is written before it is taken, as of a page, is not cut as an idle connection is."""
    monkeypatch.setattr(http_protocol, "_MAX_HEADER_SECONDS", 0.1)
    octets = bytes(6_000_000)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(octets)(scope, receive, send)

    server = _Server(Listen(port=0), answer, Gate("http", 9, 9), least_rate=250.0)
    with server.listening() as url, socket.socket() as line:
        # A small window: the kernels hold half of it.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        line.connect(("127.0.0.1", urlsplit(url).port))
        line.sendall(b"GET / HTTP/1.1\r\nHost: mmsc\r\n\r\n")
        got = 0
        while got < len(octets):
            piece = line.recv(262_144)
            assert piece, got
            got += len(piece)
            time.sleep(0.002)


def test_who_ends_its_side_gets_the_answer() -> None:
    """A request that is whole is answered to its last octet; nothing else keeps a connection that ended."""
    octets = bytes(2_000_000)
    told: list[bool] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        await asyncio.sleep(0.05)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2000000")]}
        )
        await send({"type": "http.response.body", "body": octets, "more_body": True})
        told.append(await scope["extensions"][http_protocol.DRAINED]())
        await send({"type": "http.response.body", "body": b""})

    def after(request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE) as line:
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
            with line.makefile("rb") as file:
                return file.read()

    server = _Server(Listen(port=0), answer, Gate("http", 9, 9), least_rate=250.0)
    with server.listening() as url:
        head, _, body = after(b"GET / HTTP/1.1\r\nHost: mmsc\r\n\r\n").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert body == octets
        assert told == [True]
        assert after(b"") == b""
        assert after(b"POST / HTTP/1.1\r\nHost: mmsc\r\nContent-Length: 9\r\n\r\nhalf") == b""
    assert told == [True]


def test_options_of_the_server_itself(world: World) -> None:
    """OPTIONS * names no path. It is answered, and is no fault of the server."""
    parts = urlsplit(world.centre.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE) as line:
        line.sendall(b"OPTIONS * HTTP/1.1\r\nHost: mmsc\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 405 ")
