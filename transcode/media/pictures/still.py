"""The interface of an opened still picture, the same for every format.

The pixels of a rendition depend on its size alone, not on earlier calls. Renditions that need
the same decode share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from transcode.media.samples.planes import Plane, Sampling, resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from transcode.model import Note

__all__ = ["LARGEST", "Detail", "Reduced", "Still", "Stripped"]

#: How much of a picture's detail its rendition can show.
Detail = Literal["coarse", "fine", "finest"]

#: Pixels of a picture at its final size, at most: no message has the bytes for more.
LARGEST = 25_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A picture at its final size, upright, in the YCbCr of sRGB (JFIF).

    Attributes:
        planes: uint8 planes, rows x columns: luma, then zero or two chroma planes. In 4:2:0 a chroma
            plane has half the rows and columns of luma, rounded up.
        notes: the changes that were made to the picture.
    """

    planes: tuple[NDArray[np.uint8], ...]
    notes: tuple[Note, ...] = ()

    def smaller(self, width: int, height: int) -> Reduced:
        """Reduce a 4:2:0 picture to width x height pixels; the result is 4:2:0 too."""
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
    """The source file without its metadata."""

    data: bytes = field(repr=False)
    content_type: str
    notes: tuple[Note, ...]


class Still(Protocol):
    """An opened picture: its header has been read, its pixels are not decoded yet."""

    @property
    def content_type(self) -> str:
        """The content type of the source."""

    @property
    def width(self) -> int:
        """Width of the upright picture in pixels."""

    @property
    def height(self) -> int:
        """Height of the upright picture in pixels."""

    def reduce(
        self, width: int, height: int, *, sampling: Sampling = "4:2:0", detail: Detail = "coarse"
    ) -> Reduced:
        """Return the upright picture at width x height pixels.

        The intermediate result of this size is kept for further calls with the same size.

        Args:
            width, height: in pixels; at most the width and height of the picture.
            sampling: chroma sampling.
            detail: how much aliasing of a reduced decode would be visible, so that a slower decode at a
                larger scale is worth its time.

        Raises:
            SourceError: the pixels can't be decoded.
        """

    def drop_cache(self) -> None:
        """Release the decoded pixels; the next reduce() decodes again."""

    def rgb(self, width: int, height: int, *, detail: Detail = "coarse") -> NDArray[np.uint8]:
        """Return the picture of reduce() as red, green and blue: rows x columns x 3.

        A picture that is not stored as YCbCr is not converted to YCbCr on the way.
        """

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        """Return the source without metadata and with unchanged pixels.

        Returns:
            None if the pixels must change, if they are damaged, or if the result has more than
            max_bytes. A progressive JPEG is rewritten as baseline unless progressive is true.
        """
