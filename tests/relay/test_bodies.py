"""Bodies of requests that end early."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from starlette.requests import Request

from transcode.relay.ports.bodies import Untaken, body
from transcode.relay.ports.in_flight import InFlight


def test_a_connection_that_ends_within_a_body() -> None:
    """A stranger who hangs up is no fault of the server, and what came is held no longer."""
    in_flight = InFlight(1000)
    pieces: Iterator[MutableMapping[str, Any]] = iter(
        [{"type": "http.request", "body": b"a" * 10, "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> MutableMapping[str, Any]:
        return next(pieces)

    async def taken() -> bytes:
        async with contextlib.AsyncExitStack() as held:
            request = Request({"type": "http", "method": "POST", "headers": []}, receive)
            return await body(request, held, in_flight, most=100, seconds=60)

    with pytest.raises(Untaken, match="the connection ended"):
        asyncio.run(taken())
    assert in_flight.octets == 0
