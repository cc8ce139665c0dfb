"""Several profiles combined into one that satisfies all: the strictest value of each figure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from transcode.errors import ProfileError
from transcode.model import DEFAULT_CODECS, DEFAULT_FORMATS, H264_PROFILES
from transcode.profile.model import FLAGS, LEVELS, RATES, SIZES, Figure, Figures, Profile

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["combine"]

#: Words in order of strictness.
_ORDERED: dict[str, Callable[[str], Any]] = {
    "h264_profile": H264_PROFILES.index,
    # ITU-T H.264, table A-1: level 1b lies between 1 and 1.1.
    "h264_level": lambda level: float(level.replace("1b", "1.05")),
}
#: Keys of lists that are intersected, and the order of the result.
_COMMON: dict[str, tuple[str, ...]] = {"formats": DEFAULT_FORMATS, "codecs": DEFAULT_CODECS, "charsets": ()}

#: The order in which the kinds of profiles are named, and in which ties are decided.
_KINDS = ("network", "mvno", "account", "route", "guideline", "client", "class", "floor", "bearer", "device")


def combine(*profiles: Profile) -> Profile:
    """Combine profiles into one that satisfies all: the strictest value of each figure.

    The order does not matter, and a further profile never loosens a limit. In the
    result's figures, ``profile`` names the profile that gave the value. None limits
    nothing; formats and codecs are those common to all.

    Args:
        profiles: at least one: of a network, a provider's route, a device and so on.

    Raises:
        ProfileError: no profile is given, or profiles that take pictures have no format in common.
    """
    if not profiles:
        raise ProfileError("combination", "no profile is given")
    parts = sorted(dict.fromkeys(profiles), key=_rank)
    if len(parts) == 1:
        return parts[0]
    values: dict[str, Any] = {}
    figures: dict[str, Figure] = {}
    for key in (*SIZES, *RATES, *FLAGS, *LEVELS):
        _strictest(key, parts, values, figures)
    for key, order in _COMMON.items():
        _shared(key, order, parts, values, figures)
    for kind in ("image", "video"):
        _portrait(kind, parts, values, figures)
    name = " + ".join(dict.fromkeys(part.name for part in parts))
    identity = "+".join(sorted({word for part in parts for word in part.id.split("+")}))
    _pictures(identity, parts, values["formats"])
    off = next((part for part in parts if not part.mms_enabled), None)
    whose = [part for part in parts if part.kind in ("network", "mvno")]
    return replace(
        whose[0] if len(whose) == 1 else Profile(id=identity, name=name, max_message_bytes=1),
        **values,
        id=identity,
        name=name,
        kind="combined",
        mms_off_reason=_why(off) if off else None,
        counts="; ".join(dict.fromkeys(part.counts for part in parts if part.counts)),
        transcodes="; ".join(dict.fromkeys(part.transcodes for part in parts if part.transcodes)),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        figures=Figures(figures),
    )


def _why(profile: Profile) -> str:
    """Why MMS is off in one of the profiles, with its name."""
    if profile.kind == "combined":
        return profile.mms_off_reason or ""
    return f"{profile.name}: {profile.mms_off_reason or 'phone settings have it switched off'}"


def _rank(profile: Profile) -> tuple[int, str, str]:
    place = _KINDS.index(profile.kind) if profile.kind in _KINDS else len(_KINDS)
    # Two profiles of one id, as from two files of a user, still have one order.
    return place, profile.id, repr(profile)


def _figure(profile: Profile, key: str) -> Figure:
    """The figure of a value with the id of its profile; a new figure where the value is a default."""
    found = profile.figures.get(key)
    if found is None or found.value != getattr(profile, key):
        return Figure(getattr(profile, key), (), None, "default", profile=profile.id)
    return found if found.profile else replace(found, profile=profile.id)


def _tie(figure: Figure) -> tuple[bool, str]:
    # Values with a source before defaults; then any fixed order.
    return figure.confidence == "default", repr(figure)


def _strictest(key: str, parts: list[Profile], values: dict[str, Any], figures: dict[str, Figure]) -> None:
    given = [part for part in parts if getattr(part, key) is not None]
    if not given:
        values[key] = None
        return
    order = _ORDERED.get(key, lambda value: value)
    least = min((getattr(part, key) for part in given), key=order)
    values[key] = least
    figures[key] = min((_figure(part, key) for part in given if getattr(part, key) == least), key=_tie)


def _shared(
    key: str,
    order: tuple[str, ...],
    parts: list[Profile],
    values: dict[str, Any],
    figures: dict[str, Figure],
) -> None:
    """The words common to all profiles, in an order that does not depend on the order of the profiles."""
    given = [part for part in parts if getattr(part, key) is not None]
    if not given:
        values[key] = None
        return
    common = set.intersection(*(set(getattr(part, key)) for part in given))
    if not values["audio_attach_ok"]:
        common = {word for word in common if not word.startswith("audio/")}
    words = [word for word in order if word in common] + sorted(common - set(order))
    values[key] = tuple(words)
    # The profile with the shortest list is named.
    least = min(len(set(getattr(part, key))) for part in given)
    limiting = [_figure(part, key) for part in given if len(set(getattr(part, key))) == least]
    figures[key] = replace(min(limiting, key=_tie), value=tuple(words))


def _portrait(kind: str, parts: list[Profile], values: dict[str, Any], figures: dict[str, Figure]) -> None:
    """The box of profiles of which some turn it for a portrait picture or clip and others do not.

    The result does not turn its box. A box that a profile turns lets a portrait be as high as
    the box is wide, and no wider than it is high: the lesser side counts as the height.
    """
    if values["turn"]:
        return
    width, height = f"max_{kind}_width", f"max_{kind}_height"
    given = [] if values[height] is None else [figures[height]]
    for part in parts:
        sides = [key for key in (width, height) if part.turn and getattr(part, key) is not None]
        if sides:
            given.append(_figure(part, min(sides, key=lambda key: int(getattr(part, key)))))
    if given:
        figures[height] = min(given, key=lambda figure: (figure.value, *_tie(figure)))
        values[height] = figures[height].value


def _pictures(identity: str, parts: list[Profile], formats: tuple[str, ...]) -> None:
    """Refuse profiles that take pictures but have no picture format in common."""
    pictures = [{kind for kind in part.formats if kind.startswith("image/")} for part in parts]
    if all(pictures) and not any(kind.startswith("image/") for kind in formats):
        said = "; ".join(
            f"{part.id}: {', '.join(sorted(kinds))}" for part, kinds in zip(parts, pictures, strict=True)
        )
        raise ProfileError(identity, f"no picture format is common to all ({said}); leave one out")
    if not formats:
        raise ProfileError(identity, "no format is common to all; leave one out")
