"""One source to one rendition, whatever kind of medium it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import LimitsError
from transcode.media import source as media_source
from transcode.model import Limits

if TYPE_CHECKING:
    from transcode.media.source import Content
    from transcode.model import Rendition, ReportCallback, Source

__all__ = ["fit", "fit_content"]


def fit(source: Source, limits: Limits, *, report: ReportCallback | None = None) -> Rendition:
    """The best rendition of a medium that keeps to the limits.

    Args:
        source: a path, bytes, or a file object opened in binary mode.
        limits: what the rendition must keep to.
        report: called with each note as it is made, also when nothing comes of it
            in the end; the rendition's own report has them all.

    Raises:
        SourceError: the source can't be read, or is of a kind that is not handled.
        BudgetError: nothing that fits can be made.
        LimitsError: the limits are something else.
    """
    if not isinstance(limits, Limits):
        raise LimitsError(f"limits must be Limits, such as profile.limits(), not {type(limits).__name__}")
    return fit_content(media_source.read(source), limits, report=report)


def fit_content(content: Content, limits: Limits, *, report: ReportCallback | None = None) -> Rendition:
    """Like fit, for a source that was read already."""
    # NumPy, Pillow and the kernels take 100 ms to load: those who only read messages
    # or profiles do without them.
    from transcode.fit.image import fit_image
    from transcode.media.image import open_still

    return fit_image(content, open_still(content), limits, report=report)
