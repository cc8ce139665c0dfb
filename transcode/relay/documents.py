"""UAProf documents by their addresses: kept in a folder, and fetched in the background."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from transcode.errors import ProfileError
from transcode.profile.store import FolderStore, fetch
from transcode.profile.uaprof import read_uaprof
from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcode.relay.config import Devices
    from transcode.relay.store.common import SharedDocuments

__all__ = ["Documents"]

_LOG = logging.getLogger(__name__)

#: Documents that are fetched at once, and that wait for it.
_AT_ONCE, _MOST_WAITING = 4, 64
#: How many addresses are remembered that failed.
_MOST_FAILED = 10_000


class Documents:
    """The documents of phones.

    Args:
        folder: where they are kept; what somebody put there by hand counts too.
        settings: what may be fetched.
        clock: gives the time, in seconds since 1970.
        get: gives the document at an address, or raises ProfileError; None: it is fetched from public
            addresses alone, or from private ones where the settings allow it.
        shared: the documents of all machines that share a store; None: there is one machine.
    """

    def __init__(
        self,
        folder: Path,
        settings: Devices,
        clock: Callable[[], float],
        get: Callable[[str], bytes] | None = None,
        shared: SharedDocuments | None = None,
    ) -> None:
        self._shared = shared
        self._kept = FolderStore(folder)
        self._settings = settings
        self._clock = clock
        self._get = get or partial(
            fetch, timeout=settings.fetch_seconds, allow_private=settings.allow_private
        )
        self._lock = threading.Lock()
        self._count = len(self._kept)
        self._fetching: dict[str, Future[None]] = {}
        #: When an address may be asked again.
        self._failed: Recent[str, float] = Recent(_MOST_FAILED)
        self._pool = ThreadPoolExecutor(_AT_ONCE, "transcode-documents")

    def close(self) -> None:
        """Fetch no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def has(self, url: str) -> bool:
        """Return whether a document is kept; one of another machine is then here, too."""
        if url in self._kept:
            return True
        octets = self._shared.get(url) if self._shared else None
        if octets is None:
            return False
        try:
            self._kept[url] = octets
        except ProfileError as error:
            _LOG.warning("%s", error)
            return False
        return True

    def fetch(self, url: str) -> Future[None] | None:
        """Have a document fetched.

        Returns:
            A future that is done when the document is kept, or can't be had; None: it is kept, or is not to
            be had now.
        """
        if not self._settings.fetch or self.has(url):
            return None
        with self._lock:
            fetching = self._fetching.get(url)
            if fetching is not None:
                return fetching
            is_full = (
                len(self._fetching) >= _AT_ONCE + _MOST_WAITING or self._count >= self._settings.max_documents
            )
            if is_full or self._failed.get(url, 0.0) > self._clock():
                return None
            # A phone that waits must not end what others wait for: it gets a future of its own.
            made: Future[None] = Future()
            self._fetching[url] = made
            self._pool.submit(self._fetched, url, made)
        return made

    def _fetched(self, url: str, made: Future[None]) -> None:
        try:
            octets = self._get(url)
            read_uaprof(octets, name=url)
            self._kept[url] = octets
            if self._shared:
                self._shared.put(url, octets)
        except ProfileError as error:
            _LOG.info("%s", error)
            self._fail(url)
        except Exception:  # noqa: BLE001  # whoever waits is told in any case
            _LOG.exception("a document can't be fetched")
            self._fail(url)
        else:
            with self._lock:
                self._count += 1
        finally:
            with self._lock:
                del self._fetching[url]
            made.set_result(None)

    def _fail(self, url: str) -> None:
        with self._lock:
            self._failed[url] = self._clock() + self._settings.failed_seconds
