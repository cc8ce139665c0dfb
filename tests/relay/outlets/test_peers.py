"""Mails to other centres, and what those do with them."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

import transcode
from tests.made.pictures import photo, save
from tests.peer import peer as peering
from tests.relay.made import BEGIN, END, envelope
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.adaptation import Adapter
from transcode.relay.config import Config, Local, Policy
from transcode.relay.model import Delivery, Event, Route, Told
from transcode.relay.outlets.peers import Peers
from transcode.relay.peers import Mm4, Peer
from transcode.relay.ports.gate import Gate
from transcode.relay.ports.in_flight import InFlight
from transcode.relay.ports.smtp import Bounds, Smtp, serving
from transcode.relay.route import Router
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.mails import put_answer
from transcode.relay.store.ownership import Ownership
from transcode.relay.store.rows import Report, Verdict

ALICE, BOB, BEA = "+15550001", "+16660002", "+16660003"
#: The Message-ID of a mail of A's, which is another name than that of the message in it.
MAIL_ID = re.compile(r"<[0-9a-f]{32}@mms\.a\.example>")


class TheirServer:
    """The mail server of another centre.

    Attributes:
        answers: what it answers to a recipient, or to ``"DATA"``, ``"MAIL"`` and so on, instead of taking it.
        mails: what it took.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.mails: list[tuple[list[str], Message]] = []
        self.senders: list[str] = []

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        self.senders.append(address)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answers.get(address.partition("/")[0], "250 OK")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self.answers.get("DATA", "250 taken")
        if said.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append((envelope.rcpt_tos, transcode.read(envelope.content)))
        return said

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Serve; the port."""
        bounds, gate = Bounds(10**7, 60, 60), Gate("mm4", 100, 100)
        with (
            socket.create_server(("127.0.0.1", 0)) as line,
            serving(line, lambda: Smtp(self, bounds, gate, InFlight(10**8), hostname="mms.b.example")),
        ):
            yield line.getsockname()[1]


class Sender:
    """A centre without threads that sends mails to B."""

    def __init__(self, folder: Path, port: int, **values: Any) -> None:
        given = {"prefixes": ("+1666",), "port": port, "timeout": 30.0, **values}
        self.peer = Peer("b", "mms.b.example", "127.0.0.1", **given)
        carol = Peer("c", "mms.c.example", "127.0.0.1", prefixes=("+1777",))
        self.config = Config(
            local=(Local(("+1555",), "us-tmobile"),),
            mm4=Mm4(domain="mms.a.example"),
            peer=(self.peer, carol),
            policy=Policy(adapt_processes=1),
        )
        self.now = BEGIN
        self.store = SqliteStore(folder / "relay.sqlite")
        self.blobs = FolderBlobs(folder / "blobs")
        router = Router(self.config.hops)
        self.adapter = Adapter(self.store, self.blobs, folder, self.config.policy, is_awaited=False)
        self.outlet = Peers(
            self.config, self.peer, self.store, self.blobs, router, self.adapter, lambda: self.now
        )

    def close(self) -> None:
        self.adapter.close()
        self.store.close()

    def accept(self, octets: bytes, *recipients: str, **values: Any) -> list[Delivery]:
        """Accept a message from Alice, and route it to B."""
        given = {"sender": ALICE, "blob": self.blobs.put(octets), "size": len(octets), **values}
        kept = envelope(1, **given)
        self.store.accept(kept, recipients).result()
        for one in self.store.deliveries(kept.id):
            verdict = Verdict(Event.ROUTED, Route.PEER, "b")
            self.store.apply(one.id, Event.ROUTED, at=BEGIN, verdict=verdict).result()
        return self.store.deliveries(kept.id)[::-1]

    def attempt(self, deliveries: list[Delivery]) -> list[tuple[Event, str]]:
        """Try once; what happened to each."""
        fresh = [self.store.delivery(number=one.id) for one in deliveries]
        found = [one for one in fresh if one is not None]
        outcomes = self.outlet.attempt(found, self.store.envelope(found[0].message))
        return [(one.event, one.detail) for one in outcomes]


@pytest.fixture
def theirs() -> TheirServer:
    return TheirServer()


@pytest.fixture
def sender(tmp_path: Path, theirs: TheirServer) -> Iterator[Sender]:
    with theirs.running() as port:
        made = Sender(tmp_path, port)
        yield made
        made.close()


def letter(*to: str, cc: tuple[str, ...] = (), bcc: tuple[str, ...] = (), **values: Any) -> bytes:
    """A short message as a phone sends it."""
    made = Message(
        transaction_id="T0",
        sender="+19990000/TYPE=PLMN",
        to=tuple(f"{one}/TYPE=PLMN" for one in to),
        cc=tuple(f"{one}/TYPE=PLMN" for one in cc),
        bcc=tuple(f"{one}/TYPE=PLMN" for one in bcc),
        content_type="text/plain",
        parts=(transcode.Part("text/plain", b"Hello"),),
        **values,
    )
    return made.to_mm1(strict=False)


def test_a_message(sender: Sender, theirs: TheirServer) -> None:
    """Who sent it is whom the gateway named. Each address has the domain of its centre, Bcc is in none."""
    octets = letter(BOB, ALICE, cc=("+17770003", "+4420"), bcc=(BEA,))
    deliveries = sender.accept(octets, BOB, BEA)
    assert sender.attempt(deliveries) == [(Event.MAIL_ACCEPTED, "250 taken")] * 2
    ((recipients, mail),) = theirs.mails
    assert recipients == [f"{one}/TYPE=PLMN@mms.b.example" for one in (BOB, BEA)]
    assert theirs.senders == ["system@mms.a.example"]
    assert mail.message_type == "mm4-forward-req"
    assert mail.sender == f"{ALICE}/TYPE=PLMN@mms.a.example"
    assert mail.to == (f"{BOB}/TYPE=PLMN@mms.b.example", f"{ALICE}/TYPE=PLMN@mms.a.example")
    assert mail.cc == ("+17770003/TYPE=PLMN@mms.c.example", "+4420/TYPE=PLMN@mms.a.example")
    assert mail.bcc == ()
    assert said(mail, "X-Mms-Message-ID") == envelope(1).id
    assert said(mail, "X-Mms-Originator-System") == "system@mms.a.example"
    assert MAIL_ID.fullmatch(str(said(mail, "Message-ID")))
    for name, value in (
        ("X-Mms-Ack-Request", True),
        ("X-Mms-Forward-Counter", 1),
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Reply", True),
        ("X-Mms-Expiry", ("absolute", int(END))),
        ("Date", int(BEGIN)),
    ):
        assert said(mail, name) == value, name
    assert mail.oddities == ()


def test_the_same_ids_again(sender: Sender, theirs: TheirServer) -> None:
    """A mail that comes again is the same mail, so that the other centre can tell."""
    deliveries = sender.accept(letter(BOB), BOB)
    theirs.answers["DATA"] = "451 later"
    assert sender.attempt(deliveries)[0][0] is Event.ATTEMPT_FAILED
    del theirs.answers["DATA"]
    sender.attempt(deliveries)
    sender.attempt(deliveries)
    first, second = theirs.mails
    assert first == second
    kept = sender.store.delivery(number=deliveries[0].id)
    assert kept is not None
    assert kept.transaction_id == first[1].transaction_id


def test_some_recipients_are_refused(sender: Sender, theirs: TheirServer) -> None:
    """Each has his own outcome, and who is tried again is not in a mail that was taken."""
    theirs.answers |= {BEA: "550 no such number", "+16660004": "450 later"}
    deliveries = sender.accept(letter(BOB), BOB, BEA, "+16660004")
    assert sender.attempt(deliveries) == [
        (Event.MAIL_ACCEPTED, ""),
        (Event.ATTEMPT_REFUSED, "550 no such number"),
        (Event.PEER_BUSY, "450 later"),
    ]
    ids = [one.transaction_id for one in sender.store.deliveries(envelope(1).id)[::-1]]
    assert ids == [theirs.mails[0][1].transaction_id, "", ""]
    # What goes out to them later is another mail.
    theirs.answers.clear()
    sender.attempt(deliveries[2:])
    assert len({said(mail, "Message-ID") for _, mail in theirs.mails}) == 2


@pytest.mark.parametrize(
    ("command", "answer", "event"),
    [
        ("DATA", "552 too large", Event.ATTEMPT_REFUSED),
        ("DATA", "554 no", Event.ATTEMPT_REFUSED),
        ("DATA", "452 full", Event.ATTEMPT_FAILED),
        # The operator mends what is wrong with the account; no message is lost for it.
        ("MAIL", "554 not from you", Event.ATTEMPT_FAILED),
        ("MAIL", "530 log in", Event.ATTEMPT_FAILED),
        ("MAIL", "451 later", Event.ATTEMPT_FAILED),
        ("MAIL", "552 too large", Event.ATTEMPT_REFUSED),
        (BOB, "550 no such number", Event.ATTEMPT_REFUSED),
        # One number of a centre that is there.
        (BOB, "451 later", Event.PEER_BUSY),
    ],
)
def test_refusals(sender: Sender, theirs: TheirServer, command: str, answer: str, event: Event) -> None:
    theirs.answers[command] = answer
    ((found, detail),) = sender.attempt(sender.accept(letter(BOB), BOB))
    assert found is event
    assert answer in detail


def test_a_centre_that_gives_no_answers(tmp_path: Path, theirs: TheirServer) -> None:
    """Its server's word is all that there is."""
    with theirs.running() as port:
        sender = Sender(tmp_path, port, answers=False)
        assert sender.attempt(sender.accept(letter(BOB), BOB)) == [(Event.PEER_TOOK, "250 taken")]
        sender.close()
    assert said(theirs.mails[0][1], "X-Mms-Ack-Request") is False


