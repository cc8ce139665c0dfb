"""Words by which phones say that they want no links, or want them again."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from transcode.relay.languages.texts import language, words
from transcode.relay.link_text import spoken
from transcode.relay.store import optouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.relay.linking import Pages
    from transcode.relay.store import SqlStore
    from transcode.relay.timers import Timers

__all__ = ["OptOuts"]

#: What people and phones write around a word, and within: blanks, points, hyphens, marks of the direction of
#: writing.
_BETWEEN = re.compile(r"\W+")


class OptOuts:
    """Hears what phones write to the centre.

    The whole text must be one of the words, in any language: a message that has one of them within says
    something else.

    Args:
        config: the table of pages.
        store: the rows.
        seconds: the seconds of each timer.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, config: Pages, store: SqlStore, seconds: Timers, clock: Callable[[], float]) -> None:
        self._usual = config.language
        self._stop = {_plain(word) for word in (*words(), *config.stop_words)}
        self._start = {_plain(word) for word in (*words(start=True), *config.start_words)} - self._stop
        self._store = store
        self._seconds = seconds
        self._clock = clock

    def heard(self, number: str, text: str) -> str:
        """Take a text of a phone; return what it is answered, or ``""``.

        It blocks until the disk has what it wrote. Who says a word again is not answered again.

        Args:
            number: the number of the phone, in international form.
            text: the text.
        """
        word = _plain(text)
        if word in self._stop:
            is_new = optouts.opt_out(
                self._store, number, at=self._clock(), word=word, seconds=self._seconds
            ).result()
            text = "You get no more campaigns and links. START brings them back."
            return self._said(number, text) if is_new else ""
        if word in self._start and optouts.forgive(self._store, number).result():
            return self._said(number, "You get campaigns and links again. STOP ends them.")
        return ""

    def _said(self, number: str, text: str) -> str:
        return language(spoken(number, self._store.subscriber(number), self._usual)).say(text)


def _plain(text: str) -> str:
    """Return a word as it is compared: without accents, which phones leave out, or put on a capital I."""
    letters = unicodedata.normalize("NFKD", _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
