"""The rules between doors and store, where two things happen at once."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

import transcode
from tests.relay.made import BEGIN
from tests.relay.store.routed import accepted, driven
from tests.relay.store.test_changes import replaced
from transcode.messages.message import Message
from transcode.relay.centre import Centre, Origin
from transcode.relay.config import Config, Local, Policy
from transcode.relay.model import Event, State
from transcode.relay.numbers import Numbers
from transcode.relay.peers import Peer
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.route import Router
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.changes import Replacement
from transcode.relay.vasps import Vasp


def test_what_changed_since_the_phone_asked(tmp_path: Path) -> None:
    """The content that it gets is the one when it begins to fetch, and of a message that is gone nothing."""
    blobs = FolderBlobs(tmp_path / "blobs")
    old, new = blobs.put(b"old"), blobs.put(b"new")
    with contextlib.closing(SqliteStore(tmp_path / "relay.db")) as store:
        centre = Centre(Config(), store, blobs, Router([]), lambda: BEGIN)
        first, second = accepted(store, to=("+1", "+2"), blob=old)
        for one in (first, second):
            driven(store, one, Event.PUSH_ACCEPTED)
            asked = centre.asked(one.token)
            assert isinstance(asked, tuple)
            assert asked[1].blob == old
        replaced(store, first, Replacement(old, new, 3, False, None))
        begun = centre.begun(first, "phone")
        assert isinstance(begun, tuple)
        assert (begun[0].state, begun[1].blob) == (State.FETCHING, new)
        replaced(store, first, Replacement(new, old, 3, False, None))
        again = centre.begun(first, "phone")
        assert isinstance(again, tuple)
        assert again[1].blob == new
        store.apply(second.id, Event.CANCEL, at=BEGIN).result()
        assert centre.begun(second, "phone") == "the message was cancelled"


CONFIG = Config(
    local=(Local(("+1555",)),),
    peer=(
        Peer("b", "b.example", "127.0.0.1", prefixes=("+49",), per_minute=60, burst=2),
        Peer("c", "c.example", "127.0.0.1", prefixes=("+44",), may_relay=True),
    ),
    vasp=(
        Vasp("shop", short_codes=("12345",), per_minute=60, burst=3),
        Vasp("bank", short_codes=("54321",), campaign=False),
    ),
)


@pytest.fixture
def centre(store: SqliteStore, tmp_path: Path) -> Centre:
    return Centre(CONFIG, store, FolderBlobs(tmp_path / "blobs"), Router(CONFIG.hops), lambda: BEGIN)


def sent(
    centre: Centre, number: int, *to: str, peer: str = "", sender: str = "+15550001", forwards: int = 0
) -> str | Refusal:
    """Submit a message to the rules."""
    headers = (("X-Mms-Forward-Counter", forwards),) if forwards else ()
    parts = (transcode.Part("text/plain", b"x"),)
    message = Message(
        "m-send-req",
        f"T{number}",
        headers=headers,
        content_type="application/vnd.wap.multipart.mixed",
        parts=parts,
    )
    return centre.accept(message, b"%d" % number, to, Origin("mm1", sender, peer))


def reason(answer: str | Refusal) -> Reason | None:
    return answer.reason if isinstance(answer, Refusal) else None


def test_each_neighbour_has_a_rate(centre: Centre) -> None:
    """Recipients count, not messages; and one that is too fast slows nobody else."""
    assert [reason(sent(centre, n, "+15550002", peer="b")) for n in range(3)] == [None, None, Reason.NOT_NOW]
    assert reason(sent(centre, 3, "+15550002", "+15550003", "+15550004", peer="shop")) is None
    late = sent(centre, 4, "+15550002", peer="shop")
    assert isinstance(late, Refusal)
    assert late.text.endswith("in 1 seconds")
    for number in range(5, 150):
        assert reason(sent(centre, number, "+15550002", peer="bank")) is None
    assert reason(sent(centre, 200, "+15550002")) is None


@pytest.mark.parametrize(
    ("peer", "recipients", "lane"),
    [
        ("", 20, ""),
        ("", 21, " +15550001"),
        ("c", 1, ""),
        ("shop", 1, "shop +15550001"),
        ("bank", 20, ""),
        ("bank", 21, "bank +15550001"),
    ],
)
def test_what_is_a_campaign(
    centre: Centre, store: SqliteStore, peer: str, recipients: int, lane: str
) -> None:
    """What goes to many, and what a provider sends, unless people wait for it."""
    to = [f"+1555{number:04}" for number in range(recipients)]
    answer = sent(centre, 1, *to, peer=peer)
    assert isinstance(answer, str)
    assert store.envelope(answer).lane == lane


@pytest.mark.parametrize(
    ("peer", "recipient", "is_taken"),
    [
        ("", "+15550002", True),
        ("", "+4930123456", True),
        ("", "12345", True),
        ("", "+33140000000", False),
        ("b", "+15550002", True),
        ("b", "+4412345678", False),
        ("b", "12345", False),
        ("b", "+4930123456", False),
        ("c", "+4930123456", True),
        ("c", "12345", True),
        ("c", "+4412345678", False),
        ("shop", "+15550002", True),
        ("shop", "+4930123456", False),
        ("shop", "54321", False),
        ("stranger", "+4930123456", False),
    ],
)
def test_no_open_relay(centre: Centre, store: SqliteStore, peer: str, recipient: str, is_taken: bool) -> None:
    """Who has no right to it reaches the phones of this centre alone, and nothing is kept."""
    answer = sent(centre, 1, recipient, peer=peer)
    assert reason(answer) is (None if is_taken else Reason.UNRESOLVED)
    assert len(store.deliveries()) == is_taken


def test_a_message_that_goes_in_circles(centre: Centre) -> None:
    assert reason(sent(centre, 1, "+15550002", peer="c", forwards=10)) is None
    assert reason(sent(centre, 2, "+15550002", peer="c", forwards=11)) is Reason.DENIED


def test_one_recipient_in_several_spellings(store: SqliteStore, tmp_path: Path) -> None:
    """He gets the message once, costs once, and is found by any of them."""
    config = replace(CONFIG, numbers=Numbers("1", trunk="1", international="011", digits=10))
    centre = Centre(config, store, FolderBlobs(tmp_path / "blobs"), Router(config.hops), lambda: BEGIN)
    to = ("+15550100002/TYPE=PLMN", "5550100002", "1 (555) 010-0002", "tel:+1-555-010-0002", "12345")
    assert isinstance(sent(centre, 1, *to), str)
    assert [one.recipient for one in store.deliveries()] == ["12345", "+15550100002"]


def test_a_sender_is_blocked_in_any_spelling(store: SqliteStore, tmp_path: Path) -> None:
    """Patterns of the policy may be national, as an operator dials them."""
    policy = Policy(blocked_senders=("0171*", "0160 1234567"))
    config = replace(CONFIG, numbers=Numbers("49"), policy=policy)
    centre = Centre(config, store, FolderBlobs(tmp_path / "blobs"), Router(config.hops), lambda: BEGIN)
    for number, sender in enumerate(("+491711234567", "+491601234567")):
        assert reason(sent(centre, number, "+15550002", sender=sender)) is Reason.DENIED
    assert reason(sent(centre, 9, "+15550002", sender="+491611234567")) is None
