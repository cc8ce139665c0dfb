"""A job file: one message a row, as CSV or as lines of JSON. A bad row costs itself alone.

Rows are counted as a spreadsheet counts them: in CSV the names of the columns are row 1. Of JSON the rows are
the lines.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from transcode.errors import SourceError
from transcode.model.template import MissingField, field_name, field_names, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["COLUMNS", "BadRow", "Row", "read_rows"]

#: The columns of a row, and the words that mean the same.
COLUMNS = (
    "sources",
    "to",
    "cc",
    "bcc",
    "carrier",
    "sender",
    "subject",
    "text",
    "output",
    "delivery_report",
    "read_report",
    "priority",
    "class",
    "expiry",
    "delivery_time",
    "show_sender",
    "as_clip",
    "picture",
)
_SAME = {"source": "sources", "recipients": "to", "message_class": "class"}
_ADDRESSES = ("to", "cc", "bcc")
_SWITCHES = ("delivery_report", "read_report", "show_sender", "as_clip")
_SAID = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

_DELIMITERS = ",;\t"
#: What stands between the paths in a cell, which may have commas, and between addresses, which have none.
_BETWEEN_PATHS, _BETWEEN_ADDRESSES = re.compile(r"[|\r\n]+"), re.compile(r"[|,;\r\n]+")
#: Marks at the beginning of a file that say in which encoding it is. The longer ones come first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: The most lines of a row: a cell in quotes may have ends of lines, and a quote never closed ends here.
_MOST_LINES = 100
#: The most characters of foreign text in an error.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One message to make.

    Attributes:
        number: of the row.
        sources: paths as they are written, in the order of the slides; may be none.
        to, cc, bcc: addresses; None: the row does not say.
        carrier, sender, subject, text: None: the row does not say.
        output: the path below the target; None: the row does not say.
        options: priority, class, expiry, delivery_time, and the switches delivery_report, read_report,
            show_sender: what the row says of each.
        as_clip: whether a recording becomes a clip; None: the row does not say.
        picture: the path of the picture that a recording is shown with, as it is written.
    """

    number: int
    sources: tuple[str, ...] = ()
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None
    carrier: str | None = None
    sender: str | None = None
    subject: str | None = None
    text: str | None = None
    output: str | None = None
    options: Mapping[str, str | bool] | None = None
    as_clip: bool | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of which no message can be made: its number, and why."""

    number: int
    reason: str


class _Wrong(ValueError):
    """What is wrong with a row."""


def read_rows(
    octets: bytes, name: str, *, subject: str | None = None, text: str | None = None
) -> Iterator[Row | BadRow]:
    """Yield the rows of a job file, in order.

    Args:
        octets: the file: UTF-8, with or without a mark, or UTF-16 with one. CSV may be separated by commas,
            semicolons or tabs.
        name: the path of the file, for errors.
        subject, text: of rows that have none. ``{first_name}`` in them stands for what the row has in a
            column of that name.

    Raises:
        SourceError: the file has no rows, or the first row of CSV does not name the columns.
    """
    encoding = "utf-8"
    for mark, named in _MARKS:
        if octets.startswith(mark):
            octets, encoding = octets[len(mark) :], named
            break
    # What is no text costs its row; names of files may have such octets.
    try:
        content = octets.decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise SourceError(name, f"its mark says {encoding}, which it is not: {error}") from error
    reader = _Reader(name, subject, text)
    begin = content.lstrip()[:1]
    if begin == "[":
        raise SourceError(name, "a JSON array; write one object a line")
    yield from reader.json(content) if begin == "{" else reader.csv(content)


class _Reader:
    """Makes rows of values, with what rows may have besides the columns."""

    def __init__(self, name: str, subject: str | None, text: str | None) -> None:
        self._name = name
        self._templates = {"subject": subject, "text": text}
        self._fields = {one for given in self._templates.values() if given for one in field_names(given)}

    def json(self, content: str) -> Iterator[Row | BadRow]:
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                try:
                    yield self._row(number, _object(line))
                except _Wrong as wrong:
                    yield BadRow(number, str(wrong))

    def csv(self, content: str) -> Iterator[Row | BadRow]:
        head = content.split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=lambda one: (self._known(head.split(one)), head.count(one)))
        lines = list(io.StringIO(content, newline=""))
        columns: list[str] | None = None
        number = at = 0
        while at < len(lines):
            number += 1
            begin = at
            # A row has further lines only where a quote is open at the end of one.
            several = lines[at : at + _MOST_LINES] if lines[at].count('"') % 2 else lines[at : at + 1]
            rows = csv.reader(several, delimiter=delimiter, strict=True)
            try:
                cells = next(rows, [])
                at += rows.line_num
            except csv.Error as error:
                if columns is None:
                    said = f"the names of the columns can't be read: {error}"
                    raise SourceError(self._name, said) from error
                yield BadRow(number, f"line {begin + 1} can't be read as CSV: {error}")
                # A quote that is never closed costs its own line alone.
                at = begin + 1
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = self._columns(cells)
                continue
            try:
                if len(cells) != len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                    raise _Wrong(f"{len(cells)} cells, and the file has {len(columns)} columns")
                yield self._row(number, dict(zip(columns, cells, strict=False)))
            except _Wrong as wrong:
                yield BadRow(number, str(wrong))
        if columns is None:
            raise SourceError(self._name, "no row")

    def _known(self, cells: Sequence[str]) -> int:
        return sum(_plain(cell.strip().strip('"')) in COLUMNS for cell in cells)

    def _columns(self, cells: Sequence[str]) -> list[str]:
        """The names of the columns by the first row of CSV."""
        while cells and not cells[-1].strip():
            cells = cells[:-1]
        names = [self._column(cell) for cell in cells]
        for name, cell in zip(names, cells, strict=True):
            if name is None:
                raise SourceError(self._name, f"row 1: {self._unknown(cell)}")
        found = [name for name in names if name is not None]
        twice = sorted({name for name in found if found.count(name) > 1})
        if twice:
            raise SourceError(self._name, f"row 1: the column {twice[0]} is there twice")
        return found

    def _column(self, name: str) -> str | None:
        """What a column is; None: nothing that is known."""
        plain = _plain(name)
        if plain in COLUMNS:
            return plain
        named = field_name(name)
        return named if named in self._fields else None

    def _unknown(self, name: str) -> str:
        close = get_close_matches(_plain(name), COLUMNS, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"unknown column {name.strip()[:_SHOWN]!r}{hint}; columns are {', '.join(COLUMNS)}" + (
            ", and what a subject or text has in braces"
        )

    def _row(self, number: int, values: Mapping[str, object]) -> Row:
        said: dict[str, object] = {}
        for name, value in values.items():
            column = self._column(name)
            if column is None:
                raise _Wrong(self._unknown(name))
            if column in said:
                raise _Wrong(f"the column {column} is there twice")
            # An empty cell says nothing.
            if value is not None and value != "" and not (isinstance(value, str) and not value.strip()):
                said[column] = value
        texts = {name: _text(name, value) for name, value in said.items() if name in self._fields}
        row = {
            "sources": _several("sources", said.get("sources", ()), _BETWEEN_PATHS),
            **{
                name: _several(name, said[name], _BETWEEN_ADDRESSES) if name in said else None
                for name in _ADDRESSES
            },
            **{
                name: _text(name, said[name]) if name in said else None
                for name in ("carrier", "sender", "output", "picture")
            },
            **{name: self._merged(name, said, texts) for name in ("subject", "text")},
            "as_clip": _switch("as_clip", said["as_clip"]) if "as_clip" in said else None,
        }
        options: dict[str, str | bool] = {
            name: _text(name, said[name])
            for name in ("priority", "class", "expiry", "delivery_time")
            if name in said
        }
        options |= {name: _switch(name, said[name]) for name in _SWITCHES[:-1] if name in said}
        if not row["sources"] and row["text"] is None:
            raise _Wrong("neither sources nor a text")
        made: Any = row
        return Row(number, options=options, **made)

    def _merged(self, name: str, said: Mapping[str, object], fields: Mapping[str, str]) -> str | None:
        """The subject or text of a row: its own, or that of all with the row's fields."""
        if name in said:
            return _text(name, said[name])
        template = self._templates[name]
        try:
            return None if template is None else filled(template, fields)
        except MissingField as missing:
            raise _Wrong(f"the {name} of all {missing}".replace("has no field", "needs the field")) from None


