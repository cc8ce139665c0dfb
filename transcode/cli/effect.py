"""Options that would have no effect are refused: who gave them expects one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from transcode.errors import LimitsError, MessageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transcode.cli.options import Excerpt
    from transcode.model import Report

#: The fewest digits of a short code, and of a number with its country (ITU-T E.164: Niue, Saint Helena).
_FEWEST_DIGITS = 3
_FEWEST_INTERNATIONAL = 7


def refuse_idle(options: Mapping[str, object], reason: str) -> None:
    """Refuse options that were given and have no effect.

    Args:
        options: values by the names of the options; one that is false was not given.
        reason: where the options have an effect.

    Raises:
        LimitsError: an option was given.
    """
    idle = [name for name, value in options.items() if value]
    if idle:
        raise LimitsError(f"{' and '.join(idle)} would have no effect: {reason}")


def check_medium(
    report: Report, excerpt: Excerpt, *, as_clip: object, content_type: str, box: str | None
) -> None:
    """Refuse options of clips and recordings that the medium has no use for.

    Raises:
        LimitsError: an option has no effect on a medium of the kind.
    """
    shown = {"--as-clip or --picture": as_clip}
    of_clips = {"--keyframe-cut": excerpt.keyframe_cut, "--strict": excerpt.strict}
    if report.source_type.startswith("audio/"):
        is_sound = content_type.startswith("audio/")
        refuse_idle({"--box": is_sound and box, **of_clips}, f"{report.source} is a recording")
    elif report.source_clip is not None:
        refuse_idle(shown, f"{report.source} is a clip, not a recording")
    else:
        excerpts = {
            "--start": excerpt.start,
            "--max-seconds": excerpt.max_seconds,
            "--loudness": excerpt.loudness is not None,
        }
        refuse_idle({**excerpts, **of_clips, **shown}, f"{report.source} is neither a clip nor a recording")


def has_recording(reports: Iterable[Report]) -> bool:
    """Whether one of the sources is a recording."""
    return any(report.source_type.startswith("audio/") for report in reports)


def check_address(option: str, address: str) -> None:
    """Refuse a number that is too short for any phone or short code.

    Raises:
        MessageError: the number is too short.
    """
    number = re.sub(r"[ ./()-]", "", address.strip())
    fewest = _FEWEST_INTERNATIONAL if number.startswith("+") else _FEWEST_DIGITS
    if re.fullmatch(r"\+?[0-9]+", number) and len(number.lstrip("+")) < fewest:
        raise MessageError(f"{option} {address}: too short; a number has at least {fewest} digits")


def check_future(option: str, moment: datetime) -> None:
    """Refuse a moment that is over.

    Raises:
        MessageError: the moment is in the past.
    """
    if moment <= datetime.now(UTC):
        raise MessageError(f"{option} {moment.isoformat(' ', 'minutes')} is in the past")
