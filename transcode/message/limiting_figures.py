"""Which of a profile's figures a medium ran into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.model import H264_PROFILES

if TYPE_CHECKING:
    from transcode.model import ClipInfo, Rendition
    from transcode.profile import Profile

__all__ = ["Bound", "bounds"]

#: A rendition that uses this part of its bytes was made for them. Chosen.
_USED = 0.9

#: Seconds that a cut may be off without being one. Chosen.
_SLACK = 0.05

#: A frame rate that is measured may be this many times the one allowed: containers round times. Chosen.
_RATE_SLACK = 1.01


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
    if report.source_clip is not None:
        found += _streams(report.source_clip, profile)
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


def _streams(clip: ClipInfo, profile: Profile) -> list[tuple[str, str]]:
    """What the streams of a clip have that the profile's receivers do not play."""
    found = []
    if others := [codec for codec in clip.codecs if codec not in profile.codecs]:
        found.append(("codecs", f"{', '.join(others)} not among them"))
    most = profile.max_frame_rate
    if most is not None and clip.frame_rate > most * _RATE_SLACK:
        found.append(("max_frame_rate", f"{clip.frame_rate:.1f} a second of the source, {most:g} allowed"))
    if "h264" not in profile.codecs:
        return found
    allowed = H264_PROFILES[: H264_PROFILES.index(profile.h264_profile) + 1]
    if clip.h264_profile is not None and clip.h264_profile not in allowed:
        found.append(("h264_profile", f"{clip.h264_profile} of the source, {profile.h264_profile} allowed"))
    if clip.h264_level is not None and _level(clip.h264_level) > _level(profile.h264_level):
        found.append(("h264_level", f"{clip.h264_level} of the source, {profile.h264_level} allowed"))
    return found


def _level(name: str) -> float:
    """Levels of H.264 in their order: 1b stands between 1 and 1.1."""
    return 1.05 if name == "1b" else float(name)


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
