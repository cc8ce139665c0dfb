"""Recipients of campaigns as files: what a row is, and that a bad one costs itself alone."""

from __future__ import annotations

import codecs
import io
import json

import pytest

from transcode.model.template import filled
from transcode.relay.api.uploads import Reader, WrongHead
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


def test_tables_of_spreadsheets() -> None:
    """UTF-16 is read by its mark; the two columns that are no fields may have capitals."""
    table = 'To;Name;Time_Zone\r\n+15550001;"Zoë\n\U0001f600";Europe/Rome\r\n+15550002;\u0a0a;\r\n'
    expected = [
        ("+15550001", '{"Name":"Zoë\\n\U0001f600"}', "Europe/Rome"),
        ("+15550002", '{"Name":"\u0a0a"}', ""),
    ]
    for encoding in ("utf-8-sig", "utf-16"):
        found = list(Reader("Hi {Name}", str).of_file(io.BytesIO(table.encode(encoding))))
        assert [(one.address, one.fields, one.zone) for one in found] == expected
    wide = codecs.BOM_UTF16_BE + table.encode("utf-16-be")
    assert [one.reason for one in Reader("Hi {Name}", str).of_file(io.BytesIO(wide))] == ["", ""]
    # The last character is cut, and a line is too long for a row.
    long = codecs.BOM_UTF16_LE + ("to,name\n+1555," + "x" * 70_000 + "\n+1556,b").encode("utf-16-le") + b"c"
    assert [one.reason for one in read(long)] == ["invalid", "invalid"]


def test_octets_of_another_encoding() -> None:
    """Their rows say what to do; those without such octets are read."""
    found = read("to;name\n+15550001;Zoë\n+15550002;Bob\n".encode("cp1252"))
    assert [(one.reason, one.detail) for one in found] == [
        ("invalid", "has octets that are no UTF-8; save the file as UTF-8"),
        ("", ""),
    ]


def test_names_of_columns() -> None:
    """They may have any letters, and blanks between words, however these are written."""
    text = "Hi {pr\u00e9nom} in {Home Town|Rome}, {z-index}, {名前}, {नाम}, {no, field}"
    table = "to,pre\u0301nom,Home Town,z-index,名前,नाम\n+15550001,Zo\u00e9,,1,\u5c71,x\n"
    (row,) = Reader(text, str).of_file(io.BytesIO(table.encode()))
    assert (row.reason, filled(text, json.loads(row.fields))) == ("", "Hi Zoé in Rome, 1, 山, x, {no, field}")


def test_a_table_without_the_column() -> None:
    with pytest.raises(WrongHead, match="one is to; it says number, name"):
        read(b"number;name\n+15550001;Ann\n")


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
