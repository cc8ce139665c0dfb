"""Where an operator gives the secret of the pages, and leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from transcode.relay.admin.frame import COOKIE
from transcode.relay.networks import one_of
from transcode.relay.secrets import SecretsBusy

if TYPE_CHECKING:
    from starlette.requests import Request

    from transcode.relay.admin.access import Session
    from transcode.relay.admin.frame import Frame

__all__ = ["Entrance"]

#: Secrets that wait for their verification. Each takes about 30 ms, one after the other.
_MOST_WAITING = 16


class Entrance:
    """Begins and ends sessions.

    Args:
        frame: how pages look.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desk
        self._turn = asyncio.Lock()
        self._verifying = 0

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/enter", self._form),
            Route("/enter", self._enter, methods=["POST"]),
            Route("/leave", self._frame.guarded(self._leave), methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        """Ask for the secret."""
        return self._frame.refused(request) or self._frame.page("enter.html", said="")

    async def _enter(self, request: Request) -> Response:
        """Verify a secret, and begin a session."""
        refused = self._frame.refused(request)
        if refused is not None:
            return refused
        secret = (await self._frame.form(request) or {}).get("secret", "")
        address = one_of(request.client.host if request.client else "")
        wait = self._desk.guesses.take(address)
        if wait:
            return self._later(wait)
        try:
            is_right = await self._is_right(secret)
        except SecretsBusy:
            return self._later(1.0)
        if not is_right:
            return self._frame.page("enter.html", 403, said="That is not the secret.")
        self._desk.guesses.forgive(address)
        entered = RedirectResponse("/", 303)
        entered.set_cookie(
            COOKIE,
            self._desk.sessions.begin(),
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._desk.admin.https,
        )
        return entered

    async def _is_right(self, secret: str) -> bool:
        """Verify a secret, one after the other.

        Strangers who guess from any number of addresses lock no operator out: an address that guessed little
        has its turn, in half a second where all places before it are taken, and a session needs none. What
        bounds them together is the cost of a verification: one thread tries about 30 secrets a second, which
        finds none that ``transcode relay secret`` made.

        Raises:
            SecretsBusy: too many others wait.
        """
        stored = self._desk.admin.secret
        known = self._desk.verifier.known(stored, secret)
        if known is not None:
            return known
        if self._verifying >= _MOST_WAITING:
            raise SecretsBusy("too many secrets are being verified")
        self._verifying += 1
        try:
            async with self._turn:
                return await run_in_threadpool(self._desk.verifier.verify, stored, secret)
        finally:
            self._verifying -= 1

    async def _leave(self, request: Request, session: Session) -> Response:
        """End a session."""
        if await self._frame.form(request, session) is None:
            return self._frame.stale()
        self._desk.sessions.end(request.cookies[COOKIE])
        left = RedirectResponse("/enter", 303)
        left.delete_cookie(COOKIE, path="/")
        return left

    def _later(self, wait: float) -> Response:
        said = f"Too many secrets. Wait {int(wait) + 1} seconds."
        answer = self._frame.page("enter.html", 429, said=said)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer
