"""Resolvers of other machines, and what goes wrong with them."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import dns.message
import dns.rcode
import dns.rrset
import pytest

from transcode.errors import MissingPackage, TransportError
from transcode.relay.ports.resolvers import EnumResolver, HttpResolver

NUMBER = "+15550001"


class Service:
    """A service that answers what it is told to.

    Attributes:
        status, body: the answer.
        asked: path and Authorization of each question.
    """

    def __init__(self) -> None:
        self.status = 200
        self.body = b"310260"
        self.asked: list[tuple[str, str | None]] = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(service.status)
                if service.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(service.body)))
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hlr?msisdn={{number}}&what=mccmnc"

    @contextmanager
    def running(self) -> Iterator[Service]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    with Service().running() as made:
        yield made


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, b"310260", "310260"),
        (200, b" 310-260\r\n", "310260"),
        (200, b"26201", "26201"),
        (200, b"MMS.B.example", "mms.b.example"),
        (200, b'{"mccmnc": "310260", "ported": true}', "310260"),
        (200, b'{"mccmnc": 310260}', "310260"),
        (200, b'{"mcc": "262", "mnc": "01"}', "26201"),
        (200, b'{"mcc": 310, "mnc": 260}', "310260"),
        (200, b'{"mcc": 262, "mnc": 1}', "26201"),
        (200, b'{"domain": "mms.b.example"}', "mms.b.example"),
        (200, b"", ""),
        (200, b'{"mccmnc": null}', ""),
        (200, b"{}", ""),
        (404, b"no such number", ""),
        (410, b"", ""),
    ],
)
def test_answers(service: Service, status: int, body: bytes, found: str) -> None:
    service.status, service.body = status, body
    with closing(HttpResolver(service.url, "Bearer secret")) as resolver:
        assert resolver.resolve(NUMBER) == found
    assert service.asked == [("/hlr?msisdn=15550001&what=mccmnc", "Bearer secret")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b'{"a":' * 2_000, id="deep"),
        pytest.param(200, b"3" * 100_000, id="endless"),
        (500, b"310260"),
        (302, b"310260"),
        (429, b"310260"),
        (200, b"who knows"),
        (200, b"{"),
        (200, b'{"mccmnc": ["310260"]}'),
        (200, b"\xff"),
        (200, b"<html>not found</html>"),
    ],
)
def test_no_answer(service: Service, status: int, body: bytes) -> None:
    """Another try may have one. Redirects are not followed."""
    service.status, service.body = status, body
    with closing(HttpResolver(service.url)) as resolver, pytest.raises(TransportError) as found:
        resolver.resolve(NUMBER)
    assert found.value.temporary
    assert "msisdn" not in str(found.value)
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_refusal(service: Service, status: int) -> None:
    """The service is there, and says nothing of this number."""
    service.status = status
    with closing(HttpResolver(service.url)) as resolver, pytest.raises(TransportError) as found:
        resolver.resolve(NUMBER)
    assert not found.value.temporary
    assert f"HTTP {status}" in str(found.value)


@contextmanager
def slow(drip: bytes) -> Iterator[str]:
    """A server that sends an octet now and then, and never ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def run() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(drip[:-1])
                while not done.wait(0.01):
                    try:
                        line.sendall(drip[-1:])
                    except OSError:
                        return

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    "drip", [b"H", b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n3"]
)
def test_a_service_that_drips(drip: bytes) -> None:
    """The time holds for the whole answer."""
    with (
        slow(drip) as url,
        closing(HttpResolver(url, seconds=0.2)) as resolver,
        pytest.raises(TransportError, match=r"0\.2 seconds"),
    ):
        resolver.resolve(NUMBER)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/{{number}}"
    with closing(HttpResolver(url)) as resolver, pytest.raises(TransportError) as found:
        resolver.resolve(NUMBER)
    assert found.value.temporary


Answer = Callable[[dns.message.Message], bytes | None]


