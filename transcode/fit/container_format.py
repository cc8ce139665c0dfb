"""Which containers and codecs a receiver takes of those that are written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.clips.video_encode import CONTAINERS
from transcode.media.sound.audio_encode import can_encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.model import Limits

__all__ = ["ContainerFormat", "container_format_of", "sparing_format"]


@dataclass(frozen=True, slots=True)
class ContainerFormat:
    """A content type with its codecs.

    Attributes:
        content_type: such as ``"video/mp4"``.
        video: the codec of the pictures.
        audio: that of the sound, or None where the receiver decodes none that goes with them.
    """

    content_type: str
    video: str
    audio: str | None


def container_format_of(limits: Limits) -> ContainerFormat | None:
    """The best form that a receiver takes and that is written here; None: there is none."""
    return next(_forms(limits), None)


def sparing_format(limits: Limits, form: ContainerFormat) -> ContainerFormat | None:
    """The form with the same pictures whose sound takes the fewest bits, which is AMR-NB's, if there is one.

    None as well where that is the sound of the form itself.
    """
    if form.audio in (None, "amr_nb"):
        return None
    return next(
        (other for other in _forms(limits) if (other.video, other.audio) == (form.video, "amr_nb")), None
    )


def _forms(limits: Limits) -> Iterator[ContainerFormat]:
    """The forms that a receiver takes and that are written here, the best first."""
    for content_type, (_, codecs) in CONTAINERS.items():
        if content_type not in limits.formats:
            continue
        for video, audios in codecs.items():
            if video in limits.codecs:
                sounds = [codec for codec in audios if codec in limits.codecs and can_encode(codec)]
                for audio in sounds or (None,):
                    yield ContainerFormat(content_type, video, audio)
