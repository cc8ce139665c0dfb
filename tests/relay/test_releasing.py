"""Campaigns at work without threads and with a clock of the test: networks, pace, quiet hours, ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.made import BEGIN
from tests.relay.store.test_campaigns import CLAIM, filled, told
from transcode.errors import TransportError
from transcode.relay import pacing
from transcode.relay.config import Config, Local
from transcode.relay.hops import Hop
from transcode.relay.judging import Judge
from transcode.relay.model import Delivery, Envelope, Event, Route, State
from transcode.relay.outlets.outlet import Outcome
from transcode.relay.releasing import Releasing
from transcode.relay.resolving import Resolving
from transcode.relay.retention import DAY
from transcode.relay.route import Router
from transcode.relay.store import SqliteStore, campaigns, recipients
from transcode.relay.store.campaigns import Action
from transcode.relay.store.keys import campaign_rate, make_key
from transcode.relay.store.recipients import Row
from transcode.relay.worker import Worker
from transcode.relay.zones import Quiet

CONFIG = Config(local=(Local(("+1555",), "us-tmobile"), Local(mccmnc=("262001",), network="us-att")))
ROWS = tuple(Row(f"+1555{number:07}") for number in range(40))


class Asked:
    """A resolver that answers when it is told to."""

    longest = 1.0

    def __init__(self) -> None:
        self.is_there = False
        self.questions = 0

    def resolve(self, number: str) -> str:
        self.questions += 1
        if not self.is_there:
            raise TransportError("resolver", "no answer", temporary=True)
        return "262001" if number.endswith("1") else ""


class Desk:
    """A campaign's work, and its clock."""

    def __init__(self, store: SqliteStore, resolver: Asked | None = None) -> None:
        self.store, self.now = store, BEGIN
        #: The message, the networks, and how many were released before.
        self.prepared: list[tuple[str, set[str], int]] = []
        router = Router(CONFIG.hops, ("+49",) if resolver else ())
        judge = Judge(CONFIG, store, router, resolver, lambda: self.now)  # type: ignore[arg-type]
        resolving = Resolving(lines=2, keep_seconds=60.0, campaign_seconds=90.0)
        self.work = Releasing(
            store,
            judge,
            resolver,  # type: ignore[arg-type]
            resolving,
            lambda: self.now,
            per_second=1000.0,
            prepare=self._prepare,
        )

    def _prepare(self, envelope: Envelope, kinds: Mapping[pacing.Kind, str]) -> None:
        self.prepared.append((envelope.id, {kind.carrier for kind in kinds}, len(self.store.deliveries())))

    def pass_by(self, seconds: float, step: float = 0.125) -> int:
        """Work until some seconds are over; how many recipients are released afterwards."""
        end = self.now + seconds
        while self.now < end:
            while self.work.sort():
                pass
            self.work.release()
            self.now += step
        return len(self.store.deliveries())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    # The clock is the test's.
    monkeypatch.setattr("transcode.relay.releasing.time.sleep", lambda _: None)
    with closing(SqliteStore(tmp_path / "relay.db")) as made:
        yield made


def begun(store: SqliteStore, *rows: Row, plan: pacing.Plan | None = None, **values: object) -> str:
    name = filled(store, *rows, plan=pacing.plan_text(plan or pacing.Plan()), **values)
    campaigns.set_state(store, name, Action.START, BEGIN)
    return name


def test_the_pace(store: SqliteStore) -> None:
    """As many a second as the plan says, and fewer in a warm-up."""
    desk = Desk(store)
    name = begun(store, *ROWS, plan=pacing.Plan(per_second=8.0, warm_up=(pacing.Step(4, 2.0),)))
    assert 3 <= desk.pass_by(2.0) <= 5
    # Before the first one is released, what phones will ask for is made.
    assert desk.prepared[0] == (name, {"us-tmobile"}, 0)
    assert 18 <= desk.pass_by(2.0) <= 22
    assert desk.pass_by(5.0) == 40
    for one in store.deliveries(name):
        store.apply(one.id, Event.PUSH_ACCEPTED, at=desk.now).result()
    desk.pass_by(2.0)
    assert campaigns.campaign(store, name)[2] == "completed"  # type: ignore[index]


def test_campaigns_of_one_key_share_its_rate(store: SqliteStore) -> None:
    """Together they are no faster than the key may be; those of another key have their own."""
    key, _ = make_key(
        store, "shop", scopes=["campaigns:write"], senders=["+1"], now=BEGIN, campaign_per_second=20.0
    )
    names = [
        begun(
            store,
            *(Row(f"+1555{place}{number:06}") for number in range(400)),
            plan=pacing.Plan(per_second=18.0),
            number=place,
            claim=CLAIM._replace(name=f"c{place}"),
        )
        for place in range(3)
    ]
    # Two are of the key, and one is of another one.
    store.write(lambda one: one.execute("UPDATE campaign SET key=? WHERE id<>?", (key.id, names[2]))).result()
    Desk(store).pass_by(10.0)
    first, second, other = (len(store.deliveries(name)) for name in names)
    assert 190 <= first + second <= 220
    assert min(first, second) > 60
    assert 170 <= other <= 190


