"""Sound kernels against plain numpy, bit for bit, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcode.kernels import pcm

pytestmark = pytest.mark.usefixtures("level")

Samples = NDArray[np.float32]

#: Nothing, one, odd, around the block of the conversion, and around registers.
COUNTS = (0, 1, 2, 7, 8, 9, 31, 64, 511, 512, 513, 1031)


def noise(channels: int, count: int, *, seed: int = 1, scale: float = 0.7) -> Samples:
    drawn = np.random.default_rng(seed).normal(scale=scale, size=(channels, count))
    return drawn.astype(np.float32)


def to_float(src: NDArray[np.generic]) -> Samples:
    dst = np.full(src.shape, 9, np.float32)
    pcm.to_float(src, dst)  # type: ignore[arg-type]
    return dst


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
def test_to_float(kind: type[np.generic], count: int) -> None:
    """Every format, planar and interleaved, is the same number over full scale."""
    raw = np.random.default_rng(count).integers(0, 256, (count, 3, 4), np.uint8)
    src = raw.view(kind).reshape(count, 12 // np.dtype(kind).itemsize)[:, :3].T
    if kind is np.float32:
        src = noise(3, count)
    middle, full = {"uint8": (128, 128), "int16": (0, 2**15), "int32": (0, 2**31)}.get(
        np.dtype(kind).name, (0, 1)
    )
    wanted = ((src.astype(np.float64) - middle) / full).astype(np.float32)
    np.testing.assert_array_equal(to_float(src), wanted)
    np.testing.assert_array_equal(to_float(np.ascontiguousarray(src)), wanted)


def test_floats_that_are_none() -> None:
    """Not a number becomes silence; what is out of all reason is cut."""
    src = np.array([[np.nan, np.inf, -np.inf, 1e30, -1e30, 1.5]], np.float32)
    np.testing.assert_array_equal(to_float(src), [[0, 64, -64, 64, -64, 1.5]])


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("channels", "outputs"), [(1, 1), (1, 2), (2, 1), (6, 2), (8, 2)])
def test_mix(channels: int, outputs: int, count: int) -> None:
    """The sum takes channels in their order, and is rounded after each step."""
    src = noise(channels, count)
    weights = noise(outputs, channels, seed=2)
    weights[0, -1] = 0
    dst = np.full((outputs, count), 9, np.float32)
    pcm.mix(src, weights, dst)
    wanted = weights[:, :1] * src[:1]
    for channel in range(1, channels):
        wanted = wanted + weights[:, channel : channel + 1] * src[channel]
    np.testing.assert_array_equal(dst, wanted)


@pytest.mark.parametrize("count", COUNTS)
def test_peak(count: int) -> None:
    """The largest magnitude, wherever it is and whatever its sign."""
    samples = noise(2, count)
    assert pcm.peak(samples) == np.float32(np.abs(samples).max(initial=0))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("knee", [0.0, 0.5, 0.9, 1.0])
def test_gain(knee: float, count: int) -> None:
    """A factor applies below the knee, the stub's curve above it; nothing exceeds full scale."""
    samples = noise(2, count, scale=2)
    x = samples * np.float32(1.25)
    magnitude = np.abs(x)
    if knee == 1:
        wanted = np.clip(x, -1, 1)
    else:
        knee32, room = np.float32(knee), np.float32(1) - np.float32(knee)
        beyond = (magnitude - knee32) / room
        bent = np.copysign(knee32 + room * (beyond / (1 + beyond)), x)
        wanted = np.where(magnitude > knee32, bent, x)
    pcm.gain(samples, 1.25, knee=knee)
    np.testing.assert_array_equal(samples, wanted)
    assert np.abs(samples).max(initial=0) <= 1


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 8), st.lists(st.floats(-60, 60, width=32), min_size=2, max_size=40))
def test_gain_keeps_order(knee: float, factor: float, values: list[float]) -> None:
    """A louder sample never comes out softer, and nothing leaves full scale."""
    samples = np.sort(np.array([values], np.float32))
    pcm.gain(samples, factor, knee=knee)
    assert (np.diff(samples) >= -1e-6).all()
    assert np.abs(samples).max() <= 1


@pytest.mark.parametrize("shape", ["linear", "equal-power"])
@pytest.mark.parametrize("length", [0, 1, 5, 100])
def test_fades(shape: str, length: int) -> None:
    """Each end has a ramp, and nothing changes between; a fade out mirrors a fade in."""
    rising = np.ones((2, 100), np.float32)
    falling = rising.copy()
    pcm.fade_in(rising, length, shape=shape)
    pcm.fade_out(falling, length, shape=shape)
    np.testing.assert_array_equal(rising, falling[:, ::-1])
    share = (np.arange(length) + 0.5) / max(length, 1)
    wanted = share if shape == "linear" else np.sin(share * np.pi / 2)
    np.testing.assert_allclose(rising[:, :length], [wanted] * 2, atol=1e-7)
    assert (rising[:, length:] == 1).all()


def test_fades_sum_to_one() -> None:
    """Crossed, linear ramps sum to one in amplitude and the others in power."""
    for shape, power in (("linear", 1), ("equal-power", 2)):
        rising, falling = np.ones((1, 64), np.float32), np.ones((1, 64), np.float32)
        pcm.fade_in(rising, 64, shape=shape)
        pcm.fade_out(falling, 64, shape=shape)
        np.testing.assert_allclose(rising**power + falling**power, 1, atol=1e-6)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_to_int16(channels: int, count: int) -> None:
    """Samples are rounded to the nearest, halves to even, clipped at full scale, and interleaved."""
    src = noise(channels, count)
    src[:, ::3] = (np.round(src[:, ::3] * 32768) + 0.5) / 32768
    dst = np.full((count, channels), 9, np.int16)
    pcm.to_int16(src, dst)
    wanted = np.clip(np.rint(src.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)
    np.testing.assert_array_equal(dst, wanted.T)


@settings(max_examples=30)
@given(st.binary(min_size=0, max_size=400))
def test_sixteen_bits_there_and_back(octets: bytes) -> None:
    """Every 16-bit sample survives the way through floats."""
    samples = np.frombuffer(octets[: len(octets) // 2 * 2], np.int16).reshape(1, -1)
    back = np.empty((samples.shape[1], 1), np.int16)
    pcm.to_int16(to_float(samples), back)
    np.testing.assert_array_equal(back.T, samples)


def test_what_does_not_go_together() -> None:
    """Shapes and numbers out of range are refused before anything is written."""
    two = noise(2, 10)
    with pytest.raises(ValueError, match="samples into"):
        pcm.to_float(two, noise(2, 9))
    with pytest.raises(ValueError, match="weights of"):
        pcm.mix(two, noise(1, 3), noise(1, 10))
    with pytest.raises(ValueError, match="into 9"):
        pcm.mix(two, noise(1, 2), noise(1, 9))
    with pytest.raises(ValueError, match="overwrite"):
        pcm.mix(two, noise(2, 2), two)
    with pytest.raises(ValueError, match="a gain"):
        pcm.gain(two, float("nan"))
    with pytest.raises(ValueError, match="knee"):
        pcm.gain(two, 1.0, knee=1.5)
    with pytest.raises(ValueError, match="shape"):
        pcm.fade_in(two, 3, shape="cubic")
    with pytest.raises(ValueError, match="fade over 11"):
        pcm.fade_out(two, 11)
    with pytest.raises(ValueError, match="channels of"):
        pcm.to_int16(two, np.empty((10, 3), np.int16))
