"""Messages handed to a real SMTP server, and read back as they arrived."""

from __future__ import annotations

import pickle
import re
import socket
import ssl
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.peer import drip, flood, peer
from tests.transport.mail_centre import MailCentre, running
from transcode.errors import MessageError, SendError, TransportError
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import Part
from transcode.transport import smtp
from transcode.transport.smtp import Server, mailbox
from transcode.wire.mm4 import mm4

SENT = Message(
    transaction_id="T1",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN",),
    cc=("Someone <someone@example.org>",),
    bcc=("hidden@example.org",),
    subject="Grüße",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", b"<smil/>", content_id="smil"),
        # A line that is a dot alone would end the mail, were it not base64.
        Part("text/plain", b".\r\n.\r\n", content_id="text", charset="us-ascii"),
        Part("image/jpeg", bytes(range(256)) * 200, content_id="image"),
    ),
)


def test_a_message_arrives_as_it_was_sent() -> None:
    """Envelope, headers and every octet of the parts; nobody is told of Bcc. The reply is on one line."""
    centre = MailCentre()
    with running(centre) as server:
        reply = SENT.send(server, sender="system@mms.example", domain="mms.example", date=1_700_000_000)
    assert reply == "250 2.0.0 Ok queued as 4B1C2"
    (envelope,) = centre.envelopes
    assert envelope.mail_from == "system@mms.example"
    assert envelope.rcpt_tos == [
        "+15555550101/TYPE=PLMN@mms.example",
        "someone@example.org",
        "hidden@example.org",
    ]
    assert envelope.original_content is not None
    arrived = read(envelope.original_content)
    assert arrived.oddities == ()
    # Mail servers ask for one (RFC 5322, 3.6.4).
    named = dict(arrived.headers)["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@mms\.example>", str(named))
    kept = tuple(header for header in arrived.headers if header[0] != "Message-ID")
    sender, to = f"{SENT.sender}@mms.example", (f"{SENT.to[0]}@mms.example",)
    assert replace(arrived, headers=kept) == replace(mm4_of(SENT), sender=sender, to=to, bcc=())
    assert b"hidden" not in envelope.original_content


def mm4_of(message: Message) -> Message:
    return replace(read(message.to_mm4(date=1_700_000_000)), oddities=())


def test_an_answer_goes_to_the_system_that_asked() -> None:
    """The answer has only what the message says, and the time of sending."""
    answer = Message(
        message_type="mm4-forward-res",
        transaction_id="T1",
        version=mm4.VERSION,
        sender="system@mms.example",
        to=("system@other.example",),
        headers=(("X-Mms-Message-ID", "M1"), ("X-Mms-Request-Status-Code", "Ok")),
        content_type=None,
    )
    centre = MailCentre()
    with running(centre) as server:
        answer.send(server)
    (envelope,) = centre.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("system@mms.example", ["system@other.example"])
    assert envelope.original_content is not None
    assert dict(read(envelope.original_content).headers).keys() >= {"Date", "X-Mms-Request-Status-Code"}


def test_a_refused_recipient_is_named() -> None:
    """The others got the mail, and the error says so."""
    centre = MailCentre()
    message = replace(SENT, to=("nobody@example.org", "someone@example.org"), cc=(), bcc=())
    with running(centre) as server, pytest.raises(SendError, match="went to the other 1") as caught:
        message.send(server, domain="mms.example")
    assert caught.value.refused == {"nobody@example.org": "550 no such mailbox"}
    assert not caught.value.temporary
    assert len(centre.envelopes) == 1
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.refused, str(again)) == (caught.value.refused, str(caught.value))


def test_all_recipients_refused() -> None:
    """Nothing was sent."""
    centre = MailCentre()
    message = replace(SENT, to=("nobody@example.org",), cc=(), bcc=())
    with running(centre) as server, pytest.raises(SendError, match="1 of 1 recipient refused"):
        message.send(server, domain="mms.example")
    assert centre.envelopes == []


def test_a_refusal_for_now() -> None:
    """A temporary refusal differs from a permanent one."""
    with running(MailCentre()) as server, pytest.raises(SendError, match="451 try later") as caught:
        replace(SENT, subject="busy").send(server, domain="mms.example")
    assert (caught.value.temporary, caught.value.status, caught.value.refused) == (True, 451, {})


