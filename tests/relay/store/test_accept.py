"""Messages that the store accepts, and those that it has already."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.postgres import TAKEN
from tests.relay.store.routed import accepted, inconsistent
from transcode.relay.model import Event, State
from transcode.relay.store import SqliteStore
from transcode.relay.store.rows import Accepted
from transcode.relay.store.sqlite import SqlStore
from transcode.relay.timers import Timers


def test_accept(store: SqlStore, tmp_path: Path) -> None:
    """A message has one delivery for each recipient, due at once, with secrets of its own."""
    wanted = envelope(
        7, deliver_at=BEGIN + 9, subject="Grüße", hidden=True, peer="b", peer_message_id="x", fingerprint="f"
    )
    made = store.accept(wanted, ["+1", "+2", "+1", "a@example.org"], trail="by MM4").result()
    assert made == Accepted(wanted.id, is_new=True)
    assert store.envelope(wanted.id) == wanted
    found = store.deliveries(wanted.id)[::-1]
    assert [one.recipient for one in found] == ["+1", "+2", "a@example.org"]
    assert len({one.token for one in found} | {one.notification_id for one in found}) == 6
    assert all(len(one.token) == 22 and len(one.notification_id) == 16 for one in found)
    for one in found:
        assert (one.state, one.route, one.due, one.due_event) == (State.ACCEPTED, None, BEGIN, None)
        assert (one.deliver_at, one.expires_at, one.changed_at) == (BEGIN + 9, END, BEGIN)
        assert store.delivery(token=one.token) == store.delivery(number=one.id) == one
        assert store.delivery(notification_id=one.notification_id) == one
        assert store.delivery_to(wanted.id, one.recipient) == one
        (first,) = store.trail(one.id)
        assert (first.at, first.before, first.after) == (BEGIN, State.ACCEPTED, State.ACCEPTED)
        assert (first.event, first.detail) == ("accepted", "by MM4")
    assert store.counts()[State.ACCEPTED] == 3
    assert inconsistent(store) == []


def test_nothing_is_there(store: SqlStore) -> None:
    assert store.delivery(token="t") is None
    assert store.delivery() is None
    assert store.delivery_to("m", "+1") is None
    assert store.deliveries() == []
    assert store.trail(1) == []
    assert store.subscriber("+1") is None
    assert store.adapted("m", "p") is None
    with pytest.raises(LookupError, match="no message m"):
        store.envelope("m")


def test_nobody(store: SqlStore) -> None:
    """A message to nobody would never end."""
    with pytest.raises(ValueError, match="at least one recipient"):
        store.accept(envelope(), [])


@pytest.mark.parametrize("threads", [8])
def test_same_submission_at_once(store: SqlStore, tmp_path: Path, threads: int) -> None:
    """A phone that sends again while the centre still works gets one Message-ID, and so does everybody."""

    def send(number: int) -> tuple[str, bool]:
        copy = envelope(3, id=f"{number:032x}", received_at=BEGIN + number % 5)
        made = store.accept(copy, ["+1", "+2"]).result()
        return made.id, made.is_new

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(send, range(1, 201)))
    assert len({message for message, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    assert len(store.deliveries()) == 2
    assert inconsistent(store) == []


def test_same_submission_in_two_processes(store: SqlStore, again: Callable[[], SqlStore]) -> None:
    """Two stores of one database know each other's messages."""
    other = again()
    try:
        first = store.accept(envelope(1), ["+1"]).result()
        assert other.accept(envelope(1, id="b" * 32), ["+1"]).result() == Accepted(first.id, is_new=False)
    finally:
        other.close()


@pytest.mark.parametrize(
    "change",
    [
        {"peer": "b"},
        {"sender": "+15555550199"},
        {"form": "mm7"},
        {"transaction_id": "T2"},
        {"blob": "b" * 64},
        {"fingerprint": "f"},
        {"received_at": BEGIN + 3 * 86_400},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_submission(store: SqlStore, change: dict[str, Any]) -> None:
    """Who else uses the same ids, or the same one after days, sends another message."""
    store.accept(envelope(1), ["+1"]).result()
    made = store.accept(envelope(1, id="b" * 32, **change), ["+1"]).result()
    assert made == Accepted("b" * 32, is_new=True)
    assert len(store.deliveries(recipient="+1")) == 2


def test_other_octets_with_the_same_fingerprint(store: SqlStore) -> None:
    """A client that draws a new boundary for each try sends the same message."""
    first = store.accept(envelope(1, fingerprint="f"), ["+1"]).result()
    again = envelope(1, id="b" * 32, blob="b" * 64, fingerprint="f")
    made = store.accept(again, ["+1"]).result()
    assert (made.id, made.is_new) == (first.id, False)


def test_same_submission_within_days(store: SqlStore) -> None:
    """Seconds before the time is over it is still the same message, even if it ended."""
    (first,) = accepted(store, 1)
    store.apply(first.id, Event.CANCEL, at=BEGIN).result()
    again = envelope(1, id="b" * 32, received_at=BEGIN + 3 * 86_400 - 1)
    assert store.accept(again, ["+1"]).result() == Accepted(first.message, is_new=False)


def test_seconds_of_duplicates(tmp_path: Path) -> None:
    short = SqliteStore(tmp_path / "other.db", Timers(duplicate=10.0))
    try:
        short.accept(envelope(1), ["+1"]).result()
        assert not short.accept(envelope(1, id="b" * 32, received_at=BEGIN + 9), ["+1"]).result().is_new
        assert short.accept(envelope(1, id="c" * 32, received_at=BEGIN + 10), ["+1"]).result().is_new
    finally:
        short.close()


def test_id_that_is_there(store: SqlStore) -> None:
    """An id is not taken by a second message."""
    store.accept(envelope(1), ["+1"]).result()
    with pytest.raises(TAKEN, match=r"message\.id|message_pkey"):
        store.accept(envelope(2, id=envelope(1).id), ["+1"]).result()
