"""What is given up as time passes: octets, numbers and rows, in steps so small that nobody waits for one."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from transcode.relay.metrics import ORPHANS
from transcode.relay.retention import DAY
from transcode.relay.store import limits, recipients, reports, retention
from transcode.relay.store.orphans import give_up_orphans
from transcode.relay.store.ownership import Ownership
from transcode.relay.store.rerouting import rerouted

if TYPE_CHECKING:
    from collections.abc import Collection

    from transcode.relay.model import Route
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.retention import Retention
    from transcode.relay.store.blobs import Blobs
    from transcode.relay.store.sqlite import SqlStore
    from transcode.relay.timers import Timers

__all__ = ["Tidier"]

_LOG = logging.getLogger(__name__)

_MINUTE = 60.0
#: The shelves of octets, by the first octet of their names. A step looks into one of them.
_SHELVES = 256
#: Recipients of one step.
_MOST = 500


class Tidier:
    """Gives up what is kept no longer.

    Args:
        store, blobs: where everything is kept.
        kept: for how long.
        pseudonyms: makes words of numbers.
        seconds: the seconds of each timer.
        hops: kind and name of the next hops that there are; None: deliveries wait for others too.
    """

    def __init__(
        self,
        store: SqlStore,
        blobs: Blobs,
        kept: Retention,
        pseudonyms: Pseudonyms,
        seconds: Timers,
        hops: Collection[tuple[Route, str]] | None = None,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._kept = kept
        self._pseudonyms = pseudonyms
        # So long a message lives at most, and what is told of it is of use.
        self._reported = seconds.max_expiry + seconds.no_news
        self._hops = hops
        self._ownership = Ownership(store, blobs)
        self._shelf: int | None = None
        self._is_blind = False

    def step(self, now: float) -> bool:
        """Give up some of what is over at a time; False where there was nothing."""
        unnamed, over = now - self._kept.number_days * DAY, now - self._kept.event_days * DAY
        old = partial(reports.give_up_old, until=now - self._reported, most=_MOST)
        done = [
            self._store.happen(old, at=now, large=True),
            self._store.retire(now=now),
            self._store.write(
                partial(retention.unname, until=unnamed, most=_MOST, pseudonyms=self._pseudonyms), large=True
            ),
            self._store.write(partial(retention.forget, until=over, most=_MOST), large=True),
            self._store.write(partial(retention.forget_devices, until=unnamed, most=_MOST)),
            self._store.write(
                partial(recipients.tidy, now=now, kept=self._kept.number_days * DAY, most=_MOST), large=True
            ),
            limits.forget(self._store, now=now, most=_MOST),
        ]
        if self._hops is not None:
            gone = partial(rerouted, known=self._hops, now=now, most=_MOST)
            done.append(self._store.happen(gone, at=now, large=True))
        orphans = 0
        if self._ownership.is_proven(now):
            orphans = self._orphans(now)
            done.append(self._store.sweep(self._blobs))
        return orphans + sum(one.result() for one in done) > 0

    def _orphans(self, now: float) -> int:
        """Give up octets on one shelf that no row names for a day."""
        if self._shelf is None:
            # Processes that are often started anew look into all of them, too.
            self._shelf = int(now // _MINUTE)
        self._shelf = (self._shelf + 1) % _SHELVES
        try:
            found = give_up_orphans(self._store, self._blobs, shelf=self._shelf, until=now - DAY)
        except OSError as error:
            # The right to list a bucket may be missing, for one.
            if not self._is_blind:
                _LOG.warning("octets of no message are not looked for: %s", error)
            self._is_blind = True
            return 0
        self._is_blind = False
        if found:
            ORPHANS.inc(found)
            _LOG.warning("octets of no message: %d, which are deleted", found)
        return found
