"""Answers that are none, have no end, stall, or come packed."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from tests.peer import drip, flood, peer
from tests.transport.centre import SENT, Centre
from transcode.errors import (
    HttpStatusError,
    PduError,
    SubmitError,
    SubmitTimeout,
)
from transcode.model import Part
from transcode.transport.http_client import Client


@pytest.mark.parametrize("status", [302, 401, 404, 503])
def test_a_page_with_a_status_is_an_http_error(centre: Centre, status: int) -> None:
    """A redirect too: it is not followed."""
    centre.status, centre.content_type, centre.body = status, "text/html", b"<html>no</html>"
    with pytest.raises(HttpStatusError, match=f"HTTP status {status}") as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.status == status
    assert len(centre.seen) == 1


def test_a_success_that_is_no_message_is_told(centre: Centre) -> None:
    """Nobody knows whether the message was taken, but it is no silence."""
    centre.body = b"<html>welcome</html>"
    with pytest.raises(PduError, match="not an MM7 message"):
        SENT.submit(centre.url, form="mm7")


def test_an_answer_without_end_is_cut(centre: Centre) -> None:
    """After a mebibyte, however much more would come."""
    centre.body = b" " * (3 << 20)
    with pytest.raises(SubmitError, match="more than 1,048,576 octets"):
        SENT.submit(centre.url, form="mm7")


def test_a_server_that_stalls(centre: Centre) -> None:
    """Nothing comes."""

    def stall(handler: BaseHTTPRequestHandler) -> None:
        centre.gone.wait(20)

    centre.talk = stall
    with pytest.raises(SubmitTimeout, match=r"no whole answer within 0\.3 seconds") as caught:
        SENT.submit(centre.url, form="mm7", timeout=0.3)
    assert isinstance(caught.value, TimeoutError)
    centre.gone.set()


def test_a_server_that_drips(centre: Centre) -> None:
    """Each octet comes in time, the whole does not."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(400):
            if centre.gone.wait(0.02):
                return
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    centre.talk = drip
    with pytest.raises(SubmitTimeout, match=r"no whole answer within 0\.3 seconds"):
        SENT.submit(centre.url, form="mm7", timeout=0.3)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("before", "text"),
    [(b"", b"H"), (OK, b"X-More: 1\r\n"), (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")],
    ids=["status", "headers", "interim answers"],
)
@pytest.mark.parametrize("kept", [False, True], ids=["once", "kept"])
def test_a_server_that_drips_in_front(before: bytes, text: bytes, kept: bool) -> None:
    """The timeout is that of the whole exchange, headers and interim answers included."""
    with (
        peer(drip(text, before=before)) as port,
        Client() as client,
        pytest.raises(SubmitTimeout, match=r"no whole answer within 0\.3 seconds"),
    ):
        SENT.submit(f"http://127.0.0.1:{port}/", timeout=0.3, client=client if kept else None)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (OK, b"X-More: 1\r\n"),
        (OK + b"X-More: ", b"1"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: 1\r\n"),
    ],
    ids=["headers", "one header", "interim answers", "trailers"],
)
def test_a_server_that_does_not_stop_talking(before: bytes, text: bytes) -> None:
    """The client reads no more than its limit; the error is no timeout."""
    with peer(flood(text, before=before)) as port:
        with pytest.raises(SubmitError) as caught:
            SENT.submit(f"http://127.0.0.1:{port}/", timeout=60)
        assert not isinstance(caught.value, SubmitTimeout)


def test_a_server_that_does_not_read() -> None:
    """The message is not sent for ever."""

    def deaf(connection: socket.socket, over: threading.Event) -> None:
        over.wait(60)

    large = replace(SENT, parts=(Part("image/jpeg", bytes(32 << 20), content_location="a.jpg"),))
    with peer(deaf) as port, pytest.raises(SubmitTimeout):
        large.submit(f"http://127.0.0.1:{port}/", timeout=0.3)


def test_an_answer_that_is_packed(centre: Centre) -> None:
    """Unasked: it is read, and what would unpack to too much is not."""
    for body, wanted in ((centre.body, None), (bytes(64 << 20), "more than 1,048,576 octets")):
        packed = gzip.compress(body)

        def talk(handler: BaseHTTPRequestHandler, packed: bytes = packed) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/xml")
            handler.send_header("Content-Encoding", "gzip")
            handler.send_header("Content-Length", str(len(packed)))
            handler.end_headers()
            handler.wfile.write(packed)

        centre.talk = talk
        if wanted is None:
            assert SENT.submit(centre.url, form="mm7").message_type == "mm7-submit-rsp"
        else:
            with pytest.raises(SubmitError, match=wanted):
                SENT.submit(centre.url, form="mm7")


@pytest.mark.parametrize(
    ("coding", "pack", "wanted"),
    [
        ("deflate", lambda body: zlib.compress(body)[2:-4], ""),
        ("gzip", lambda body: gzip.compress(body[:99]) + gzip.compress(body[99:]), ""),
        (
            "gzip",
            lambda body: gzip.compress(body)[:-1],
            "the body of the answer is truncated: its end is missing",
        ),
        ("gzip", lambda body: gzip.compress(body)[:-1] + b"x", "incorrect length check"),
        ("gzip", lambda body: gzip.compress(body) + bytes(8), ""),
    ],
)
def test_compressed_answers_of_other_kinds(
    centre: Centre, coding: str, pack: Callable[[bytes], bytes], wanted: str
) -> None:
    """Bodies without zlib's frame, of several members, or padded are read; a cut one is an error."""
    packed = pack(centre.body)

    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/xml")
        handler.send_header("Content-Encoding", coding)
        handler.send_header("Content-Length", str(len(packed)))
        handler.end_headers()
        handler.wfile.write(packed)

    centre.talk = talk
    if wanted:
        with pytest.raises(SubmitError, match=wanted):
            SENT.submit(centre.url, form="mm7")
    else:
        assert SENT.submit(centre.url, form="mm7").message_type == "mm7-submit-rsp"
