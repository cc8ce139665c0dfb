"""Campaigns delay nobody, and end all the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import CAMPAIGN_LANE, Event, Route
from transcode.relay.store.sqlite import SqliteStore, SqlStore

MANY = 100_000
LEASE = 10.0


def campaign(store: SqlStore, number: int, lane: str, size: int = 3) -> list[int]:
    """Route a campaign, and return its deliveries."""
    found = accepted(store, number, to=tuple(f"+{number}{n:05}" for n in range(size)), lane=lane)
    return [driven(store, one).id for one in found]


def person(store: SqlStore, number: int) -> int:
    (one,) = accepted(store, number, to=(f"+9{number}",))
    return driven(store, one).id


def taken(store: SqlStore, count: int, now: float = BEGIN) -> list[int]:
    """Take so many times; what is not found is left out."""
    takes = [store.take(Route.LOCAL, "", now=now, lease=LEASE) for _ in range(count)]
    return [found[0].id for found in (one.result() for one in takes) if found is not None]


def test_people_come_first(store: SqlStore) -> None:
    """Three of four takes are people's, and one is a campaign's, so that it ends if people never pause."""
    many = campaign(store, 1, "shop", 5)
    people = [person(store, number) for number in range(10, 20)]
    order = taken(store, 12)
    assert order == [
        *people[:3],
        many[0],
        *people[3:6],
        many[1],
        *people[6:9],
        many[2],
    ]
    # People have nothing more, so the campaign has every take.
    assert taken(store, 5) == [people[9], many[3], many[4]]


def test_a_lone_campaign_waits_for_nothing(store: SqlStore) -> None:
    assert taken(store, 4) == []
    many = campaign(store, 1, "shop", 5)
    assert taken(store, 6) == many


def test_campaigns_take_turns(store: SqlStore) -> None:
    """A short campaign does not wait for the end of a long one that came before it."""
    long = campaign(store, 1, "long", 4)
    short = campaign(store, 2, "a short one", 2)
    third = campaign(store, 3, "z", 1)
    assert taken(store, 8) == [short[0], long[0], third[0], short[1], long[1], long[2], long[3]]


def test_a_campaign_that_is_not_due_stands_in_nobodys_way(store: SqlStore) -> None:
    later = [campaign(store, number, f"lane {number:02}", 1)[0] for number in range(40)]
    for one in later:
        store.apply(one, Event.ATTEMPT_FAILED, at=BEGIN).result()
    (due,) = campaign(store, 50, "zz", 1)
    one = person(store, 51)
    # A take looks into some lanes, and the next one goes on behind them.
    assert sorted(taken(store, 5)) == sorted([due, one])


def test_campaigns_that_are_held_stand_in_nobodys_way(store: SqlStore) -> None:
    """However many they are: a take looks into some lanes, and the next one goes on behind them."""
    lanes = [f"{CAMPAIGN_LANE}{number:02}" for number in range(1, 41)]
    for number, lane in enumerate(lanes, 1):
        campaign(store, number, lane, 1)
    held = [(lane,) for lane in lanes[:-1]]
    store.write(lambda one: one.executemany("INSERT INTO held VALUES (?)", held)).result()
    assert len(taken(store, 2)) == 1


def test_a_lease_that_ended_is_taken_again(store: SqlStore) -> None:
    many = campaign(store, 1, "shop", 2)
    assert taken(store, 3) == many
    assert taken(store, 3, BEGIN + LEASE - 0.1) == []
    assert taken(store, 3, BEGIN + LEASE) == many


def test_each_next_hop_has_turns_of_its_own(store: SqlStore) -> None:
    for number in (1, 2):
        accepted(store, number, to=("+1",), lane="shop" if number == 1 else "")
    found = [store.take(None, "", now=BEGIN, lease=LEASE).result() for _ in range(3)]
    assert [one and one[1].lane for one in found] == ["", "shop", None]


def multiplied(path: Path, number: int) -> None:
    """Copy a delivery 100,000 times by one statement; each second copy is leased."""
    connection = sqlite3.connect(path)
    with connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(delivery)")]
        changed = {
            "id": "n",
            "recipient": "'+2' || n",
            "notification_id": "'n' || n",
            "token": "'t' || n",
            "lease_until": f"CASE WHEN n % 2 THEN {BEGIN + LEASE} END",
        }
        connection.execute(
            f"WITH RECURSIVE counted (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM counted LIMIT {MANY})"
            f" INSERT INTO delivery SELECT {', '.join(changed.get(name, name) for name in names)}"
            f" FROM counted JOIN delivery ON delivery.id={number}"
        )
    connection.close()


def test_one_person_behind_a_campaign(file: SqliteStore, tmp_path: Path) -> None:
    """100,000 recipients wait, half of them with a worker: the person's message is in the next take.

    The database does as few steps for it as among few, but for the depth of its tree.
    """
    multiplied(tmp_path / "relay.db", campaign(file, 1, "shop", 1)[0])
    assert len(taken(file, 1)) == 1
    one = person(file, 5)
    steps = []
    connection = file._writer._connection
    assert isinstance(connection, sqlite3.Connection)
    connection.set_progress_handler(lambda: steps.append(1), 1)
    assert taken(file, 1) == [one]
    few = len(steps)
    assert len(taken(file, 1)) == 1
    connection.set_progress_handler(None, 0)
    assert few < 1000
    assert len(steps) - few < 1000


def test_the_lane_of_a_message(store: SqlStore) -> None:
    wanted = envelope(1, lane="shop")
    store.accept(wanted, ["+1"]).result()
    assert store.envelope(wanted.id).lane == "shop"
    assert [one.lane for one in store.deliveries(wanted.id)] == ["shop"]
