"""A message as one page for a browser, which plays it as a phone would.

All of the page is decoded from the message's octets. The page loads nothing: style, script and
media are in it, and its Content-Security-Policy lets nothing else run. Texts, names and SMIL of
a message are escaped and never become markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import MessageError
from transcode.markup import page as document
from transcode.markup import said
from transcode.message import smil
from transcode.message.address import plain
from transcode.messages.edit import submission
from transcode.messages.read import read
from transcode.preview.downloads import data_uri, link, named
from transcode.preview.playable import SHOWN, played, recording
from transcode.preview.slides import English, Shown, Slideshow
from transcode.preview.words import said_value, span
from transcode.wire.convert import length
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.model import Form, MessageFields, Part, Report, SlideParts

__all__ = ["page"]

#: The first link, which keys reach before all others.
_SKIP = '<a class="skip" href="#show">To the slides</a>\n'

_PART_COLUMNS = (("Part", ""), ("Bytes", ' class="number"'), ("Share", ' class="number"'))


def page(data: bytes | memoryview, *, limit: int | None = None, reports: Sequence[Report] = ()) -> bytes:
    """The page of a message.

    Args:
        data: the message in MM1, MM4 or MM7.
        limit: the largest size that the message may have as a PDU of MM1, in bytes; None: nobody says.
        reports: the reports of its media, where known.

    Returns:
        An HTML document in UTF-8. The same arguments give the same bytes.

    Raises:
        PduError: the octets are no PDU, or a broken one.
    """
    message = read(data)
    with Door("octets", ""):
        size = _pdu_length(message, len(data))
        if size is None:
            return _page(message, _Size(len(data)), reports)
        return _page(message, _Size(size, limit, len(data)), reports)


@dataclass(frozen=True)
class _Size:
    """The size of a message, in bytes: as a PDU, which a limit counts, and as the octets that were read."""

    counted: int
    limit: int | None = None
    octets: int | None = None

    @property
    def over(self) -> bool:
        return self.limit is not None and self.counted > self.limit


def _pdu_length(message: MessageFields, octets: int) -> int | None:
    """The length of a message as a PDU; None where none has it, as a report of MM7."""
    if form_of_type(message.message_type) == "mm1":
        return octets
    try:
        counted = submission(message, "mm1")
        return length(counted, "mm1", [len(part.data) for part in counted.parts])
    except MessageError:
        return None


def _page(message: MessageFields, size: _Size, reports: Sequence[Report]) -> bytes:
    slides = smil.slides(message)
    style, script = _asset("style.css"), _asset("player.js")
    title = message.subject or "Message without a subject"
    sources = _Inside()
    shown = Slideshow(sources, English())
    sections = (
        shown.html(slides, text_first=smil.has_text_first(message)),
        _facts(message, size),
        _parts(message, size.counted, {one: shown.place(part) for one, part in sources.unchanged.items()}),
        _attachments(message, slides),
        _reports(reports),
        _listed("Odd in this message", message.oddities, "odd"),
        _source(message),
    )
    body = f"""{_SKIP if slides else ""}<header><h1>{said(title)}</h1>
{_size(size, form_of_type(message.message_type))}</header>
<main>
{"".join(sections)}</main>
"""
    return document(escape(title), style, script, body, sources="img-src data:; media-src data:")


def _asset(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")


def _size(size: _Size, form: Form) -> str:
    """The size of the message, and by how much it is over the limit."""
    counted, limit = size.counted, size.limit
    other = "" if size.octets in (None, counted) else f"; {size.octets:,} bytes as {form.upper()}, as it came"
    as_pdu = " as MM1" if other else ""
    if limit is None:
        return f'<p class="soft">{counted:,} bytes{as_pdu}{other}</p>\n'
    share = f"({counted / limit:,.1%})"
    if not size.over:
        return f'<p class="soft">{counted:,} of {limit:,} bytes{as_pdu} {share}{other}</p>\n'
    over = f"{counted - limit:,} bytes over the limit of {limit:,} bytes{as_pdu}"
    return f'<p class="over">{over} {share}{other}</p>\n'


def _section(title: str, body: str) -> str:
    return f'<section class="card">\n<h2>{title}</h2>\n{body}</section>\n' if body else ""


class _Inside:
    """Media within the page, as URIs.

    Attributes:
        unchanged: the parts whose octets the page has as they are, by their id().
    """

    def __init__(self) -> None:
        self.unchanged: dict[int, Part] = {}

    def medium(self, part: Part, *, is_sound: bool) -> Shown | str:
        """Return what shows a part; what browsers do not play is re-encoded."""
        kind, data = SHOWN.get(part.content_type), bytes(part.data)
        is_clip = part.content_type.startswith("video/")
        if is_sound and kind is None:
            decoded = recording(data)
            kind, data = (None, data) if decoded is None else ("audio/wav", decoded)
        elif is_clip and not is_sound:
            kind, data = played(kind, data)
        if kind is None:
            return "which can't be decoded" if is_clip or is_sound else "which this page does not show"
        if len(data) == len(part.data) and data == part.data:
            self.unchanged[id(part)] = part
        source = data_uri(kind, data)
        if is_sound:
            return Shown("audio", source)
        return Shown("video" if kind.startswith("video/") else "image", source)


# --- What is in the message ---------------------------------------------------------------------------


def _facts(message: MessageFields, size: _Size) -> str:
    rows: list[tuple[str, object]] = [
        ("Type", message.message_type),
        ("From", message.sender and plain(message.sender)),
        ("To", ", ".join(map(plain, message.to))),
        ("Cc", ", ".join(map(plain, message.cc))),
        ("Bcc", ", ".join(map(plain, message.bcc))),
        ("Subject", message.subject),
        ("Version", message.version),
        ("Transaction", message.transaction_id),
        *((name, said_value(name, value)) for name, value in message.headers),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{said(value)}</dd>\n" for name, value in rows if value)
    gauge = ""
    if size.limit is not None:
        kind = ' class="over"' if size.over else ""
        value = f'max="{size.limit}" value="{min(size.counted, size.limit)}"'
        gauge = f'<meter min="0" {value}{kind} aria-label="Share of the limit"></meter>\n'
    return _section("Message", f"{gauge}<dl>\n{listed}</dl>\n")


def _parts(message: MessageFields, size: int, places: dict[int, str]) -> str:
    rows = [
        (
            f'{link(part, places.get(id(part)))} <span class="soft">{said(part.content_type)}</span>',
            len(part.data),
        )
        for part in message.parts
    ]
    media = sum(length for _, length in rows)
    lines = "".join(
        f'<tr><th scope="row">{what}</th><td class="number">{length:,}</td>'
        f'<td class="number">{length / size:.1%}</td></tr>\n'
        for what, length in [*rows, ("Headers", size - media)]
    )
    heads = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in _PART_COLUMNS)
    hint = '<p class="soft">Names save the parts, as they are in the message.</p>\n' if rows else ""
    return _section(
        "Parts",
        f'{hint}<div class="table" tabindex="0" role="group" aria-label="Parts of the message">\n'
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n</div>\n",
    )


def _attachments(message: MessageFields, slides: Iterable[SlideParts]) -> str:
    """Parts that no slide shows, such as vCards."""
    shown = {id(part) for slide in slides for part in (slide.image, slide.text, slide.audio)}
    items = []
    presentation = message.smil
    for part in message.parts:
        if id(part) in shown or part is presentation:
            continue
        name = named(part)
        text = f"<pre>{escape(part.text)}</pre>\n" if part.content_type.startswith("text/") else ""
        items.append(f"<h3>{said(name)}</h3>\n<p>{said(part.content_type)}</p>\n{text}")
    return _section("Sent along", "".join(items))


def _reports(reports: Iterable[Report]) -> str:
    items = []
    for report in reports:
        facts = [f"{report.source_bytes:,} bytes of {report.source_type}"]
        if report.source_width and report.width:
            size = f"{report.source_width} x {report.source_height}"
            facts.append(f"{size} to {report.width} x {report.height} pixels")
        if report.seconds is not None:
            facts.append(span(report.seconds))
        if report.quality is not None:
            facts.append(f"quality {report.quality:.0f}/100")
        notes = "".join(f"<li>{said(text)}</li>\n" for text in (*facts, *(n.text for n in report.notes)))
        items.append(f"<h3>{said(report.source)}</h3>\n<ul>\n{notes}</ul>\n")
    return _section("How it came about", "".join(items))


def _listed(title: str, texts: Iterable[str], kind: str) -> str:
    lines = "".join(f"<li>{said(text)}</li>\n" for text in texts)
    return _section(title, f'<ul class="{kind}">\n{lines}</ul>\n' if lines else "")


def _source(message: MessageFields) -> str:
    presentation = message.smil
    if presentation is None:
        return ""
    shown = escape(bytes(presentation.data).decode("utf-8", "replace"))
    return _section("Presentation", f"<details>\n<summary>SMIL</summary>\n<pre>{shown}</pre>\n</details>\n")
