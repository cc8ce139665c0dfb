"""Networks by their names as people write them: ``tmobile``, ``AT&T``, ``vodafone de``, ``O2 Germany``.

Names are compared without case, accents, punctuation and the word "and". A country may stand before or behind
the name, as a code or in words. Spellings are no likeness: a misspelt name finds nothing here.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from re import sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["countries_of", "folded", "resolve"]

#: Names under which no network of the shipped files stands.
_ALIASES = {"docomo": "jp-ntt-docomo", "jio": "in-reliance-jio", "kddi": "jp-au", "vzw": "us-verizon"}

#: Words that many names of networks have and people leave out.
_GENERIC = {
    *("ab", "ag", "as", "communications", "company", "corp", "group", "gsm", "inc", "limited", "llc", "ltd"),
    *("mobil", "mobile", "mobility", "mobiel", "networks", "plc", "sa", "sas", "spa", "telecom"),
    *("telecommunications", "wireless"),
}

#: Ratio of a network's codes to those of any other of its name from which it is meant without a country.
_DOMINANCE = 4


@dataclass(frozen=True, slots=True)
class _Operator:
    """A network or virtual operator: its id, its name, and the number of its network codes.

    The name stands here as it is, in letters alone, and in words without what is in brackets.
    """

    own: str
    whole: str
    letters: str
    words: tuple[str, ...]
    codes: int
    is_network: bool

    @property
    def country(self) -> str:
        return self.own.partition("-")[0]

    @property
    def stem(self) -> str:
        """The id without the country and the number of a further row: ``tmobile`` of ``us-tmobile``."""
        return sub(r"-\d{1,2}$", "", self.own.partition("-")[2])


def folded(text: str) -> str:
    """A text as words of letters and digits: no case, no accents, no punctuation, no "and"."""
    plain = unicodedata.normalize("NFKD", sub(r"(?<=\w)['.]", "", text.casefold()))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
    return " ".join(word for word in words if word != "and")


def resolve(
    name: str, operators: Mapping[str, Sequence[str]], countries: Mapping[str, Sequence[str]]
) -> list[str]:
    """The ids of the networks that a name stands for.

    Args:
        name: as a person writes it.
        operators: name, kind and network codes by id.
        countries: codes and names of each country, folded, by its code.

    Returns:
        One id where the name stands for one network; several, the likeliest first, where it stands for
        several; none where no network has it.
    """
    key = folded(name)
    alias = _ALIASES.get(key)
    if alias is not None:
        return [alias]
    known = [
        _operator(own, called, kind, len(codes))
        for own, (called, kind, *codes) in operators.items()
        if kind in ("network", "mvno")
    ]
    found = _among(known, name, key, countries)
    if found:
        return found
    for country, rest in countries_of(key, countries):
        there = [one for one in known if one.country == country]
        found = _among(there, rest, rest, countries)
        if found:
            return found
    return []


def countries_of(key: str, countries: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each country that a folded text begins or ends with, and the rest of the text."""
    words = key.split()
    for count in range(1, len(words)):
        for place, rest in ((words[-count:], words[:-count]), (words[:count], words[count:])):
            said = " ".join(place)
            yield from ((code, " ".join(rest)) for code, names in countries.items() if said in names)


@cache
def _operator(own: str, name: str, kind: str, codes: int) -> _Operator:
    letters = folded(name).replace(" ", "")
    words = tuple(folded(sub(r"\([^)]*\)", "", name)).split())
    return _Operator(own, name.casefold(), letters, words, codes, kind == "network")


def _among(known: list[_Operator], name: str, key: str, countries: Mapping[str, Sequence[str]]) -> list[str]:
    """The operators of a name by the first of three comparisons that finds any."""
    letters = key.replace(" ", "")
    core = _core(key.split(), ())
    if not letters:
        return []
    has_own_word = not _GENERIC.issuperset(key.split())
    written = name.strip().casefold()
    tiers: tuple[Callable[[_Operator], bool], ...] = (
        lambda one: written in (one.whole, one.stem),
        lambda one: letters in (one.letters, one.stem.replace("-", "")),
        lambda one: has_own_word and core == _core(one.words, countries.get(one.country, ())),
    )
    alike = [one for one in known if any(tier(one) for tier in tiers)]
    for tier in tiers:
        found = [one for one in alike if tier(one)]
        if found:
            return _chosen(found, alike, exact=tier is not tiers[-1])
    return []


def _core(words: Sequence[str], of_country: Sequence[str]) -> str:
    """The letters of a name without generic words and its country; the whole where nothing else is left."""
    kept = "".join(word for word in words if word not in _GENERIC and word not in of_country)
    return kept if len(kept) > 1 else "".join(words)


def _chosen(found: list[_Operator], alike: list[_Operator], *, exact: bool) -> list[str]:
    """The id of the only network among those found, or the ids of all that are alike.

    An exact name that networks of several countries have stands for none of them alone.
    """
    # "AT&T" before "AT&T (legacy codes)".
    found = [one for one in found if "(" not in one.whole] or found
    best = min(found, key=_rank)
    others = [one for one in alike if one.country != best.country]
    is_dominant = all(best.codes >= _DOMINANCE * one.codes for one in others)
    # Rows of one network have one name, or ids that differ by a number.
    there = [one for one in found if one.country == best.country]
    is_one = min(len({one.whole for one in there}), len({one.stem for one in there})) == 1
    if is_one and is_dominant and not (exact and {one.country for one in found} != {best.country}):
        return [best.own]
    # Of the rows of one network the main one.
    rows = {(one.country, one.whole): one.own for one in sorted(alike, key=_rank, reverse=True)}
    return list(rows.values())[::-1]


def _rank(one: _Operator) -> tuple[bool, int, int, str]:
    return (not one.is_network, -one.codes, len(one.own), one.own)