@contextmanager
def names(answer: Answer) -> Iterator[str]:
    """A name server; its address as EnumResolver takes it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def run() -> None:
            while True:
                question, peer = line.recvfrom(4096)
                if not question:
                    return
                made = answer(dns.message.from_wire(question))
                if made is not None:
                    line.sendto(made, peer)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"127.0.0.1#{line.getsockname()[1]}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", line.getsockname())
            thread.join()


def records(*texts: str) -> Answer:
    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        name = question.question[0].name
        assert name.to_text() == "1.0.0.0.5.5.5.1.e164.example."
        made.answer.append(dns.rrset.from_text(name, 60, "IN", "NAPTR", *texts))
        return made.to_wire()

    return answer


MMS = '"u" "E2U+mms:mailto" "!^.*$!mailto:+15550001@mms.mnc260.mcc310.gprs!" .'


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ((f"10 10 {MMS}",), "mms.mnc260.mcc310.gprs"),
        # The lowest order counts, then the lowest preference; other services are passed over.
        (
            (
                f"20 10 {MMS}",
                '10 20 "u" "E2U+mms:mailto" "!^(.*)$!mailto:\\\\1@B.example!i" .',
                '10 10 "u" "E2U+sip" "!^.*$!sip:a@c.example!" .',
            ),
            "b.example",
        ),
        (('10 10 "u" "E2U+sip+mms:mailto+mms:tel" "!^.*$!mailto:a@d.example!" .',), "d.example"),
        (('10 10 "u" "E2U+mms:tel" "!^.*$!tel:+1!" .',), ""),
        (('10 10 "s" "E2U+mms:mailto" "!^.*$!mailto:a@b.example!" .',), ""),
        # Patterns that take long are never evaluated, and domains that a number goes into are none.
        (('10 10 "u" "E2U+mms:mailto" "!^(((.*)*)*)*x$!mailto:a@b.example!" .',), "b.example"),
        (('10 10 "u" "E2U+mms:mailto" "!^(.*)$!mailto:a@\\\\1.example!" .',), ""),
        (('10 10 "u" "E2U+mms:mailto" "" .',), ""),
    ],
)
def test_enum(texts: tuple[str, ...], found: str) -> None:
    with names(records(*texts)) as server:
        assert EnumResolver("e164.example", [server]).resolve(NUMBER) == found


def test_enum_without_the_number() -> None:
    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.set_rcode(dns.rcode.NXDOMAIN)
        return made.to_wire()

    with names(answer) as server:
        assert EnumResolver("e164.example", [server]).resolve(NUMBER) == ""
    # The name is there, and has no such record.
    with names(lambda question: dns.message.make_response(question).to_wire()) as server:
        assert EnumResolver("e164.example", [server]).resolve(NUMBER) == ""


def code(rcode: dns.rcode.Rcode) -> Answer:
    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.set_rcode(rcode)
        return made.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "is_temporary"),
    [
        (code(dns.rcode.SERVFAIL), True),
        (lambda question: None, True),
        (lambda question: b"\xff" * 40, True),
        (code(dns.rcode.REFUSED), False),
    ],
)
def test_enum_without_an_answer(answer: Answer, is_temporary: bool) -> None:
    with names(answer) as server, pytest.raises(TransportError) as found:
        EnumResolver("e164.example", [server], seconds=0.3).resolve(NUMBER)
    assert found.value.temporary is is_temporary


@pytest.mark.parametrize(("zone", "server"), [("a..b", "127.0.0.1"), ("e164.arpa", "127.0.0.1#x")])
def test_a_wrong_zone_or_server(zone: str, server: str) -> None:
    with pytest.raises(ValueError):
        EnumResolver(zone, [server])


def test_without_dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one == "dns" or one.startswith("dns.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dns", None)
    with pytest.raises(MissingPackage, match="ENUM needs dnspython"):
        EnumResolver("e164.arpa")
