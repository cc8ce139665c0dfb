"""Short messages over SMPP: octets at the SMSC, and what a bad SMSC does to those that send."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import smpp34
import trustme

import transcode
from tests.made.pdus import COMPLETE
from tests.peer import drip, flood, peer
from tests.relay.conftest import ALICE, BOB, config
from tests.relay.phone import PATIENCE, Gateway, Phone, location, until
from tests.relay.smsc import BIND_TRANSCEIVER, SUBMIT_SM, Account, ShortMessage, Smsc
from tests.wire import judge
from transcode.errors import BudgetError, MessageError, TransportError
from transcode.messages.message import Message
from transcode.relay.config import Config
from transcode.relay.ports import gateways
from transcode.relay.ports.smpp import Smpp
from transcode.relay.ports.sms import Push
from transcode.relay.server import running
from transcode.relay.sms_gateway import SmsGateway
from transcode.relay.texts import Hear, dropped
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm1.push import joined_segments, place_of, wap_push

DIGITS = BOB[1:]
LONG = random.Random(1).randbytes(300)
#: Seconds of a push that must not succeed.
SHORT = 0.3


def account(port: int, **values: Any) -> SmsGateway:
    whole = SmsGateway(
        url=f"smpp://127.0.0.1:{port}",
        system_id="relay",
        password="secret",
        system_type="mms",
        sender="+15550000",
        timeout=PATIENCE,
    )
    return replace(whole, **values)


@contextmanager
def bound(port: int, hear: Hear = dropped, **values: Any) -> Iterator[Smpp]:
    """A gateway; it is closed after."""
    made = gateways.gateway(Config(sms=account(port, **values)), hear)
    assert isinstance(made, Smpp)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def smsc() -> Smsc:
    return Smsc()


def taken(smsc: Smsc, count: int) -> list[ShortMessage]:
    """What Bob's phone gets."""
    return [smsc.taken(DIGITS).get(timeout=PATIENCE) for _ in range(count)]


def refused(smsc: Smpp, push: bytes = b"push") -> TransportError:
    with pytest.raises(TransportError) as raised:
        smsc.push(BOB, push)
    return raised.value


def later(smsc: Smpp) -> str:
    """Why a push may be tried later."""
    error = refused(smsc)
    assert error.temporary
    return error.reason


def test_a_push(smsc: Smsc) -> None:
    """Its segments are 8-bit data with a header, from and to international numbers, and are the push."""
    with smsc.running() as port, bound(port) as gate:
        gate.push(BOB, LONG)
        messages = taken(smsc, 3)
    assert smsc.binds.get_nowait() == Account(b"relay", b"secret", b"mms")
    assert joined_segments(message.octets for message in messages) == LONG
    for message in messages:
        assert message[:5] == ((1, 1, b"15550000"), (1, 1, DIGITS.encode()), 0x40, 0x04, 0)


def test_wireshark_reads_what_is_sent(smsc: Smsc, tmp_path: Path) -> None:
    """Wireshark reads the bind, a notification in segments, texts and the farewell without a warning."""
    told = replace(COMPLETE["m-notification-ind"], transaction_id="T" * 40, subject="Grüße " * 6)
    with smsc.running() as port, bound(port, receipts=True) as gate:
        gate.push(BOB, wap_push(pdu_writer.to_bytes(told)))
        gate.text(BOB, "To see it: http://a.b/_")
        gate.text(BOB, "Фото 😀" * 20)
        gate.close()
        until(lambda: smsc.pdus[-1][4:8] == b"\0\0\0\6")
    read = judge.read_as("smpp", smsc.pdus, tmp_path)
    names = [fields["smpp.command_id"][0] for fields in read]
    assert names == ["0x00000009", *["0x00000004"] * (len(names) - 2), "0x00000006"]
    assert not [fields for fields in read if "_ws.expert" in fields or "_ws.malformed" in fields]
    codings = [fields["smpp.data_coding"][0] for fields in read[1:-1]]
    assert codings == [*["0x04"] * (len(codings) - 4), "0x00", *["0x08"] * 3]
    locations = [one for fields in read for one in fields["mmse.content_location"]]
    assert locations == ["http://mmsc.example/1"]


