"""Pushes in short messages: octet for octet, in Wireshark's reading, and joined again."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import transcode
from tests.made.pdus import COMPLETE
from tests.wire import judge
from transcode.errors import BudgetError, MessageError, PduError
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm1.push import joined_segments, push_segments, wap_push

NOTIFICATION = pdu_writer.to_bytes(COMPLETE["m-notification-ind"])
LONG = pdu_writer.to_bytes(
    replace(COMPLETE["m-notification-ind"], transaction_id="T" * 40, subject="Grüße " * 6)
)
PORTS = bytes.fromhex("05040b8423f0")


def segment(elements: bytes, data: bytes = b"x") -> bytes:
    return bytes((len(elements),)) + elements + data


def part(total: int, count: int, data: bytes = b"x", *, reference: int = 7) -> bytes:
    return segment(PORTS + bytes((0, 3, reference, total, count)), data)


def test_octets() -> None:
    """The octets of the frame, of a lone segment's header and of several headers are as specified."""
    push = wap_push(NOTIFICATION)
    assert push == bytes.fromhex("010603beaf84") + NOTIFICATION
    assert wap_push(memoryview(NOTIFICATION), number=255)[:2] == b"\xff\x06"  # type: ignore[arg-type]
    assert push_segments(push, reference=9) == (bytes.fromhex("0605040b8423f0") + push,)
    data = random.Random(1).randbytes(300)
    assert push_segments(data, reference=9) == (
        bytes.fromhex("0b05040b8423f00003090301") + data[:128],
        bytes.fromhex("0b05040b8423f00003090302") + data[128:256],
        bytes.fromhex("0b05040b8423f00003090303") + data[256:],
    )


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (1, [8]),
        (133, [140]),
        (134, [140, 18]),
        (256, [140, 140]),
        (257, [140, 140, 13]),
        (255 * 128, [140] * 255),
    ],
)
def test_sizes(size: int, sizes: list[int]) -> None:
    """No segment has more than 140 octets, and joined they are the push, whatever their order."""
    push = random.Random(size).randbytes(size)
    found = push_segments(push, reference=0, most=255)
    assert [len(one) for one in found] == sizes
    several = [*found, *found[:3]]
    random.Random(2).shuffle(several)
    assert joined_segments(several) == push


def test_too_long_a_push() -> None:
    """The limit is that of the octets which the segments hold."""
    for size, most, limit in ((134, 1, 133), (257, 2, 256), (1025, 8, 1024), (255 * 128 + 1, 255, 255 * 128)):
        with pytest.raises(BudgetError, match=f"push in {most} short message") as caught:
            push_segments(bytes(size), reference=0, most=most)
        assert (caught.value.limit, caught.value.smallest) == (limit, size)


def test_what_is_pushed(shared: Path, tmp_path: Path) -> None:
    """Wireshark joins the short messages, and finds the frame and all of the PDU in them."""
    kinds = ("m-notification-ind", "m-delivery-ind", "m-read-orig-ind")
    pdus = [LONG, *(pdu_writer.to_bytes(COMPLETE[kind]) for kind in kinds)]
    pushes = [wap_push(pdu, number=number) for number, pdu in enumerate(pdus)]
    sent = [push_segments(push, reference=number) for number, push in enumerate(pushes)]
    assert [len(one) for one in sent] == [2, 1, 1, 1]
    packets = judge.short_messages([one for segments in sent for one in segments], tmp_path)
    found = [packet for packet in packets if packet["mmse.message_type"]]
    assert [packet["wsp.TID"] for packet in found] == [[f"0x{number:02x}"] for number in range(4)]
    assert [packet["wsp.pdu_type"] for packet in found] == [["0x06"]] * 4
    assert {tuple(packet["wsp.header.content_type"]) for packet in found} == {
        ("application/vnd.wap.mms-message",)
    }
    assert {tuple(packet["wsp.header.x_wap_application_id"]) for packet in found} == {
        ("x-wap-application:mms.ua",)
    }
    assert [packet["mmse.message_type"] for packet in found] == [["0x82"], ["0x82"], ["0x86"], ["0x88"]]
    assert found[0]["mmse.transaction_id"] == ["T" * 40]
    assert {tuple(packet["gsm_sms.destination_port"]) for packet in packets} == {("2948",)}
    assert {tuple(packet["gsm_sms.originator_port"]) for packet in packets} == {("9200",)}
    assert [problem for packet in packets for problem in packet["_ws.expert.message"]] == []


@pytest.mark.parametrize("pdu", [LONG, NOTIFICATION])
def test_pushes_are_read(pdu: bytes) -> None:
    """What is joined is read as the message that was sent."""
    push = joined_segments(reversed(push_segments(wap_push(pdu), reference=3)))
    found = transcode.read(push)
    assert found.oddities == ("a WAP Push frame of 6 octets precedes the message (at octet 6)",)
    assert replace(found, oddities=()) == transcode.read(pdu)


