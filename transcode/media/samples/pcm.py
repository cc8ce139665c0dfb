"""PCM audio: mixing of channels, resampling, gain, fades and loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import av
import numpy as np
from av.filter import Graph

from transcode.kernels import pcm as kernel

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

__all__ = [
    "Pcm",
    "Resampler",
    "conversion",
    "converted",
    "exactly",
    "faded",
    "levelled",
    "loudness",
    "mixed",
    "mixed_as_loud",
    "resampled",
    "silence",
    "to_channels",
]

#: 1 / sqrt(2), the coefficient of centre and surround in ITU-R BS.775-4, annex 4, table 2.
_HALF_POWER = 0.5**0.5

#: Weights of each channel, by FFmpeg's names, in left and right, by that table, which has one or two rear
#: channels. Other channels follow the same principle: a channel of one side goes to this side, a centre
#: channel goes to both sides at half power, and a rear or height channel goes there at half of that power.
#: The low-frequency effects are left out, as in the table.
_DOWN_MIX = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "LFE2": (0.0, 0.0),
    "BL": (_HALF_POWER, 0.0),
    "BR": (0.0, _HALF_POWER),
    "SL": (_HALF_POWER, 0.0),
    "SR": (0.0, _HALF_POWER),
    "BC": (0.5, 0.5),
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
    "WL": (1.0, 0.0),
    "WR": (0.0, 1.0),
    "DL": (1.0, 0.0),
    "DR": (0.0, 1.0),
    "TFL": (_HALF_POWER, 0.0),
    "TFR": (0.0, _HALF_POWER),
    "TFC": (0.5, 0.5),
    "TC": (0.5, 0.5),
    "TBL": (_HALF_POWER, 0.0),
    "TBR": (0.0, _HALF_POWER),
    "TBC": (0.5, 0.5),
    "TSL": (_HALF_POWER, 0.0),
    "TSR": (0.0, _HALF_POWER),
}


#: Power relative to the louder channel below which the other channel counts as silent (-50 dB), and below
#: which the mean of both counts as cancelled (-20 dB). The mean of two uncorrelated channels of equal power
#: has -3 dB. Chosen.
_SILENT = 1e-5
_CANCELLED = 1e-2

#: True peak up to which mono is amplified in any case (-1 dB, as in EBU R 128), the largest factor (6 dB),
#: and the smallest that is heard (0.2 dB). Chosen.
_HEADROOM, _MOST_MADE_UP, _AUDIBLE = 0.891, 2.0, 1.023


#: Lowest sample rate in Hz at which loudness is measured: the filter refuses some lower rates.
_METERED = 8000


@dataclass(frozen=True, slots=True)
class Pcm:
    """PCM audio.

    Attributes:
        samples: float32, channels x samples, one channel or two; full scale is 1, and peaks may
            exceed it.
        rate: sample rate in Hz.
        channels: number of channels, 1 or 2.
        length: samples per channel.
        seconds: duration in seconds.
    """

    samples: NDArray[np.float32]
    rate: int
    channels: int = field(init=False)
    length: int = field(init=False)
    seconds: float = field(init=False)

    def __post_init__(self) -> None:
        channels, length = map(int, self.samples.shape)
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "seconds", length / self.rate)

    @property
    def peak(self) -> float:
        """Largest magnitude of a sample."""
        return kernel.peak(self.samples)


@lru_cache(maxsize=64)
def _weights(names: tuple[str, ...], outputs: int) -> NDArray[np.float32]:
    """Return the mixing matrix, outputs x channels (ITU-R BS.775-4); mono is the mean of the stereo mix."""
    pairs = [_DOWN_MIX.get(name, (0.5, 0.5)) for name in names]
    if not any(sum(pair) for pair in pairs):
        pairs = [(1.0, 1.0)] * len(names)
    stereo = np.array(pairs).T
    if len(names) == 1:
        # A single channel goes to both sides at its own level.
        stereo = np.ones((2, 1))
    chosen = stereo if outputs == 2 else stereo.mean(axis=0, keepdims=True)
    return np.ascontiguousarray(chosen, np.float32)


def to_channels(samples: NDArray[np.float32], names: tuple[str, ...], outputs: int) -> NDArray[np.float32]:
    """Mix samples to one or two channels (ITU-R BS.775-4).

    Args:
        samples: channels x samples.
        names: FFmpeg's name of each channel.
        outputs: 1 or 2.
    """
    if (len(names), outputs) == (1, 1) or (outputs == 2 and names == ("FL", "FR")):
        return samples
    mixed_down = np.empty((outputs, samples.shape[1]), np.float32)
    kernel.mix(samples, _weights(names, outputs), mixed_down)
    return mixed_down


class Resampler:
    """A sample rate converter with FFmpeg's swresample that works piece by piece.

    Args:
        source_rate, rate: sample rates of the source and of the result in Hz.
        channels: 1 or 2.
    """

    #: Samples of the source and of the result, at least; shorter audio is padded. FFmpeg outputs nothing if
    #: either has fewer samples than its filter has taps: 32.
    _LEAST = 64

    def __init__(self, source_rate: int, rate: int, channels: int) -> None:
        self._source_rate = source_rate
        self._rate = rate
        self._channels = channels
        self._layout = "mono" if channels == 1 else "stereo"
        base = Fraction(1, source_rate)
        self._graph = conversion(source_rate, "fltp", self._layout, base, to="fltp", to_rate=rate)
        self._at = 0
        self._given = 0

    def push(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Feed samples and return the pieces of the result that become ready."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._layout)
        frame.sample_rate = self._source_rate
        frame.pts = self._at
        frame.time_base = Fraction(1, self._source_rate)
        self._at += samples.shape[1]
        found = [_plain(out) for out in converted(self._graph, frame)]
        self._given += sum(out.shape[1] for out in found)
        return found

    def flush(self) -> list[NDArray[np.float32]]:
        """Return the remaining pieces of the result."""
        if not self._at:
            return []
        missing = math.ceil(self._LEAST * max(1.0, self._source_rate / self._rate)) - self._at
        if missing <= 0:
            return [_plain(out) for out in converted(self._graph, None)]
        due = max(1, round(self._at * self._rate / self._source_rate)) - self._given
        found = self.push(silence(self._channels, missing))
        found += [_plain(out) for out in converted(self._graph, None)]
        return [exactly(np.concatenate(found, axis=1), due)]


def conversion(rate: int, form: str, layout: str, base: Fraction | None, *, to: str, to_rate: int) -> Graph:
    """Return an FFmpeg filter graph that converts the sample format and the sample rate, for converted().

    It replaces PyAV's AudioResampler, which starts one idle thread per processor.

    Args:
        rate, form, layout: sample rate of the source in Hz, and FFmpeg's names of its sample format and
            channel layout.
        base: time base of the source in seconds.
        to, to_rate: sample format and sample rate of the result.
    """
    graph = Graph()
    graph.threads = 1
    times = {} if base is None else {"time_base": str(base)}
    source = graph.add("abuffer", sample_rate=str(rate), sample_fmt=form, channel_layout=layout, **times)
    target = graph.add("aformat", sample_rates=str(to_rate), sample_fmts=to, channel_layouts=layout)
    graph.link_nodes(source, target, graph.add("abuffersink")).configure()
    return graph


def converted(graph: Graph, frame: AudioFrame | None) -> list[AudioFrame]:
    """Feed a frame to a conversion, or None at the end; return the frames that become ready."""
    graph.push(frame)
    found: list[AudioFrame] = []
    while True:
        try:
            found.append(cast("AudioFrame", graph.pull()))
        except (BlockingIOError, EOFError):
            return found


def _plain(frame: AudioFrame) -> NDArray[np.float32]:
    return np.asarray(frame.to_ndarray(), np.float32)


def silence(channels: int, count: int) -> NDArray[np.float32]:
    """Return silence: channels x count zero samples."""
    return np.zeros((channels, count), np.float32)


def exactly(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Pad with silence or cut to exactly count samples; resamplers return a few more or fewer."""
    missing = count - samples.shape[1]
    if missing > 0:
        return np.concatenate([samples, silence(samples.shape[0], missing)], axis=1)
    return np.ascontiguousarray(samples[:, :count])


