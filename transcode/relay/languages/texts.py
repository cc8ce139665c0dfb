"""Texts, numbers and dates in the languages of pages and links. Keys are the English texts."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

from transcode.relay.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog

__all__ = ["Language", "catalogue", "language", "of_number", "words"]

#: What a catalogue says to the centre, and shows nobody.
_COUNTRIES, _STOP, _START = "country codes", "words that stop links", "words that start links"
#: The largest number of a unit before the next one is taken.
_KILO = 1000.0


class Language:
    """Texts, numbers and dates in one language.

    Args:
        name: one of LANGUAGES.

    Attributes:
        name: the name.
        direction: ``"ltr"``, or ``"rtl"`` where it is written from the right.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._locale = Locale.parse(name)
        self.direction = "rtl" if self._locale.character_order == "right-to-left" else "ltr"
        octets = io.BytesIO()
        write_mo(octets, catalogue(name))
        octets.seek(0)
        self._texts = GNUTranslations(octets)

    def say(self, text: str, /, **values: object) -> str:
        """Return an English text in the language, with values in the place of ``{name}``."""
        return self._texts.gettext(text).format(**values)

    def count(self, one: str, several: str, number: int, /, **values: object) -> str:
        """Return a text for a number of things, which is ``{number}`` in it."""
        return self._texts.ngettext(one, several, number).format(number=self.number(number), **values)

    def hidden(self, text: str) -> list[str]:
        """Return the words that the catalogue has under a text that nobody is shown."""
        return self._texts.gettext(text).split()

    def number(self, value: float) -> str:
        """Return a number."""
        return format_decimal(value, format="#,##0.#", locale=self._locale)

    def size(self, octets: int) -> str:
        """Return a size in kilobytes or megabytes."""
        unit, size = ("kilobyte", octets / _KILO) if octets < _KILO**2 else ("megabyte", octets / _KILO**2)
        return format_unit(max(round(size, 1), 0.1), f"digital-{unit}", "short", locale=self._locale)

    def span(self, seconds: float) -> str:
        """Return a span of time: 2.5 s, 3 min, 1 h."""
        for unit, length in (("hour", 3600), ("minute", 60)):
            if seconds >= length:
                return format_unit(
                    round(seconds / length, 1), f"duration-{unit}", "short", locale=self._locale
                )
        shown = max(round(seconds, 1), 0.1) if seconds else 0
        return format_unit(shown, "duration-second", "short", locale=self._locale)

    def ahead(self, seconds: float) -> str:
        """Return how long something goes on: 6 days, 3 hours."""
        left = timedelta(seconds=max(seconds, 60.0))
        return format_timedelta(left, granularity="minute", threshold=1.5, locale=self._locale)

    def day(self, at: float) -> str:
        """Return the day of a time, in UTC: 7 December 2026."""
        return format_date(_date(at), "long", locale=self._locale)

    def short_day(self, at: float) -> str:
        """Return day and month in digits, which the alphabet of short messages has: 7/12.

        Where a language puts the month first, it is a word, as not all who speak it do so: Dec 7.
        """
        is_month_first = self._locale.datetime_skeletons["Md"].pattern.startswith("M")
        form = "MMMd" if is_month_first else "Md"
        return format_skeleton(form, datetime.fromtimestamp(at, UTC), locale=self._locale)


def _date(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def catalogue(name: str) -> Catalog:
    """Read the catalogue of a language."""
    octets = resources.files(__package__).joinpath(f"{name}.po").read_bytes()
    return read_po(io.BytesIO(octets), locale=name, abort_invalid=True)


@cache
def language(name: str) -> Language:
    """Return a language by its name."""
    return Language(name)


@cache
def _countries() -> MappingProxyType[str, str]:
    codes = {code: name for name in LANGUAGES for code in language(name).hidden(_COUNTRIES)}
    return MappingProxyType(codes)


def of_number(number: str, usual: str) -> str:
    """Return the name of the language that is spoken where a number is from.

    Args:
        number: the number, in international form.
        usual: the language where nobody says, and of a number in another form.
    """
    codes = _countries()
    if number.startswith("+"):
        for length in range(4, 0, -1):
            found = codes.get(number[1 : 1 + length])
            if found is not None:
                return found
    return usual


@cache
def words(*, start: bool = False) -> frozenset[str]:
    """Return the words of all languages that stop links, or start them again, in lower case."""
    return frozenset(_words(_START if start else _STOP))


def _words(key: str) -> Iterator[str]:
    for name in LANGUAGES:
        for word in language(name).hidden(key):
            yield word.casefold()
