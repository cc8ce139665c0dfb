"""Report notes of still pictures: rotation, damage and dropped metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SourceError
from transcode.media.pictures import exif
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.media.source.inputs import Input

__all__ = ["cut_off", "damage", "dropped", "turned"]

#: Share of the rows that a truncated picture must have.
_ENOUGH_ROWS = 0.5


def turned(orientation: int) -> tuple[Note, ...]:
    return (Note("turned", f"turned upright (EXIF orientation {orientation})"),) if orientation != 1 else ()


def dropped(words: tuple[str, ...], exif_data: bytes | None = None) -> tuple[Note, ...]:
    shown = [
        "EXIF with a position (GPS)" if word == "EXIF" and exif_data and exif.has_gps(exif_data) else word
        for word in words
    ]
    return (Note("metadata-dropped", f"dropped: {', '.join(shown)}"),) if shown else ()


def damage(name: str, words: str, good: float) -> tuple[Note, ...]:
    """Return the note about a damaged file.

    Args:
        name: name of the source.
        words: the damage.
        good: share of the rows that are present, 0 to 1.

    Raises:
        SourceError: less than half of the rows are present.
    """
    if good < _ENOUGH_ROWS:
        raise SourceError(name, f"damaged: {words}; only {good:.0%} of the rows are present")
    if good < 1:
        return (Note("source-truncated", f"damaged: {words}; {good:.0%} of the rows are present"),)
    return (Note("source-damaged", f"damaged: {words}"),)


def cut_off(content: Input) -> tuple[Note, ...]:
    """Return the note about an incomplete last frame of an animation."""
    if not content.rest:
        return ()
    return (Note("source-truncated", f"damaged: the last {content.rest:,} bytes are not a complete frame"),)
