"""Recipients of campaigns as CSV or as lines of JSON, read a row at a time: a bad row costs itself alone."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from transcode.model.template import field_name
from transcode.relay import own_text
from transcode.relay.numbers import NUMBER_OR_MAIL
from transcode.relay.store.progress import REASONS
from transcode.relay.store.recipients import Row
from transcode.relay.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from transcode.relay.api.schema import NewRecipient

__all__ = ["LARGEST_TEXT", "Reader", "WrongHead"]

#: Ends of lines and other control characters. Blanks of any kind and what joins signs are none.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: The most lines of a row behind its first: a cell in quotes may have ends of lines.
_MOST_LINES = 100
#: The longest line, in octets, and the most octets of an own text and of a recipient's fields.
_LONGEST, LARGEST_TEXT, _LARGEST_FIELDS = 65_536, 10_000, 20_000
#: The most characters of a row that are kept where it is no address.
_SHOWN = 100
#: The columns of CSV that are no fields of the text.
_ADDRESS, _ZONE = "to", "time_zone"
_DELIMITERS = ",;\t"
#: How tables begin that spreadsheets write in Unicode.
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NO_UTF_8 = "has octets that are no UTF-8; save the file as UTF-8"


class _File(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


class WrongHead(ValueError):
    """The first line of CSV does not name the columns."""


class Reader:
    """Makes rows of what an upload has.

    Args:
        text, subject: those of the campaign; None: it has none.
        normal: returns an address in the form of rows.
        largest: the most octets of an own text, at most LARGEST_TEXT.
    """

    def __init__(
        self,
        text: str | None,
        normal: Callable[[str], str],
        largest: int = LARGEST_TEXT,
        subject: str | None = None,
    ) -> None:
        self._templates = [one if own_text.has_fields(one) else None for one in (text, subject)]
        self._names = [name for one in self._templates if one for name in own_text.field_names(one)]
        self._normal = normal
        self._largest = min(largest, LARGEST_TEXT)

    def of_values(self, values: Iterable[NewRecipient]) -> Iterator[Row]:
        """Yield the rows of values."""
        for one in values:
            yield self._row(one.to, one.fields, one.time_zone)

    def of_file(self, file: _File) -> Iterator[Row]:
        """Yield the rows of CSV, whose first line names the columns, or of lines of JSON.

        Raises:
            WrongHead: CSV has no column ``to``.
        """
        lines = _Lines(file)
        first = next(lines, b"")
        if first is not None and first.lstrip().startswith(b"{"):
            yield self._json(first)
            yield from map(self._json, lines)
            return
        yield from self._csv(first, lines)

    def _json(self, line: bytes | None) -> Row:
        if line is None:
            return _bad("", f"has more than {_LONGEST:,} octets")
        try:
            value = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            is_text = not isinstance(error, UnicodeDecodeError)
            wrong = f"is no object of JSON: {error}" if is_text else _NO_UTF_8
            return _bad(line.decode("utf-8", "replace"), wrong)
        address, zone, inner = value.pop("to", ""), value.pop(_ZONE, ""), value.pop("fields", {})
        if not isinstance(inner, dict):
            return _bad(str(address), "fields is no object")
        # What is null is not there.
        fields = {field_name(name): one for name, one in {**value, **inner}.items() if one is not None}
        for name, one in fields.items():
            if isinstance(one, bool) or not isinstance(one, str | int | float):
                return _bad(str(address), f"{name} is no text and no number")
        if not isinstance(address, str | int) or not isinstance(zone, str):
            return _bad(str(address), "to or time_zone is no text")
        return self._row(str(address), {name: str(one) for name, one in fields.items()}, zone)

    def _csv(self, head: bytes | None, lines: _Lines) -> Iterator[Row]:
        text = (head or b"").decode("utf-8", "replace")
        delimiter = max(_DELIMITERS, key=text.count)
        try:
            names = [_column(name) for name in _cells(text, delimiter)]
        except csv.Error as error:
            raise WrongHead(f"the first line can't be read: {error}") from error
        if _ADDRESS not in names or len(set(names)) < len(names):
            here = ", ".join(names)[:_SHOWN]
            raise WrongHead(
                f"the first line must name the columns, each once, and one is {_ADDRESS}; it says {here}"
            )
        for line in lines:
            yield self._record(line, lines, names, delimiter)

    def _record(self, line: bytes | None, lines: _Lines, names: list[str], delimiter: str) -> Row:
        """Return the row that begins with a line; a cell in quotes may have ends of lines."""
        if line is None:
            return _bad("", f"has more than {_LONGEST:,} octets")
        further: list[bytes | None] = []
        try:
            cells = next(csv.reader(_of_row(line, lines, further), delimiter=delimiter, strict=True), [])
        except UnicodeDecodeError:
            wrong = _NO_UTF_8
        except csv.Error as error:
            wrong = f"can't be read: {error}"
        else:
            if len(cells) == len(names):
                fields = dict(zip(names, cells, strict=True))
                return self._row(fields.pop(_ADDRESS), fields, fields.pop(_ZONE, ""))
            wrong = f"has {len(cells)} cells, and the first line {len(names)}"
        # A quote that is not closed costs its own line alone.
        lines.give_back(further)
        return _bad(line.decode("utf-8", "replace"), wrong)

    def _row(self, address: str, fields: dict[str, str], zone: str) -> Row:
        normal = self._normal(address.strip())
        if not NUMBER_OR_MAIL.fullmatch(normal):
            return _bad(address, f"{address[:_SHOWN]!r} is no number and no mail address")
        if zone and not is_zone(zone):
            return _bad(normal, f"there is no time zone {zone[:_SHOWN]!r}")
        used = {name: fields[name] for name in self._names if name in fields} if self._names else fields
        kept = msgspec.json.encode(used).decode()
        if len(kept) > _LARGEST_FIELDS:
            return _bad(normal, f"its fields have more than {_LARGEST_FIELDS:,} characters")
        if not self._names:
            return Row(normal, "{}", zone)
        try:
            text, subject = (one and own_text.filled(one, used) for one in self._templates)
            sizes = [len((one or "").encode()) for one in (text, subject)]
        except own_text.MissingField as error:
            return _bad(normal, str(error))
        except UnicodeEncodeError:
            return _bad(normal, "a field has half of a character")
        if subject and _CONTROLS.search(subject):
            return _bad(normal, "the subject has an end of line or another control character")
        most = (self._largest, own_text.LARGEST_SUBJECT)
        for name, octets, largest in zip(("text", "subject"), sizes, most, strict=True):
            if octets > largest:
                detail = f"the {name} has {octets:,} octets, at most {largest:,}"
                return Row(normal, kept, zone, "too_long", detail)
        return Row(normal, kept, zone, "", "", len(text or ""), sizes[0], len(subject or ""), sizes[1])


def _bad(shown: str, detail: str) -> Row:
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown[:_SHOWN])
    return Row(printable, reason="invalid", detail=detail or REASONS["invalid"])


def _column(name: str) -> str:
    """Return the name of a column; people write those that are no fields with capitals, too."""
    named = field_name(name)
    return named.lower() if named.lower() in (_ADDRESS, _ZONE) else named


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _of_row(line: bytes, lines: _Lines, further: list[bytes | None]) -> Iterator[str]:
    """Yield a line, and those behind it as long as they are asked for and one row may have them.

    Args:
        line: the first one.
        lines: the others.
        further: gets what was taken of these.
    """
    octets = len(line)
    yield f"{line.decode()}\n"
    # A row of more lines is none: else each line of a file whose quotes are never closed were read as often
    # as there are lines before it.
    for another in itertools.islice(lines.all(), _MOST_LINES):
        further.append(another)
        octets += len(another or b"") + 1
        if another is None or octets > _LONGEST:
            return
        yield f"{another.decode()}\n"


class _Lines:
    """The lines that are not empty, without their ends; None for one that is too long.

    Args:
        file: the octets: UTF-8, with or without a byte order mark, or UTF-16 with one.
    """

    def __init__(self, file: _File) -> None:
        self._lines = _lines(file)
        self._again: deque[bytes | None] = deque()

    def __iter__(self) -> Iterator[bytes | None]:
        return self

    def __next__(self) -> bytes | None:
        return next(line for line in self.all() if line is None or line.strip())

    def all(self) -> Iterator[bytes | None]:
        """Yield all lines, empty ones too: a cell may have them."""
        while self._again:
            yield self._again.popleft()
        # What is left of them is there for the next caller: "yield from" would end them with this one.
        for line in self._lines:  # noqa: UP028
            yield line

    def give_back(self, lines: Sequence[bytes | None]) -> None:
        """Have lines come again, in their order."""
        self._again.extendleft(reversed(lines))


def _lines(file: _File) -> Iterator[bytes | None]:
    """Yield lines without their ends; None for one that is too long."""
    line = file.readline(_LONGEST + 2).removeprefix(codecs.BOM_UTF8)
    encoding = _MARKS.get(line[:2])
    if encoding is not None:
        file = _Wide(file, line[2:], encoding)
        line = file.readline(_LONGEST + 2)
    while line:
        if len(line) > _LONGEST and not line.endswith(b"\n"):
            while rest := file.readline(_LONGEST):
                if rest.endswith(b"\n"):
                    break
            yield None
        else:
            yield line.rstrip(b"\r\n")
        line = file.readline(_LONGEST + 2)


class _Wide:
    """What is left of a file in UTF-16, as UTF-8; halves of characters become octets that are none.

    Args:
        file: the file.
        begin: the octets behind its mark that were read already.
        encoding: its name in Python.
    """

    def __init__(self, file: _File, begin: bytes, encoding: str) -> None:
        self._file, self._begin = file, begin
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._ready = io.BytesIO()
        self._is_over = False

    def readline(self, limit: int, /) -> bytes:
        """Return a line, or what is there of one that has more octets than the limit."""
        line = self._ready.readline(limit)
        while not (line.endswith(b"\n") or len(line) == limit or self._is_over):
            self._ready = io.BytesIO(line + self._more())
            line = self._ready.readline(limit)
        return line

    def _more(self) -> bytes:
        octets, self._begin = self._begin or self._file.readline(_LONGEST), b""
        self._is_over = not octets
        try:
            return self._decoder.decode(octets, self._is_over).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            # The file ends in the midst of a character.
            return b"\xff"
