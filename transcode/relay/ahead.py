"""Messages with clips, adapted for the phone that was seen last, before it asks: a clip takes seconds."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any

import transcode
from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.adaptation import Adapter
    from transcode.relay.capability import Capability
    from transcode.relay.model import Envelope
    from transcode.relay.store import Blobs

__all__ = ["Ahead"]

_LOG = logging.getLogger(__name__)

#: How many recipients wait at most. Phones of others wait for their clips when they ask.
_MOST_WAITING = 1000


class Ahead:
    """A thread that adapts one message after the other.

    Args:
        adapter: adapts messages to phones.
        capability: what is known of phones.
        blobs: the octets.
    """

    def __init__(self, adapter: Adapter, capability: Capability, blobs: Blobs) -> None:
        self._adapter = adapter
        self._capability = capability
        self._blobs = blobs
        self._waiting: queue.Queue[tuple[str, Envelope] | None] = queue.Queue(_MOST_WAITING)
        #: Whether the last messages have a clip: recipients of one follow each other.
        self._has_clip: Recent[str, bool] = Recent(256)
        self._closing: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, name="transcode-ahead", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Begin no more, and wait for nothing: what was begun is the adapter's, which closes later."""
        self._closing.set_result(None)
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join()

    def routed(self, recipients: Sequence[str], envelope: Envelope) -> None:
        """Note that phones of this centre are going to be notified of a message."""
        try:
            for recipient in recipients:
                self._waiting.put_nowait((recipient, envelope))
        except queue.Full:
            _LOG.debug("too many messages wait to be adapted before they are asked for")

    def _serve(self) -> None:
        while True:
            waiting = self._waiting.get()
            if waiting is None or self._closing.done():
                return
            try:
                self._make(*waiting)
            except Exception:  # noqa: BLE001  # the phone that asks gets the same error, or none
                _LOG.info("a message could not be adapted before it was asked for", exc_info=True)

    def _make(self, number: str, envelope: Envelope) -> None:
        # Who has many recipients is looked into once.
        if not self._clip(envelope) or not self._capability.is_known(number):
            return
        target = self._capability.target(number)
        begun = self._adapter.begin(envelope, target, ahead=True)
        ends: tuple[Future[Any], ...] = (begun, self._closing)
        wait(ends, return_when=FIRST_COMPLETED)
        if begun.done():
            begun.result()

    def _clip(self, envelope: Envelope) -> bool:
        known = self._has_clip.get(envelope.blob)
        if known is None:
            parts = transcode.read(self._blobs.get(envelope.blob)).parts
            known = any(part.content_type.lower().startswith("video/") for part in parts)
            self._has_clip[envelope.blob] = known
        return known
