"""The catalogues: whole, with the values of the English texts, and with all texts of the program."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import transcode
from transcode.relay.languages import LANGUAGES
from transcode.relay.languages.texts import catalogue, language, of_number, words
from transcode.wire.sms_text import Alphabet, text_segments

PACKAGE = Path(transcode.__file__).parent
#: Files with texts of pages.
SOURCES = (
    "preview/slides.py",
    "relay/page/view.py",
    "relay/ports/pages.py",
    "relay/link_text.py",
    "relay/optout.py",
)
HIDDEN = {"country codes", "words that stop links", "words that start links"}
#: Languages whose letters the alphabet of GSM lacks.
UNICODE = {"ar"}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def texts(name: str) -> dict[str, list[str]]:
    """The texts of a catalogue: of each English one those that take its place."""
    found: dict[str, list[str]] = {}
    for one in catalogue(name):
        key = one.id if isinstance(one.id, str) else one.id[0]
        several = [one.string] if isinstance(one.string, str) else one.string or ()
        if key:
            found[key] = [text or "" for text in several]
    return found


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_catalogue_is_whole(name: str) -> None:
    """Every text is there, with the same values, in each plural of the language; none is doubtful or old."""
    english, found = texts("en"), texts(name)
    assert list(found) == list(english)
    head = catalogue(name)
    assert (str(head.locale), head.num_plurals) == (name, len(found["Save {number} file as a zip"]))
    assert not head.fuzzy
    assert not head.obsolete
    for key, translated in found.items():
        for one in translated:
            assert one, key
            assert names(one) == names(key), key
            assert not re.search("[<>&]", one), key
        if key not in HIDDEN:
            assert name == "en" or translated != [key] or len(key) < 8, key


@pytest.mark.parametrize("name", LANGUAGES)
def test_short_messages(name: str) -> None:
    """One segment each, in the alphabet of GSM where the language can."""
    # 31 December.
    day = language(name).short_day(1.7987e9)
    values = {"sender": "+155555501001234", "day": day, "url": "h" * 60}
    found = 0
    for key, (text, *_) in texts(name).items():
        if "{url}" in key or key.startswith("You get") or key == "Somebody":
            alphabet, segments = text_segments(text.format(**values), reference=0, most=3)
            assert alphabet is (Alphabet.UCS2 if name in UNICODE else Alphabet.DEFAULT), key
            assert len(segments) == 1 or name in UNICODE, key
            found += 1
    assert found == 5


def said(path: Path) -> set[str]:
    """The texts that a file says: those of calls of say and count, and constants that it says later."""
    found = set()
    english = texts("en")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("say", "count")):
            found |= {
                one.value
                for one in node.args[:1]
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
        elif isinstance(node, ast.Constant) and node.value in english:
            found.add(str(node.value))
    return found


def test_all_texts_of_the_program_are_there() -> None:
    """Every text is in the catalogue, and no catalogue has one that nobody says."""
    templates = "".join(path.read_text("utf-8") for path in (PACKAGE / "relay/page/templates").iterdir())
    found = set(re.findall(r'(?:say|count)\("([^"]+)"', templates))
    for source in SOURCES:
        found |= said(PACKAGE / source)
    assert found | HIDDEN == set(texts("en"))


def test_numbers_and_dates() -> None:
    """Numbers, sizes, spans and dates are as the language writes them."""
    german, arabic = language("de"), language("ar")
    assert (german.number(1234.5), german.size(1_234_567), german.size(1)) == ("1.234,5", "1,2 MB", "0,1 kB")
    assert (german.span(2.5), german.span(0), german.span(90), german.span(7200)) == (
        "2,5 Sek.",
        "0 Sek.",
        "1,5 Min.",
        "2 Std.",
    )
    assert (german.day(0), german.short_day(0), german.ahead(6 * 86_400)) == (
        "1. Januar 1970",
        "1.1.",
        "6 Tage",
    )
    # Not all who speak English put the month first.
    assert [language(name).short_day(0) for name in ("en", "fr", "ar")] == ["Jan 1", "01/01", "1\u200f/1"]
    assert (german.ahead(5), german.direction, arabic.direction) == ("1 Minute", "ltr", "rtl")
    assert [
        german.count("Save {number} file as a zip", "Save {number} files as a zip", count) for count in (1, 2)
    ] == [
        "1 Datei als Zip speichern",
        "2 Dateien als Zip speichern",
    ]
    assert (
        len({arabic.count("Save {number} file as a zip", "", count) for count in (0, 1, 2, 3, 11, 100)}) == 6
    )


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("+4917112", "de"),
        ("+18095550100", "es"),
        ("+15555550100", "en"),
        ("+20100", "ar"),
        ("0171", "it"),
        ("+999", "it"),
    ],
)
def test_the_language_of_a_country(number: str, found: str) -> None:
    """The longest code decides; no two catalogues have the same."""
    assert of_number(number, "it") == found
    codes = [code for name in LANGUAGES for code in language(name).hidden("country codes")]
    assert len(codes) == len(set(codes))


def test_words() -> None:
    """Those of all languages, whichever the phone's is; none does both."""
    assert {"stop", "arret", "quit", "توقف"} <= words()
    assert "start" in words(start=True)
    assert not words() & words(start=True)
