"""Bodies of requests: bounded in size, in time, and in what all doors read at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    import contextlib

    from starlette.requests import Request

    from transcode.relay.ports.in_flight import InFlight

__all__ = ["RETRY_AFTER", "Untaken", "body"]

#: Seconds after which a peer should ask again.
RETRY_AFTER = "30"


class Untaken(Exception):
    """A request that is larger or slower than the policy allows; the response says which."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.response = PlainTextResponse(f"{text}\n", status, headers)


async def body(
    request: Request, held: contextlib.AsyncExitStack, in_flight: InFlight, *, most: int, seconds: float
) -> bytes:
    """Read the body of a request.

    Args:
        request: the request.
        held: until it ends, the octets count as in flight.
        in_flight: the counter of all doors.
        most: the most octets.
        seconds: the longest time in which they may arrive.

    Raises:
        Untaken: the body is larger or slower, there is no room for it, it is compressed, or it ended early.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        # A few octets may stand for a gigabyte, and neither phones nor providers are told to send them.
        raise Untaken(415, f"bodies in {coding[:20]} are not taken", {"Accept-Encoding": "identity"})
    too_large = Untaken(413, f"at most {most} octets are taken")
    stated = request.headers.get("content-length", "")
    if stated and (not stated.isdecimal() or int(stated[:20]) > most):
        raise too_large
    pieces: list[bytes] = []
    taken = 0
    held.callback(lambda: in_flight.release(taken))
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                if taken + len(piece) > most:
                    raise too_large
                if not in_flight.take(len(piece)):
                    raise Untaken(503, "too many messages at once", {"Retry-After": RETRY_AFTER})
                taken += len(piece)
                pieces.append(piece)
    except TimeoutError:
        raise Untaken(408, "the message took too long to arrive") from None
    except ClientDisconnect:
        # Nobody reads the answer.
        raise Untaken(400, "the connection ended") from None
    return b"".join(pieces)
