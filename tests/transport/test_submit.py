"""Posting messages: a real HTTP server on loopback that takes, refuses, stalls and babbles."""

from __future__ import annotations

import base64
import gzip
import pickle
import re
import socket
import ssl
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

import transcode
from tests.peer import drip, flood, peer
from transcode import transport
from transcode.errors import (
    HttpStatusError,
    MessageError,
    MissingPackage,
    PduError,
    SubmitError,
    SubmitRefused,
    SubmitTimeout,
    TransportError,
)
from transcode.messages.message import Message
from transcode.model import MessageFields, Part
from transcode.transport import http_client
from transcode.transport.http_client import Client
from transcode.transport.submit import PDU_CONTENT_TYPE
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm7 import mm7

SENT = transcode.Message(
    transaction_id="T1",
    to=("+15555550100/TYPE=PLMN",),
    subject="Hi",
    parameters=(("type", "image/jpeg"),),
    parts=(Part("image/jpeg", bytes(range(256)), content_location="a.jpg"),),
)
TAKEN = mm7.answer(mm7.from_bytes(bytes(SENT.to_mm7())), message_id="M1")


@dataclass
class Centre:
    """The server: what it answers, and what came in.

    Attributes:
        url: where it listens.
        status, content_type, body: of the answer.
        talk: writes the answer itself, where that is no ordinary one.
        seen: headers and body of each request.
        ports: where each came from.
        gone: set when the test is over.
    """

    url: str = ""
    status: int = 200
    content_type: str = "text/xml"
    body: bytes = b""
    talk: Callable[[BaseHTTPRequestHandler], None] | None = None
    seen: list[tuple[Any, bytes]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def answers(self, message: MessageFields, status: int = 200) -> None:
        http = mm7.to_http(message, strict=False)
        self.status, self.content_type, self.body = status, http.headers[0][1], http.body


@pytest.fixture
def centre() -> Iterator[Centre]:
    """A server on loopback; by default it takes what comes."""
    state = Centre()
    state.answers(TAKEN)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            state.ports.append(self.client_address[1])
            state.seen.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            if state.talk is not None:
                state.talk(self)
                return
            self.send_response(state.status)
            self.send_header("Content-Type", state.content_type)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}/mm7"
        yield state
        state.gone.set()
        server.shutdown()
        thread.join()


def test_mm7_with_basic_authentication(centre: Centre) -> None:
    """What arrives is what to_mm7 gives; the answer is a message."""
    answer = SENT.submit(
        centre.url, form="mm7", auth=("acme", "s3cret"), headers={"X-Carrier": "7"}, vaspid="acme"
    )
    assert isinstance(answer, transcode.Message)
    assert (answer.message_type, answer.transaction_id) == ("mm7-submit-rsp", "T1")
    assert dict(answer.headers)["MessageID"] == "M1"
    [(headers, body)] = centre.seen
    wanted = SENT.to_mm7(vaspid="acme")
    assert body == wanted.body
    assert dict(headers.items()).items() >= dict(wanted.headers).items()
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"acme:s3cret").decode()
    assert headers["X-Carrier"] == "7"
    assert mm7.from_bytes(body, content_type=headers["Content-Type"]).parts[0].data == SENT.parts[0].data


def test_a_client_keeps_its_connection(centre: Centre) -> None:
    """Two messages go over one, with the client's own authentication where none is given."""
    with Client(auth=("acme", "s3cret")) as client:
        for _ in range(2):
            SENT.submit(centre.url, form="mm7", client=client)
    assert len(set(centre.ports)) == 1
    assert [headers["Authorization"] for headers, _ in centre.seen] == ["Basic YWNtZTpzM2NyZXQ="] * 2


def test_the_form_follows_the_type(centre: Centre) -> None:
    """A message of MM7 goes as MM7 unasked."""
    SENT.converted("mm7-submit-req").submit(centre.url)
    assert centre.seen[0][0]["SOAPAction"] == '""'