@pytest.mark.parametrize(
    ("reply", "temporary", "status"),
    [
        (b"421 busy", True, 421),
        (b"554 no", False, 554),
        (b"250 odd", False, None),
        (b"HTTP/1.1", False, None),
    ],
)
def test_a_greeting_that_is_none(reply: bytes, temporary: bool, status: int | None) -> None:
    """Only replies of 400 to 499 are temporary, not those that the protocol does not have there."""
    with peer(lambda connection, _: connection.sendall(reply + b"\r\n")) as port:
        with pytest.raises(SendError) as caught:
            SENT.send(Server("127.0.0.1", port, timeout=5), domain="mms.example")
        assert (caught.value.temporary, caught.value.status) == (temporary, status)


def test_a_mail_too_large_for_the_server() -> None:
    """The server's own limit, which it announces, is an error of this type too."""
    with running(MailCentre(), data_size_limit=1000) as server, pytest.raises(SendError, match="552"):
        SENT.send(server, domain="mms.example")


def test_a_server_without_what_is_asked_for() -> None:
    """STARTTLS and login fail loudly, never silently in the clear."""
    import ssl

    with running(MailCentre()) as server:
        for change in ({"tls": ssl.create_default_context()}, {"login": ("name", "word")}):
            with pytest.raises(SendError):
                SENT.send(replace(server, **change), domain="mms.example")


def test_nobody_listens_and_nobody_answers() -> None:
    """No server, and one that says nothing within the time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(SendError, match="timed out") as caught:
            SENT.send(Server("127.0.0.1", port, timeout=0.1), domain="mms.example")
        assert caught.value.temporary
    with pytest.raises(TransportError, match=f"127.0.0.1:{port}") as refused:
        SENT.send(Server("127.0.0.1", port, timeout=5), domain="mms.example")
    assert refused.value.temporary


def test_a_certificate_that_is_not_trusted_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again is no use."""

    def untrusted(*_: object) -> None:
        raise ssl.SSLCertVerificationError("self-signed certificate")

    monkeypatch.setattr(smtp, "_dialogue", untrusted)
    with pytest.raises(SendError, match="self-signed") as caught:
        SENT.send(Server("127.0.0.1"), domain="mms.example")
    assert not caught.value.temporary


@pytest.mark.parametrize(
    ("before", "text"),
    [(b"", b"2"), (b"", b"220-again\r\n"), (b"220 here\r\n", b"250-MORE\r\n")],
    ids=["a greeting without end", "lines of greeting", "extensions"],
)
def test_a_server_that_drips(before: bytes, text: bytes) -> None:
    """Each octet comes in time; the timeout is that of the whole dialogue."""
    with peer(drip(text, before=before)) as port:
        with pytest.raises(SendError, match=r"not accepted within 0\.3 seconds") as caught:
            SENT.send(Server("127.0.0.1", port, timeout=0.3), domain="mms.example")
        assert caught.value.temporary


@pytest.mark.parametrize(("before", "text"), [(b"", b"220-again\r\n"), (b"220 here\r\n", b"250-MORE\r\n")])
def test_a_server_that_does_not_stop_talking(before: bytes, text: bytes) -> None:
    """The client reads no more than its limit."""
    with peer(flood(text, before=before)) as port, pytest.raises(SendError, match="more than 71,680 octets"):
        SENT.send(Server("127.0.0.1", port, timeout=60), domain="mms.example")


