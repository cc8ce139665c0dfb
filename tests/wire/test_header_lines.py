"""Lines among headers that are none: no header behind them is lost, and no part."""

from __future__ import annotations

import pytest

import transcode
from tests.effort import bounded
from transcode.wire.header_lines import mended

LINES = (
    b"X-Mms-3GPP-MMS-Version: 6.3.0",
    b"X-Mms-Message-Type: MM4_forward.REQ",
    b"X-Mms-Transaction-ID: t",
    b"X-Mms-Message-ID: m",
    b"From: a@b.example",
    b"To: +15555550100/TYPE=PLMN,",
    b" +15555550101/TYPE=PLMN",
    b"Date: Sun, 29 Nov 2026 10:20:30 +0000",
    b"Content-Type: multipart/mixed;",
    b" boundary=b",
)
BODY = b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b--\r\n"


def with_line(line: bytes, place: int) -> transcode.Message:
    lines = [*LINES[:place], line, *LINES[place:]]
    return transcode.read(b"\r\n".join(lines) + BODY)


@pytest.mark.parametrize("place", [0, 1, 4, 8])
@pytest.mark.parametrize(
    ("line", "oddity"),
    [
        (b"From a@b.example Sun Nov 29 10:20:30 2026", "mailbox file"),
        (b">From a@b.example Sun Nov 29 10:20:30 2026", "mailbox file"),
        (b">>From MAILER-DAEMON", "mailbox file"),
        (b"X-\xc3\xa4ge: 1", "an invalid name, left out: 'X-äge: 1'"),
        (b"X-\xe4ge: 1", "an invalid name, left out: 'X-äge: 1'"),
        (b"\xe9: 1\r\n and more", "an invalid name, left out: 'é: 1'"),
        (b"no colon\r\n\tand more", "left out: 'no colon'"),
        (b": no name", "left out: ': no name'"),
        (b"two words: x", "left out: 'two words: x'"),
        (b"250 OK", "left out: '250 OK'"),
    ],
)
def test_a_line_that_is_no_header(line: bytes, oddity: str, place: int) -> None:
    """It is left out, wherever it stands, and told; all else is read."""
    found = with_line(line, place)
    assert (found.message_type, found.version, found.transaction_id) == ("mm4-forward-req", "6.3.0", "t")
    assert (found.sender, len(found.to)) == ("a@b.example", 2)
    assert found.headers == (("X-Mms-Message-ID", "m"), ("Date", 1_795_947_630))
    assert [part.text for part in found.parts] == ["Hello"]
    assert [oddity in told for told in found.oddities] == [True]


@pytest.mark.parametrize("place", [0, 1, 4, 8])
@pytest.mark.parametrize(
    "name",
    [
        b"X-Mms-Priority ",
        b"X-Mms-Priority\t",
        b"\xa0X-Mms-Priority",
        b"\xc2\xa0X-Mms-Priority",
        b"\xef\xbb\xbfX-Mms-Priority",
        b"X-Mms\xc2\xad-Priority",
        b"X\xe2\x80\x93Mms\xe2\x80\x93Priority",
        b"X\x96Mms\x96Priority",
        b"X-Mms-Priority\xe2\x80\x8b",
    ],
)
def test_a_name_with_what_nobody_sees(name: bytes, place: int) -> None:
    """Blanks, marks and dashes are no part of it."""
    found = with_line(name + b": High", place)
    assert ("X-Mms-Priority", "High") in found.headers
    assert len(found.headers) == 3
    assert len(found.parts) == 1
    assert len(found.oddities) == 1


def test_a_name_in_a_part() -> None:
    """The picture keeps its type and name."""
    head = b"Content-Type : image/gif\r\n\xa0Content-Location: a.gif\r\nContent-ID: <a>"
    found = transcode.read(b"\r\n".join(LINES) + BODY.replace(b"Content-Type: text/plain", head))
    (part,) = found.parts
    assert (part.content_type, part.content_location, part.content_id) == ("image/gif", "a.gif", "a")


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        (b";\r\n boundary=b", b";\r\nboundary=b"),
        (b";\r\n boundary=b", b';\r\nstart="<x:y>";\r\nboundary="b"'),
        (b",\r\n +15555550101", b",\r\n+15555550101"),
        (b"example\r\nTo", b"example\rand more\r\nTo"),
    ],
)
def test_a_header_that_is_folded_wrongly(written: bytes, broken: bytes) -> None:
    """It goes on with the next line, and no other is lost."""
    octets = b"\r\n".join(LINES) + BODY
    assert written in octets
    found = transcode.read(octets.replace(written, broken))
    assert (len(found.to), [part.text for part in found.parts]) == (2, ["Hello"])
    assert len(found.oddities) >= 1


