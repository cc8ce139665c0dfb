"""Colour profiles: which can be ignored, and pictures brought to sRGB by LittleCMS."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

__all__ = ["is_srgb", "to_srgb"]

#: How far, in levels of 255, a profile may differ from sRGB anywhere on a grid
#: of colours and still be called sRGB. The many makes of sRGB profiles differ by
#: one level among themselves, through rounding of their curves and primaries.
_SAME = 2

#: Profiles over this size, in bytes, are ignored: those of printing presses have up to 3 MB.
_LARGEST = 4_000_000

#: Profile colour spaces (ICC.1, 7.2.6) and the Pillow modes that they apply to.
_MODES = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L"}


@lru_cache(maxsize=16)
def is_srgb(icc: bytes) -> bool:
    """Whether an ICC profile maps every RGB colour onto itself, within two levels.

    Told by what the profile does to a grid of colours and not by its name, so
    that v2, v4 and compact ("c2") makes are all recognised. False for profiles
    of other colour spaces, and for broken ones.
    """
    transform = _transform(icc, "RGB")
    if transform is None:
        return False
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(27, 27, 3)
    mapped = np.asarray(transform.apply(Image.fromarray(grid)))
    return bool(np.abs(mapped.astype(np.int16) - grid).max() <= _SAME)


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image | None:
    """A picture of mode RGB, L or CMYK in sRGB.

    Args:
        image: the picture.
        icc: its profile, or None.

    Returns:
        The picture in mode RGB; None when there is no profile, or one that is
        broken or made for another kind of picture.
    """
    transform = None if icc is None else _transform(icc, image.mode)
    return None if transform is None else transform.apply(image)


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    if len(icc) > _LARGEST:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if _MODES.get(profile.profile.xcolor_space.strip()) != mode:
            return None
        return ImageCms.buildTransform(
            profile, _srgb(), mode, "RGB", renderingIntent=ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