@pytest.mark.parametrize("farewell", [b"", b"2", b"500 no\r\n"], ids=["none", "a half", "a refusal"])
def test_a_farewell_that_fails(farewell: bytes) -> None:
    """The server has the mail by then: that is a success."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rb") as file:
            connection.sendall(b"220 here\r\n")
            answers = {b"DATA": b"354 go on\r\n", b".\r\n": b"250 taken\r\n", b"QUIT": farewell}
            within = False
            for line in file:
                word = line if within else line[:4].upper()
                if not within or word in answers:
                    connection.sendall(answers.get(word, b"250 OK\r\n"))
                within = word == b"DATA" or (within and word not in answers)
                if word == b"QUIT":
                    return

    with peer(talk) as port:
        SENT.send(Server("127.0.0.1", port, timeout=60), domain="mms.example")


@pytest.mark.parametrize("timeout", [0, float("inf"), float("nan"), 1e20, None, "x"])
def test_timeouts_that_are_none(timeout: Any) -> None:
    """Invalid timeouts, and a server without a name, are refused before a connection."""
    with pytest.raises(MessageError, match="timeout must be a number of seconds"):
        SENT.send(Server("127.0.0.1", 9, timeout=timeout), domain="mms.example")
    with pytest.raises(MessageError, match="name is empty"):
        SENT.send(Server(""), domain="mms.example")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"host": None}, "host: must be the server's name as text, not NoneType"),
        ({"host": b"127.0.0.1"}, "host: .* not bytes"),
        ({"port": "25"}, "port: must be a number from 1 to 65,535, not '25'"),
        ({"port": 0}, "port: .* not 0"),
        ({"port": 70_000}, "port: .* not 70000"),
        ({"port": True}, "port: .* not True"),
        ({"tls": True}, "tls: must be an ssl.SSLContext, not bool"),
        ({"login": ("me", "secret", "realm")}, "login: .* not a tuple of 3"),
        ({"login": ("me", b"secret")}, "login: .* not a tuple of 2"),
        ({"login": "me:secret"}, "login: .* not str"),
        ({"login": ["me", "secret"]}, "login: .* not list"),
    ],
)
def test_servers_that_are_none(given: dict[str, Any], words: str) -> None:
    """Invalid servers are refused before a connection; the error says what is wrong, without the login."""
    server = Server(**{"host": "127.0.0.1", "port": 9, **given})
    with pytest.raises(MessageError, match=words) as caught:
        SENT.send(server, domain="mms.example")
    assert "secret" not in repr(caught.value)


def test_arguments_of_another_kind() -> None:
    """The error names the argument."""
    there: Any = Server("127.0.0.1", 9)
    for server in (None, "127.0.0.1", ("127.0.0.1", 25)):
        with pytest.raises(MessageError, match="server: must be a Server, not"):
            SENT.send(server, domain="mms.example")  # type: ignore[arg-type]
    odd: Any = 5
    with pytest.raises(MessageError, match="domain: must be text, not int"):
        SENT.send(there, domain=odd)
    with pytest.raises(MessageError, match="sender: must be text, not int"):
        SENT.send(there, domain="mms.example", sender=odd)
    with pytest.raises(MessageError):
        SENT.send(there, domain="mms.example", date="today")  # type: ignore[arg-type]


def test_a_password_beyond_ascii_is_in_no_error() -> None:
    """smtplib can't send it, and its own error would hold it."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"220 here\r\n")
        with connection.makefile("rb") as file:
            for _ in file:
                connection.sendall(b"250-here\r\n250 AUTH PLAIN LOGIN\r\n")

    with peer(talk) as port, pytest.raises(SendError, match="US-ASCII") as caught:
        SENT.send(Server("127.0.0.1", port, timeout=60, login=("me", "gehéim")), domain="mms.example")
    assert "geh" not in repr(caught.value.__cause__) + str(caught.value)


def test_the_password_is_not_shown() -> None:
    """Neither repr nor str shows the password."""
    server = Server("mail.example", login=("name", "s3cret"))
    assert "s3cret" not in f"{server!r} {server}"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("+15/TYPE=PLMN", "+15/TYPE=PLMN@mms.example"),
        ("a@b.c", "a@b.c"),
        ("A B <a@b.c>", "a@b.c"),
        ("<+15/TYPE=PLMN>", "+15/TYPE=PLMN@mms.example"),
    ],
)
def test_mailboxes(address: str, found: str) -> None:
    """Numbers get the domain of their centre."""
    assert mailbox(address, "mms.example") == found


@pytest.mark.parametrize("address", ["", "a b@c.d", "a@b.c\r\nRCPT TO:<x@y.z>", "a@b@c>", "ä@b.c"])
def test_what_is_no_mailbox(address: str) -> None:
    """An invalid mailbox is refused, and can't become an SMTP command."""
    with pytest.raises(MessageError, match="can't be"):
        mailbox(address, "mms.example")
    with pytest.raises(MessageError, match="domain"):
        mailbox("+15/TYPE=PLMN", None)
