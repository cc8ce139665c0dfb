"""What strangers do to the mail server: each is answered or ended, and keeps nothing."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.relay.test_smtp import KNOWN, SENDER, B, Served, asked, served, verifier


@pytest.fixture(scope="module")
def open_door() -> Iterator[Served]:
    """A door that tests share."""
    with served() as made:
        yield made


def _sent_for_ever(line: socket.socket, octets: bytes) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            line.sendall(octets)


def test_who_reads_no_answers_keeps_no_connection() -> None:
    """The answers fill the line; the connection ends all the same, and makes room."""
    with served(idle_seconds=0.5, max_connections_each=1, room=4096) as door:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", door.port))
            line.settimeout(0.2)
            # The one who sends gives up first where both wait; the other one has to end it all the same.
            with pytest.raises(ConnectionError):
                _sent_for_ever(line, b"HELP\r\n" * 1000)
        with door.client() as client:
            assert client.noop()[0] == 250


@pytest.mark.parametrize("said", [b"MAIL FROM:<a@b>\r\n" * 10, b"\x16\x03\x01\x00\x01\x00", b""])
def test_tls_that_fails_keeps_no_place(certificates: tuple[str, str], said: bytes) -> None:
    """Handshakes that are none, or break off, leave no connection behind."""
    own, _ = certificates
    with served(certificate=own, max_connections_each=1) as door:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", door.port), 60) as line:
                assert asked(line, b"").startswith(b"220")
                asked(line, b"EHLO b\r\n")
                assert asked(line, b"STARTTLS\r\n").startswith(b"220")
                line.sendall(said)
                line.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionError):
                    while line.recv(4096):
                        pass
        with door.client() as client:
            assert client.noop()[0] == 250


def test_commands_before_tls_are_forgotten(certificates: tuple[str, str]) -> None:
    """What somebody on the way puts behind STARTTLS is not taken for what came over TLS (CVE-2011-0411)."""
    own, ca = certificates
    context = ssl.create_default_context(cafile=ca)
    with (
        served(KNOWN, certificate=own, verifier=verifier()) as door,
        socket.create_connection(("127.0.0.1", door.port), 60) as plain,
    ):
        asked(plain, b"")
        asked(plain, b"EHLO b\r\n")
        plain.sendall(b"STARTTLS\r\nEHLO injected\r\nAUTH PLAIN AGJlYQBvcGVuIHNlc2FtZQ==\r\n")
        assert asked(plain, b"").startswith(b"220")
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
            assert asked(line, b"NOOP\r\n") == b"250 OK"
            assert asked(line, f"MAIL FROM:<{SENDER}>\r\n".encode()).startswith(b"503")
            asked(line, b"EHLO b\r\n")
            assert asked(line, f"MAIL FROM:<{SENDER}>\r\n".encode()).startswith(b"530")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (f"MAIL FROM:<{SENDER}> BODY=8BITMIME", 250),
        (f"MAIL FROM:<{SENDER}> BODY=BINARYMIME", 501),
        (f"MAIL FROM:<{SENDER}> SMTPUTF8", 501),
        (f"MAIL FROM:<{SENDER}> SIZE={'9' * 400}", 552),
        (f"MAIL FROM:<{SENDER}> RET=HDRS ENVID=a", 555),
        ("MAIL FROM:<b\udcc3\udca9@mms.b.example>", 500),
        ("MAIL FROM:<a\0b@mms.b.example>", 553),
        (f"MAIL FROM:<{'a' * 600}@b>", 500),
        ("BDAT 86 LAST", 500),
        ("TURN", 500),
        ("ETRN b.example", 500),
        ("VRFY root", 252),
        ("EXPN staff", 502),
        ("AUTH PLAIN AGEAYg==", 538),
        ("XCLIENT ADDR=192.0.2.1", 500),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2", 500),
        ("GET / HTTP/1.1", 500),
        ("RSET x", 501),
        ("QUIT x", 501),
    ],
)
def test_words_that_are_odd(open_door: Served, command: str, code: int) -> None:
    """Each is answered by one line, and the next command as ever."""
    with socket.create_connection(("127.0.0.1", open_door.port), 60) as line:
        asked(line, b"")
        asked(line, f"EHLO {B}\r\n".encode())
        said = command.encode("utf-8", "surrogateescape")
        assert asked(line, said + b"\r\n")[:3].decode() == str(code)
        assert asked(line, b"NOOP\r\n") == b"250 OK"


@pytest.mark.parametrize(
    "recipient", [b"+1555\x000001@mms.a.example", b"+1555\r0001@mms.a.example", b"<+15550001@mms.a.example"]
)
def test_recipients_that_are_none(open_door: Served, recipient: bytes) -> None:
    """Control characters and brackets are in no address."""
    open_door.kept.mails.clear()
    with socket.create_connection(("127.0.0.1", open_door.port), 60) as line:
        asked(line, b"")
        for said in (f"EHLO {B}", f"MAIL FROM:<{SENDER}>"):
            asked(line, said.encode() + b"\r\n")
        assert asked(line, b"RCPT TO:<" + recipient + b">\r\n")[:1] == b"5"
        assert asked(line, b"DATA\r\n").startswith(b"503")
