"""Lengths in PDUs that are wrong: of pushes, content types, dispositions and times, and counts of parts."""

from __future__ import annotations

import contextlib

import pytest

import transcode
from tests.effort import bounded
from transcode.model import HeaderValue

ONE = "+15555550100/TYPE=PLMN"
HEAD = b"\x8c\x80\x98T1\0\x8d\x93\x89\x01\x81\x97" + ONE.encode() + b"\0\x8f\x82"
MIXED = b"\x84\xa3"
SMIL = b"\xb3\x8a<smil>\0\x89application/smil\0"
PART = b"\x83\x81\xea\x85a.txt\0"
NAMES = b'\x8ea.txt\0\xc0"<a>\0'
NOTIFICATION = bytes.fromhex("8c82985400 8d92 8a80 8e0164 88058103015180") + b"\x83http://a.example/1\0"


def length(octets: bytes, wrong: int) -> bytes:
    size = len(octets) + wrong
    return (bytes((size,)) if size < 31 else b"\x1f" + bytes((size,))) + octets


def entry(head: bytes, data: bytes = b"hello") -> bytes:
    return bytes((len(head), len(data))) + head + data


def told(message: transcode.Message, wrong: int) -> bool:
    words = f"{abs(wrong):,} octets too {'large' if wrong > 0 else 'small'}"
    return not message.oddities if not wrong else any(words in oddity for oddity in message.oddities)


WRONG = [-9, -3, -2, -1, 0, 1, 2, 3, 9, 25, 60]


@pytest.mark.parametrize("wrong", WRONG)
def test_the_content_type_of_a_message(wrong: int) -> None:
    """The body begins where the type's parameters end."""
    found = transcode.read(HEAD + b"\x84" + length(SMIL, wrong) + b"\x01" + entry(length(PART, 0) + NAMES))
    assert found.parameters == (("start", "<smil>"), ("type", "application/smil"))
    assert [(part.name, bytes(part.data)) for part in found.parts] == [("a.txt", b"hello")]
    assert told(found, wrong)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_content_type_of_a_part(wrong: int) -> None:
    """Its names are not lost, nor the headers behind it."""
    found = transcode.read(HEAD + MIXED + b"\x01" + entry(length(PART, wrong) + NAMES))
    (part,) = found.parts
    assert (part.content_type, part.charset, part.name) == ("text/plain", "utf-8", "a.txt")
    assert (part.content_location, part.content_id, bytes(part.data)) == ("a.txt", "a", b"hello")
    assert told(found, wrong)


@pytest.mark.parametrize("wrong", [-8, *WRONG[1:]])
def test_a_disposition(wrong: int) -> None:
    """The names behind a disposition are read whether its length is right or wrong."""
    head = b"\x83\xae" + length(b"\x81\x86b.txt\0", wrong) + NAMES
    found = transcode.read(HEAD + MIXED + b"\x01" + entry(head))
    (part,) = found.parts
    assert (part.disposition, part.filename) == ("attachment", "b.txt")
    assert (part.content_location, part.content_id) == ("a.txt", "a")
    assert told(found, wrong)


@pytest.mark.parametrize("wrong", [0, 25, 60])
@pytest.mark.parametrize(
    ("name", "octets", "value"),
    [
        ("X-Mms-Expiry", b"\x88\x81\x03\x03\xf4\x80", ("relative", 259_200)),
        ("X-Mms-Delivery-Time", b"\x87\x80\x04\x65\x01\x01\x01", ("absolute", 0x65010101)),
    ],
)
def test_times_end_by_themselves(wrong: int, name: str, octets: bytes, value: HeaderValue) -> None:
    """Times end by themselves, also if their length exceeds the octets that are left."""
    line = octets[:1] + length(octets[1:], wrong)
    found = transcode.read(HEAD + line + b"\x86\x80" + MIXED + b"\x01" + entry(b"\x83"))
    assert dict(found.headers)[name] == value
    assert dict(found.headers)["X-Mms-Delivery-Report"] is True
    assert [bytes(part.data) for part in found.parts] == [b"hello"]
    assert bool(found.oddities) == bool(wrong)


@pytest.mark.parametrize("wrong", [-40, -9, -3, -1, 0, 1, 3, 9, 40])
@pytest.mark.parametrize("transaction", [0x00, 0x3C, 0x8C])
@pytest.mark.parametrize("kind", [b"\xbe", b"application/vnd.wap.mms-message\0", b"\x03\xbe\x81\xea"])
@pytest.mark.parametrize("more", [b"", b"\xaf\x84", b"X-Wap-Application-Id\0x-wap-application:mms.ua\0"])
def test_the_headers_of_a_push(wrong: int, transaction: int, kind: bytes, more: bytes) -> None:
    """The PDU begins with its type."""
    headers = kind + more
    counted = bytes((max(1, len(headers) + wrong),))
    found = transcode.read(bytes((transaction, 0x06)) + counted + headers + NOTIFICATION)
    assert (found.message_type, found.transaction_id) == ("m-notification-ind", "T")
    assert len(found.oddities) == 1
    assert f"a WAP Push frame of {3 + len(headers)} octets" in found.oddities[0]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_parts_that_are_not_counted(count: int) -> None:
    """They are there, and told; what is none stays behind the last."""
    parts = entry(b"\x83", b"one") + entry(b"\x83", b"two")
    found = transcode.read(HEAD + MIXED + bytes((count,)) + parts)
    assert [bytes(part.data) for part in found.parts] == [b"one", b"two"]
    assert bool(found.oddities) == (count != 2)
    for behind in (b"\0", b"\x01\x05\x83one", b"\0\0\0\0", b"\x01\x01\x83"):
        found = transcode.read(HEAD + MIXED + b"\x02" + parts + behind)
        assert [bytes(part.data) for part in found.parts] == [b"one", b"two"]
        assert any(f"{len(behind)} octets behind the last part" in oddity for oddity in found.oddities)


def test_a_body_that_makes_no_sense_either_way() -> None:
    """Its error is that of the lengths as they stand."""
    with pytest.raises(transcode.PduError, match="are declared"):
        transcode.read(HEAD + b"\x84" + length(SMIL, 0) + b"\x01\x7f\x7f\x83")


def test_many_bodies_with_something_behind_cost_little() -> None:
    """Looking for parts there does not multiply."""
    junk = entry(b"\x83", b"") * 400 + b"\x7f"
    inner = b"\x00" + junk
    one = b"\x01" + bytes((0x80 | len(inner) >> 7, len(inner) & 0x7F)) + b"\xa3" + inner
    with bounded(), contextlib.suppress(transcode.PduError):
        transcode.read(HEAD + MIXED + b"\x83\x74" + one * 500)