def confirmed(status: str, *more: tuple[str, str]) -> bytes:
    headers = (("X-Mms-Response-Status", status), *more)
    return pdu_writer.to_bytes(
        Message(message_type="m-send-conf", transaction_id="T1", headers=headers, content_type=None),
        strict=False,
    )


def test_mm1_as_a_client_sends_it(centre: Centre) -> None:
    """The PDU with its content type; the answer is an M-Send.conf."""
    centre.content_type, centre.body = PDU_CONTENT_TYPE, confirmed("Ok", ("Message-ID", "M1"))
    answer = SENT.submit(centre.url)
    assert (answer.message_type, dict(answer.headers)["Message-ID"]) == ("m-send-conf", "M1")
    [(headers, body)] = centre.seen
    assert (headers["Content-Type"], body) == (PDU_CONTENT_TYPE, SENT.to_mm1())


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_is_a_refusal(centre: Centre, status: int) -> None:
    """Whatever the status of HTTP; the whole answer is at hand."""
    fault = replace(
        TAKEN,
        message_type="mm7-rs-error-rsp",
        headers=(("StatusCode", 4001), ("StatusText", "Improper identification"), ("Details", "VASPID")),
    )
    centre.answers(fault, status)
    with pytest.raises(SubmitRefused, match=r"4001 Improper identification \(VASPID\)") as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.response.headers == fault.headers
    assert isinstance(caught.value, OSError)


def test_a_status_that_is_no_success_is_a_refusal(centre: Centre) -> None:
    """Of MM7 by its thousand, so vendors' own too; of MM1 by its word."""
    for code in (2599, 3002, 4000):
        centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), code, message_id="M"))
        with pytest.raises(SubmitRefused, match=f"{code} "):
            SENT.submit(centre.url, form="mm7")
    centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), 1100, message_id="M"))
    assert SENT.submit(centre.url, form="mm7").message_type == "mm7-submit-rsp"
    centre.content_type = PDU_CONTENT_TYPE
    centre.body = confirmed("Error-service-denied", ("X-Mms-Response-Text", "no credit"))
    with pytest.raises(SubmitRefused, match="Error-service-denied: no credit"):
        SENT.submit(centre.url)


def test_a_mailbox_that_refuses(centre: Centre) -> None:
    """By the status of storing or by that of one of several messages; a mailbox that is full is no refusal of
    the message that was sent.
    """
    centre.content_type = PDU_CONTENT_TYPE
    upload = replace(SENT, message_type="m-mbox-upload-req", to=(), subject=None)
    full = (("X-Mms-Store-Status", "Error-permanent-mmbox-full"), ("X-Mms-Store-Status-Text", "200 of 200"))
    answer = Message("m-mbox-upload-conf", "T1", headers=full, content_type=None)
    centre.body = pdu_writer.to_bytes(answer)
    with pytest.raises(SubmitRefused, match="Error-permanent-mmbox-full: 200 of 200"):
        upload.submit(centre.url)
    centre.body = pdu_writer.to_bytes(replace(answer, headers=(("X-Mms-Store-Status", "Success"),)))
    assert upload.submit(centre.url).message_type == "m-mbox-upload-conf"
    delete = transcode.Message(
        "m-mbox-delete-req", "T1", headers=(("X-Mms-Content-Location", "http://m/1"),), content_type=None
    )
    outcome = (("X-Mms-Response-Status", (1, "Ok")), ("X-Mms-Response-Status", (2, "Error-service-denied")))
    centre.body = pdu_writer.to_bytes(Message("m-mbox-delete-conf", "T1", headers=outcome, content_type=None))
    with pytest.raises(SubmitRefused, match="Error-service-denied"):
        delete.submit(centre.url)
    centre.body = confirmed("Ok", ("Message-ID", "m"), *full)
    assert SENT.submit(centre.url).message_type == "m-send-conf"


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
    with pytest.raises(PduError, match="no MM7 message"):
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
    """So much of it is read, and no more; it is no timeout."""
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


