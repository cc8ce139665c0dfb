"""Clips that are made before anybody asks for them, as one takes seconds.

For the phone that was seen last, and for the browser that gets a link, with the picture that is there first.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import TYPE_CHECKING, Any

import transcode
from transcode.relay.page.parts import is_small
from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.relay.adaptation import Adapter
    from transcode.relay.capability import Capability
    from transcode.relay.model import Envelope
    from transcode.relay.page.shelf import Shelf
    from transcode.relay.store import Blobs

__all__ = ["Ahead"]

_LOG = logging.getLogger(__name__)

#: How many recipients wait at most. Phones of others wait for their clips when they ask.
_MOST_WAITING = 1000


class Ahead:
    """A thread that makes one after the other.

    Args:
        adapter: adapts messages to phones.
        capability: what is known of phones.
        blobs: the octets.
        shelf: makes what pages show; None: there are no pages.
    """

    def __init__(
        self, adapter: Adapter, capability: Capability, blobs: Blobs, shelf: Shelf | None = None
    ) -> None:
        self._adapter = adapter
        self._capability = capability
        self._blobs = blobs
        self._shelf = shelf
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(_MOST_WAITING)
        #: Messages whose pages were seen to: a campaign has a link for each recipient.
        self._paged: Recent[str, bool] = Recent(256)
        self._lock = threading.Lock()
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
                self._waiting.put_nowait(partial(self._for_phone, recipient, envelope))
        except queue.Full:
            _LOG.debug("too many messages wait to be adapted before they are asked for")

    def linked(self, envelope: Envelope) -> None:
        """Note that a recipient of a message gets the link to its page."""
        if self._shelf is None:
            return
        # Links go out in several threads.
        with self._lock:
            if envelope.id in self._paged:
                return
            try:
                self._waiting.put_nowait(partial(self._for_page, self._shelf, envelope))
            except queue.Full:
                _LOG.debug("too many clips wait to be made before their pages are asked for")
            else:
                self._paged[envelope.id] = True

    def _serve(self) -> None:
        while True:
            waiting = self._waiting.get()
            if waiting is None or self._closing.done():
                return
            try:
                waiting()
            except Exception:  # noqa: BLE001  # who asks gets the same error, or none
                _LOG.info("a clip could not be made before it was asked for", exc_info=True)

    def _for_phone(self, number: str, envelope: Envelope) -> None:
        # Who has many recipients is looked into once.
        if not self._clip(envelope) or not self._capability.is_known(number):
            return
        self._made(self._adapter.begin(envelope, self._capability.target(number), ahead=True))

    def _for_page(self, shelf: Shelf, envelope: Envelope) -> None:
        survey = self._made(shelf.survey(envelope, ahead=True))
        if survey is None:
            return
        found = list(enumerate(zip(shelf.message(envelope).parts, shelf.found(survey), strict=True), 1))
        pictures = [(number, part, one) for number, (part, one) in found if one.kind == "image"]
        wanted = [
            partial(shelf.small, envelope, number, ahead=True)
            for number, part, one in pictures[:1]
            if not is_small(part, one)
        ]
        wanted += [
            partial(shelf.best, envelope, number, one.kind, ahead=True)
            for number, (_, one) in found
            if one.kind in ("video", "audio") and not one.plays
        ]
        for make in wanted:
            if self._closing.done():
                return
            try:
                self._made(make())
            except Exception:  # noqa: BLE001  # another medium of the message may be whole
                _LOG.info("a medium could not be made before its page was asked for", exc_info=True)

    def _made(self, begun: Future[str]) -> str | None:
        """Wait for what is made; None: this thread is to end before."""
        ends: tuple[Future[Any], ...] = (begun, self._closing)
        wait(ends, return_when=FIRST_COMPLETED)
        return begun.result() if begun.done() else None

    def _clip(self, envelope: Envelope) -> bool:
        known = self._has_clip.get(envelope.blob)
        if known is None:
            parts = transcode.read(self._blobs.get(envelope.blob)).parts
            known = any(part.content_type.lower().startswith("video/") for part in parts)
            self._has_clip[envelope.blob] = known
        return known
