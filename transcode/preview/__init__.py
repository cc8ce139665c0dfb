"""A message as one page for a browser, which plays it as a phone would.

All of the page is decoded from the message's octets. The page loads nothing: style, script and
media are in it, and its Content-Security-Policy lets nothing else run. Texts, names and SMIL of
a message are escaped and never become markup.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import BudgetError, MessageError, SourceError
from transcode.message import smil
from transcode.message.address import plain
from transcode.messages.edit import submission
from transcode.messages.read import read
from transcode.model import Limits
from transcode.preview.downloads import data_uri, link, named
from transcode.preview.words import said_value, span
from transcode.wire.convert import length
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from transcode.model import Form, MessageFields, Part, Report, SlideParts

__all__ = ["page"]

#: Content types that browsers show and play, and the type on the page. A 3GP file is an
#: ISO base media file: browsers play one with H.264 as MP4.
_SHOWN = {
    "image/avif": "image/avif",
    "image/bmp": "image/bmp",
    "image/gif": "image/gif",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/png": "image/png",
    "image/webp": "image/webp",
    "video/3gpp": "video/mp4",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "audio/aac": "audio/aac",
    "audio/mp3": "audio/mpeg",
    "audio/mp4": "audio/mp4",
    "audio/mpeg": "audio/mpeg",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
}

#: The first link, which keys reach before all others.
_SKIP = '<a class="skip" href="#show">To the slides</a>\n'

_PART_COLUMNS = (("Part", ""), ("Bytes", ' class="number"'), ("Share", ' class="number"'))

#: Codecs that browsers play, by FFmpeg's names.
_PLAYED = {"h264", "vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}
_PLAYED_SOUND = {None, "aac", "mp3", "mp3float", "opus", "libopus", "vorbis"}
#: The limits of the clip that takes the place of one that browsers do not play.
_PLAYABLE = Limits(4_000_000, formats=("video/mp4",), codecs=("h264", "aac"))

#: The longest sound that is decoded for the page, in seconds.
_MAX_SECONDS = 600.0


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
    drawn = _Drawn()
    sections = (
        _show(slides, drawn, text_first=smil.has_text_first(message)),
        _facts(message, size),
        _parts(message, size.counted, drawn),
        _attachments(message, slides),
        _reports(reports),
        _listed("Odd in this message", message.oddities, "odd"),
        _source(message),
    )
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_digest(style)};"
        f" script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )
    document = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{_SKIP if slides else ""}<header><h1>{_said(title)}</h1>
{_size(size, form_of_type(message.message_type))}</header>
<main>
{"".join(sections)}</main>
<script>{script}</script>
</body>
</html>
"""
    # A name can have half of a surrogate pair, which no encoding has.
    return document.encode("utf-8", "replace")


