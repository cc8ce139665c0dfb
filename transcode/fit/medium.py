"""One source to one rendition, whatever kind of medium it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import LimitsError, UnsupportedError
from transcode.media import probe
from transcode.media import source as media_source
from transcode.model import ClipOptions, Limits

if TYPE_CHECKING:
    from transcode.media.source import Content
    from transcode.model import ProgressCallback, Rendition, ReportCallback, Source

__all__ = ["fit", "fit_content"]

_AS_IT_IS = ClipOptions()


def fit(
    source: Source,
    limits: Limits,
    *,
    start: float = 0.0,
    max_seconds: float | None = None,
    strict: bool = False,
    loudness: float | None = None,
    progress: ProgressCallback | None = None,
    report: ReportCallback | None = None,
) -> Rendition:
    """The best rendition of a medium that keeps to the limits.

    Args:
        source: a path, bytes, or a file object opened in binary mode.
        limits: what the rendition must keep to.
        start: where a clip or a recording begins, in seconds of the source.
        max_seconds: its longest duration; None: that of the limits. Never more than
            forty seconds.
        strict: raise BudgetError where a clip or a recording would be worse than the
            quality floor, which is a note in the report otherwise.
        loudness: integrated loudness that sound is brought to, in LUFS (EBU R 128),
            such as -16.0; None: as it is.
        progress: called as a clip or a recording is worked on.
        report: called with each note as it is made, also when nothing comes of it
            in the end; the rendition's own report has them all.

    Raises:
        SourceError: the source can't be read, or is of a kind that is not handled.
        BudgetError: nothing that fits can be made.
        LimitsError: the limits are something else, or an option is out of its range.
    """
    if not isinstance(limits, Limits):
        raise LimitsError(f"limits must be Limits, such as profile.limits(), not {type(limits).__name__}")
    options = ClipOptions(start, max_seconds, strict, loudness, progress)
    return fit_content(media_source.read(source), limits, options, report=report)


def fit_content(
    content: Content,
    limits: Limits,
    options: ClipOptions = _AS_IT_IS,
    *,
    report: ReportCallback | None = None,
) -> Rendition:
    """Like fit, for a source that was read already."""
    # NumPy, Pillow, FFmpeg and the kernels take 100 ms to load: those who only read
    # messages or profiles do without them.
    kind = probe.content_type(content.data)
    if (kind is not None and kind.partition("/")[0] in ("video", "audio")) or kind == "application/ogg":
        return _fit_streams(content, limits, options, report)
    from transcode.fit.animation import fit_animation
    from transcode.fit.image import fit_image
    from transcode.media.animation import open_animation
    from transcode.media.image import open_still

    still = open_still(content)
    animation = open_animation(content, still.content_type)
    if animation is not None:
        made = fit_animation(content, animation, still, limits, report=report)
        if made is not None:
            return made
    return fit_image(content, still, limits, report=report)


def _fit_streams(
    content: Content, limits: Limits, options: ClipOptions, report: ReportCallback | None
) -> Rendition:
    """A clip or a recording: which of the two its streams tell, not its name or its type."""
    from transcode.media.container import streams_of

    found = streams_of(content)
    if found.video:
        raise UnsupportedError(content.name, "a clip; clips are not read")
    if not found.audio:
        raise UnsupportedError(content.name, "neither pictures nor sound are in it")
    from transcode.fit.audio import fit_audio

    return fit_audio(content, limits, options, report=report)
