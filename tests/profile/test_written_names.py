"""Names of networks as people write them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from unittest.mock import Mock

import pytest

from transcode.errors import ProfileNotFound
from transcode.profile import find_profile, search, written_names
from transcode.profile.written_names import countries_of, folded, resolve

PROFILES = Path(__file__).parents[2] / "profiles"

FOUND = {
    "tmobile": "us-tmobile",
    "T-Mobile USA": "us-tmobile",
    "t-mobile us": "us-tmobile",
    "T-Mobile Poland": "pl-t-mobile",
    "AT&T": "us-att",
    "at&t": "us-att",
    "att": "us-att",
    "AT and T": "us-att",
    "ATT Mobility": "us-att",
    "AT&T us": "us-att",
    "Verizon": "us-verizon",
    "verizon wireless": "us-verizon",
    "VZW": "us-verizon",
    "vodafone de": "de-vodafone",
    "Vodafone Germany": "de-vodafone",
    "Vodafone Deutschland": "de-vodafone",
    "germany vodafone": "de-vodafone",
    "vodafone uk": "gb-vodafone",
    "Vodafone Australia": "au-vodafone",
    "Deutsche Telekom": "de-telekom",
    "telekom de": "de-telekom",
    "O2 Germany": "de-o2-2",
    "o2 uk": "gb-o2",
    "orange france": "fr-orange",
    "bouygues": "fr-bouygues-telecom",
    "three": "gb-three-mobile-2",
    "US Cellular": "us-uscellular",
    "U.S. Cellular": "us-uscellular",
    "cricket": "us-cricket",
    "Sprint": "us-sprint",
    "xfinity mobile": "us-xfinity",
    "Bell Canada": "ca-bell",
    "bell": "ca-bell",
    "NTT DoCoMo": "jp-ntt-docomo",
    "docomo": "jp-ntt-docomo",
    "Jio": "in-reliance-jio",
    "claro brasil": "br-claro-br",
    "Claro Brazil": "br-claro-br",
    "tim italy": "it-tim",
    "Wind Tre": "it-windtre",
    "telia sweden": "se-telia-sverige-ab",
    "mtn south africa": "za-mtn",
    "KPN": "nl-kpn-mobiel",
    "Turk Telekom": "tr-turk-telekom",
}


@pytest.mark.parametrize(("name", "own"), FOUND.items(), ids=list(FOUND))
def test_a_name_finds_its_network(name: str, own: str) -> None:
    """Networks are found by spelling, with or without the country."""
    assert find_profile(name).id == own


@pytest.mark.parametrize(
    ("name", "among"),
    [
        ("vodafone", {"de-vodafone", "gb-vodafone", "it-vodafone"}),
        ("T-Mobile", {"us-tmobile", "cz-t-mobile", "pl-t-mobile"}),
        ("o2", {"gb-o2", "cz-o2"}),
        ("claro", {"br-claro-br", "jm-claro"}),
        ("Boost Mobile", {"us-boost-tmobile", "us-boost-dish5g"}),
        ("Airtel", {"in-airtel"}),
    ],
)
def test_what_several_have_is_not_guessed(name: str, among: set[str]) -> None:
    """The error has the ids of all, and says what would help; it survives a pickle."""
    with pytest.raises(ProfileNotFound, match=f"{name}: several networks go by that name: ") as caught:
        find_profile(name)
    assert among <= set(caught.value.suggestions)
    assert caught.value.ambiguous
    assert all(own in str(caught.value) for own in caught.value.suggestions)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.ambiguous) == (str(caught.value), True)


@pytest.mark.parametrize("name", ["verizn", "vodafon de", "de", "mobile", "&", "and", "", "germany"])
def test_a_likeness_is_not_a_name(name: str) -> None:
    """Misspelt names, countries and words of many names find nothing."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile(name)
    assert not caught.value.ambiguous


def test_every_shipped_name_is_known() -> None:
    """Each network is among those that its own name and country stand for."""
    names = json.loads((PROFILES / "names.json").read_text("utf-8"))
    countries = json.loads((PROFILES / "countries.json").read_text("utf-8"))
    operators = {own: entry for own, entry in names.items() if entry[1] in ("network", "mvno")}
    for own, (name, *_) in list(operators.items())[::12]:
        found = resolve(f"{name} {own[:2]}", operators, countries)
        assert {operators[one][0].casefold() for one in found} & {name.casefold()}, (own, found)
    assert set(countries) == {path.stem for path in PROFILES.glob("??.toml")}


def test_the_names_of_networks_are_folded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second name costs no more than its own comparison."""
    names = json.loads((PROFILES / "names.json").read_text("utf-8"))
    assert resolve("first of all", names, {}) == []
    counted = Mock(wraps=folded)
    monkeypatch.setattr(written_names, "folded", counted)
    assert resolve("T-Mobile USA", names, {"us": ["usa"]}) == ["us-tmobile"]
    counted.assert_called_once_with("T-Mobile USA")


def test_folding_and_countries() -> None:
    """Letters lose accents and punctuation; a country may stand before or behind a name."""
    assert folded("  Türk-Telekom A.Ş. (TR) ") == "turk telekom as tr"
    assert folded("AT&T") == "at t"
    known = {"de": ["de", "germany"], "za": ["za", "south africa"]}
    assert list(countries_of("mtn south africa", known)) == [("za", "mtn")]
    assert list(countries_of("de telekom", known)) == [("de", "telekom")]
    assert list(countries_of("germany", known)) == []


def test_search_reads_names_likewise() -> None:
    """Punctuation, accents and a country in words narrow what is listed."""
    assert {"us-att"} <= {one.id for one in search("at & t")}
    assert {one.id for one in search("vodafone germany")} >= {"de-vodafone"}
    assert all(one.id.startswith("de-") for one in search("vodafone germany"))
    assert "tr-turk-telekom" in {one.id for one in search("turk telekom")}
    assert search("no such network") == []


def test_a_name_whose_beginning_is_a_country() -> None:
    """AT&T is no network of Austria with a T in its name."""
    assert not [one.id for one in search("AT&T") if one.country == "AT"]
    assert "us-att" in {one.id for one in search("usatt")}
    assert {one.country for one in search("at t-mobile") if one.kind == "network"} == {"AT"}
