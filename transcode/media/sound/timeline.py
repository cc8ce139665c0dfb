"""Places decoded audio frames on a timeline by their timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from transcode.media.samples.pcm import Pcm, Resampler, exactly, silence, to_channels
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_RATE", "Filled", "Line", "SoundFrame"]

#: The highest sample rate that is kept, in Hz. No receiver plays a higher rate.
MAX_RATE = 48_000

#: A timestamp that differs from the sample count by more than _JUMP seconds corrects the position at once. A
#: difference over _DRIFT seconds corrects it after _DRIFT_FRAMES consecutive frames. Containers round times
#: to a millisecond or to a frame, and each correction is audible. Chosen.
_JUMP, _DRIFT, _DRIFT_FRAMES = 0.05, 0.015, 25

#: Largest error of the difference of two times that are rounded to milliseconds, in seconds.
_ROUNDED = 0.002


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """Decoded samples: float32, all channels of the source, and the time of the first sample or None."""

    samples: NDArray[np.float32]
    names: tuple[str, ...]
    rate: int
    time: Fraction | None

    def at(self, time: Fraction | None) -> SoundFrame:
        """Return the same samples with another time, or without a time."""
        return SoundFrame(self.samples, self.names, self.rate, time)


@dataclass(frozen=True, slots=True)
class Filled:
    """A range of a source.

    Attributes:
        pcm: the sound; it is shorter than the range if the source ended earlier.
        end: the end of the last frame, in seconds from time zero; None if the source goes on after the range.
        notes: report notes on channels, sample rates and gaps.
    """

    pcm: Pcm
    end: float | None
    notes: tuple[Note, ...]


class Line:
    """A range of a source, filled with frames by their timestamps.

    Positions are samples at the source's sample rate, from the start of the range. The first frame is held
    until the second arrives. If an edit list removes the encoder delay, the time of the first frame may
    disagree with its length.

    Args:
        first: the first frame of the source, which has its sample rate and its channels.
        zero: the time that counts as zero.
        start: the start of the range, in seconds from zero.
        max_seconds: the duration of the range, in seconds.
        padding: sound after the end of the range, in seconds, with which the source still ends in the range.
    """

    def __init__(
        self, first: SoundFrame, zero: Fraction, start: float, max_seconds: float, padding: float
    ) -> None:
        self.rate = first.rate
        self.channels = 1 if len(first.names) == 1 else 2
        self._zero = zero
        self._padding = padding
        self._begin = round(Fraction(start) * first.rate)
        self._total = max(1, round(Fraction(max_seconds) * first.rate))
        self._next: int | None = None
        self._held: SoundFrame | None = None
        self._late = 0
        self._said: Fraction | None = None
        self._pieces: list[NDArray[np.float32]] = []
        self._stored = 0
        self._beyond = 0
        self._filled = 0
        self._most_channels = len(first.names)
        self._other_rate: tuple[int, Resampler] | None = None
        self._reduce = Resampler(first.rate, MAX_RATE, self.channels) if first.rate > MAX_RATE else None

    def fill(self, frames: Iterable[SoundFrame]) -> Iterator[float]:
        """Add frames until the source goes on after the range; yield the filled seconds after each frame."""
        for frame in frames:
            self._add(frame)
            yield self._stored / self.rate
            if self._goes_on:
                return

    @property
    def _goes_on(self) -> bool:
        """Whether there is more sound after the range than the padding."""
        return self._beyond / self.rate > self._padding

    def _add(self, frame: SoundFrame) -> None:
        """Add a frame at the position of its time."""
        self._most_channels = max(self._most_channels, len(frame.names))
        if self._next is None and self._held is None:
            self._held = frame
            return
        if self._held is not None:
            self._put_first(self._held, frame)
        self._put(frame)

    def finish(self) -> Filled:
        """Return the filled range."""
        if self._held is not None:
            self._put_first(self._held, None)
        stored = self._stored
        if self._reduce is not None:
            self._pieces += self._reduce.flush()
        rate = min(self.rate, MAX_RATE)
        whole = np.concatenate(self._pieces, axis=1) if self._pieces else silence(self.channels, 0)
        self._pieces = []
        pcm = Pcm(exactly(whole, max(min(stored, 1), round(stored * rate / self.rate))), rate)
        end = None if self._goes_on else max(0, (self._next or 0) + self._begin) / self.rate
        return Filled(pcm, end, tuple(self._notes()))

    def _notes(self) -> list[Note]:
        notes = []
        if self._most_channels > 2:
            notes.append(Note("mixed-down", f"{self._most_channels} channels mixed down to stereo"))
        if self.rate > MAX_RATE:
            notes.append(Note("resampled", f"sample rate reduced from {self.rate:,} to {MAX_RATE:,} Hz"))
        if self._filled > self.rate // 10:
            text = f"gaps of {self._filled / self.rate:.2f} s in total filled with silence"
            notes.append(Note("gap-filled", text))
        return notes

    def _place(self, time: Fraction) -> int:
        return round((time - self._zero) * self.rate) - self._begin

    def _put_first(self, held: SoundFrame, second: SoundFrame | None) -> None:
        self._held, self._said = None, held.time
        place = -self._begin if held.time is None else self._place(held.time)
        if second is not None and second.time is not None and second.rate == held.rate:
            length = held.samples.shape[1]
            ideal = self._place(second.time) - length
            if _ROUNDED * held.rate < abs(ideal - place) < length:
                place = ideal
        self._next = min(place, 0)
        self._fill(place)
        self._append(held)

    def _put(self, frame: SoundFrame) -> None:
        place = self._next or 0
        # Where one time stands for several frames, only the first of them begins then.
        if frame.time is not None and frame.time != self._said:
            self._said = frame.time
            meant = self._place(frame.time)
            off = meant - place
            self._late = self._late + 1 if abs(off) > _DRIFT * self.rate else 0
            if abs(off) > _JUMP * self.rate or self._late >= _DRIFT_FRAMES:
                self._late = 0
                if off > 0:
                    self._fill(meant)
                else:
                    frame = SoundFrame(frame.samples[:, -off:], frame.names, frame.rate, None)
        self._append(frame)

    def _fill(self, place: int) -> None:
        """Fill with silence up to a position."""
        here = self._next or 0
        if place <= here:
            return
        silent = min(place, self._total) - max(here, 0)
        self._next = place
        if silent > 0:
            self._filled += silent
            self._store(silence(self.channels, silent))

    def _append(self, frame: SoundFrame) -> None:
        if not frame.samples.shape[1]:
            return
        samples = np.ascontiguousarray(frame.samples)
        if len(frame.names) > 1 and self.channels == 1:
            self._widen()
        samples = to_channels(samples, frame.names, self.channels)
        for piece in self._at_own_rate(samples, frame.rate):
            here = self._next or 0
            self._next = here + piece.shape[1]
            self._beyond += min(piece.shape[1], max(0, self._next - self._total))
            inside = piece[:, max(0, -here) : max(0, self._total - here)]
            if inside.shape[1]:
                self._store(inside)

    def _at_own_rate(self, samples: NDArray[np.float32], rate: int) -> list[NDArray[np.float32]]:
        """Resample the samples of a frame to the sample rate of the first frame, if it differs."""
        if self._other_rate is not None and self._other_rate[0] != rate:
            rest = self._other_rate[1].flush()
            self._other_rate = None
            return [*rest, *self._at_own_rate(samples, rate)]
        if rate == self.rate:
            return [samples]
        if self._other_rate is None:
            self._other_rate = (rate, Resampler(rate, self.rate, self.channels))
        return self._other_rate[1].push(samples)

    def _widen(self) -> None:
        """Change from one channel to two, as when a decoder finds parametric stereo late."""
        self.channels = 2
        self._pieces = [np.repeat(piece, 2, axis=0) for piece in self._pieces]
        if self._reduce is not None:
            self._reduce = Resampler(self.rate, MAX_RATE, 2)
        self._other_rate = None

    def _store(self, samples: NDArray[np.float32]) -> None:
        self._stored += samples.shape[1]
        self._pieces += [samples] if self._reduce is None else self._reduce.push(samples)
