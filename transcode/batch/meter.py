"""Where a batch stands: counted by the driver, and told by the processes that have the files."""

from __future__ import annotations

import threading
import time
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from transcode.batch.progress import Forecast, Progress, Standing, Working
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.batch.convert import Converted
    from transcode.batch.progress import Expected

__all__ = ["Meter"]

#: What part of a clip is done when a phase of it ends: it is decoded, looked at, and encoded until it fits.
_PHASES = (0.0, 0.15, 0.3, 0.75, 0.9, 0.95)
#: Errors that say nothing of the time that files take.
_NO_MEASURE = frozenset(("JobError", "Cancelled", "OutputError", "OverwriteError"))
#: Seconds before the number of workers of an executor, or what passes between two files, is told.
_SETTLED = 5.0
#: The largest factor for what passes between two files.
_MOST_BETWEEN = 2.0


class _Place(NamedTuple):
    """How far a file is: when it began, its phase, and the part of the phase that is done."""

    begun: float
    phase: int = 0
    part: float = 0.0
    name: str = ""

    @property
    def fraction(self) -> float | None:
        """The part of the file that is done; None: nobody tells."""
        if not self.phase:
            return None
        low = _PHASES[min(self.phase, len(_PHASES) - 1) - 1]
        return low + (_PHASES[min(self.phase, len(_PHASES) - 1)] - low) * self.part

    def then(self, step: FitProgress) -> _Place:
        """How far it is after a step."""
        part = min(max(step.done / step.total, 0.0), 1.0) if step.total > 0 else 0.0
        is_next = step.phase != self.name or part < self.part
        return _Place(self.begun, self.phase + is_next, part, step.phase)


class Meter:
    """The figures of one run.

    Args:
        total: results in all.
        passed_over, excluded: as in Standing.
        workers: that do a file each at a time; None: it is not known how many there are.
        clock: gives seconds.
    """

    def __init__(
        self,
        total: int,
        passed_over: int,
        excluded: int,
        workers: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._passed_over, self._excluded = total, passed_over, excluded
        self._workers, self._clock = workers, clock
        self._forecast = Forecast()
        self._begun = clock()
        self._counts = {"done": 0, "failures": 0, "kept": 0, "bytes_in": 0, "bytes_out": 0}
        self._busy = 0.0
        self._between = 1.0
        self._waiting: set[str] = set()
        #: How far the files in work are; another thread tells.
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def add(self, source: str, file: Expected) -> None:
        """A job waits.

        Args:
            source: of the job.
            file: what it takes.
        """
        self._waiting.add(source)
        self._forecast.add(source, file)

    def hear(self, source: str, value: object) -> None:
        """What the process tells that has a job: that it begins, and how far it is. From any thread."""
        with self._lock:
            place = self._places.get(source)
            if value is None and source in self._waiting:
                # A job whose process died begins again.
                self._places[source] = _Place(self._clock())
            elif place is not None and isinstance(value, FitProgress):
                self._places[source] = place.then(value)

    def finish(self, source: str, results: Sequence[Converted]) -> None:
        """A job is done: all its results, which progress() counts one by one."""
        self._waiting.discard(source)
        with self._lock:
            self._places.pop(source, None)
        seconds = sum(one.seconds for one in results if not one.is_kept)
        is_told = seconds > 0 and not any(one.is_kept or one.error_type in _NO_MEASURE for one in results)
        self._busy += seconds
        self._forecast.finish(source, seconds if is_told else None)
        if any(one.error is None and not one.is_kept for one in results):
            self._counts["bytes_in"] += max(one.source_bytes for one in results)

    def progress(self, latest: Converted) -> Progress:
        """Where the batch stands after a result, which is counted."""
        self._counts["done"] += 1
        self._counts["failures"] += latest.error is not None
        self._counts["kept"] += latest.is_kept
        if not latest.is_kept:
            self._counts["bytes_out"] += latest.message_bytes or 0
        now = self.now()
        return Progress(**{one.name: getattr(now, one.name) for one in fields(now)}, latest=latest)

    def now(self) -> Standing:
        """Where the batch stands."""
        now = self._clock()
        with self._lock:
            places = sorted(self._places.items(), key=lambda one: one[1].begun)
        working = tuple(Working(name, max(now - place.begun, 0.0), place.fraction) for name, place in places)
        left = self._forecast.cost_left(working)
        in_all = self._forecast.done + self._forecast.cost_left()
        return Standing(
            total=self._total,
            passed_over=self._passed_over,
            excluded=self._excluded,
            seconds_left=self._left(working, now - self._begun),
            fraction=1 - left / in_all if in_all > 0 else 1.0,
            working=working,
            **self._counts,
        )

    def _left(self, working: Sequence[Working], elapsed: float) -> float | None:
        """Seconds until all is done."""
        if not self._waiting:
            return 0.0
        if not self._forecast.is_learned and not any(one.fraction for one in working):
            return None
        busy = self._busy + sum(one.seconds for one in working)
        workers = float(self._workers or 0)
        if self._workers is None:
            if not self._busy or elapsed < _SETTLED:
                return None
            workers = max(busy / elapsed, 1.0)
        elif len(self._waiting) > self._workers and elapsed > _SETTLED and busy > 0:
            # What passes between two files is the driver's time: to write, and to wait for the disk.
            self._between = min(max(elapsed * workers / busy, 1.0), _MOST_BETWEEN)
        return self._forecast.left(workers, working) * self._between