def test_no_blank_line_behind_the_headers() -> None:
    """The boundary tells where the body begins; without one, the first line that is no header."""
    found = transcode.read(b"\r\n".join(LINES) + BODY.replace(b"\r\n\r\n--b", b"\r\n--b", 1))
    assert [part.text for part in found.parts] == ["Hello"]
    assert found.oddities == ("the blank line behind the headers is missing",)
    plain = transcode.read(b"X-Mms-Message-Type: MM4_forward.REQ\r\nContent-Type: text/plain\r\nHello\r\n")
    assert [part.text for part in plain.parts] == ["Hello\r\n"]
    part = transcode.read(b"\r\n".join(LINES) + BODY.replace(b"plain\r\n\r\n", b"plain\r\n"))
    assert [part.text for part in part.parts] == ["Hello"]


def test_no_blank_line_behind_the_headers_of_a_part() -> None:
    """Though one is within its text; a line among its headers that is none is left out."""
    text = b"Content-Type: text/plain\r\nContent-ID: t.txt\r\nHello you:\r\n\r\nand you"
    head = b"\r\n".join(LINES) + b"\r\n\r\n--b\r\n"
    found = transcode.read(head + text.replace(b"you:", b"you") + b"\r\n--b--\r\n")
    assert [part.text for part in found.parts] == ["Hello you\r\n\r\nand you"]
    assert found.oddities == ("the blank line behind the headers is missing",)
    junk = text.replace(b"Content-ID", b"junk\r\nContent-ID").replace(b"\r\nHello you:", b"")
    (part,) = transcode.read(head + junk + b"\r\n--b--\r\n").parts
    assert (part.text, part.content_id) == ("and you", "t.txt")


def test_what_is_sound_stays() -> None:
    """Not an octet changes, and nothing is told."""
    told: list[str] = []
    for block in (b"", b"\r\n", b"\n", b"A: b\n c\n\n", b"A:\r\n\tb\r\nC/D:e", b"<x>: y\n"):
        assert mended(block, told.append) == (block, len(block))
    assert told == []


def test_many_broken_lines_cost_little() -> None:
    """The most lines of a head cost little time; the number of oddities is bounded."""
    for line in (b"no colon", b"\xe9: x", b"a;\r\nb=", b"--b", b"x\ry: z", b">From "):
        octets = b"X-Mms-Message-Type: MM4_forward.REQ\r\n" + (line + b"\r\n") * 450
        assert len(transcode.read(octets).oddities) <= 101


@pytest.mark.parametrize(
    "text", [b"Hello world", b" Hello", b"Meet at 10:30", b"From me to you", b"Hello\r\n\r\nand you"]
)
def test_a_part_without_headers_and_blank_line(text: bytes) -> None:
    """Its body begins with its first line, and all of it is kept."""
    head = b"\r\n".join(LINES) + b"\r\n\r\n--b\r\n"
    found = transcode.read(head + text + b"\r\n--b\r\n")
    assert found.parts[0].data == text
    assert "a part's body has neither headers nor a blank line in front of it" in found.oddities


@pytest.mark.parametrize("name", [b"Content-Type ", b"\xa0Content-Type"])
def test_a_part_whose_one_header_is_broken(name: bytes) -> None:
    """It is a header still, in front of a blank line and without one, behind a line that is none."""
    head = b"\r\n".join(LINES) + b"\r\n\r\n--b\r\n"
    for front in (b"", b"junk\r\n"):
        found = transcode.read(head + front + name + b": image/gif\r\n\r\nGIF\r\n--b--\r\n")
        assert [(part.content_type, bytes(part.data)) for part in found.parts] == [("image/gif", b"GIF")]


def test_carriage_returns_in_a_row() -> None:
    """Carriage returns are blanks within a line and stay at its end; many of them cost little time."""
    assert mended(b"A: b\r\r\rc\r\n\r\n", lambda _: None) == (b"A: b   c\r\n\r\n", 12)
    assert mended(b"A: b\r\r\r\n\r\n", lambda _: None)[0] == b"A: b\r\n\r\n"
    with bounded():
        mended(b"A: b" + b"\r" * 500_000 + b"\n\r\n", lambda _: None)


def test_many_headers_behind_a_broken_line_of_a_part() -> None:
    """Whether headers are behind a line is found once."""
    lines = b"no colon\r\n" * 40_000
    with bounded():
        kept, used = mended(lines + b"A: b\r\n" + lines + b"\r\n", lambda _: None, part=True)
    assert (kept, used) == (b"A: b\r\n", len(lines) + 6)


def test_a_blank_behind_from() -> None:
    """It is the sender's header and no line of a mailbox file."""
    assert with_line(b"From : +15555550109/TYPE=PLMN", 1).sender == "+15555550109/TYPE=PLMN"
    octets = b"From : +15555550109/TYPE=PLMN\r\nX-Mms-Message-Type: MM4_forward.REQ\r\n\r\n"
    assert transcode.read(octets).sender == "+15555550109/TYPE=PLMN"
