"""A charset whose octet lacks its high bit and is a letter too, in front of texts of all kinds."""

from __future__ import annotations

import pytest

import transcode
from transcode.wire.mm1 import wsp
from transcode.wire.mm1.bare_charsets import Verdict, verdict
from transcode.wire.mm1.cursor import Cursor
from transcode.wire.mm1.wsp_numbers import CHARSETS

BEHIND = b"\x8c\x82\x98T1\0\x8d\x90"


def length(value: bytes, more: int = 0) -> bytes:
    return wsp.value_length(len(value) + more) + value


def read(octets: bytes) -> tuple[str, list[str]]:
    """The text of octets in front of others, and what is odd."""
    cursor = Cursor(octets + BEHIND)
    text = cursor.encoded_string()
    assert cursor.left == len(BEHIND)
    return text, cursor.oddities


@pytest.mark.parametrize("more", [0, 1, 3])
@pytest.mark.parametrize(
    ("octet", "text"),
    [
        (b"j", "Привет, мир"),
        (b"j", "你好"),
        (b"j", "😀"),
        (b"j", "+33612345678"),
        (b"j", "33612345678/TYPE=PLMN"),
        (b"q", "你好吗 ok"),
        (b"r", "你好"),
        (b"&", "안녕하세요"),
        (b"$", "안녕"),
        (b"'", "こんにちは"),
        (b"(", "こんにちは"),
    ],
)
def test_a_charset_beyond_doubt(octet: bytes, text: str, more: int) -> None:
    """The text is of it, and would be of no other; whatever its length says."""
    written = octet + text.encode(CHARSETS[octet[0]]) + b"\0"
    found, oddities = read(length(written, more))
    assert found == text
    assert oddities[0].startswith(f"the charset {CHARSETS[octet[0]]} without the high bit of its octet (")


@pytest.mark.parametrize(
    ("octet", "text"),
    [
        (b"j", "Hello"),
        (b"j", "RDV demain"),
        (b"j", "bonjour"),
        (b"j", "[Fwd] x"),
        (b"j", "0612345678"),
        (b"j", "été"),
        (b"o", "Bonjour"),
        (b"o", "été"),
        (b"m", "Ačiū"),
        (b"q", "Hello"),
    ],
)
def test_a_charset_rather_than_a_letter(octet: bytes, text: str) -> None:
    """No word begins so; the oddity tells the letter."""
    found, oddities = read(length(octet + text.encode(CHARSETS[octet[0]]) + b"\0"))
    assert found == text
    assert [f"; or {octet.decode()!r} is a letter of the text" in oddity for oddity in oddities] == [True]


@pytest.mark.parametrize(
    "text",
    [
        *("john", "je t'aime", "j'ai vu", "j", "j.", "J'ai", "j2", "jazz", "jusque"),
        *("merci", "oh la la", "où es-tu", "no", "p2p", "question", "r u ok", "Hello"),
        *("'tis", "$5 off", "(Hello)", "&Co", "jsmith@example.com", "mA@example.com"),
    ],
)
def test_letters_of_words(text: str) -> None:
    """None is lost, where no charset is in front; the oddity tells the charset that it might be."""
    octets = text.encode() + b"\0"
    found, oddities = read(length(octets))
    assert found == text
    assert "a text has a length and no charset" in oddities[0]
    assert ("; or " in oddities[0]) == (octets[0] in CHARSETS)


def test_a_writer_is_the_same_in_all_its_texts() -> None:
    """A number that has a bare charset in front tells of the subject."""
    sender = b"\x89" + length(b"\x80" + length(b"j+33612345678/TYPE=PLMN\0"))
    head = b"\x8c\x82\x98T1\0\x8d\x90"
    rest = b"\x8a\x80\x8e\x01\x10\x88\x03\x81\x01\x10\x83http://m/1\0"
    subject = b"\x96" + length(b"john\0")
    for octets in (head + sender + subject + rest, head + subject + sender + rest):
        found = transcode.read(octets)
        assert (found.subject, found.sender) == ("ohn", "+33612345678/TYPE=PLMN")
    proper = sender.replace(b"\x18j", b"\x18\xea")
    assert proper != sender
    assert transcode.read(head + proper + subject + rest).subject == "john"


@pytest.mark.parametrize(
    ("octets", "text", "name"),
    [
        (b"\xeaHello\0", "Hello", "utf-8"),
        (b"\xea\x7f\xc3\xa9\0", "é", "utf-8"),
        (b"\xea\xc3\xa9t\xc3\xa9\0", "été", "utf-8"),
        (b"\x83Hello\0", "Hello", "us-ascii"),
        (b"\x84caf\xe9\0", "café", "iso-8859-1"),
        (b"\xea+33612345678/TYPE=PLMN\0", "+33612345678/TYPE=PLMN", "utf-8"),
        (b"\xf1\xc4\xe3\xba\xc3\0", "你好", "gbk"),
        (b"\xeatre\0", "être", ""),
        (b"\xc9t\xe9\0", "Été", ""),
        (b"\xef!\0", "ï!", ""),
        ("가나".encode() + b"\0", "가나", ""),
        ("é".encode() + b"\0", "é", ""),
    ],
)
def test_a_charset_without_a_length(octets: bytes, text: str, name: str) -> None:
    """Where the octets are no UTF-8 by themselves; letters of iso-8859-1 stay letters."""
    found, oddities = read(octets)
    assert found == text
    told = [oddity for oddity in oddities if "and no length" in oddity]
    assert len(told) == bool(name)
    assert all(f"the charset {name} " in oddity for oddity in told)


def test_octets_that_are_no_charset() -> None:
    """Other octets, and empty texts, are no charset."""
    for octet in range(128):
        assert verdict(octet, b"") is Verdict.LETTER
        if octet not in CHARSETS:
            assert verdict(octet, b"\x7fHello") is Verdict.LETTER
    assert verdict(0x6A, "été".encode()[:-1]) is not Verdict.LETTER
    assert verdict(0x6A, "été".encode("iso-8859-1")) is Verdict.LETTER
