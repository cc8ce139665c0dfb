"""Released recipients of campaigns who are not written to now: they sleep, or want nothing more."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.model import CAMPAIGN_LANE, Event
from transcode.relay.pacing import plan_of
from transcode.relay.retention import DAY
from transcode.relay.store import bulk
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.zones import Quiet, opens_at, places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.relay.store.connection import Connection

__all__ = ["Standing", "kept_quiet", "standings", "until"]

#: Timers that lead to an attempt at once.
_WRITING = (Event.REMIND, Event.LINK_DUE, Event.ANSWER_OVERDUE)
_plan = lru_cache(256)(plan_of)


class Standing(NamedTuple):
    """Whether a recipient of a campaign may be written to.

    Attributes:
        is_out: whether nothing more is wanted.
        opens: when it is no more quiet there; None: it is not.
    """

    is_out: bool
    opens: float | None


def standings(
    select: Callable[[str, Sequence[Any]], Sequence[tuple[Any, ...]]], numbers: Sequence[int], now: float
) -> dict[int, Standing]:
    """Return how it stands with deliveries of campaigns, by their numbers.

    Args:
        select: asks the database.
        numbers: those of the rows.
        now: the time.
    """
    if not numbers:
        return {}
    found = select(
        "SELECT delivery, address, zone, plan, EXISTS (SELECT 1 FROM optout WHERE optout.number=address)"
        " FROM campaign_recipient JOIN campaign ON campaign.id=campaign"
        f" WHERE delivery IN ({bulk.marks(numbers)})",
        numbers,
    )
    known: dict[tuple[Quiet, tuple[str, ...]], float | None] = {}
    made: dict[int, Standing] = {}
    for number, address, zone, plan, is_out in found:
        quiet, opens = _plan(plan).quiet, None
        if quiet is not None:
            alike = quiet, places(zone, address)
            if alike not in known:
                known[alike] = _opens(*alike, now)
            opens = known[alike]
        made[number] = Standing(bool(is_out), opens)
    return made


def _opens(quiet: Quiet, zones: Sequence[str], now: float) -> float | None:
    """Return when it is no more quiet in these zones; None: it is not."""
    opens = opens_at(quiet, zones, now)
    if opens is None:
        # The zones of a number may have become other ones. Who is asleep for ever expires.
        return now + DAY
    return opens if opens > now else None


def until(opens: float) -> str:
    """Return what the trail says of a recipient who sleeps."""
    return f"until {datetime.fromtimestamp(opens, UTC):%Y-%m-%d %H:%M} UTC"


def kept_quiet(
    connection: Connection, over: Sequence[tuple[Occurrence, str]], now: float
) -> list[Occurrence]:
    """Return what timers let happen, where recipients of campaigns who sleep are told of nothing.

    Args:
        connection: the database, in a transaction.
        over: events of timers that ran out, and the lanes of their deliveries.
        now: the time.
    """

    def select(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return connection.execute(statement, values).fetchall()

    asked = [one.delivery for one, lane in over if one.event in _WRITING and lane.startswith(CAMPAIGN_LANE)]
    opens = {number: one.opens for number, one in standings(select, asked, now).items()}
    found = []
    for one, _ in over:
        wakes = opens.get(one.delivery)
        found.append(
            one if wakes is None else Occurrence(one.delivery, Event.QUIET, until(wakes), deliver_at=wakes)
        )
    return found
