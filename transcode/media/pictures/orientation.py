"""Sizes and chroma planes of pictures that are stored rotated or mirrored (TIFF 6.0, Orientation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.media.samples.planes import Plane, Sampling, resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["chroma_plane", "upright_size"]

#: EXIF orientations that reverse the stored columns, those that reverse the stored rows,
#: and those that swap width and height.
_MIRRORS_X = (2, 3, 7, 8)
_MIRRORS_Y = (3, 4, 6, 7)
_ON_ITS_SIDE = (5, 6, 7, 8)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the upright size of a picture that is stored at width x height pixels; or the reverse."""
    return (height, width) if orientation in _ON_ITS_SIDE else (width, height)


def chroma_plane(
    plane: Plane, width: int, height: int, orientation: int, sampling: Sampling
) -> NDArray[np.uint8]:
    """Resample a chroma plane so that its samples are correctly sited once the picture is upright.

    In 4:2:0 the last column of a picture of odd width has a chroma sample of its own. If the picture is
    mirrored afterwards, that column must be the first one of the stored picture.
    """
    if sampling == "4:4:4":
        same = plane.samples.shape == (height, width) and (plane.width, plane.height) == (width, height)
        return plane.samples if same and plane.averaged == 1 else resample(plane, width, height)
    offset_x = -0.5 if orientation in _MIRRORS_X and width % 2 else 0.0
    offset_y = -0.5 if orientation in _MIRRORS_Y and height % 2 else 0.0
    return resample(
        plane,
        (width + 1) // 2,
        (height + 1) // 2,
        covers=(width / 2, height / 2),
        offset=(offset_x, offset_y),
    )
