"""How fast a campaign goes: no rate is passed, nobody is forgotten, and how long it takes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.relay.pacing import (
    SLICE,
    Group,
    Kind,
    Plan,
    Step,
    check_plan,
    grant,
    plan_of,
    plan_text,
    rate,
    span,
)
from transcode.relay.zones import Quiet

HERE, NORTH, SOUTH = Kind("local", "us-att"), Kind("peer north", ""), Kind("local", "us-verizon")
NIGHT = Quiet(21 * 60, 8 * 60)
HOUR = 3600.0


def run(plan: Plan, waiting: dict[Kind, int], *, most: int = 100_000) -> list[tuple[float, Kind, int]]:
    """Release a campaign as a worker does that has no delays; return who went when."""
    left, paid, now, gone = dict(waiting), dict[str, float](), 1000.0, list[tuple[float, Kind, int]]()
    for _ in range(most):
        granted = grant(plan, left, paid, released=sum(count for _, _, count in gone), now=now)
        for kind, count in granted.counts.items():
            assert 0 < count <= left[kind]
            left[kind] -= count
            gone.append((now, kind, count))
        paid = granted.paid
        if not granted.wait:
            assert not any(left.values())
            return gone
        now += granted.wait
    raise AssertionError("it never ends")


PLANS = st.builds(
    Plan,
    per_second=st.sampled_from([0.5, 3.0, 30.0, 1000.0]),
    per_route=st.dictionaries(st.sampled_from(["local", "peer north"]), st.sampled_from([0.5, 7.0, 100.0])),
    per_carrier=st.dictionaries(st.sampled_from(["us-att", ""]), st.sampled_from([1.0, 12.5])),
    warm_up=st.sampled_from([(), (Step(5, 1.0), Step(20, 2.5)), (Step(10, 5000.0),)]),
)
WAITING = st.dictionaries(st.sampled_from([HERE, NORTH, SOUTH]), st.integers(0, 60), min_size=1)


@settings(max_examples=60, deadline=None)
@given(PLANS, WAITING)
def test_no_rate_is_passed_and_all_go(plan: Plan, waiting: dict[Kind, int]) -> None:
    """In each stretch of time a rate lets through what it says and a slice; in the end everybody went."""
    gone = run(plan, waiting)
    assert Counter({kind: count for kind, count in waiting.items() if count}) == sum(
        (Counter({kind: count}) for _, kind, count in gone), Counter()
    )
    limits: list[tuple[float, str | None, str | None]] = [(plan.per_second, None, None)]
    limits += [(one, name, None) for name, one in plan.per_route.items()]
    limits += [(one, None, name) for name, one in plan.per_carrier.items()]
    for per_second, route, carrier in limits:
        went = [
            (at, count)
            for at, kind, count in gone
            if route in (None, kind.route) and carrier in (None, kind.carrier)
        ]
        for first, (begin, _) in enumerate(went):
            total = 0
            for end, count in went[first:]:
                total += count
                assert total <= (end - begin) * per_second + max(1.0, per_second * SLICE) + 1e-3


@settings(max_examples=40, deadline=None)
@given(PLANS, WAITING)
def test_an_estimate_is_what_happens(plan: Plan, waiting: dict[Kind, int]) -> None:
    """An estimate is right to some seconds, or some hundredths."""
    gone = run(plan, waiting)
    took = gone[-1][0] - gone[0][0] if gone else 0.0
    reckoned = span(plan, {Group(kind): count for kind, count in waiting.items()}, start=1000.0)
    assert reckoned.never == 0
    # The first of each rate goes at once, and a rate below one a second lets the next wait.
    slack = 2 + sum(
        1 / min(one, 1.0) for one in (plan.per_second, *plan.per_route.values(), *plan.per_carrier.values())
    )
    assert abs(reckoned.ends_at - 1000.0 - took) <= slack + 0.05 * took


def test_a_warm_up_counts_recipients() -> None:
    """So a pause and a new start of the centre change nothing."""
    plan = Plan(per_second=30.0, warm_up=(Step(10, 1.0), Step(100, 50.0)))
    assert [rate(plan, released) for released in (0, 9, 10, 99, 100)] == [
        (1.0, 10),
        (1.0, 1),
        (30.0, 90),
        (30.0, 1),
        (30.0, float("inf")),
    ]
    assert grant(plan, {HERE: 100}, {}, released=9, now=0.0).counts == {HERE: 1}
    # Not even a fast beginning goes past the step.
    fast = Plan(per_second=1000.0, warm_up=(Step(10, 1000.0),))
    assert grant(fast, {HERE: 100}, {}, released=7, now=0.0).counts == {HERE: 3}


def test_the_slowest_kind_begins() -> None:
    """A carrier with a rate of its own decides how long it takes, so others use what it leaves."""
    plan = Plan(per_second=10.0, per_carrier={"us-att": 1.0})
    gone = run(plan, {HERE: 20, SOUTH: 150})
    last = {kind: at for at, kind, _ in gone}
    assert abs(last[HERE] - last[SOUTH]) < 3
    assert gone[0][1] == HERE


def test_a_clock_that_goes_back_stops_nobody_for_long() -> None:
    """An hour of summer time that a careless clock takes back is no hour of silence."""
    granted = grant(Plan(), {HERE: 100}, {}, released=0, now=10_000.0)
    again = grant(Plan(), {HERE: 100}, granted.paid, released=7, now=10_000.0 - HOUR)
    assert not again.counts
    assert again.wait < 1


def test_nobody_waits() -> None:
    """Nothing is asked for again where nobody is left."""
    granted = grant(Plan(), {HERE: 0}, {"total": 5.0}, released=3, now=10.0)
    assert granted == ({}, {"total": 5.0}, 0.0)
    assert span(Plan(), {}, start=5.0) == (5.0, 5.0, 0.0, 0)


def test_an_estimate_has_quiet_hours() -> None:
    """What does not go by the evening goes the next morning, where it is morning first."""
    berlin, tokyo = Group(HERE, ("Europe/Berlin",)), Group(HERE, ("Asia/Tokyo",))
    plan = Plan(per_second=1.0, quiet=NIGHT)
    evening = datetime(2026, 6, 1, 20, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    found = span(plan, {berlin: 2 * 3600}, start=evening)
    assert found.ends_at == pytest.approx(evening + 13 * HOUR, abs=2)
    assert found.seconds == pytest.approx(2 * HOUR, abs=2)
    # It is three in the morning in Tokyo, where the morning begins five hours later.
    found = span(plan, {berlin: 1800, tokyo: 1800}, start=evening)
    assert found.ends_at == pytest.approx(evening + 5.5 * HOUR, abs=2)
    assert span(plan, {tokyo: 1}, start=evening).begins_at == evening + 5 * HOUR
    always = Group(NORTH, ("Etc/GMT+6", "Etc/GMT-6"))
    long = dataclasses.replace(plan, quiet=Quiet(19 * 60, 9 * 60))
    assert span(long, {always: 7, berlin: 1}, start=evening).never == 7


def test_a_large_campaign_is_reckoned_in_few_steps() -> None:
    """A million recipients of many networks and zones, whose quiet hours begin and end at other times."""
    places = [("Europe/Berlin",), ("Asia/Tokyo",), ("America/New_York", "Pacific/Honolulu"), ()]
    groups = {Group(Kind("local", f"network {n}"), place): 5000 for n in range(50) for place in places}
    plan = Plan(per_second=1000.0, warm_up=(Step(1000, 10.0),), quiet=NIGHT)
    noon = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
    found = span(plan, groups, start=noon)
    assert (found.never, found.begins_at) == (0, noon)
    assert found.seconds == pytest.approx(100 + 999, abs=10)
    # In New York and Honolulu it is loud together in the evening of New York alone.
    assert found.ends_at == pytest.approx(noon + 15 * HOUR + 250, abs=10)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(per_second=0.0), "per_second: must be above 0, but is 0.0"),
        (Plan(per_second=float("nan")), "per_second"),
        (Plan(per_second=float("inf")), "per_second"),
        (Plan(per_route={"local": -1.0}), "per_route.local: must be above 0"),
        (Plan(per_carrier={"x": 0.0}), "per_carrier.x: must be above 0"),
        (Plan(warm_up=(Step(10, 0.0),)), r"warm_up\[0\].per_second: must be above 0"),
        (
            Plan(warm_up=(Step(10, 1.0), Step(10, 2.0))),
            r"warm_up\[1\].recipients: must be above 10, but is 10",
        ),
        (Plan(quiet=Quiet(60, 60)), "quiet: begins when it ends"),
        (Plan(quiet=Quiet(60, 120, "Mars")), "quiet.zone: there is no time zone 'Mars'"),
    ],
)
def test_plans_that_can_not_be(plan: Plan, said: str) -> None:
    """The error begins with the name of the value."""
    check_plan(Plan(per_route={"local": 0.1}, warm_up=(Step(1, 1.0), Step(2, 9.0)), quiet=NIGHT))
    with pytest.raises(ValueError, match=said):
        check_plan(plan)


@given(PLANS)
def test_a_plan_is_kept_as_text(plan: Plan) -> None:
    """And is the same afterwards; what a text does not say is as usual."""
    for one in (plan, dataclasses.replace(plan, quiet=NIGHT)):
        assert plan_of(plan_text(one)) == one
    assert plan_of("{}") == Plan()
