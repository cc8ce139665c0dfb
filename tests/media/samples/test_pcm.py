"""Samples: channels, rates, levels, fades and loudness, each against what it is defined as."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made import sounds
from transcode.media.samples import pcm


def test_mono_is_half_of_both_sides() -> None:
    """What is the same on both sides keeps its level; one channel becomes two at its own."""
    both = sounds.sine(0.1, channels=1)
    stereo = pcm.mixed(both, 2)
    np.testing.assert_array_equal(stereo.samples, [both.samples[0]] * 2)
    np.testing.assert_allclose(pcm.mixed(stereo, 1).samples, both.samples, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 32_000, 48_000])
def test_resampled_is_in_phase(rate: int) -> None:
    """A tone stays that tone, not a sample earlier or later, and of the same duration."""
    made = sounds.sine(1, 44_100, hertz=500, channels=2)
    found = pcm.resampled(made, rate)
    wanted = sounds.sine(1, rate, hertz=500, channels=2).samples
    assert found.length == rate
    np.testing.assert_allclose(found.samples[:, 50:-50], wanted[:, 50:-50], atol=2e-3)


@pytest.mark.parametrize(("level", "rate"), [(0.1, 44_100), (0.5, 8000)])
def test_loudness_of_a_tone(level: float, rate: int) -> None:
    """A sine of 997 Hz on one channel has 3.01 dB less than its peak says (ITU-R BS.1770-4)."""
    made = sounds.sine(3, rate, hertz=997)
    found = pcm.loudness(pcm.Pcm(made.samples * np.float32(2 * level), rate))
    assert found is not None
    assert found == pytest.approx(20 * np.log10(level) - 3.01, abs=0.15)


def test_loudness_of_nothing() -> None:
    """Silence, and what is too short for one block, have none."""
    assert pcm.loudness(pcm.Pcm(np.zeros((2, 48_000), np.float32), 48_000)) is None
    assert pcm.loudness(sounds.sine(0.2)) is None


def test_fades_and_levels_are_copies() -> None:
    """What goes in stays as it is."""
    made = sounds.sine(0.5)
    before = made.samples.copy()
    faded = pcm.faded(made, fade_in=0.1, fade_out=9)
    assert abs(faded.samples[0, 0]) < 1e-3
    assert abs(faded.samples[0, -1]) < 1e-3
    assert pcm.levelled(made, 3).peak == 1
    np.testing.assert_array_equal(made.samples, before)


def test_what_one_channel_has_is_not_lost_in_one() -> None:
    """A channel alone, or two that cancel each other out, keep their level; other pairs are halved."""
    tone = sounds.sine(0.2, 8000).samples
    for pair in ([tone, 0 * tone], [1e-4 * tone, tone], [tone, -tone]):
        np.testing.assert_allclose(
            np.abs(pcm.mixed(pcm.Pcm(np.concatenate(pair), 8000), 1).samples), np.abs(tone)
        )
    both = pcm.mixed(pcm.Pcm(np.concatenate([tone, 0.1 * tone]), 8000), 1)
    np.testing.assert_allclose(both.samples, 0.55 * tone, atol=1e-6)


@pytest.mark.parametrize(
    "rates", [(8000, 44_100), (44_100, 8000), (48_000, 8000), (192_000, 48_000), (100, 8000)]
)
@pytest.mark.parametrize("count", [1, 2, 16, 31, 63, 100, 200])
def test_the_shortest_sound_keeps_its_length_and_level(rates: tuple[int, int], count: int) -> None:
    """However few samples there are, all of the sound comes out at the other rate."""
    source = pcm.Pcm(np.full((2, count), 0.5, np.float32), rates[0])
    made = pcm.resampled(source, rates[1])
    assert made.samples.shape == (2, max(1, round(count * rates[1] / rates[0])))
    assert made.samples.max() > 0.05


def test_mono_is_as_loud_as_both_sides() -> None:
    """Sides that differ lose 3 dB in their mean and get them back; equal sides, and mono, stay."""
    sides = np.random.default_rng(1).normal(0, 0.1, (2, 96_000)).astype(np.float32)
    both = pcm.Pcm(sides, 48_000)
    before, after = pcm.loudness(both), pcm.loudness(pcm.mixed_as_loud(both, 1))
    assert before is not None
    assert after is not None
    # Players repeat mono on both sides; the meter counts it once.
    assert after + 3.01 == pytest.approx(before, abs=0.1)
    for same in (pcm.Pcm(np.repeat(sides[:1], 2, 0), 48_000), pcm.Pcm(sides[:1], 48_000)):
        np.testing.assert_array_equal(pcm.mixed_as_loud(same, 1).samples, pcm.mixed(same, 1).samples)
    assert pcm.mixed_as_loud(both, 2) == pcm.mixed(both, 2)


def test_mono_has_no_peaks_between_samples() -> None:
    """A tone at a quarter of the sample rate has its peaks there: they stay 1 dB below full scale."""
    time = np.arange(96_000) / 48_000
    tone = 0.9 * np.sin(2 * np.pi * 12_000 * time + np.pi / 4)
    other = 0.8 * np.sin(2 * np.pi * 700 * time)
    both = pcm.Pcm(np.stack([tone, other]).astype(np.float32), 48_000)
    made = pcm.mixed_as_loud(both, 1)
    assert made.peak > 1.03 * pcm.mixed(both, 1).peak
    assert pcm.resampled(made, 8 * 48_000).peak == pytest.approx(0.891, abs=0.01)
