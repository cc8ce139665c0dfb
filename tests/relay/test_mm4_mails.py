"""What mails of other centres do to messages, deliveries and answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import transcode
from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.model import HeaderValue, MessageType, Part
from transcode.relay.centre import Centre
from transcode.relay.config import Config, Local, Policy
from transcode.relay.model import Delivery, Event, Route, State, Told
from transcode.relay.peers import Mm4, Peer
from transcode.relay.ports.mm4_mails import Mails
from transcode.relay.route import Router
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.mails import take_answer, write_transaction
from transcode.relay.store.reports import transaction_id
from transcode.relay.store.rows import Verdict

B = Peer("b", "mms.b.example", "127.0.0.1", prefixes=("+1666",))
C = Peer("c", "mms.c.example", "127.0.0.1", prefixes=("+1777",))
ALICE, BOB, CAROL = "+15550001", "+16660002", "+17770003"
OK = "250 2.0.0 OK"


class Door:
    """A centre that takes mails, without threads of its own."""

    def __init__(self, folder: Path, *peers: Peer, **policy: object) -> None:
        self.config = Config(
            local=(Local(("+1555",), "us-tmobile"),),
            mm4=Mm4(domain="mms.a.example"),
            peer=peers or (B, C),
            policy=Policy(**policy),  # type: ignore[arg-type]
        )
        self.now = BEGIN
        self.store = SqliteStore(folder / "relay.sqlite")
        blobs = FolderBlobs(folder / "blobs")
        centre = Centre(self.config, self.store, blobs, Router(self.config.hops), lambda: self.now)
        self._mails = Mails(self.config, centre, self.store, lambda: self.now)

    def take(self, message: Message, *recipients: str, peer: Peer = B, before: bytes = b"") -> str:
        """Take a mail of a peer."""
        octets = before + message.to_mm4(strict=False)
        return self._mails.take(peer, [f"{one}/TYPE=PLMN@mms.a.example" for one in recipients], octets)

    def answers(self, peer: str = "b") -> list[tuple[str, Message]]:
        """The answers that a peer is owed, with their recipients."""
        found: list[tuple[str, Message]] = []
        while True:
            taking = partial(take_answer, peer=peer, now=self.now, lease=1e6)
            answer = self.store.write(taking).result()
            if answer is None:
                return found
            found.append((answer.recipient, transcode.read(answer.mail.encode())))

    def statuses(self, peer: str = "b") -> list[tuple[object, object]]:
        """Status and recipients of each answer that a peer is owed."""
        return [
            (said(one, "X-Mms-Request-Status-Code"), said(one, "X-Mms-Request-Recipients"))
            for _, one in self.answers(peer)
        ]

    def sent(self, *recipients: str, peer: str = "b", transaction_id: str = "T") -> list[Delivery]:
        """Deliveries of one message from Alice whose mail a peer's server took."""
        self.store.accept(envelope(1), recipients).result()
        found = self.store.deliveries(envelope(1).id)[::-1]
        ids = [one.id for one in found]
        for one in ids:
            verdict = Verdict(Event.ROUTED, Route.PEER, peer)
            self.store.apply(one, Event.ROUTED, at=BEGIN, verdict=verdict).result()
        self.store.write(lambda connection: write_transaction(connection, ids, transaction_id)).result()
        for one in ids:
            self.store.apply(one, Event.MAIL_ACCEPTED, at=BEGIN).result()
        return self.store.deliveries(envelope(1).id)[::-1]

    def states(self) -> dict[str, State]:
        """The state of each recipient."""
        return {one.recipient: one.state for one in self.store.deliveries()}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.store.close()


def message(*headers: tuple[str, HeaderValue], asks: bool = True, **values: object) -> Message:
    """A message of Bob."""
    given: dict[str, object] = {
        "message_type": "mm4-forward-req",
        "version": "6.16.0",
        "transaction_id": "T1",
        "sender": f"{BOB}/TYPE=PLMN@mms.b.example",
        "to": (f"{ALICE}/TYPE=PLMN@mms.a.example",),
        "content_type": "text/plain",
        "parts": (Part("text/plain", b"hello"),),
        **values,
    }
    own = {
        "X-Mms-Message-ID": "theirs",
        "Date": 1_700_000_000,
        "X-Mms-Ack-Request": asks,
        "X-Mms-Originator-System": "mmsc@mms.b.example",
        **dict(headers),
    }
    return Message(headers=tuple(own.items()), **given)  # type: ignore[arg-type]


