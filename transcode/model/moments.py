"""Times as people write them: ``12h``, ``3d``, or a date and a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from transcode.errors import MessageError

__all__ = ["check_future", "moment_of", "time_of"]

_SPAN = re.compile(r"([0-9]{1,10})([smhdw]?)")
#: Seconds in each unit of a span of time.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def time_of(name: str, text: str | None) -> float | datetime | None:
    """A span in seconds, or a time; a time without a zone is local."""
    if text is None:
        return None
    span = _SPAN.fullmatch(text)
    if span is not None:
        return int(span[1]) * _UNITS[span[2]]
    moment = moment_of(name, text, "90m, 12h, 3d or 2030-01-31T18:00")
    check_future(name, moment)
    return moment


def moment_of(name: str, text: str, examples: str) -> datetime:
    """A time, past or future; a time without a zone is local.

    Raises:
        MessageError: the text is no time; the error has the examples.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise MessageError(f"{name} must look like {examples}, not {text!r}") from None


def check_future(option: str, moment: datetime) -> None:
    """Refuse a moment that is over.

    Raises:
        MessageError: the moment is in the past.
    """
    if moment <= datetime.now(UTC):
        raise MessageError(f"{option} {moment.isoformat(' ', 'minutes')} is in the past")
