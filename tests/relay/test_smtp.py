"""The SMTP server of MM4: whole mails, and what strangers do."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.relay.config import Config, Policy
from transcode.relay.peers import Mm4, Peer
from transcode.relay.ports import mm4
from transcode.relay.ports.in_flight import InFlight
from transcode.relay.secrets import Verifier, hashed

A, B = "mms.a.example", "mms.b.example"
HERE = ("127.0.0.1/32",)
FRIEND = Peer("b", B, "127.0.0.1", addresses=HERE)
SENDER = f"system@{B}"
RECIPIENT = f"+15550001/TYPE=PLMN@{A}"


class Mail(NamedTuple):
    """What a door handed on."""

    peer: str
    recipients: tuple[str, ...]
    octets: bytes


class Kept:
    """Keeps mails instead of a centre."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.error: Exception | None = None

    def take(self, peer: Peer, recipients: Sequence[str], octets: bytes) -> str:
        if self.error is not None:
            raise self.error
        self.mails.append(Mail(peer.name, tuple(recipients), octets))
        return "250 kept"

    def returned(self, peers: Sequence[Peer], octets: bytes) -> bool:
        self.mails.append(Mail(" ".join(peer.name for peer in peers), (), octets))
        return b"failed" in octets

    def passes(self, peer: Peer, mailbox: str) -> bool:
        return mailbox.endswith("@next.example")


class Served(NamedTuple):
    """A door that is open."""

    port: int
    kept: Kept

    @contextlib.contextmanager
    def client(self, name: str = B) -> Iterator[smtplib.SMTP]:
        """A client that has greeted."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname=name, timeout=60) as client:
            client.ehlo()
            yield client

    @contextlib.contextmanager
    def line(self) -> Iterator[socket.socket]:
        """A connection that has greeted and named a sender and a recipient, and awaits a mail."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as line:
            asked(line, b"")
            for said in (f"EHLO {B}", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
                answer = asked(line, said.encode() + b"\r\n")
            assert answer.startswith(b"354")
            yield line


def asked(line: socket.socket, said: bytes) -> bytes:
    """Say something; the last line of the answer, or nothing where the connection ended."""
    if said:
        line.sendall(said)
    answer = b""
    while True:
        piece = line.recv(4096)
        answer += piece
        last = answer.rstrip(b"\r\n").rpartition(b"\r\n")[2]
        if not piece or (answer.endswith(b"\r\n") and last[3:4] == b" "):
            return last


@contextlib.contextmanager
def served(
    *peers: Peer,
    policy: Policy | None = None,
    verifier: Verifier | None = None,
    room: int = 0,
    **values: object,
) -> Iterator[Served]:
    """A door for peers; the system keeps so many octets of its answers for each, or as many as it likes."""
    config = Config(
        mm4=Mm4(domain=A, **values),  # type: ignore[arg-type]
        peer=peers or (FRIEND,),
        policy=policy or Policy(),
    )
    kept = Kept()
    door = mm4.Door(config, kept, verifier or Verifier())  # type: ignore[arg-type]
    in_flight = InFlight(config.policy.max_bytes_in_flight)
    with (
        socket.create_server(("127.0.0.1", 0)) as line,
        mm4.listening(config, door, in_flight, _with_room(line, room)) as port,
    ):
        yield Served(port, kept)


def _with_room(line: socket.socket, octets: int) -> socket.socket:
    if octets:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, octets)
    return line


@pytest.fixture(scope="module")
def open_door() -> Iterator[Served]:
    """A door that tests share."""
    with served() as made:
        yield made


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b".\r\n",
        b"..\r\n",
        b".a\r\n..b\r\n.\r\n",
        b"Subject: a\r\n\r\n" + b"x" * 100_000 + b"\r\n",
        b"Subject: a\r\n\r\n" + b"." * 70_000 + b"\r\n",
        bytes(range(256)) * 2000 + b"\r\n",
        b"a\n.\nb\n.\r\n",
        b"a\n.\r\nb\r\n",
        b"a\r.\rb\r\n",
    ],
)
def test_a_mail_arrives_as_it_was_sent(open_door: Served, mail: bytes) -> None:
    """Dots, lines of any length and any octets arrive as they were sent."""
    open_door.kept.mails.clear()
    with open_door.line() as line:
        dotted = b"".join(b"." * one.startswith(b".") + one for one in split(mail))
        assert asked(line, dotted + b".\r\n") == b"250 kept"
    assert open_door.kept.mails == [Mail("b", (RECIPIENT,), mail)]


def split(mail: bytes) -> list[bytes]:
    """The lines of a mail: CR LF alone ends one."""
    return [one + b"\r\n" for one in mail.split(b"\r\n")[:-1]]


