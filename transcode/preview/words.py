"""Times, spans and values of headers as people read them, in the same words in every place and language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import HeaderValue

__all__ = ["moment", "said_value", "span"]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
#: Headers whose number is a time, in seconds since 1970; of the last pair the number behind a count.
_DATES = ("date", "timestamp", "x-mms-previously-sent-date")


def span(seconds: float) -> str:
    """Return a span of time in its two largest units: 2.5 s, 1 min 5 s, 3 days."""
    if 0 < seconds < 60 and seconds != int(seconds):
        return f"{max(round(seconds, 1), 0.1):g} s"
    left, words = round(seconds), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            plural = "s" if unit == "day" and count > 1 else ""
            words.append(f"{count:,} {unit}{plural}")
        elif words:
            break
        if len(words) == 2:
            break
    return " ".join(words) or "0 s"


def moment(seconds: int) -> str:
    """Return a time in UTC: 2 January 2030, 02:04:05 UTC."""
    try:
        found = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{seconds:,} seconds after 1970"
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}, {found:%H:%M:%S} UTC"


def said_value(name: str, value: HeaderValue) -> str:
    """Return the value of a header: times as dates and spans, flags as yes and no."""
    match value:
        case ("absolute", int(seconds)):
            return moment(seconds)
        case ("relative", int(seconds)):
            return f"after {span(seconds)}"
        case (*first, last):
            return ", ".join([*(said_value("", one) for one in first), said_value(name, last)])
        case bool():
            return "yes" if value else "no"
        case int() if name.lower() in _DATES:
            return moment(value)
        case int() if not name.lower().endswith("code"):
            return f"{value:,}"
        case _:
            return str(value)