def test_headers_of_others() -> None:
    """References of 16 bits, other elements and orders, and a port in one segment only are read."""
    wide = bytes.fromhex("08040107")
    first = segment(wide + b"\x02\x01" + PORTS, b"ab")
    second = segment(b"\x24\x01\x00" + wide + b"\x02\x02", b"cd")
    assert joined_segments([second, first]) == b"abcd"
    assert joined_segments([bytearray(first), memoryview(second)]) == b"abcd"  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ([], "no segment of a push is there"),
        ([part(3, 2)], "of 3 segments of a push, 2 are missing: 1, 3"),
        ([part(255, 255)], "254 are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more"),
        ([part(2, 1), part(2, 2, reference=8)], "segment 2 of a push is of a push in 2 .* the reference 8"),
        ([part(2, 1), part(3, 2)], "segment 2 of a push is of a push in 3 segments"),
        ([part(2, 1), segment(PORTS)], "segment 2 of a push is of a push in one segment, and the first"),
        ([part(2, 1), part(2, 1, b"y")], "segment 2 of a push has the place 1 as another one, with other"),
        ([segment(PORTS, b"a"), segment(PORTS, b"b")], "has the place 1 as another one"),
        ([part(2, 0)], "segment 1 of a push is segment 0 of 2"),
        ([part(2, 3)], "segment 1 of a push is segment 3 of 2"),
        ([part(0, 0)], "segment 1 of a push is segment 0 of 0"),
        ([segment(bytes.fromhex("05040b8523f0"))], "has the port 2949, but pushes have 2948"),
        ([segment(b"\x00\x03\x07\x01\x01")], "no segment of a push has a port"),
        ([segment(b"")], "no segment of a push has a port"),
        ([b"\x06\x05\x04\x0b"], "segment 1 of a push has 4 octets, but its header has 7"),
        ([segment(b"\x05\x09\x0b\x84")], "ends behind the header, at octet 1"),
        ([segment(PORTS + b"\x00")], "ends behind the header, at octet 7"),
    ],
)
def test_segments_that_are_no_push(segments: list[bytes], told: str) -> None:
    """The error says which segment, and what of it."""
    with pytest.raises(PduError, match=told):
        joined_segments(segments)


@pytest.mark.parametrize("kind", sorted(set(COMPLETE) - {"m-cancel-req"}))
def test_other_pdus_are_not_pushed(kind: str) -> None:
    """A client asks for all others, or sends them itself."""
    octets = pdu_writer.to_bytes(COMPLETE[kind])
    if kind in ("m-notification-ind", "m-delivery-ind", "m-read-orig-ind"):
        assert wap_push(octets).endswith(octets)
        return
    with pytest.raises(MessageError, match=r"pdu: is M-\S+, but a push carries one of M-Notification.ind, M"):
        wap_push(octets)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wap_push(b"\x01\x06\x03"), "pdu: is no PDU"),
        (lambda: wap_push(b"\x8c"), "pdu: is no PDU"),
        (lambda: wap_push(b""), "pdu: is empty"),
        (lambda: wap_push("x"), "pdu: must be octets, not str"),  # type: ignore[arg-type]
        (lambda: wap_push(NOTIFICATION, number=256), "number: 256 is not a whole number from 0 to 255"),
        (lambda: push_segments(b"", reference=1), "push: is empty"),
        (lambda: push_segments(b"x", reference=-1), "reference: -1 is not a whole number from 0 to 255"),
        (lambda: push_segments(b"x", reference=True), "reference: True is not a whole number"),
        (lambda: push_segments(b"x", reference=1, most=0), "most: 0 is not a whole number from 1 to 255"),
        (lambda: joined_segments(b"abc"), "segments: must be a list of octets"),  # type: ignore[arg-type]
        (lambda: joined_segments(["x"]), r"segments\[0\]: must be octets, not str"),  # type: ignore[list-item]
        (lambda: joined_segments([b""]), r"segments\[0\]: is empty"),
    ],
)
def test_arguments(call: object, told: str) -> None:
    """An argument of another kind is named."""
    with pytest.raises(MessageError, match=told):
        call()  # type: ignore[operator]


def test_any_octets() -> None:
    """Damaged segments are joined or refused, and nothing else happens."""
    whole = push_segments(wap_push(LONG), reference=3)
    luck = random.Random(4)
    for _ in range(3000):
        damaged = [bytearray(one) for one in whole]
        for _ in range(luck.randint(1, 3)):
            one = luck.choice(damaged)
            one[luck.randrange(min(14, len(one)))] = luck.randrange(256)
        try:
            assert isinstance(joined_segments(map(bytes, damaged)), bytes)
        except PduError as error:
            assert "of a push" in str(error)
