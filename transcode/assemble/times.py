"""Times that are spelled out: of XML (ISO 8601, RFC 3339), and of mail (RFC 5322)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["date_time", "duration", "mail_date"]

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}(?=[Tt]))(?:[Tt _]([0-9:.,]+)\s*([Zz]|[+-][0-9:]+)?)?"
)
_DURATION = re.compile(
    r"P(?:([0-9]{1,6})Y)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,12})(\.[0-9]+)?S)?)?"
)
_UNITS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3600, 60, 1)

#: A clock and the offset from UTC behind a zone, as JavaScript has it: ``10:20:30 GMT+0200 (a name)``.
_CLOCK = re.compile(
    r"([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?\s*[A-Za-z]{0,5}\s*([+-][0-9]{2}):?([0-9]{2})\s*(?:\(.*)?\Z"
)
_ZONE_NAME = re.compile(r":[0-9]{2}\s+[A-Za-z]+\s*(?:[0-9]{4}|\(.*)?\Z")


def date_time(text: str, odd: Callable[[str], None]) -> int | None:
    """A dateTime in seconds since 1970, or None.

    Args:
        text: as it stands.
        odd: told what was odd.
    """
    parts = _DATE_TIME.fullmatch(text)
    if parts is None:
        return None
    try:
        found = datetime.fromisoformat(f"{parts[1]}T{parts[2] or '00:00'}{(parts[3] or '').upper()}")
    except ValueError:
        return None
    if found.tzinfo is None:
        odd(f"the time {text!r} has no zone, and is taken as UTC")
        found = found.replace(tzinfo=UTC)
    if found.microsecond:
        odd(f"the time {text!r} has a fraction of a second, which is left out")
    try:
        return int(found.replace(microsecond=0).timestamp())
    except (OverflowError, ValueError):
        return None


def duration(text: str, odd: Callable[[str], None]) -> int | None:
    """A duration in seconds, or None; arguments as for date_time."""
    found = _DURATION.fullmatch(text.upper())
    if found is None or text.upper().endswith(("P", "T")):
        return None
    if found[1] or found[2]:
        odd(f"the duration {text!r}: a year is counted as 365 days, a month as 30")
    if found[8]:
        odd(f"the duration {text!r} has a fraction of a second, which is left out")
    numbers = found.groups()[:7]
    return sum(int(number or 0) * unit for number, unit in zip(numbers, _UNITS, strict=True))


def mail_date(text: str, odd: Callable[[str], None]) -> int:
    """A date of mail in seconds since 1970; arguments as for date_time.

    Raises:
        ValueError: it is none, or before 1970.
    """
    plain = _CLOCK.sub(r"\1 \2\3", text)
    found = parsedate_to_datetime(plain)
    if found.tzinfo is None:
        # Without a zone the time is that of UTC (RFC 5322, 3.3).
        found = found.replace(tzinfo=UTC)
        if _ZONE_NAME.search(plain):
            odd(f"the zone of {text!r} is not known, and the time is taken as UTC")
    seconds = int(found.timestamp())
    if seconds < 0:
        raise ValueError("before 1970")
    return seconds