def test_a_message_is_kept_with_what_its_sender_asks_for(door: Door) -> None:
    """Wishes in the words of MM4 are kept, through servers that added lines."""
    asked = message(
        ("X-Mms-Delivery-Report", True),
        ("X-Mms-Read-Reply", True),
        ("X-Mms-Expiry", ("relative", 3600)),
        ("X-Mms-Sender-Visibility", "Hide"),
        subject="Grüße",
    )
    before = b"Received: from mx.b.example\r\n by mx.a.example; Tue, 1 Dec 2026 00:00:00 +0000\r\n"
    assert door.take(asked, ALICE, before=before) == OK
    (delivery,) = door.store.deliveries()
    kept = door.store.envelope(delivery.message)
    assert (delivery.recipient, kept.sender, kept.form, kept.peer) == (ALICE, BOB, "mm4", "b")
    assert (kept.delivery_report, kept.read_report, kept.hidden) == (True, True, True)
    assert (kept.expires_at, kept.subject) == (BEGIN + 3600, "Grüße")
    assert kept.peer_message_id == "theirs"
    ((recipient, answer),) = door.answers()
    assert recipient == "mmsc@mms.b.example"
    assert (answer.message_type, answer.transaction_id) == ("mm4-forward-res", "T1")
    assert said(answer, "X-Mms-Message-ID") == "theirs"
    assert said(answer, "X-Mms-Request-Status-Code") == "Ok"
    assert (answer.sender, answer.to) == ("system@mms.a.example", ("mmsc@mms.b.example",))
    assert str(said(answer, "Message-ID")).endswith("@mms.a.example>")


def test_who_asks_for_no_answer_gets_none(door: Door) -> None:
    assert door.take(message(asks=False), ALICE) == OK
    assert door.answers() == []
    assert len(door.store.deliveries()) == 1


def test_the_same_mail_again(door: Door) -> None:
    """The same answer, and one message; whatever servers on the way added, and whether it asks again."""
    for number in range(3):
        assert door.take(message(), ALICE, before=b"Received: %d\r\n" % number) == OK
        assert door.statuses() == [("Ok", None)]
        door.now += 100
        door.store.write(lambda connection: connection.execute("DELETE FROM answer")).result()
    assert len(door.store.deliveries()) == 1


def test_unknown_numbers(door: Door) -> None:
    """Who asks gets an answer for those whom it concerns; who does not learns it from SMTP."""
    assert door.take(message(), ALICE, "+4420", "+4930") == OK
    assert door.statuses() == [
        ("Ok", f"{ALICE}/TYPE=PLMN"),
        ("Error-sending-address-unresolved", "+4420/TYPE=PLMN, +4930/TYPE=PLMN"),
    ]
    assert [one.recipient for one in door.store.deliveries()] == [ALICE]
    other = message(("X-Mms-Message-ID", "other"), transaction_id="T2")
    assert door.take(other, "+4420") == OK
    assert door.statuses() == [("Error-sending-address-unresolved", None)]
    silent = message(("X-Mms-Message-ID", "third"), asks=False)
    assert door.take(silent, "+4420").startswith("550 5.1.1 ")
    assert len(door.store.deliveries()) == 1
    # Of those who are not served, the delivery report will say so.
    assert door.take(silent, ALICE, "+4420") == OK
    assert [one.recipient for one in door.store.deliveries()] == ["+4420", ALICE, ALICE]


def test_a_message_in_several_mails(door: Door) -> None:
    """Each mail is answered for its own recipients, though no answer has left yet."""
    for known, unknown in ((ALICE, "+4420"), ("+15550007", "+4930")):
        assert door.take(message(), known, unknown) == OK
    assert door.statuses() == [
        ("Ok", f"{ALICE}/TYPE=PLMN"),
        ("Error-sending-address-unresolved", "+4420/TYPE=PLMN"),
        ("Ok", "+15550007/TYPE=PLMN"),
        ("Error-sending-address-unresolved", "+4930/TYPE=PLMN"),
    ]
    assert [one.recipient for one in door.store.deliveries()] == ["+15550007", ALICE]


