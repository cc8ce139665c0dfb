"""Kill a message centre under load, at random: ``python -m tests.relay.kills [KILLS] [SEED]``.

Phones submit, fetch and acknowledge all the time. SIGKILL hits the whole process of ``transcode relay
serve``, or a child that adapts a message; the process is started again on the same store and the same port.
Afterwards nobody is killed until nothing is due: each recipient of each message that was acknowledged must
then be in an end state, and each phone must have heard of a message at one address alone.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import transcode
from tests.kills import children
from tests.made.pictures import photo, save
from tests.relay.phone import Gateway, Phone, location
from tests.relay.store.routed import inconsistent
from tests.tally import Tally, command
from tests.warm import begun
from transcode.cli import main as main_of_command
from transcode.errors import PduError
from transcode.messages.message import Message
from transcode.relay.model import ENDED, State
from transcode.relay.store import SqliteStore
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


class Centre:
    """The process, which is started again whenever it was killed.

    Args:
        folder: where configuration and store are.
        gateway: the SMS gateway.
        more: further tables of the configuration.
    """

    def __init__(self, folder: Path, gateway: Gateway, more: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as line:
            self.port = line.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = folder / "kept" / "relay.sqlite"
        self._path = folder / "relay.toml"
        self._path.write_text(
            f'store = "kept"\n[listen]\nport = {self.port}\n[sms]\nurl = "{gateway.config.url}"\n'
            "[timers]\nretry = [0.2]\nremind = [1.0, 2.0]\nconfirm = 2.0\nfetch = 3.0\nlease = 2.0\n"
            '[policy]\nwait_seconds = 60\n[[local]]\nprefixes = ["+1555"]\nnetwork = "oma-image-basic"\n'
            + more
        )
        self.process = self.start()

    def start(self) -> BaseProcess:
        """Start the process, and wait until it listens."""
        process, told = begun(serve, str(self._path))
        with told:
            assert json.loads(told.readline())["url"] == self.url
        return process

    def stop(self) -> None:
        """Kill it and everything that it started."""
        self.process.kill()
        self.process.join()


def serve(config: str) -> None:
    """Be the process of ``transcode relay serve``."""
    sys.argv = ["transcode", "relay", "serve", "--json", "--config", config]
    main_of_command()


def strike(rng: random.Random, centre: Centre, tally: Tally) -> None:
    """Kill the process, or a child of it, a moment later."""
    time.sleep(rng.uniform(0.1, 1.5))
    below = children(centre.process.pid or 0)
    if below and rng.random() < 0.4:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(below), signal.SIGKILL)
            tally.done["kills of a child"] += 1
        return
    centre.stop()
    tally.done["kills of the process"] += 1
    centre.process = centre.start()


def judge(centre: Centre, load: Load, tally: Tally) -> None:
    """Wait until nothing is due, and count what is not as it should be."""
    store = SqliteStore(centre.store)
    try:
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
    finally:
        store.close()


def main(kills: int, seed: int) -> Tally:
    """Kill a number of times."""
    rng, tally, load = random.Random(seed), Tally(), Load()
    profile = transcode.find_profile("us-tmobile")
    letters = [
        transcode.compose(save(photo(900, 700, number), quality=90), profile, to=[RECEIVERS[0]])
        for number in range(3)
    ]
    with tempfile.TemporaryDirectory() as folder, Gateway().running() as gateway:
        centre = Centre(Path(folder), gateway)
        threads = [
            threading.Thread(target=send, args=(load, Phone(number, centre.url, gateway), letters, place))
            for place, number in enumerate(SENDERS)
        ]
        threads += [
            threading.Thread(
                target=receive,
                args=(load, Phone(number, centre.url, gateway), gateway.pushes(number), seed + place),
            )
            for place, number in enumerate(RECEIVERS)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in range(kills):
                strike(rng, centre, tally)
            load.is_over.set()
            judge(centre, load, tally)
        finally:
            load.is_over.set()
            load.is_done.set()
            centre.stop()
            for thread in threads:
                thread.join()
    return tally


if __name__ == "__main__":
    command(main)
