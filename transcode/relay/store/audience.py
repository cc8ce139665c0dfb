"""What operators and estimates ask of campaigns' recipients: how many are alike, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.store import bulk
from transcode.relay.store.progress import QUEUED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Alike", "alike", "numbers", "totals"]


class Alike(NamedTuple):
    """Recipients of a campaign that wait and are alike.

    Attributes:
        hop, carrier: their next hop and network; ``""``: not looked up yet.
        zone: the time zone that their rows name, or ``""``.
        recipients: how many they are.
    """

    hop: str
    carrier: str
    zone: str
    recipients: int


def totals(store: SqlStore, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many recipients of each of these campaigns have each status."""
    if not names:
        return {}
    found = store.select(
        "SELECT campaign, status, sum(count) FROM campaign_count"
        f" WHERE count>0 AND campaign IN ({bulk.marks(names)}) GROUP BY campaign, status",
        tuple(names),
    )
    counted: dict[str, dict[str, int]] = {name: {} for name in names}
    for name, status, count in found:
        counted[name][status] = int(count)
    return counted


def alike(store: SqlStore, name: str) -> list[Alike]:
    """Return how many recipients of a campaign wait for a release, by next hop, network and zone."""
    found = store.select(
        "SELECT hop, carrier, zone, count(*) FROM campaign_recipient WHERE campaign=? AND status=?"
        " GROUP BY hop, carrier, zone ORDER BY hop, carrier, zone",
        (name, QUEUED),
    )
    return [Alike._make(row) for row in found]


def numbers(store: SqlStore, name: str, *, each: int) -> list[tuple[str, str, str]]:
    """Return next hop, network and address of waiting recipients whose rows name no zone.

    Args:
        store: the store.
        name: the campaign.
        each: of how many rows one is taken: 1 is all.
    """
    return list(
        store.select(
            "SELECT hop, carrier, address FROM campaign_recipient"
            " WHERE campaign=? AND status=? AND zone='' AND number/?*?=number",
            (name, QUEUED, each, each),
        )
    )
