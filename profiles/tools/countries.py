"""Makes ``countries.json``: the names of each country that has networks, as people type them.

English names and those of the country's own languages, from Unicode's CLDR as Babel has it (pip install
babel): ``python profiles/tools/countries.py``. A few short forms that CLDR lacks stand below.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

FOLDER = Path(__file__).parents[1]

#: Short forms and adjectives in names of networks.
FURTHER = {
    "ae": ["uae", "emirates"],
    "ba": ["bosnia"],
    "cd": ["drc"],
    "cz": ["czech republic"],
    "de": ["deutsche"],
    "gb": ["uk", "great britain", "britain", "england"],
    "hk": ["hong kong"],
    "kr": ["korea", "south korea"],
    "mm": ["burma"],
    "nl": ["holland"],
    "ru": ["russian"],
    "sz": ["swaziland"],
    "tr": ["turkey"],
    "tt": ["trinidad"],
    "us": ["usa", "america"],
}


def folded(name: str) -> str:
    """A name in lower case without accents; words of letters alone."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def typed(name: str) -> bool:
    """Whether a name is in a script whose letters stay whole without their marks."""
    scripts = ("LATIN", "CYRILLIC", "GREEK", "CJK", "HANGUL", "HIRAGANA", "KATAKANA")
    return all(letter.isspace() or unicodedata.name(letter, "").startswith(scripts) for letter in name)


def names(code: str) -> list[str]:
    """The names of a country."""
    languages = ["en", *get_official_languages(code.upper(), regional=True, de_facto=True)]
    found = [code]
    for language in languages:
        try:
            name = Locale.parse(language).territories.get(code.upper())
        except (ValueError, UnknownLocaleError):
            continue
        if name:
            # "Hong Kong SAR China" and "Myanmar (Burma)" are typed without their ends.
            found.append(folded(name.partition("(")[0].partition(" SAR ")[0]))
    return list(dict.fromkeys((*filter(typed, found), *FURTHER.get(code, ()))))


def main() -> None:
    """Write the file."""
    codes = sorted(path.stem for path in FOLDER.glob("??.toml"))
    lines = [f"{json.dumps(code)}:{json.dumps(names(code), ensure_ascii=False)}" for code in codes]
    (FOLDER / "countries.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
