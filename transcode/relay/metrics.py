"""What a message centre counts, in the names of Prometheus. One set for the process."""

from __future__ import annotations

import time
from collections import Counter as Counted
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from transcode.relay.model import Event, Route, State
from transcode.relay.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from transcode.relay.model import Changed

__all__ = [
    "ORPHANS",
    "REGISTRY",
    "STEPS",
    "Changes",
    "abuse_reported",
    "answered",
    "answers_of",
    "noticed",
    "page_viewed",
    "step",
    "submitted",
    "timed",
    "turned_away",
]

#: Every label has a few values that are known before: no stranger makes a new one.
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

#: The steps of a message that are timed. That of an attempt is by its route.
STEPS = {Route.LOCAL: "push", Route.PEER: "mail", Route.VASP: "request", Route.LINK: "link"}

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_DOORS = ("mm1", "mm4", "mm7", "api")

_accepted = Counter(
    "transcode_relay_accepted",
    "Submissions that were accepted, those again too.",
    ["door"],
    registry=REGISTRY,
)
_refused = Counter(
    "transcode_relay_refused", "Submissions that were refused.", ["door", "reason"], registry=REGISTRY
)
_http_answers = Counter(
    "transcode_relay_http_answers", "Answers of the HTTP doors.", ["door", "status"], registry=REGISTRY
)
_notices = Counter(
    "transcode_relay_webhook_requests", "Requests to webhooks.", ["outcome"], registry=REGISTRY
)
_answers = Counter(
    "transcode_relay_answers",
    "Answers of doors, in the words and codes of their standards.",
    ["door", "status"],
    registry=REGISTRY,
)
_turned_away = Counter(
    "transcode_relay_connections_refused",
    "Connections that were one too many, of their address or of all.",
    ["door"],
    registry=REGISTRY,
)
_events = Counter("transcode_relay_events", "Events of deliveries.", ["event"], registry=REGISTRY)
_entered = Counter(
    "transcode_relay_states_entered", "Changes of deliveries into a state.", ["state"], registry=REGISTRY
)
_steps = Histogram(
    "transcode_relay_step_seconds", "Seconds of one step.", ["step"], buckets=_SECONDS, registry=REGISTRY
)
#: Octets that were deleted because no row names them.
ORPHANS = Counter(
    "transcode_relay_orphans", "Octets of no message, which a failure left and which go.", registry=REGISTRY
)
_commits = Histogram(
    "transcode_relay_commit_seconds",
    "Seconds in which the disk took a commit.",
    buckets=(0.0001, 0.00025, 0.0005, *_SECONDS),
    registry=REGISTRY,
)

_views = Counter("transcode_relay_page_views", "Views of pages.", registry=REGISTRY)
_abuse = Counter("transcode_relay_abuse_reports", "Reports of abuse.", registry=REGISTRY)

# Every value is there from the start, at zero: a rate over one that appears later misses its first events.
_of_event = {str(event): _events.labels(event.name.lower()) for event in Event} | {
    "accepted": _events.labels("accepted")
}
_of_state = {state: _entered.labels(state) for state in State}
_of_step = {name: _steps.labels(name) for name in ("accept", "adapt", "fetch", *STEPS.values())}
_of_notice = {outcome: _notices.labels(outcome) for outcome in ("taken", "failed", "given up")}
_of_gate = {door: _turned_away.labels(door) for door in ("http", "mm4", "admin")}
_of_door = {door: _accepted.labels(door) for door in _DOORS}
_of_reason = {
    (door, reason): _refused.labels(door, reason.name.lower()) for door in _DOORS for reason in Reason
}


class Changes:
    """Counts the changes and commits of a store."""

    def changed(self, changes: Sequence[Changed]) -> None:
        """Count changes."""
        for event, count in Counted(change.event for change in changes).items():
            _of_event[event].inc(count)
        entered = Counted(
            change.after.state
            for change in changes
            if change.after.state is not change.before.state or change.event == "accepted"
        )
        for state, count in entered.items():
            _of_state[state].inc(count)

    def committed(self, seconds: float) -> None:
        """Count a commit."""
        _commits.observe(seconds)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Time a step, ``"accept"``, ``"adapt"``, ``"fetch"`` or one of STEPS, for a ``with`` block."""
    begin = time.perf_counter()
    try:
        yield
    finally:
        _of_step[name].observe(time.perf_counter() - begin)


def timed(name: str) -> Callable[[object], None]:
    """Begin a step that ends elsewhere; return what is to be called then, as a future does."""
    begin = time.perf_counter()
    return lambda _: _of_step[name].observe(time.perf_counter() - begin)


def submitted(door: str, taken: str | Refusal) -> None:
    """Count a submission.

    Args:
        door: the name of the door.
        taken: its Message-ID, or why it was refused.
    """
    if isinstance(taken, Refusal):
        _of_reason[door, taken.reason].inc()
    else:
        _of_door[door].inc()


def noticed(outcome: str) -> None:
    """Count a request to a webhook: ``"taken"``, ``"failed"`` or ``"given up"``."""
    _of_notice[outcome].inc()


def page_viewed() -> None:
    """Count a view of a page."""
    _views.inc()


def abuse_reported() -> None:
    """Count a report of abuse."""
    _abuse.inc()


def answered(door: str, status: int) -> None:
    """Count an answer of an HTTP door, by the hundred of its status."""
    _http_answers.labels(door, f"{status // 100}xx").inc()


def answers_of(door: str, statuses: Iterable[object]) -> Callable[[object], None]:
    """Return what counts an answer of a door.

    Args:
        door: its name.
        statuses: the words or codes that it answers; any other one counts as ``other``.
    """
    known = {str(status): _answers.labels(door, str(status)) for status in (*statuses, "other")}
    return lambda status: known.get(str(status), known["other"]).inc()


def turned_away(door: str) -> None:
    """Count a connection that was one too many."""
    _of_gate[door].inc()
