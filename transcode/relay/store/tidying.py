"""What is given up as time passes: octets, numbers and rows, in steps so small that nobody waits for one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from transcode.relay.retention import DAY
from transcode.relay.store import limits, retention

if TYPE_CHECKING:
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.retention import Retention
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Tidier"]

#: Recipients of one step.
_MOST = 500


class Tidier:
    """Gives up what is kept no longer.

    Args:
        store, blobs: where everything is kept.
        kept: for how long.
        pseudonyms: makes words of numbers.
    """

    def __init__(self, store: SqlStore, blobs: Blobs, kept: Retention, pseudonyms: Pseudonyms) -> None:
        self._store = store
        self._blobs = blobs
        self._kept = kept
        self._pseudonyms = pseudonyms

    def step(self, now: float) -> bool:
        """Give up some of what is over at a time; False where there was nothing."""
        unnamed, over = now - self._kept.number_days * DAY, now - self._kept.event_days * DAY
        done = [
            self._store.retire(now=now),
            self._store.sweep(self._blobs),
            self._store.write(
                partial(retention.unname, until=unnamed, most=_MOST, pseudonyms=self._pseudonyms)
            ),
            self._store.write(partial(retention.forget, until=over, most=_MOST)),
            self._store.write(partial(retention.forget_devices, until=unnamed, most=_MOST)),
            limits.forget(self._store, now=now, most=_MOST),
        ]
        return sum(one.result() for one in done) > 0
