"""The suffix of an output chooses its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SuffixError
from transcode.model.suffixes import SUFFIXES, asked_types

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transcode.errors import NotTakenError
    from transcode.profile import Profile

#: The beginnings of content types by the kind of a medium that was not taken.
_KINDS = {"sound": "audio/", "clip": "video/", "picture": "image/"}


def asked_formats(output: Path, formats: Sequence[str], profile: Profile | None) -> tuple[str, ...]:
    """The content types that an output may have: those of its suffix, or all where it says nothing.

    Args:
        output: the path.
        formats: the content types of the limits.
        profile: the receiver; None where the caller gave plain limits, which name no formats.

    Raises:
        SuffixError: the format is not written, or the receiver does not take it.
    """
    asked = asked_types(output)
    if asked is None:
        return tuple(formats)
    if not asked:
        written = ", ".join(sorted({known[0] for known in SUFFIXES.values()}))
        raise SuffixError(str(output), f"{output.suffix} is not written; written are {written}")
    if profile is None:
        return asked
    taken = tuple(kind for kind in asked if kind in formats)
    if not taken:
        name = profile.name or profile.id
        accepted = ", ".join(formats)
        raise SuffixError(str(output), f"{name} does not accept {' or '.join(asked)}; it accepts {accepted}")
    return taken


def check_suffix(error: NotTakenError, output: Path, asked: Sequence[str], formats: Sequence[str]) -> None:
    """Blame the suffix where a medium was not taken because of it alone.

    Args:
        error: the error of the medium.
        output: the path.
        asked: the content types that the output might have.
        formats: the content types of the limits. A receiver that takes nothing of the kind takes it under no
            suffix.

    Raises:
        SuffixError: the medium can't become what the suffix asks for.
    """
    if asked_types(output) and any(name.startswith(_KINDS[error.kind]) for name in formats):
        raise SuffixError(str(output), f"{error.source} can't become {' or '.join(asked)}") from error