LINES = st.lists(st.text("\r\n.a", max_size=4).map(str.encode), max_size=6)


@given(LINES, st.lists(st.integers(1, 5), min_size=1))
@settings(max_examples=30)
def test_pieces_of_any_size(open_door: Served, lines: list[bytes], sizes: list[int]) -> None:
    """A mail that comes in pieces is the same mail, whatever is in it but its end."""
    octets = b"".join(line.replace(b"\r\n", b"") + b"\r\n" for line in lines)
    dotted = b"".join(b"." * one.startswith(b".") + one for one in split(octets)) + b".\r\n"
    open_door.kept.mails.clear()
    with open_door.line() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        place, number = 0, 0
        while place < len(dotted):
            size = sizes[number % len(sizes)]
            line.sendall(dotted[place : place + size])
            place, number = place + size, number + 1
        assert asked(line, b"") == b"250 kept"
    assert [mail.octets for mail in open_door.kept.mails] == [octets]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r"])
def test_a_mail_that_another_hides_in(open_door: Served, end: bytes) -> None:
    """What ends a mail for other servers ends none here: the commands behind it are its text."""
    open_door.kept.mails.clear()
    hidden = f"MAIL FROM:<boss@{B}>\r\nRCPT TO:<+15550002@{A}>\r\nDATA\r\nhidden\r\n".encode()
    with open_door.line() as line:
        assert asked(line, b"Subject: a\r\n\r\nseen" + end + hidden + b".\r\n") == b"250 kept"
    assert len(open_door.kept.mails) == 1
    assert b"hidden" in open_door.kept.mails[0].octets


def test_what_follows_a_mail_is_done_after_it(open_door: Served) -> None:
    """A client that does not wait for the answer gets both."""
    open_door.kept.mails.clear()
    with open_door.line() as line:
        line.sendall(b"a\r\n.\r\nNOOP\r\nQUIT\r\n")
        said = b""
        while piece := line.recv(4096):
            said += piece
    assert said.split(b"\r\n") == [b"250 kept", b"250 OK", b"221 Bye", b""]


def test_a_mail_that_breaks_off_is_none(open_door: Served) -> None:
    open_door.kept.mails.clear()
    with open_door.line() as line:
        line.sendall(b"a\r\n")
    with open_door.client() as client:
        client.sendmail(SENDER, [RECIPIENT], b"b\r\n")
    assert [mail.octets for mail in open_door.kept.mails] == [b"b\r\n"]


def test_commands_out_of_order(open_door: Served) -> None:
    with open_door.client() as client:
        assert client.docmd("DATA")[0] == 503
        client.mail(SENDER)
        assert client.docmd("DATA")[0] == 503
        assert client.rcpt(RECIPIENT)[0] == 250
        assert client.docmd("DATA x")[0] == 501
    with socket.create_connection(("127.0.0.1", open_door.port), 60) as line:
        asked(line, b"")
        assert asked(line, b"DATA\r\n").startswith(b"503")


def test_a_command_is_repeated_in_one_line(open_door: Served) -> None:
    """What an answer repeats of a stranger's command is no line, and no end of one, for whoever reads it."""
    with socket.create_connection(("127.0.0.1", open_door.port), 60) as line:
        asked(line, b"")
        line.sendall(b"NO\r250\x0b\x00P\r\n")
        assert line.recv(4096) == b'500 Error: command "NO?250??P" not recognized\r\n'


def test_large_mails(tmp_path: Path) -> None:
    """A mail is refused by its stated size, or when it ends; the next one is taken."""
    with served(max_mail_bytes=100_000) as door, door.client() as client:
        assert client.docmd(f"MAIL FROM:<{SENDER}> SIZE=100001")[0] == 552
        for size, code in ((100_000, 250), (100_001, 552), (3_000_000, 552), (2, 250)):
            client.rset()
            assert client.mail(SENDER)[0] == 250
            client.rcpt(RECIPIENT)
            assert client.data(b"a" * (size - 2) + b"\r\n")[0] == code
    assert [len(mail.octets) for mail in door.kept.mails] == [100_000, 2]


def test_too_much_at_once() -> None:
    """Octets of all doors are counted: 452 asks to come later. What was refused is no longer held."""
    with served(policy=Policy(max_bytes_in_flight=50_000)) as door, door.client() as client:
        for size, code in ((60_000, 452), (40_000, 250), (40_000, 250)):
            client.mail(SENDER)
            client.rcpt(RECIPIENT)
            assert client.data(b"a" * size + b"\r\n")[0] == code


