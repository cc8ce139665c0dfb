"""Octets over HTTP, whole or a part, with the word of the peer's system on whether they arrived."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from transcode.relay.ports.http_protocol import DRAINED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

__all__ = ["TYPE", "Octets", "Span", "range_of", "span", "wanted"]

#: The content type of a PDU of MM1.
TYPE = "application/vnd.wap.mms-message"
#: Octets that are handed to the server at once.
_PIECE = 65_536
_RANGE = re.compile(r"bytes=\s*([0-9]{0,12})-([0-9]{0,12})\s*", re.IGNORECASE)


class Span(NamedTuple):
    """A part of octets that was asked for.

    Attributes:
        first, last: its ends; ``first`` is above ``last`` where the part is beyond the octets.
        is_suffix: whether a number of octets at the end was asked for, which continues nothing.
    """

    first: int
    last: int
    is_suffix: bool


def span(header: str, length: int) -> Span | None:
    """Return the part that a Range header asks for; None: all, as of a range that is none (RFC 9110, 14.2).

    Args:
        header: the value of the header, or ``""``.
        length: the number of octets.
    """
    asked = _RANGE.fullmatch(header)
    if asked is None:
        return None
    first, last = asked[1], asked[2]
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    if not first:
        begin = max(0, length - int(last))
        return Span(begin, length - 1, is_suffix=begin > 0)
    return Span(int(first), min(int(last), length - 1) if last else length - 1, is_suffix=False)


def range_of(request: Request) -> str:
    """Return what part a request asks for; of HEAD none is, whatever it says (RFC 9110, 14.2)."""
    return "" if request.method == "HEAD" else request.headers.get("range", "")


def wanted(request: Request, tag: str, length: int) -> Span | None:
    """Return the part of octets that a request asks for; None: all.

    Args:
        request: the request.
        tag: the value of the header ETag. A part of other octets than those that a phone or a browser has is
            of no use (RFC 9110, 13.1.5).
        length: the number of octets.
    """
    if request.headers.get("if-range", tag) != tag:
        return None
    return span(range_of(request), length)


class Octets(Response):
    """Octets in pieces; says afterwards whether the phone's system has them all.

    Of a file, no more is held than one piece: phones that fetch slowly are many.

    Args:
        source: the octets, or a file that has them.
        first, last: the ends of the part that is the body.
        status: the status of HTTP.
        headers: further headers.
        told: called in a thread with whether all octets arrived; None: nobody wants to know.
    """

    def __init__(
        self,
        source: bytes | Path,
        first: int,
        last: int,
        status: int,
        headers: dict[str, str],
        told: Callable[..., None] | None,
    ) -> None:
        super().__init__(None, status, {**headers, "Content-Length": str(last + 1 - first)}, TYPE)
        self._source = source
        self._span = range(first, last + 1, _PIECE)
        self._end = last + 1
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._told is None:
            await send({"type": "http.response.body", "body": b""})
            return
        whole = False
        try:
            for start in self._span:
                piece = await self._piece(start, min(start + _PIECE, self._end))
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            # While the response is open, so is the connection.
            whole = await scope["extensions"][DRAINED]()
            await send({"type": "http.response.body", "body": b""})
        finally:
            await asyncio.shield(run_in_threadpool(self._told, whole))

    async def _piece(self, start: int, end: int) -> bytes:
        if isinstance(self._source, bytes):
            return self._source[start:end]
        return await run_in_threadpool(_read, self._source, start, end)


def _read(path: Path, start: int, end: int) -> bytes:
    # Opened for each piece: a file that stays open counts among the most that a process may have.
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)
