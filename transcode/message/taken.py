"""Explain why a network accepts no sound, no clips or no pictures, with the figures of its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import NotTakenError
from transcode.profile.find import origins

if TYPE_CHECKING:
    from transcode.profile import Profile

__all__ = ["not_taken"]

_REFUSED = {"sound": "no sound by itself", "picture": "neither image/jpeg nor image/png"}


def not_taken(error: NotTakenError, profile: Profile) -> NotTakenError:
    """Return the error with the name of the network, the profile's figure and the figure's sources.

    Args:
        error: the error that fit raised without knowing the profile.
        profile: the profile whose limits the medium was fitted to.
    """
    key = "audio_attach_ok" if error.kind == "sound" and not profile.audio_attach_ok else "formats"
    what = _REFUSED.get(error.kind, "no clips")
    reason = f"{profile.name or profile.id} ({profile.id}) accepts {what}"
    figure = profile.figures.get(key)
    if figure is not None:
        told = [f"{origin.tag} ({origin.what})" for origin in origins(profile, key)] or [*figure.sources]
        dated = "" if figure.date is None else f", {figure.date}"
        reason += f": {key} in its profile, {figure.confidence}{dated}, by {' and '.join(told)}"
    return NotTakenError(error.source, reason, kind=error.kind, remedy=error.remedy)