def never(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def closes(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"220 b\r\n")


def drips(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        connection.sendall(b"2")


def after_data(connection: socket.socket, over: threading.Event) -> None:
    """Take everything, and be gone before the answer to the mail."""
    connection.sendall(b"220 b\r\n")
    said = b""
    while not over.is_set() and (piece := connection.recv(65_536)):
        said += piece.upper()
        if said.endswith(b"\r\n.\r\n"):
            return
        if said.endswith(b"\r\n") and b"\r\nDATA\r\n" not in said:
            connection.sendall(b"250 ok\r\n")
        elif said.endswith(b"\r\nDATA\r\n"):
            connection.sendall(b"354 go on\r\n")


@pytest.mark.parametrize("talk", [never, closes, drips, after_data], ids=lambda one: one.__name__)
def test_bad_servers(tmp_path: Path, talk: Any) -> None:
    """The mail may have been taken or not: it comes again, after a time that is bounded."""
    with peering(talk) as port:
        sender = Sender(tmp_path, port, timeout=0.5 if talk in (never, drips) else 30.0)
        ((event, detail),) = sender.attempt(sender.accept(letter(BOB), BOB))
        sender.close()
    assert event is Event.ATTEMPT_FAILED
    assert f"127.0.0.1:{port}" in detail


def test_nobody_is_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
    sender = Sender(tmp_path, port)
    assert sender.attempt(sender.accept(letter(BOB), BOB))[0][0] is Event.ATTEMPT_FAILED
    sender.close()


def test_octets_that_are_gone(sender: Sender, tmp_path: Path) -> None:
    deliveries = sender.accept(letter(BOB), BOB)
    Ownership(sender.store, sender.blobs).claim()
    sender.blobs.delete(sender.store.envelope(deliveries[0].message).blob)
    missing = "the octets of the message are missing"
    assert sender.attempt(deliveries) == [(Event.ATTEMPT_REFUSED, missing)]
    # A disk that is not mounted is no reason to give up messages.
    Path(sender.blobs.place).rename(tmp_path / "elsewhere")
    assert sender.attempt(deliveries) == [(Event.ATTEMPT_FAILED, missing)]


def test_a_message_that_is_too_large(tmp_path: Path, theirs: TheirServer) -> None:
    """It is adapted to what the other centre takes, or refused where its sender forbids that."""
    octets = transcode.compose(
        save(photo(1600, 1200), quality=95), transcode.find_profile("us-tmobile"), to=[BOB]
    ).to_mm1()
    assert len(octets) > 100_000
    with theirs.running() as port:
        sender = Sender(tmp_path, port, max_bytes=60_000)
        assert sender.attempt(sender.accept(octets, BOB))[0][0] is Event.MAIL_ACCEPTED
        ((_, mail),) = theirs.mails
        assert len(mail.to_mm4(strict=False)) <= 60_000
        assert [part.content_type for part in mail.parts] == [
            part.content_type for part in transcode.read(octets).parts
        ]
        locked = replace(
            transcode.read(octets), headers=(("X-Mms-Adaptation-Allowed", False),), transaction_id="T9"
        ).to_mm1(strict=False)
        again = sender.accept(locked, BOB, id="9" * 32, transaction_id="T9")
        ((event, detail),) = sender.attempt(again)
        sender.close()
    assert event is Event.ATTEMPT_REFUSED
    assert "forbids" in detail or "not allowed" in detail, detail


def test_a_message_of_a_third_centre(sender: Sender, theirs: TheirServer) -> None:
    """What MM4 alone has stays, the counter goes on, and the ids are ours."""
    came = Message(
        message_type="mm4-forward-req",
        version="6.16.0",
        transaction_id="T1",
        sender="+17770003/TYPE=PLMN@mms.c.example",
        to=(f"{BOB}/TYPE=PLMN@mms.b.example",),
        headers=(
            ("X-Mms-Message-ID", "theirs"),
            ("X-Mms-Forward-Counter", 3),
            ("X-Mms-Originator-System", "system@mms.c.example"),
            ("X-Mms-Ack-Request", False),
            ("X-Mms-Delivery-Time", ("relative", 5)),
            ("X-Special", "kept"),
            ("Message-ID", "<1@mms.c.example>"),
        ),
        content_type="text/plain",
        parts=(transcode.Part("text/plain", b"Hello"),),
    ).to_mm4(strict=False)
    deliveries = sender.accept(came, BOB, form="mm4", sender="+17770003", peer="c", peer_message_id="theirs")
    sender.attempt(deliveries)
    ((_, mail),) = theirs.mails
    assert (said(mail, "X-Mms-Message-ID"), said(mail, "X-Mms-Forward-Counter")) == (envelope(1).id, 4)
    assert said(mail, "X-Mms-Originator-System") == "system@mms.a.example"
    assert (said(mail, "X-Special"), said(mail, "X-Mms-Delivery-Time")) == ("kept", None)
    assert MAIL_ID.fullmatch(str(said(mail, "Message-ID")))
    assert mail.sender == "+17770003/TYPE=PLMN@mms.c.example"


# Reports and answers


def told(sender: Sender, kind: str, status: str) -> Report:
    """A report on a message of Bob, whose phone is B's, to Alice."""
    came = Message(
        message_type="mm4-forward-req",
        version="6.16.0",
        transaction_id="T1",
        sender=f"{BOB}/TYPE=PLMN@mms.b.example",
        to=(f"{ALICE}/TYPE=PLMN@mms.a.example",),
        headers=(("X-Mms-Message-ID", "theirs"), ("X-Mms-Delivery-Report", True)),
        content_type="text/plain",
        parts=(transcode.Part("text/plain", b"Hello"),),
    ).to_mm4(strict=False)
    (delivery,) = sender.accept(came, ALICE, form="mm4", sender=BOB, peer="b", peer_message_id="theirs")
    return Report(7, kind, status, BEGIN, 0, 0, None, delivery, sender.store.envelope(delivery.message))


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize(("kind", "status"), [("delivery", "Retrieved"), ("read", "Read")])
def test_reports(sender: Sender, theirs: TheirServer, kind: str, status: str, is_kept: bool) -> None:
    """They go to the sender's mailbox, and name the message as its centre does, kept or not."""
    report = told(sender, kind, status)
    if not is_kept:
        sender.blobs.delete(report.envelope.blob)
    assert sender.outlet.report(report) == (Told.TAKEN, "")
    ((recipients, mail),) = theirs.mails
    assert recipients == [f"{BOB}/TYPE=PLMN@mms.b.example"]
    assert mail.sender == f"{ALICE}/TYPE=PLMN@mms.a.example"
    assert mail.to == (f"{BOB}/TYPE=PLMN@mms.b.example",)
    assert said(mail, "X-Mms-Message-ID") == "theirs"
    name = "X-Mms-MM-Status-Code" if kind == "delivery" else "X-Mms-Read-Status"
    assert said(mail, name) == status
    assert said(mail, "X-Mms-Ack-Request") is False
    assert mail.oddities == ()
    sender.outlet.report(report)
    assert theirs.mails[1][1] == mail
    assert MAIL_ID.fullmatch(str(said(mail, "Message-ID")))


@pytest.mark.parametrize(("answer", "outcome"), [("451 later", Told.FAILED), ("554 no", Told.REFUSED)])
def test_reports_that_are_not_taken(sender: Sender, theirs: TheirServer, answer: str, outcome: Told) -> None:
    theirs.answers["DATA"] = answer
    found, why = sender.outlet.report(told(sender, "delivery", "Retrieved"))
    assert found is outcome
    assert answer in why


def test_reports_to_who_answers_them(tmp_path: Path, theirs: TheirServer) -> None:
    """They ask for an answer, and wait for it."""
    with theirs.running() as port:
        sender = Sender(tmp_path, port, answers_reports=True)
        assert sender.outlet.report(told(sender, "delivery", "Retrieved")) == (Told.ASKED, "")
        sender.close()
    ((_, mail),) = theirs.mails
    assert said(mail, "X-Mms-Ack-Request") is True
    assert mail.transaction_id == f"{envelope(1).id}.7"


def owed(sender: Sender) -> None:
    """Owe B an answer."""
    mail = Message(
        message_type="mm4-forward-res",
        version="6.16.0",
        transaction_id="T1",
        sender="system@mms.a.example",
        to=("system@mms.b.example",),
        headers=(("X-Mms-Message-ID", "theirs"), ("X-Mms-Request-Status-Code", "Ok")),
        content_type=None,
    ).to_mm4(strict=False)
    sender.store.write(
        lambda connection: put_answer(
            connection,
            peer="b",
            name="T1",
            recipient="system@mms.b.example",
            mail=mail.decode(),
            at=sender.now,
        )
    ).result()


def test_answers(sender: Sender, theirs: TheirServer) -> None:
    """They are tried again until they are taken, and sent once."""
    assert not sender.outlet.answer()
    owed(sender)
    theirs.answers["DATA"] = "451 later"
    assert sender.outlet.answer()
    assert not sender.outlet.answer()
    del theirs.answers["DATA"]
    sender.now += 60
    assert sender.outlet.answer()
    ((recipients, mail),) = theirs.mails
    assert (recipients, mail.transaction_id) == (["system@mms.b.example"], "T1")
    sender.now += 1e6
    assert not sender.outlet.answer()


@pytest.mark.parametrize(("answer", "after"), [("554 no", 0.0), ("451 later", 1e5)])
def test_answers_that_nobody_takes(sender: Sender, theirs: TheirServer, answer: str, after: float) -> None:
    """What is refused, or late, is given up."""
    owed(sender)
    theirs.answers["DATA"] = answer
    sender.now += after
    assert sender.outlet.answer()
    sender.now += 1e6
    assert not sender.outlet.answer()
    assert theirs.mails == []
