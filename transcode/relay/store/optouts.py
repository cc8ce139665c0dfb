"""Numbers that want no links: who said so, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.relay import timers
from transcode.relay.model import Route
from transcode.relay.store import bulk
from transcode.relay.store.rows import DELIVERY, delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.relay.store.connection import Connection
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["forgive", "opt_out", "out_of"]


def opt_out(store: SqlStore, number: str, *, at: float, word: str, seconds: timers.Timers) -> Future[bool]:
    """Note that a number wants no links; False: it was noted before.

    Messages that wait for its phone go on waiting, until they expire.

    Args:
        store: the store.
        number: the number.
        at: when it said so.
        word: by which word.
        seconds: the seconds of each timer.
    """

    def write(connection: Connection) -> bool:
        row = connection.execute(
            "INSERT INTO optout VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING number", (number, at, word)
        ).fetchone()
        waiting = connection.execute(
            f"SELECT {', '.join(DELIVERY)} FROM delivery WHERE recipient=? AND due IS NOT NULL AND may_link=1"
            f" AND route<>? ORDER BY id{connection.for_update}",
            (number, Route.LINK),
        ).fetchall()
        for one in map(delivery, waiting):
            due, event = timers.due(replace(one, may_link=False), seconds) or (None, None)
            connection.execute(
                "UPDATE delivery SET may_link=0, due=?, due_event=? WHERE id=?", (due, event, one.id)
            )
        return row is not None

    return store.write(write)


def forgive(store: SqlStore, number: str) -> Future[bool]:
    """Let a number get links again; False: it got them."""

    def write(connection: Connection) -> bool:
        row = connection.execute("DELETE FROM optout WHERE number=? RETURNING number", (number,)).fetchone()
        return row is not None

    return store.write(write)


def out_of(store: SqlStore, numbers: Sequence[str]) -> set[str]:
    """Return those of some numbers that want no links."""
    found = store.select(f"SELECT number FROM optout WHERE number IN ({bulk.marks(numbers)})", numbers)
    return {number for (number,) in found}
