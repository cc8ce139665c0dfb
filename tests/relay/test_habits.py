"""Phones with bad habits, many at once: each gets one message, and each sender hears what became of it."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.relay.aosp import Aosp, Habits, drawn
from tests.relay.conftest import ALICE, config
from tests.relay.phone import Gateway, Phone, until
from tests.relay.test_mm1 import said
from transcode.messages.message import Message
from transcode.relay.model import ENDED, Event, State
from transcode.relay.server import Running, running
from transcode.relay.timers import Timers

#: Short waits, so that reminders and the end of waiting come too.
_TIMERS = Timers(retry=(0.1,), remind=(0.3,), confirm=0.6, jitter=0.0)

#: Each habit alone, and those that fit badly together.
_HABITS = (
    Habits(),
    Habits(acknowledges="never"),
    Habits(acknowledges="late"),
    Habits(misses=2),
    Habits(rejects=True, misses=1),
    Habits(defers=True),
    Habits(defers=True, acknowledges="never"),
    Habits(again=2),
    Habits(at_once=3),
    Habits(breaks_again=2, acknowledges="never"),
    Habits(breaks=2, acknowledges="late"),
    Habits(breaks=1, at_once=2, defers=True),
    Habits(misses=1, breaks=1, again=1, acknowledges="never"),
)


@pytest.mark.parametrize("seed", [None, 1])
def test_one_message_and_the_right_reports(
    tmp_path: Path, gateway: Gateway, letter: Message, seed: int | None
) -> None:
    """Whatever a phone does: one message for a submission, which itself comes twice; each status once."""
    chance = random.Random(seed)
    habits = _HABITS if seed is None else [drawn(chance) for _ in _HABITS]
    with running(config(tmp_path, gateway, timers=_TIMERS)) as centre:
        check(centre, gateway, letter, habits)


def check(centre: Running, gateway: Gateway, letter: Message, habits: Sequence[Habits]) -> None:
    """Send a message to a phone of each kind, and look at what happened."""
    phones = [Aosp(f"+1555{place:04}", centre, gateway, one) for place, one in enumerate(habits, 1000)]
    for phone in phones:
        phone.start()
    names = submitted(centre, gateway, letter, [phone.number for phone in phones])
    for phone in phones:
        phone.join()
    until(lambda: all(one.state in ENDED for one in centre.store.deliveries()))
    until(lambda: centre.store.select("SELECT count(*) FROM report WHERE due IS NOT NULL") == [(0,)])
    reports = heard(centre, gateway)
    for phone, one in zip(phones, habits, strict=True):
        name = names[phone.number]
        (delivery,) = centre.store.deliveries(recipient=phone.number)
        events = [line.event for line in centre.store.trail(delivery.id)]
        assert delivery.state is (State.REJECTED if one.rejects else State.RETRIEVED), (one, events)
        assert reports[name] == one.reports, (one, events)
        # Every push names the same address, by which phones know a message again.
        assert len({*phone.heard, *phone.unheard()}) == 1, (one, events)
        assert {got for got, _ in phone.got} == (set() if one.rejects else {name}), (one, events)
        assert len({octets for _, octets in phone.got}) <= 1, (one, events)
        if Event.FETCH_DONE in events:
            # Who has the message is told no more of it.
            assert Event.PUSH_ACCEPTED not in events[events.index(Event.FETCH_DONE) :], (one, events)


def submitted(centre: Running, gateway: Gateway, letter: Message, numbers: list[str]) -> dict[str, str]:
    """Send a message to each number, twice at once; the Message-IDs."""
    names: defaultdict[str, set[str]] = defaultdict(set)

    def submit(number: str) -> None:
        one = replace(letter, to=(f"{number}/TYPE=PLMN",), transaction_id=f"T{number}")
        names[number].add(str(said(Phone(ALICE, centre.url, gateway).submit(one), "Message-ID")))

    threads = [threading.Thread(target=submit, args=(number,)) for number in numbers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {len(found) for found in names.values()} == {1}
    return {number: found.pop() for number, found in names.items()}


def heard(centre: Running, gateway: Gateway) -> dict[str, list[str]]:
    """What the sender's phone was told of each message, in order."""
    alice = Phone(ALICE, centre.url, gateway)
    ((count,),) = centre.store.select("SELECT count(*) FROM report")
    reports = defaultdict(list)
    for _ in range(count):
        told = alice.pushed()
        assert told.message_type == "m-delivery-ind"
        reports[str(said(told, "Message-ID"))].append(str(said(told, "X-Mms-Status")))
    assert gateway.pushes(ALICE).empty()
    return {name: sorted(found) for name, found in reports.items()}
