"""Bodies of requests: bounded in size, in time, and in what all doors read at once."""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from transcode.relay.ports.in_flight import InFlight

__all__ = ["RETRY_AFTER", "Untaken", "body", "spooled"]

#: Seconds after which a peer should ask again.
RETRY_AFTER = "30"
#: Octets that are written to a file at once.
_WRITTEN = 1_000_000


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
    pieces: list[bytes] = []
    taken = 0

    def release() -> None:
        in_flight.release(taken)

    async def keep(piece: bytes) -> None:
        nonlocal taken
        if not in_flight.take(len(piece)):
            raise Untaken(503, "too many messages at once", {"Retry-After": RETRY_AFTER})
        taken += len(piece)
        pieces.append(piece)

    held.callback(release)
    await _read(request, most, seconds, keep)
    return b"".join(pieces)


async def spooled(
    request: Request, held: contextlib.AsyncExitStack, *, most: int, seconds: float
) -> BinaryIO:
    """Read the body of a request that may be large into a file without a name.

    Args:
        request: the request.
        held: until it ends, the file is there.
        most: the most octets.
        seconds: the longest time in which they may arrive.

    Raises:
        Untaken: the body is larger or slower, or it is compressed.
    """
    file = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (held closes it)
    waiting = bytearray()

    async def keep(piece: bytes) -> None:
        waiting.extend(piece)
        if len(waiting) >= _WRITTEN:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()

    await _read(request, most, seconds, keep)
    await run_in_threadpool(file.write, waiting)
    file.seek(0)
    return file


async def _read(
    request: Request, most: int, seconds: float, keep: Callable[[bytes], Awaitable[None]]
) -> None:
    """Have a body kept piece by piece as it arrives."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        # A few octets may stand for a gigabyte, and neither phones nor providers are told to send them.
        raise Untaken(415, f"bodies in {coding[:20]} are not taken", {"Accept-Encoding": "identity"})
    too_large = Untaken(413, f"at most {most} octets are taken")
    stated = request.headers.get("content-length", "")
    if stated and (not stated.isdecimal() or int(stated[:20]) > most):
        raise too_large
    taken = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                taken += len(piece)
                if taken > most:
                    raise too_large
                await keep(piece)
    except TimeoutError:
        raise Untaken(408, "the message took too long to arrive") from None
    except ClientDisconnect:
        # Nobody reads the answer.
        raise Untaken(400, "the connection ended") from None
