"""Containers and codecs that this package writes and a receiver takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.clips.video_encode import CONTAINERS
from transcode.media.sound.audio_encode import can_encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.model import Limits

__all__ = ["ContainerFormat", "container_format_of", "container_formats", "sparing_format"]


@dataclass(frozen=True, slots=True)
class ContainerFormat:
    """A content type and its codecs.

    Attributes:
        content_type: such as ``"video/mp4"``.
        video: the video codec.
        audio: the audio codec; None: the receiver decodes no audio codec that goes with the video codec.
    """

    content_type: str
    video: str
    audio: str | None


def container_format_of(limits: Limits) -> ContainerFormat | None:
    """Return the best format that a receiver takes and this package writes; None: there is none."""
    return next(container_formats(limits), None)


def sparing_format(limits: Limits, form: ContainerFormat) -> ContainerFormat | None:
    """Return the format with the same video codec and AMR-NB, the audio codec with the lowest bit rate.

    None: there is no such format, or ``form`` has AMR-NB or no audio.
    """
    if form.audio in (None, "amr_nb"):
        return None
    wanted = (form.video, "amr_nb")
    return next((other for other in container_formats(limits) if (other.video, other.audio) == wanted), None)


def container_formats(limits: Limits) -> Iterator[ContainerFormat]:
    """Yield the formats that a receiver takes and this package writes, the best first."""
    for content_type, (_, codecs) in CONTAINERS.items():
        if content_type not in limits.formats:
            continue
        for video, audios in codecs.items():
            if video in limits.codecs:
                sounds = [codec for codec in audios if codec in limits.codecs and can_encode(codec)]
                for audio in sounds or (None,):
                    yield ContainerFormat(content_type, video, audio)
