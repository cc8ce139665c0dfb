"""The estimate of a campaign, or of what is left of it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.relay.estimate.versions import LINK
from transcode.relay.pacing import Group, Kind, plan_of, span
from transcode.relay.store import audience, campaigns
from transcode.relay.zones import zones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from transcode.relay.estimate.versions import Versions
    from transcode.relay.store.audience import Alike
    from transcode.relay.store.campaigns import Campaign
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["BEFORE", "Carrier", "Estimate", "estimate", "groups"]

#: Reasons for which recipients are not written to at all.
BEFORE = ("invalid", "duplicate", "too_long", "opted_out", "blocked", "unroutable", "quiet")
#: Numbers whose time zones are looked up: they stand for the others of their network.
_SAMPLES = 5_000
_MAKING = "it is being made"


class Carrier(NamedTuple):
    """What recipients of one network get.

    Attributes:
        route: the next hop, such as ``"local"`` or ``"peer north"``.
        carrier: the network, or ``""``.
        recipients: how many of the campaign are there and wait.
        limit: the most octets of a message there; None: nobody says.
        size: the octets of its version, none for a link; None: it is not there.
        problem: why it is not there, or ``""``.
    """

    route: str
    carrier: str
    recipients: int
    limit: int | None
    size: int | None
    problem: str = ""


class Estimate(NamedTuple):
    """What a campaign takes. Times are seconds since 1970.

    Attributes:
        recipients: who is to be written to.
        unsorted: those of them whose next hop was not looked up yet.
        refused: who is not, by the word of the reason; ``"quiet"``: in one of their zones it always is.
        carriers: what they get, by next hop and network.
        octets: those of all messages; None: the version of a carrier is not there.
        begins_at, ends_at: when the first and the last one is written to, by the plan.
        seconds: those in which somebody is written to, without quiet ones.
    """

    recipients: int
    unsorted: int
    refused: dict[str, int]
    carriers: list[Carrier]
    octets: int | None
    begins_at: float
    ends_at: float
    seconds: float


def estimate(
    store: SqlStore, versions: Versions, campaign: Campaign, *, now: float, seconds: float = 10.0
) -> Estimate:
    """Return what a campaign takes.

    Args:
        store: the rows.
        versions: makes what each carrier's phones get.
        campaign: the campaign.
        now: the time.
        seconds: how long versions are waited for. They are made on after that, for the next estimate.
    """
    plan = plan_of(campaign.plan)
    rows = audience.alike(store, campaign.id)
    waiting = sum(row.recipients for row in rows)
    numbers: Sequence[tuple[str, str, str]] = ()
    if plan.quiet is not None:
        numbers = audience.numbers(store, campaign.id, each=max(1, campaign.total // _SAMPLES))
    begin = max(now, campaign.start_at or now)
    takes = span(plan, groups(rows, numbers), start=begin, released=campaign.released)
    refused: Counter[str] = Counter()
    for one in campaigns.counts(store, campaign.id):
        if one.reason in BEFORE:
            refused[one.reason] += one.recipients
    if takes.never:
        refused["quiet"] += takes.never
    carriers = _carriers(store, versions, campaign, rows, seconds)
    sizes = [None if one.size is None else one.size * one.recipients for one in carriers]
    return Estimate(
        recipients=waiting - takes.never,
        unsorted=sum(row.recipients for row in rows if not row.hop),
        refused=dict(refused),
        carriers=carriers,
        octets=None if None in sizes else sum(one or 0 for one in sizes),
        begins_at=takes.begins_at,
        ends_at=takes.ends_at,
        seconds=takes.seconds,
    )


def groups(rows: Sequence[Alike], numbers: Sequence[tuple[str, str, str]]) -> dict[Group, int]:
    """Return how many recipients are of each kind and in which time zones.

    Args:
        rows: all recipients.
        numbers: next hop, network and number of some of those whose rows name no zone.
    """
    found: dict[Kind, Counter[tuple[str, ...]]] = {}
    for hop, carrier, number in numbers:
        found.setdefault(Kind(hop, carrier), Counter())[zones(number)] += 1
    made: Counter[Group] = Counter()
    for hop, carrier, zone, recipients in rows:
        kind = Kind(hop, carrier)
        named: Mapping[tuple[str, ...], int] = {(zone,) if zone else (): 1}
        parts = named if zone else found.get(kind, named)
        for places, count in _shared(recipients, parts).items():
            made[Group(kind, places)] += count
    return dict(made)


def _shared(total: int, parts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """Share a number as parts are; the largest part gets what is left."""
    whole = sum(parts.values())
    shares = {places: total * count // whole for places, count in parts.items()}
    largest = max(parts, key=lambda places: (parts[places], places))
    shares[largest] += total - sum(shares.values())
    return shares


def _carriers(
    store: SqlStore, versions: Versions, campaign: Campaign, rows: Sequence[Alike], seconds: float
) -> list[Carrier]:
    kinds: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.hop:
            kinds[row.hop, row.carrier] += row.recipients
    envelope = store.envelope(campaign.id)
    begun = {kind: versions.begin(envelope, *kind) for kind in kinds if kind[0] != LINK}
    wait_for(begun.values(), timeout=seconds)
    made = []
    for (hop, carrier), recipients in sorted(kinds.items()):
        size, problem = (0, "") if hop == LINK else _size(versions, begun[hop, carrier])
        made.append(Carrier(hop, carrier, recipients, versions.limit(hop, carrier), size, problem))
    return made


def _size(versions: Versions, begun: Future[str]) -> tuple[int | None, str]:
    """Return how large a version is, or why it is not there."""
    if not begun.done():
        return None, _MAKING
    try:
        return versions.size(begun.result()), ""
    except (TranscodeError, JobLost, OSError) as error:
        return None, str(error) or type(error).__name__
