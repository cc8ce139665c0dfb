"""Values of WSP: exact octets, every writer through its reader, and octets of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.errors import PduError
from transcode.wire.mm1 import content_types, wsp, wsp_numbers
from transcode.wire.mm1.cursor import Cursor

quick = settings(deadline=None, max_examples=150)

CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
line = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"))
plain = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS))
token = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]{1,12}", fullmatch=True)


T = TypeVar("T")


def read_all(octets: bytes, read: Callable[[Cursor], T]) -> T:
    """What the reader makes of the octets, all of which it must take, without a complaint."""
    cursor = Cursor(octets)
    value = read(cursor)
    assert cursor.left == 0
    assert cursor.oddities == []
    return value


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8100"),
        (16383, "ff7f"),
        (16384, "818000"),
        (0xFFFFFFFF, "8fffffff7f"),
    ],
)
def test_uintvar_octets(value: int, octets: str) -> None:
    """An octet has 7 bits, and there are no more octets than needed."""
    assert wsp.uintvar(value).hex() == octets


@quick
@given(st.integers(0, 0xFFFFFFFF))
def test_uintvar_and_value_length_come_back(value: int) -> None:
    """All numbers of 32 bits come back."""
    assert read_all(wsp.uintvar(value), Cursor.uintvar) == value
    assert read_all(wsp.value_length(value), Cursor.value_length) == value


def test_value_length_needs_a_quote_from_31_on() -> None:
    """30 is one octet, 31 two."""
    assert wsp.value_length(30) == b"\x1e"
    assert wsp.value_length(31) == b"\x1f\x1f"


@pytest.mark.parametrize(
    ("value", "octets"), [(0, "80"), (127, "ff"), (128, "0180"), (1015, "0203f7"), (1 << 32, "050100000000")]
)
def test_integer_octets(value: int, octets: str) -> None:
    """Numbers below 128 are short; others have the fewest octets."""
    assert wsp.integer(value).hex() == octets


def test_a_long_zero_has_an_octet() -> None:
    """Zero as a long integer is 01 00."""
    assert wsp.long_integer(0) == b"\1\0"


@quick
@given(st.integers(0, (1 << 240) - 1))
def test_integers_come_back(value: int) -> None:
    """All numbers of 30 octets come back."""
    assert read_all(wsp.integer(value), Cursor.integer) == value
    assert read_all(wsp.long_integer(value), Cursor.long_integer) == value


@pytest.mark.parametrize(
    "write",
    [
        lambda: wsp.uintvar(-1),
        lambda: wsp.uintvar(1 << 32),
        lambda: wsp.short_integer(128),
        lambda: wsp.long_integer(-1),
        lambda: wsp.long_integer(1 << 240),
        lambda: wsp.text_string("a\0b"),
        lambda: wsp.text_string("a\r\nb"),
        lambda: wsp.text_string("\ud800"),
        lambda: wsp.quoted_string("a\x1f"),
        lambda: wsp.encoded_string("a\nSubject: b"),
        lambda: wsp.address("a\tb"),
        lambda: wsp.token_text(""),
        lambda: wsp.token_text("two words"),
        lambda: wsp.token_text("naïve"),
        lambda: wsp.charset("no charset"),
        lambda: wsp.content_type(""),
        lambda: wsp.content_type("text/plain; charset=utf-8"),
        lambda: wsp.content_type("image/jpeg", [("na me", "x")]),
        lambda: wsp.content_type("image/jpeg", [("name", "x\r\ny")]),
    ],
)
def test_what_can_not_be_said_is_refused(write: Callable[[], bytes]) -> None:
    """Numbers out of range, control characters and broken tokens are refused."""
    with pytest.raises(ValueError):
        write()


def test_text_octets() -> None:
    """A quote stands only in front of what needs it."""
    assert wsp.text_string("abc") == b"abc\0"
    assert wsp.text_string("") == b"\0"
    assert wsp.text_string("é") == b"\x7f\xc3\xa9\0"
    assert wsp.text_string("aé") == b"a\xc3\xa9\0"


@quick
@given(plain)
def test_texts_come_back(text: str) -> None:
    """Any text without control characters comes back."""
    assert read_all(wsp.text_string(text), Cursor.text_string) == text
    assert read_all(wsp.quoted_string(text), Cursor.quoted_string) == text


@quick
@given(token)
def test_tokens_come_back(text: str) -> None:
    """Any token comes back."""
    assert read_all(wsp.token_text(text), Cursor.token_text) == text


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b"\0"),
        ("Hello", b"Hello\0"),
        ("Питер", b"\x0d\xea\x7f" + "Питер".encode() + b"\0"),
        ("aé", b"\x05\xeaa\xc3\xa9\0"),
        # The length counts the charset and the final zero: 29 octets of text make 31.
        ("é" * 14 + "a", b"\x1f\x20\xea\x7f" + ("é" * 14 + "a").encode() + b"\0"),
        ("a" + "é" * 14, b"\x1f\x1f\xeaa" + ("é" * 14).encode() + b"\0"),
        ("a" + "é" * 13 + "b", b"\x1e\xeaa" + ("é" * 13).encode() + b"b\0"),
        # Would be taken for a length, a quote, an encoded word.
        ("\tx", b"\x04\xea\tx\0"),
        ("\x7fx", b"\x05\xea\x7f\x7fx\0"),
        ("=?utf-8?Q?x?=", b"\x0f\xea=?utf-8?Q?x?=\0"),
    ],
)
def test_encoded_string_octets(text: str, octets: bytes) -> None:
    """US-ASCII stands plain, other text in UTF-8 with length and charset."""
    assert wsp.encoded_string(text) == octets
    assert read_all(octets, Cursor.encoded_string) == text


@quick
@given(line.filter(lambda text: not text.startswith("\ufeff")))
def test_encoded_strings_come_back(text: str) -> None:
    """Any text of one line; a byte order mark in front is not text."""
    assert read_all(wsp.encoded_string(text), Cursor.encoded_string) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"=?utf-8?B?0J/QuNGC0LXRgA==?=\0", "Питер"),
        (b"=?UTF-8?q?a=C3=A9_b?= =?utf-8?q?c?= d\0", "aé bc d"),
        (b"=?utf-8?Q??=\0", ""),
        (b"=?utf-8?B?!?=\0", ""),
        (b"=?punycode?Q?abc-?=\0", "=?punycode?Q?abc-?="),
        (b"=?utf-8?Q?broken\0", "=?utf-8?Q?broken"),
        (b"\x05\x83abc\0", "abc"),
        (b"\x06\x84caf\xe9\0", "café"),
        (b"\x0b\x02\x03\xf7\x7f\xfe\xff\0h\0i\0", "hi"),
        (b"\x08\x02\x03\xf7\0h\0i\0", "hi"),
        (b"\x09\x02\x03\xf7\0h\0i\0\0", "hi"),
        (b"\x07\xea\xef\xbb\xbfhi\0", "hi"),
        (b"\x04\xea\xc3\xa9\0", "é"),
        (b"\x01\xea", ""),
    ],
)
def test_encoded_strings_of_others(octets: bytes, text: str) -> None:
    """Encoded words, other charsets, marks, and a first octet without its quote are read."""
    cursor = Cursor(octets)
    assert cursor.encoded_string() == text
    assert cursor.left == 0


@pytest.mark.parametrize(
    ("octets", "text", "oddity"),
    [
        (b"\x05\xea\xc3\xa9\xd0\0", "é\ufffd", "not valid utf-8"),
        (b"caf\xe9!\0", "café!", "read as iso-8859-1"),
        (b"caf\xe9\0", "café", "read as iso-8859-1"),
        (b"\x08\xeacaf\xe9 \xe9\0", "café é", "read as iso-8859-1"),
        (b"Hi \xf0\x9f\x98\0", "Hi \ufffd", "not valid utf-8"),
        (b"Hi \xed\xa0\xbd\xed\xb8\x80\0", "Hi 😀", "CESU-8"),
        (b"\x07\x02\x0f\xffabc\0", "abc", "'mib-4095' is not known"),
        (b"\x04abc\0", "abc", "no charset"),
        (b"\x04\xeaabc", "abc", "no final zero"),
        (b"\x06\xeaabc\0x", "abc", "1 octets behind"),
    ],
)
def test_odd_texts_are_read_and_told(octets: bytes, text: str, oddity: str) -> None:
    """What can be read is; the oddity says what was odd."""
    cursor = Cursor(octets)
    assert cursor.encoded_string() == text
    assert cursor.left == 0
    assert [oddity in told for told in cursor.oddities] == [True]


def test_charset_octets() -> None:
    """A charset is one octet below 128, else a long integer, else the name."""
    assert wsp.charset("UTF-8") == b"\xea"
    assert wsp.charset("utf-16") == b"\x02\x03\xf7"
    assert wsp.charset("*") == b"\x80"
    assert wsp.charset("mib-2999") == b"\x02\x0b\xb7"
    assert wsp.charset("x-own") == b"x-own\0"


@pytest.mark.parametrize("name", [*wsp_numbers.CHARSETS.values(), "mib-2999", "x-own"])
def test_charsets_come_back(name: str) -> None:
    """Every name of the table, a number without name and a name without number come back."""
    assert read_all(wsp.charset(name), Cursor.charset) == name


@pytest.mark.parametrize(
    ("media_type", "parameters", "octets"),
    [
        ("image/jpeg", [], b"\x9e"),
        ("Image/JPEG", [], b"\x9e"),
        ("audio/amr", [], b"audio/amr\0"),
        ("text/calendar", [], b"text/calendar\0"),
        ("text/plain", [("charset", "utf-8")], b"\x03\x83\x81\xea"),
        ("text/plain", [("charset", "utf-16")], b"\x05\x83\x81\x02\x03\xf7"),
        ("image/gif", [("name", "a.gif")], b"\x08\x9d\x85a.gif\0"),
        (
            "application/vnd.wap.multipart.related",
            [("type", "application/smil"), ("start", "<smil>")],
            b"\x1b\xb3\x89application/smil\0\x8a<smil>\0",
        ),
        (
            "application/vnd.wap.multipart.related",
            [("type", "application/smil"), ("start", "<SMIL.TXT>")],
            b"\x1f\x1f\xb3\x89application/smil\0\x8a<SMIL.TXT>\0",
        ),
        ("application/vnd.wap.multipart.related", [("type", "text/html")], b"\x03\xb3\x89\x82"),
        ("text/plain", [("x-a", "b")], b"\x07\x83x-a\0b\0"),
    ],
)
def test_content_type_octets(media_type: str, parameters: list[tuple[str, str]], octets: bytes) -> None:
    """Numbers where there are some, the old ones for parameters, constrained form without them."""
    assert wsp.content_type(media_type, parameters) == octets
    assert read_all(octets, content_types.content_type) == (media_type.lower(), parameters)


@pytest.mark.parametrize("name", wsp_numbers.CONTENT_TYPES.values())
def test_content_types_come_back(name: str) -> None:
    """Every type of the table comes back."""
    assert read_all(wsp.content_type(name), content_types.content_type) == (name, [])
    assert read_all(wsp.content_type(name, [("name", "n")]), content_types.content_type) == (
        name,
        [("name", "n")],
    )


parameter = st.one_of(
    st.tuples(st.just("charset"), st.sampled_from([*wsp_numbers.CHARSETS.values(), "x-own"])),
    st.tuples(st.just("type"), st.sampled_from(list(wsp_numbers.CONTENT_TYPES.values()))),
    st.tuples(st.sampled_from(["name", "filename", "start", "start-info", "q", "level", "x-y"]), plain),
    st.tuples(token.filter(lambda name: name not in ("charset", "type")), plain),
)


@quick
@given(st.from_regex(r"[a-z0-9]{1,9}/[a-z0-9.+-]{1,9}", fullmatch=True), st.lists(parameter, max_size=5))
def test_parameters_come_back(media_type: str, parameters: list[tuple[str, str]]) -> None:
    """Any type comes back with its parameters, in order."""
    octets = wsp.content_type(media_type, parameters)
    assert read_all(octets, content_types.content_type) == (media_type, parameters)


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        (b"\x08\x83\x97a.txt\0", ("text/plain", [("name", "a.txt")])),
        (b"\x03\x83\x81\x80", ("text/plain", [("charset", "*")])),
        (b"\x02\x83\x81", ("text/plain", [("charset", "")])),
        (b"\x0a\x83charset\0\xea", ("text/plain", [("charset", "utf-8")])),
        (b"\x05\x83\x85\xc3\xa9\0", ("text/plain", [("name", "é")])),
        (b'\x06\x83\x85"ab\0', ("text/plain", [("name", "ab")])),
        (b"\x03\xb3\x89\x82", ("application/vnd.wap.multipart.related", [("type", "text/html")])),
        (b"\x04\x83\x80\x81\x02", ("text/plain", [("q", "130")])),
        (b"\x03\x83\x88\x83", ("text/plain", [("padding", "3")])),
        (b"\x03\x02\x03\x05", ("text/calendar", [])),
        (b"\x02\x01\x1e", ("image/jpeg", [])),
        (
            b'Text/Plain; charset="UTF-8"; name=a b.txt\0',
            ("text/plain", [("charset", "utf-8"), ("name", "a b.txt")]),
        ),
        (b"\xff", ("application/octet-stream", [])),
    ],
)
def test_content_types_of_others(octets: bytes, found: tuple[str, list[tuple[str, str]]]) -> None:
    """New numbers, names spelled out, integers, missing values and quotes are read."""
    cursor = Cursor(octets)
    assert content_types.content_type(cursor) == found
    assert cursor.left == 0


def test_reading_stops_at_the_end() -> None:
    """A length that is larger than what is left is an error at its place."""
    with pytest.raises(PduError) as caught:
        Cursor(b"\x05\xeaab").encoded_string()
    assert caught.value.offset == 1
    with pytest.raises(PduError, match="value length"):
        Cursor(b"\x40abc\0").value_length()
    with pytest.raises(PduError, match="32 bits"):
        Cursor(b"\xff\xff\xff\xff\xff\x01").uintvar()
    with pytest.raises(PduError, match="32 bits"):
        Cursor(b"\x9f\xff\xff\xff\x7f").uintvar()


READERS: list[Callable[[Cursor], object]] = [
    Cursor.address,
    Cursor.any_value,
    Cursor.charset,
    content_types.content_type,
    Cursor.encoded_string,
    Cursor.integer,
    content_types.parameters,
    Cursor.quoted_string,
    Cursor.text_string,
    Cursor.uintvar,
    Cursor.value_length,
]


@quick
@given(st.binary(max_size=80), st.sampled_from(READERS))
def test_any_octets_end_in_a_value_or_a_pdu_error(octets: bytes, read: Callable[[Cursor], object]) -> None:
    """There is no other error, and no step behind the end."""
    cursor = Cursor(octets)
    try:
        read(cursor)
    except PduError as error:
        assert 0 <= error.offset <= len(octets)
    assert 0 <= cursor.at <= len(octets)


def test_what_is_taken_is_a_view() -> None:
    """Octets are not copied, and can't be changed through the view."""
    octets = bytearray(b"abcdef")
    cursor = Cursor(octets)
    taken = cursor.take(3)
    assert taken.obj is octets
    assert taken.readonly
