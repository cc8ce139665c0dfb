"""Kill a message centre under load, at random: ``python -m tests.relay.kills [KILLS] [SEED]``.

Phones submit, fetch and acknowledge all the time. SIGKILL hits a whole process of ``transcode relay serve``,
or a child that adapts a message; the process is started again on the same store and the same port. With
``--store postgres`` the rows are on a server, whose first process is killed, too; with ``--processes three``
one process has the doors and two do the work, as ``--roles`` says. Afterwards nobody is killed until nothing
is due: each recipient of each message that was acknowledged must then be in an end state, and each phone must
have heard of a message at one address alone.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import transcode
from tests.made.pictures import photo, save
from tests.relay.killed import PROCESSES, STORES, Centre, centre, strike
from tests.relay.phone import Gateway, Phone, location
from tests.relay.store.routed import inconsistent
from tests.tally import Tally, command
from transcode.errors import PduError
from transcode.messages.message import Message
from transcode.relay.model import ENDED, State
from transcode.wire.mm1.push import joined_segments

#: Phones that send, and phones that get messages.
SENDERS = tuple(f"+1555100{number}" for number in range(3))
RECEIVERS = tuple(f"+1555200{number}" for number in range(4))
#: Seconds until everything must have ended after the last kill.
CALM = 120.0
#: What a connection says that its peer was killed.
BROKEN = (OSError, http.client.HTTPException, PduError, AssertionError)


@dataclass
class Load:
    """What phones did.

    Attributes:
        accepted: recipients by the Message-ID that an M-Send.conf named.
        heard: addresses of each message by phone, as notifications named them.
        got: messages by phone.
        is_over: set when phones shall submit no more.
        is_done: set when phones shall fetch no more.
    """

    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    heard: dict[str, set[str]] = field(default_factory=dict)
    got: dict[str, list[str]] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)
    is_done: threading.Event = field(default_factory=threading.Event)


def send(load: Load, phone: Phone, letters: Sequence[Message], seed: int) -> None:
    """Submit again and again; who hears no answer sends the same again, as phones do."""
    rng, count = random.Random(seed), 0
    while not load.is_over.is_set():
        to = tuple(rng.sample(RECEIVERS, rng.choice((1, 1, 2))))
        letter = replace(
            rng.choice(letters),
            to=tuple(f"{number}/TYPE=PLMN" for number in to),
            transaction_id=f"{phone.number}-{count}",
        )
        count += 1
        for _ in range(1000):
            with contextlib.suppress(*BROKEN):
                said = dict(phone.submit(letter).headers)
                if said["X-Mms-Response-Status"] == "Ok":
                    load.accepted[str(said["Message-ID"])] = to
                    break
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.1))


def whole(segments: Sequence[bytes]) -> bytes | None:
    """The push whose last short message came last; None: another one is missing.

    Those before may be of a push whose other part went down with the centre.
    """
    for start in range(len(segments)):
        with contextlib.suppress(PduError):
            return joined_segments(segments[start:])
    return None


def receive(load: Load, phone: Phone, pushes: queue.SimpleQueue[bytes], seed: int) -> None:
    """Fetch what is notified, and acknowledge it; some phones never do, and some defer first."""
    rng, segments = random.Random(seed), list[bytes]()
    while not load.is_done.is_set():
        try:
            segments.append(pushes.get(timeout=0.1))
        except queue.Empty:
            continue
        push = whole(segments)
        if push is None:
            continue
        segments.clear()
        told = transcode.read(push)
        if told.message_type != "m-notification-ind":
            continue
        load.heard.setdefault(phone.number, set()).add(location(told))
        for _ in range(rng.choice((1, 1, 3))):
            with contextlib.suppress(*BROKEN):
                got = dict(phone.fetch(told).headers)
                load.got.setdefault(phone.number, []).append(str(got.get("Message-ID")))
                if rng.random() < 0.8:
                    phone.respond(told, "Retrieved")
                break
            time.sleep(0.1)


def judge(centre: Centre, load: Load, tally: Tally) -> None:
    """Wait until nothing is due, and count what is not as it should be."""
    with centre.opened() as store:
        end = time.monotonic() + CALM
        while time.monotonic() < end:
            if all(state in ENDED or not count for state, count in store.counts().items()):
                break
            time.sleep(0.2)
        for message, to in load.accepted.items():
            states = {one.recipient: one.state for one in store.deliveries(message)}
            tally.done["accepted"] += len(to)
            found = [states.get(number) for number in to]
            tally.failures["lost"] += found.count(None)
            tally.failures["not ended"] += sum(state not in ENDED for state in found)
            tally.failures["not retrieved"] += sum(state is not State.RETRIEVED for state in found)
        everything = store.deliveries(most=1_000_000)
        tokens = {one.token: (one.recipient, one.message) for one in everything}
        for number, addresses in load.heard.items():
            named = [tokens[address.rpartition("/")[2]] for address in addresses]
            tally.failures["twice on a phone"] += len(named) - len(set(named))
            tally.failures["on another phone"] += sum(to != number for to, _ in named)
        submissions = [store.envelope(one.message) for one in everything]
        keys = {(one.id, one.sender, one.transaction_id) for one in submissions}
        tally.failures["accepted twice"] += len(keys) - len({key[1:] for key in keys})
        tally.failures["inconsistent"] += len(inconsistent(store))


def main(kills: int, seed: int, *, store: str = "sqlite", processes: str = "one") -> Tally:
    """Kill a number of times.

    Args:
        kills, seed: how often, and what draws when and whom.
        store: one of STORES.
        processes: one of PROCESSES.
    """
    rng, tally, load = random.Random(seed), Tally(), Load()
    profile = transcode.find_profile("us-tmobile")
    letters = [
        transcode.compose(save(photo(900, 700, number), quality=90), profile, to=[RECEIVERS[0]])
        for number in range(3)
    ]
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        gateway = ends.enter_context(Gateway().running())
        threads = ends.enter_context(contextlib.ExitStack())
        made = ends.enter_context(centre(folder, gateway, store=store, processes=processes))
        ends.callback(load.is_done.set)
        ends.callback(load.is_over.set)
        phones = [Phone(number, made.url, gateway) for number in (*SENDERS, *RECEIVERS)]
        for place, phone in enumerate(phones):
            sends = phone.number in SENDERS
            pushes = gateway.pushes(phone.number)
            thread = (
                threading.Thread(target=send, args=(load, phone, letters, place))
                if sends
                else threading.Thread(target=receive, args=(load, phone, pushes, seed + place))
            )
            threads.callback(thread.join)
            thread.start()
        for _ in range(kills):
            strike(rng, made, tally)
        load.is_over.set()
        judge(made, load, tally)
    return tally


if __name__ == "__main__":
    command(main, store=STORES, processes=tuple(PROCESSES))
