"""How long the rest of a batch takes: by kind, size and extent of the files, and learned as it goes."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.convert import limit_of
from transcode.batch.loads import KINDS, load_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcode.batch.convert import Converted
    from transcode.batch.loads import Kind, Load
    from transcode.batch.plan import Job

__all__ = ["Expected", "Forecast", "Progress", "Standing", "Working", "expected", "expected_of", "in_all"]

#: Seconds for a file of each kind, and for each megabyte of it, measured on 142 files of all kinds.
_PRICES: dict[Kind, tuple[float, float]] = {
    "photo": (0.015, 0.06),
    "tiles": (0.05, 0.22),
    "picture": (0.03, 0.25),
    "clip": (0.15, 1.2),
    "recording": (0.03, 0.4),
    "other": (0.005, 0.0),
}
#: Seconds for each million pixels of a clip that are decoded, and for the first that is encoded: many pixels
#: share the same bytes, and are less work each.
_DECODED, _ENCODED, _SHARED = 0.007, 0.07, 0.7
#: Bits for a pixel with which clips look decent; a clip that has fewer keeps its size.
_BITS_A_PIXEL = 0.05
#: The longest excerpt in seconds, the most pixels of a frame that leave, and what is taken for a clip whose
#: header does not tell: bytes a second, pixels, frames a second.
_LONGEST = 40.0
_LARGEST = 1280 * 720
_UNKNOWN_RATE, _UNKNOWN_PIXELS, _UNKNOWN_FRAMES = 100_000, 120_000, 30.0
#: Bounds of what a header may claim.
_MOST_PIXELS, _MOST_FRAMES = 1 << 26, 240.0

#: What a further receiver takes, of what the first takes.
_FURTHER = 0.35

#: What is known beforehand of the seconds of a kind counts as much as this many of its files.
_BEFOREHAND = 3.0
#: Files that wait, up to which workers are followed file by file.
_FOLLOWED = 100


class Expected(NamedTuple):
    """A file to do: its kind, and the seconds that it takes on the machine that was measured."""

    kind: Kind
    cost: float


class Working(NamedTuple):
    """A file in work.

    Attributes:
        source: its path.
        seconds: for which it is in work.
        fraction: of it that is done, for clips and recordings; None: not known.
    """

    source: str
    seconds: float
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a batch stands.

    Attributes:
        done, total: results that there are, and in all: one a file for each receiver.
        passed_over: files that are no media but stand beside media: sidecars, and files of systems; and what
            other batches have made.
        excluded: other files that the plan's patterns leave out.
        seconds_left: until all is done, as far as can be told; None: it can't yet.
        fraction: of the work that is done, by the time that files take.
        bytes_in, bytes_out: of the sources of which all is made in this run, and of what was made of them.
        failures: results that are failures.
        kept: results of earlier runs.
        working: files in work, the longest first; empty where a caller's executor has them.
    """

    done: int
    total: int
    passed_over: int = 0
    excluded: int = 0
    seconds_left: float | None = None
    fraction: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    failures: int = 0
    kept: int = 0
    working: tuple[Working, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress(Standing):
    """Where a batch stands after a file.

    Attributes:
        latest: the result of the file.
        done, total, passed_over, excluded, seconds_left, fraction: as in Standing.
        bytes_in, bytes_out, failures, kept, working: likewise.
    """

    latest: Converted = field(kw_only=True)


def expected(load: Load, limit: int) -> Expected:
    """What a file takes.

    Args:
        load: what is known of it.
        limit: the largest size of its message, in bytes.
    """
    base, a_megabyte = _PRICES[load.kind]
    if load.kind == "clip":
        return Expected("clip", base + _clip(load, limit, a_megabyte))
    # Of a long recording only the excerpt is decoded, and pictures of many megabytes are scaled in decoding.
    most = 1.5 if load.kind == "recording" else 4.0
    return Expected(load.kind, base + a_megabyte * min(load.size / 1e6, most))


def expected_of(job: Job) -> Expected:
    """What a job takes: all that it reads, for all its receivers."""
    limit = max(limit_of(job, output) for output in job.outputs)
    files = [expected(load_of(path), limit) for path in job.reads]
    return in_all(files, len(job.outputs))


def in_all(files: Sequence[Expected], receivers: int) -> Expected:
    """What a message of several files takes, for so many receivers."""
    cost = sum(file.cost for file in files) * (1 + _FURTHER * (receivers - 1))
    return Expected(max(files, key=lambda file: file.cost).kind if files else "other", cost)


def _clip(load: Load, limit: int, a_megabyte: float) -> float:
    """The seconds of a clip. They go by the pixels: a small file may be 40 seconds of a large picture."""
    seconds, pixels, frames = load.extent
    seconds = seconds if 0 < seconds < math.inf else max(load.size / _UNKNOWN_RATE, 0.1)
    pixels = min(pixels, _MOST_PIXELS) or _UNKNOWN_PIXELS
    part = min(1.0, _LONGEST / seconds)
    in_all = min(frames or seconds * _UNKNOWN_FRAMES, seconds * _MOST_FRAMES + 1) * part
    read = in_all * pixels
    bits = load.size * 8 * part
    written = min(in_all * min(pixels, _LARGEST), limit * 8 / min(_BITS_A_PIXEL, max(bits, 1) / max(read, 1)))
    work: float = _ENCODED * (written / 1e6) ** _SHARED + _DECODED * read / 1e6
    return work + a_megabyte * min(bits / 8, 1.5 * limit) / 1e6


@dataclass
class _Seen:
    """Sums of one kind: seconds expected and taken by files that are done, and files that wait."""

    cost: float = 0.0
    seconds: float = 0.0
    files: int = 0
    waiting: float = 0.0
    waiting_files: int = 0

    @property
    def typical(self) -> float:
        """The expected seconds of a file of the kind."""
        return (self.cost + self.waiting) / max(self.files + self.waiting_files, 1)


@dataclass
class Forecast:
    """What files have taken, and what the others will.

    Files wait in the order in which they are added.

    Attributes:
        done: expected seconds of the files that are done.
    """

    done: float = 0.0
    _kinds: dict[Kind, _Seen] = field(default_factory=lambda: {kind: _Seen() for kind in KINDS})
    _waiting: dict[str, Expected] = field(default_factory=dict)

    def add(self, source: str, file: Expected) -> None:
        """A file waits."""
        self._waiting[source] = file
        seen = self._kinds[file.kind]
        seen.waiting += file.cost
        seen.waiting_files += 1

    def finish(self, source: str, seconds: float | None) -> None:
        """A file is done, and took seconds; None: it says nothing of others."""
        file = self._waiting.pop(source, None)
        if file is None:
            return
        seen = self._kinds[file.kind]
        seen.waiting -= file.cost
        seen.waiting_files -= 1
        self.done += file.cost
        if seconds is not None:
            seen.cost += file.cost
            seen.seconds += seconds
            seen.files += 1

    @property
    def is_learned(self) -> bool:
        """Whether any file told how long it took."""
        return any(seen.files for seen in self._kinds.values())

    def factors(self) -> dict[Kind, float]:
        """Seconds for each expected second, by kind.

        A kind of which little is known takes after the others: the machine is slower, or busier.
        """
        machine = 1.0
        weights = [(seen, _BEFOREHAND * seen.typical) for seen in self._kinds.values() if seen.files]
        if weights:
            logs = [
                (math.log((seen.seconds + own) / (seen.cost + own)), seen.files / (seen.files + _BEFOREHAND))
                for seen, own in weights
                if own > 0
            ]
            machine = math.exp(sum(log * weight for log, weight in logs) / max(sum(w for _, w in logs), 1e-9))
        return {
            kind: (seen.seconds + machine * own) / (seen.cost + own)
            if (own := _BEFOREHAND * seen.typical) > 0
            else machine
            for kind, seen in self._kinds.items()
        }

    def cost_left(self, working: Iterable[Working] = ()) -> float:
        """Expected seconds, as measured once, of all that is not done."""
        begun = [one for one in working if one.fraction and one.source in self._waiting]
        parts = sum(self._waiting[one.source].cost * (one.fraction or 0.0) for one in begun)
        return max(sum(seen.waiting for seen in self._kinds.values()) - parts, 0.0)

    def left(self, workers: float, working: Sequence[Working] = ()) -> float:
        """Seconds until all is done.

        Args:
            workers: that do one file each at a time.
            working: the files in work, which wait too in the sense of finish().
        """
        factors = self.factors()
        rest: dict[str, float] = {}
        for one in working:
            file = self._waiting.get(one.source)
            if file is not None:
                rest[one.source] = _rest(file.cost * factors[file.kind], one)
        busy = sum(self._waiting[source].cost * factors[self._waiting[source].kind] for source in rest)
        queued = sum(seen.waiting * factors[kind] for kind, seen in self._kinds.items()) - busy
        total = max(queued, 0.0) + sum(rest.values())
        if len(self._waiting) - len(rest) > _FOLLOWED:
            return max(total / workers, max(rest.values(), default=0.0))
        free = sorted(rest.values())[: max(int(workers), 1)]
        free += [0.0] * (max(round(workers), 1) - len(free))
        heapq.heapify(free)
        for source, file in self._waiting.items():
            if source not in rest:
                heapq.heappush(free, heapq.heappop(free) + file.cost * factors[file.kind])
        return max(free)


def _rest(whole: float, one: Working) -> float:
    """Seconds that a file in work takes yet, of which it was expected to take so many in all."""
    if one.fraction:
        # What is seen of the file itself counts the more, the more is done of it.
        seen = one.seconds / one.fraction
        whole = whole * (1 - one.fraction) + seen * one.fraction
    return max(whole - one.seconds, 0.1 * one.seconds)
