"""Tone mapping of high dynamic range stills to sRGB: brightness analysis and conversion of pixels."""

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

#: Levels of the histogram of the brightest channel. Chosen.
LEVELS = 1024

#: Share of pixels that may be brighter than the peak: specular highlights and ringing of a codec. Chosen.
_SPARKS = 0.001

#: Pixels of a picture that are sampled to find its peak, about. Chosen.
LOOKED_AT = 250_000

#: Entries of the tables that are indexed by samples, and by light. Chosen.
_CODES = 4096
_LIGHTS = 8192

#: Pixels that are processed at a time, so that the data fit the CPU caches. Chosen.
_CHUNK = 1 << 15


def brightest(rgb: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the histogram of the brightest channel of each pixel: LEVELS counts.

    Args:
        rgb: samples from 0 to 1, with the channels on the last axis.
    """
    highest = np.clip(_highest(rgb.reshape(-1, rgb.shape[-1])), 0, 1)
    level = np.rint(highest * (LEVELS - 1)).astype(np.int64)
    return np.bincount(level, minlength=LEVELS)


def peak_of(levels: NDArray[np.int64], transfer: int) -> float:
    """Return the luminance in cd/m2 that becomes white: the brightest of a picture, from WHITE to PEAK.

    A clip is assumed to reach PEAK, since it can't be analysed completely in advance. A still is
    analysed; a still below WHITE keeps its tones.

    Args:
        levels: the result of brightest().
        transfer: code point of PQ or HLG.
    """
    above = np.cumsum(levels[::-1])[::-1]
    bright = np.flatnonzero(above > _SPARKS * above[0])
    code = float(bright[-1]) / (LEVELS - 1) if bright.size else 0.0
    return float(np.clip(nits(np.full((1, 3), code), transfer).max(), WHITE, PEAK))


@lru_cache(maxsize=4)
def toner(space: Space, peak: float) -> Toner:
    """Return the tone mapper for a space and a peak; the last four are cached."""
    return Toner(space, peak)


class Toner:
    """A tone mapper from high dynamic range to sRGB, with the same curve as for clips.

    Args:
        space: colour space with PQ or HLG.
        peak: luminance in cd/m2 that becomes white.
    """

    def __init__(self, space: Space, peak: float) -> None:
        gray = np.repeat(np.linspace(0, 1, _CODES)[:, None], 3, axis=1)
        self._space = space
        self._light = (nits(gray, space.transfer)[:, 0] / WHITE).astype(np.float32)
        self._dimmed = toned(gray, space.transfer, peak)[:, 0].astype(np.float32)
        self._dimmed[1:] /= self._light[1:]
        self._dimmed[0] = self._dimmed[1]
        self._scene = scene(gray)[:, 0].astype(np.float32)
        # The table is indexed by the square root of light, which is more precise in shadows.
        by_light = np.linspace(0, 1, _CODES) ** 2 * PEAK / WHITE
        self._by_light = np.interp(by_light, self._light, self._dimmed).astype(np.float32)
        self._matrix = to_bt709(space.chromaticities).T.astype(np.float32)
        self._encode = np.rint(255 * srgb(np.linspace(0, 1, _LIGHTS))).astype(np.uint8)

    def samples(self, rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Convert samples to sRGB, 0 to 255.

        Args:
            rgb: samples from 0 to 1, rows x columns x 3, or x 1 for gray.
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
        """Return tone-mapped linear light in units of white, at most 1."""
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
    """Return the highest channel of each pixel; NumPy's own max is slow along a short axis."""
    highest: NDArray[Any] = channels[:, 0]
    for number in range(1, channels.shape[1]):
        highest = np.maximum(highest, channels[:, number])
    return highest


def in_srgb(image: Image.Image, space: Space, peak: float | None = None) -> Image.Image:
    """Convert a picture to sRGB.

    Args:
        image: picture of mode L, LA, RGB or RGBA; alpha is unchanged.
        space: colour space of the samples.
        peak: luminance in cd/m2 that becomes white; None means the peak of the picture. It is unused for
            standard dynamic range.
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
    """Stack single-channel pictures into samples from 0 to 1."""
    low, scale = (0.0, 255.0) if space.full else (16.0, 219.0)
    stacked = np.stack([np.asarray(band) for band in bands], axis=-1)
    return (stacked.astype(np.float32) - np.float32(low)) / np.float32(scale)