def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With smpps the SMSC must have a certificate for its name by an authority that the system trusts."""
    authority = trustme.CA()
    own, other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(own)
    authority.issue_cert("smsc.example").configure_cert(other)

    def gate(tls: ssl.SSLContext, timeout: float) -> Iterator[Smpp]:
        smsc = Smsc(tls=tls)
        with smsc.running() as port, bound(port, url=f"smpps://127.0.0.1:{port}", timeout=timeout) as made:
            yield made

    for made in gate(own, SHORT):
        until(lambda made=made: "certificate" in later(made))  # type: ignore[misc]
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for made in gate(other, SHORT):
        until(lambda made=made: "certificate" in later(made))  # type: ignore[misc]
    for made in gate(own, PATIENCE):
        made.push(BOB, b"push")


def test_another_smsc() -> None:
    """The server of the library, which reads PDUs as others do, is shown the same octets."""

    async def serve(port: int, ready: threading.Event) -> list[tuple[str, int, int, bytes]]:
        server = smpp34.Server("127.0.0.1", port, system_id="smsc")
        await server.start()
        ready.set()
        found: list[tuple[str, int, int, bytes]] = []
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Unbound):
                await server.stop()
                return found
            if isinstance(event, smpp34.SubmitSmEvent):
                message = (event.destination_addr, event.esm_class, event.data_coding, event.short_message)
                found.append(message)
                event.accept(str(len(found)))

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ready = threading.Event()
    with ThreadPoolExecutor() as pool:
        served = pool.submit(lambda: asyncio.run(serve(port, ready)))
        assert ready.wait(PATIENCE)
        with bound(port) as gate:
            gate.push(BOB, LONG)
            gate.text(BOB, "Фото")
        *pushed, text = served.result(PATIENCE)
    assert joined_segments(octets for *_, octets in pushed) == LONG
    assert {(to, esm_class, coding) for to, esm_class, coding, _ in pushed} == {(DIGITS, 0x40, 4)}
    assert text == (DIGITS, 0, 8, "Фото".encode("utf-16-be"))


def test_pushes_have_references_of_their_own(smsc: Smsc) -> None:
    """The segments of one push share a reference; 256 pushes to a phone have 256."""
    found = []
    with smsc.running() as port, bound(port) as gate:
        for _ in range(256):
            assert gate.pushes([Push(BOB, LONG[:140])]) == [None]
            first, second = taken(smsc, 2)
            assert first.octets[9] == second.octets[9]
            found.append(first.octets[9])
    assert sorted(found) == list(range(256))


def test_other_fields(smsc: Smsc) -> None:
    """Receipts and the class of the phone are asked for where the configuration says so."""
    with (
        smsc.running() as port,
        bound(port, sender="MMSC", receipts=True, push_data_coding=0xF5) as gate,
    ):
        gate.push("15550002", b"push")
        (message,) = taken(smsc, 1)
    assert message == (
        (5, 0, b"MMSC"),
        (0, 1, DIGITS.encode()),
        0x40,
        0xF5,
        1,
        bytes.fromhex("0605040b8423f0") + b"push",
        b"",
    )


def test_texts(smsc: Smsc) -> None:
    """A text is one short message without a header, or several with; another alphabet is UCS-2."""
    with smsc.running() as port, bound(port, sender="7777") as gate:
        gate.text(BOB, "To see it: http://a.b/_{1} €")
        (one,) = taken(smsc, 1)
        gate.text(BOB, "é" * 161)
        several = taken(smsc, 2)
        gate.text(BOB, "Фото")
        (wide,) = taken(smsc, 1)
    assert one[2:5] == (0, 0, 0)
    assert one.source == (0, 0, b"7777")
    assert one.octets == b"To see it: http://a.b/\x11\x1b(1\x1b) \x1be"
    assert {message[2:5] for message in several} == {(0x40, 0, 0)}
    bodies = {message.octets[5]: message.octets[6:] for message in several}
    assert bodies == {1: b"\x05" * 153, 2: b"\x05" * 8}
    assert wide[2:5] == (0, 8, 0)
    assert wide.octets == "Фото".encode("utf-16-be")


def test_what_can_not_be_sent_is_not(smsc: Smsc) -> None:
    """A recipient without a number, a text without characters and a push without room reach no SMSC."""
    with smsc.running() as port, bound(port, max_segments=2) as gate:
        for recipient in ("", "+", "bob@mail.example", "+1 555", "1" * 21, "1555\0", "١٢٣"):
            with pytest.raises(TransportError, match="is no number") as raised:
                gate.push(recipient, b"push")
            assert not raised.value.temporary
        with pytest.raises(MessageError):
            gate.text(BOB, "")
        with pytest.raises(BudgetError):
            gate.push(BOB, LONG)
        (budget, number, none) = gate.pushes([Push(BOB, LONG), Push("bob", b"push"), Push(BOB, b"push")])
        assert isinstance(budget, BudgetError)
        assert isinstance(number, TransportError)
        assert none is None
        taken(smsc, 1)
    assert smsc.taken(DIGITS).empty()


@pytest.mark.parametrize(
    ("status", "temporary", "words"),
    [(0x0B, False, "destination address"), (0x08, True, "system error"), (0x453, True, "0x00000453")],
)
def test_refusals(smsc: Smsc, status: int, temporary: bool, words: str) -> None:
    """A wrong number is final; other refusals may pass, and are named."""
    smsc.statuses.put(status)
    with smsc.running() as port, bound(port) as gate:
        error = refused(gate)
        assert error.temporary is temporary
        assert words in error.reason
        gate.push(BOB, b"push")
        taken(smsc, 1)


def test_a_wrong_number_is_final_whatever_else_happened(smsc: Smsc) -> None:
    """One segment was refused for good, and others for now or not at all."""
    for status in (0, 0x08, 0x0B):
        smsc.statuses.put(status)
    with smsc.running() as port, bound(port) as gate:
        assert not refused(gate, LONG).temporary


@pytest.mark.parametrize("status", [0x58, 0x14])
def test_a_full_smsc_is_asked_again(smsc: Smsc, status: int) -> None:
    """What is throttled is sent again, and each segment is taken once."""
    smsc.statuses.put(status)
    with smsc.running() as port, bound(port) as gate:
        gate.push(BOB, LONG)
        assert joined_segments(message.octets for message in taken(smsc, 3)) == LONG
    assert smsc.taken(DIGITS).empty()


def test_an_smsc_that_stays_full(smsc: Smsc) -> None:
    """When the time is over, the push may be tried later."""
    for _ in range(100):
        smsc.statuses.put(0x58)
    with smsc.running() as port, bound(port, timeout=SHORT) as gate:
        until(lambda: "took no more" in later(gate))


def test_a_wrong_password(smsc: Smsc, caplog: pytest.LogCaptureFixture) -> None:
    """Notifications wait, and the log names the account, never the password."""
    with (
        caplog.at_level(logging.INFO),
        smsc.running() as port,
        bound(port, password="guess", timeout=SHORT) as gate,
    ):
        error = refused(gate)
        until(lambda: "'relay'" in caplog.text)
    assert error.temporary
    assert "no bind" in error.reason
    assert "guess" not in caplog.text + str(error)


def test_nobody_listens(smsc: Smsc) -> None:
    """Notifications wait, and go when the SMSC is there."""
    with smsc.running() as port:
        pass
    with bound(port, timeout=SHORT) as gate:
        until(lambda: "no connection" in later(gate))
    with bound(port) as gate, ThreadPoolExecutor() as pool:
        pushed = pool.submit(gate.push, BOB, b"push")
        with smsc.running(port):
            pushed.result(PATIENCE)
            taken(smsc, 1)


def test_an_smsc_that_is_killed(smsc: Smsc) -> None:
    """What was not answered may be tried again, and is, over a new link."""
    with smsc.running() as port, bound(port) as gate:
        gate.push(BOB, b"first")
        smsc.ends_at = SUBMIT_SM
        error = refused(gate)
        assert error.temporary
        assert "link ended" in error.reason
        smsc.ends_at = None
        gate.push(BOB, b"second")
        assert [message.octets[7:] for message in taken(smsc, 2)] == [b"first", b"second"]


def test_an_idle_link_that_ends_is_made_again(smsc: Smsc) -> None:
    """The next push goes over a new link."""
    with smsc.running() as port, bound(port) as gate:
        gate.push(BOB, b"first")
        smsc.kill()
        until(lambda: smsc.binds.qsize() == 2)
        gate.push(BOB, b"second")
        taken(smsc, 2)


def test_an_smsc_that_never_answers(smsc: Smsc) -> None:
    """The outcome is not known, so it is temporary; the dead link is made again."""
    smsc.silent = frozenset((SUBMIT_SM,))
    with smsc.running() as port, bound(port, timeout=SHORT) as gate:
        until(lambda: "may have taken" in later(gate))
        until(lambda: smsc.binds.qsize() > 1)


def test_a_slow_answer_ends_no_link_that_others_use(smsc: Smsc) -> None:
    """One short message without an answer does not end a link on which others are answered."""
    with smsc.running() as port, bound(port, timeout=1.5) as gate, ThreadPoolExecutor() as pool:
        gate.push(BOB, b"first")
        smsc.silent = frozenset((SUBMIT_SM,))
        waits = pool.submit(gate.push, BOB, b"second")
        until(lambda: len(smsc.pdus) == 3)
        smsc.silent = frozenset()
        gate.push(BOB, b"third")
        assert isinstance(waits.exception(PATIENCE), TransportError)
        gate.push(BOB, b"fourth")
    assert smsc.binds.qsize() == 1


def test_an_smsc_that_never_binds(smsc: Smsc) -> None:
    """It takes the connection and says nothing."""
    smsc.silent = frozenset((BIND_TRANSCEIVER,))
    with smsc.running() as port, bound(port, timeout=SHORT) as gate:
        assert "no bind" in refused(gate).reason


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3,
        struct.pack(">IIII", 0xFFFFFFF0, 0x80000004, 0, 2),
        struct.pack(">IIII", 3, 0x80000004, 0, 2),
        struct.pack(">IIII", 16, 0x80000004, 0, 2),
        struct.pack(">IIII", 17, 0x80000004, 0, 2) + b"x",
        b"\0" * 64,
    ],
)
def test_garbage(smsc: Smsc, garbage: bytes) -> None:
    """An answer that can't be read leaves the outcome open; then the gateway works again."""
    with smsc.running() as port, bound(port, timeout=2.0) as gate:
        smsc.garbage = garbage
        assert refused(gate).temporary
        smsc.garbage = None
        until(lambda: gate.pushes([Push(BOB, b"push")]) == [None])


