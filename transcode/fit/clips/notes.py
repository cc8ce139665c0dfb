"""Notes in the report of a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import BudgetError
from transcode.fit.container_format import container_format_of
from transcode.fit.record import tracks_dropped, trimmed
from transcode.model import Note

if TYPE_CHECKING:
    from transcode.fit.clips.size_search import FittedClip
    from transcode.media.clips.clip import Clip
    from transcode.media.clips.cut import Range
    from transcode.media.clips.video_decode import DecodedClip
    from transcode.media.clips.window import ClipWindow
    from transcode.model import FitOptions, Limits

__all__ = [
    "BETTER",
    "changes",
    "dropped",
    "ended_early",
    "odd_pixels",
    "older_codec",
    "quality_floor",
    "range_kept",
]

#: Difference in seconds between the duration in the header and the end of the source that needs no note.
#: Chosen.
_SHORT = 0.5

#: The quality floor: the mean quantiser above which, and the number of lines below which, faces and text are
#: lost (Sub-QCIF, the smallest picture format of H.263, has 96 lines); and the advice in the note. Chosen.
_FLOOR_QUANTISER = 43.0
_FLOOR_LINES = 96
BETTER = "a shorter clip, pictures with sound, or a link would show more"

#: Names of video codecs in notes.
_NAMES = {"h264": "H.264", "mpeg4": "MPEG-4 (part 2)", "h263": "H.263"}


def ended_early(window: ClipWindow) -> list[Note]:
    """Return notes about a source that ends before its header's duration or where its clock restarts."""
    found, said = window.scan, window.clip.duration
    if found.is_joined:
        text = f"its clock restarts after {found.end:.2f} s, as in concatenated files: the rest is dropped"
        return [Note("source-truncated", text)]
    if not found.is_whole or said is None or found.end >= said - max(_SHORT, 0.01 * said):
        return []
    text = f"the source ends after {found.end:.2f} s; its header says {said:.2f} s"
    return [Note("source-truncated", text)]


def _below_floor(fitted: FittedClip, window: ClipWindow) -> str | None:
    """Return the reason why a clip is below the quality floor; None: it is not."""
    lines, had = min(fitted.width, fitted.height), min(window.look.geometry.shown)
    if lines < _FLOOR_LINES <= had:
        return f"only {fitted.width} x {fitted.height} pixels are left"
    if fitted.quantiser is not None and fitted.quantiser > _FLOOR_QUANTISER:
        return f"strongly quantised: the mean quantiser is {fitted.quantiser:.0f} of 51"
    return None


def quality_floor(
    name: str, fitted: FittedClip, window: ClipWindow, limits: Limits, options: FitOptions
) -> list[Note]:
    """Return the note about a clip below the quality floor, if it is.

    Raises:
        BudgetError: the clip is below the floor and ``options.strict`` is set.
    """
    low = _below_floor(fitted, window)
    if low is None:
        return []
    if options.strict:
        raise BudgetError(name, limits.max_bytes, hint=f"{low}; {BETTER}")
    return [Note("quality-floor", f"{low}; {BETTER}")]


def range_kept(window: ClipWindow, piece: Range, options: FitOptions) -> list[Note]:
    """Return notes about the range of frames that was copied."""
    text = "the video is within every limit: remuxed without metadata, not re-encoded"
    notes = [Note("rewrapped", text)]
    if options.start > 0 or not window.scan.is_whole:
        seconds = window.source_seconds
        all_of = "" if seconds is None else f" of {seconds:.1f}"
        text = (
            f"cut to {piece.seconds:.2f}{all_of} seconds from the key frame at {piece.begin:.2f} s;"
            f" the requested start is {options.start:g} s"
        )
        notes.append(Note("trimmed", text))
    return notes


def odd_pixels(clip: Clip) -> list[Note]:
    """Return the note about a pixel shape that was ignored, if there is one."""
    if not clip.video.odd_aspect:
        return []
    text = f"its pixels are said to be {clip.video.odd_aspect}, which no camera makes: taken for square"
    return [Note("pixel-shape", text)]


def older_codec(clip: Clip, limits: Limits) -> list[Note]:
    """Return the note about a copied clip whose receiver plays a newer codec too, if it is one."""
    newest = container_format_of(limits)
    if newest is None or newest.video == clip.video.codec:
        return []
    text = (
        f"kept as {_NAMES[clip.video.codec]}, which browsers and some newer phones do not play; for"
        f" {_NAMES[newest.video]} instead, leave {clip.video.codec} out of the codecs"
    )
    return [Note("older-codec", text)]


def dropped(clip: Clip) -> list[Note]:
    """Return notes about tracks and metadata that were dropped."""
    notes = []
    if clip.others:
        notes.append(tracks_dropped(clip.others, clip.left))
    if clip.tags:
        notes.append(Note("metadata-dropped", f"dropped: {', '.join(clip.tags)}"))
    return notes


def changes(
    window: ClipWindow, decoded: DecodedClip, fitted: FittedClip, options: FitOptions, *, is_toned: bool
) -> list[Note]:
    """Return notes about the changes in a clip that was re-encoded.

    Args:
        window: the window of the source.
        decoded: the decoded frames.
        fitted: the encoded clip.
        options: the options of the fit.
        is_toned: whether the frames were tone-mapped from high dynamic range.
    """
    clip, found, shown = window.clip, window.scan, window.look.geometry.shown
    notes: list[Note] = []
    if is_toned:
        notes.append(Note("tone-mapped", "high dynamic range tone-mapped to BT.709"))
    if decoded.was_interlaced:
        notes.append(Note("deinterlaced", "interlaced fields merged into progressive frames"))
    if decoded.was_clear:
        notes.append(Note("flattened", "transparency flattened onto white"))
        if clip.audio is None and found.is_whole:
            notes.append(Note("plays-once", "a clip plays once, also where the sticker repeated"))
    if decoded.is_broken and not found.is_joined:
        notes.append(Note("source-damaged", "frames are damaged or missing; the rest was used"))
    if options.start > 0 or not found.is_whole:
        begin = f" from {options.start:g} s on" if options.start else ""
        notes.append(trimmed(fitted.seconds, window.source_seconds, begin))
    if (fitted.width, fitted.height) != shown:
        text = f"{shown[0]} x {shown[1]} reduced to {fitted.width} x {fitted.height} pixels"
        notes.append(Note("resized", text))
    notes.append(Note("converted", f"{clip.video.codec} re-encoded as {'; '.join(fitted.settings)}"))
    return [*notes, *dropped(clip)]
