"""What the report says of a still picture: turned, damaged, and what does not leave with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import SourceError
from transcode.media.pictures import exif
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.media.source.inputs import Input

__all__ = ["cut_off", "damage", "dropped", "turned"]

#: In a picture whose data end early, at least this share of the rows must be there.
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
    """What is told of a damaged file.

    Args:
        name: of the source.
        words: what is wrong with it.
        good: the share of its rows that are there.

    Raises:
        SourceError: those are too few.
    """
    if good < _ENOUGH_ROWS:
        raise SourceError(name, f"damaged: {words}; only {good:.0%} of the rows are there")
    if good < 1:
        return (Note("source-truncated", f"damaged: {words}; {good:.0%} of the rows are there"),)
    return (Note("source-damaged", f"damaged: {words}"),)


def cut_off(content: Input) -> tuple[Note, ...]:
    """What of an animation is no whole frame."""
    if not content.rest:
        return ()
    return (Note("source-truncated", f"damaged: the last {content.rest:,} bytes are no whole frame"),)
