"""Options that would have no effect are refused: who gave them expects one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.cli.given import is_given
from transcode.errors import LimitsError, MessageError
from transcode.media.source import inputs as media_source
from transcode.media.source.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transcode.cli.options import Excerpt
    from transcode.model import Source

#: The fewest digits of a short code, and of a number with its country (ITU-T E.164: Niue, Saint Helena).
_FEWEST_DIGITS = 3
_FEWEST_INTERNATIONAL = 7


def refuse_idle(options: Mapping[str, object], reason: str) -> None:
    """Refuse options that were given and have no effect.

    Args:
        options: values by the names of the options; one that is false was not given, and a default that has
            no effect is none of this call.
        reason: where the options have an effect.

    Raises:
        LimitsError: an option was given.
    """
    idle = [name for name, value in options.items() if value and is_given(name)]
    if idle:
        raise LimitsError(f"{' and '.join(idle)} would have no effect: {reason}")


def check_medium(
    source: Source, excerpt: Excerpt, *, as_clip: bool, picture: object, box: str | None
) -> None:
    """Refuse options of clips and recordings that the medium has no use for, before it is fitted.

    Raises:
        LimitsError: an option has no effect on a medium of the kind.
        SourceError: the source can't be read.
    """
    shown = {"--as-clip": as_clip, "--picture": picture}
    of_clips = {"--keyframe-cut": excerpt.keyframe_cut, "--strict": excerpt.strict}
    of_streams = {
        "--start": excerpt.start,
        "--max-seconds": excerpt.max_seconds is not None,
        "--loudness": excerpt.loudness is not None,
    }
    if not any((*shown.values(), *of_clips.values(), *of_streams.values(), box)):
        return
    content = media_source.read(source)
    match kind_of(content):
        case "recording":
            boxed = {"--box": box if not as_clip and picture is None else None}
            refuse_idle({**boxed, **of_clips}, f"{content.name} is a recording")
        case "clip":
            refuse_idle(shown, f"{content.name} is a clip, not a recording")
        case "picture":
            refuse_idle(
                {**of_streams, **of_clips, **shown}, f"{content.name} is neither a clip nor a recording"
            )


def check_shown(sources: Iterable[Source], *, as_clip: bool, picture: object) -> None:
    """Refuse options of recordings where no source is one, or a broken one, which has an error of its own.

    Raises:
        LimitsError: an option has no effect.
        SourceError: a source can't be read.
    """
    shown = {"--as-clip": as_clip, "--picture": picture}
    contents = map(media_source.read, sources if any(shown.values()) else ())
    if not any(one.is_stream and kind_of(one) != "clip" for one in contents):
        refuse_idle(shown, "no source is a recording")


def check_address(option: str, address: str) -> None:
    """Refuse a number that is too short for any phone or short code.

    Raises:
        MessageError: the number is too short.
    """
    number = re.sub(r"[ ./()-]", "", address.strip())
    fewest = _FEWEST_INTERNATIONAL if number.startswith("+") else _FEWEST_DIGITS
    if re.fullmatch(r"\+?[0-9]+", number) and len(number.lstrip("+")) < fewest:
        raise MessageError(f"{option} {address}: too short; a number has at least {fewest} digits")