def test_many_connections() -> None:
    """The one too many is told so, and one that ends makes room."""
    with served(max_connections_each=2) as door, door.client(), door.client() as second:
        with socket.create_connection(("127.0.0.1", door.port), 60) as third:
            assert asked(third, b"").startswith(b"421")
            assert third.recv(1) == b""
        second.quit()
        with door.client():
            pass
    with served(max_connections=0) as door, socket.create_connection(("127.0.0.1", door.port), 60) as line:
        assert asked(line, b"").startswith(b"421")


def test_silence_ends_a_connection() -> None:
    with served(idle_seconds=0.3) as door:
        with socket.create_connection(("127.0.0.1", door.port), 60) as line:
            asked(line, b"")
            assert line.recv(1) == b""
        with door.line() as line:
            line.sendall(b"a")
            assert line.recv(1) == b""


def test_a_mail_that_never_ends() -> None:
    """An octet now and then keeps a connection alive, but not for ever."""
    with served(policy=Policy(receive_seconds=0.5)) as door, door.line() as line:
        line.settimeout(0.02)
        ended = False
        while not ended:
            try:
                line.sendall(b"a")
                ended = line.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
    assert door.kept.mails == []


@pytest.mark.parametrize("letter", [b"\r\n", b"\n", b""])
def test_floods_of_commands(open_door: Served, letter: bytes) -> None:
    """Endless lines, and lines without end, are answered or ended, and held nowhere."""
    with socket.create_connection(("127.0.0.1", open_door.port), 60) as line:
        asked(line, b"")
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                line.sendall((b"X" * 5000 + letter) * 10)
    with open_door.client() as client:
        assert client.noop()[0] == 250


def test_what_can_not_be_kept_comes_again(open_door: Served) -> None:
    """The disk is full: 451, and the reason is not for strangers."""
    open_door.kept.error = OSError("no space on /secret")
    try:
        with open_door.client() as client:
            client.mail(SENDER)
            client.rcpt(RECIPIENT)
            code, text = client.data(b"a\r\n")
    finally:
        open_door.kept.error = None
    assert code == 451
    assert b"secret" not in text


def test_bounces_are_taken(open_door: Served) -> None:
    """They have no sender."""
    open_door.kept.mails.clear()
    with open_door.client() as client:
        assert client.mail("")[0] == 250
        assert client.rcpt(f"system@{A}")[0] == 250
        assert client.data(b"a\r\n")[0] == 250


# Who may send


def test_strangers() -> None:
    """From another address, or with a peer's name alone, nothing is taken."""
    elsewhere = Peer("b", B, "127.0.0.1", addresses=("192.0.2.0/24",))
    nameless = Peer("c", "mms.c.example", "127.0.0.1")
    with served(elsewhere, nameless) as door, door.client() as client:
        for sender in (SENDER, "system@mms.c.example", f"system@{A}", ""):
            assert client.mail(sender)[0] == 554
        assert client.rcpt(RECIPIENT)[0] == 503


def test_recipients(open_door: Served) -> None:
    """Those of this centre's domains: nobody sends to others through it."""
    with open_door.client() as client:
        client.mail(SENDER)
        for recipient, code in (
            (RECIPIENT, 250),
            (f"system@{A.upper()}", 250),
            ("+15550001/TYPE=PLMN", 250),
            (f"+15550001@{B}", 550),
            ("victim@example.org", 550),
            ("joe@next.example", 250),
            (f"victim%example.org@{B}", 550),
        ):
            assert client.rcpt(recipient)[0] == code, recipient
    with served(policy=Policy(max_recipients=1)) as door, door.client() as client:
        client.mail(SENDER)
        assert [client.rcpt(RECIPIENT)[0] for _ in range(2)] == [250, 452]


def test_two_peers_behind_one_address() -> None:
    """The domain of the sender tells them apart, and nobody else is taken for one of them."""
    other = Peer("c", "mms.c.example", "127.0.0.1", domains=("c2.example",), addresses=HERE)
    with served(FRIEND, other) as door, door.client() as client:
        for sender, name in ((SENDER, "b"), ("x@mms.c.example", "c"), ("x@C2.example", "c")):
            client.sendmail(sender, [RECIPIENT], b"a\r\n")
            assert door.kept.mails[-1].peer == name
        assert client.mail("x@d.example")[0] == 554
        # What came back has no sender. Nothing else may have none here, and nobody sends to others so.
        for text, code in ((b"failed\r\n", 250), (b"a\r\n", 554)):
            assert client.mail("")[0] == 250
            assert client.rcpt("joe@next.example")[0] == 550
            assert client.rcpt(f"system@{A}")[0] == 250
            assert client.data(text)[0] == code
            assert door.kept.mails[-1] == Mail("b c", (), text)


