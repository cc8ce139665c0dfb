"""How long a person's message waits beside a campaign.

``python -m bench.relay_lanes [RECIPIENTS] [SECONDS]`` measures it.

A provider submits a campaign in messages to 1,000 recipients, as fast as the store takes them. Threads route
it and hand it to a gateway that needs some milliseconds for each notification, as a message centre does.
Meanwhile a person sends a message now and then. Printed are the seconds of each step, and those from the
acceptance of a person's message to its notification: with the campaign in a lane of its own, and, for
comparison, in people's.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from transcode.relay.config import Config, Local
from transcode.relay.judging import Judge
from transcode.relay.model import Delivery, Envelope, Event, Route, State
from transcode.relay.outlets.outlet import Outcome
from transcode.relay.pseudonyms import Pseudonyms
from transcode.relay.resolving import Resolving
from transcode.relay.retention import Retention
from transcode.relay.route import Router
from transcode.relay.routing import Routing
from transcode.relay.store import FolderBlobs, SqliteStore
from transcode.relay.store.tidying import Tidier
from transcode.relay.timers import Timers
from transcode.relay.worker import Worker

#: Recipients of one submission of the campaign.
EACH = 1000
#: Seconds that the gateway needs for a notification, and the notifications at once.
GATEWAY, LINES = 0.002, 4
#: Seconds between two messages of people.
PAUSE = 0.25
CONFIG = Config(local=(Local(("+1",)),), resolver=Resolving(lines=1))


class Gateway:
    """Takes notifications, and notes when those to people came.

    Attributes:
        told: when each person was notified, by number.
        count: all notifications.
    """

    route = Route.LOCAL
    peer = ""
    lines = LINES
    together = 1
    longest = 1.0

    def __init__(self) -> None:
        self.told: dict[str, float] = {}
        self.count = 0

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> list[Outcome]:
        time.sleep(GATEWAY)
        self.count += 1
        if envelope.sender == "person":
            self.told[deliveries[0].recipient] = time.monotonic()
        return [Outcome(Event.PUSH_ACCEPTED)]

    def close(self) -> None:
        pass


def envelope(number: int, sender: str, lane: str) -> Envelope:
    now = time.time()
    return Envelope(
        f"{sender}{number:08}",
        "mm7",
        sender,
        f"T{number}",
        f"{number:064x}",
        1000,
        now,
        now + 86_400,
        lane=lane,
    )


@contextlib.contextmanager
def working(store: SqliteStore, blobs: FolderBlobs, folder: Path) -> Iterator[Gateway]:
    """A centre's worker with the gateway."""
    gateway = Gateway()
    judge = Judge(CONFIG, store, Router(CONFIG.hops), None, time.time)
    routing = Routing(CONFIG, store, judge, None, time.time)
    tidier = Tidier(store, blobs, Retention(), Pseudonyms.of(folder), Timers())
    worker = Worker(store, tidier, routing, [gateway], [], time.time)
    worker.start()
    try:
        yield gateway
    finally:
        worker.stop()


def people(store: SqliteStore, gateway: Gateway, done: threading.Event) -> list[float]:
    """Send people's messages until the end; return the seconds from acceptance to notification of each."""
    sent: dict[str, float] = {}
    number = 0
    while not done.wait(PAUSE):
        number += 1
        recipient = f"+19{number:08}"
        store.accept(envelope(number, "person", ""), [recipient]).result()
        sent[recipient] = time.monotonic()
    end = time.monotonic()
    # Who was not notified by the end waited so long at least.
    return [gateway.told.get(recipient, end) - at for recipient, at in sent.items()]


def measured(recipients: int, seconds: float, lane: str) -> None:
    """Measure one campaign, and print the figures."""
    with tempfile.TemporaryDirectory() as name, contextlib.closing(SqliteStore(Path(name) / "r.db")) as store:
        accepting: list[float] = []
        done = threading.Event()
        waits: list[float] = []
        with working(store, FolderBlobs(Path(name) / "blobs"), Path(name)) as gateway:
            person = threading.Thread(target=lambda: waits.extend(people(store, gateway, done)))
            person.start()
            begin = time.monotonic()
            for number in range(recipients // EACH):
                before = time.monotonic()
                to = [f"+15{number:04}{one:04}" for one in range(EACH)]
                store.accept(envelope(number, "shop", lane), to).result()
                accepting.append(time.monotonic() - before)
            accepted = time.monotonic() - begin
            done.wait(max(0.0, seconds - accepted))
            done.set()
            person.join()
            took, count = time.monotonic() - begin, gateway.count
            left = store.counts()[State.ACCEPTED] + store.counts()[State.PENDING]
    waits.sort()
    print(f"campaign in {'a lane of its own' if lane else 'the lane of people'}: {recipients:,} recipients")
    print(
        f"  accepted in {accepted:.1f} s; {EACH:,} recipients in {statistics.median(accepting) * 1e3:.0f} ms"
    )
    print(f"  {count:,} notifications in {took:.1f} s, {count / took:.0f} a second; {left:,} left")
    print(
        f"  {len(waits)} people waited: median {statistics.median(waits) * 1e3:.0f} ms,"
        f" 99 of 100 below {waits[int(len(waits) * 0.99)] * 1e3:.0f} ms, longest {waits[-1] * 1e3:.0f} ms"
    )


def main(recipients: int = 100_000, seconds: float = 60.0) -> None:
    for lane in ("shop", ""):
        measured(recipients, seconds, lane)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