def _asset(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression that lets a text run, in a Content-Security-Policy (CSP level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _said(text: object) -> str:
    """Foreign text: escaped, and its direction isolated."""
    return f'<bdi dir="auto">{escape(str(text))}</bdi>'


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


# --- The slides -------------------------------------------------------------------------------------


def _show(slides: Sequence[SlideParts], drawn: _Drawn, *, text_first: bool) -> str:
    if not slides:
        return (
            '<section class="card show">\n<h2>Slides</h2>\n<p>This message shows nothing.</p>\n</section>\n'
        )
    shown = "".join(
        _slide(number, len(slides), slide, drawn, text_first=text_first)
        for number, slide in enumerate(slides, 1)
    )
    return f"""<section class="card show" id="show" tabindex="-1" aria-labelledby="show-title">
<h2 id="show-title">As a phone shows it</h2>
<div class="phone">
{shown}</div>
<div class="controls" role="group" aria-label="Slideshow">
<button type="button" id="back" aria-label="Previous slide">&#8249;</button>
<button type="button" id="play" class="main">Play</button>
<button type="button" id="next" aria-label="Next slide">&#8250;</button>
<div class="time">
<progress id="progress" aria-label="Time of this slide" value="0" max="1"></progress>
<span id="clock"></span>
</div>
<p class="status" id="status" role="status" aria-live="polite"></p>
</div>
</section>
"""


class _Drawn:
    """The parts on the page and their places: a part that several slides show is there once."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[str, int]] = {}
        self._unchanged: set[int] = set()

    def element(self, tag: str, part: Part, number: int, label: str, inner: Callable[[], str]) -> str:
        """An element for a part on a slide; the script fills it where the part was drawn before.

        Args:
            tag: the name and the attributes of the element.
            part: the part to show.
            number: the number of the slide, from 1.
            label: the name of the medium on the slide.
            inner: draws the part.
        """
        place, first = self._places.setdefault(id(part), (f"part-{len(self._places) + 1}", number))
        name = tag.partition(" ")[0]
        if first == number:
            return f'<{tag} id="{place}">{inner()}</{name}>\n'
        return f'<{tag} data-same="{place}" data-label="{label}">As on slide {first}</{name}>\n'

    def source(self, part: Part, kind: str, data: bytes) -> str:
        """The URI of a medium; whether it has the octets of the part unchanged is kept for its link."""
        if len(data) == len(part.data) and data == part.data:
            self._unchanged.add(id(part))
        return data_uri(kind, data)

    def octets(self, part: Part) -> str | None:
        """The id of the element whose medium has the octets of a part, or None."""
        return self._places[id(part)][0] if id(part) in self._unchanged else None


def _slide(number: int, count: int, slide: SlideParts, drawn: _Drawn, *, text_first: bool) -> str:
    pieces = []
    image, text, audio = slide.image, slide.text, slide.audio
    if image is not None:
        label = f"{'Clip' if image.content_type.startswith('video/') else 'Picture'} of slide {number}"
        pieces.append(
            drawn.element('div class="picture"', image, number, label, lambda: _picture(image, label, drawn))
        )
    if text is not None:
        alone = "" if image is not None else " alone"
        label = f"Text of slide {number}"
        # The focus lets keys scroll a long text.
        tag = f'p class="text{alone}" dir="auto" tabindex="0" aria-label="{label}"'
        pieces.append(drawn.element(tag, text, number, label, lambda: escape(text.text)))
    if audio is not None:
        label = f"Sound of slide {number}"
        pieces.append(
            drawn.element('div class="sound"', audio, number, label, lambda: _sound(audio, label, drawn))
        )
    first = " text-first" if text_first and image is not None and text is not None else ""
    return (
        f'<div class="slide{first}" role="group" aria-roledescription="slide"'
        f' aria-label="Slide {number} of {count}" data-seconds="{slide.duration:g}"'
        f' data-span="{span(slide.duration)}">\n'
        f"{''.join(pieces)}</div>\n"
    )


def _picture(part: Part, label: str, drawn: _Drawn) -> str:
    kind, data = _SHOWN.get(part.content_type), bytes(part.data)
    if part.content_type.startswith("video/"):
        kind, data = _played(kind, data)
    if kind is None:
        clip = part.content_type.startswith("video/")
        why = "which can't be decoded" if clip else "which this page does not show"
        return f"<p>{_said(part.content_type)}, {why}</p>"
    source = drawn.source(part, kind, data)
    if kind.startswith("video/"):
        return f'<video controls playsinline preload="auto" aria-label="{label}" src="{source}"></video>'
    return f'<img alt="{label}" src="{source}">'


def _sound(part: Part, label: str, drawn: _Drawn) -> str:
    kind, data = _SHOWN.get(part.content_type), bytes(part.data)
    if kind is None:
        decoded = _decoded(data)
        if decoded is None:
            return f"<p>{_said(part.content_type)}, which can't be decoded</p>"
        kind, data = "audio/wav", decoded
    source = drawn.source(part, kind, data)
    return f'<audio controls preload="auto" aria-label="{label}" src="{source}"></audio>'


def _played(kind: str | None, data: bytes) -> tuple[str | None, bytes]:
    """A clip that browsers play, re-encoded as H.264 where needed; no type where the clip is broken."""
    # Imported here: few messages need a decoder.
    from transcode.fit.medium import fit_content
    from transcode.media.clips import clip
    from transcode.media.source.inputs import Input

    content = Input("clip", data)
    try:
        with Door("source", content.name):
            found = clip.probe(content)
            sound = None if found.audio is None else found.audio.codec
            if kind is not None and found.video.codec in _PLAYED and sound in _PLAYED_SOUND:
                return kind, data
            return "video/mp4", fit_content(content, _PLAYABLE).data
    except (SourceError, BudgetError):
        return None, data


def _decoded(data: bytes) -> bytes | None:
    """Sound that browsers do not play, such as AMR, as WAV; None where the sound is broken."""
    # Imported here: few messages need a decoder.
    from transcode.media.sound import audio, wav
    from transcode.media.source.inputs import Input

    try:
        with Door("source", "sound"):
            return wav.to_bytes(audio.decode(Input("sound", data), max_seconds=_MAX_SECONDS).pcm)
    except SourceError:
        return None


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
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{_said(value)}</dd>\n" for name, value in rows if value)
    gauge = ""
    if size.limit is not None:
        kind = ' class="over"' if size.over else ""
        value = f'max="{size.limit}" value="{min(size.counted, size.limit)}"'
        gauge = f'<meter min="0" {value}{kind} aria-label="Share of the limit"></meter>\n'
    return _section("Message", f"{gauge}<dl>\n{listed}</dl>\n")


def _parts(message: MessageFields, size: int, drawn: _Drawn) -> str:
    rows = [
        (
            f'{link(part, drawn.octets(part))} <span class="soft">{_said(part.content_type)}</span>',
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
        items.append(f"<h3>{_said(name)}</h3>\n<p>{_said(part.content_type)}</p>\n{text}")
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
        notes = "".join(f"<li>{_said(text)}</li>\n" for text in (*facts, *(n.text for n in report.notes)))
        items.append(f"<h3>{_said(report.source)}</h3>\n<ul>\n{notes}</ul>\n")
    return _section("How it came about", "".join(items))


def _listed(title: str, texts: Iterable[str], kind: str) -> str:
    lines = "".join(f"<li>{_said(text)}</li>\n" for text in texts)
    return _section(title, f'<ul class="{kind}">\n{lines}</ul>\n' if lines else "")


def _source(message: MessageFields) -> str:
    presentation = message.smil
    if presentation is None:
        return ""
    shown = escape(bytes(presentation.data).decode("utf-8", "replace"))
    return _section("Presentation", f"<details>\n<summary>SMIL</summary>\n<pre>{shown}</pre>\n</details>\n")
