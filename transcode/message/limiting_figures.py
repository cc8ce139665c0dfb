"""Find the figures of a profile that changed a medium when it was fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.model import H264_PROFILES

if TYPE_CHECKING:
    from transcode.model import ClipInfo, Rendition
    from transcode.profile import Profile

__all__ = ["Bound", "bounds"]

#: Smallest used fraction of a limit that shows that the limit restricted the rendition. Chosen.
_USED = 0.9

#: Most seconds by which a source may exceed a limit without counting as longer, and the tolerance of a
#: measured frame rate, as a factor of the limit: containers round timestamps. Chosen.
_SLACK, _RATE_SLACK = 0.05, 1.01


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure of a profile that changed a medium.

    Attributes:
        key: the figure's key in the profile.
        profile: the id of the profile that the figure comes from.
        why: the source's value and the limit.
    """

    key: str
    profile: str
    why: str


def bounds(rendition: Rendition, profile: Profile) -> tuple[Bound, ...]:
    """The figures of a profile that changed a medium when it was fitted to the profile's limits.

    Args:
        rendition: the result of transcode.fit with ``profile.limits()``.
        profile: the profile.

    Returns:
        The figures; empty if the source meets all of them.
    """
    report = rendition.report
    found: list[tuple[str, str]] = []
    if report.source_type not in profile.formats:
        found.append(("formats", f"{report.source_type} is not in the list"))
    found += _pixels(rendition, profile)
    if report.source_clip is not None:
        found += _streams(report.source_clip, profile)
    most = profile.max_seconds
    if report.source_seconds is not None and report.source_seconds > most + _SLACK:
        found.append(
            ("max_seconds", f"the source has {report.source_seconds:.1f} s, the limit is {most:g} s")
        )
    if report.source_bytes > report.max_bytes and _made_for_bytes(rendition, profile):
        smaller = (profile.max_file_bytes or profile.max_message_bytes) < profile.max_message_bytes
        key = "max_file_bytes" if smaller else "max_message_bytes"
        found.append((key, f"the source has {report.source_bytes:,}, the limit is {report.max_bytes:,}"))
    return tuple(Bound(key, profile.bound_by(key), why) for key, why in found)


def _box(rendition: Rendition, profile: Profile) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    """Key and value of the limits of width and height for the orientation of a medium."""
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
        (key, f"the source has {pixels:,} pixels, the limit is {most:,}")
        for (key, most), pixels in zip(_box(rendition, profile), given, strict=True)
        if most is not None and pixels is not None and pixels > most
    ]


def _streams(clip: ClipInfo, profile: Profile) -> list[tuple[str, str]]:
    """The limits of codecs, frame rate and H.264 that the streams of a clip exceed."""
    found = []
    if others := [codec for codec in clip.codecs if codec not in profile.codecs]:
        found.append(("codecs", f"{', '.join(others)} not in the list"))
    most = profile.max_frame_rate
    if most is not None and clip.frame_rate > most * _RATE_SLACK:
        found.append(
            ("max_frame_rate", f"the source has {clip.frame_rate:.1f} frames/s, the limit is {most:g}")
        )
    if "h264" not in profile.codecs:
        return found
    allowed = H264_PROFILES[: H264_PROFILES.index(profile.h264_profile) + 1]
    if clip.h264_profile is not None and clip.h264_profile not in allowed:
        found.append(
            ("h264_profile", f"the source has {clip.h264_profile}, the limit is {profile.h264_profile}")
        )
    if clip.h264_level is not None and _level(clip.h264_level) > _level(profile.h264_level):
        found.append(("h264_level", f"the source has {clip.h264_level}, the limit is {profile.h264_level}"))
    return found


def _level(name: str) -> float:
    """An H.264 level as a sortable number: 1b is between 1 and 1.1."""
    return 1.05 if name == "1b" else float(name)


def _made_for_bytes(rendition: Rendition, profile: Profile) -> bool:
    """Whether the rendition uses its bytes, or is smaller in pixels than the limits allow."""
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
