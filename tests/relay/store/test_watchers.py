"""Who watches a store hears of each change once, when the disk has it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.relay.made import BEGIN, END
from tests.relay.store.routed import accepted, driven
from transcode.relay.model import Changed, Event, State
from transcode.relay.store.sqlite import SqlStore


class Watcher:
    """Keeps what it hears."""

    def __init__(self, store: SqlStore) -> None:
        self.changes: list[Changed] = []
        self.commits = 0
        self._store = store

    def changed(self, changes: Sequence[Changed]) -> None:
        """Look whether others see them already."""
        for change in changes:
            found = self._store.select("SELECT count(*) FROM event WHERE event=?", (change.event,))
            assert found[0][0] > 0
        self.changes += changes

    def committed(self, seconds: float) -> None:
        assert seconds > 0
        self.commits += 1


def test_each_change_is_told_once(store: SqlStore) -> None:
    """Those of doors, of workers and of timers; what failed is no change."""
    watcher = Watcher(store)
    store.watch(watcher)
    one, two = accepted(store, to=("+1", "+2"))
    accepted(store, to=("+1", "+2"))
    driven(store, one, Event.PUSH_ACCEPTED)
    store.apply(two.id, Event.CANCEL, at=BEGIN, detail="by the operator").result()
    with pytest.raises(LookupError):
        store.apply(99, Event.CANCEL, at=BEGIN).result()
    store.ring(now=END).result()
    store.ring(now=END).result()
    # The writer tells of a call after its caller may have gone on.
    store.close()
    found = [
        (each.after.recipient, each.event, each.before.state, each.after.state) for each in watcher.changes
    ]
    assert found == [
        ("+1", "accepted", State.ACCEPTED, State.ACCEPTED),
        ("+2", "accepted", State.ACCEPTED, State.ACCEPTED),
        ("+1", Event.ROUTED, State.ACCEPTED, State.PENDING),
        ("+1", Event.PUSH_ACCEPTED, State.PENDING, State.NOTIFIED),
        ("+2", Event.CANCEL, State.ACCEPTED, State.CANCELLED),
        ("+1", Event.REMIND, State.NOTIFIED, State.PENDING),
        ("+1", Event.EXPIRE, State.PENDING, State.EXPIRED),
    ]
    assert [each.after.id for each in watcher.changes[:2]] == [one.id, two.id]
    assert watcher.changes[4].detail == "by the operator"
    # Two of acceptance, three of events, two of timers; what failed was undone.
    assert watcher.commits == 7
