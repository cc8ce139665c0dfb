"""What a campaign will take: whom it reaches, when, and with how many octets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.test_campaigns import filled, released
from transcode.jobs.isolated import JobLost
from transcode.relay.estimate import reckoning
from transcode.relay.estimate.reckoning import Carrier, Estimate, estimate, groups
from transcode.relay.estimate.versions import Versions
from transcode.relay.model import Envelope
from transcode.relay.pacing import Group, Kind, Plan, plan_text
from transcode.relay.store import campaigns, recipients
from transcode.relay.store.audience import Alike
from transcode.relay.store.campaigns import Action
from transcode.relay.store.recipients import Row, Sorted
from transcode.relay.store.sqlite import SqliteStore, SqlStore
from transcode.relay.zones import Quiet

SIZES = {"us-att": 600_000, "us-verizon": 1_000_000}
HOUR = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as made:
        yield made


class _Versions(Versions):
    """Stands for what makes versions: some are there, one takes for ever, and one can't be."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str]] = []

    def limit(self, hop: str, carrier: str) -> int | None:
        return SIZES.get(carrier) if hop == "local" else None

    def begin(self, envelope: Envelope, hop: str, carrier: str) -> Future[str]:
        self.begun.append((envelope.id, hop, carrier))
        future: Future[str] = Future()
        if carrier == "broken":
            future.set_exception(JobLost("died"))
        elif carrier != "slow":
            future.set_result(carrier)
        return future

    def size(self, name: str) -> int:
        return SIZES.get(name, 1_000) - 10


def estimated(store: SqlStore, name: str, versions: _Versions, now: float = BEGIN) -> Estimate:
    campaign = campaigns.campaign(store, name)
    assert campaign is not None
    return estimate(store, versions, campaign, now=now, seconds=0.01)


def draft(store: SqlStore, *found: Sorted, plan: Plan | None = None, zone: str = "") -> str:
    """A campaign that waits for its start, whose recipients are looked up as far as they are named."""
    rows = [Row(f"+4915112345{number:03}", zone=zone) for number in range(1, len(found) + 1)]
    rows += [Row("+49151", reason="invalid"), Row("+4915112345001")]
    name = filled(store, *rows, plan=plan_text(plan or Plan(per_second=1.0)))
    looked_up = [one._replace(number=place) for place, one in enumerate(found, 1) if one.hop or one.reason]
    store.write(lambda one: recipients.sort(one, name, looked_up, BEGIN)).result()
    return name


def test_an_estimate(store: SqlStore) -> None:
    """Messages, octets, time, and who gets nothing, and why; of each network the version is made once."""
    versions = _Versions()
    name = draft(
        store,
        *[Sorted(0, "local", "us-att")] * 3,
        *[Sorted(0, "local", "us-verizon")] * 2,
        Sorted(0, "link", "local"),
        Sorted(0, reason="opted_out"),
    )
    found = estimated(store, name, versions)
    assert found.carriers == [
        Carrier("link", "local", 1, None, 0),
        Carrier("local", "us-att", 3, 600_000, 599_990),
        Carrier("local", "us-verizon", 2, 1_000_000, 999_990),
    ]
    assert (found.recipients, found.unsorted, found.octets) == (6, 0, 3 * 599_990 + 2 * 999_990)
    assert found.refused == {"invalid": 1, "duplicate": 1, "opted_out": 1}
    assert found.begins_at == BEGIN
    assert found.ends_at == pytest.approx(BEGIN + 6, abs=2)
    assert versions.begun == [(name, "local", "us-att"), (name, "local", "us-verizon")]


def test_what_is_not_known_yet(store: SqlStore) -> None:
    """Who is not looked up, and versions that are not there, are said; they delay nobody."""
    name = draft(store, Sorted(0), Sorted(0, "local", "slow"), Sorted(0, "local", "broken"))
    found = estimated(store, name, _Versions())
    assert (found.recipients, found.unsorted, found.octets) == (3, 1, None)
    assert [(one.carrier, one.size, one.problem) for one in found.carriers] == [
        ("broken", None, "died"),
        ("slow", None, "it is being made"),
    ]


def test_what_is_left(store: SqlStore) -> None:
    """Of a campaign that runs, from now on; one that begins later begins then."""
    name = draft(store, *[Sorted(0, "local", "us-att")] * 5)
    campaigns.set_state(store, name, Action.START, BEGIN)
    assert released(store, name, 1, 2) == 2
    found = estimated(store, name, _Versions(), BEGIN + 100)
    assert (found.recipients, found.begins_at) == (3, BEGIN + 100)
    campaign = campaigns.campaign(store, name)
    assert campaign is not None
    later = estimate(store, _Versions(), campaign._replace(start_at=BEGIN + 500), now=BEGIN + 100)
    assert later.begins_at == BEGIN + 500


def test_quiet_hours_count(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 14:46:40 in Berlin: who does not go in 20 seconds goes the next day. A few numbers stand for all."""
    monkeypatch.setattr(reckoning, "_SAMPLES", 3)
    plan = Plan(per_second=0.25, quiet=Quiet(14 * 60 + 47, 14 * 60 + 46))
    found = estimated(store, draft(store, *[Sorted(0, "local", "us-att")] * 9, plan=plan), _Versions())
    assert found.ends_at == pytest.approx(BEGIN + 20 + 24 * HOUR - 60 + 16, abs=2)
    assert found.seconds == pytest.approx(36, abs=2)


def test_where_it_is_always_quiet(store: SqlStore) -> None:
    """Numbers of a country that is wide enough are written to by nobody, and are counted."""
    plan = Plan(quiet=Quiet(19 * 60, 9 * 60))
    name = filled(store, Row("+79161234567"), Row("+4915112345678"), plan=plan_text(plan))
    found = estimated(store, name, _Versions())
    assert (found.recipients, found.refused) == (1, {"quiet": 1})


def test_zones_of_rows_and_numbers() -> None:
    """A row's own zone counts; without one, numbers that were looked up stand for all of their network."""
    rows = [Alike("local", "us-att", "", 7), Alike("local", "us-att", "Asia/Tokyo", 2), Alike("", "", "", 1)]
    numbers = [("local", "us-att", "+4915112345678")] * 2 + [("local", "us-att", "+12125550123")]
    kind = Kind("local", "us-att")
    assert groups(rows, numbers) == {
        Group(kind, ("Europe/Berlin",)): 5,
        Group(kind, ("America/New_York",)): 2,
        Group(kind, ("Asia/Tokyo",)): 2,
        Group(Kind("", ""), ()): 1,
    }
