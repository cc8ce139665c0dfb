"""Webhooks of the API: each change of status is posted, signed, and tried again for a day."""

from __future__ import annotations

import logging
import time
from http.client import HTTPException
from typing import TYPE_CHECKING

import msgspec

from transcode.net import Exchange
from transcode.relay import metrics
from transcode.relay.api import views
from transcode.relay.api.media import USER_AGENT
from transcode.relay.signatures import signature
from transcode.relay.store import notices
from transcode.relay.timers import retry_wait
from transcode.web import NotPublic, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcode.relay.api_settings import Api
    from transcode.relay.store import SqlStore
    from transcode.relay.store.notices import Notice
    from transcode.relay.timers import Timers

__all__ = ["Webhooks"]

_LOG = logging.getLogger(__name__)

#: The octets of an answer's head. What follows is not read.
_LARGEST = 65_536
#: The longest wait between two tries, in seconds, whatever timers.retry says: programs come back soon.
_LONGEST_WAIT = 3600.0


class Webhooks:
    """Posts what is due to webhooks.

    Args:
        settings: seconds of a request, and whether addresses may be private.
        store: the rows.
        timers: the seconds between tries.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, settings: Api, store: SqlStore, timers: Timers, clock: Callable[[], float]) -> None:
        self._seconds = settings.webhook_seconds
        self._only_public = not settings.allow_private
        self._store = store
        self._timers = timers
        self._clock = clock

    def step(self) -> bool:
        """Post one notice; False where none is due."""
        lease = self._seconds + self._timers.lease
        notice = notices.take(self._store, now=self._clock(), lease=lease).result()
        if notice is None:
            return False
        failure = self._posted(notice)
        if not failure:
            notices.taken(self._store, notice).result()
            metrics.noticed("taken")
            return True
        is_kept = notices.failed(
            self._store,
            notice,
            at=self._clock(),
            wait=self._wait(notice.id, notice.attempts + 1),
            pause=self._wait(notice.webhook.id, notice.webhook.failures + 1),
        ).result()
        metrics.noticed("failed" if is_kept else "given up")
        what = "tried again" if is_kept else "given up"
        _LOG.warning("webhook %s: notice %s is %s: %s", notice.webhook.id, notice.id, what, failure[:200])
        return True

    def _wait(self, number: str, failures: int) -> float:
        """Return the seconds to the next try of a notice or a webhook."""
        return min(retry_wait(int(number[:8], 16), failures, self._timers), _LONGEST_WAIT)

    def _posted(self, notice: Notice) -> str:
        """Post a notice; return why it was not taken, or ``""``."""
        body = msgspec.json.encode(views.notice(self._store, notice))
        # The time of the request, not of the notice: who takes it refuses old ones.
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": notice.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(notice.webhook.secret, notice.id, at, body),
        }
        try:
            answer = request(
                "POST",
                notice.webhook.url,
                Exchange(self._seconds, _LARGEST),
                most=0,
                only_public=self._only_public,
                body=body,
                headers=headers,
            )
        except NotPublic as error:
            return str(error)
        except (OSError, ValueError, HTTPException) as error:
            return str(error) or type(error).__name__
        return "" if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
