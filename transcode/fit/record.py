"""Notes and trials of a conversion, collected for its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transcode.model import Note, Rendition, Report, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcode.media.source.inputs import Input
    from transcode.model import ClipInfo, ReportCallback

__all__ = ["Record", "tracks_dropped", "trimmed"]


def tracks_dropped(count: int, left: Iterable[str] = ()) -> Note:
    """Return the note that ``count`` tracks were left out; ``left`` describes them where they are known."""
    tracks = "1 further track" if count == 1 else f"{count} further tracks"
    words = "; ".join(left)
    return Note("tracks-dropped", f"{tracks} left out" + (f": {words}" if words else ""))


def trimmed(seconds: float, of: float | None, begin: str = "") -> Note:
    """Return the note that a source was cut; durations under 0.95 seconds have two significant digits.

    Args:
        seconds: duration of the rendition.
        of: duration of the source in seconds; None: unknown.
        begin: text about where the range begins.
    """
    all_of = "" if of is None else f" of {_digits(of)}"
    return Note("trimmed", f"cut to {_digits(seconds)}{all_of} seconds{begin}")


def _digits(seconds: float) -> str:
    if seconds >= 0.95:
        return f"{seconds:.1f}"
    return f"{seconds:.2g}" if seconds >= 0.001 else "less than 0.001"


@dataclass(slots=True, eq=False)
class Record:
    """Notes and trials of one source, in order.

    Attributes:
        content: the source.
        source_type: content type of the source, detected from its bytes.
        max_bytes: the limit, in bytes.
        callback: called with each note as it is made.
        source_size: width and height of the source in pixels, upright; None for sound.
        source_clip: properties of a clip's streams; None for other media.
        source_start: first second of the source that a clip or a recording keeps.
        notes: what was done; each note appears once.
        trials: the encodings that were tried.
    """

    content: Input
    source_type: str
    max_bytes: int
    callback: ReportCallback | None = None
    source_size: tuple[int, int] | None = None
    source_clip: ClipInfo | None = None
    source_start: float | None = None
    notes: list[Note] = field(default_factory=list, init=False)
    trials: list[Trial] = field(default_factory=list, init=False)

    def add(self, notes: Iterable[Note]) -> None:
        """Add each note that is not yet recorded, and call the callback with it."""
        for note in notes:
            if note not in self.notes:
                self.notes.append(note)
                if self.callback is not None:
                    self.callback(note)

    def rendition(
        self,
        data: bytes,
        content_type: str,
        size: tuple[int, int] | None = None,
        *,
        quality: float | None = None,
        source_seconds: float | None = None,
        seconds: float | None = None,
        settings: tuple[str, ...] = (),
    ) -> Rendition:
        """Return the rendition with its report; for the arguments see Rendition and Report."""
        width, height = size or (None, None)
        source_width, source_height = self.source_size or (None, None)
        report = Report(
            source=self.content.name,
            source_type=self.source_type,
            source_bytes=self.content.size,
            source_width=source_width,
            source_height=source_height,
            width=width,
            height=height,
            max_bytes=self.max_bytes,
            quality=quality,
            notes=tuple(self.notes),
            trials=tuple(self.trials),
            source_seconds=source_seconds,
            seconds=seconds,
            settings=settings,
            source_clip=self.source_clip,
            source_start=self.source_start,
        )
        return Rendition(data, content_type, width, height, seconds, report)
