"""The report of a batch as HTML: pages of at most 500 rows, each whole in itself.

A page loads nothing: style, script and pictures are in it, and its Content-Security-Policy lets nothing else
run. Names and errors are escaped and never become markup. Without its script a page shows all of its rows.
The same results give the same bytes: no page has a time.
"""

from __future__ import annotations

import base64
import struct
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from transcode.markup import page, printable, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from transcode.batch.looks import Looks

__all__ = ["ROWS", "Row", "Totals", "page_name", "pages"]

#: Rows of one page: with two pictures each about 4 MB.
ROWS = 500

_COLUMNS = (
    ("pictures", "Before and after", ""),
    ("name", "File", ' data-kind="text"'),
    ("source", "Source, bytes", ' data-kind="number"'),
    ("made", "Made, bytes", ' data-kind="number"'),
    ("share", "Of the limit", ' data-kind="number"'),
    ("size", "Pixels or seconds", ' data-kind="number"'),
    ("score", "Quality", ' data-kind="number"'),
)

#: The words of orders that a list offers, and the column and direction that each means.
_ORDERS = (
    ("", "Failures first"),
    ("name up", "Name"),
    ("source down", "Largest source"),
    ("made down", "Largest result"),
    ("share down", "Nearest to the limit"),
    ("score up", "Poorest quality"),
)


_NOTHING = '<p id="results">There was nothing to convert.</p>\n'
_KEY = """<p class="soft">Quality is estimated: the SSIMULACRA2 score of a still picture as it looks at \
512 pixels. 90 can hardly be told from the source, 70 is good, 50 medium, 30 poor.</p>
"""


class Row(NamedTuple):
    """One result.

    Attributes:
        name: the source, as people know it.
        carrier: the profile's id, where there are several; else ``""``.
        output: the name of what was made; ``""`` where nothing was.
        source_bytes, made_bytes, limit: in bytes; made_bytes is None where nothing was made.
        width, height: in pixels; None for sound.
        seconds: of a clip or sound; None for a picture.
        notes: what was cut, dropped, converted or shrunk, in words.
        error: why nothing was made, or None.
        is_kept: whether an earlier run made it, or failed to.
    """

    name: str
    carrier: str
    output: str
    source_bytes: int
    made_bytes: int | None
    limit: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None
    is_kept: bool = False


class Totals(NamedTuple):
    """The figures of the whole batch.

    Attributes:
        made, kept, failed: results: made now, kept of an earlier run, failed.
        bytes_in, bytes_out: bytes of the sources of which something was made, and of what was made.
    """

    made: int
    kept: int
    failed: int
    bytes_in: int
    bytes_out: int

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        """Count rows."""
        made = kept = failed = bytes_in = bytes_out = 0
        for row in rows:
            if row.error is not None:
                failed += 1
                continue
            made, kept = made + (not row.is_kept), kept + row.is_kept
            bytes_in, bytes_out = bytes_in + row.source_bytes, bytes_out + (row.made_bytes or 0)
        return cls(made, kept, failed, bytes_in, bytes_out)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say, by its name."""
        yield "Failed", f"{self.failed:,}"
        yield "Made", f"{self.made:,}"
        if self.kept:
            yield "Kept of earlier runs", f"{self.kept:,}"
        if self.bytes_in:
            saved = 1 - self.bytes_out / self.bytes_in
            share = f", {saved:.1%} less" if saved > 0 else ""
            yield "Bytes", f"{self.bytes_in:,} became {self.bytes_out:,}{share}"


def page_name(first: str, number: int) -> str:
    """Return the name of a page: ``report.html``, then ``report-2.html`` and so on."""
    stem, dot, ending = first.rpartition(".")
    return first if number == 1 else f"{stem}-{number}{dot}{ending}"


def pages(
    title: str, name: str, rows: Sequence[Row], looks: Callable[[int], Looks]
) -> Iterator[tuple[str, bytes]]:
    """Yield the pages of a report with their names, one after the other.

    Args:
        title: the name of what was converted.
        name: the name of the first page, which ends in ``.html``.
        rows: all rows in order, failures first.
        looks: gives the pictures of the row of a number, from 0.
    """
    style, script = _asset("report.css"), _asset("report.js")
    totals, count = Totals.of(rows), max(1, -(-len(rows) // ROWS))
    has_carriers = any(row.carrier for row in rows)
    for number in range(1, count + 1):
        first = (number - 1) * ROWS
        there = rows[first : first + ROWS]
        lines = "".join(
            _line(row, looks(first + place), place, has_carriers=has_carriers)
            for place, row in enumerate(there)
        )
        above, below = (_links(name, number, count, where) for where in ("above", "below"))
        found = f"{_controls(many=count > 1)}{_table(lines)}{_KEY}" if there else _NOTHING
        body = f"{_facts(totals)}{above}{found}{below}"
        yield page_name(name, number), _document(title, number, count, body, style, script)


def _document(title: str, number: int, count: int, body: str, style: str, script: str) -> bytes:
    which = f", page {number} of {count}" if count > 1 else ""
    framed = f"""<a class="skip" href="#results">To the results</a>
