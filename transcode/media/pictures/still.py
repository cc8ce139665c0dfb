"""What a still picture is to those who fit it, whatever format it comes in.

What a size looks like depends on that size alone, not on what was asked for before;
sizes that need the same decode share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from transcode.media.samples.planes import Plane, Sampling, resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from transcode.model import Note

__all__ = ["LARGEST", "Reduced", "Still", "Stripped"]

#: The most pixels of a picture at its final size: no message has the bytes for more.
LARGEST = 25_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A picture at its final size, upright, in sRGB's YCbCr (JFIF).

    Attributes:
        planes: uint8 planes, rows x columns: luma, then none or two of chroma, each
            in 4:2:0 with half as many rows and columns, rounded up.
        notes: what was done to it.
    """

    planes: tuple[NDArray[np.uint8], ...]
    notes: tuple[Note, ...] = ()

    def smaller(self, width: int, height: int) -> Reduced:
        """A picture in 4:2:0 with fewer pixels, still in 4:2:0."""
        luma, *chroma = self.planes
        rows, columns = luma.shape
        return Reduced(
            (
                resample(Plane(luma, columns, rows), width, height),
                *(
                    resample(
                        Plane(plane, columns / 2, rows / 2),
                        (width + 1) // 2,
                        (height + 1) // 2,
                        covers=(width / 2, height / 2),
                    )
                    for plane in chroma
                ),
            ),
            self.notes,
        )


@dataclass(frozen=True, slots=True)
class Stripped:
    """The source itself, without its metadata."""

    data: bytes = field(repr=False)
    content_type: str
    notes: tuple[Note, ...]


class Still(Protocol):
    """A picture that was opened: its header is known, its pixels are not decoded yet."""

    @property
    def content_type(self) -> str:
        """What the source is."""

    @property
    def width(self) -> int:
        """Pixels a row of the upright picture."""

    @property
    def height(self) -> int:
        """Rows of the upright picture."""

    def reduce(self, width: int, height: int, *, sampling: Sampling = "4:2:0", fine: bool = False) -> Reduced:
        """The picture with this many pixels, upright; what else of it the same size needs is kept.

        Args:
            width, height: at most those of the picture.
            sampling: of chroma.
            fine: whether detail that a reduced decode folds back would show, and more time be spent.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def drop_cache(self) -> None:
        """Forget what was decoded; another reduce() decodes again."""

    def rgb(self, width: int, height: int, *, fine: bool = False) -> NDArray[np.uint8]:
        """The same as reduce() gives, as red, green and blue: rows x columns x 3.

        What is not stored as YCbCr has not been through it.
        """

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        """The source without metadata, its pixels untouched.

        None where the pixels must change, where they are damaged, and where it would
        have more than max_bytes. A progressive JPEG becomes a baseline one, unless those are taken too.
        """
