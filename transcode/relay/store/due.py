"""What kinds of work may be due: asked for all workers at once, so that none looks for what is not there."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.store.queue import FREE, WAITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Kind", "Work", "due"]


class Kind(StrEnum):
    """A kind of work."""

    ATTEMPT = "attempt"
    REPORT = "report"
    ANSWER = "answer"
    NOTICE = "notice"
    CAMPAIGN = "campaign"
    TIMER = "timer"


class Work(NamedTuple):
    """What a worker does.

    Attributes:
        kind: the kind.
        route, peer: where to, as in deliveries; ``""`` where the kind has none.
    """

    kind: Kind
    route: str = ""
    peer: str = ""


#: When there may be work of a kind. Of campaigns only that there are any is asked: their takes look further.
_WHEN = {
    Kind.ATTEMPT: (
        f"(EXISTS (SELECT 1 FROM delivery WHERE route=:route AND peer=:peer AND lane='' AND {WAITS}"
        f" AND {FREE}<=:now) OR EXISTS (SELECT 1 FROM delivery WHERE route=:route AND peer=:peer"
        f" AND lane>'' AND {WAITS}))"
        " AND NOT EXISTS (SELECT 1 FROM hop WHERE route=:route AND peer=:peer AND probe_at>:now)"
    ),
    Kind.REPORT: f"EXISTS (SELECT 1 FROM report WHERE peer=:peer AND {WAITS} AND {FREE}<=:now)",
    Kind.ANSWER: (
        "EXISTS (SELECT 1 FROM answer WHERE peer=:peer AND due<=:now"
        " AND (lease_until IS NULL OR lease_until<=:now))"
    ),
    Kind.NOTICE: (
        "EXISTS (SELECT 1 FROM webhook WHERE probe_at<=:now"
        " AND EXISTS (SELECT 1 FROM notice WHERE notice.webhook=webhook.id AND due<=:now))"
    ),
    Kind.CAMPAIGN: "EXISTS (SELECT 1 FROM campaign WHERE ended_at IS NULL)",
    Kind.TIMER: (
        "EXISTS (SELECT 1 FROM delivery WHERE due_event IS NOT NULL AND due<=:now)"
        f" OR EXISTS (SELECT 1 FROM delivery WHERE {WAITS} AND expires_at<=:now"
        " AND (lease_until IS NULL OR lease_until<=:now))"
        " OR EXISTS (SELECT 1 FROM report WHERE due_event IS NOT NULL AND due<=:now)"
    ),
}
#: The kinds of one statement: SQLite takes 500 parts.
_TOGETHER = 100
_NAMES = (":route", ":peer", ":now")
_SPLIT = re.compile("(:route|:peer|:now)")


def due(store: SqlStore, asked: Sequence[Work], *, now: float) -> list[Work]:
    """Return for which of several kinds of work something may be due.

    Args:
        store: the store.
        asked: the kinds of work.
        now: the time.
    """
    found: list[Work] = []
    for start in range(0, len(asked), _TOGETHER):
        works = asked[start : start + _TOGETHER]
        statement, names = _statement(tuple(work.kind for work in works))
        values = [now if name == ":now" else getattr(works[place], name[1:]) for place, name in names]
        found += [works[place] for (place,) in store.select(statement, values)]
    return found


@cache
def _statement(kinds: tuple[Kind, ...]) -> tuple[str, list[tuple[int, str]]]:
    """Return the statement that asks for kinds, and its values: the place of a kind, and the name."""
    parts, values = [], []
    for place, kind in enumerate(kinds):
        words = _SPLIT.split(_WHEN[kind])
        values += [(place, word) for word in words if word in _NAMES]
        parts.append(f"SELECT {place} WHERE {''.join('?' if word in _NAMES else word for word in words)}")
    return " UNION ALL ".join(parts), values
