"""Conversion of colours to sRGB, by a profile or by code points, and its report notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.media.pictures import colour
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.planes import Colour
    from transcode.media.samples.transfer import Said

__all__ = ["CONVERTED", "PROFILE_IGNORED", "TONED", "colour_notes", "converted", "merged", "to_srgb", "ycc"]

#: Inks of each Pillow mode.
_INKS: dict[str, colour.Inks] = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}

CONVERTED = Note("colour-converted", "colours converted to sRGB")
TONED = Note("tone-mapped", "high dynamic range tone-mapped to sRGB")
PROFILE_IGNORED = Note("profile-ignored", "a broken or unsuitable colour profile is ignored")


def ycc(image: Pillow.Image) -> list[NDArray[np.uint8]]:
    """Return gray or YCbCr planes, all of one size, of a picture in mode L or RGB."""
    bands = [image] if image.mode == "L" else image.convert("YCbCr").split()
    return [np.asarray(band) for band in bands]


def merged(planes: Sequence[NDArray[np.uint8]], space: Colour) -> Pillow.Image:
    """Merge planes of one size into a picture of mode L or RGB."""
    bands = [Pillow.fromarray(plane) for plane in planes]
    if space == "gray":
        return bands[0]
    return Pillow.merge("YCbCr" if space == "ycc" else "RGB", bands).convert("RGB")


def converted(image: Pillow.Image, icc: bytes | None, notes: list[Note]) -> Pillow.Image:
    """Convert a picture of mode L, RGB or CMYK to sRGB in mode L or RGB."""
    conversion = to_srgb(icc, _INKS[image.mode], notes)
    if conversion is not None:
        return conversion.image(image)
    return image.convert("RGB") if image.mode == "CMYK" else image


def colour_notes(said: Said) -> tuple[Note, ...]:
    """Return the notes about colour conversion that is not due to an ICC profile."""
    ignored = (PROFILE_IGNORED,) if said.broken else ()
    if said.space is None:
        return ignored
    return (*ignored, TONED if said.space.is_high else CONVERTED)


def to_srgb(icc: bytes | None, inks: colour.Inks, notes: list[Note]) -> colour.ColourConversion | None:
    """Return the conversion from a profile to sRGB, or None without a usable profile; appends notes."""
    conversion = None if icc is None else colour.conversion(icc, inks)
    if conversion is not None:
        notes.append(CONVERTED)
        return conversion
    if icc is not None:
        notes.append(PROFILE_IGNORED)
    if inks == "cmyk":
        notes.append(Note("colour-converted", "CMYK without a colour profile converted by a simple formula"))
    return None
