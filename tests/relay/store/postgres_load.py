"""One of several that write to one database: ``python -m tests.relay.store.postgres_load URL SEED``.

It prints what went wrong, a line each, and at last ``done``.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from tests.relay.made import BEGIN, envelope
from transcode.relay.buckets import Charge, Rate
from transcode.relay.model import Event, Route, Told
from transcode.relay.store import limits, retention
from transcode.relay.store.occurrences import Occurrence
from transcode.relay.store.postgres import PostgresStore
from transcode.relay.store.sqlite import SqlStore

ROUNDS = 12
EVENTS = (
    Event.FETCH_BEGUN,
    Event.FETCH_BROKEN,
    Event.ACKNOWLEDGED,
    Event.PHONE_REJECTED,
    Event.REQUEUE,
    Event.CANCEL,
    Event.REMIND,
    Event.READ_REPORTED,
)


def burst(store: SqlStore, rng: random.Random, seed: int, turn: int) -> list[Future[Any]]:
    """What doors, workers and timers write at the same moment, in any order."""
    numbers = [one.id for one in store.deliveries(most=60)]
    rng.shuffle(numbers)
    buckets = [Charge(name, Rate(6e6, 1000), 1) for name in rng.sample("abcd", 3)]
    blob = f"{rng.randrange(4):064x}"
    calls: list[Callable[[], Future[Any]]] = [
        partial(store.apply, number, rng.choice(EVENTS), at=BEGIN) for number in numbers[:12]
    ]
    some = [Occurrence(number, rng.choice(EVENTS[:5])) for number in numbers[12:20]]
    calls += [
        partial(store.apply_all, some, at=BEGIN),
        partial(
            store.accept,
            envelope(1000 * seed + turn, blob=blob, received_at=BEGIN + turn),
            ["+1", "+2"],
            charges=buckets,
        ),
        partial(limits.note, store, Route.PEER, rng.choice("xy"), failed=turn % 3 > 0, at=BEGIN),
        partial(limits.forget, store, now=BEGIN + turn),
        partial(store.take, Route.LOCAL, "", now=BEGIN, lease=1.0),
        partial(store.keep_adapted, envelope(rng.randrange(20)).id, rng.choice("pq"), blob),
        partial(store.ring, now=BEGIN + 1e6),
        partial(store.retire, now=BEGIN + 1e6),
        partial(store.write, partial(retention.forget, until=BEGIN + 1e6, most=5)),
    ]
    rng.shuffle(calls)
    return [call() for call in calls]


def main(url: str, seed: int) -> None:
    """Write in bursts."""
    rng, store = random.Random(seed), PostgresStore(url)
    for turn in range(ROUNDS):
        done = burst(store, rng, seed, turn)
        report = store.take_report("", now=BEGIN + 1e6, lease=1e6).result()
        if report is not None:
            done.append(store.reported(report, rng.choice(list(Told)), at=BEGIN))
        for one in done:
            error = one.exception()
            # Its octets, or the delivery, are gone: another process gave them up.
            if error is not None and not isinstance(error, LookupError):
                print(type(error).__name__, str(error).partition("\n")[0], flush=True)
    store.close()
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
