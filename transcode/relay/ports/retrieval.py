"""The MM1 door for phones that fetch a message: what they are given, and what that means for its state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

import transcode
from transcode.errors import TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.relay import metrics
from transcode.relay.device import device_of
from transcode.relay.guesses import Guesses
from transcode.relay.model import SAME, Event
from transcode.relay.networks import one_of
from transcode.relay.own_text import with_own
from transcode.relay.ports.bodies import RETRY_AFTER
from transcode.relay.ports.callers import Callers
from transcode.relay.ports.octets import TYPE, Octets, range_of, wanted
from transcode.relay.store.devices import give, given

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from transcode.relay.adaptation import Adapter, Target
    from transcode.relay.capability import Capability
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.store import Blobs
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["Retrieval"]

_LOG = logging.getLogger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
#: At the end of a tag: the octets have a transaction id, as a phone that deferred needs one.
_WITH_ID = "-t"
#: The words of X-Mms-Retrieve-Status (OMA-TS-MMS_ENC-V1_3, 7.3.50).
_GONE, _UNSUPPORTED = "Error-permanent-message-not-found", "Error-permanent-content-unsupported"
_FAILURE = "Error-transient-failure"
_answered = metrics.answers_of("mm1 retrieval", (_GONE, _UNSUPPORTED, _FAILURE))
_LATER = "the message can't be given now"
#: Seconds after which a phone that asked for too much may ask again.
_RETRY_AFTER = "60"
_MINUTE = 60.0


class Retrieval:
    """Gives messages to the phones whose tokens are asked for.

    Args:
        config: the configuration.
        centre: the rules.
        capability: what is known of phones.
        adapter: adapts messages to phones.
        store, blobs: where everything is kept.
    """

    def __init__(
        self,
        config: Config,
        centre: Centre,
        capability: Capability,
        adapter: Adapter,
        store: SqlStore,
        blobs: Blobs,
    ) -> None:
        self._wait_seconds = config.policy.wait_seconds
        self._wait_document = config.devices.wait_seconds
        self._callers = Callers(config.listen, config.numbers)
        # A token has 128 random bits, so no guess finds a message. The limit bounds what guessing costs, and
        # shows it in the log.
        most = config.policy.wrong_tokens
        self._guesses = Guesses(most, _MINUTE / most, "tokens")
        self._centre = centre
        self._capability = capability
        self._adapter = adapter
        self._store = store
        self._blobs = blobs

    async def fetch(self, request: Request) -> Response:
        """Answer GET and HEAD."""
        caller, is_shared = self._caller(request)
        if not is_shared and self._guesses.wait(caller):
            return _too_many()
        token = request.path_params["token"]
        try:
            asked = await run_in_threadpool(self._centre.asked, token) if _TOKEN.fullmatch(token) else None
            if asked is None:
                return self._unknown(caller)
            if isinstance(asked, str):
                return _refused(_GONE, asked)
            return await self._fetched(request, *asked)
        except Exception:  # noqa: BLE001
            # The database has no room, for one, which each says in its own way. The phone comes again.
            _LOG.exception("a message can't be given")
            return _refused(_FAILURE, _LATER)

    def _caller(self, request: Request) -> tuple[str, bool]:
        """Return who asks, and whether others ask by the same name."""
        is_gateway = self._callers.is_gateway(request)
        named = self._callers.number(request) if is_gateway else ""
        # All phones come from the gateway's address: what one of them does must not lock out the others.
        return named or one_of(request.client.host if request.client else ""), is_gateway and not named

    def _unknown(self, caller: str) -> Response:
        if self._guesses.take(caller):
            return _too_many()
        return PlainTextResponse("there is no such message\n", status_code=404)

    async def _fetched(self, request: Request, delivery: Delivery, envelope: Envelope) -> Response:
        is_look = request.method == "HEAD"
        if not is_look:
            agent = request.headers.get("user-agent", "")[:200]
            begun = await run_in_threadpool(self._centre.begun, delivery, agent)
            if isinstance(begun, str):
                return _refused(_GONE, begun)
            delivery, envelope = begun
        try:
            target = await self._target(request, delivery)
            source, tag = await self._chosen(request, delivery, envelope, target)
        except (JobLost, TranscodeError, OSError, TimeoutError) as error:
            passes = isinstance(error, JobLost | TimeoutError | OSError)
            if not is_look:
                event = Event.FETCH_BROKEN if passes else Event.CONTENT_REFUSED
                await run_in_threadpool(self._centre.happened, delivery, event, _short(error))
            if passes:
                # The reason names files of this machine, or nothing that a phone's user knows.
                return _refused(_FAILURE, _LATER)
            return _refused(_UNSUPPORTED, _short(error))
        answer = self._given(request, delivery, source, tag)
        if answer.status_code == 416:
            beyond = "the range is beyond the message"
            await run_in_threadpool(self._centre.happened, delivery, Event.FETCH_BROKEN, beyond)
        return answer

    async def _target(self, request: Request, delivery: Delivery) -> Target:
        """Return what the message is adapted to; a new phone's document is waited for a moment."""
        said = device_of(request.headers.items())
        named = self._callers.number(request) if self._callers.is_gateway(request) else ""
        if named in ("", delivery.recipient):
            fetching = await run_in_threadpool(self._capability.learn, delivery.recipient, said)
            if fetching is not None:
                with contextlib.suppress(TimeoutError):
                    done = asyncio.shield(asyncio.wrap_future(fetching))
                    await asyncio.wait_for(done, self._wait_document)
        return await run_in_threadpool(self._capability.target, delivery.recipient, said)

    async def _chosen(
        self, request: Request, delivery: Delivery, envelope: Envelope, target: Target
    ) -> tuple[bytes | Path, str]:
        """Return the octets or their file, and their tag: of a transfer that broke, those of before."""
        if range_of(request):
            before = await run_in_threadpool(given, self._store, delivery.id)
            if before and request.headers.get("if-range", _quoted(before)) == _quoted(before):
                with contextlib.suppress(FileNotFoundError):
                    return await run_in_threadpool(self._octets, before, delivery), before
        making = await run_in_threadpool(self._adapter.begin, envelope, target)
        # The adaptation goes on after the wait, for the phone's next try.
        try:
            name = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(making)), self._wait_seconds)
        except TimeoutError as error:
            if making.done():
                raise
            wait = f"within {self._wait_seconds:g} s"
            raise TimeoutError(f"the message is not adapted {wait}; it will be for the next try") from error
        tag = name + _WITH_ID if delivery.deferred else name
        return await run_in_threadpool(self._octets, tag, delivery), tag

    def _octets(self, tag: str, delivery: Delivery) -> bytes | Path:
        if not tag.endswith(_WITH_ID) and delivery.own == SAME:
            source = self._blobs.source(tag)
            if not isinstance(source, bytes):
                # There is one, or the phone is given what is made anew.
                source.stat()
            return source
        message = with_own(transcode.read(self._blobs.get(tag.removesuffix(_WITH_ID))), delivery.own)
        if tag.endswith(_WITH_ID):
            message = replace(message, transaction_id=delivery.notification_id)
        return message.to_mm1(strict=False)

    def _given(self, request: Request, delivery: Delivery, source: bytes | Path, tag: str) -> Response:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store", "ETag": _quoted(tag)}
        asked = wanted(request, _quoted(tag), size)
        first, last, is_suffix = asked or (0, size - 1, False)
        if first > last:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        if asked is not None:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        # Who fetches the rest of a transfer that broke has the whole when its last octet is there.
        ends = last == size - 1 and not is_suffix
        told: Callable[..., None] | None = None
        if request.method != "HEAD":

            def told(whole: bool) -> None:
                self._sent(delivery, tag, whole=whole, ends=ends)

        return Octets(source, first, last, 200 if asked is None else 206, headers, told)

    def _sent(self, delivery: Delivery, tag: str, *, whole: bool, ends: bool) -> None:
        try:
            if not (whole and ends):
                # Before the state says that the phone may come again.
                give(self._store, delivery.id, tag)
            if not whole:
                self._centre.happened(delivery, Event.FETCH_BROKEN, "the connection ended early")
            elif ends:
                self._centre.happened(delivery, Event.FETCH_DONE)
        except Exception:  # noqa: BLE001  # the phone has its answer; a timer ends the transfer
            _LOG.exception("the end of a transfer can't be kept")


def _refused(status: str, text: str) -> Response:
    """Return the answer to a retrieval that failed, for good or for now.

    Android looks at the status of HTTP alone: it takes an M-Retrieve.conf with 200 for the message,
    acknowledges it, and does not come again. What passes has 503, after which phones try again.
    """
    _answered(status)
    refusal = transcode.refused_retrieval(status, date=int(time.time()), text=text)
    passes = "transient" in status
    return Response(
        refusal.to_mm1(strict=False),
        503 if passes else 200,
        {"Retry-After": RETRY_AFTER} if passes else None,
        media_type=TYPE,
    )


def _too_many() -> Response:
    text = "too many messages that there are not\n"
    return PlainTextResponse(text, status_code=429, headers={"Retry-After": _RETRY_AFTER})


def _quoted(tag: str) -> str:
    return f'"{tag}"'


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
