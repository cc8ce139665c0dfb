"""The door for web developers: requests of the API, each with a key, and problems as RFC 9457 says."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from transcode.relay.api import operations
from transcode.relay.api.document import document as described
from transcode.relay.api.problems import BEGIN, KINDS, ApiError
from transcode.relay.buckets import Rate, spent
from transcode.relay.ports.api_campaigns import Campaigns
from transcode.relay.ports.api_messages import Messages
from transcode.relay.ports.api_requests import Asked
from transcode.relay.ports.api_webhooks import Webhooks
from transcode.relay.recent import Recent
from transcode.relay.store.keys import find_key, note_use

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from transcode.relay.amendments import Amendments
    from transcode.relay.api.composing import Composer
    from transcode.relay.api_settings import Api
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.estimate.versions import Versions
    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.store.keys import ApiKey

__all__ = ["routes"]

_LOG = logging.getLogger(__name__)

#: Seconds between two notes that a key was used.
_NOTED = 600.0
#: Keys whose rates and uses are remembered.
_MOST_KEYS = 10_000
#: Nobody keeps an answer, and a browser that is led here shows none as a page.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(
    config: Config,
    settings: Api,
    centre: Centre,
    amendments: Amendments,
    store: SqlStore,
    blobs: Blobs,
    in_flight: InFlight,
    composer: Composer,
    versions: Versions,
) -> list[Route]:
    """Return the routes of the API.

    Args:
        config, settings: the configuration, and its part for the API.
        centre, amendments: the rules.
        store, blobs: where everything is kept.
        in_flight: the counter of all doors.
        composer: composes messages.
        versions: makes what each carrier's phones get of a campaign.
    """
    messages = Messages(config, settings, centre, amendments, store, composer)
    campaigns = Campaigns(config, settings, centre, store, blobs, messages, versions)
    webhooks = Webhooks(settings, config.policy.receive_seconds, store)
    handlers: dict[str, Callable[[Asked], Awaitable[object]]] = {
        "createMessage": messages.create,
        "listMessages": messages.page,
        "getMessage": messages.one,
        "cancelMessage": messages.cancel,
        "createCampaign": campaigns.create,
        "listCampaigns": campaigns.page,
        "getCampaign": campaigns.one,
        "addCampaignRecipients": campaigns.add,
        "listCampaignRecipients": campaigns.recipients,
        "estimateCampaign": campaigns.estimate,
        "startCampaign": campaigns.start,
        "pauseCampaign": campaigns.pause,
        "resumeCampaign": campaigns.resume,
        "cancelCampaign": campaigns.cancel,
        "createWebhook": webhooks.create,
        "listWebhooks": webhooks.all,
        "deleteWebhook": webhooks.delete,
    }
    document = msgspec.json.encode(described(settings, config.listen.url))
    door = _Door(
        Rate(settings.requests_per_minute, settings.requests_per_minute), store, in_flight, handlers, document
    )
    # An application, not a function: it knows the methods itself.
    return [Route("/v1/{rest:path}", door)]


class _Door:
    def __init__(
        self,
        rate: Rate,
        store: SqlStore,
        in_flight: InFlight,
        handlers: dict[str, Callable[[Asked], Awaitable[object]]],
        document: bytes,
    ) -> None:
        self._rate = rate
        self._store = store
        self._in_flight = in_flight
        self._handlers = handlers
        self._document = document
        #: When the bucket of each key's requests will be full, and when its use was noted.
        self._full: Recent[str, float] = Recent(_MOST_KEYS)
        self._used: Recent[str, float] = Recent(_MOST_KEYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ApiError as error:
            answer = _response(error.problem, error.status, error.headers, problem=True)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001
            # The disk is full, for one, which files and database say each in their own way.
            _LOG.exception("a request of the API can't be done")
            failed = ApiError.later("failed", "the request can't be done now", 30)
            answer = _response(failed.problem, failed.status, failed.headers, problem=True)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if request.method in ("GET", "HEAD") and path == "/v1/openapi.json":
            return Response(self._document, 200, _HEADERS, "application/json")
        if request.method in ("GET", "HEAD") and path.removeprefix(BEGIN) in KINDS:
            word = path.removeprefix(BEGIN)
            kind = {"type": path, "title": KINDS[word].title, "status": KINDS[word].status}
            return _response(kind, 200, {})
        # Of what can be read, the head can, too (RFC 9110, 9.1). The server leaves out the content.
        found = operations.found("GET" if request.method == "HEAD" else request.method, path)
        if found is None:
            methods = ", ".join(operations.allowed(path))
            if methods:
                raise ApiError("method", f"the address knows {methods}", headers={"Allow": methods})
            raise ApiError("not-found", "there is no such address")
        operation, words = found
        key = await self._key(request, operation.scope)
        async with contextlib.AsyncExitStack() as held:
            asked = Asked(request, key, words, held, self._in_flight)
            value = await self._handlers[operation.name](asked)
        return _response(value, operation.status, asked.headers)

    async def _key(self, request: Request, scope: str) -> ApiKey:
        """Return the key of a request.

        Raises:
            ApiError: there is none, it has not the scope, or it asks too often.
        """
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        key = None
        if scheme.lower() == "bearer":
            key = await run_in_threadpool(find_key, self._store, presented.strip())
        if key is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="messages"'}
            raise ApiError("unauthorized", "Authorization: Bearer and a key are needed", headers=challenge)
        now = time.time()
        full_at, wait = spent(self._full.get(key.id, 0.0), self._rate, 1, now)
        if wait > 0:
            raise ApiError.later("rate", f"too many requests; the next one in {wait:.0f} seconds", wait)
        self._full[key.id] = full_at
        if scope not in key.scopes:
            challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            raise ApiError("forbidden", f"the key has not the scope {scope}", headers=challenge)
        if now - max(self._used.get(key.id, 0.0), key.used_at or 0.0) > _NOTED:
            self._used[key.id] = now
            await run_in_threadpool(note_use, self._store, key, now)
        return key


def _response(value: object, status: int, headers: dict[str, str], *, problem: bool = False) -> Response:
    octets = b"" if value is None else msgspec.json.encode(value)
    kind = f"application/{'problem+' * problem}json" if value is not None else None
    return Response(octets, status, {**_HEADERS, **headers}, kind)