def _object(line: str) -> dict[str, object]:
    """The object in a line of JSON."""

    def once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in pairs:
            if name in found:
                raise _Wrong(f"the column {name[:_SHOWN]!r} is there twice")
            found[name] = value
        return found

    try:
        value = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _Wrong):
            raise
        raise _Wrong(f"can't be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise _Wrong("no object of JSON")
    return value


def _plain(name: str) -> str:
    plain = re.sub(r"[ -]+", "_", name.strip().casefold()) if len(name) <= _SHOWN else name
    return _SAME.get(plain, plain)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Wrong(f"{name} must be text, not {json.dumps(value)[:_SHOWN]}")
    text = str(value)
    is_path = name in ("sources", "picture", "output")
    if not is_path and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _Wrong(f"{name} has octets that are no UTF-8; save the file as UTF-8")
    if is_path and "\0" in text:
        raise _Wrong(f"{name} has the octet 0, which no path has")
    return text if name in ("text", "subject") else text.strip()


def _several(name: str, value: object, between: re.Pattern[str]) -> tuple[str, ...]:
    """Several paths or addresses: a list of JSON, or a cell that has them all."""
    values = value if isinstance(value, list | tuple) else between.split(_text(name, value))
    found = (_text(name, one) for one in values)
    return tuple(one for one in found if one)


def _switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    said = _SAID.get(_text(name, value).casefold())
    if said is None:
        raise _Wrong(f"{name} must be yes or no, not {str(value)[:_SHOWN]!r}")
    return said
