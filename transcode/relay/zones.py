"""Quiet hours in the time zones of numbers. No clock: the time is an argument, in seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Quiet", "closes_at", "is_zone", "minutes", "opens_at", "places", "zones"]

_DAY = 86_400
_MINUTES_OF_A_DAY = 1440
#: Zones that are quiet in turn have a common hour within that time, or never.
_LONGEST_WAIT = 8.0 * _DAY
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_UNKNOWN = "Etc/Unknown"
#: The most characters of a zone's name: the longest one has 32.
_LONGEST_NAME = 64


class Quiet(NamedTuple):
    """The hours of a day in which nobody is written to, by the clock where the recipient is.

    Attributes:
        begin, end: minutes after midnight. Where begin is the later one, the hours are over midnight.
        zone: the zone of recipients of whom none is known.
    """

    begin: int
    end: int
    zone: str = "UTC"


def minutes(clock: str) -> int:
    """Return the minutes after midnight of a time such as ``"21:00"``.

    Raises:
        ValueError: it is no such time.
    """
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise ValueError(f"must be a time such as 21:00, not {clock!r}")
    return int(found[1]) * 60 + int(found[2])


def is_zone(name: str) -> bool:
    """Return whether a name is that of a time zone, such as ``"Europe/Berlin"``."""
    return len(name) <= _LONGEST_NAME and _is_zone(name)


# Uploads may have any number of wrong names, so not all are kept.
@lru_cache(2048)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the zones is an OSError, and a path that leads out of them a ValueError.
        return False
    return True


def zones(number: str) -> tuple[str, ...]:
    """Return the time zones that a number may be in, in order; of one that tells nothing, none.

    A number that can't be in use has those of its country code: nobody there is called at night.

    Args:
        number: the number, with ``+`` and its country code.
    """
    # Imported here: only campaigns with quiet hours need its tables.
    import phonenumbers
    from phonenumbers import timezone

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    found = timezone.time_zones_for_number(parsed)
    if found == (_UNKNOWN,):
        found = timezone.time_zones_for_geographical_number(parsed)
    return tuple(sorted(zone for zone in found if zone != _UNKNOWN and is_zone(zone)))


def opens_at(quiet: Quiet, places: Sequence[str], at: float) -> float | None:
    """Return the next moment, from ``at`` on, at which it is quiet in none of these zones.

    Args:
        quiet: the hours.
        places: the zones that the recipient may be in; empty: that of ``quiet``.
        at: the time.

    Returns:
        The moment; None: it is always quiet in one of them.
    """
    places, moment = places or (quiet.zone,), at
    while moment <= at + _LONGEST_WAIT:
        ends = [_changes_at(quiet, zone, moment) for zone in places if _is_quiet(quiet, zone, moment)]
        if not ends:
            return moment
        moment = max(ends)
    return None


def closes_at(quiet: Quiet, places: Sequence[str], at: float) -> float:
    """Return when it becomes quiet in one of these zones, where it is in none at that time."""
    return min(_changes_at(quiet, zone, at) for zone in places or (quiet.zone,))


def _is_quiet(quiet: Quiet, zone: str, at: float) -> bool:
    minute = (at + _offset(zone, at)) % _DAY / 60
    if quiet.begin <= quiet.end:
        return quiet.begin <= minute < quiet.end
    return minute >= quiet.begin or minute < quiet.end


def _changes_at(quiet: Quiet, zone: str, at: float) -> float:
    """Return when it begins or ends to be quiet in a zone, after a time."""
    was = _is_quiet(quiet, zone, at)
    mark = (quiet.end if was else quiet.begin) % _MINUTES_OF_A_DAY * 60
    while True:
        # While the clocks are not changed, one addition tells.
        moment = at + ((mark - at - _offset(zone, at)) % _DAY or _DAY)
        changed = _clocks_change_at(zone, at, moment)
        if changed is None:
            return moment
        if _is_quiet(quiet, zone, changed) != was:
            return changed
        at = changed


def _clocks_change_at(zone: str, at: float, until: float) -> float | None:
    """Return when the clocks of a zone are changed between two times, which are a day apart at most."""
    before = _offset(zone, at)
    if _offset(zone, until) == before:
        return None
    # Clocks are changed at whole seconds.
    low, high = int(at), int(-(-until // 1))
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return float(min(high, until))


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _offset(zone: str, at: float) -> float:
    """Return by how many seconds the clocks of a zone are before those of UTC."""
    offset = datetime.fromtimestamp(at, UTC).astimezone(_zone(zone)).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


_zones = lru_cache(65_536)(zones)


def places(zone: str, number: str) -> tuple[str, ...]:
    """Return the time zones of a recipient: the one that is named, or those of the number.

    Args:
        zone: the name of the zone, or ``""``.
        number: the number, with ``+`` and its country code.
    """
    return (zone,) if zone else _zones(number)
