"""The HTTP doors as one application, and what they all need."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["application", "is_from"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return the ASGI application of all doors."""
    return _ByPath(Starlette(routes=routes))


class _ByPath:
    """Routes requests for a whole URL, as WAP proxies send them, by the path of the URL."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/"):
            scope = {**scope, "path": urlsplit(scope["path"]).path or "/"}
        await self._app(scope, receive, send)


def is_from(request: Request, networks: Iterable[Network]) -> bool:
    """Return whether a request comes from one of the networks."""
    if request.client is None:
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    # A socket for both families shows IPv4 as ::ffff:192.0.2.1.
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