def resampled(pcm: Pcm, rate: int) -> Pcm:
    """Resample audio to another rate with FFmpeg's swresample, without delay or change of duration.

    The result has at least one sample unless the audio is empty.
    """
    if rate == pcm.rate or not pcm.length:
        return Pcm(pcm.samples, rate)
    stretch = Resampler(pcm.rate, rate, pcm.channels)
    pieces = [
        out
        for first in range(0, pcm.length, 1 << 16)
        for out in stretch.push(pcm.samples[:, first : first + (1 << 16)])
    ]
    pieces += stretch.flush()
    length = max(1, round(pcm.length * rate / pcm.rate))
    return Pcm(exactly(np.concatenate(pieces, axis=1), length), rate)


def mixed(pcm: Pcm, channels: int) -> Pcm:
    """Mix audio to one or two channels: mono is the mean of both channels, stereo repeats a mono channel.

    For mono the louder channel is taken alone if the other is silent, or if the two cancel each other.
    """
    names = ("FC",) if pcm.channels == 1 else ("FL", "FR")
    samples = to_channels(pcm.samples, names, channels)
    if (pcm.channels, channels) == (2, 1):
        powers = [float(np.vdot(side, side)) for side in pcm.samples]
        lost = min(powers) < _SILENT * max(powers)
        if lost or float(np.vdot(samples, samples)) < _CANCELLED * max(powers):
            samples = pcm.samples[[int(np.argmax(powers))]]
    return Pcm(samples, pcm.rate)


