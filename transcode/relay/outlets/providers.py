"""A provider as a next hop: messages to its short codes, and reports on its own messages, over MM7."""

from __future__ import annotations

import logging
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import transcode
from transcode.errors import (
    BudgetError,
    HttpStatusError,
    PduError,
    SubmitRefused,
    TranscodeError,
    TransportError,
)
from transcode.jobs.isolated import JobLost
from transcode.message.adapted_headers import refuse_change
from transcode.messages.message import answer_of
from transcode.relay.accepted import accepted, without_content
from transcode.relay.adaptation import Wanted
from transcode.relay.model import SAME, Event, Route, Told
from transcode.relay.outlets.outlet import Outcome, missing, report_on, unsent
from transcode.relay.own_text import within
from transcode.relay.store.reports import transaction_id
from transcode.transport import submit
from transcode.transport.http_client import Client
from transcode.wire.addresses import with_type
from transcode.wire.deliveries import delivered
from transcode.wire.mm7.address_elements import untyped_short_code
from transcode.wire.mm7.schema import ELEMENTS
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transcode.messages.message import Message
    from transcode.relay.adaptation import Adapter
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.store import Blobs
    from transcode.relay.store.rows import Report
    from transcode.relay.vasps import Vasp
    from transcode.wire.http import HttpMessage

__all__ = ["Providers"]

_LOG = logging.getLogger(__name__)

#: Statuses of MM7 that end a message: faults of the client, and those of the service that another try does
#: not mend.
_CLIENT_FAULTS = range(2000, 3000)
_FINAL = (4001, 4002, 4003, 4004, 4007)
#: Statuses of HTTP that say so of the message. All others speak of login, address or time, and the operator
#: mends them.
_HTTP_FINAL = (400, 413, 415, 422)
#: Octets by which the requests of one message differ.
_RESERVE = 64