def test_no_open_relay(door: Door, tmp_path: Path) -> None:
    """A peer reaches other peers only where the configuration says so, and nobody gets back what he sent."""
    assert door.take(message(), CAROL) == OK
    assert door.statuses() == [("Error-sending-address-unresolved", None)]
    assert door.take(message(asks=False), CAROL).startswith("550")
    assert door.store.deliveries() == []
    free = replace(B, may_relay=True)
    relaying = Door(tmp_path / "free", free, C)
    assert relaying.take(message(), CAROL, BOB, peer=free) == OK
    assert [status for status, _ in relaying.statuses()] == ["Ok", "Error-sending-address-unresolved"]
    assert [one.recipient for one in relaying.store.deliveries()] == [CAROL]
    relaying.store.close()


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (message(("X-Mms-Forward-Counter", 11)), "Error-service-denied", "554 5.7.1"),
        (message(content_type=None, parts=()), "Error-message-format-corrupt", "554 5.6.0"),
        (message(sender=None), "Error-service-denied", "554 5.7.1"),
        (message(("X-Mms-Message-ID", "m" * 3000)), "Error-message-format-corrupt", "554 5.6.0"),
        (message(sender="s" * 300), "Error-message-format-corrupt", "554 5.6.0"),
        (message(("X-Mms-Expiry", ("relative", 0))), "Error-message-format-corrupt", "554 5.6.0"),
    ],
)
def test_refusals(door: Door, given: Message, status: str, code: str) -> None:
    """Loops and what is no message, in the words of MM4, or of SMTP."""
    assert door.take(given, ALICE) == OK
    assert door.statuses() == [(status, None)]
    headers = tuple((name, value) for name, value in given.headers if name != "X-Mms-Ack-Request")
    assert door.take(replace(given, headers=headers), ALICE).startswith(code)
    assert door.store.deliveries() == []


def test_a_loop_that_is_none_yet(door: Door) -> None:
    assert door.take(message(("X-Mms-Forward-Counter", 10)), ALICE) == OK
    assert door.statuses() == [("Ok", None)]


def test_numbers_as_peers_write_them(door: Door) -> None:
    """A number without a type, without + or with a domain is the same number."""
    octets = message(sender=f"{BOB[1:]}@mms.b.example").to_mm4(strict=False)
    to = [
        *(f"{ALICE}@mms.a.example", f"{ALICE[1:]}/TYPE=PLMN@mms.a.example", ALICE, "system@mms.a.example"),
        *(f'"{ALICE}/TYPE=PLMN"@mms.a.example', f'"{ALICE}"@mms.a.example'),
    ]
    assert door._mails.take(B, to, octets) == OK
    (delivery,) = door.store.deliveries()
    assert (delivery.recipient, door.store.envelope(delivery.message).sender) == (ALICE, BOB)


def test_answers_go_to_the_peer_alone(door: Door) -> None:
    """A peer can't have mails sent to others."""
    asked = message(("X-Mms-Originator-System", "victim@elsewhere.example"))
    door.take(asked, ALICE)
    assert [recipient for recipient, _ in door.answers()] == ["system@mms.b.example"]


@pytest.mark.parametrize("octets", [b"", b"hello", b"Subject: a\r\n\r\nb", b"\x8c\x80", b"<soap/>"])
def test_what_is_no_mail_of_mms(door: Door, octets: bytes) -> None:
    assert door._mails.take(B, [f"{ALICE}@mms.a.example"], octets).startswith("554 5.6.0 ")


def test_pdus_are_no_mails(door: Door) -> None:
    """A mail in another form is not taken, though it could be read."""
    parts = (Part("text/plain", b"a"),)
    pdu = Message(transaction_id="T", to=(ALICE,), content_type="text/plain", parts=parts)
    assert door._mails.take(B, [f"{ALICE}@mms.a.example"], pdu.to_mm1(strict=False)).startswith("554 5.6.0 ")


# Answers to our messages, and reports on them


def answer(
    status: str, *, to: str | None = None, transaction_id: str = "T", name: str = f"{1:032x}"
) -> Message:
    """An MM4_forward.RES."""
    headers: list[tuple[str, HeaderValue]] = [
        ("X-Mms-Message-ID", name),
        ("X-Mms-Request-Status-Code", status),
    ]
    if to is not None:
        headers.append(("X-Mms-Request-Recipients", to))
    return Message(
        message_type="mm4-forward-res",
        version="6.16.0",
        transaction_id=transaction_id,
        sender="system@mms.b.example",
        headers=tuple(headers),
        content_type=None,
    )


