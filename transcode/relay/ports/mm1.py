"""MM1 over HTTP: phones submit, fetch and answer (OMA-TS-MMS_CTR-V1_3)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import transcode
from transcode.errors import MessageError, PduError, TranscodeError
from transcode.jobs.isolated import JobLost
from transcode.relay.centre import Origin
from transcode.relay.model import Event
from transcode.relay.ports.bodies import Untaken, body
from transcode.relay.ports.http_doors import is_from
from transcode.relay.ports.http_protocol import DRAINED
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.route import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from transcode.messages.message import Message
    from transcode.relay.adaptation import Adapter, Target
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.store import Blobs

__all__ = ["routes"]

_LOG = logging.getLogger(__name__)

_TYPE = "application/vnd.wap.mms-message"
#: Octets that are handed to the server at once.
_PIECE = 65_536
_UNSATISFIABLE = 416
#: The words of X-Mms-Response-Status (OMA-TS-MMS_ENC-V1_3, 7.3.48).
_STATUSES = {
    Reason.DENIED: "Error-permanent-service-denied",
    Reason.CORRUPT: "Error-permanent-message-format-corrupt",
    Reason.CONTENT: "Error-permanent-content-not-accepted",
    Reason.UNRESOLVED: "Error-permanent-sending-address-unresolved",
    Reason.NOT_NOW: "Error-transient-failure",
}
_MSISDN = re.compile(r"[1-9][0-9]{6,14}")
_RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")


def routes(
    config: Config, centre: Centre, adapter: Adapter, blobs: Blobs, in_flight: InFlight
) -> list[Route]:
    """Return the routes of the MM1 door.

    Args:
        config: the configuration.
        centre: the rules.
        adapter: adapts messages to phones.
        blobs: the octets.
        in_flight: the counter of all doors.
    """
    door = _Door(config, centre, adapter, blobs, in_flight)
    return [
        Route("/", door.post, methods=["POST"]),
        Route("/m/{token}", door.fetch, methods=["GET"]),
        Route("/healthz", door.health),
    ]


class _Door:
    def __init__(
        self, config: Config, centre: Centre, adapter: Adapter, blobs: Blobs, in_flight: InFlight
    ) -> None:
        self._policy = config.policy
        self._header = config.listen.sender_header
        self._gateways = [ipaddress.ip_network(gateway) for gateway in config.listen.gateways]
        self._centre = centre
        self._adapter = adapter
        self._blobs = blobs
        self._in_flight = in_flight

    async def health(self, _request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("ok\n")

    async def post(self, request: Request) -> Response:
        """Take a PDU of a phone, and answer it."""
        if not is_from(request, self._gateways):
            return PlainTextResponse("requests are taken from the operator's gateways\n", status_code=403)
        try:
            async with contextlib.AsyncExitStack() as held:
                octets = await self._body(request, held)
                return await run_in_threadpool(self._answer, octets, self._sender(request))
        except Untaken as refused:
            return refused.response

    def _answer(self, octets: bytes, sender: str) -> Response:
        try:
            message = transcode.read(octets)
        except PduError as error:
            return PlainTextResponse(f"{error}\n", status_code=400)
        if message.message_type == "m-send-req":
            return _pdu(self._submitted(message, octets, sender))
        if message.message_type in ("m-notifyresp-ind", "m-acknowledge-ind", "m-read-rec-ind"):
            try:
                self._centre.answered(message, sender)
            except MessageError as error:
                return PlainTextResponse(f"{error}\n", status_code=400)
            return Response(status_code=200, media_type=_TYPE)
        return PlainTextResponse(f"{message.message_type} is not for a message centre\n", status_code=400)

    def _submitted(self, message: Message, octets: bytes, sender: str) -> bytes:
        taken: str | Refusal
        try:
            to = (*message.to, *message.cc, *message.bcc)
            taken = self._centre.accept(message, octets, to, Origin("mm1", sender))
        except Exception:  # noqa: BLE001
            # The disk is full, for one, which files and database say each in their own way: the phone keeps
            # the message and sends it again.
            _LOG.exception("a submission can't be kept")
            taken = Refusal(Reason.NOT_NOW, "the message can't be kept now")
        if isinstance(taken, Refusal):
            made = transcode.answer(message, _STATUSES[taken.reason], text=taken.text)
        else:
            made = transcode.answer(message, message_id=taken)
        return made.to_mm1(strict=False)

    async def fetch(self, request: Request) -> Response:
        """Give a message to the phone whose token is asked for."""
        asked = await run_in_threadpool(self._centre.asked, request.path_params["token"])
        if asked is None:
            return PlainTextResponse("there is no such message\n", status_code=404)
        if isinstance(asked, str):
            return _refused("Error-permanent-message-not-found", asked)
        delivery, envelope, target = asked
        is_look = request.method == "HEAD"
        if not is_look:
            delivery = await run_in_threadpool(
                self._centre.happened, delivery, Event.FETCH_BEGUN, _agent(request)
            )
        try:
            octets = await self._adapted(envelope, target, delivery)
        except (JobLost, TranscodeError, OSError, TimeoutError) as error:
            passes = isinstance(error, JobLost | TimeoutError | OSError)
            if not is_look:
                event = Event.FETCH_BROKEN if passes else Event.CONTENT_REFUSED
                await run_in_threadpool(self._centre.happened, delivery, event, _short(error))
            if passes:
                # The reason names files of this machine, or nothing that a phone's user knows.
                return _refused("Error-transient-failure", "the message can't be given now")
            return _refused("Error-permanent-content-unsupported", _short(error))
        given = self._given(request, delivery, octets)
        if given.status_code == _UNSATISFIABLE and not is_look:
            beyond = "the range is beyond the message"
            await run_in_threadpool(self._centre.happened, delivery, Event.FETCH_BROKEN, beyond)
        return given

    async def _adapted(self, envelope: Envelope, target: Target, delivery: Delivery) -> bytes:
        making = await run_in_threadpool(self._adapter.begin, envelope, target)
        # The adaptation goes on after the wait, for the phone's next try.
        name = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(making)), self._policy.wait_seconds)
        octets = await run_in_threadpool(self._blobs.get, name)
        return _with_transaction(octets, delivery)

    def _given(self, request: Request, delivery: Delivery, octets: bytes) -> Response:
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        first, last = 0, len(octets) - 1
        status = 200
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if asked is not None and _is_valid(asked[1], asked[2]):
            first, last = _span(asked[1], asked[2], len(octets))
            if first > last:
                return Response(
                    status_code=_UNSATISFIABLE, headers={"Content-Range": f"bytes */{len(octets)}"}
                )
            headers["Content-Range"] = f"bytes {first}-{last}/{len(octets)}"
            status = 206
        # Who fetches the rest of a transfer that broke has the whole when its last octet is there. Who asks
        # for a number of octets at the end continues nothing.
        is_suffix = status == 206 and first > 0 and asked is not None and not asked[1]
        ends = last == len(octets) - 1 and not is_suffix
        return _Octets(
            octets[first : last + 1],
            status,
            headers,
            None if request.method == "HEAD" else lambda whole: self._sent(delivery, whole=whole, ends=ends),
        )

    def _sent(self, delivery: Delivery, *, whole: bool, ends: bool) -> None:
        if not whole:
            self._centre.happened(delivery, Event.FETCH_BROKEN, "the connection ended early")
        elif ends:
            self._centre.happened(delivery, Event.FETCH_DONE)

    def _sender(self, request: Request) -> str:
        # Several headers of the name, or one that a proxy made of them (RFC 9110, 5.3): one value is the
        # phone's own invention. Nobody can say which.
        named = request.headers.getlist(self._header)
        if len(named) != 1 or "," in named[0]:
            return ""
        found = number(named[0].strip())
        # An MSISDN begins with the country code, and most gateways write it without + (3GPP TS 23.003, 3.3).
        return f"+{found}" if _MSISDN.fullmatch(found) else found

    async def _body(self, request: Request, held: contextlib.AsyncExitStack) -> bytes:
        policy = self._policy
        return await body(
            request, held, self._in_flight, most=policy.max_message_bytes, seconds=policy.receive_seconds
        )


class _Octets(Response):
    """Octets in pieces; says afterwards whether the phone's system has them all.

    Args:
        octets: the body.
        status: the status of HTTP.
        headers: further headers.
        told: called in a thread with whether all octets arrived; None: nobody wants to know.
    """

    def __init__(
        self, octets: bytes, status: int, headers: dict[str, str], told: Callable[..., None] | None
    ) -> None:
        super().__init__(None, status, {**headers, "Content-Length": str(len(octets))}, _TYPE)
        self._octets = octets
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._told is None:
            await send({"type": "http.response.body", "body": b""})
            return
        whole = False
        try:
            for start in range(0, len(self._octets), _PIECE):
                piece = self._octets[start : start + _PIECE]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            # While the response is open, so is the connection.
            whole = await scope["extensions"][DRAINED]()
            await send({"type": "http.response.body", "body": b""})
        finally:
            await asyncio.shield(run_in_threadpool(self._told, whole))


def _pdu(octets: bytes) -> Response:
    return Response(octets, media_type=_TYPE)


def _refused(status: str, text: str) -> Response:
    refusal = transcode.refused_retrieval(status, date=int(time.time()), text=text)
    return _pdu(refusal.to_mm1(strict=False))


def _with_transaction(octets: bytes, delivery: Delivery) -> bytes:
    """Return an M-Retrieve.conf; a phone that deferred needs a transaction id, to acknowledge."""
    if not delivery.deferred:
        return octets
    message = transcode.read(octets)
    return replace(message, transaction_id=delivery.notification_id).to_mm1(strict=False)


def _is_valid(first: str, last: str) -> bool:
    """Return whether a range is one; any other is ignored (RFC 9110, 14.2)."""
    return bool(first or last) and not (first and last and int(last) < int(first))


def _span(first: str, last: str, length: int) -> tuple[int, int]:
    """Return the first and last octet of a range (RFC 9110, 14.1.2)."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last), length - 1) if last else length - 1


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:200]


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
