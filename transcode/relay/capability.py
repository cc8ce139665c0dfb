"""What is known of a receiver: the registered profile, and what its phone said of itself last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.adaptation import Target
from transcode.relay.device import Device
from transcode.relay.store import limits
from transcode.relay.store.devices import keep_device, seen_device

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from transcode.relay.documents import Documents
    from transcode.relay.route import Router
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Capability"]

#: Seconds after which a phone that is the same as ever is noted again.
_NOTED = 86_400.0


class Capability:
    """What phones can show.

    Args:
        store: where it is kept.
        router: knows the networks of numbers.
        documents: the phones' UAProf documents.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self, store: SqlStore, router: Router, documents: Documents, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._router = router
        self._documents = documents
        self._clock = clock

    def learn(self, number: str, said: Device) -> Future[None] | None:
        """Note what a phone says of itself, and have its document fetched.

        Returns:
            A future that is done when its document is there, or can't be had; None: there is nothing to
            wait for.
        """
        if said == Device():
            return None
        now = self._clock()
        seen = seen_device(self._store, number)
        device = _joined(said, seen.device if seen else None)
        if seen is None or seen.device != device or seen.at < now - _NOTED:
            # The next fetch says it again, so nobody waits for the disk.
            keep_device(self._store, number, device, now)
        return self._documents.fetch(device.document) if device.document else None

    def target(self, number: str, said: Device | None = None) -> Target:
        """Return what a message to a number is adapted to.

        What the phone says counts first, then what it said before, then what is registered; of a document
        that is not there yet nothing counts.

        Args:
            number: the number of the phone.
            said: what the phone says; None: it did not ask yet.
        """
        subscriber = self._store.subscriber(number)
        network = (subscriber and subscriber.network) or self._network(number)
        seen = seen_device(self._store, number)
        device = _joined(said or Device(), seen.device if seen else None)
        if device.document and self._documents.has(device.document):
            return Target(network, device.document, device.differences)
        return Target(network, subscriber.device if subscriber else "")

    def _network(self, number: str) -> str:
        resolved = limits.answer(self._store, number, now=self._clock()) or ""
        return self._router.network(number, resolved) or "world"

    def is_known(self, number: str) -> bool:
        """Return whether anything is known of the phone itself."""
        subscriber = self._store.subscriber(number)
        registered = subscriber is not None and bool(subscriber.device)
        return registered or seen_device(self._store, number) is not None


def _joined(said: Device, before: Device | None) -> Device:
    """Return what a phone says now, with the document that it named before if it is the same phone."""
    if before is not None and not said.document and said.agent in ("", before.agent):
        return before
    return said