def report(
    kind: MessageType,
    *headers: tuple[str, HeaderValue],
    sender: str = BOB,
    name: str = f"{1:032x}",
    asks: bool = True,
) -> Message:
    """A report of Bob's phone."""
    return Message(
        message_type=kind,
        version="6.16.0",
        transaction_id="R1",
        sender=f"{sender}/TYPE=PLMN@mms.b.example",
        to=(f"{ALICE}/TYPE=PLMN@mms.a.example",),
        headers=(("X-Mms-Message-ID", name), ("Date", 1), ("X-Mms-Ack-Request", asks), *headers),
        content_type=None,
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Ok", State.AT_PEER),
        ("Error-network-problem", State.PENDING),
        ("Error-sending-address-unresolved", State.REFUSED),
        ("Error-content-not-accepted", State.REFUSED),
        ("Error-unspecified", State.REFUSED),
        # Words of MM1.
        ("Error-transient-failure", State.PENDING),
        ("Error-permanent-failure", State.REFUSED),
        ("Sorry", State.RELAYED),
    ],
)
def test_statuses_of_answers(door: Door, status: str, state: State) -> None:
    door.sent(BOB)
    assert door.take(answer(status)) == OK
    assert door.states() == {BOB: state}


def test_an_answer_for_some(door: Door) -> None:
    """An answer has one status for the named recipients, and another for the others."""
    others = ("+16660004", "+16660005")
    door.sent(BOB, *others)
    assert door.take(answer("Error-sending-address-unresolved", to=f"{BOB}/TYPE=PLMN@mms.b.example, x")) == OK
    assert door.states() == {BOB: State.REFUSED, **dict.fromkeys(others, State.RELAYED)}
    assert door.take(answer("Ok")) == OK
    assert door.states() == {BOB: State.REFUSED, **dict.fromkeys(others, State.AT_PEER)}


def test_an_exception_after_all_were_taken(door: Door) -> None:
    """Two answers may overtake each other. One that names nobody may be on a mail that came again."""
    other = "+16660004"
    door.sent(BOB, other)
    for given in (answer("Ok"), answer("Error-service-denied"), answer("Error-unspecified", to=BOB)):
        door.take(given)
    assert door.states() == {BOB: State.REJECTED, other: State.AT_PEER}


def test_an_answer_that_was_not_asked_for(tmp_path: Path) -> None:
    """A centre that takes messages at its server's word may refuse one all the same."""
    quiet = replace(B, answers=False)
    door = Door(tmp_path, quiet)
    (delivery,) = door.sent(BOB)
    door.store.apply(delivery.id, Event.PEER_TOOK, at=BEGIN).result()
    door.take(answer("Error-content-not-accepted"), peer=quiet)
    assert door.states() == {BOB: State.REJECTED}
    door.store.close()


def test_answers_of_nobody(door: Door) -> None:
    """Another peer answers for none but its own, and an unknown id for nobody; a lost id is found again."""
    door.sent(BOB)
    for given, peer in (
        (answer("Error-service-denied"), C),
        (answer("Error-service-denied", to=BOB), C),
        (answer("Error-service-denied", transaction_id="X"), B),
        (answer("Error-service-denied", transaction_id=""), B),
        (answer("Error-service-denied", transaction_id="X", name="Y", to=BOB), B),
    ):
        assert door.take(given, peer=peer) == OK
        assert door.states() == {BOB: State.RELAYED}
    assert door.take(answer("Ok", transaction_id="X", to=BOB)) == OK
    assert door.states() == {BOB: State.AT_PEER}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Retrieved", State.RETRIEVED),
        ("Deferred", State.AT_PEER),
        ("Rejected", State.REJECTED),
        ("Unrecognised", State.UNRECOGNISED),
        ("Expired", State.EXPIRED),
        ("Indeterminate", State.INDETERMINATE),
        ("Unreachable", State.INDETERMINATE),
        ("Forwarded", State.AT_PEER),
        ("Whatever", State.RELAYED),
    ],
)
def test_delivery_reports(door: Door, status: str, state: State) -> None:
    door.sent(BOB)
    assert door.take(report("mm4-delivery-report-req", ("X-Mms-MM-Status-Code", status))) == OK
    assert door.states() == {BOB: state}
    ((recipient, said_to_them),) = door.answers()
    assert (recipient, said_to_them.message_type) == ("system@mms.b.example", "mm4-delivery-report-res")
    answer = "Error-message-format-corrupt" if status == "Whatever" else "Ok"
    assert (said_to_them.transaction_id, said(said_to_them, "X-Mms-Request-Status-Code")) == ("R1", answer)


