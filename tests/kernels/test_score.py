"""SSIMULACRA2 against a plain version in double precision, written from the definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from transcode.kernels import cpu, score
from transcode.kernels.score import scratch_length, ssimulacra2

Picture = NDArray[np.uint8]
Real = NDArray[np.float64]

#: Rows and columns: fewer scales than six, odd halves, six scales.
SIZES = [(8, 8), (9, 31), (17, 250), (61, 43), (257, 255), (258, 301)]

_MATRIX = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.5518098665095536],
    ]
)
_BIAS = 0.0037930732552754493

#: Weights that count, as (channel, scale, mean) of a picture with six scales.
_WEIGHTS = {
    (0, 1, 3): 1.1041726426657346,
    (0, 2, 3): 1.8422455520539298,
    (0, 2, 4): 11.441172603757666,
    (0, 3, 3): 1.8787594979546387,
    (0, 3, 4): 10.94906990605142,
    (0, 4, 1): 0.9677937080626833,
    (0, 4, 4): 0.9981766977854967,
    (1, 0, 3): 7.466890328078848,
    (1, 0, 5): 17.445833984131262,
    (1, 1, 3): 6.683678146179332,
    (1, 1, 5): 1.027889937768264,
    (1, 2, 0): 225.20515300849274,
    (1, 2, 3): 19.213238186143016,
    (1, 3, 0): 176.39317598450694,
    (1, 3, 3): 24.43300999870476,
    (1, 3, 4): 0.28520802612117757,
    (1, 4, 3): 34.77906344483772,
    (1, 4, 4): 44.835625328877896,
    (2, 3, 3): 8.826982764996862,
    (2, 3, 4): 23.19243343998926,
    (2, 4, 0): 95.1080498811086,
    (2, 4, 1): 0.9863978034400682,
    (2, 4, 2): 0.9834382792465353,
    (2, 4, 4): 171.2667255897307,
    (2, 4, 5): 0.9807858872435379,
}


def linear(picture: Picture) -> Real:
    value = picture / 255
    light: Real = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light


def xyb(light: Real) -> Real:
    roots = np.cbrt(light @ _MATRIX.T + _BIAS) - np.cbrt(_BIAS)
    x, y, b = (roots[..., 0] - roots[..., 1]) / 2, (roots[..., 0] + roots[..., 1]) / 2, roots[..., 2]
    return np.stack([14 * x + 0.42, y + 0.01, b - y + 0.55], axis=-1)


def blurred(planes: Real) -> Real:
    """Zeros beside the picture, the picture mirrored above and below."""
    window = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window /= window.sum()
    rows, columns = planes.shape[:2]
    wide = np.pad(planes, ((0, 0), (5, 5), (0, 0)))
    across = sum(weight * wide[:, tap : tap + columns] for tap, weight in enumerate(window))
    high = np.pad(across, ((5, 5), (0, 0), (0, 0)), mode="symmetric")
    down: Real = sum(weight * high[tap : tap + rows] for tap, weight in enumerate(window))
    return down


def halved(light: Real) -> Real:
    rows, columns = (light.shape[0] + 1) // 2, (light.shape[1] + 1) // 2
    out = np.empty((rows, columns, 3))
    for y in range(rows):
        for x in range(columns):
            out[y, x] = light[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean(axis=(0, 1))
    return out


def means(first: Real, second: Real) -> Real:
    """Channels x 6."""
    mean1, mean2 = blurred(first), blurred(second)
    both = 2 * (blurred(first * second) - mean1 * mean2) + 0.0009
    under = blurred(first**2) - mean1**2 + blurred(second**2) - mean2**2 + 0.0009
    structure = np.maximum(1 - (1 - (mean1 - mean2) ** 2) * both / under, 0)
    edges = (1 + abs(second - mean2)) / (1 + abs(first - mean1)) - 1
    maps = [structure, np.maximum(edges, 0), np.maximum(-edges, 0)]
    plain = [part.mean(axis=(0, 1)) for part in maps]
    return np.stack(plain + [(part**4).mean(axis=(0, 1)) ** 0.25 for part in maps], axis=-1)


def reference(first: Picture, second: Picture) -> float:
    lights = [linear(first), linear(second)]
    scales: list[Real] = []
    while len(scales) < 6 and min(lights[0].shape[:2]) >= 8:
        scales.append(means(xyb(lights[0]), xyb(lights[1])))
        lights = [halved(light) for light in lights]
    flat = np.zeros(108)
    for (channel, scale, mean), weight in _WEIGHTS.items():
        flat[channel * 36 + scale * 6 + mean] = weight
    # Channels, then scales, then means; with fewer scales the weights move up.
    features = np.stack(scales).transpose(1, 0, 2).ravel()
    total = float(features @ flat[: features.size]) * 0.9562382616834844
    total = 2.326765642916932 * total - 0.020884521182843837 * total**2 + 6.248496625763138e-05 * total**3
    return 100 - 10 * total**0.6276336467831387 if total > 0 else 100.0


def scene(rows: int, columns: int) -> Picture:
    """Smooth colours, an edge, and noise."""
    y, x = np.mgrid[:rows, :columns] / 40
    colours = 120 + 80 * np.stack([np.sin(3 * x + y), np.cos(2 * y - x), np.sin(x * y)], axis=-1)
    colours[:, columns // 2 :] *= 0.6
    colours += np.random.default_rng(7).normal(0, 6, colours.shape)
    picture: Picture = np.clip(colours, 0, 255).astype(np.uint8)
    return picture


def noisy(picture: Picture, strength: float) -> Picture:
    change = np.random.default_rng(3).normal(0, strength, picture.shape)
    made: Picture = np.clip(picture + change, 0, 255).astype(np.uint8)
    return made


def coarse(picture: Picture) -> Picture:
    """Every other row and column repeated: edges move."""
    made: Picture = picture[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)[: len(picture), : picture.shape[1]]
    return np.ascontiguousarray(made)


def scored(first: Picture, second: Picture, level: str) -> float:
    # NaN in the scratch: what it holds must not matter.
    scratch = np.full(scratch_length(first.shape[1], first.shape[0]), np.nan, np.float32)
    before = cpu.level()
    cpu.use(level)
    try:
        return ssimulacra2(first, second, scratch)
    finally:
        cpu.use(before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("change", ["noise", "little noise", "coarse"])
def test_agrees_with_the_definition(size: tuple[int, int], change: str) -> None:
    """Scores are within 0.05 points of double precision; weights that hardly count are left out."""
    first = scene(*size)
    second = coarse(first) if change == "coarse" else noisy(first, 12 if change == "noise" else 1)
    expected = reference(first, second)
    for level in cpu.levels():
        assert scored(first, second, level) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("size", SIZES)
def test_every_level_gives_the_same_bits(size: tuple[int, int]) -> None:
    """What is computed does not depend on the processor."""
    first = scene(*size)
    assert len({scored(first, noisy(first, 5), level) for level in cpu.levels()}) == 1


@pytest.mark.parametrize("level", cpu.levels())
def test_the_same_picture_has_a_hundred(level: str) -> None:
    """No rounding costs anything."""
    picture = scene(257, 270)
    assert scored(picture, picture, level) == 100.0


def test_more_noise_has_fewer_points() -> None:
    """The order of damage is the order of points."""
    picture = scene(260, 300)
    points = [scored(picture, noisy(picture, strength), cpu.level()) for strength in (1, 3, 9, 27)]
    assert points == sorted(points, reverse=True)
    assert points[0] > 85
    assert points[-1] < 30


@pytest.mark.parametrize("level", cpu.levels())
def test_rows_at_any_step(level: str) -> None:
    """Pictures inside larger arrays count as if they stood alone."""
    first = scene(40, 57)
    second = noisy(first, 8)
    wide = np.full((40, 80, 3), 201, np.uint8)
    wide[:, 5:62] = first
    assert scored(wide[:, 5:62], second, level) == scored(first, second, level)
    assert scored(first[::-1], second[::-1], level) == pytest.approx(scored(first, second, level), abs=1e-3)


def test_refuses_what_does_not_go_together() -> None:
    """Shapes, steps and scratch are checked before anything is read."""
    picture, scratch = scene(16, 16), np.empty(scratch_length(16, 16), np.float32)
    with pytest.raises(ValueError, match="16 x 16 and 15 x 16"):
        ssimulacra2(picture, np.ascontiguousarray(picture[:, 1:]), scratch)
    with pytest.raises(ValueError, match="8 each way"):
        ssimulacra2(picture[:7], picture[:7], scratch)
    with pytest.raises(ValueError, match="three channels"):
        ssimulacra2(picture[:, :, :2], picture[:, :, :2], scratch)
    with pytest.raises(ValueError, match="side by side"):
        ssimulacra2(picture[:, ::2], picture[:, ::2], scratch)
    with pytest.raises(ValueError, match="are needed"):
        ssimulacra2(picture, picture, scratch[1:])
    with pytest.raises(ValueError, match="a picture of 0 x 4"):
        scratch_length(0, 4)
    assert score.LEAST == 8
