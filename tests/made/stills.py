"""Open stills, and convert reduced stills for comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.made.pictures import photo
from transcode.media.pictures.openers import open_still
from transcode.media.pictures.still import Reduced, Still, Stripped
from transcode.media.source.inputs import Input

__all__ = ["SMOOTH", "codes", "opened", "seen"]

#: A smooth picture of 96 x 72 pixels.
SMOOTH = np.asarray(Image.fromarray(photo(8, 6)).resize((96, 72), Image.Resampling.BICUBIC))


def opened(data: bytes) -> Still:
    return open_still(Input("a", data))


def seen(reduced: Reduced) -> NDArray[np.int16]:
    """The RGB samples of a reduced still, with chroma samples repeated."""
    luma, *chroma = reduced.planes
    height, width = luma.shape
    if not chroma:
        return np.repeat(luma[..., None], 3, axis=2).astype(np.int16)
    full = [np.repeat(np.repeat(plane, 2, 0), 2, 1)[:height, :width] for plane in chroma]
    bands = [Image.fromarray(plane) for plane in (luma, *full)]
    return np.asarray(Image.merge("YCbCr", bands).convert("RGB")).astype(np.int16)


def codes(reduced: Reduced | Stripped | None) -> dict[str, str]:
    assert reduced is not None
    return {note.code: note.text for note in reduced.notes}
