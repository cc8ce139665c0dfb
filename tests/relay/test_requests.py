"""Requests of HTTP that are not what they seem: each is answered or ended, and costs what it weighs."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import transcode
from tests.relay.conftest import ALICE, World
from tests.relay.phone import PATIENCE, location
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.ports import http_protocol

POST = "POST / HTTP/1.1\r\nHost: mmsc\r\nConnection: close\r\n"
LAST = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n"


@contextlib.contextmanager
def connected(open_centre: World) -> Iterator[socket.socket]:
    """A connection to the door of phones."""
    parts = urlsplit(open_centre.centre.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as line:
        yield line


def answer(line: socket.socket) -> bytes:
    """What comes until the end of a connection."""
    found = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := line.recv(65_536):
            found += piece
    return bytes(found)


def asked(open_centre: World, octets: bytes) -> bytes:
    """The answers to octets."""
    with connected(open_centre) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(octets)
        return answer(line)


def flooded(open_centre: World, begin: bytes, piece: bytes) -> None:
    """Send pieces until the connection ends, which it does."""
    with connected(open_centre) as line, contextlib.suppress(ConnectionError):
        line.sendall(begin)
        for _ in range(20_000_000 // len(piece)):
            line.sendall(piece)
        assert line.recv(65_536) == b"", "20 MB were read"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        pytest.param(f"{CHUNKED}\r\n0\r\n", b"X-Filler: " + b"a" * 990 + b"\r\n", id="trailers"),
        pytest.param(f"{CHUNKED}\r\n0\r\nX-Filler: ", b"a" * 65_536, id="a trailer without an end"),
        pytest.param(f"{CHUNKED}\r\n1;", b"a" * 65_536, id="the extension of a chunk"),
        pytest.param("POST / HTTP/1.1\r\nX: ", b"a" * 65_536, id="a header without an end"),
        pytest.param("GET /", b"a" * 65_536, id="a path without an end"),
        pytest.param("POST / HTTP/1.1\r\n", b"a:\r\n" * 16_384, id="small headers"),
    ],
)
def test_what_is_no_body_is_bounded(open_centre: World, begin: str, piece: bytes) -> None:
    """What stands around a body is never held without bounds, whatever was answered meanwhile."""
    flooded(open_centre, begin.encode(), piece)
    assert open_centre.alice.request("GET", f"{open_centre.centre.url}/healthz")[0] == 200


def test_a_trailer_names_nobody(open_centre: World, letter: Message) -> None:
    """The gateway writes who sends in front of a body; what stands behind it is the phone's own."""
    pdu = letter.to_mm1()
    body = b"%x\r\n%s\r\n0\r\nX-MSISDN: %s\r\n\r\n" % (len(pdu), pdu, ALICE.encode())
    found = asked(open_centre, f"{CHUNKED}Trailer: X-MSISDN\r\n\r\n".encode() + body)
    _, _, octets = found.partition(b"\r\n\r\n")
    told = transcode.read(octets)
    assert said(told, "X-Mms-Response-Status") == "Error-permanent-service-denied"


def test_requests_that_do_not_wait(open_centre: World) -> None:
    """A few that come at once are answered in order; thousands are not begun."""
    few, many = ("GET /healthz HTTP/1.1\r\nHost: mmsc\r\n\r\n" * count for count in (20, 5000))
    assert asked(open_centre, few.encode() + LAST).count(b"ok\n") == 20
    assert asked(open_centre, many.encode()).count(b"ok\n") <= http_protocol._MAX_PIPELINED + 1


def test_a_compressed_body_is_not_opened(open_centre: World, letter: Message) -> None:
    """Thousands of octets may stand for a gigabyte: 415, before anything is read."""
    packed = gzip.compress(letter.to_mm1())
    for coding in ("gzip", "deflate, gzip", "br"):
        status, headers, _ = open_centre.alice.request(
            "POST", open_centre.centre.url, packed, {"Content-Encoding": coding}
        )
        assert (status, headers["accept-encoding"]) == (415, "identity")
    headers = {"Content-Encoding": "identity"}
    assert open_centre.alice.request("POST", open_centre.centre.url, letter.to_mm1(), headers)[0] == 200


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://127.0.0.1:22/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(32), 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nConnection: close\r\n\r\n", 400),
        (f"{POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab".encode(), 400),
        (f"{POST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(), 400),
        (f"{POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n".encode(), 400),
        (f"{POST}Content-Length: -1\r\n\r\n".encode(), 400),
        (f"{POST}Content-Length: 99999999999999999999\r\n\r\n".encode(), 400),
        (f"{POST}Content-Length: 999999999999999999\r\n\r\n".encode(), 413),
        (f"{POST}Content-Length : 1\r\n\r\na".encode(), 400),
        (f"{CHUNKED}\r\nffffffffffffffffff\r\n".encode(), 400),
        (f"{CHUNKED}\r\n-1\r\n".encode(), 400),
        (f"{CHUNKED}\r\n1\na\r\n0\r\n\r\n".encode(), 400),
        (f"{POST}Upgrade: h2c\r\nContent-Length: 1\r\n\r\na".encode(), 400),
        (b"GET /m/%00%0d%0aX:y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"GET /m/..%2f..%2fetc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"POST /mm7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n", 400),
    ],
)
def test_what_is_no_request(open_centre: World, octets: bytes, status: int) -> None:
    """One answer, and the end of the connection: nothing behind it is taken for another request."""
    found = asked(open_centre, octets)
    assert re.findall(rb"HTTP/1\.1 (\d+)", found) == [str(status).encode()]


#: Other spellings of 127.0.0.1, and what leads to it.
HOSTS = ("127.0.0.1", "localhost", "127.1", "0", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.")
HOSTS_6 = ("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "a@127.0.0.1")
ELSEWHERE = ("http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "file:///etc/passwd", "gopher://a/")


@pytest.mark.parametrize("name", ["X-Wap-Profile", "19-Profile"])
def test_documents_of_strangers(crowd: World, letter: Message, name: str) -> None:
    """A phone names places of this machine and its networks as addresses of documents: none is asked."""
    crowd.alice.submit(letter.edited(to=[crowd.bob.number]))
    url = location(crowd.bob.pushed())
    with socket.create_server(("127.0.0.1", 0)) as trap:
        port = trap.getsockname()[1]
        places = [f"http://{host}:{port}/{name}" for host in (*HOSTS, *HOSTS_6)]
        places += [f"https://127.0.0.1:{port}/{name}", f"http://127.0.0.1:{port}/{name}#.example.com"]
        for place in (*places, *ELSEWHERE):
            status, _, octets = crowd.bob.request("GET", url, headers={name: f'"{place}"'})
            assert (status, transcode.read(octets).message_type) == (200, "m-retrieve-conf"), place
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