@pytest.mark.parametrize(
    "talk",
    [drip(b"x"), drip(b"\0\0\0\x15\x80\0\0\t\0\0\0\0\0\0\0\1"), flood(b"\0"), flood(b"x" * 1000)],
    ids=["letters", "binds", "nothing", "much"],
)
def test_a_peer_that_is_no_smsc(talk: Any) -> None:
    """It sends slowly or too much; nothing is sent to it, and the gateway can be closed."""
    with peer(talk) as port, bound(port, timeout=SHORT) as gate:
        assert refused(gate).temporary


def test_the_window(smsc: Smsc) -> None:
    """No more short messages wait for an answer than the window has, whoever sends them."""
    smsc.silent = frozenset((SUBMIT_SM,))
    with smsc.running() as port, ThreadPoolExecutor() as pool:
        with bound(port, window=3) as gate:
            waits = pool.submit(gate.pushes, [Push(BOB, b"push")] * 10)
            until(lambda: len(smsc.pdus) == 4)
        error = waits.exception(PATIENCE)
        assert isinstance(error, TransportError)
        assert error.temporary
        until(lambda: smsc.pdus[-1][4:8] == b"\0\0\0\6")
    assert [octets[7] for octets in smsc.pdus] == [9, 4, 4, 4, 6]


