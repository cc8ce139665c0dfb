"""The HTTP doors as one application, and what they all need."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette

from transcode.relay import metrics
from transcode.relay.networks import is_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from transcode.relay.networks import Network

__all__ = ["application", "is_from"]

#: The door of each first word of a path. Strangers ask for others.
_DOORS = {"": "mm1", "m": "mm1", "mm7": "mm7", "p": "page", "sms": "sms", "v1": "api"}


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return the ASGI application of all doors."""
    return _ByPath(Starlette(routes=routes))


class _ByPath:
    """Routes requests for a whole URL, as WAP proxies send them, by the path of the URL; counts answers.

    A slash at the end is none: phones and proxies append one, and some follow no redirect.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith("/"):
            path = urlsplit(path).path
            # OPTIONS * asks for the server itself.
            path = path if path.startswith("/") else "/"
        scope = {**scope, "path": "/" + path.strip("/")}
        folder = scope["path"].split("/", 2)[1]

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.answered(_DOORS.get(folder, "other"), message["status"])
            await send(message)

        # Until the phone's system has the last octet.
        timed = folder == "m" and scope["method"] == "GET"
        with metrics.step("fetch") if timed else contextlib.nullcontext():
            await self._app(scope, receive, counted)


def is_from(request: Request, networks: Iterable[Network]) -> bool:
    """Return whether a request comes from one of the networks."""
    return request.client is not None and is_in(request.client.host, networks)
