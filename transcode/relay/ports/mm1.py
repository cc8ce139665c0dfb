"""MM1 over HTTP: phones submit and answer (OMA-TS-MMS_CTR-V1_3)."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import transcode
from transcode.errors import MessageError, PduError
from transcode.messages.message import Message
from transcode.relay import metrics
from transcode.relay.centre import Origin
from transcode.relay.ports.bodies import Untaken, body
from transcode.relay.ports.callers import Callers
from transcode.relay.ports.octets import TYPE
from transcode.relay.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from transcode.model import MessageType
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.ports.in_flight import InFlight
    from transcode.relay.ports.retrieval import Retrieval

__all__ = ["routes"]

_LOG = logging.getLogger(__name__)

#: The first numbers of the versions of MMS that there are; "": the PDU has none.
_VERSIONS = ("", "1")
#: The most characters of X-Mms-Response-Text that a phone is given.
_LONGEST_TEXT = 200
#: Seconds after which a phone should ask again.
_RETRY_AFTER = "30"
#: The words of X-Mms-Response-Status (OMA-TS-MMS_ENC-V1_3, 7.3.48).
_STATUSES = {
    Reason.DENIED: "Error-permanent-service-denied",
    Reason.CORRUPT: "Error-permanent-message-format-corrupt",
    Reason.CONTENT: "Error-permanent-content-not-accepted",
    Reason.UNRESOLVED: "Error-permanent-sending-address-unresolved",
    Reason.REPLY_CHARGING: "Error-permanent-reply-charging-not-supported",
    Reason.NOT_NOW: "Error-transient-failure",
}
_UNSUPPORTED = "Error-unsupported-message"
#: What phones may ask for and this centre does not do: to send a message on that they did not fetch, and to
#: keep messages in a box.
_UNDONE: dict[MessageType, str] = {
    "m-forward-req": _UNSUPPORTED,
    "m-mbox-store-req": "Error-permanent-service-denied",
    "m-mbox-upload-req": "Error-permanent-service-denied",
    "m-mbox-view-req": _UNSUPPORTED,
    "m-mbox-delete-req": _UNSUPPORTED,
    "m-delete-req": _UNSUPPORTED,
}
#: How a submission begins: type and transaction id (OMA-TS-MMS_ENC-V1_3, 7.1).
_SUBMISSION = re.compile(rb"\x8c\x80\x98([!-~]{1,255})\0")
_answered = metrics.answers_of("mm1", ("Ok", _UNSUPPORTED, *_STATUSES.values()))


def routes(config: Config, centre: Centre, retrieval: Retrieval, in_flight: InFlight) -> list[Route]:
    """Return the routes of the MM1 door.

    Args:
        config: the configuration.
        centre: the rules.
        retrieval: gives messages to phones.
        in_flight: the counter of all doors.
    """
    door = _Door(config, centre, in_flight)
    return [
        Route("/", door.post, methods=["POST"]),
        Route("/m/{token}", retrieval.fetch, methods=["GET"]),
        # Android answers there where its carrier says so (enabledNotifyWapMMSC).
        Route("/m/{token}", door.post, methods=["POST"]),
        Route("/healthz", door.health),
    ]


class _Door:
    def __init__(self, config: Config, centre: Centre, in_flight: InFlight) -> None:
        self._policy = config.policy
        self._numbers = config.numbers
        self._callers = Callers(config.listen, config.numbers)
        self._centre = centre
        self._in_flight = in_flight

    async def health(self, _request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("ok\n")

    async def post(self, request: Request) -> Response:
        """Take a PDU of a phone, and answer it."""
        if not self._callers.is_gateway(request):
            return PlainTextResponse("requests are taken from the operator's gateways\n", status_code=403)
        try:
            async with contextlib.AsyncExitStack() as held:
                octets = await self._body(request, held)
                return await run_in_threadpool(self._answer, octets, self._callers.number(request))
        except Untaken as refused:
            return refused.response

    def _answer(self, octets: bytes, sender: str) -> Response:
        try:
            message = transcode.read(octets)
        except PduError as error:
            return _unread(octets, str(error))
        if message.message_type in _UNDONE:
            return _refused(message, _UNDONE[message.message_type], "this centre does not do that")
        if message.message_type == "m-send-req" and message.version.partition(".")[0] not in _VERSIONS:
            return _refused(message, _UNSUPPORTED, f"MMS {message.version} is not supported")
        if message.message_type == "m-send-req":
            return _pdu(self._submitted(message, octets, sender))
        if message.message_type in ("m-notifyresp-ind", "m-acknowledge-ind", "m-read-rec-ind"):
            try:
                self._centre.answered(message, sender)
            except MessageError as error:
                return PlainTextResponse(f"{error}\n", status_code=400)
            except Exception:  # noqa: BLE001  # as of a submission
                _LOG.exception("an answer of a phone can't be kept")
                return PlainTextResponse(
                    "this can't be kept now\n", status_code=503, headers={"Retry-After": _RETRY_AFTER}
                )
            return Response(status_code=200, media_type=TYPE)
        return PlainTextResponse(f"{message.message_type} is not for a message centre\n", status_code=400)

    def _submitted(self, message: Message, octets: bytes, sender: str) -> bytes:
        taken: str | Refusal
        try:
            to = (*message.to, *message.cc, *message.bcc)
            taken = self._centre.accept(message, octets, to, Origin("mm1", sender))
            text = taken.text if isinstance(taken, Refusal) else self._unserved(to)
        except Exception:  # noqa: BLE001
            # The disk is full, for one, which files and database say each in their own way: the phone keeps
            # the message and sends it again.
            _LOG.exception("a submission can't be kept")
            text = "the message can't be kept now"
            taken = Refusal(Reason.NOT_NOW, text)
        _answered(_STATUSES[taken.reason] if isinstance(taken, Refusal) else "Ok")
        if isinstance(taken, Refusal):
            made = transcode.answer(message, _STATUSES[taken.reason], text=text)
        else:
            made = transcode.answer(message, message_id=taken, text=text)
        return made.to_mm1(strict=False)

    def _unserved(self, to: Sequence[str]) -> str | None:
        """Return whom an accepted message does not reach: who asks for no reports is told here alone."""
        each = dict.fromkeys(map(self._numbers.normal, to))
        left = [recipient for recipient in each if not self._centre.serves(recipient)]
        return f"not served: {', '.join(left)}"[:_LONGEST_TEXT] if left else None

    async def _body(self, request: Request, held: contextlib.AsyncExitStack) -> bytes:
        policy = self._policy
        return await body(
            request, held, self._in_flight, most=policy.max_message_bytes, seconds=policy.receive_seconds
        )


def _unread(octets: bytes, why: str) -> Response:
    """Return the answer to what is no PDU. A phone that submits would send it again after any but its own."""
    begun = _SUBMISSION.match(octets)
    if begun is None:
        return PlainTextResponse(f"{why}\n", status_code=400)
    unread = Message("m-send-req", transaction_id=begun[1].decode("ascii"), content_type=None)
    return _refused(unread, _STATUSES[Reason.CORRUPT], why)


def _refused(request: Message, status: str, text: str) -> Response:
    _answered(status)
    return _pdu(transcode.answer(request, status, text=text).to_mm1(strict=False))


def _pdu(octets: bytes) -> Response:
    return Response(octets, media_type=TYPE)