def test_the_rate(smsc: Smsc) -> None:
    """What has no turn within the time is not sent, and may be sent later."""
    with smsc.running() as port, bound(port, per_second=0.001) as gate:
        gate.push(BOB, b"first")
        error = refused(gate)
        assert error.temporary
        assert "took no more" in error.reason
        taken(smsc, 1)
    assert smsc.taken(DIGITS).empty()


def test_the_rate_bounds_what_is_sent_together() -> None:
    """All lines together begin no more than the rate allows within half of the time."""
    with bound(1, window=50, timeout=10.0, lines=4) as gate:
        assert gate.together == 50
    with bound(1, window=50, timeout=10.0, lines=4, per_second=40.0) as gate:
        assert gate.together == 25
    with bound(1, window=50, timeout=10.0, lines=4, per_second=0.1) as gate:
        assert gate.together == 1


def test_many_threads(smsc: Smsc) -> None:
    """Pushes of several threads are each taken once, with the octets that they have."""
    with smsc.running() as port, bound(port) as gate, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: gate.push(BOB, b"%03d" % number), range(200)))
        messages = taken(smsc, 200)
    assert sorted(message.octets[7:] for message in messages) == [b"%03d" % number for number in range(200)]


def test_receipts_are_logged(smsc: Smsc, caplog: pytest.LogCaptureFixture) -> None:
    """What became of a short message stands in the log, without the phone's number or text."""
    with caplog.at_level(logging.INFO), smsc.running() as port, bound(port) as gate:
        gate.push(BOB, b"push")
        smsc.deliver(b"id:7 sub:001 stat:UNDELIV err:00B text:secret", esm_class=4)
        smsc.deliver(b"secret", esm_class=0)
        # The library hands them over in any order.
        until(lambda: "short message of a phone" in caplog.text)
        until(lambda: "the short message 7 is UNDELIV (error 00B)" in caplog.text)
    assert "secret" not in caplog.text
    assert DIGITS not in caplog.text


