"""Mails of other centres that come again, ids of mails that go out, and answers that are owed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay.made import BEGIN, envelope
from tests.relay.store.routed import accepted, driven, inconsistent
from transcode.relay.model import Event, Route, State
from transcode.relay.store import FolderBlobs
from transcode.relay.store.mails import Answer, end_answer, put_answer, take_answer, write_transaction
from transcode.relay.store.rows import Verdict
from transcode.relay.store.sqlite import SqlStore

PEER = Verdict(Event.ROUTED, Route.PEER, "b")
MAIL: dict[str, Any] = {"form": "mm4", "peer": "b", "peer_message_id": "theirs"}


def test_the_same_mail_with_other_octets(store: SqlStore) -> None:
    """A server on the way added a line. Nobody gets the message twice, and new recipients get it."""
    (first,) = accepted(store, 1, **MAIL)
    again = store.accept(envelope(2, **MAIL, received_at=BEGIN + 5), ["+1", "+2"]).result()
    assert again[:2] == (first.message, False)
    assert [one.recipient for one in store.deliveries()] == ["+2", "+1"]
    assert store.deliveries()[0].message == first.message
    assert store.accept(envelope(3, **MAIL), ["+2"]).result()[:2] == (first.message, False)
    assert len(store.deliveries()) == 2
    assert inconsistent(store) == []


def test_a_message_that_ended_and_gets_another_recipient(store: SqlStore) -> None:
    (first,) = accepted(store, 1, **MAIL)
    store.apply(first.id, Event.CANCEL, at=BEGIN).result()
    store.accept(envelope(2, **MAIL), ["+2"]).result()
    assert store.retire(now=BEGIN + 1e7).result() == 0
    assert inconsistent(store) == []


def test_octets_that_are_kept_no_longer(store: SqlStore) -> None:
    """A recipient who comes late gets the message from the mail that came again."""
    (first,) = accepted(store, 1, **MAIL)
    store.apply(first.id, Event.CANCEL, at=BEGIN).result()
    store.retire(now=BEGIN + 1e6).result()
    assert store.accept(envelope(2, **MAIL), ["+1"]).result()[:2] == (first.message, False)
    assert store.accept(envelope(3, **MAIL), ["+1", "+2"]).result()[:2] == (envelope(3).id, True)
    assert inconsistent(store) == []


@pytest.mark.parametrize(
    "other", [{"peer": "c"}, {"sender": "+9"}, {"peer_message_id": "another"}, {"received_at": BEGIN + 1e6}]
)
def test_another_message(store: SqlStore, other: dict[str, object]) -> None:
    """A mail of another centre, from another sender, or from long after is another message."""
    accepted(store, 1, **MAIL)
    values = {**MAIL, **other}
    assert store.accept(envelope(1, id="f" * 32, **values), ["+1"]).result()[:2] == ("f" * 32, True)


def test_octets_of_what_came_again_are_not_kept(store: SqlStore, blobs: FolderBlobs) -> None:
    names = [blobs.put(octets) for octets in (b"first", b"second")]
    for number, name in enumerate(names):
        accepted(store, number, **MAIL, blob=name)
    assert store.sweep(blobs).result() == 1
    assert [blobs.path(name).exists() for name in names] == [True, False]


def test_a_mail_that_is_repeated_has_the_same_recipients(store: SqlStore) -> None:
    """Those of another mail, or of none, wait for their own."""
    deliveries = accepted(store, to=("+1", "+2", "+3", "+4"))
    for number, one in enumerate(deliveries):
        driven(store, one, verdict=PEER, at=BEGIN + number)
    mailed = [one.id for one in deliveries if one.recipient in ("+1", "+3")]
    store.write(lambda connection: write_transaction(connection, mailed, "T")).result()
    taken = store.take(Route.PEER, "b", now=BEGIN + 9, lease=9).result()
    assert taken is not None
    first, _ = taken
    assert (first.recipient, first.transaction_id) == ("+1", "T")
    more = store.take_more(first, 9, now=BEGIN + 9, lease=9).result()
    assert [one.recipient for one in more] == ["+3"]
    again = store.apply(first.id, Event.MAIL_ACCEPTED, at=BEGIN).result()
    assert again.transaction_id == "T"
    again = store.apply(first.id, Event.REQUEUE, at=BEGIN).result()
    assert (again.state, again.transaction_id) == (State.ACCEPTED, "")


def put(store: SqlStore, peer: str = "b", name: str = "T Ok", at: float = BEGIN) -> None:
    store.write(
        lambda connection: put_answer(
            connection, peer=peer, name=name, recipient="system@b.example", mail="mail", at=at
        )
    ).result()


def taken(store: SqlStore, peer: str = "b", at: float = BEGIN) -> Answer | None:
    return store.write(lambda connection: take_answer(connection, peer, at, 60)).result()


def ended(store: SqlStore, answer: Answer, again_at: float | None = None) -> None:
    store.write(lambda connection: end_answer(connection, answer, again_at)).result()


def test_answers(store: SqlStore) -> None:
    """Each is leased, tried again when its time comes, and gone when it was sent."""
    put(store)
    put(store, peer="c")
    found = taken(store)
    assert found is not None
    assert found[1:] == ("system@b.example", "mail", BEGIN, 0, BEGIN + 60)
    assert taken(store) is None
    ended(store, found, again_at=BEGIN + 10)
    assert taken(store, at=BEGIN + 9) is None
    again = taken(store, at=BEGIN + 10)
    assert again is not None
    assert again.attempts == 1
    ended(store, again)
    assert taken(store, at=BEGIN + 1e6) is None
    assert taken(store, peer="c") is not None


def test_an_answer_that_is_asked_for_again(store: SqlStore) -> None:
    """While it is sent, the request comes again: it is sent again. Two of them are one."""
    put(store)
    put(store)
    found = taken(store)
    assert found is not None
    put(store, at=BEGIN + 1)
    ended(store, found)
    again = taken(store, at=BEGIN + 1)
    assert again is not None
    ended(store, again)
    assert taken(store, at=BEGIN + 1e6) is None


def test_a_worker_that_dies_gives_its_answer_back(store: SqlStore) -> None:
    """One that was slow alone does not have it sent a third time."""
    put(store)
    slow = taken(store)
    assert slow is not None
    assert taken(store, at=BEGIN + 60) is not None
    ended(store, slow, again_at=BEGIN + 61)
    assert taken(store, at=BEGIN + 62) is None
    assert taken(store, at=BEGIN + 120) is not None
