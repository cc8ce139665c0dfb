"""Look-ups: by id, code, number and name, and what is suggested where nothing goes by one."""

from __future__ import annotations

import re

import pytest

from transcode.errors import ProfileError, ProfileNotFound
from transcode.model import Limits
from transcode.profile import find_profile, search
from transcode.profile.find import find_in_country, names_one

SHIPPED = search()


@pytest.mark.parametrize(
    "name", ["us-verizon", " US-Verizon ", "311480", "311-480", 1839, "1839", "carrier:1839", "Verizon"]
)
def test_found_by_id_code_and_name(name: str | int) -> None:
    """An id in any case, a code with or without hyphen, Android's number and a name find the network."""
    assert find_profile(name).id == "us-verizon"


def test_found_twice_is_the_same() -> None:
    """Files are read once."""
    assert find_profile("us-att") is find_profile("310410")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("us-veriz0n", "us-verizon"),
        ("verison", "us-verizon"),
        ("vodafone india", "au-vodafone"),
        ("oma-image", "oma-image-basic"),
    ],
)
def test_not_found_suggests(name: str, near: str) -> None:
    """A display name or a slip is answered with the likeliest id first."""
    with pytest.raises(ProfileNotFound, match=f"{re.escape(name)}.*did you mean {near}") as caught:
        find_profile(name)
    assert caught.value.suggestions[0] == near
    assert len(caught.value.suggestions) <= 5


@pytest.mark.parametrize("name", ["", "xyzzy", "999999", "12345678"])
def test_not_found_at_all(name: str) -> None:
    """What resembles nothing is refused without suggestions."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile(name)
    assert caught.value.suggestions == ()


def test_code_of_virtual_operators_only() -> None:
    """A code that several virtual operators and no network have is not guessed at."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("302480")
    assert set(caught.value.suggestions) == {"ca-eeyou-mobility", "ca-ssi-mobile"}


def test_code_that_is_near() -> None:
    """A code that nobody has is answered with codes that exist."""
    with pytest.raises(ProfileNotFound) as caught:
        find_profile("311479")
    assert caught.value.suggestions
    assert all(find_profile(code) for code in caught.value.suggestions)


@pytest.mark.parametrize(
    ("query", "found"),
    [("VERIZON", "us-verizon"), ("at&t", "us-att"), ("311480", "us-visible"), ("302-72", "ca-rogers")],
)
def test_search(query: str, found: str) -> None:
    """Ids, names and codes are searched, in any case, and come ordered by id."""
    ids = [profile.id for profile in search(query)]
    assert found in ids
    assert ids == sorted(ids)
    assert len(ids) < len(SHIPPED)


def test_search_for_a_country() -> None:
    """The name of a country alone finds its networks; a code is a part of ids, as before."""
    assert {profile.country for profile in search("Österreich")} == {"AT"}
    assert search("austria") == search("Österreich")
    assert {"us-att", "at-a1"} <= {profile.id for profile in search("at")}


def test_found_by_limits_and_by_itself() -> None:
    """Plain limits become a profile with the same limits, and a profile is one."""
    limits = Limits(750_000, 800, 600, 20.0, ("image/jpeg",), turn=False)
    profile = find_profile(limits)
    assert profile.limits() == limits
    assert find_profile(profile) is profile


def test_every_code_is_found() -> None:
    """Each network is found by each of its codes, and by its carrier id where it alone has that."""
    networks = [profile for profile in SHIPPED if profile.kind == "network"]
    for profile in networks:
        assert all(find_profile(code) == profile for code in profile.mcc_mnc), profile.id
    numbers = [profile.carrier_id for profile in networks]
    for profile in networks:
        if profile.carrier_id and numbers.count(profile.carrier_id) == 1:
            assert find_profile(profile.carrier_id) == profile


def test_search_for_nothing() -> None:
    """No query gives all, and a strange one none."""
    assert [profile.id for profile in search()] == sorted({profile.id for profile in SHIPPED})
    assert search("no such network") == []


@pytest.mark.parametrize(
    ("name", "country", "own"),
    [
        ("vodafone", "de", "de-vodafone"),
        ("Vodafone", "Germany", "de-vodafone"),
        ("vodafone", "Deutschland", "de-vodafone"),
        ("vodafone de", "DE", "de-vodafone"),
        ("T-Mobile", "USA", "us-tmobile"),
        ("verizon", "us", "us-verizon"),
        ("vodafone", "uk", "gb-vodafone"),
        ("docomo", "Japan", "jp-ntt-docomo"),
    ],
)
def test_found_in_a_country(name: str, country: str, own: str) -> None:
    """A name finds its network in a country, where several countries have one of that name."""
    assert find_in_country(name, country).id == own
    assert not names_one(name)


def test_not_found_in_a_country() -> None:
    """The country's networks are suggested; a country that is none is named."""
    with pytest.raises(
        ProfileNotFound, match="verizon in DE: no profile goes by that name; did you mean de-"
    ):
        find_in_country("verizon", "de")
    with pytest.raises(ProfileNotFound, match="docomo in DE"):
        find_in_country("docomo", "de")
    with pytest.raises(ProfileError, match="germny: no such country; did you mean germany"):
        find_in_country("vodafone", "germny")


@pytest.mark.parametrize(
    "name", ["us-att", "311480", "311-480", "1839", "carrier:1839", "own.toml", "a/b", "na"]
)
def test_names_of_one_profile(name: str) -> None:
    """Ids, codes and files stand for one profile without a country."""
    assert names_one(name)
