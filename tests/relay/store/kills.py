"""Kill a process that accepts messages, at random: ``python -m tests.relay.store.kills [ROUNDS] [SEED]``.

``python -m tests.relay.store.kills work FOLDER COUNT`` is the process. Its threads put octets, accept
messages, let events happen, retire and sweep. A line is printed when the future of what it names is done.
After each kill with SIGKILL the store is opened again: what a line names must be there, rows must agree with
each other, and each file must have the octets that it is named by.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.relay.made import BEGIN, END, envelope
from tests.relay.store.routed import LOCAL, inconsistent
from tests.tally import Tally, command
from tests.warm import begun
from transcode.relay.model import Event
from transcode.relay.store import FolderBlobs, SqliteStore

THREADS = 4
#: Seconds after which a process that prints nothing counts as hung.
HUNG = 120.0

#: The life of a message. Each second message is cancelled, and its octets are given up.
EVENTS = (Event.PUSH_ACCEPTED, Event.FETCH_BEGUN, Event.FETCH_DONE, Event.ACKNOWLEDGED)


def say(line: str) -> None:
    """Print a line at once and whole."""
    os.write(1, f"{line}\n".encode())


def one(store: SqliteStore, blobs: FolderBlobs, name: str, number: int) -> None:
    """Accept a message, acknowledge it by a line, and let its deliveries live."""
    octets = f"{name}.{number}.".encode() * random.randint(1, 4000)
    blob = blobs.put(octets)
    wanted = envelope(id=hashlib.md5(octets).hexdigest(), blob=blob, transaction_id=f"{name}.{number}")
    made = store.accept(wanted, ["+1", "+2"]).result()
    blobs.put(octets)
    say(f"accepted {made.id}")
    for delivery in store.deliveries(made.id):
        events = EVENTS[: number % 5] if number % 2 else (Event.CANCEL,)
        for event in (Event.ROUTED, *events):
            detail = f"{name}.{number}.{event.name}"
            store.apply(delivery.id, event, at=BEGIN + number, detail=detail, verdict=LOCAL).result()
            say(f"event {delivery.id} {detail}")


def work(folder: Path, count: int) -> None:
    """Do so with several threads, until the count is reached or the process is killed."""
    store, blobs = SqliteStore(folder / "relay.db"), FolderBlobs(folder / "blobs")
    numbers = itertools.count()

    def run(name: str) -> None:
        while (number := next(numbers)) < count:
            one(store, blobs, name, number)
            if number % 7 == 0:
                store.retire(now=END).result()
                store.sweep(blobs).result()

    threads = [
        threading.Thread(target=run, args=(f"{os.getpid()}-{thread}",))
        for thread in range(min(THREADS, count))
    ]
    say("begun")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()


def killed(rng: random.Random, folder: Path) -> list[str]:
    """Run the process, kill it a moment after it began, and return its lines."""
    process, told = begun(work, folder, 1_000_000)
    guard = threading.Timer(HUNG, process.kill)
    guard.start()
    with told:
        first = told.readline()
        time.sleep(rng.uniform(0.05, 0.4))
        process.kill()
        rest = told.read()
    guard.cancel()
    process.join()
    assert first == "begun\n"
    return rest.splitlines()


def judge(folder: Path, lines: list[str], tally: Tally) -> None:
    """Open the store again, and count what is not as it should be.

    Failures: lost, what a line names and the store does not have; inconsistent, rows that disagree with each
    other; torn, files with other octets than their names say; left, other files beside them; missing, octets
    of messages that did not end.
    """
    store, blobs = SqliteStore(folder / "relay.db"), FolderBlobs(folder / "blobs")
    try:
        for line in lines:
            kind, *words = line.split()
            if kind == "accepted":
                tally.done["accepted"] += 1
                tally.failures["lost"] += len(store.deliveries(words[0])) != 2
            else:
                tally.done["events"] += 1
                tally.failures["lost"] += words[1] not in {
                    trail.detail for trail in store.trail(int(words[0]))
                }
        for line in lines:
            if line.startswith("accepted"):
                message = line.split()[1]
                is_over = all(delivery.due is None for delivery in store.deliveries(message))
                tally.failures["missing"] += (
                    not is_over and not blobs.path(store.envelope(message).blob).exists()
                )
        tally.failures["inconsistent"] += len(inconsistent(store))
    finally:
        store.close()
    for path in (folder / "blobs").rglob("*"):
        if path.is_file():
            named = re.fullmatch("[0-9a-f]{64}", path.name)
            tally.failures["left"] += not named
            tally.failures["torn"] += (
                bool(named) and hashlib.sha256(path.read_bytes()).hexdigest() != path.name
            )


def main(rounds: int, seed: int) -> Tally:
    """Kill a number of processes that work on one store after each other."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(rounds):
            lines = killed(rng, folder)
            tally.done["kills"] += 1
            judge(folder, lines, tally)
    return tally


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(Path(sys.argv[2]), int(sys.argv[3]))
        sys.exit()
    command(main)
