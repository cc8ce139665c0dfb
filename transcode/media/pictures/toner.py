"""Stills of high dynamic range as sRGB: how bright they are, and what becomes of each pixel."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from transcode.media.pictures.colour import of_space
from transcode.media.samples.transfer import (
    HLG_LUMINANCE,
    HLG_POWER,
    PEAK,
    PQ,
    WHITE,
    nits,
    scene,
    srgb,
    to_bt709,
    toned,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.samples.transfer import Space

__all__ = ["LEVELS", "LOOKED_AT", "Toner", "brightest", "in_srgb", "peak_of", "toner"]

#: Levels that the brightest channel of a pixel is counted by. Chosen.
LEVELS = 1024

#: The share of pixels that may be brighter than what becomes white: sparks, and edges that rang in a codec.
#: Chosen.
_SPARKS = 0.001

#: Pixels of a picture that are looked at to find how bright it is. Chosen.
LOOKED_AT = 250_000

#: Entries of the tables by sample, and by light. Chosen.
_CODES = 4096
_LIGHTS = 8192

#: Pixels that are worked on at a time: what they take stays in the caches. Chosen.
_CHUNK = 1 << 15


def brightest(rgb: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many pixels have their brightest channel at each of the levels.

    Args:
        rgb: samples from 0 to 1, with the channels on the last axis.
    """
    highest = np.clip(_highest(rgb.reshape(-1, rgb.shape[-1])), 0, 1)
    level = np.rint(highest * (LEVELS - 1)).astype(np.int64)
    return np.bincount(level, minlength=LEVELS)


def peak_of(levels: NDArray[np.int64], transfer: int) -> float:
    """What is to become white, in candela a square metre: the brightest of a picture, within bounds.

    A clip is taken to reach the peak of a reference display: not all of it can be looked at first. All of
    a still can, and one that stays below white keeps its tones.

    Args:
        levels: what brightest() gives.
        transfer: PQ or HLG.
    """
    above = np.cumsum(levels[::-1])[::-1]
    bright = np.flatnonzero(above > _SPARKS * above[0])
    code = float(bright[-1]) / (LEVELS - 1) if bright.size else 0.0
    return float(np.clip(nits(np.full((1, 3), code), transfer).max(), WHITE, PEAK))


@lru_cache(maxsize=4)
def toner(space: Space, peak: float) -> Toner:
    """What brings such a picture to sRGB; the last few are kept."""
    return Toner(space, peak)


class Toner:
    """Brings pixels of high dynamic range to sRGB, as clips are brought to BT.709.

    Args:
        space: PQ or HLG, and the primaries.
        peak: candela a square metre that become white.
    """

    def __init__(self, space: Space, peak: float) -> None:
        gray = np.repeat(np.linspace(0, 1, _CODES)[:, None], 3, axis=1)
        self._space = space
        self._light = (nits(gray, space.transfer)[:, 0] / WHITE).astype(np.float32)
        self._dimmed = toned(gray, space.transfer, peak)[:, 0].astype(np.float32)
        self._dimmed[1:] /= self._light[1:]
        self._dimmed[0] = self._dimmed[1]
        self._scene = scene(gray)[:, 0].astype(np.float32)
        # By the root of light, which has more places where it is dark.
        by_light = np.linspace(0, 1, _CODES) ** 2 * PEAK / WHITE
        self._by_light = np.interp(by_light, self._light, self._dimmed).astype(np.float32)
        self._matrix = to_bt709(space.chromaticities).T.astype(np.float32)
        self._encode = np.rint(255 * srgb(np.linspace(0, 1, _LIGHTS))).astype(np.uint8)

    def samples(self, rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Samples of sRGB from 0 to 255.

        Args:
            rgb: samples from 0 to 1, rows x columns x three channels, or one of gray.
        """
        flat = rgb.reshape(-1, rgb.shape[-1])
        made = np.empty(flat.shape, np.uint8)
        for at in range(0, len(flat), _CHUNK):
            light = self._toned(flat[at : at + _CHUNK])
            if light.shape[1] == 3:
                light = light @ self._matrix
            level = np.clip(light, 0, 1) * np.float32(_LIGHTS - 1) + np.float32(0.5)
            made[at : at + _CHUNK] = self._encode[level.astype(np.int32)]
        return made.reshape(rgb.shape)

    def _toned(self, rgb: NDArray[np.float32]) -> NDArray[np.float32]:
        """Light in units of white, at most 1."""
        code = (np.clip(rgb, 0, 1) * np.float32(_CODES - 1) + np.float32(0.5)).astype(np.int32)
        if self._space.transfer == PQ or rgb.shape[1] == 1:
            return np.asarray(self._light[code] * self._dimmed[_highest(code)][:, None])
        light = self._scene[code]
        luminance = light @ np.array(HLG_LUMINANCE, np.float32)
        light *= (luminance**HLG_POWER * np.float32(PEAK / WHITE))[:, None]
        place = np.sqrt(_highest(light) * np.float32(WHITE / PEAK)) * np.float32(_CODES - 1)
        factor = self._by_light[(place + np.float32(0.5)).astype(np.int32)]
        return np.asarray(light * factor[:, None])


def _highest(channels: NDArray[Any]) -> NDArray[Any]:
    """The highest of the channels of each pixel; along so short an axis NumPy's own is slow."""
    highest: NDArray[Any] = channels[:, 0]
    for number in range(1, channels.shape[1]):
        highest = np.maximum(highest, channels[:, number])
    return highest


def in_srgb(image: Image.Image, space: Space, peak: float | None = None) -> Image.Image:
    """A picture in sRGB.

    Args:
        image: of mode L or RGB, or of either with alpha, which stays.
        space: what its samples mean.
        peak: candela a square metre that become white; None: as bright as the picture is. Of standard
            dynamic range nothing is asked.
    """
    bands = image.split()
    alpha = bands[-1] if image.mode in ("LA", "RGBA") else None
    bands = bands[: 3 if len(bands) > 2 else 1]
    if space.is_high:
        samples = _samples(bands, space)
        if peak is None:
            step = max(1, int((image.width * image.height / LOOKED_AT) ** 0.5))
            peak = peak_of(brightest(samples[::step, ::step]), space.transfer)
        made = toner(space, peak).samples(samples)
        colours = Image.fromarray(made if len(bands) == 3 else made[..., 0])
    else:
        flat = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
        colours = of_space(space, "gray" if len(bands) == 1 else "rgb").image(flat)
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _samples(bands: Sequence[Image.Image], space: Space) -> NDArray[np.float32]:
    """Samples from 0 to 1 of pictures of one channel each."""
    low, scale = (0.0, 255.0) if space.full else (16.0, 219.0)
    stacked = np.stack([np.asarray(band) for band in bands], axis=-1)
    return (stacked.astype(np.float32) - np.float32(low)) / np.float32(scale)
