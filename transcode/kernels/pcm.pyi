"""Sound: conversion of samples, mix-down, gain and fades.

Samples are float32, channels x samples, contiguous, full scale at 1. Every
instruction set gives the same bits. The GIL is released.
"""

import numpy as np
from numpy.typing import NDArray

def to_float(
    src: NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32],
    dst: NDArray[np.float32],
) -> None:
    """Samples of a decoder as floats.

    8-bit samples are unsigned with silence at 128, as in WAV; 16-bit and 32-bit ones
    are signed; floats are copied, what is not a number becomes silence, and
    magnitudes over 64 become 64.

    Args:
        src: channels x samples, at any steps: interleaved samples are a transposed view.
        dst: receives the same number of each; contiguous.

    Raises:
        ValueError: the shapes differ.
    """

def mix(src: NDArray[np.float32], weights: NDArray[np.float32], dst: NDArray[np.float32]) -> None:
    """Channels by a matrix: ``dst = weights @ src``, summed in the order of the channels.

    Args:
        src: channels x samples.
        weights: outputs x channels.
        dst: receives outputs x samples; must not overlap with src.

    Raises:
        ValueError: shapes that do not go together.
    """

def peak(samples: NDArray[np.float32]) -> float:
    """The largest magnitude; 0 where there are no samples."""

def gain(samples: NDArray[np.float32], factor: float, *, knee: float = 1.0) -> None:
    """Multiply in place, and keep within full scale.

    Args:
        samples: channels x samples.
        factor: of the amplitude, not negative.
        knee: up to this magnitude nothing is bent; above it the curve
            ``knee + (1 - knee) t / (1 + t)``, with t the excess in parts of
            ``1 - knee``, bends towards 1. A knee of 1 clips.

    Raises:
        ValueError: a factor that is negative or not finite, a knee outside of 0 to 1.
    """

def fade_in(samples: NDArray[np.float32], length: int, *, shape: str = "linear") -> None:
    """Let the first samples rise from silence, in place.

    Args:
        samples: channels x samples.
        length: of the fade in samples.
        shape: ``"linear"`` in amplitude, or ``"equal-power"``, a quarter of a sine.

    Raises:
        ValueError: no such shape, or a length beyond the samples.
    """

def fade_out(samples: NDArray[np.float32], length: int, *, shape: str = "linear") -> None:
    """Let the last samples fall to silence, in place; the mirror of fade_in."""

def to_int16(src: NDArray[np.float32], dst: NDArray[np.int16]) -> None:
    """Floats as 16-bit integers: to the nearest, halves to even, cut at full scale.

    Args:
        src: channels x samples.
        dst: receives samples x channels, interleaved; contiguous.

    Raises:
        ValueError: shapes that do not go together.
    """
