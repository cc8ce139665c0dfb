"""What a message centre has now, as Prometheus asks for it."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import GaugeMetricFamily

from transcode.relay.metrics import REGISTRY
from transcode.relay.model import ENDED, State
from transcode.relay.store.operations import open_reports, open_states, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from transcode.relay.hops import Hop
    from transcode.relay.patience import Parts
    from transcode.relay.store.operations import Waiting
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Gauges", "Snapshot"]

_LOG = logging.getLogger(__name__)

#: Seconds for which what was counted is told again: counting looks through all that is open.
_FRESH = 10.0
#: Next hops that have lines of their own; the smaller ones share one.
_MOST_HOPS = 100


class Snapshot(NamedTuple):
    """What was open at one time.

    Attributes:
        states: deliveries by state, without those that ended.
        hops: the next hops that deliveries wait for.
        reports: reports that are due, and when the first one is, or None.
    """

    states: dict[State, int]
    hops: list[Waiting]
    reports: tuple[int, float | None]


class Gauges:
    """Counts what is open, at most every ten seconds.

    Args:
        store: the rows.
        folder: the folder of the store.
        in_flight: returns the octets of messages that are being read.
        clock: gives the time, in seconds since 1970.
        known: next hops that are there though nothing waits for them.
        parts: asks the database and the disk, for a time.
    """

    def __init__(
        self,
        store: SqlStore,
        folder: Path,
        in_flight: Callable[[], int],
        clock: Callable[[], float] = time.time,
        known: Sequence[Hop] = (),
        *,
        parts: Parts,
    ) -> None:
        self._parts, self._hops = parts, known
        self._store, self._folder = store, folder
        self._in_flight, self._clock = in_flight, clock
        self._counted: tuple[float, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """Return what is open, or was some seconds ago.

        Raises:
            Unanswered: the database takes too long to say so.
        """
        return self._parts.ask("open", self._snapshot)

    def _snapshot(self) -> Snapshot:
        # In the one thread of the part.
        now = self._clock()
        if self._counted is None or not 0 <= now - self._counted[0] < _FRESH:
            counted = Snapshot(
                open_states(self._store), waiting(self._store, self._hops), open_reports(self._store)
            )
            self._counted = (now, counted)
        return self._counted[1]

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of the process and of the store, as ``prometheus_client`` asks for them."""
        for metric in REGISTRY.collect():
            # When each series began is of no use: all begin with the process.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
        octets = _gauge("bytes_in_flight", "Octets of messages that are being read.")
        octets.add_metric([], self._in_flight())
        yield octets
        answers = _gauge("answers_in_time", "1: what the part told is here; 0: it did not answer.", "part")
        for part, told in (("database", self._open), ("disk", self._free)):
            try:
                metrics = told()
            except Exception as error:  # noqa: BLE001  # that of the process is told all the same
                _LOG.warning("no metrics of the %s: %s", part, error)
                metrics = []
            answers.add_metric([part], float(bool(metrics)))
            yield from metrics
        yield answers

    def _open(self) -> list[Metric]:
        found, now = self.snapshot(), self._clock()
        states = _gauge("deliveries", "Recipients of messages that did not end, by state.", "state")
        for state in State:
            if state not in ENDED:
                states.add_metric([state], found.states.get(state, 0))
        reports = _gauge("reports_due", "Reports to senders that are due or tried again.")
        reports.add_metric([], found.reports[0])
        return [states, *_hops(found.hops, now), reports]

    def _free(self) -> list[Metric]:
        free = _gauge("store_free_bytes", "Octets that are free where the store is.")
        disk = self._parts.ask("free", partial(os.statvfs, self._folder))
        free.add_metric([], disk.f_bavail * disk.f_frsize)
        return [free]


def _hops(hops: list[Waiting], now: float) -> Iterator[Metric]:
    """Yield the metrics of next hops."""
    by_size = sorted(hops, key=lambda hop: -hop.waiting)
    counts: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    ages: dict[tuple[str, str], float] = {}
    probed: dict[tuple[str, str], float] = {}
    for place, hop in enumerate(by_size):
        labels = (hop.route or "none", hop.peer if place < _MOST_HOPS else "other")
        counts[labels] += hop.waiting
        failed[labels] += hop.failed
        ages[labels] = max(ages.get(labels, 0.0), 0.0 if hop.oldest is None else now - hop.oldest)
        probed[labels] = max(probed.get(labels, 0.0), float(hop.probe_at > 0))
    for name, text, values in (
        ("waiting", "Recipients whose next step is an attempt.", counts),
        ("waiting_failed", "Those of them whose last attempt failed.", failed),
        ("oldest_due_seconds", "For how long the attempt is due that is due first.", ages),
        ("only_probed", "1: five attempts failed in a row, and the next hop is only probed.", probed),
    ):
        family = _gauge(name, text, "route", "peer")
        for labels, value in values.items():
            family.add_metric(labels, value)
        yield family


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"transcode_relay_{name}", text, labels=labels)