def test_close_at_any_moment(smsc: Smsc) -> None:
    """While it connects, while a connection is refused, and while it binds."""
    for _ in range(20):
        with bound(1):
            pass
    with smsc.running() as port:
        for place in range(20):
            with bound(port):
                until(lambda place=place: smsc.binds.qsize() >= place)  # type: ignore[misc]
    assert not [thread for thread in threading.enumerate() if thread.name == "transcode-smpp"]


def test_close_ends_threads_and_the_bind(smsc: Smsc) -> None:
    """It says farewell, and can be repeated; what waits meanwhile may be tried again."""
    smsc.silent = frozenset((SUBMIT_SM,))
    with smsc.running() as port, ThreadPoolExecutor() as pool:
        gate = gateways.gateway(Config(sms=account(port)), dropped)
        waits = pool.submit(gate.push, BOB, b"push")
        until(lambda: len(smsc.pdus) == 2)
        gate.close()
        gate.close()
        error = waits.exception(PATIENCE)
        assert isinstance(error, TransportError)
        assert error.temporary
        until(lambda: smsc.pdus[-1][4:8] == b"\0\0\0\6")
    assert not [thread for thread in threading.enumerate() if thread.name == "transcode-smpp"]


def test_a_message_centre_notifies_over_smpp(
    tmp_path: Path, gateway: Gateway, smsc: Smsc, letter: Message
) -> None:
    """The segments are a notification with the address of the message."""
    with smsc.running() as port, running(config(tmp_path, gateway, sms=account(port))) as centre:
        Phone(ALICE, centre.url, gateway).submit(letter)
        segments = [taken(smsc, 1)[0].octets]
        segments += [message.octets for message in taken(smsc, place_of(segments[0])[1] - 1)]
        notification = transcode.read(joined_segments(segments))
        assert notification.message_type == "m-notification-ind"
        assert location(notification).startswith(f"{centre.url}/m/")