def test_a_step_reads_the_rate_of_its_key_once(store: SqliteStore) -> None:
    desk = Desk(store)
    begun(store, *ROWS, plan=pacing.Plan(per_second=8.0))
    while desk.work.sort():
        pass
    with mock.patch("transcode.relay.releasing.campaign_rate", wraps=campaign_rate) as read:
        desk.work.release()
    assert store.deliveries()
    assert read.call_count == 1


def test_quiet_hours(store: SqliteStore) -> None:
    """Nobody is written to before they end where the recipient is."""
    minute = int(BEGIN % 86_400 // 60)
    plan = pacing.Plan(per_second=100.0, quiet=Quiet(minute - 60, minute + 60))
    begun(store, Row("+15550000001", zone="Etc/UTC"), Row("+15550000002", zone="Etc/GMT+5"), plan=plan)
    assert desk_of(store, 10.0) == ["+15550000002"]
    assert desk_of(store, 10.0, after=3590.0) == ["+15550000001", "+15550000002"]


def desk_of(store: SqliteStore, seconds: float, after: float = 0.0) -> list[str]:
    """Who is released some time later."""
    desk = Desk(store)
    desk.now += after
    desk.pass_by(seconds, 1.0)
    return sorted(one.recipient for one in store.deliveries())


def test_a_campaign_that_fails_stops_no_other(store: SqliteStore) -> None:
    """It is tried again later, whether its recipients are sorted or released."""
    desk = Desk(store)
    broken = begun(store, Row("+15550000001"))
    store.write(lambda one: one.execute("UPDATE campaign SET plan='{'")).result()
    begun(store, Row("+15550000002"), number=1, claim=CLAIM._replace(name="other"))
    assert desk.pass_by(2.0) == 1
    store.write(lambda one: one.execute("UPDATE campaign SET plan='{}' WHERE id=?", (broken,))).result()
    assert desk.pass_by(70.0, 1.0) == 2


def test_what_waits_holds_the_rest(store: SqliteStore) -> None:
    """Where nobody takes what was released, no more is than some hundreds: a pause finds the rest."""
    rows = (Row(f"+1555{number:07}") for number in range(400))
    desk = Desk(store)
    name = begun(store, *rows, plan=pacing.Plan(per_second=100.0))
    held = desk.pass_by(5.0, 0.25)
    assert 200 <= held < 300
    for one in store.deliveries(name):
        store.apply(one.id, Event.PUSH_ACCEPTED, at=desk.now).result()
    assert desk.pass_by(1.0) > held


def test_a_resolver_that_is_silent(store: SqliteStore) -> None:
    """It is asked again, and then says where the number is; what it does not know goes nowhere."""
    resolver = Asked()
    desk = Desk(store, resolver)
    name = begun(store, Row("+4915100001"), Row("+4915100002"))
    assert desk.pass_by(2.0) == 0
    resolver.is_there = True
    assert desk.pass_by(10.0) == 0
    assert desk.pass_by(30.0, 1.0) == 1
    assert told(store, name) == {"sending": 1, "failed unroutable": 1}
    assert {one.carrier for one in campaigns.counts(store, name) if one.status == "sending"} == {"us-att"}
    desk.work.close()


def test_a_resolver_that_never_answers(store: SqliteStore) -> None:
    """Some time after the start, numbers go where they would without it; of many few are asked for."""
    resolver = Asked()
    desk = Desk(store, resolver)
    hops = (*CONFIG.hops, Hop(Route.LOCAL, network="us-att", prefixes=("+49",)))
    desk.work._judge._router = Router(hops, ("+49", "+43"))
    rows = [Row("+436641234"), *(Row(f"+49301234{number}") for number in range(30))]
    name = begun(store, *rows, start_at=BEGIN + 60)
    desk.now += 60.0
    assert desk.pass_by(80.0, 10.0) == 0
    assert resolver.questions <= 3 * (5 + 2)
    assert desk.pass_by(40.0, 1.0) == 30
    assert told(store, name) == {"sending": 30, "failed unroutable": 1}
    (lost,) = recipients.listed(store, name, status="failed", most=9)
    assert lost.detail.startswith("no route serves the address (the resolver gave no answer")
    desk.work.close()


def test_an_end_that_is_set(store: SqliteStore) -> None:
    """Who was not written to until expires_at is given up; before start_at nobody is."""
    desk = Desk(store)
    plan = pacing.Plan(per_second=4.0)
    name = begun(store, *ROWS, plan=plan, start_at=BEGIN + 5, expires_at=BEGIN + 10)
    assert desk.pass_by(4.5) == 0
    released = desk.pass_by(20.0)
    assert 16 <= released <= 22
    assert told(store, name) == {"sending": released, "failed expired": 40 - released}
    assert {one.expires_at for one in store.deliveries()} == {BEGIN + 10}
    assert len(recipients.listed(store, name, status="failed", most=99)) == 40 - released


def test_an_end_in_a_pause(store: SqliteStore) -> None:
    """What is paused at expires_at ends as well: who was not written to, and what nobody took."""
    desk = Desk(store)
    name = begun(store, *ROWS, plan=pacing.Plan(per_second=4.0), expires_at=BEGIN + 10)
    released = desk.pass_by(2.0)
    campaigns.set_state(store, name, Action.PAUSE, desk.now)
    assert desk.pass_by(7.0) == released
    assert told(store, name) == {"sending": released, "queued": 40 - released}
    store.ring(now=BEGIN + 10).result()
    assert desk.pass_by(5.0) == released
    assert told(store, name) == {"undelivered expired": released, "failed expired": 40 - released}
    assert campaigns.campaign(store, name)[2] == "completed"  # type: ignore[index]
    assert store.select("SELECT count(*) FROM held") == [(0,)]


def test_a_pause_that_is_forgotten(store: SqliteStore) -> None:
    """It ends some time after it began, however old the campaign is."""
    desk = Desk(store)
    name = begun(store, *ROWS, plan=pacing.Plan(per_second=4.0), validity=1e9)
    desk.now += 100 * DAY
    desk.pass_by(2.0)

    def tidied() -> int:
        return store.write(partial(recipients.tidy, now=desk.now, kept=30 * DAY, most=99)).result()

    campaigns.set_state(store, name, Action.PAUSE, desk.now)
    desk.now += 29.9 * DAY
    assert tidied() == 0
    campaigns.set_state(store, name, Action.RESUME, desk.now)
    campaigns.set_state(store, name, Action.PAUSE, desk.now)
    desk.now += 29.9 * DAY
    assert tidied() == 0
    desk.now += DAY
    assert tidied() == 1
    desk.pass_by(5.0)
    assert told(store, name) == {"canceled canceled": 40}
    (state, ended) = store.select("SELECT state, message.ended_at FROM campaign JOIN message USING (id)")[0]
    assert (state, ended is None) == ("canceled", False)


class Phones:
    """Phones whose SMSC is not there until it is told to be."""

    route, peer, lines, together, longest = Route.LOCAL, "", 1, 50, 1.0

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.outcome = Outcome(Event.ATTEMPT_FAILED, "no answer")

    def attempt(self, deliveries: Sequence[Delivery], _: Envelope) -> Sequence[Outcome]:
        self.asked += [one.recipient for one in deliveries]
        return [self.outcome] * len(deliveries)

    def close(self) -> None:
        """Do nothing."""


def attempted(desk: Desk, phones: Phones) -> list[str]:
    """Whom a worker that was just started sends something."""
    worker = Worker(desk.store, mock.Mock(), mock.Mock(lines=1), [], [], lambda: desk.now)
    phones.asked.clear()
    assert [worker.attempt(phones) for _ in range(3)][-1] is False
    return sorted(phones.asked)


def test_attempts_in_quiet_hours(store: SqliteStore) -> None:
    """What failed by day is not tried at night, but in the morning, and it costs no attempt."""
    minute = int(BEGIN % 86_400 // 60)
    plan = pacing.Plan(quiet=Quiet(minute + 2, minute + 62))
    rows = Row("+15550000001", zone="Etc/UTC"), Row("+15550000002", zone="Etc/GMT+5")
    name = begun(store, *rows, plan=plan, validity=1e5)
    desk, phones = Desk(store), Phones()
    assert desk.pass_by(2.0) == 2
    assert attempted(desk, phones) == ["+15550000001", "+15550000002"]
    desk.now += 600.0
    phones.outcome = Outcome(Event.PUSH_ACCEPTED)
    assert attempted(desk, phones) == ["+15550000002"]
    asleep = store.delivery_to(name, "+15550000001")
    assert asleep is not None
    assert (asleep.state, asleep.attempts, asleep.lease_until) == (State.PENDING, 1, None)
    desk.now += 600.0
    assert attempted(desk, phones) == []
    assert [line.event for line in store.trail(asleep.id)][-2:] == [Event.ATTEMPT_FAILED, Event.QUIET]
    desk.now = BEGIN - BEGIN % 60 + 62 * 60
    assert attempted(desk, phones) == ["+15550000001"]
