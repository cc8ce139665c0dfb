"""Recipients of campaigns as files: what a row is, and that a bad one costs itself alone."""

from __future__ import annotations

import io

from transcode.relay.api.uploads import Reader
from transcode.relay.store.recipients import Row


def read(octets: bytes) -> list[Row]:
    """The rows of an upload for a campaign with a text."""
    return list(Reader("Hi {name|you}", str).of_file(io.BytesIO(octets)))


def test_line_ends_in_quotes() -> None:
    """A cell in quotes may have several lines, empty ones too; a quote in the midst of one opens nothing."""
    found = read(b'to;name\r\n+15550001;"a\r\n\r\nb;""c"""\r\n\r\n+15550002;5" disk\n')
    assert [(one.address, one.fields, one.reason) for one in found] == [
        ("+15550001", '{"name":"a\\n\\nb;\\"c\\""}', ""),
        ("+15550002", '{"name":"5\\" disk"}', ""),
    ]


def test_a_quote_that_is_not_closed() -> None:
    """It costs its line, and none of those behind it, however many there are."""
    open_line, line = b'+15550001,"open\n', b"+15550002,b\n"
    for rows in ((open_line, line, line), (open_line, open_line, line), (line, open_line, *[line] * 9000)):
        found = read(b"to,name\n" + b"".join(rows))
        assert [one.reason == "invalid" for one in found] == [row is open_line for row in rows]
    assert [one.reason for one in read(b'to,name\n+15550001,"\xff\n\xff"\n')] == ["invalid"] * 2


def test_a_row_has_a_hundred_lines_at_most() -> None:
    """A quote that opens anew in each line makes no row of thousands, which each line would read again."""
    found = read(b"to,name\n" + b'+15550001","\n' * 3_000)
    assert [one.reason for one in found] == ["invalid"] * 3_000
    lines = b"\n".join([b"x"] * 100)
    assert [one.reason for one in read(b'to,name\n+15550001,"' + lines + b'"\n')] == [""]
    assert {one.reason for one in read(b'to,name\n+15550001,"' + lines + b'\nx\nx"\n')} == {"invalid"}


def test_values_in_values() -> None:
    """Lists and objects are no texts: their rows say so. What is null is not there."""
    found = read(
        b'{"to":"+15550001","name":null}\n{"to":"+15550002","name":[1]}\n{"to":"+1555","fields":{"name":{}}}'
    )
    assert [(one.reason, one.detail) for one in found] == [
        ("", ""),
        *[("invalid", "name is no text and no number")] * 2,
    ]


def test_subjects() -> None:
    """A subject of one's own is one line of at most 250 octets; fields of it alone are kept as well."""
    rows = b'to,name,other\n+15550001,Ann,x\n+15550002,"a\nb",x\n+15550003,' + b"a" * 251 + b",x\n"
    found = list(Reader("Hi", str, subject="{name}").of_file(io.BytesIO(rows)))
    assert [one.reason for one in found] == ["", "invalid", "too_long"]
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    names = ("Mme\N{NO-BREAK SPACE}Dupont", family, "a\N{LINE SEPARATOR}b", "a\x07b", "a\x85b")
    named = "".join(f"+15550001,{name},x\n" for name in names)
    others = list(
        Reader("Hi", str, subject="{name}").of_file(io.BytesIO(b"to,name,other\n" + named.encode()))
    )
    assert [one.reason for one in others] == ["", "", "invalid", "invalid", "invalid"]
    assert (found[0].fields, found[0].subject_chars, found[0].octets) == ('{"name":"Ann"}', 3, 0)
