"""Decoded sound of one source, shared between limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.media.sound import audio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.media.sound.audio import DecodedSound
    from transcode.media.source.inputs import Input
    from transcode.model import FitOptions, Limits, Note, ProgressCallback, ReportCallback

__all__ = ["FitRequest", "Sounds"]


class Sounds:
    """Decoded ranges of a source's sound. The last range is kept: 40 seconds take at most 16 MB.

    Args:
        content: the source.
    """

    def __init__(self, content: Input) -> None:
        self.content = content
        self._range: tuple[float, float, float | None] | None = None
        self._decoded: DecodedSound | None = None

    def decode(
        self,
        *,
        start: float,
        max_seconds: float,
        origin: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> DecodedSound:
        """Return a range, which the caller must not modify.

        For the arguments and errors see transcode.media.sound.audio.decode.
        """
        asked = (start, max_seconds, origin)
        if self._decoded is None or self._range != asked:
            self._decoded = None
            self._decoded = audio.decode(
                self.content, start=start, max_seconds=max_seconds, origin=origin, progress=progress
            )
            self._range = asked
        return self._decoded


@dataclass(frozen=True, slots=True)
class FitRequest:
    """What is asked of a rendition of a clip or a recording.

    Attributes:
        sounds: the sound of the source.
        limits: what the rendition must keep to.
        options: the other options of the fit.
        report: called with each note as it is made.
        lost: notes about losses that every rendition has.
    """

    sounds: Sounds
    limits: Limits
    options: FitOptions
    report: ReportCallback | None = None
    lost: Sequence[Note] = ()
