"""MM7 over HTTP: providers submit, cancel and replace messages (3GPP TS 23.140, 8.7)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import logging
from typing import TYPE_CHECKING

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import transcode
from transcode.errors import MessageError, PduError
from transcode.messages.message import Message
from transcode.relay import metrics
from transcode.relay.centre import Origin
from transcode.relay.networks import networks
from transcode.relay.ports.bodies import RETRY_AFTER, Untaken, body
from transcode.relay.ports.http_doors import is_from
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.secrets import SecretsBusy, Verifier
from transcode.wire.mm7 import mm7
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from transcode.relay.amendments import Amended, Amendments
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.numbers import Numbers
    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.vasps import Vasp

__all__ = ["routes"]

_LOG = logging.getLogger(__name__)

#: Status codes of MM7.
_SUCCESS, _PARTIAL = 1000, 1100
_RESTRICTED, _NOBODY, _CONTENT, _NO_MESSAGE, _NO_LINK, _CORRUPT = 2001, 2003, 2004, 2005, 2006, 2007
_TOO_LATE, _REJECTED = 3001, 3002
_WHO, _VERSION, _UNSUPPORTED, _INCOMPLETE, _LATER, _DENIED = 4001, 4002, 4003, 4004, 4006, 4007
_STATUSES = {
    Reason.DENIED: _DENIED,
    Reason.CORRUPT: _CORRUPT,
    Reason.CONTENT: _CONTENT,
    Reason.UNRESOLVED: _NOBODY,
    Reason.REPLY_CHARGING: _REJECTED,
    Reason.NOT_NOW: _LATER,
}
_answered = metrics.answers_of(
    "mm7",
    (
        *(_SUCCESS, _PARTIAL, _RESTRICTED, _NOBODY, _CONTENT, _NO_MESSAGE, _NO_LINK, _CORRUPT, _TOO_LATE),
        _REJECTED,
        *(_WHO, _VERSION, _UNSUPPORTED, _INCOMPLETE, _LATER, _DENIED),
    ),
)
#: What a provider asks of a centre. Reports and deliveries go the other way.
_REQUESTS = ("mm7-submit-req", "mm7-cancel-req", "mm7-replace-req")
#: Releases of the schema that this centre knows, by the first number of their MM7Version.
_VERSIONS = ("5", "6")
#: Strangers' secrets that wait for their verification at once. More are asked to come later, so that no flood
#: of them takes the threads of other doors.
_MOST_WAITING = 8


def routes(config: Config, centre: Centre, amendments: Amendments, in_flight: InFlight) -> list[Route]:
    """Return the routes of the MM7 door; none where no provider is configured.

    Args:
        config: the configuration.
        centre, amendments: the rules.
        in_flight: the counter of all doors.
    """
    if not config.vasp:
        return []
    door = _Door(config, centre, amendments, in_flight)
    return [Route(config.mm7.path, door.post, methods=["POST"])]


class _Door:
    def __init__(self, config: Config, centre: Centre, amendments: Amendments, in_flight: InFlight) -> None:
        self._policy = config.policy
        self._numbers = config.numbers
        self._centre = centre
        self._amendments = amendments
        self._verifier = Verifier()
        self._in_flight = in_flight
        self._vasps = {vasp.name: vasp for vasp in config.vasp}
        self._networks = {vasp.name: networks(vasp.addresses) for vasp in config.vasp}
        self._verifying = 0

    async def post(self, request: Request) -> Response:
        """Take a request of a provider, and answer it."""
        try:
            accounts = await self._accounts(request)
            if not accounts:
                unknown = {"WWW-Authenticate": 'Basic realm="MM7", charset="UTF-8"'}
                return PlainTextResponse("requests are taken from providers\n", 401, unknown)
            async with contextlib.AsyncExitStack() as held:
                most = max(vasp.max_bytes or self._policy.max_message_bytes for vasp in accounts)
                seconds = self._policy.receive_seconds
                octets = await body(request, held, self._in_flight, most=most, seconds=seconds)
                content_type = request.headers.get("content-type", "")
                return await run_in_threadpool(self._answer, octets, content_type, accounts)
        except Untaken as refused:
            return refused.response

    async def _accounts(self, request: Request) -> list[Vasp]:
        """Return the accounts that a request may be from: one, if it has a secret, else by its address.

        Raises:
            Untaken: too many other secrets are being verified.
        """
        name, secret = _credentials(request.headers.get("authorization", ""))
        vasp = self._vasps.get(name)
        if vasp is not None and vasp.secret and not self._is_allowed(request, vasp):
            return []
        if secret and (vasp is None or vasp.secret):
            if await self._verified("" if vasp is None else vasp.secret, secret) and vasp is not None:
                return [vasp]
            return []
        return [one for one in self._vasps.values() if not one.secret and self._is_allowed(request, one)]

    def _is_allowed(self, request: Request, vasp: Vasp) -> bool:
        return not vasp.addresses or is_from(request, self._networks[vasp.name])

    async def _verified(self, stored: str, secret: str) -> bool:
        known = self._verifier.known(stored, secret)
        if known is not None:
            return known
        if self._verifying >= _MOST_WAITING:
            raise _busy()
        self._verifying += 1
        try:
            return await anyio.to_thread.run_sync(
                self._verifier.verify, stored, secret, limiter=anyio.CapacityLimiter(1)
            )
        except SecretsBusy:
            raise _busy() from None
        finally:
            self._verifying -= 1

    def _answer(self, octets: bytes, content_type: str, accounts: Sequence[Vasp]) -> Response:
        # With the header that names the boundary: what is kept must be read again without it.
        front = f'SOAPAction: ""\r\nContent-Type: {content_type}\r\n\r\n' if content_type else ""
        whole = front.encode("latin-1") + octets
        try:
            message = transcode.read(whole)
        except PduError as error:
            return _fault(_unread(), _CORRUPT, str(error))
        if not message.message_type.startswith("mm7-"):
            return _fault(_unread(), _CORRUPT, f"{message.message_type} is not of MM7")
        if message.message_type not in _REQUESTS:
            if not message.message_type.endswith("-req"):
                message = _unread()
            return _fault(message, _UNSUPPORTED, "a centre takes SubmitReq, CancelReq and ReplaceReq")
        vasp = _account(message, accounts)
        if vasp is None:
            return _said(message, _WHO, "VASPID or VASID is another than the account's")
        if message.version.partition(".")[0] not in _VERSIONS:
            return _said(message, _VERSION, f"MM7Version {message.version}")
        if not message.transaction_id:
            return _said(message, _INCOMPLETE, "TransactionID is missing")
        try:
            if message.message_type == "mm7-submit-req":
                return self._submitted(message, whole, vasp)
            return self._amended(message, len(whole), vasp)
        except MessageError as error:
            return _said(message, _CORRUPT, str(error))
        except Exception:  # noqa: BLE001
            # The disk is full, for one, which files and database say each in their own way.
            _LOG.exception("a request of %s can't be done", vasp.name)
            return _said(message, _LATER, "the request can't be done now")

    def _submitted(self, message: Message, octets: bytes, vasp: Vasp) -> Response:
        headers = folded(message.headers)
        link = headers.get("linkedid")
        if link and not self._amendments.is_for(str(link), vasp.name):
            return _said(message, _NO_LINK, str(link))
        sender = _sender(message, vasp, self._numbers)
        if sender is None:
            return _said(message, _RESTRICTED, f"{message.sender} is no address of the account")
        shown = {value for name, value in message.headers if name.lower() == "displayonly"}
        named = (*message.to, *message.cc, *message.bcc)
        to = list(dict.fromkeys(self._numbers.normal(address) for address in named if address not in shown))
        if not to:
            return _said(message, _INCOMPLETE, "Recipients are missing")
        if len(to) > vasp.max_recipients:
            most = f"{len(to)} recipients; at most {vasp.max_recipients} are allowed"
            return _said(message, _RESTRICTED, most)
        origin = Origin(
            "mm7",
            sender,
            vasp.name,
            fingerprint=_fingerprint(message),
            max_bytes=len(octets),
            max_recipients=vasp.max_recipients,
        )
        taken = self._centre.accept(message, octets, to, origin)
        if isinstance(taken, Refusal):
            return _said(message, _STATUSES[taken.reason], taken.text)
        left = [recipient for recipient in to if not self._centre.serves(recipient, vasp.name)]
        status = _PARTIAL if left else _SUCCESS
        return _response(transcode.answer(message, status, message_id=taken, recipients=left))

    def _amended(self, message: Message, size: int, vasp: Vasp) -> Response:
        name = str(folded(message.headers).get("messageid", ""))
        if not name or not self._amendments.owns(name, vasp.name):
            # Of another provider's message it is told no more than of one that never was.
            return _said(message, _NO_MESSAGE, name or "MessageID is missing")
        if message.message_type == "mm7-replace-req" and message.content_type is not None:
            refusal = self._centre.refuses(message, size)
            if refusal is not None:
                return _said(message, _STATUSES[refusal.reason], refusal.text)
        try:
            if message.message_type == "mm7-cancel-req":
                amended = self._amendments.cancel(name, (*message.to, *message.cc, *message.bcc))
            else:
                amended = self._amendments.replace(name, message)
        except LookupError as error:
            return _said(message, _TOO_LATE, str(error))
        return _response(_outcome(message, amended))


def _outcome(message: Message, amended: Amended) -> Message:
    """Return the answer to a CancelReq or a ReplaceReq; Details name those for whom it is not done."""
    others = [*amended.left, *amended.unknown]
    if not others:
        return transcode.answer(message)
    if amended.done:
        return transcode.answer(message, _PARTIAL, recipients=others)
    return transcode.answer(message, _TOO_LATE if amended.left else _NOBODY, recipients=others)


def _account(message: Message, accounts: Sequence[Vasp]) -> Vasp | None:
    """Return the account whose ids a request has."""
    headers = folded(message.headers)
    vaspid, vasid = headers.get("vaspid", ""), headers.get("vasid", "")
    for vasp in accounts:
        if vasp.vaspid in ("", vaspid) and (not vasp.vasids or vasid in vasp.vasids):
            return vasp
    return None


def _sender(message: Message, vasp: Vasp, numbers: Numbers) -> str | None:
    """Return the sender of a submission, ``""`` if there is none; None: not an address of the account."""
    own = list(map(numbers.normal, (*vasp.short_codes, *vasp.senders)))
    if message.sender is None:
        return next(iter(own), "")
    sender = numbers.normal(message.sender)
    return sender if sender in own else None


def _fingerprint(message: Message) -> str:
    """Return what is equal in the same submission again.

    Most clients draw a new boundary and a new TimeStamp for each try, so the octets are others.
    """
    headers = [pair for pair in message.headers if pair[0].lower() != "timestamp"]
    fields = (message.to, message.cc, message.bcc, message.subject, headers, message.content_type)
    digest = hashlib.sha256(repr(fields).encode("utf-8", "replace"))
    for part in message.parts:
        named = (part.content_type, part.content_id, part.content_location, part.name, len(part.data))
        digest.update(repr(named).encode("utf-8", "replace"))
        digest.update(part.data)
    return digest.hexdigest()


def _credentials(authorization: str) -> tuple[str, str]:
    """Return name and secret of HTTP Basic authentication (RFC 7617); ``""`` where there are none."""
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _busy() -> Untaken:
    return Untaken(503, "too many requests at once", {"Retry-After": RETRY_AFTER})


def _unread() -> Message:
    """Return a request in place of one that could not be read."""
    return Message("mm7-submit-req", version="6.8.0", content_type=None)


def _said(message: Message, status: int, details: str) -> Response:
    return _response(mm7.answer(message, status, details=details[:200]))


def _fault(message: Message, status: int, details: str) -> Response:
    """Return a SOAP fault, whose status of HTTP is 500 (SOAP 1.1, 6.2)."""
    return _response(mm7.error(message, status, details=details[:200]), 500)


def _response(message: Message, status: int = 200) -> Response:
    _answered(folded(message.headers).get("statuscode"))
    made = message.to_mm7(strict=False)
    return Response(made.body, status, media_type=dict(made.headers)["Content-Type"])