<header><h1>{said(printable(title))}</h1></header>
<main>
{body}</main>
"""
    titled = f"{escape(printable(title))}: report{which}"
    return page(titled, style, script, framed, sources="img-src data:")


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _facts(totals: Totals) -> str:
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in totals.facts())
    return f'<dl class="facts">\n{listed}</dl>\n'


def _links(name: str, number: int, count: int, where: str) -> str:
    """The links to the pages, above the results or below."""
    if count == 1:
        return ""
    here = {number: ' aria-current="page"'}
    links = "".join(
        f'<li><a href="{escape(quote(page_name(name, other)))}"{here.get(other, "")}>{other}</a></li>\n'
        for other in range(1, count + 1)
    )
    return f'<nav aria-label="Pages, {where}">\n<ol>\n{links}</ol>\n</nav>\n'


def _controls(*, many: bool) -> str:
    """What the script needs to filter and to sort; nobody sees it where no script runs."""
    orders = "".join(f'<option value="{value}">{words}</option>' for value, words in _ORDERS)
    where = " on this page" if many else ""
    return f"""<form class="controls" id="controls" hidden>
<label>Name, note or error{where}<input type="search" id="words" autocomplete="off"></label>
<label>Show<select id="state"><option value="">All</option><option value="failed">Failed</option>\
<option value="noted">With notes</option><option value="kept">Kept of earlier runs</option>\
<option value="made">Made</option></select></label>
<label>Order{where}<select id="order">{orders}</select></label>
<p id="count" role="status"></p>
</form>
"""


def _table(lines: str) -> str:
    # The roles stay where the style makes cards of rows.
    heads = "".join(
        f'<th scope="col" role="columnheader" data-column="{column}"{kind}>{words}</th>'
        for column, words, kind in _COLUMNS
    )
    return f"""<table id="results" role="table" tabindex="-1">
<caption class="hidden">The results, failures first</caption>
<thead role="rowgroup"><tr role="row">{heads}</tr></thead>
<tbody role="rowgroup">
{lines}</tbody>
</table>
"""


def _line(row: Row, looks: Looks, place: int, *, has_carriers: bool) -> str:
    states = " ".join(
        name
        for name, holds in (
            ("failed", row.error is not None),
            ("made", row.error is None and not row.is_kept),
            ("kept", row.is_kept),
            ("noted", bool(row.notes)),
        )
        if holds
    )
    share = None if row.made_bytes is None or not row.limit else row.made_bytes / row.limit
    cells = (
        _pictures(looks),
        _file(row, has_carriers=has_carriers),
        _number(row.source_bytes or None, "Source, bytes", f"{row.source_bytes:,}"),
        _number(row.made_bytes, "Made, bytes", f"{row.made_bytes or 0:,}"),
        _number(share, "Of the limit", _gauge(share, row.limit)),
        _number(*_extent(row)),
        _number(looks.score, "Quality", f"{looks.score or 0:.0f}"),
    )
    return f'<tr role="row" data-state="{states}" data-place="{place}">{"".join(cells)}</tr>\n'


def _pictures(looks: Looks) -> str:
    shown = "".join(
        _picture(data, words) for data, words in ((looks.before, "Before"), (looks.after, "After")) if data
    )
    return f'<td role="cell" class="pictures">{shown or _none()}</td>'


def _picture(data: bytes, words: str) -> str:
    width, height = _size_of(data)
    source = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" alt="{words}" width="{width}" height="{height}" loading="lazy">'


def _size_of(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a file that looks.py wrote: of its frame header (SOF0)."""
    place = jpeg.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", jpeg[place + 5 : place + 9])
    return width, height


def _file(row: Row, *, has_carriers: bool) -> str:
    lines = [f'<span class="name">{said(printable(row.name))}</span>']
    if has_carriers and row.carrier:
        lines.append(f'<span class="soft">{escape(printable(row.carrier))}</span>')
    if row.error is not None:
        lines.append(f'<span class="error">{said(printable(row.error))}</span>')
    elif row.output:
        kept = ", kept of an earlier run" if row.is_kept else ""
        lines.append(f'<span class="soft">{said(printable(row.output))}{kept}</span>')
    notes = "".join(f"<li>{said(printable(text))}</li>" for text in row.notes)
    listed = f'<ul class="notes">{notes}</ul>' if notes else ""
    return f'<th scope="row" role="rowheader">{"".join(lines)}{listed}</th>'


def _number(value: float | None, label: str, shown: str) -> str:
    if value is None:
        return f'<td role="cell" class="number" data-label="{label}">{_none()}</td>'
    return f'<td role="cell" class="number" data-label="{label}" data-value="{value:.6g}">{shown}</td>'


def _none() -> str:
    return '<span class="hidden">none</span>'


def _gauge(share: float | None, limit: int) -> str:
    if share is None:
        return ""
    return f'{share:.1%} <span class="soft">of {limit:,}</span>'


def _extent(row: Row) -> tuple[float | None, str, str]:
    """The value by which extents are sorted, the name of the cell, and the words."""
    seconds = "" if row.seconds is None else f"{row.seconds:.1f} s"
    if row.width is None or row.height is None:
        return row.seconds, "Seconds" if seconds else "Pixels", seconds
    size = f"{row.width} x {row.height}"
    return row.width * row.height, "Pixels", f"{size}, {seconds}" if seconds else size
