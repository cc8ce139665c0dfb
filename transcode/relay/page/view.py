"""What browsers get in the place of a message: its page, and the pages that say why it is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from transcode.markup import digest
from transcode.message import smil
from transcode.preview.downloads import file_name, named
from transcode.preview.slides import Shown, Slideshow
from transcode.relay.languages.texts import language
from transcode.relay.page.parts import is_small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import MessageFields, Part
    from transcode.relay.languages.texts import Language
    from transcode.relay.model import Envelope
    from transcode.relay.page.parts import Found

__all__ = ["REASONS", "Opened", "Renderer"]

_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_KINDS = {"image": "Picture", "video": "Clip", "audio": "Sound", "text": "Text", "contact": "Contact"}
#: Why abuse is reported: what the form sends, and what it says.
REASONS = {
    "advertising": "Unwanted advertising",
    "threat": "Threat or harassment",
    "illegal": "Illegal content",
    "other": "Something else",
}


class Opened(NamedTuple):
    """A message that is shown.

    Attributes:
        token: the secret in the address of its page.
        envelope, message: the message.
        found: what each of its parts is.
        ends_at: until when the page is there, in seconds since 1970.
    """

    token: str
    envelope: Envelope
    message: MessageFields
    found: Sequence[Found]
    ends_at: float


@dataclass(frozen=True, slots=True)
class _File:
    """A part that can be saved: its number, its name for people and for disks, what it is, and its size."""

    number: int
    name: str
    file_name: str
    kind: str
    size: str
    has_best: bool


class Renderer:
    """Makes the pages.

    Args:
        url: the address of the pages for browsers.
        operator: who runs the centre.

    Attributes:
        policy: the Content-Security-Policy of all pages: nothing comes from elsewhere, and only the script
            and the style of this program run, by their hashes.
    """

    def __init__(self, url: str, operator: str) -> None:
        self._base = f"{urlsplit(url).path.rstrip('/')}/p"
        self._operator = operator
        shared, own = resources.files("transcode.preview"), resources.files(__package__)
        self._style, self._script = (
            "\n".join(folder.joinpath(name).read_text("utf-8") for folder, name in pieces)
            for pieces in (
                ((shared, "style.css"), (own, "page.css")),
                ((shared, "player.js"), (own, "page.js")),
            )
        )
        self.policy = (
            f"default-src 'none'; img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self';"
            f" style-src {digest(self._style)}; script-src {digest(self._script)};"
            " base-uri 'none'; frame-ancestors 'none'"
        )
        templates = jinja2.Environment(
            loader=jinja2.PackageLoader(__package__),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._message, self._notice = (
            templates.get_template("message.html"),
            templates.get_template("notice.html"),
        )

    def page(self, opened: Opened, spoken: str, *, now: float) -> str:
        """Return the page of a message.

        Args:
            opened: the message.
            spoken: the name of the language.
            now: the time, in seconds since 1970.
        """
        words = language(spoken)
        message = opened.message
        base = f"{self._base}/{opened.token}"
        numbers = {id(part): number for number, part in enumerate(message.parts, 1)}
        sources = _ByAddress(base, numbers, opened.found, words)
        slides = smil.slides(message)
        slideshow = Slideshow(sources, words).html(slides, text_first=smil.has_text_first(message))
        sender = "" if opened.envelope.hidden else opened.envelope.sender
        return self._message.render(
            **self._common(words),
            base=base,
            title=message.subject or words.say("A message for you"),
            # The renderer escapes what is foreign.
            slideshow=Markup(slideshow),  # noqa: S704
            has_slides=bool(slides),
            sender=_from(words, sender),
            reply=f"sms:{sender}" if _NUMBER.fullmatch(sender) else "",
            files=_files(opened, words),
            until=words.day(opened.ends_at),
            ahead=words.ahead(opened.ends_at - now),
            reasons={name: words.say(text) for name, text in REASONS.items()},
        )

    def notice(self, spoken: str, title: str, text: str, *, back: str = "") -> str:
        """Return a page that only says something.

        Args:
            spoken: the name of the language.
            title, text: what it says, in English.
            back: the token of the page that it leads to, or ``""``.
        """
        words = language(spoken)
        return self._notice.render(
            **self._common(words),
            title=words.say(title),
            text=words.say(text, operator=self._operator),
            back=f"{self._base}/{back}" if back else "",
        )

    def address(self, token: str) -> str:
        """Return the path of a page."""
        return f"{self._base}/{token}"

    def _common(self, words: Language) -> dict[str, Any]:
        return {
            "say": words.say,
            "count": words.count,
            "language": words.name,
            "direction": words.direction,
            "operator": self._operator,
            "style": Markup(self._style),  # noqa: S704  # a file of this program
            "script": Markup(self._script),  # noqa: S704  # likewise
        }


class _ByAddress:
    """Media at addresses below that of the page."""

    def __init__(self, base: str, numbers: dict[int, int], found: Sequence[Found], words: Language) -> None:
        self._base = base
        self._numbers = numbers
        self._found = found
        self._words = words

    def medium(self, part: Part, *, is_sound: bool) -> Shown | str:  # noqa: ARG002
        """Return what shows a part, by what its octets are."""
        number = self._numbers[id(part)]
        one, address = self._found[number - 1], f"{self._base}/{number}"
        if one.kind == "locked":
            return self._words.say("which is protected against copies")
        best = address if one.plays else f"{address}-best"
        if one.kind == "image":
            if is_small(part, one):
                return Shown("image", address, is_loaded=True)
            return Shown("image", f"{address}-small", best, is_loaded=True)
        if one.kind in ("video", "audio"):
            return Shown("video" if one.kind == "video" else "audio", best, is_loaded=True)
        return self._words.say("which this page can't show")


def _from(words: Language, sender: str) -> Markup:
    if not sender:
        return Markup.escape(words.say("The sender is not shown."))
    before, _, after = words.say("From {sender}", sender="\0").partition("\0")
    return Markup('{}<bdi dir="ltr">{}</bdi>{}').format(before, sender, after)


def _files(opened: Opened, words: Language) -> list[_File]:
    """Return what can be saved: everything but the presentation and what is protected."""
    return [
        _File(
            number,
            named(part),
            file_name(part),
            words.say(_KINDS.get(one.kind, "File")),
            words.size(len(part.data)),
            not one.plays and one.kind in ("image", "video", "audio"),
        )
        for number, (part, one) in enumerate(zip(opened.message.parts, opened.found, strict=True), 1)
        if one.kind not in ("slides", "locked")
    ]
