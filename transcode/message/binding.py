"""Which of a profile's figures a medium ran into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import Rendition
    from transcode.profile import Profile

__all__ = ["Bound", "bounds"]

#: A rendition that uses this part of its bytes was made for them.
_USED = 0.9

#: Seconds that a cut may be off without being one.
_SLACK = 0.05


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure that changed a medium.

    Attributes:
        key: the figure's name in the profile.
        profile: the id of the profile that the figure comes from.
        why: what the source has, and what the figure allows.
    """

    key: str
    profile: str
    why: str


def bounds(rendition: Rendition, profile: Profile) -> tuple[Bound, ...]:
    """The figures of a profile that bound when a medium was fitted to its limits.

    Args:
        rendition: what transcode.fit made with ``profile.limits()``.
        profile: the profile.

    Returns:
        None where the source keeps to all of them.
    """
    report = rendition.report
    found: list[tuple[str, str]] = []
    if report.source_type not in profile.formats:
        found.append(("formats", f"{report.source_type} is not among them"))
    found += _pixels(rendition, profile)
    most = profile.max_seconds
    if report.source_seconds is not None and report.source_seconds > most + _SLACK:
        found.append(("max_seconds", f"{report.source_seconds:.1f} of the source, {most:g} allowed"))
    if report.source_bytes > report.max_bytes and _made_for_bytes(rendition, profile):
        smaller = (profile.max_file_bytes or profile.max_message_bytes) < profile.max_message_bytes
        key = "max_file_bytes" if smaller else "max_message_bytes"
        found.append((key, f"{report.source_bytes:,} of the source, {report.max_bytes:,} allowed"))
    return tuple(Bound(key, profile.bound_by(key), why) for key, why in found)


def _box(rendition: Rendition, profile: Profile) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    """Name and value of the figures for width and height that hold for a medium of its orientation."""
    kind = "video" if rendition.content_type.startswith("video/") else "image"
    names = (f"max_{kind}_width", f"max_{kind}_height")
    if profile.turn and (rendition.height or 0) > (rendition.width or 0):
        names = names[::-1]
    width, height = names
    return (width, getattr(profile, width)), (height, getattr(profile, height))


def _pixels(rendition: Rendition, profile: Profile) -> list[tuple[str, str]]:
    report = rendition.report
    given = (report.source_width, report.source_height)
    return [
        (key, f"{pixels:,} pixels of the source, {most:,} allowed")
        for (key, most), pixels in zip(_box(rendition, profile), given, strict=True)
        if most is not None and pixels is not None and pixels > most
    ]


def _made_for_bytes(rendition: Rendition, profile: Profile) -> bool:
    """Whether the bytes are used, or pixels were given up that the box allows."""
    if len(rendition.data) >= _USED * rendition.report.max_bytes:
        return True
    sides = zip(
        _box(rendition, profile),
        (rendition.width, rendition.height),
        (rendition.report.source_width, rendition.report.source_height),
        strict=True,
    )
    scales = [
        (made / source, min(1.0, (most or source) / source))
        for (_, most), made, source in sides
        if made is not None and source
    ]
    allowed = min((most for _, most in scales), default=1.0)
    return any(made < _USED * allowed for made, _ in scales)
