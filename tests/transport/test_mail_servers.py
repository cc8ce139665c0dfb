"""Mails of MM4 through mail servers as carriers run them: Exim and Postfix."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from tests.peer import peer
from tests.transport import mail_servers
from tests.transport.mail_servers import SERVERS, MailServer, exim
from transcode.errors import SendError
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import Part
from transcode.transport.smtp import Server

SENT = Message(
    transaction_id="T1",
    sender="+15555550100/TYPE=PLMN",
    to=("+15555550101/TYPE=PLMN", "Someone <someone@example.org>"),
    cc=("10.0.0.1/TYPE=IPv4",),
    subject="Grüße",
    parameters=(("type", "application/smil"), ("start", "<smil>")),
    parts=(
        Part("application/smil", b"<smil/>", content_id="smil"),
        Part("image/jpeg", bytes(range(256)) * 200, content_id="image"),
    ),
)


def served(server: MailServer) -> Server:
    return Server("127.0.0.1", server.port, timeout=60)


@pytest.mark.parametrize("running", SERVERS, ids=lambda running: running.__name__)
def test_numbers_arrive_with_their_domains(
    running: Callable[[], AbstractContextManager[MailServer]],
) -> None:
    """Addresses with a domain are neither refused nor rewritten, and become numbers again for a phone."""
    with running() as server:
        SENT.send(served(server), sender="system@mms.example", domain="centre.example")
        arrived = read(server.mail())
    assert arrived.sender == "+15555550100/TYPE=PLMN@mms.example"
    assert arrived.to == ("+15555550101/TYPE=PLMN@centre.example", SENT.to[1])
    assert arrived.cc == ("10.0.0.1/TYPE=IPv4@centre.example",)
    assert [part.data for part in arrived.parts] == [part.data for part in SENT.parts]
    shown = arrived.converted("m-retrieve-conf")
    assert (shown.sender, shown.to[0], shown.cc) == (SENT.sender, SENT.to[0], SENT.cc)


@pytest.mark.parametrize("running", SERVERS, ids=lambda running: running.__name__)
def test_a_port_that_another_has_taken(
    running: Callable[[], AbstractContextManager[MailServer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether that one greets or not, it is not taken for the server: another port is tried."""
    with (
        peer(lambda connection, _: connection.sendall(b"220 other\r\n")) as greeting,
        socket.socket() as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        free, taken = mail_servers._free_port, [greeting, silent.getsockname()[1]]
        monkeypatch.setattr(mail_servers, "_free_port", lambda: taken.pop() if taken else free())
        with running() as server:
            assert not taken
            assert server.port != greeting


def test_bare_numbers_are_what_exim_refuses() -> None:
    """Numbers stand bare where headers have no domain, and Exim refuses them."""
    with exim() as server, pytest.raises(SendError, match="550"):
        SENT.send(served(server), sender="a@mms.example", domain="centre.example", domains_in_headers=False)


@pytest.mark.parametrize("running", [one for one in SERVERS if one is not exim], ids=lambda one: one.__name__)
def test_bare_numbers_that_a_server_completes(
    running: Callable[[], AbstractContextManager[MailServer]],
) -> None:
    """Its own domain stands behind them then; a phone gets the number all the same."""
    with running() as server:
        sent = replace(SENT, cc=())
        sent.send(served(server), sender="a@mms.example", domain="centre.example", domains_in_headers=False)
        arrived = read(server.mail())
    assert arrived.sender == "+15555550100/TYPE=PLMN@postfix.example"
    shown = arrived.converted("m-retrieve-conf")
    assert (shown.sender, shown.to[0]) == (SENT.sender, SENT.to[0])
