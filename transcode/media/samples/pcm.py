"""Sound as samples, and what is done to it: channels, rates, levels, fades, loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    "resampled",
    "silence",
    "to_channels",
]

#: 1 / sqrt(2), the coefficient of centre and surround in ITU-R BS.775-4, annex 4, table 2.
_HALF_POWER = 0.5**0.5

#: What each channel, by FFmpeg's names, gives to left and right, by that table; it has rear
#: channels, one or two. The others follow in its spirit: what stands on a side goes to it, what
#: stands in the middle to both at half power, what is behind or above at half power of that. The
#: low-frequency effects are left out, as there.
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


#: A channel of so little power beside the other, -50 dB, is silent; and a sum of so little, -20 dB, is what
#: is left of two that cancel each other out: sides without anything in common make -3 dB of the louder.
#: Chosen.
_SILENT = 1e-5
_CANCELLED = 1e-2


#: The lowest rate that loudness is measured at: the filter refuses some that are lower.
_METERED = 8000


@dataclass(frozen=True, slots=True)
class Pcm:
    """Sound as samples.

    Attributes:
        samples: float32, channels x samples, one channel or two, full scale at 1;
            peaks may stand above it.
        rate: samples a second.
    """

    samples: NDArray[np.float32]
    rate: int

    @property
    def channels(self) -> int:
        """One or two."""
        return int(self.samples.shape[0])

    @property
    def length(self) -> int:
        """Samples a channel."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """The duration."""
        return self.length / self.rate

    @property
    def peak(self) -> float:
        """The largest magnitude."""
        return kernel.peak(self.samples)


@lru_cache(maxsize=64)
def _weights(names: tuple[str, ...], outputs: int) -> NDArray[np.float32]:
    """Outputs x channels, by ITU-R BS.775-4; a mono mix is half of the stereo mix's sum."""
    pairs = [_DOWN_MIX.get(name, (0.5, 0.5)) for name in names]
    if not any(sum(pair) for pair in pairs):
        pairs = [(1.0, 1.0)] * len(names)
    stereo = np.array(pairs).T
    if len(names) == 1:
        # One channel is the same on both sides, at its own level.
        stereo = np.ones((2, 1))
    chosen = stereo if outputs == 2 else stereo.mean(axis=0, keepdims=True)
    return np.ascontiguousarray(chosen, np.float32)


def to_channels(samples: NDArray[np.float32], names: tuple[str, ...], outputs: int) -> NDArray[np.float32]:
    """Samples mixed to one channel or two, by ITU-R BS.775-4.

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
    """From one rate to another by FFmpeg's swresample, piece by piece.

    Args:
        source_rate, rate: samples a second.
        channels: 1 or 2.
    """

    #: FFmpeg gives nothing of fewer samples, of the source and of the result, than its filter has taps, 32.
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
        """What comes out when this goes in."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._layout)
        frame.sample_rate = self._source_rate
        frame.pts = self._at
        frame.time_base = Fraction(1, self._source_rate)
        self._at += samples.shape[1]
        found = [_plain(out) for out in converted(self._graph, frame)]
        self._given += sum(out.shape[1] for out in found)
        return found

    def flush(self) -> list[NDArray[np.float32]]:
        """What is left inside."""
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
    """FFmpeg's conversion of sound to other samples or another rate, for converted().

    As PyAV's AudioResampler, which starts as many threads as there are processors, none of which has
    anything to do.

    Args:
        rate, form, layout: of the source: samples a second, and FFmpeg's names of their format and channels.
        base: the unit of its times, in seconds.
        to, to_rate: the format and the rate wanted.
    """
    graph = Graph()
    graph.threads = 1
    times = {} if base is None else {"time_base": str(base)}
    source = graph.add("abuffer", sample_rate=str(rate), sample_fmt=form, channel_layout=layout, **times)
    target = graph.add("aformat", sample_rates=str(to_rate), sample_fmts=to, channel_layouts=layout)
    graph.link_nodes(source, target, graph.add("abuffersink")).configure()
    return graph


def converted(graph: Graph, frame: AudioFrame | None) -> list[AudioFrame]:
    """What comes out of a conversion when this frame goes in, or behind the last one."""
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
    """Channels x samples of nothing."""
    return np.zeros((channels, count), np.float32)


def exactly(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Exactly so many samples: a resampler gives a few more or less than asked."""
    missing = count - samples.shape[1]
    if missing > 0:
        return np.concatenate([samples, silence(samples.shape[0], missing)], axis=1)
    return np.ascontiguousarray(samples[:, :count])


def resampled(pcm: Pcm, rate: int) -> Pcm:
    """The sound at another rate, by FFmpeg's swresample; in phase, of the same duration.

    Of the shortest sound there is one sample.
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
    """The sound with one channel or two: half of the sum of two, or one on both sides.

    Of two that become one the louder is taken alone where the other is silent, or where they cancel
    each other out.
    """
    names = ("FC",) if pcm.channels == 1 else ("FL", "FR")
    samples = to_channels(pcm.samples, names, channels)
    if (pcm.channels, channels) == (2, 1):
        powers = [float(np.vdot(side, side)) for side in pcm.samples]
        lost = min(powers) < _SILENT * max(powers)
        if lost or float(np.vdot(samples, samples)) < _CANCELLED * max(powers):
            samples = pcm.samples[[int(np.argmax(powers))]]
    return Pcm(samples, pcm.rate)


def faded(pcm: Pcm, *, fade_in: float = 0.0, fade_out: float = 0.0) -> Pcm:
    """The sound with linear fades at its ends, in seconds; a copy."""
    samples = pcm.samples.copy()
    kernel.fade_in(samples, min(round(fade_in * pcm.rate), pcm.length))
    kernel.fade_out(samples, min(round(fade_out * pcm.rate), pcm.length))
    return Pcm(samples, pcm.rate)


def levelled(pcm: Pcm, factor: float = 1.0, *, knee: float = 1.0) -> Pcm:
    """The sound times a factor, kept within full scale; a copy. See the kernel for the knee."""
    samples = pcm.samples.copy()
    kernel.gain(samples, factor, knee=knee)
    return Pcm(samples, pcm.rate)


def loudness(pcm: Pcm) -> float | None:
    """Integrated loudness in LUFS by FFmpeg's ebur128 filter (EBU R 128, ITU-R BS.1770).

    None where nothing passes the gate: silence, or less than 0.4 s.
    """
    if pcm.rate < _METERED:
        pcm = resampled(pcm, _METERED)
    layout = "mono" if pcm.channels == 1 else "stereo"
    base = Fraction(1, pcm.rate)
    graph = Graph()
    # Its one filter has no use for more.
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
    # The filter says -70, its absolute gate, where nothing was louder.
    return None if found is None or found <= -70 else found


def _pulled(graph: Graph, found: float | None) -> float | None:
    """The last reading of the meter among the frames that are ready."""
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return found
        said = frame.metadata.get("lavfi.r128.I")
        found = found if said is None else float(said)
