"""What an engine tells of its work, by ``logging`` and to Prometheus: nothing of people and of media."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from transcode.errors import MissingPackage

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["Done", "Metrics", "Telling", "metrics_of"]

LOG = logging.getLogger("transcode.engine")

_OUTCOMES = ("done", "failed", "late", "lost", "cancelled", "refused")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True, slots=True)
class Done:
    """A job that is over, as it is told of.

    Attributes:
        job: its number, from 1.
        action: ``"fit"`` or ``"compose"``.
        outcome: ``"done"``, ``"failed"`` (the source, or what was asked), ``"late"``, ``"lost"`` (with its
            process), ``"cancelled"`` or ``"refused"`` (the queue was full).
        error: the class of its error; None: there is none.
        waited, worked: seconds until a process began it, and since then.
        octets_in, octets_out: bytes that were sent to the process, and those of the media that came back.
        stages: seconds of stages, of all media together.
        worker: the number of the process; None: none began it.
    """

    job: int
    action: str
    outcome: str
    error: str | None
    waited: float
    worked: float
    octets_in: int
    octets_out: int
    stages: dict[str, float]
    worker: int | None


class Telling:
    """Logs and counts the jobs and the processes of an engine."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics

    def job(self, done: Done) -> None:
        """Tell of a job that is over."""
        level = logging.WARNING if done.outcome in ("late", "lost") else logging.INFO
        if LOG.isEnabledFor(level):
            extra = {name: getattr(done, name) for name in Done.__slots__}
            LOG.log(level, "job %d (%s): %s", done.job, done.action, done.outcome, extra=extra)
        if self._metrics is not None:
            self._metrics.job(done)

    def waiting(self, change: int) -> None:
        """Tell that jobs came or went."""
        if self._metrics is not None:
            self._metrics.waiting.inc(change)

    def worker(self, event: str, number: int, reason: str) -> None:
        """Tell what happened to a process; see Isolated."""
        level = logging.WARNING if event == "ended" and reason.startswith("died") else logging.INFO
        if LOG.isEnabledFor(level):
            extra = {"worker": number, "event": event, "reason": reason}
            LOG.log(level, "worker %d: %s%s", number, event, f" ({reason})" if reason else "", extra=extra)
        if self._metrics is not None:
            self._metrics.worker(event, reason)


class Metrics:
    """The counters of all engines that have one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        words: dict[str, Any] = {"registry": registry}
        self._jobs = Counter(
            "transcode_engine_jobs",
            "Jobs that are over, by what came of them.",
            ["action", "outcome"],
            **words,
        )
        self._waited = Histogram(
            "transcode_engine_wait_seconds", "Seconds until a job began.", buckets=_SECONDS, **words
        )
        self._worked = Histogram(
            "transcode_engine_work_seconds", "Seconds of a job since.", ["action"], buckets=_SECONDS, **words
        )
        self._stages = Counter(
            "transcode_engine_stage_seconds", "Seconds of the stages of jobs.", ["stage"], **words
        )
        self._octets = Counter(
            "transcode_engine_bytes", "Bytes to processes, and of media back.", ["direction"], **words
        )
        self.waiting = Gauge("transcode_engine_jobs_present", "Jobs that wait or are being done.", **words)
        self._workers = Gauge("transcode_engine_workers", "Processes that are there.", **words)
        self._ended = Counter("transcode_engine_workers_ended", "Processes that ended.", ["reason"], **words)
        # A rate over what appears later misses its first events.
        for action in ("fit", "compose"):
            self._worked.labels(action)
            for outcome in _OUTCOMES:
                self._jobs.labels(action, outcome)
        for reason in ("replaced", "died", "stopped"):
            self._ended.labels(reason)

    def job(self, done: Done) -> None:
        """Count a job."""
        self._jobs.labels(done.action, done.outcome).inc()
        if done.outcome == "refused":
            return
        self._waited.observe(done.waited)
        if done.worker is not None:
            self._worked.labels(done.action).observe(done.worked)
        for stage, seconds in done.stages.items():
            self._stages.labels(stage).inc(seconds)
        self._octets.labels("in").inc(done.octets_in)
        self._octets.labels("out").inc(done.octets_out)

    def worker(self, event: str, reason: str) -> None:
        """Count a process."""
        if event == "started":
            self._workers.inc()
            return
        self._workers.dec()
        died = "died" if reason.startswith("died") else "stopped"
        self._ended.labels("replaced" if event == "replaced" else died).inc()


_known: WeakKeyDictionary[CollectorRegistry, Metrics] = WeakKeyDictionary()
_lock = threading.Lock()


def metrics_of(registry: CollectorRegistry | bool) -> Metrics | None:
    """The counters in a registry, which several engines share.

    Args:
        registry: True is that of the process, False none.

    Raises:
        MissingPackage: prometheus-client is not installed.
    """
    if registry is False:
        return None
    try:
        from prometheus_client import REGISTRY
    except ImportError as error:
        raise MissingPackage("prometheus-client", "metrics of an engine", extra="metrics") from error
    chosen = REGISTRY if registry is True else registry
    with _lock:
        if chosen not in _known:
            _known[chosen] = Metrics(chosen)
        return _known[chosen]
