"""The listener of operators as an ASGI application: ``/metrics``, ``/healthz``, ``/readyz`` and the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from transcode.relay.admin.pages import pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from transcode.relay.admin.frame import Desk
    from transcode.relay.admin.health import Health
    from transcode.relay.gauges import Gauges

__all__ = ["application"]

#: No page has a script, a frame, a picture, or anything from elsewhere, and nobody keeps one.
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    # Without any, browsers say that a form comes from nowhere.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def application(health: Health, gauges: Gauges, desk: Desk) -> ASGIApp:
    """Return the application.

    Args:
        health: tries whether the centre does its work.
        gauges: the metrics.
        desk: what the pages show, and who may see them.
    """

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(await run_in_threadpool(encode, gauges), media_type=content_type)

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        checks = await run_in_threadpool(health.checks)
        is_ready = not any(checks.values())
        told = {"ready": is_ready, "checks": {name: wrong or "ok" for name, wrong in checks.items()}}
        return JSONResponse(told, status_code=200 if is_ready else 503)

    return _Guarded(
        Starlette(
            routes=[
                Route("/metrics", metrics),
                Route("/healthz", alive),
                Route("/readyz", ready),
                *pages(desk),
            ]
        )
    )


class _Guarded:
    """Adds the headers that keep a page to itself, where it has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                added = [header for header in _HEADERS if header[0] not in own]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, guarded)
