"""What is given up as time passes."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven, inconsistent
from transcode.relay.device import Device
from transcode.relay.metrics import REGISTRY
from transcode.relay.model import Event, Route, State, Told
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.retention import DAY, Retention
from transcode.relay.store import FolderBlobs, tidying
from transcode.relay.store.devices import give, keep_device, seen_device
from transcode.relay.store.operations import events
from transcode.relay.store.ownership import Ownership
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.store.tidying import Tidier
from transcode.relay.timers import Timers

WORDS = Pseudonyms(bytes(32))
TO = tuple(f"+4915550000{digit}" for digit in range(5))


@pytest.fixture
def blobs(store: SqlStore, tmp_path: Path) -> FolderBlobs:
    made = FolderBlobs(tmp_path / "blobs")
    Ownership(store, made).claim()
    return made


@pytest.fixture
def tidier(store: SqlStore, blobs: FolderBlobs) -> Tidier:
    return Tidier(store, blobs, Retention(), WORDS, Timers())


def ended(store: SqlStore, number: int, **values: object) -> str:
    """A message to five that was cancelled at BEGIN, for a reason with a number."""
    for delivery in accepted(store, number, to=TO, subject="for you", **values):
        store.apply(delivery.id, Event.CANCEL, at=BEGIN, detail=f"by {TO[0]}").result()
    return envelope(number).id


def tidied(tidier: Tidier, day: float) -> int:
    """Tidy at a day after BEGIN until nothing is left; the number of steps that had something to do."""
    steps = 0
    while tidier.step(BEGIN + day * DAY):
        steps += 1
        assert steps < 100
    return steps


def test_subject_numbers_and_rows_go_in_this_order(store: SqlStore, tidier: Tidier, tmp_path: Path) -> None:
    """After a day, thirty days and ninety days from the end; until then a step finds nothing."""
    message = ended(store, 1)
    open_one = accepted(store, 2, to=TO, subject="open")[0].message
    assert tidied(tidier, 0.99) == 0
    assert store.envelope(message).subject == "for you"
    assert tidied(tidier, 1) == 1
    assert store.envelope(message).subject == ""
    assert tidied(tidier, 29.99) == 0
    assert store.envelope(message).sender == envelope(1).sender
    assert tidied(tidier, 30) == 1
    kept = store.envelope(message)
    assert kept.sender == WORDS.word(envelope(1).sender)
    assert (kept.delivery_report, kept.read_report) == (False, False)
    assert {one.recipient for one in store.deliveries(message)} == set(map(WORDS.word, TO))
    assert {one.detail for one in store.trail(1)} == {"", f"by {WORDS.word(TO[0])}"}
    assert tidied(tidier, 89.99) == 0
    assert len(list(events(store))) == 15
    assert tidied(tidier, 90) == 1
    assert store.deliveries(message) == []
    assert {one.message for one in events(store)} == {open_one}
    with pytest.raises(LookupError):
        store.envelope(message)
    # What is open names its numbers, however old it is.
    assert store.envelope(open_one).subject == "open"
    assert inconsistent(store) == []


def test_a_campaign_goes_in_small_steps(store: SqlStore, tidier: Tidier) -> None:
    """Two recipients a step; rows agree after each."""
    ended(store, 1)
    ended(store, 2)
    with mock.patch.object(tidying, "_MOST", 2):
        for day, steps in ((1, 1), (30, 6), (90, 6)):
            assert tidied(tidier, day) == steps
            assert inconsistent(store) == []
    for table in ("message", "delivery", "event", "report", "adapted", "garbage"):
        assert store.select(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_phone_that_is_not_seen_is_forgotten(store: SqlStore, tidier: Tidier) -> None:
    """It is known as long as numbers are kept after the last message; one that comes again is known again."""
    for number, day in (("+1", 0), ("+2", 1)):
        keep_device(store, number, Device(agent="phone"), BEGIN + day * DAY).result()
    assert tidied(tidier, 29.99) == 0
    assert tidied(tidier, 30) == 1
    assert seen_device(store, "+1") is None
    assert seen_device(store, "+2") is not None
    keep_device(store, "+1", Device(agent="phone"), BEGIN + 40 * DAY).result()
    assert tidied(tidier, 40) == 1
    assert seen_device(store, "+1") is not None


def test_what_was_given_goes_with_its_delivery(store: SqlStore, tidier: Tidier) -> None:
    """Nothing is left, and nothing in the way."""
    for delivery in accepted(store, 1):
        give(store, delivery.id, "tag").result()
        store.apply(delivery.id, Event.CANCEL, at=BEGIN).result()
    assert tidied(tidier, 90) > 0
    assert store.select("SELECT count(*) FROM given") == [(0,)]


def test_a_report_that_is_due_keeps_the_number_that_it_goes_to(store: SqlStore, tidier: Tidier) -> None:
    """Its sender is told first."""
    (one,) = accepted(store, 1)
    store.apply(one.id, Event.EXPIRE, at=BEGIN).result()
    assert tidied(tidier, 30) == 0
    told = store.take_report("", now=BEGIN, lease=1).result()
    assert told is not None
    store.reported(told, Told.TAKEN, at=BEGIN).result()
    assert tidied(tidier, 30) == 1
    # A phone that acknowledges so late is believed, and nobody is told.
    store.apply(one.id, Event.ACKNOWLEDGED, at=BEGIN).result()
    assert store.take_report("", now=BEGIN + 1, lease=1).result() is None
    assert tidied(tidier, 90) == 1


def test_a_centre_that_is_configured_no_longer(store: SqlStore, blobs: FolderBlobs) -> None:
    """A message that waits for it looks for another route, and its reports keep no octets for ever."""
    tidier = Tidier(store, blobs, Retention(), WORDS, Timers(), {(Route.LOCAL, "")})
    name = blobs.put(b"octets")
    (told,) = accepted(store, 1, blob=name, peer="b")
    store.apply(told.id, Event.EXPIRE, at=BEGIN).result()
    (waits,) = accepted(store, 2)
    driven(store, waits, verdict=Verdict(Event.ROUTED, Route.PEER, "b"))
    assert tidied(tidier, 1) == 1
    last = store.trail(waits.id)[-1]
    assert (last.after, last.event) == (State.ACCEPTED, Event.HOP_GONE)
    assert tidied(tidier, 30.9) == 0
    assert blobs.exists(name)
    assert tidied(tidier, 31) > 0
    assert not blobs.exists(name)
    last = store.trail(told.id)[-1]
    assert (last.event, last.detail) == (Event.REPORT_GIVEN_UP, "Expired: too old (b)")


def lost(blobs: FolderBlobs, octets: bytes, day: float) -> tuple[str, float]:
    """Octets that were put at a day, without a row; and a later day whose first step finds them."""
    name = blobs.put(octets)
    os.utime(blobs.path(name), (BEGIN + day * DAY,) * 2)
    # A step looks at one shelf, and the first one is that of the minute.
    minute = (BEGIN + (day + 1.1) * DAY) // 60
    minute += (int(name[:2], 16) - 1 - minute) % 256
    return name, (minute * 60 - BEGIN) / DAY


def test_octets_of_no_message(store: SqlStore, blobs: FolderBlobs, caplog: pytest.LogCaptureFixture) -> None:
    """They go when no row named them for a day; they are counted, and the log says so."""
    name, day = lost(blobs, b"octets", 0)
    before = REGISTRY.get_sample_value("transcode_relay_orphans_total") or 0
    assert tidied(Tidier(store, blobs, Retention(), WORDS, Timers()), day) == 1
    assert not blobs.exists(name)
    assert REGISTRY.get_sample_value("transcode_relay_orphans_total") == before + 1
    assert [record.getMessage() for record in caplog.records] == [
        "octets of no message: 1, which are deleted"
    ]


def test_all_shelves_are_looked_at(tidier: Tidier) -> None:
    with mock.patch.object(tidying, "give_up_orphans", return_value=0) as give_up:
        for _ in range(300):
            tidier._orphans(BEGIN)
    assert {call.kwargs["shelf"] for call in give_up.call_args_list[:256]} == set(range(256))


def test_names_that_are_not_read(store: SqlStore, tidier: Tidier, caplog: pytest.LogCaptureFixture) -> None:
    """The right to list a bucket may be missing: that is said once, and all else is done."""
    ended(store, 1)
    with mock.patch.object(FolderBlobs, "old", side_effect=OSError("403 Forbidden")):
        assert tidied(tidier, 1) == 1
        assert tidied(tidier, 2) == 0
    (said,) = (record for record in caplog.records if record.name == tidying.__name__)
    assert said.getMessage() == "octets of no message are not looked for: 403 Forbidden"


def test_at_once(store: SqlStore, blobs: FolderBlobs) -> None:
    """Without days of grace, what is given up goes as a whole."""
    ended(store, 1)
    tidier = Tidier(store, blobs, Retention(0, 0), WORDS, Timers())
    tidied(tidier, 1)
    assert store.deliveries() == []
