"""Reads times in text form: those of XML (ISO 8601, RFC 3339) and mail (RFC 5322), and numbers of seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["date_time", "duration", "mail_date", "number"]

_DATE_TIME = re.compile(
    r"([0-9]{4}([-/])[0-9]{2}\2[0-9]{2}|[0-9]{8}(?=[Tt]|[0-9]{6}\Z))"
    r"(?:[Tt _]?([0-9:]+)(?:[.,]([0-9]+))?\s*([Zz]|UTC|GMT|[+-][0-9:]+)?(?:\[[A-Za-z_/+-]{1,40}\])?)?"
)
_AMOUNT = r"([0-9]{1,12}(?:[.,][0-9]{1,12})?)"
_DURATION = re.compile(
    rf"\+?P(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
    rf"(?:T(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?"
)
_UNITS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3600, 60, 1)
_WORD = rf"{_AMOUNT}\s*(s|sec|second|min|minute|h|hr|hour|d|day|w|week)s?\.?(?![a-z])"
_EACH_WORD = re.compile(_WORD, re.IGNORECASE)
_WORDS = re.compile(rf"(?:{_WORD}[\s,]{{0,9}}(?:and\s{{1,9}})?){{1,7}}", re.IGNORECASE)
_BY_LETTER = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
#: The longest duration that is believed, in seconds: 1000 years.
_LONGEST = 1000 * 365 * 86_400

_NUMBER = re.compile(r"\+?([0-9]{1,20})(?:[.,]([0-9]{1,12}))?")
#: Least value of a number, units a second, name of the unit. As seconds since 1970, 10^11 is in the year
#: 5138: such a number is in milliseconds, microseconds or nanoseconds.
_SCALES = ((10**17, 10**9, "nanoseconds"), (10**14, 10**6, "microseconds"), (10**11, 10**3, "milliseconds"))

#: The seconds of a leap second, 60; C libraries also allow 61.
_LEAP_SECOND = re.compile(r"(:[0-5][0-9]:)6([01])\b")
#: A time of day and all text behind it, in the orders that programs write.
_CLOCK = re.compile(
    r"(?<![0-9.:])([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?(?:[.,:]([0-9]{1,9}))?(?![0-9:])(.*)\Z",
    re.DOTALL,
)
_HALF_DAY = re.compile(r"\s*([ap])\.?m\b\.?", re.IGNORECASE)
_YEAR = re.compile(r"(?<![0-9+:-])[0-9]{4}\b")
#: An offset from UTC, alone, behind a zone (``GMT+0200``, of JavaScript) or in front of a zone.
_OFFSET = re.compile(r"[A-Z]{0,5}\s*([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?:\s+[A-Z]{1,5})?")
#: Hours from UTC by zone: the zones of RFC 5322, 4.3, and other common ones.
_ZONES = {
    **dict.fromkeys(("", "UT", "UTC", "GMT", "Z", "WET"), 0),
    **{"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6},
    **{"PST": -8, "PDT": -7, "WEST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3},
    **{"MSK": 3, "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
}


def date_time(text: str, odd: Callable[[str], None]) -> int | None:
    """Return a dateTime of XML in seconds since 1970; None where the text is not a dateTime.

    Args:
        text: the dateTime.
        odd: called with each oddity.
    """
    parts = _DATE_TIME.fullmatch(text)
    if parts is None:
        return None
    clock, added = _without_leap(parts[3] or "00:00")
    if clock.startswith("24:00") and not clock.strip("24:0"):
        clock, added = "00:00", added + 86_400
    zone = "Z" if (parts[5] or "").upper() in ("UTC", "GMT") else (parts[5] or "").upper()
    try:
        found = datetime.fromisoformat(f"{parts[1].replace('/', '-')}T{clock}{zone}")
    except ValueError:
        return None
    if found.tzinfo is None:
        odd(f"the time {text!r} has no zone and is read as UTC")
        found = found.replace(tzinfo=UTC)
    if added == 1:
        odd(f"the time {text!r} is a leap second")
    if (parts[4] or "").strip("0"):
        odd(f"the time {text!r} has a fraction of a second, which is left out")
    try:
        return int(found.timestamp()) + added
    except (OverflowError, ValueError):
        return None


def duration(text: str, odd: Callable[[str], None]) -> int | None:
    """Return a duration in seconds; None where the text is not a duration. Arguments as for date_time."""
    found = _DURATION.fullmatch(text.upper())
    if found is None or text.upper().endswith(("P", "T")):
        if _WORDS.fullmatch(text) is None:
            return None
        words = _EACH_WORD.findall(text)
        seconds = sum((_amount(amount) * _BY_LETTER[unit[0].lower()] for amount, unit in words), Decimal(0))
    else:
        if found[1] or found[2]:
            odd(f"the duration {text!r} has years or months: a year counts as 365 days, a month as 30")
        seconds = sum(
            (_amount(amount) * unit for amount, unit in zip(found.groups(), _UNITS, strict=True)), Decimal(0)
        )
    if seconds > _LONGEST:
        return None
    if seconds != int(seconds):
        odd(f"the duration {text!r} has a fraction of a second, which is left out")
    return int(seconds)


def number(text: str, odd: Callable[[str], None]) -> tuple[int, bool] | None:
    """Return a number of seconds, and whether it surely counts from 1970; None where the text is no number.

    A number that would be a time from the year 5138 on is read as milliseconds, microseconds or nanoseconds
    since 1970. Arguments as for date_time.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    value = int(found[1])
    if (found[2] or "").strip("0"):
        odd(f"the time {text!r} has a fraction of a second, which is left out")
    for least, scale, name in _SCALES:
        if value >= least:
            odd(f"{text} is read as {name} since 1970")
            return value // scale, True
    return value, False


