"""How fast a campaign goes: rates, a warm-up and quiet hours. Pure: the time and what went are arguments."""

from __future__ import annotations

import heapq
import math

# A plan is read from JSON by its annotations.
from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transcode.relay.zones import Quiet, closes_at, is_zone, opens_at

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SLICE",
    "Granted",
    "Group",
    "Kind",
    "Plan",
    "Span",
    "Step",
    "check_plan",
    "grant",
    "plan_of",
    "plan_text",
    "rate",
    "span",
]

#: Seconds of which recipients may go at once: whoever asks for them asks at least as often.
SLICE = 0.25
_TOTAL = "total"
#: What sums of floats may lose of a whole recipient.
_LOST = 1e-6
#: Steps in which the rest of a campaign is reckoned, and the shortest one, in seconds.
_STEPS, _SHORTEST = 50, 1.0
#: Pieces of a step's recipients that are divided between kinds.
_PIECES = 32
#: The longest campaign that is reckoned, in seconds.
_LONGEST = 366 * 86_400.0


class Step(NamedTuple):
    """A step of a warm-up.

    Attributes:
        recipients: until so many recipients of the campaign were written to,
        per_second: no more go in a second.
    """

    recipients: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How fast the recipients of a campaign are written to.

    Attributes:
        per_second: recipients a second, of all together.
        per_route: those of one next hop, by its name, such as ``"local"`` and ``"peer north"``.
        per_carrier: those of one carrier, by its name.
        warm_up: slower beginnings, the shortest first.
        quiet: the hours in which nobody is written to; None: there are none.
    """

    per_second: float = 30.0
    per_route: Mapping[str, float] = field(default_factory=dict)
    per_carrier: Mapping[str, float] = field(default_factory=dict)
    warm_up: tuple[Step, ...] = ()
    quiet: Quiet | None = None


class Kind(NamedTuple):
    """Recipients that are alike: their next hop and their carrier, by the names that a plan has."""

    route: str
    carrier: str


class Group(NamedTuple):
    """Recipients who are alike, and in the same time zones; ``()``: nobody knows in which."""

    kind: Kind
    zones: tuple[str, ...] = ()


class Granted(NamedTuple):
    """Who may go now.

    Attributes:
        counts: how many recipients of each kind; kinds of whom none may go are not there.
        paid: what to hand to the next call, in the place of what was handed to this one.
        wait: seconds after which another call grants more; 0.0: nobody waits any more.
    """

    counts: dict[Kind, int]
    paid: dict[str, float]
    wait: float


class Span(NamedTuple):
    """How long a campaign takes.

    Attributes:
        begins_at, ends_at: when the first and the last recipient is written to, in seconds since 1970.
        seconds: those in which somebody is written to, without the quiet ones.
        never: recipients who can't be written to: in one of their zones it is always quiet, or the campaign
            takes longer than a year.
    """

    begins_at: float
    ends_at: float
    seconds: float
    never: int


def check_plan(plan: Plan) -> None:
    """Check a plan.

    Raises:
        ValueError: a value can't be; the error begins with its name.
    """
    rates = {
        "per_second": plan.per_second,
        **{f"per_route.{name}": one for name, one in plan.per_route.items()},
        **{f"per_carrier.{name}": one for name, one in plan.per_carrier.items()},
        **{f"warm_up[{place}].per_second": one.per_second for place, one in enumerate(plan.warm_up)},
    }
    for name, value in rates.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}: must be above 0, but is {value}")
    before = 0
    for place, step in enumerate(plan.warm_up):
        if step.recipients <= before:
            raise ValueError(f"warm_up[{place}].recipients: must be above {before}, but is {step.recipients}")
        before = step.recipients
    if plan.quiet is not None:
        if plan.quiet.begin == plan.quiet.end:
            raise ValueError("quiet: begins when it ends")
        if not is_zone(plan.quiet.zone):
            raise ValueError(f"quiet.zone: there is no time zone {plan.quiet.zone!r}")


def plan_text(plan: Plan) -> str:
    """Return a plan as JSON."""
    return msgspec.json.encode(plan).decode()


def plan_of(text: str) -> Plan:
    """Return the plan that plan_text wrote; what is not in it has its default."""
    return msgspec.json.decode(text, type=Plan)


def rate(plan: Plan, released: int) -> tuple[float, float]:
    """Return the recipients a second of all together, and how many may go until that changes.

    Args:
        plan: the plan.
        released: recipients of the campaign that went already.
    """
    for step in plan.warm_up:
        if released < step.recipients:
            return min(plan.per_second, step.per_second), step.recipients - released
    return plan.per_second, math.inf


def grant(
    plan: Plan, waiting: Mapping[Kind, int], paid: Mapping[str, float], *, released: int, now: float
) -> Granted:
    """Return how many recipients of each kind may go now.

    No second has more of them than a rate says and those of ``SLICE``. Kinds that take the longest go first,
    so that all end together.

    Args:
        plan: the plan.
        waiting: recipients that may be written to, as far as quiet hours go.
        paid: what the call before returned; empty for the first one.
        released: recipients of the campaign that went already.
        now: the time.
    """
    kinds = {kind: count for kind, count in waiting.items() if count > 0}
    if not kinds:
        return Granted({}, dict(paid), 0.0)
    whole, room_of_step = rate(plan, released)
    rates = _rates(plan, whole, kinds)
    begins = {name: _begin(paid.get(name, -math.inf), one, now) for name, one in rates.items()}
    rooms = {name: float(math.floor((now - begins[name]) * one + _LOST)) for name, one in rates.items()}
    rooms[_TOTAL] = min(rooms[_TOTAL], room_of_step)
    given = _divided({kind: float(count) for kind, count in kinds.items()}, rooms, rates, 1.0)
    left = dict(paid)
    for kind, count in given.items():
        for name in _names(kind, rates):
            begins[name] += count / rates[name]
            left[name] = begins[name]
    rest = [kind for kind, count in kinds.items() if given.get(kind, 0.0) < count]
    wait = min(
        (max(begins[name] + 1 / rates[name] - now for name in _names(kind, rates)) for kind in rest),
        default=0.0,
    )
    counts = {kind: round(count) for kind, count in given.items()}
    return Granted(counts, left, max(wait, SLICE / 2) if rest else 0.0)


def span(plan: Plan, groups: Mapping[Group, int], *, start: float, released: int = 0) -> Span:
    """Return how long a campaign takes by its plan, to a second or so.

    Args:
        plan: the plan.
        groups: how many recipients of each group are to be written to.
        start: when it begins, or goes on.
        released: recipients of the campaign that went already.
    """
    left = {group: float(count) for group, count in groups.items() if count > 0}
    now, went, seconds = start, float(released), 0.0
    begin: float | None = None
    loud, until = frozenset[tuple[str, ...]](), start
    while left and now < start + _LONGEST:
        if now >= until:
            loud, until = _loud(plan.quiet, {group.zones for group in left}, now)
        ready = {group: count for group, count in left.items() if group.zones in loud}
        if not ready and until == math.inf:
            break
        if not ready:
            now = until
            continue
        begin = now if begin is None else begin
        took, given = _step(plan, ready, int(went), until - now)
        for group, count in given.items():
            left[group] -= count
            if left[group] < _LOST:
                del left[group]
        went += sum(given.values())
        now, seconds = now + took, seconds + took
    return Span(start if begin is None else begin, now, seconds, round(sum(left.values())))


def _loud(
    quiet: Quiet | None, places: Iterable[tuple[str, ...]], now: float
) -> tuple[frozenset[tuple[str, ...]], float]:
    """Return where it is not quiet, and when that changes."""
    if quiet is None:
        return frozenset(places), math.inf
    openings = {zones: opens_at(quiet, zones, now) for zones in places}
    loud = frozenset(zones for zones, moment in openings.items() if moment == now)
    later = [moment for moment in openings.values() if moment is not None and moment > now]
    return loud, min([*later, *(closes_at(quiet, zones, now) for zones in loud)], default=math.inf)


def _step(
    plan: Plan, waiting: Mapping[Group, float], released: int, longest: float
) -> tuple[float, dict[Group, float]]:
    """Return the seconds of a step of a campaign, and how many of each group go in it."""
    kinds: dict[Kind, float] = {}
    for group, count in waiting.items():
        kinds[group.kind] = kinds.get(group.kind, 0.0) + count
    whole, room_of_step = rate(plan, released)
    rates = _rates(plan, whole, kinds)
    # The kind that takes the longest says how fine the steps are.
    rest = max(_remaining(kind, count, rates) for kind, count in kinds.items())
    seconds = min(longest, max(_SHORTEST, max(rest, sum(kinds.values()) / whole) / _STEPS))
    seconds = min(seconds, room_of_step / whole)
    rooms = {name: one * seconds for name, one in rates.items()}
    given = _divided(kinds, rooms, rates, max(rooms[_TOTAL] / _PIECES, _LOST))
    if sum(given.values()) >= sum(kinds.values()) - _LOST:
        # The last step ends with its last recipient.
        used = max(rooms_used / rates[name] for name, rooms_used in _used(given, rates).items())
        seconds = min(seconds, used)
    shares = {kind: count / kinds[kind] for kind, count in given.items()}
    return seconds, {group: count * shares.get(group.kind, 0.0) for group, count in waiting.items()}


def _used(given: Mapping[Kind, float], rates: Mapping[str, float]) -> dict[str, float]:
    used: dict[str, float] = {}
    for kind, count in given.items():
        for name in _names(kind, rates):
            used[name] = used.get(name, 0.0) + count
    return used


def _rates(plan: Plan, whole: float, kinds: Iterable[Kind]) -> dict[str, float]:
    """Return the rates that hold for some kinds, by the names of what is counted for them."""
    found = {_TOTAL: whole}
    for kind in kinds:
        if kind.route in plan.per_route:
            found[f"route {kind.route}"] = plan.per_route[kind.route]
        if kind.carrier in plan.per_carrier:
            found[f"carrier {kind.carrier}"] = plan.per_carrier[kind.carrier]
    return found


def _names(kind: Kind, rates: Mapping[str, float]) -> list[str]:
    return [name for name in (_TOTAL, f"route {kind.route}", f"carrier {kind.carrier}") if name in rates]


def _begin(paid: float, per_second: float, now: float) -> float:
    """Return from when on recipients may go: those of the time before are lost, and a clock may go back."""
    return min(max(paid, now - max(SLICE, 1 / per_second)), now + 1 / per_second)


def _remaining(kind: Kind, count: float, rates: Mapping[str, float]) -> float:
    return max(count / rates[name] for name in _names(kind, rates))


def _divided(
    waiting: Mapping[Kind, float], rooms: Mapping[str, float], rates: Mapping[str, float], piece: float
) -> dict[Kind, float]:
    """Divide what may go between kinds, a piece at a time to the one that takes the longest."""
    left, given = dict(rooms), dict[Kind, float]()
    order = [(-_remaining(kind, count, rates), kind) for kind, count in waiting.items()]
    heapq.heapify(order)
    while order:
        _, kind = heapq.heappop(order)
        names = _names(kind, rates)
        rest = waiting[kind] - given.get(kind, 0.0)
        count = min(piece, rest, *(left[name] for name in names))
        if count <= 0:
            continue
        given[kind] = given.get(kind, 0.0) + count
        for name in names:
            left[name] -= count
        if rest > count:
            heapq.heappush(order, (-_remaining(kind, rest - count, rates), kind))
    return given