def verifier() -> Verifier:
    """One that costs nothing: argon2 has tests of its own."""
    return Verifier(verify=lambda stored, secret: stored.encode() == secret)


KNOWN = Peer("b", B, "127.0.0.1", user_in="bea", secret="open sesame")


@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
def test_logins(certificates: tuple[str, str], method: str) -> None:
    """A peer of any address is known by its secret, over TLS alone, and not before it has logged in."""
    own, ca = certificates
    with served(KNOWN, certificate=own, verifier=verifier()) as door, door.client() as client:
        assert not client.has_extn("auth")
        assert client.docmd("AUTH PLAIN AGJlYQBvcGVuIHNlc2FtZQ==")[0] == 538
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.ehlo()
        assert client.mail(SENDER)[0] == 530
        client.user, client.password = "bea", "open sesame"
        name = method.removeprefix("auth_").upper()
        assert client.auth(name, getattr(client, method))[0] == 235
        assert client.mail(SENDER)[0] == 250
        assert client.rcpt(RECIPIENT)[0] == 250
        assert client.data(b"x" * 300_000 + b"\r\n")[0] == 250
    assert [(mail.peer, len(mail.octets)) for mail in door.kept.mails] == [("b", 300_002)]


@pytest.mark.parametrize(("user", "password"), [("bea", "open"), ("b", "open sesame"), ("", ""), ("bea", "")])
def test_wrong_logins(certificates: tuple[str, str], user: str, password: str) -> None:
    """Each is refused alike, the third one ends the connection."""
    own, ca = certificates
    with served(KNOWN, certificate=own, verifier=verifier()) as door, door.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.ehlo()
        client.user, client.password = user, password
        for code in (535, 535, 421):
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                client.auth("PLAIN", client.auth_plain)
            assert caught.value.smtp_code == code
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()


@pytest.mark.parametrize("said", ["AUTH PLAIN !", "AUTH PLAIN YQ==", "AUTH LOGIN !", "AUTH PLAIN", "AUTH X"])
def test_logins_that_are_none(certificates: tuple[str, str], said: str) -> None:
    own, ca = certificates
    with served(KNOWN, certificate=own, verifier=verifier()) as door, door.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.ehlo()
        code, _ = client.docmd(said)
        if code == 334:
            code, _ = client.docmd("*")
        assert code in (501, 504)
        assert client.noop()[0] == 250


def test_a_secret_and_an_address(certificates: tuple[str, str]) -> None:
    """Where both are configured, both are needed."""
    own, ca = certificates
    far = Peer("b", B, "127.0.0.1", user_in="bea", secret="open sesame", addresses=("192.0.2.1/32",))
    with served(far, certificate=own, verifier=verifier()) as door, door.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.login("bea", "open sesame")
        assert client.mail(SENDER)[0] == 554


def test_another_peers_login(certificates: tuple[str, str]) -> None:
    """Who logged in speaks for himself, whatever domain the sender has."""
    own, ca = certificates
    other = Peer("c", "mms.c.example", "127.0.0.1", user_in="cea", secret="x")
    with served(KNOWN, other, certificate=own, verifier=verifier()) as door, door.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.login("cea", "x")
        client.sendmail(SENDER, [RECIPIENT], b"a\r\n")
    assert door.kept.mails[0].peer == "c"


def test_real_secrets(certificates: tuple[str, str]) -> None:
    own, ca = certificates
    peer = Peer("b", B, "127.0.0.1", user_in="bea", secret=hashed("open sesame"))
    with served(peer, certificate=own) as door, door.client() as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        assert client.login("bea", "open sesame")[0] == 235


def test_tls_that_is_required(certificates: tuple[str, str]) -> None:
    own, ca = certificates
    with served(certificate=own, require_tls=True) as door:
        with door.client() as client:
            assert client.mail(SENDER)[0] == 530
            client.starttls(context=ssl.create_default_context(cafile=ca))
            client.ehlo()
            assert client.mail(SENDER)[0] == 250
        # Somebody who speaks no TLS, and what he sent before it, do no harm.
        with socket.create_connection(("127.0.0.1", door.port), 60) as line:
            asked(line, b"")
            asked(line, b"EHLO b\r\n")
            assert asked(line, b"STARTTLS\r\n").startswith(b"220")
            line.sendall(b"MAIL FROM:<a@b>\r\n" * 10)
            with contextlib.suppress(ConnectionError):
                while line.recv(4096):
                    pass
        with door.client() as client:
            assert client.noop()[0] == 250