@pytest.mark.parametrize(
    ("status", "state"),
    [("Read", State.READ), ("Deleted without being read", State.RETRIEVED), ("Sold", State.RELAYED)],
)
def test_read_reports(door: Door, status: str, state: State) -> None:
    door.sent(BOB)
    given = report("mm4-read-reply-report-req", ("X-Mms-Read-Status", status), asks=False)
    assert door.take(given) == OK
    assert door.states() == {BOB: state}
    assert door.answers() == []


@pytest.mark.parametrize("kind", ["mm4-delivery-report-req", "mm4-read-reply-report-req"])
def test_reports_of_nobody(door: Door, kind: MessageType) -> None:
    """Another peer, another recipient, or another message: nothing happens, and who asks is told so."""
    door.sent(BOB)
    status = (("X-Mms-MM-Status-Code", "Retrieved"), ("X-Mms-Read-Status", "Read"))
    assert door.take(report(kind, *status), peer=C) == OK
    assert door.statuses("c") == [("Error-message-not-found", None)]
    for given in (report(kind, *status, sender=CAROL), report(kind, *status, name="x")):
        assert door.take(given) == OK
        assert door.statuses() == [("Error-message-not-found", None)]
        door.store.write(lambda connection: connection.execute("DELETE FROM answer")).result()
    assert door.states() == {BOB: State.RELAYED}


def test_ids_that_peers_changed(door: Door) -> None:
    """An id with a domain behind it, in brackets, names the same message."""
    door.sent(BOB)
    given = report(
        "mm4-delivery-report-req", ("X-Mms-MM-Status-Code", "Retrieved"), name=f"<{1:032x}@mms.a.example>"
    )
    assert door.take(given) == OK
    assert door.states() == {BOB: State.RETRIEVED}


@pytest.mark.parametrize("sender", ["mmsc", "mms.b.example", "system@mms.b.example"])
def test_reports_that_name_their_centre_alone(door: Door, sender: str) -> None:
    """Of a message to one recipient there is no doubt who is meant; of others there is."""
    status = ("X-Mms-MM-Status-Code", "Retrieved")
    given = replace(report("mm4-delivery-report-req", status), sender=sender)
    door.sent(BOB)
    assert door.take(replace(given, sender="ann@example.org")) == OK
    assert door.take(given, peer=C) == OK
    assert door.states() == {BOB: State.RELAYED}
    assert door.take(given) == OK
    assert door.states() == {BOB: State.RETRIEVED}


def test_a_report_on_one_of_several(door: Door) -> None:
    door.sent(BOB, "+16660004")
    given = report("mm4-delivery-report-req", ("X-Mms-MM-Status-Code", "Retrieved"))
    assert door.take(replace(given, sender="system@mms.b.example")) == OK
    assert set(door.states().values()) == {State.RELAYED}
    assert door.statuses() == [("Error-message-not-found", None)]


@pytest.mark.parametrize("kind", ["mm4-delivery-report-res", "mm4-read-reply-report-res"])
@pytest.mark.parametrize(
    ("status", "waits", "why"),
    [
        ("Ok", False, []),
        ("Error-network-problem", True, []),
        ("Error-transient-failure", True, []),
        ("Error-message-not-found", False, ["Retrieved: Error-message-not-found"]),
        # Who answers has the report.
        ("Sorry", False, []),
    ],
)
def test_answers_to_reports(door: Door, kind: MessageType, status: str, waits: bool, why: list[str]) -> None:
    """One that is busy gets it again, and soon; another answer ends it. The id of its mails names it."""
    (one,) = accepted(door.store, peer="b")
    driven(door.store, one, Event.PUSH_ACCEPTED, Event.ACKNOWLEDGED)
    report = door.store.take_report("b", now=BEGIN, lease=9).result()
    assert report is not None
    door.store.reported(report, Told.ASKED, at=BEGIN).result()
    said = replace(answer(status, transaction_id=transaction_id(report), name="theirs"), message_type=kind)
    assert door.take(replace(said, transaction_id="another")) == OK
    assert door.take(said, peer=C) == OK
    assert door.store.select("SELECT mails FROM report WHERE due>?", (BEGIN + 1000,)) == [(1,)]
    assert door.take(said) == OK
    soon = door.store.select("SELECT mails FROM report WHERE due<?", (BEGIN + 1000,))
    assert soon == [(0,)] * waits
    assert door.store.select("SELECT 1 FROM report WHERE due IS NOT NULL") == [(1,)] * waits
    trail = door.store.trail(one.id)
    assert [line.detail for line in trail if line.event == Event.REPORT_GIVEN_UP] == why