class Providers:
    """One provider.

    Args:
        config: the configuration.
        vasp: the account.
        blobs: the octets.
        adapter: its processes make messages smaller.
    """

    route = Route.VASP
    together = 1

    def __init__(self, config: Config, vasp: Vasp, blobs: Blobs, adapter: Adapter) -> None:
        self.peer = vasp.name
        self.lines = vasp.lines
        # A message that is too large is adapted before.
        self.longest = vasp.timeout + (config.policy.adapt_seconds if vasp.max_bytes else 0.0)
        self._vasp = vasp
        self._name = config.name
        self._numbers = config.numbers
        self._adapt_seconds = config.policy.adapt_seconds
        self._blobs = blobs
        self._adapter = adapter
        self._client = Client(
            tls=ssl.create_default_context(cafile=vasp.ca) if vasp.ca else None,
            auth=(vasp.user, vasp.password) if vasp.user else None,
        )

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Post a DeliverReq for each recipient."""
        return [self._deliver(delivery, envelope) for delivery in deliveries]

    def report(self, report: Report) -> tuple[Told, str]:
        """Post a DeliveryReportReq or a ReadReplyReq, in the version that the provider used."""
        if not self._vasp.url:
            # It wants none.
            return Told.TAKEN, ""
        try:
            message = report_on(
                self._reported(report.envelope),
                report,
                message_id=report.envelope.id,
                transaction_id=transaction_id(report),
                system=self._name,
            )
            self._post(_written(message))
        except TransportError as error:
            _LOG.warning("report %d to %s: %s", report.id, self.peer, error)
            is_final = _outcome(error).event is not Event.ATTEMPT_FAILED
            return Told.REFUSED if is_final else Told.FAILED, str(error)
        except PduError as error:
            _LOG.warning("report %d to %s: the answer is none of MM7: %s", report.id, self.peer, error)
            return Told.FAILED, f"the answer is none of MM7: {error}"
        except TranscodeError as error:
            _LOG.warning("report %d can't be written: %s", report.id, error)
            return Told.REFUSED, str(error)
        return Told.TAKEN, ""

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _deliver(self, delivery: Delivery, envelope: Envelope) -> Outcome:
        try:
            request = self._request(delivery, envelope)
        except FileNotFoundError:
            return missing(self._blobs)
        except (JobLost, TimeoutError) as error:
            return unsent(error, temporary=True)
        except TranscodeError as error:
            return unsent(error)
        try:
            answer = self._post(request)
        except TransportError as error:
            return _outcome(error)
        except PduError as error:
            # It may have the message, and knows it by its id when it comes again.
            return Outcome(Event.ATTEMPT_FAILED, f"the answer is none of MM7: {error}"[:200])
        return Outcome(Event.REQUEST_ACCEPTED, str(folded(answer.headers).get("statuscode", "")))

    def _post(self, request: HttpMessage) -> Message:
        return submit.post(
            request,
            self._vasp.url,
            answer_of,
            auth=None,
            timeout=self._vasp.timeout,
            headers=None,
            proxy=None,
            client=self._client,
        )

    def wanted(self, delivery: Delivery, envelope: Envelope) -> Wanted | None:
        """Return what recipients here are going to get, as one of them does; None: it is small.

        Raises:
            OSError: the octets can't be read.
            TranscodeError: they are no message that can be sent.
        """
        whole, most = self._whole(delivery, envelope), self._vasp.max_bytes
        return self._smaller(whole, 0) if most and _size(_written(whole)) > most else None

    def _smaller(self, whole: Message, more: int) -> Wanted:
        key = f"mm7 {self._vasp.network} {self._vasp.max_bytes}" + (f" {more}" if more else "")
        return Wanted(key, _adapted, (replace(whole, parts=()), self._vasp, more))

    def _request(self, delivery: Delivery, envelope: Envelope) -> HttpMessage:
        """Return the DeliverReq, adapted where the provider takes no larger one."""
        made = whole = self._whole(delivery, envelope)
        most = self._vasp.max_bytes

        def smaller(more: int) -> Message:
            key, function, arguments = self._smaller(whole, more)
            job = self._adapter.make(envelope, key, function, *arguments)
            adapted = transcode.read(self._blobs.get(job.result(timeout=2 * self._adapt_seconds)))
            return replace(adapted, transaction_id=whole.transaction_id, to=whole.to)

        if most:
            request = _written(made)
            if _size(request) > most:
                made = smaller(0)
                request = _written(made)
                if _size(request) > most:
                    raise BudgetError("message", most, smallest=_size(request))
            if delivery.own == SAME:
                return request
        return within(made, delivery.own, most, write=_written, size=_size, smaller=smaller)

    def _whole(self, delivery: Delivery, envelope: Envelope) -> Message:
        """Return the DeliverReq as large as it is."""
        vasp = self._vasp
        made = delivered(
            accepted(self._blobs.get(envelope.blob), envelope),
            # The same at each repetition.
            transaction_id=delivery.notification_id,
            linked_id=envelope.id,
            date=int(envelope.received_at),
            system=self._name,
            vaspid=vasp.vaspid or None,
            vasid=next(iter(vasp.vasids), None),
        )
        if delivery.recipient not in map(self._numbers.normal, (*made.to, *made.cc)):
            # Who was in Bcc: the provider must know which of its services is meant.
            made = replace(made, to=(*made.to, untyped_short_code(with_type(delivery.recipient))))
        return _in_version(made, vasp.version)

    def _reported(self, envelope: Envelope) -> Message:
        try:
            return accepted(self._blobs.get(envelope.blob), envelope)
        except FileNotFoundError:
            return without_content(envelope).converted("mm7-submit-req")


def _written(message: Message) -> HttpMessage:
    """Return a request as it leaves."""
    # Not strict: a sender who hides has no place in a DeliverReq, which should have one.
    return message.to_mm7(strict=False)


def _size(request: HttpMessage) -> int:
    return len(request.body)


def _in_version(message: Message, version: str) -> Message:
    """Return a message in a version of MM7, without what that does not have."""
    release = 5 if version.startswith("5.") else 6
    headers = [
        (name, value)
        for name, value in message.headers
        if name not in ELEMENTS or ELEMENTS[name].release <= release
    ]
    return replace(message, version=version, headers=tuple(headers))


def _adapted(source: Path | bytes, request: Message, vasp: Vasp, more: int = 0) -> bytes:
    """Return a DeliverReq that a provider takes, in a process of its own.

    Args:
        source: the octets of the message, or the file that has them.
        request: the DeliverReq without its parts, which may be large.
        vasp: the provider.
        more: octets to leave free for own texts.
    """
    came = transcode.read(source if isinstance(source, bytes) else source.read_bytes())
    whole = replace(request, parts=came.converted("mm7-deliver-req").parts)
    profile = replace(transcode.find_profile(vasp.network), max_message_bytes=vasp.max_bytes)
    made = transcode.adapt(whole, profile, form="mm7", reserve=_RESERVE + more, threads=1)
    # A DeliverReq does not say whether the sender allows adaptation.
    refuse_change(came, made)
    return bytes(made.to_mm7(strict=False))


def _outcome(error: TransportError) -> Outcome:
    """Return the outcome of a request that the provider did not take, or that did not reach it."""
    is_final = False
    if isinstance(error, SubmitRefused):
        code = folded(error.response.headers).get("statuscode")
        is_final = isinstance(code, int) and (code in _CLIENT_FAULTS or code in _FINAL)
    elif isinstance(error, HttpStatusError):
        is_final = error.status in _HTTP_FINAL
    return Outcome(Event.ATTEMPT_REFUSED if is_final else Event.ATTEMPT_FAILED, str(error)[:200])
