"""A worker of the tests: ``python -m tests.relay.store.postgres_worker URL hold|end``."""

from __future__ import annotations

import sys

from tests.relay.made import BEGIN
from transcode.relay.model import Event, Route
from transcode.relay.store.postgres import PostgresStore


def main(url: str, until: str) -> None:
    """Take what is due for five seconds; hold the first for good, or notify until nothing is due."""
    store = PostgresStore(url)
    while taken := store.take(Route.LOCAL, "", now=BEGIN, lease=5.0).result():
        print(taken[0].id, flush=True)
        if until == "hold":
            sys.stdin.read()
        store.apply(taken[0].id, Event.PUSH_ACCEPTED, at=BEGIN).result()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
