"""What the pages of operators have in common: who may see them, how they look, how forms are read."""

from __future__ import annotations

import hmac
import ipaddress
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from transcode._version import __version__
from transcode.relay.admin.access import Session, Sessions
from transcode.relay.forms import form_of
from transcode.relay.guesses import Guesses
from transcode.relay.patience import Unanswered
from transcode.relay.secrets import Verifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from transcode.relay.admin.health import Health
    from transcode.relay.admin_listener import Admin
    from transcode.relay.estimate.versions import Versions
    from transcode.relay.gauges import Gauges
    from transcode.relay.numbers import Numbers
    from transcode.relay.patience import Parts
    from transcode.relay.pseudonyms import Pseudonyms
    from transcode.relay.store.sqlite import SqlStore

__all__ = ["COOKIE", "Desk", "Frame"]

_Returned = TypeVar("_Returned")

COOKIE = "transcode_operator"
#: The most octets of a form.
_LARGEST_FORM = 4096
#: Wrong secrets of an address at once, and the seconds until another one is allowed.
_BURST, _WAIT = 5, 30.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages need.

    Attributes:
        name: the name of the centre.
        admin: the configuration of the listener.
        numbers: the form of numbers.
        store: the rows.
        pseudonyms: words of numbers, by which old rows are found.
        gauges: counts of what is open.
        health: whether the centre does its work.
        parts: asks the database, for a time.
        versions: makes what each carrier's phones get of a campaign.
        sessions, guesses, verifier: who may see the pages.
    """

    name: str
    admin: Admin
    numbers: Numbers
    store: SqlStore
    pseudonyms: Pseudonyms
    gauges: Gauges
    health: Health
    parts: Parts
    versions: Versions
    sessions: Sessions = field(default_factory=Sessions)
    guesses: Guesses = field(default_factory=lambda: Guesses(_BURST, _WAIT, "secrets of operators"))
    verifier: Verifier = field(default_factory=lambda: Verifier(at_once=1))


class Frame:
    """What a page needs to be shown.

    Args:
        desk: what the pages show, and who may see them.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader(__package__),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["clock"] = _clock
        self._templates.filters["minute"] = lambda at: _clock(at)[:-3]
        self._templates.filters["count"] = "{:,}".format

    def guarded(
        self, page: Callable[[Request, Session], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a page for operators alone; anybody else is asked for the secret."""

        async def answer(request: Request) -> Response:
            refused = self.refused(request)
            if refused is not None:
                return refused
            session = self.desk.sessions.find(request.cookies.get(COOKIE, ""))
            if session is None:
                return RedirectResponse("/enter", 303)
            try:
                return await page(request, session)
            except Unanswered:
                return await self._silent()

        return answer

    async def asked(self, part: str, call: Callable[[], _Returned]) -> _Returned:
        """Return what a call returns that asks the database.

        Raises:
            Unanswered: it takes too long.
        """
        return await run_in_threadpool(self.desk.parts.ask, part, call)

    async def _silent(self) -> Response:
        """Say which parts do not answer, in the place of a page that needs them."""
        checks = await run_in_threadpool(self.desk.health.checks)
        lines = "".join(f"{name}: {wrong}\n" for name, wrong in checks.items() if wrong)
        return PlainTextResponse(f"the page can't be made now\n{lines}", 503)

    def refused(self, request: Request) -> Response | None:
        """Return why a request gets no page, whoever makes it; None: it may."""
        if not self.desk.admin.secret:
            return PlainTextResponse("the configuration has no admin.secret: transcode relay secret\n", 403)
        host = request.url.hostname or ""
        if host not in ("localhost", *self.desk.admin.hosts) and not _is_address(host):
            # A name that somebody else made lead here: his page would be of the same site as this one.
            return PlainTextResponse("the configuration does not name this host in admin.hosts\n", 403)
        if request.method == "POST" and not _is_same_site(request):
            return PlainTextResponse("forms are taken from pages of this site\n", 403)
        return None

    async def form(self, request: Request, session: Session | None = None) -> dict[str, str] | None:
        """Return the fields of a form; None: it is not of this session.

        Of a form that is too large, too slow or cut short there are no fields.
        """
        fields = await form_of(request, _LARGEST_FORM)
        if session is not None and not _is_guarded(fields, session):
            return None
        return fields

    def stale(self) -> Response:
        """Say that a form is not of this session."""
        return PlainTextResponse("the form is of another session: load its page anew\n", 403)

    def back(self, form: dict[str, str]) -> Response:
        """Lead back to the page of a form."""
        back = form.get("back", "/")
        # A path of this site: //elsewhere.example would be another one.
        is_own = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if is_own else "/", 303)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page that is made of a template and values."""
        desk = self.desk
        made = self._templates.get_template(template).render(
            name=desk.name, version=__version__, now=time.time(), **values
        )
        return HTMLResponse(made, status)


def _is_guarded(form: dict[str, str], session: Session) -> bool:
    return hmac.compare_digest(form.get("guard", "").encode(), session.guard.encode())


def _is_same_site(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return site in ("same-origin", "none") and origin in (None, f"http://{host}", f"https://{host}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
