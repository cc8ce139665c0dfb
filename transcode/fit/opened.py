"""A source that is opened once for the limits of several receivers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.fit.medium import Medium
from transcode.model import Limits

if TYPE_CHECKING:
    from transcode.fit.medium import Prepared
    from transcode.media.source.inputs import Input
    from transcode.model import FitOptions

__all__ = ["Opened"]


class Opened:
    """A source that is opened once for the limits of several receivers.

    Each rendition is byte for byte the one of fit(). Decoded pixels are shared where the decoder's scale is
    the same. Limits that differ only in bytes share all that is prepared, if those with the most bytes come
    first.

    Args:
        content: the source.
        options: as for fit().
        many: whether several limits will be asked for; decoded pixels are then kept.
    """

    def __init__(self, content: Input, options: FitOptions, *, many: bool = True) -> None:
        self._content = content
        self._options = options
        self._many = many
        self._medium: Medium | None = None
        self._prepared: dict[Limits, tuple[int, Prepared]] = {}

    def prepare(self, limits: Limits) -> Prepared:
        """Return the source, prepared; its rate curve may go beyond max_bytes.

        Raises:
            SourceError: the source is of a kind that is not handled, or its header is broken.
        """
        if self._medium is None:
            self._medium = Medium(self._content, self._options, many=self._many)
        others = replace(limits, max_bytes=1)
        if self._medium.is_still:
            others = _of_stills(others)
        if others not in self._prepared or self._prepared[others][0] < limits.max_bytes:
            self._prepared[others] = (limits.max_bytes, self._medium.prepare(limits))
        return self._prepared[others][1]


def _of_stills(limits: Limits) -> Limits:
    """The limits without what is for sound and moving pictures alone; PreparedImage reads the others."""
    formats = tuple(name for name in limits.formats if name.startswith("image/"))
    if not {"image/jpeg", "image/png"} & set(formats):
        # The error names all formats.
        return limits
    return Limits(
        limits.max_bytes,
        limits.max_width,
        limits.max_height,
        formats=formats,
        turn=limits.turn,
        progressive=limits.progressive,
    )