def mixed_as_loud(pcm: Pcm, channels: int) -> Pcm:
    """Mix audio as mixed() does, and make up for what mono loses.

    Where the two channels differ, as those of music do, their mean is up to 3 dB less loud than both. It is
    amplified to their loudness, as far as its true peak (ITU-R BS.1770-5, annex 2) stays below -1 dB, or
    below the peak of both up to full scale. Audio that loses nothing, or has no room, is not changed.
    """
    made = mixed(pcm, channels)
    if (pcm.channels, channels) != (2, 1):
        return made
    both, one = (float(np.vdot(sound.samples, sound.samples)) for sound in (pcm, made))
    if both <= 2 * _AUDIBLE**2 * one:
        return made
    before, after = loudness(pcm), loudness(made)
    if before is None or after is None:
        return made
    # Players repeat mono on both sides, so it is twice as loud as the meter counts.
    factor = min(10 ** ((before - after) / 20) / math.sqrt(2), _MOST_MADE_UP)
    room = min(1.0, max(_HEADROOM, pcm.peak))
    if factor * made.peak > _HEADROOM / 2:
        factor = min(factor, room / max(_true_peak(made), made.peak))
    return levelled(made, factor) if factor > _AUDIBLE else made


def _true_peak(pcm: Pcm) -> float:
    """Return the largest magnitude between and at the samples, by four times the sample rate."""
    return resampled(pcm, 4 * pcm.rate).peak


def faded(pcm: Pcm, *, fade_in: float = 0.0, fade_out: float = 0.0) -> Pcm:
    """Return a copy with linear fades; fade_in and fade_out are in seconds."""
    samples = pcm.samples.copy()
    kernel.fade_in(samples, min(round(fade_in * pcm.rate), pcm.length))
    kernel.fade_out(samples, min(round(fade_out * pcm.rate), pcm.length))
    return Pcm(samples, pcm.rate)


def levelled(pcm: Pcm, factor: float = 1.0, *, knee: float = 1.0) -> Pcm:
    """Return a copy with a gain, limited to full scale; kernels.pcm.gain() describes the knee."""
    samples = pcm.samples.copy()
    kernel.gain(samples, factor, knee=knee)
    return Pcm(samples, pcm.rate)


def loudness(pcm: Pcm) -> float | None:
    """Return the integrated loudness in LUFS, by FFmpeg's ebur128 filter (EBU R 128, ITU-R BS.1770).

    The result is None if nothing passes the gate: silence, or less than 0.4 s.
    """
    if pcm.rate < _METERED:
        pcm = resampled(pcm, _METERED)
    layout = "mono" if pcm.channels == 1 else "stereo"
    base = Fraction(1, pcm.rate)
    graph = Graph()
    # A graph with one filter needs one thread.
    graph.threads = 1
    source = graph.add_abuffer(sample_rate=pcm.rate, format="fltp", layout=layout, time_base=base)
    meter = graph.add("ebur128", "metadata=1")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, meter, sink).configure()
    found: float | None = None
    step = pcm.rate // 10
    for first in range(0, pcm.length, step):
        piece = np.ascontiguousarray(pcm.samples[:, first : first + step])
        frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = pcm.rate, first, base
        graph.push(frame)
        found = _pulled(graph, found)
    graph.push(None)
    found = _pulled(graph, found)
    # The filter reports -70 LUFS, its absolute gate, if nothing is louder.
    return None if found is None or found <= -70 else found


def _pulled(graph: Graph, found: float | None) -> float | None:
    """Return the last loudness reading of the frames that are ready, or the earlier reading."""
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return found
        said = frame.metadata.get("lavfi.r128.I")
        found = found if said is None else float(said)
