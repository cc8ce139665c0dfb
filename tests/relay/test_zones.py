"""Quiet hours where recipients are, also on the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.relay.zones import Quiet, _is_zone, closes_at, is_zone, minutes, opens_at, zones

NIGHT = Quiet(minutes("21:00"), minutes("08:00"))
BERLIN, NEW_YORK, HONOLULU = "Europe/Berlin", "America/New_York", "Pacific/Honolulu"


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> float:
    """The seconds of a time on the clocks of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def is_quiet(quiet: Quiet, zone: str, moment: float) -> bool:
    """The reference: what the clock on the wall shows."""
    wall = datetime.fromtimestamp(moment, ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    if quiet.begin <= quiet.end:
        return quiet.begin <= minute < quiet.end
    return not quiet.end <= minute < quiet.begin


def test_zones_of_numbers() -> None:
    """One of a city, all of a country whose phones move, none where nothing is known."""
    assert zones("+12125550123") == (NEW_YORK,)
    assert zones("+4915112345678") == (BERLIN,)
    assert {NEW_YORK, HONOLULU} < set(zones("+18005550123"))
    # A number that nobody has is somewhere in its country.
    assert {NEW_YORK, HONOLULU} < set(zones("+15550001"))
    assert "Asia/Kamchatka" in zones("+79161234567")
    for number in ("+881612345678", "+999123", "someone@example.com", "", "1234"):
        assert zones(number) == ()


def test_wrong_names_are_forgotten() -> None:
    """Uploads may have any number of them, and long ones."""
    assert not is_zone("x" * 60_000)
    size = _is_zone.cache_info().maxsize
    assert size is not None
    assert size < 10_000


def test_names_of_zones() -> None:
    """No path is one, and no folder."""
    assert is_zone(BERLIN)
    assert not any(map(is_zone, ("Europe/Nowhere", "Europe", "../../etc/passwd", "", "a\0b")))


@pytest.mark.parametrize("wrong", ["24:00", "8:00", "12:60", "", "noon", "12:00:00", "-1:00"])
def test_times(wrong: str) -> None:
    """A time that is none is told."""
    assert (minutes("00:00"), minutes("23:59")) == (0, 1439)
    with pytest.raises(ValueError, match="must be a time such as 21:00"):
        minutes(wrong)


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "opens"),
    [
        # By day nobody waits; in the night until the morning; at its last second for one.
        (NIGHT, BERLIN, at("2026-06-01T20:59:59", BERLIN), at("2026-06-01T20:59:59", BERLIN)),
        (NIGHT, BERLIN, at("2026-06-01T21:00", BERLIN), at("2026-06-02T08:00", BERLIN)),
        (NIGHT, BERLIN, at("2026-06-02T07:59:59", BERLIN), at("2026-06-02T08:00", BERLIN)),
        # The night of spring is an hour shorter, that of autumn an hour longer.
        (NIGHT, BERLIN, at("2026-03-28T22:00", BERLIN), at("2026-03-28T22:00", BERLIN) + 9 * 3600),
        (NIGHT, BERLIN, at("2026-10-24T22:00", BERLIN), at("2026-10-24T22:00", BERLIN) + 11 * 3600),
        # An end that the clocks jump over is where they jump.
        (Quiet(60, 150), BERLIN, at("2026-03-29T01:30", BERLIN), at("2026-03-29T01:00", "UTC")),
        # An hour that comes twice is quiet twice, and what is between is not.
        (Quiet(120, 150), BERLIN, at("2026-10-25T02:10", BERLIN), at("2026-10-25T02:30", BERLIN)),
        (
            Quiet(120, 150),
            BERLIN,
            at("2026-10-25T02:10", BERLIN, fold=1),
            at("2026-10-25T02:30", BERLIN, fold=1),
        ),
        # Clocks that are changed at midnight.
        (
            Quiet(1380, 30),
            "Asia/Beirut",
            at("2026-03-28T23:30", "Asia/Beirut"),
            at("2026-03-28T22:00", "UTC"),
        ),
    ],
)
def test_the_next_moment(quiet: Quiet, zone: str, now: float, opens: float) -> None:
    assert opens_at(quiet, (zone,), now) == opens


def test_several_zones() -> None:
    """A number that may be in any of them waits for the last one; without one, that of the hours counts."""
    both = (NEW_YORK, HONOLULU)
    assert opens_at(NIGHT, both, at("2026-06-01T12:00", NEW_YORK)) == at("2026-06-01T08:00", HONOLULU)
    assert opens_at(NIGHT, both, at("2026-06-01T16:00", HONOLULU)) == at("2026-06-02T08:00", HONOLULU)
    tokyo = NIGHT._replace(zone="Asia/Tokyo")
    assert opens_at(tokyo, (), at("2026-06-01T22:00", "Asia/Tokyo")) == at("2026-06-02T08:00", "Asia/Tokyo")
    # Half a world apart: an hour in the morning of one, and another in its evening.
    assert opens_at(NIGHT, ("Etc/GMT+6", "Etc/GMT-6"), 0.0) == at("1970-01-01T02:00")
    assert opens_at(NIGHT, ("Etc/GMT+6", "Etc/GMT-6"), at("1970-01-01T03:00")) == at("1970-01-01T14:00")
    # Where nights are longer than half of the day, there is none.
    long = Quiet(minutes("19:00"), minutes("09:00"))
    assert opens_at(long, ("Etc/GMT+6", "Etc/GMT-6"), 0.0) is None


@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]),
    # Days on which clocks are changed, and others.
    st.sampled_from(
        ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-06-01"]
    ),
    st.integers(-1440, 1440),
)
def test_no_minute_is_missed(begin: int, end: int, zone: str, day: str, minute: int) -> None:
    """Until the moment each minute is quiet, and from it on none until the next change."""
    if begin == end:
        return
    quiet, now = Quiet(begin, end), datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + minute * 60
    opens = opens_at(quiet, (zone,), now)
    assert opens is not None
    assert all(is_quiet(quiet, zone, now + 60 * n) for n in range(int(opens - now) // 60))
    closes = closes_at(quiet, (zone,), opens)
    assert not any(is_quiet(quiet, zone, opens + 60 * n) for n in range(int(closes - opens) // 60))
    assert is_quiet(quiet, zone, closes)