def test_through_a_proxy(centre: Centre) -> None:
    """The proxy is asked for the whole address; its user and password are its alone."""
    port = centre.url.split(":")[2].split("/")[0]
    answer = SENT.submit("http://mmsc.example/mm7", form="mm7", proxy=f"http://me:secret@127.0.0.1:{port}")
    assert answer.message_type == "mm7-submit-rsp"
    [(headers, _)] = centre.seen
    assert headers["Host"] == "mmsc.example"
    assert headers["Proxy-Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    with pytest.raises(SubmitError):
        SENT.submit(centre.url, proxy="no proxy")


@contextmanager
def socks(says: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy of SOCKS 5 that takes a name and password, then answers (RFC 1928, 1929)."""
    heard: list[bytes] = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rb") as file:
            heard.append(file.read(3))
            connection.sendall(b"\x05" + heard[0][2:])
            if heard[0][2:] == b"\x02":
                user = file.read(2)[1]
                name = file.read(user)
                heard.append(name + b":" + file.read(file.read(1)[0]))
                connection.sendall(b"\x01\x00")
            file.read(4)
            host = file.read(file.read(1)[0])
            port = int.from_bytes(file.read(2))
            heard.append(host)
            connection.sendall(says)
            if says[1:2] != b"\x00":
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                # The request, whose message ends with its boundary; then what is answered.
                while not (piece := file.read1()).endswith(b"--\r\n"):
                    server.sendall(piece)
                server.sendall(piece)
                while piece := server.recv(65_536):
                    connection.sendall(piece)

    with peer(talk) as port:
        yield port, heard


def test_through_a_proxy_of_socks(centre: Centre) -> None:
    """It looks up the name, with a name and password or without."""
    port = centre.url.split(":")[2].split("/")[0]
    for user, wanted in (("", []), ("me:secret@", [b"me:secret"])):
        with socks(b"\x05\x00\x00\x01" + bytes(6)) as (proxy, heard):
            answer = SENT.submit(
                f"http://mmsc.example:{port}/mm7",
                form="mm7",
                proxy=f"socks5://{user}127.0.0.1:{proxy}",
                headers={"Connection": "close"},
            )
        assert answer.message_type == "mm7-submit-rsp"
        assert heard[1:] == [*wanted, b"mmsc.example"]


@pytest.mark.parametrize("says", [b"\x05\x05\x00\x01" + bytes(6), b"no socks", b""])
def test_a_proxy_of_socks_that_refuses(says: bytes) -> None:
    """Whatever it says, the error is ours, and no connection is left open."""
    with socks(says) as (proxy, _), pytest.raises(SubmitError):
        SENT.submit("http://mmsc.example/", proxy=f"socks5://127.0.0.1:{proxy}")


def test_a_proxy_of_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, from a client too."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    for scheme in ("socks5", "socks5h"):
        with pytest.raises(MissingPackage, match=r"needs socksio: pip install 'mms-transcode\[socks\]'"):
            SENT.submit("http://127.0.0.1:9/", proxy=f"{scheme}://127.0.0.1:9")
        with pytest.raises(MissingPackage, match="socksio"):
            Client(proxy=f"{scheme}://127.0.0.1:9")


@pytest.mark.parametrize("proxy", ["socks4://a", "ftp://a", "//", "http://me:secret@[", "", "me:secret@b"])
def test_proxies_that_are_none(proxy: str) -> None:
    """Are named as what is wrong, without their password."""
    with pytest.raises(SubmitError, match="proxy: not the URL of a proxy") as caught:
        SENT.submit("http://127.0.0.1:9/", proxy=proxy)
    with pytest.raises(MessageError, match="proxy: not the URL of a proxy"):
        Client(proxy=proxy)
    assert "secret" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": None}, "url: must be a URL as text, not NoneType"),
        ({"url": b"http://me:secret@127.0.0.1/"}, "url: must be a URL as text, not bytes"),
        ({"proxy": 8080}, "proxy: must be a URL as text, not int"),
        ({"auth": ("me", "secret", "realm")}, "auth: .*not a tuple of 3"),
        ({"auth": ("me", None)}, "auth: .*not a tuple of 2"),
        ({"auth": "me:secret"}, "auth: .*not str"),
        ({"auth": ["me", "secret"]}, "auth: .*not list"),
        ({"headers": [("A", "secret")]}, "headers: must be a mapping .* not list"),
        ({"headers": "A: secret"}, "headers: must be a mapping .* not str"),
        ({"headers": {"A": 1}}, "headers: the value of A"),
        ({"headers": {"A": None}}, "headers: the value of A"),
        ({"headers": {"A": "secret\r\nB: c"}}, "headers: the value of A"),
        ({"headers": {"A": "secr\u00e9t"}}, "headers: the value of A"),
        ({"headers": {"A b": "c"}}, "headers: 'A b' is not a valid header name"),
        ({"headers": {"": "c"}}, "headers: '' is not a valid header name"),
        ({"headers": {1: "c"}}, "headers: 1 is not a valid header name"),
    ],
)
def test_arguments_of_another_kind(given: dict[str, Any], words: str) -> None:
    """Are named with what they should be; no secret among them is repeated."""
    with pytest.raises(MessageError, match=words) as caught:
        SENT.submit(**{"url": "http://127.0.0.1:9/", **given})
    assert not re.search("secr.t", f"{caught.value}{caught.value!r}")
    if not given.keys() & {"url", "proxy"}:
        with pytest.raises(MessageError, match=words):
            Client(**given)


def test_a_client_of_odd_tls() -> None:
    with pytest.raises(MessageError, match=r"tls: must be an ssl\.SSLContext, not bool"):
        Client(tls=True)  # type: ignore[arg-type]


def test_a_client_that_is_closed() -> None:
    """Is an error of ours."""
    client = Client()
    client.close()
    with pytest.raises(SubmitError, match="closed"):
        SENT.submit("http://127.0.0.1:9/", client=client)


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
    """Without what zlib has around it, of several members, padded; one that is not whole is an error."""
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


def test_headers_of_the_caller_s_take_the_place_of_ours(centre: Centre) -> None:
    """In any case of their letters; none is there twice."""
    SENT.submit(centre.url, form="mm7", headers={"accept-encoding": "gzip", "SOAPACTION": '"x"'})
    [(headers, _)] = centre.seen
    assert headers.get_all("Accept-Encoding") == ["gzip"]
    assert headers.get_all("SOAPAction") == ['"x"']


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:secret@a/x@y", "http://a/x@y"),
        ("http://me:se@cret@a/x", "http://a/x"),
        ("http://me:se/cret@a/x", "http://a/x"),
        ("http://me:s?ecret@a/x", "http://a/x"),
        ("me:secret@a/x", "a/x"),
        ("//me:secret@a/x", "//a/x"),
        ("http:/me:secret@a/x", "http:/a/x"),
        ("http:\\\\me:secret@a/x", "http:\\\\a/x"),
        ("http://me@a", "http://a"),
        ("http://me:sec\nret @a/x", "http://a/x"),
        ("http://me:se/c ret@a/x", "http://a/x"),
        ("http://a:80/x@y", "http://a:80/x@y"),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y"),
        ("http://a/?b=http://me:secret@c/", "http://a/?b=http://c/"),
        ("", ""),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    """Whatever is wrong with the address that it stands in."""
    assert SubmitError(address, "x").url == shown
    assert "secret" not in repr(SubmitError("http://a/", f"no way to {address!r}")) or "://" not in address


def test_no_password_of_an_address_is_in_an_error() -> None:
    """In none that a server or an address can cause, nor in what a refusal says."""
    for url in (
        "http://me:secret/x@127.0.0.1:9/",
        "http://me:secret@127.0.0.1:x/",
        "http://me:secret@127.0.0.1:99999/",
        "http://me:secret@[::1/",
        "http://me:secret@127.0.0.1\n/",
        "http://me:secret@/",
        "me:secret@127.0.0.1",
        "http://me:secret@127.0.0.1:9/",
    ):
        with pytest.raises(SubmitError) as caught:
            SENT.submit(url, proxy="http://me:secret@127.0.0.1:9/" if url.endswith(":9/") else None)
        shown = (caught.value.url, caught.value.reason, str(caught.value), repr(caught.value))
        assert not [text for text in shown if "secret" in text]
    refused = SubmitRefused("http://me:secret@a/", "2001 ask foo@example.org", response=TAKEN)
    assert str(refused) == "http://a/: 2001 ask foo@example.org"


def test_passwords_in_a_long_text(centre: Centre) -> None:
    """None is left behind many beginnings of addresses, and the error of a long refusal is short."""
    many = "//:x" * 9000
    assert SubmitError("http://a/", many).reason == many
    assert SubmitError("http://a/", f"{many}/@b c").reason == "//b c"
    assert SubmitError("http://a/", f"{many} //me:se/cret@b, {many}").reason == f"{many} //b, {many}"
    assert (
        SubmitError("http://a/", "//a:80/x@y //b:80,/x@y //c:8x/y@z").reason == "//a:80/x@y //b:80,/x@y //z"
    )
    text = "x" * 1990 + " //me:se/cret@b/" + many
    centre.answers(mm7.answer(mm7.from_bytes(bytes(SENT.to_mm7())), code=2000, text=text))
    with pytest.raises(SubmitRefused, match=r"x //b?") as caught:
        SENT.submit(centre.url, form="mm7")
    assert "cret" not in str(caught.value)
    assert len(caught.value.reason) == 2003
    assert dict(caught.value.response.headers)["StatusText"] == text


def test_nobody_listens() -> None:
    """The error names the server, and never the password in its address."""
    with socket.socket() as taken:
        # Nobody else may listen there meanwhile.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(SubmitError, match=f"http://127.0.0.1:{port}/x: ") as caught:
            SENT.submit(f"http://me:secret@127.0.0.1:{port}/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "mmsc", "http://a\nb/"])
def test_addresses_that_are_none(url: str) -> None:
    """Are refused before anything is sent."""
    with pytest.raises(SubmitError):
        SENT.submit(url)


def test_what_contradicts_itself_is_refused() -> None:
    """A proxy beside a client that has its own, and forms that are not posted."""
    with Client() as client, pytest.raises(MessageError, match="proxy"):
        SENT.submit("http://127.0.0.1/", client=client, proxy="http://127.0.0.1:1/")
    with httpx.Client() as other, pytest.raises(MessageError, match="keeps deadlines"):
        SENT.submit("http://127.0.0.1/", client=other)  # type: ignore[arg-type]
    with pytest.raises(MessageError, match="neither 'mm1' nor 'mm7'"):
        SENT.submit("http://127.0.0.1/", form="mm4")  # type: ignore[arg-type]


def test_a_timeout_must_be_positive() -> None:
    """And end some time."""
    for timeout in (0.0, -1.0, float("inf"), float("nan"), 1e20):
        with pytest.raises(MessageError, match="timeout must be a number of seconds"):
            SENT.submit("http://127.0.0.1/", timeout=timeout)


def test_without_httpx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is an ImportError."""
    monkeypatch.delattr(transport, "http_client", raising=False)
    monkeypatch.setitem(sys.modules, "transcode.transport.http_client", None)
    with pytest.raises(MissingPackage, match=r"pip install 'mms-transcode\[send\]'") as caught:
        SENT.submit("http://127.0.0.1/")
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    "error",
    [
        SubmitError("http://x", "down", temporary=True),
        SubmitTimeout("http://x", "late"),
        HttpStatusError("http://x", 404),
        HttpStatusError("http://x", 503),
        SubmitRefused("http://x", "no", response=TAKEN),
        MissingPackage("httpx", "sending", extra="send"),
    ],
)
def test_errors_travel_between_processes(error: Exception) -> None:
    """With what they carry."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("status", "temporary"),
    [
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (503, True),
        (400, False),
        (401, False),
        (302, False),
    ],
)
def test_a_status_tells_whether_a_later_try_may_succeed(centre: Centre, status: int, temporary: bool) -> None:
    """Of an answer without a message."""
    centre.status, centre.content_type, centre.body = status, "text/html", b"<h1>no</h1>"
    with pytest.raises(TransportError) as caught:
        SENT.submit(centre.url)
    assert caught.value.temporary is temporary
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize(
    ("code", "temporary"),
    [(2001, False), (3000, True), (3002, False), (4000, True), (4001, False), (4006, True), (4321, True)],
)
def test_a_refusal_over_mm7_tells_whether_it_is_one_of_the_moment(
    centre: Centre, code: int, temporary: bool
) -> None:
    """By its status, whatever that of HTTP says."""
    centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), code, text="x", message_id="M"), 500)
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.temporary is temporary


@pytest.mark.parametrize(("who", "temporary"), [("soap:Server", True), ("soap:Client", False)])
def test_a_fault_without_a_status_tells_whose_it_is(centre: Centre, who: str, temporary: bool) -> None:
    """By its code (SOAP 1.1, 4.4.1)."""
    centre.status, centre.body = (
        500,
        (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
            f"<faultcode>{who}</faultcode><faultstring>no</faultstring></soap:Fault></soap:Body></soap:Envelope>"
        ).encode(),
    )
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url, form="mm7")
    assert caught.value.temporary is temporary


@pytest.mark.parametrize(
    ("status", "temporary"),
    [
        ("Error-transient-failure", True),
        ("Error-network-problem", True),
        (0xC9, True),
        ("Error-permanent-failure", False),
        ("Error-service-denied", False),
        (0xF0, False),
    ],
)
def test_a_refusal_over_mm1_tells_whether_it_is_one_of_the_moment(
    centre: Centre, status: str | int, temporary: bool
) -> None:
    """Transient statuses, with a word or without."""
    centre.content_type = PDU_CONTENT_TYPE
    centre.body = pdu_writer.to_bytes(
        Message(
            "m-send-conf",
            "T1",
            headers=(("X-Mms-Response-Status", status),),
            content_type=None,
            version="1.3",
        ),
        strict=False,
    )
    with pytest.raises(SubmitRefused) as caught:
        SENT.submit(centre.url)
    assert caught.value.temporary is temporary


def certificate() -> Exception:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    return error


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (httpx.ConnectError("refused"), True),
        (httpx.RemoteProtocolError("Server disconnected"), True),
        (ConnectionResetError("reset"), True),
        (httpx.ProxyError("502 Bad Gateway"), True),
        (httpx.ProxyError("Host unreachable"), True),
        (httpx.ProxyError("407 Proxy Authentication Required"), False),
        (certificate(), False),
        (httpx.UnsupportedProtocol("gopher"), False),
        (RuntimeError("the client has been closed"), False),
    ],
    ids=lambda value: str(value),
)
def test_a_failed_connection_is_temporary(error: Exception, temporary: bool) -> None:
    """But for what stays as it is."""
    assert http_client.is_temporary(error) is temporary


def test_a_server_that_is_not_there_may_come_back() -> None:
    """And one that is late; an address that is none stays none."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(SubmitError) as caught:
        SENT.submit(url)
    assert caught.value.temporary
    assert SubmitTimeout(url, "late").temporary
    with pytest.raises(SubmitError) as caught:
        SENT.submit("nowhere")
    assert not caught.value.temporary
