"""Charts of campaigns as numbers: which part of a bar is whose. Templates draw them as SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.statuses import Status
from transcode.relay.store.progress import QUEUED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.relay.store.campaigns import Count, Moment

__all__ = [
    "HEIGHT",
    "MOST_STEPS",
    "STEPS",
    "WIDTH",
    "Curve",
    "Failure",
    "Part",
    "Row",
    "Times",
    "bar",
    "by_carrier",
    "by_reason",
    "over_time",
]

#: The width of a whole bar, in units of its drawing, and the least one of a part that is there.
WIDTH, _LEAST = 1000.0, 6.0
#: The height of a drawing over time, in its units; the minutes that a step may have, and the most steps.
HEIGHT = 200.0
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440)
MOST_STEPS = 60
#: What is drawn over time.
_CURVES = ("sent", "delivered", "failed")
#: What is alike for an operator, in the order of a bar: its word, its statuses.
_KINDS = {
    "delivered": (Status.DELIVERED, Status.READ),
    "sent": (Status.SENT, Status.UNCONFIRMED),
    "sending": (Status.ACCEPTED, Status.SCHEDULED, Status.SENDING),
    "queued": (QUEUED,),
    "canceled": (Status.CANCELED,),
    "undelivered": (Status.UNDELIVERED,),
    "failed": (Status.FAILED,),
}
_KIND_OF = {str(status): kind for kind, statuses in _KINDS.items() for status in statuses}


class Part(NamedTuple):
    """A part of a bar.

    Attributes:
        kind: its word, such as ``"delivered"``.
        recipients: how many they are.
        share: of all, from 0 to 1.
        begin, width: where it is, in units of which a whole bar has WIDTH.
    """

    kind: str
    recipients: int
    share: float
    begin: float
    width: float


class Row(NamedTuple):
    """A carrier's recipients, in all and as a bar."""

    carrier: str
    recipients: int
    parts: list[Part]


class Failure(NamedTuple):
    """Recipients of one carrier who got nothing for one reason, and the length of their bar."""

    reason: str
    carrier: str
    recipients: int
    width: float


class Curve(NamedTuple):
    """Recipients of one kind over time.

    Attributes:
        kind: its word.
        recipients: how many they are in all.
        path: the path of a drawing, WIDTH by HEIGHT, with a level for each step.
    """

    kind: str
    recipients: int
    path: str


class Times(NamedTuple):
    """What recipients came to be, over time.

    Attributes:
        step: the minutes of a step.
        begins_at, ends_at: the time of the drawing, in seconds since 1970.
        most: what its height stands for, in recipients a minute.
        curves: what is drawn.
        rows: when each step begins in which anything happened, and its recipients by kind.
    """

    step: int
    begins_at: float
    ends_at: float
    most: float
    curves: list[Curve]
    rows: list[tuple[float, list[tuple[str, int]]]]


def over_time(step: int, moments: Sequence[Moment]) -> Times | None:
    """Return a drawing over time; None: nothing happened yet.

    Args:
        step: the minutes of each moment.
        moments: what happened, in order.
    """
    if not moments:
        return None
    first, last = moments[0].minute, moments[-1].minute
    steps = range(first, last + step, step)
    found = {(one.minute, one.kind): one.recipients for one in moments}
    most = _round(max(found.values()) / step)
    width = WIDTH / len(steps)
    curves = []
    for kind in _CURVES:
        counts = [found.get((minute, kind), 0) for minute in steps]
        levels = [HEIGHT - 1 - (HEIGHT - 2) * one / step / most for one in counts]
        line = "".join(f"V{level:.1f}H{(place + 1) * width:.1f}" for place, level in enumerate(levels))
        curves.append(Curve(kind, sum(counts), f"M0 {HEIGHT - 1:g}{line}"))
    rows = [
        (minute * 60.0, [(kind, found.get((minute, kind), 0)) for kind in _CURVES])
        for minute in steps
        if any((minute, kind) in found for kind in _CURVES)
    ]
    return Times(step, first * 60.0, (last + step) * 60.0, most, curves, rows)


def _round(most: float) -> float:
    """Return a number that is easily read, no smaller than another one."""
    digit = 10.0 ** math.floor(math.log10(most))
    return next(one * digit for one in (1, 2, 2.5, 5, 10) if one * digit >= most * (1 - 1e-9))


def bar(counts: Mapping[str, int]) -> list[Part]:
    """Return the parts of a bar; one that is there is wide enough to be seen.

    Args:
        counts: recipients by status.
    """
    kinds: dict[str, int] = {}
    for status, count in counts.items():
        kind = _KIND_OF[status]
        kinds[kind] = kinds.get(kind, 0) + count
    there = {kind: kinds[kind] for kind in _KINDS if kinds.get(kind)}
    total = sum(there.values())
    least = {kind: max(_LEAST, WIDTH * count / total) for kind, count in there.items()}
    scale = WIDTH / sum(least.values(), 0.0) if least else 0.0
    parts, begin = [], 0.0
    for kind, count in there.items():
        width = least[kind] * scale
        parts.append(Part(kind, count, count / total, round(begin, 2), round(width, 2)))
        begin += width
    return parts


def by_carrier(counts: Sequence[Count]) -> list[Row]:
    """Return a bar for each carrier, the largest first."""
    found: dict[str, dict[str, int]] = {}
    for one in counts:
        carrier = found.setdefault(one.carrier, {})
        carrier[one.status] = carrier.get(one.status, 0) + one.recipients
    rows = [Row(carrier, sum(statuses.values()), bar(statuses)) for carrier, statuses in found.items()]
    return sorted(rows, key=lambda row: (-row.recipients, row.carrier))


def by_reason(counts: Sequence[Count]) -> list[Failure]:
    """Return who got nothing, by reason and carrier, the most first."""
    found: dict[tuple[str, str], int] = {}
    for one in counts:
        if one.reason:
            found[one.reason, one.carrier] = found.get((one.reason, one.carrier), 0) + one.recipients
    most = max(found.values(), default=0)
    rows = [
        Failure(*kind, count, round(max(_LEAST, WIDTH * count / most), 2)) for kind, count in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.recipients, row.reason, row.carrier))