def _amount(text: str | None) -> Decimal:
    return Decimal((text or "0").replace(",", "."))


def _without_leap(clock: str) -> tuple[str, int]:
    """Return a time of day whose seconds are below 60, and the seconds to add to it."""
    found = _LEAP_SECOND.search(clock)
    if found is None:
        return clock, 0
    return f"{clock[: found.start()]}{found[1]}59{clock[found.end() :]}", 1 + int(found[2])


def mail_date(text: str, odd: Callable[[str], None]) -> int:
    """Return a date of mail in seconds since 1970; arguments as for date_time.

    Raises:
        ValueError: the text is not a date, or the date is before 1970.
    """
    plain, added = _without_leap(text)
    if added:
        odd(f"the time {text!r} is a leap second")
    clock = _CLOCK.search(plain)
    if clock is not None:
        hour, late, tail = _of_day(int(clock[1]), clock[2], clock[3] or "00", clock[5])
        added += late
        year = _YEAR.search(tail)
        zone = tail if year is None else tail[: year.start()] + tail[year.end() :]
        plain = f"{plain[: clock.start()]}{hour} {year[0] if year else ''} {_offset(text, zone, odd)}"
        if (clock[4] or "").strip("0"):
            odd(f"the time {text!r} has a fraction of a second, which is left out")
    found = parsedate_to_datetime(plain)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    seconds = int(found.timestamp()) + added
    if seconds < 0:
        raise ValueError("before 1970")
    return seconds


def _of_day(hour: int, minute: str, second: str, tail: str) -> tuple[str, int, str]:
    """Return a time of day on a 24-hour clock, the seconds to add to it, and the text behind it."""
    late = 0
    half = _HALF_DAY.match(tail)
    if half is not None and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half[1] in "pP")
    elif hour == 24 and minute == second == "00":
        hour, late = 0, 86_400
    return f"{hour:02}:{minute}:{second}", late, tail if half is None else tail[half.end() :]


def _offset(text: str, zone: str, odd: Callable[[str], None]) -> str:
    """Return the offset of a zone from UTC. An unknown zone counts as UTC (RFC 5322, 4.3) and is reported."""
    name = zone.partition("(")[0].strip(" \t\"'").upper()
    found = _OFFSET.fullmatch(name)
    if found is not None:
        return f"{found[1]}{found[2]:>02}{found[3] or '00'}"
    if name not in _ZONES:
        odd(f"the zone of {text!r} is not known, and the time is read as UTC")
    hours = _ZONES.get(name, 0)
    return f"{'-' if hours < 0 else '+'}{abs(hours):02}00"
