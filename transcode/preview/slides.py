"""The slides of a message as HTML, which a browser shows one by one, as a phone does.

Where the media come from, and in which language the page speaks, is the caller's business. Texts and names
of a message are escaped and never become markup.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from transcode.markup import said
from transcode.preview.words import span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.model import Part, SlideParts

__all__ = ["English", "Shown", "Slideshow", "Sources", "Words"]


class Words(Protocol):
    """The language of a page."""

    def say(self, text: str, /, **values: object) -> str:
        """Return an English text of the page in the language, with values in the place of ``{name}``."""

    def span(self, seconds: float) -> str:
        """Return a span of time in words."""


class English(Words):
    """The page in English."""

    def say(self, text: str, /, **values: object) -> str:
        """Return the text with its values."""
        return text.format(**values)

    def span(self, seconds: float) -> str:
        """Return a span of time in words."""
        return span(seconds)


class Shown(NamedTuple):
    """A medium as the page has it.

    Attributes:
        kind: the element that shows it.
        source: its URI.
        better: the URI of a larger picture, which follows; ``""``: this is the best one.
        is_loaded: whether the browser has to fetch it: then only the first one is fetched at once.
    """

    kind: Literal["image", "video", "audio"]
    source: str
    better: str = ""
    is_loaded: bool = False


class Sources(Protocol):
    """Where the media of a page come from."""

    def medium(self, part: Part, *, is_sound: bool) -> Shown | str:
        """Return what shows a part; a text: why the page does not show it.

        Args:
            part: the part.
            is_sound: whether it is the sound of a slide, and not its picture or clip.
        """


class Slideshow:
    """The slides of one page. A part that several slides show is there once.

    Args:
        sources: where the media come from.
        words: the language.
    """

    def __init__(self, sources: Sources, words: Words) -> None:
        self._sources = sources
        self._words = words
        #: The element of each part, and the first slide that shows it.
        self._places: dict[int, tuple[str, int]] = {}
        #: Whether a medium is drawn that the browser has to fetch.
        self._has_first = False

    def place(self, part: Part) -> str:
        """Return the id of the element of a part that a slide shows."""
        return self._places[id(part)][0]

    def html(self, slides: Sequence[SlideParts], *, text_first: bool) -> str:
        """Return the section of the slides.

        Args:
            slides: the slides, in order.
            text_first: whether texts stand above pictures.
        """
        say = self._say
        if not slides:
            return (
                f'<section class="card show">\n<h2>{say("Slides")}</h2>\n'
                f"<p>{say('This message shows nothing.')}</p>\n</section>\n"
            )
        shown = "".join(
            self._slide(number, len(slides), slide, text_first=text_first)
            for number, slide in enumerate(slides, 1)
        )
        return f"""<section class="card show" id="show" tabindex="-1" aria-labelledby="show-title"
 data-words="{self._player()}">
<h2 id="show-title">{say("As a phone shows it")}</h2>
<div class="phone">
{shown}</div>
<div class="controls" role="group" aria-label="{say("Slideshow")}">
<button type="button" id="back" aria-label="{say("Previous slide")}">&#8249;</button>
<button type="button" id="play" class="main">{say("Play")}</button>
<button type="button" id="next" aria-label="{say("Next slide")}">&#8250;</button>
<div class="time">
<progress id="progress" aria-label="{say("Time of this slide")}" value="0" max="1"></progress>
<span id="clock" dir="ltr"></span>
</div>
<p class="status" id="status" role="status" aria-live="polite"></p>
</div>
</section>
"""

    def _say(self, text: str, /, **values: object) -> str:
        return escape(self._words.say(text, **values))

    def _player(self) -> str:
        """Return what the script says, as the value of an attribute."""
        say = self._words.say
        words = {
            "play": say("Play"),
            "pause": say("Pause"),
            "again": say("Play again"),
            "more": say("more"),
            # The script puts the values there.
            "slide": say(
                "Slide {number} of {count}, {span}", number="{number}", count="{count}", span="{span}"
            ),
        }
        return escape(json.dumps(words))

    def _slide(self, number: int, count: int, slide: SlideParts, *, text_first: bool) -> str:
        say, pieces = self._say, []
        image, text, audio = slide.image, slide.text, slide.audio
        if image is not None:
            is_clip = image.content_type.startswith("video/")
            label = say("Clip of slide {number}" if is_clip else "Picture of slide {number}", number=number)
            pieces.append(self._playing("picture", image, label, number))
        if text is not None:
            alone = "" if image is not None else " alone"
            label = say("Text of slide {number}", number=number)
            # The focus lets keys scroll a long text.
            tag = f'p class="text{alone}" dir="auto" tabindex="0" role="group" aria-label="{label}"'
            pieces.append(self._element(tag, text, number, label, lambda: escape(text.text)))
        if audio is not None:
            label = say("Sound of slide {number}", number=number)
            pieces.append(self._playing("sound", audio, label, number))
        first = " text-first" if text_first and image is not None and text is not None else ""
        name = say("Slide {number} of {count}", number=number, count=count)
        return (
            f'<div class="slide{first}" role="group" aria-roledescription="{say("slide")}"'
            f' aria-label="{name}" data-seconds="{slide.duration:g}"'
            f' data-span="{escape(self._words.span(slide.duration))}">\n'
            f"{''.join(pieces)}</div>\n"
        )

    def _playing(self, kind: Literal["picture", "sound"], part: Part, label: str, number: int) -> str:
        """Return the element of a picture, a clip or a sound on a slide."""
        return self._element(
            f'div class="{kind}"',
            part,
            number,
            label,
            lambda: self._medium(part, label, is_sound=kind == "sound"),
        )

    def _element(self, tag: str, part: Part, number: int, label: str, inner: Callable[[], str]) -> str:
        """Return an element for a part on a slide; the script fills it where the part was drawn before.

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
        same = self._say("As on slide {number}", number=first)
        return f'<{tag} data-same="{place}" data-label="{label}">{same}</{name}>\n'

    def _medium(self, part: Part, label: str, *, is_sound: bool) -> str:
        shown = self._sources.medium(part, is_sound=is_sound)
        if isinstance(shown, str):
            return f"<p>{said(part.content_type)}, {escape(shown)}</p>"
        source = escape(shown.source)
        # The first medium has the line for itself: the others are fetched after it, or when their turn comes.
        is_later = shown.is_loaded and self._has_first
        self._has_first |= shown.is_loaded
        if shown.kind != "image":
            inline = "video controls playsinline" if shown.kind == "video" else "audio controls"
            preload = 'preload="none" data-later' if is_later else 'preload="metadata"'
            if not shown.is_loaded:
                preload = 'preload="auto"'
            return f'<{inline} {preload} aria-label="{label}" src="{source}"></{shown.kind}>'
        lazy = ' loading="lazy"' if is_later else ""
        if not shown.better:
            return f'<img alt="{label}"{lazy} src="{source}">'
        better = escape(shown.better)
        return f'<a href="{better}"><img alt="{label}"{lazy} src="{source}" data-better="{better}"></a>'
