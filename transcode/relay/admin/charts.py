"""Charts of campaigns as numbers: which part of a bar is whose. Templates draw them as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.statuses import Status
from transcode.relay.store.progress import QUEUED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.relay.store.campaigns import Count

__all__ = ["WIDTH", "Failure", "Part", "Row", "bar", "by_carrier", "by_reason"]

#: The width of a whole bar, in units of its drawing, and the least one of a part that is there.
WIDTH, _LEAST = 1000.0, 6.0
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
