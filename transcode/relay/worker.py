"""The work that is due: routes, attempts, reports, timers, and what is kept no longer."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable  # noqa: TC003  # a NamedTuple has it
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.metrics import STEPS, step
from transcode.relay.model import CAMPAIGN_LANE, RESOLVER, SAME, Event, Route
from transcode.relay.outlets.outlet import Outcome
from transcode.relay.store import limits, sleepers
from transcode.relay.store.due import Kind, Work, due
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.progress import OPTED_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.model import Changed, Delivery, Envelope
    from transcode.relay.outlets.outlet import Outlet, Reporter
    from transcode.relay.routing import Routing
    from transcode.relay.store import SqlStore
    from transcode.relay.store.tidying import Tidier

__all__ = ["Errand", "Worker"]

_LOG = logging.getLogger(__name__)

#: Seconds between two looks whether anything is due, and between two that changes ask for.
_IDLE, _SOON = 0.2, 0.02
#: Seconds until the next look where nobody can say, and after which a lane looks that nobody woke.
_BLIND, _ALONE = 1.0, 30.0
#: Seconds until an outcome is written again that could not be written.
_AGAIN = 1.0
#: Seconds between two looks for what is kept no longer.
_TIDY = 60.0
#: Next hops that are told of a message, and get none of its text.
_WITHOUT_TEXT = (Route.LOCAL, Route.LINK)
_OUT = Outcome(Event.ATTEMPT_REFUSED, OPTED_OUT, is_asked=False)


class Errand(NamedTuple):
    """Further work.

    Attributes:
        name: its name.
        step: does some of it; returns False where there was none.
        work: what is looked for in the store, to know whether there is some; None: it is looked for five
            times a second by itself.
        lines: how many threads do it.
    """

    name: str
    step: Callable[[], bool]
    work: Work | None
    lines: int = 1


class _Lane:
    """Threads that do the same work, woken one after another.

    Args:
        name: the name.
        step: does some of the work.
        work: what is looked for; None: the lane looks for itself.
        pause: seconds after which it looks that nobody woke.
        lines: the threads.
    """

    def __init__(
        self, name: str, step: Callable[[], bool], work: Work | None, pause: float, lines: int = 1
    ) -> None:
        self.name = name
        self.step = step
        self.work = work
        self.lines = lines
        self._pause = pause
        self._condition = threading.Condition()
        self._is_woken = self._is_over = False

    def wake(self) -> None:
        """Have one thread look for work."""
        with self._condition:
            self._is_woken = True
            self._condition.notify()

    def end(self) -> None:
        """Wake all threads for the last time."""
        with self._condition:
            self._is_over = True
            self._condition.notify_all()

    def wait(self) -> None:
        """Wait until somebody wakes this thread."""
        with self._condition:
            if not self._is_woken and not self._is_over:
                self._condition.wait(self._pause)
            self._is_woken = False


class Worker:
    """Threads that each do one kind of work, so that a slow next hop delays no other and no timer.

    One thread more asks what is due, for all of them: five times a second, and when something changed in this
    process.

    Args:
        store: where everything is kept.
        tidier: gives up what is kept no longer.
        routing: finds next hops.
        outlets: the next hops.
        reporters: the ways back to senders.
        clock: gives the time, in seconds since 1970.
        errands: further work.
        lease: seconds for which work is taken, beside those of its longest attempt. What a worker that died
            had taken is taken again at the end of them.
    """

    def __init__(
        self,
        store: SqlStore,
        tidier: Tidier,
        routing: Routing,
        outlets: Sequence[Outlet],
        reporters: Sequence[Reporter],
        clock: Callable[[], float],
        errands: Sequence[Errand] = (),
        lease: float = 60.0,
    ) -> None:
        self._store = store
        self._tidier = tidier
        self._clock = clock
        self._lease = lease
        self._stopped = threading.Event()
        self._changed = threading.Event()
        self._lock = threading.Lock()
        #: The deliveries that are attempted now.
        self._at_work: set[int] = set()
        attempt = partial(Work, Kind.ATTEMPT)
        self._lanes = [
            # Two, so that people do not wait for the end of a step of a campaign.
            _Lane("routes", routing.route, attempt(), _ALONE, 2),
            _Lane("resolver", routing.resolve, attempt("", RESOLVER), _ALONE, routing.lines),
            _Lane("timers", self.ring, Work(Kind.TIMER), _ALONE),
            _Lane("tidying", self.tidy, None, _TIDY),
        ]
        for outlet in outlets:
            work = attempt(outlet.route, outlet.peer)
            step = partial(self.attempt, outlet)
            self._lanes.append(_Lane(outlet.peer or outlet.route, step, work, _ALONE, outlet.lines))
        for reporter in reporters:
            name = f"reports {reporter.peer or reporter.route}"
            work = Work(Kind.REPORT, peer=reporter.peer)
            step = partial(self.report, reporter)
            self._lanes.append(_Lane(name, step, work, _ALONE, reporter.lines))
        for name, errand, asked, lines in errands:
            self._lanes.append(_Lane(name, errand, asked, _ALONE if asked else _IDLE, lines))
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"transcode-{lane.name}", daemon=True)
            for lane in self._lanes
            for _ in range(lane.lines)
        ]
        self._threads.append(threading.Thread(target=self._look, name="transcode-due", daemon=True))
        store.watch(self)

    def lanes(self) -> dict[str, bool]:
        """Return for each lane of work whether all of its threads live."""
        found: dict[str, bool] = {}
        for thread in self._threads:
            name = thread.name.removeprefix("transcode-")
            found[name] = thread.is_alive() and found.get(name, True)
        return found

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads when what they do is done."""
        self._stopped.set()
        self._changed.set()
        for lane in self._lanes:
            lane.end()
        for thread in self._threads:
            thread.join()

    def changed(self, _: Sequence[Changed]) -> None:
        """Look at once: what a change makes due is due for somebody here."""
        self._changed.set()

    def committed(self, _: float) -> None:
        """Do nothing: leases are commits too."""

    def _look(self) -> None:
        """Wake the lanes for which something is due."""
        lanes: defaultdict[Work, list[_Lane]] = defaultdict(list)
        for lane in self._lanes:
            if lane.work is not None:
                lanes[lane.work].append(lane)
        asked, pause = list(lanes), _IDLE
        while not self._stopped.is_set():
            self._changed.clear()
            try:
                found = due(self._store, asked, now=self._clock())
            except Exception as error:  # noqa: BLE001  # the database is gone
                if pause == _IDLE:
                    _LOG.warning("what is due is not known: %s", error)
                found, pause = [], _BLIND
            else:
                pause = _IDLE
            for work in found:
                for lane in lanes[work]:
                    lane.wake()
            looked = time.monotonic()
            if self._changed.wait(pause):
                # What changes one after another is looked for together.
                self._stopped.wait(max(0.0, looked + _SOON - time.monotonic()))

    def _run(self, lane: _Lane) -> None:
        while not self._stopped.is_set():
            try:
                did = lane.step()
            except Exception as error:  # noqa: BLE001
                # A full disk, for one. The lease ends, and the work is taken again.
                if self._stopped.is_set():
                    _LOG.warning("%s: %s", lane.name, error)
                else:
                    _LOG.exception("%s: an error", lane.name)
                did = False
            if not did:
                lane.wait()
            elif lane.lines > 1:
                # There may be more, for another one.
                lane.wake()

    def ring(self) -> bool:
        """Apply what timers say; False where none ran out."""
        return self._store.ring(now=self._clock()).result() > 0

    def attempt(self, outlet: Outlet) -> bool:
        """Send one message to a next hop; False where none is due."""
        now = self._clock()
        # Before the lease ends, the outcome must be written, or another worker would send the same again.
        lease = outlet.longest + self._lease
        taken = self._store.take(outlet.route, outlet.peer, now=now, lease=lease).result()
        if taken is None:
            return False
        first, envelope = taken
        deliveries = [first]
        # What leaves as one has one text and one subject.
        if outlet.together > 1 and (first.own == SAME or outlet.route in _WITHOUT_TEXT):
            deliveries += self._store.take_more(first, outlet.together - 1, now=now, lease=lease).result()
        if self._clock() + outlet.longest > now + lease:
            # The database answered so late that the lease may end before the attempt.
            return False
        numbers = {delivery.id for delivery in deliveries}
        if not self._begin(numbers):
            return False
        try:
            outcomes = self._attempted(outlet, deliveries, envelope)
        finally:
            with self._lock:
                self._at_work -= numbers
        happened = [
            Occurrence(
                *(delivery.id, outcome.event, outcome.detail), taken=delivery, deliver_at=outcome.deliver_at
            )
            for delivery, outcome in zip(deliveries, outcomes, strict=True)
        ]
        events = [outcome.event for outcome in outcomes if outcome.is_asked]
        noted = self._noted(outlet, events) if outlet.peer else None
        self._written(lambda: self._store.apply_all(happened, at=self._clock()), until=now + lease)
        if noted is not None:
            noted.result()
        return True

    def _begin(self, numbers: set[int]) -> bool:
        """Note that deliveries are attempted; False: a thread of this process is still at one of them.

        Its lease is over, since the machine slept or its clock was put forward. The outcome is still to come.
        """
        with self._lock:
            is_free = self._at_work.isdisjoint(numbers)
            if is_free:
                self._at_work |= numbers
            return is_free

    def _noted(self, outlet: Outlet, events: Sequence[Event]) -> Future[None]:
        """Note how a next hop did in an attempt, by what it answered."""
        now = self._clock()
        if not events:
            return limits.unasked(self._store, outlet.route, outlet.peer, at=now)
        # One that answers anything of any recipient is there.
        failed = all(event is Event.ATTEMPT_FAILED for event in events)
        return limits.note(self._store, outlet.route, outlet.peer, failed=failed, at=now)

    def _written(self, write: Callable[[], Future[Any]], until: float) -> None:
        """Write an outcome. Where the database can't, it is tried again: whoever else took what was sent
        would send it a second time.

        Args:
            write: writes it. What was written already changes nothing.
            until: when the lease ends, after which an error is one.
        """
        while True:
            try:
                write().result()
            except Exception as error:
                if self._stopped.is_set() or self._clock() + _AGAIN > until:
                    raise
                _LOG.warning("an outcome is written again: %s", error)
                self._stopped.wait(_AGAIN)
            else:
                return

    def _attempted(self, outlet: Outlet, deliveries: Sequence[Delivery], envelope: Envelope) -> list[Outcome]:
        """Send a message, but not to recipients of a campaign who want nothing of any, or sleep."""
        kept = self._kept(deliveries) if deliveries[0].lane.startswith(CAMPAIGN_LANE) else {}
        told = [delivery for delivery in deliveries if delivery.id not in kept]
        made: Sequence[Outcome] = ()
        if told:
            with step(STEPS[outlet.route]):
                made = outlet.attempt(told, envelope)
        found = iter(made)
        return [kept[delivery.id] if delivery.id in kept else next(found) for delivery in deliveries]

    def _kept(self, deliveries: Sequence[Delivery]) -> dict[int, Outcome]:
        """Return what becomes of recipients of a campaign to whom nothing is sent now."""
        found = sleepers.standings(self._store.select, [one.id for one in deliveries], self._clock())
        kept = {}
        for number, (is_out, opens) in found.items():
            if is_out:
                kept[number] = _OUT
            elif opens is not None:
                kept[number] = Outcome(Event.QUIET, sleepers.until(opens), is_asked=False, deliver_at=opens)
        return kept

    def report(self, reporter: Reporter) -> bool:
        """Tell one sender what became of a message; False where no report is due."""
        lease = reporter.longest + self._lease
        now = self._clock()
        report = self._store.take_report(reporter.peer, now=now, lease=lease).result()
        if report is None or self._clock() + reporter.longest > now + lease:
            return False
        told, detail = reporter.report(report)
        self._written(
            lambda: self._store.reported(report, told, at=self._clock(), detail=detail), until=now + lease
        )
        return True

    def tidy(self) -> bool:
        """Give up some of what is kept no longer; False where there is nothing."""
        return self._tidier.step(self._clock())
