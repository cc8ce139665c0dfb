"""The phones of this centre: told by WAP push that a message waits, or what became of theirs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import transcode
from transcode.errors import MessageError, TranscodeError, TransportError
from transcode.relay.accepted import accepted, without_content
from transcode.relay.model import Event, Route
from transcode.relay.outlets.outlet import Outcome, failed
from transcode.wire.mm1.push import push_segments, wap_push

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.messages.message import Message
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.ports.sms import Sms
    from transcode.relay.store import Blobs
    from transcode.relay.store.rows import Report

__all__ = ["Phones"]

_LOG = logging.getLogger(__name__)


class _NoGateway:
    """What a centre without an SMS gateway has: each attempt waits for one that is configured."""

    def push(self, recipient: str, segments: Sequence[bytes]) -> None:  # noqa: ARG002
        """Fail, for now."""
        raise TransportError("SMS", "no gateway is configured", temporary=True)

    def close(self) -> None:
        """Do nothing."""


class Phones:
    """Notifications and reports as short messages.

    Args:
        config: the configuration.
        blobs: the octets.
        sms: the SMS gateway; None: notifications wait.
        url: the address that phones fetch from, without a slash at its end.
        clock: gives the time, in seconds since 1970.
    """

    route = Route.LOCAL
    peer = ""
    together = 1

    def __init__(
        self, config: Config, blobs: Blobs, sms: Sms | None, url: str, clock: Callable[[], float]
    ) -> None:
        self.lines = config.sms.lines
        self.longest = config.sms.timeout * config.sms.max_segments
        self._segments = config.sms.max_segments
        self._blobs = blobs
        self._sms = sms or _NoGateway()
        self._url = url
        self._clock = clock

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Notify phones."""
        return [self._notify(delivery, envelope) for delivery in deliveries]

    def report(self, told: Report) -> bool:
        """Push a report to the phone that sent the message."""
        envelope = told.envelope
        make = transcode.read_report if told.kind == "read" else transcode.delivery_report
        try:
            report = make(
                self._reported(envelope),
                told.delivery.recipient,
                told.status,
                date=int(told.made_at),
                message_id=envelope.id,
            )
            self._push(envelope.sender, report.to_mm1(strict=False), told.id)
        except TransportError as error:
            _LOG.warning("report %d: %s", told.id, error)
            return not error.temporary
        except TranscodeError as error:
            _LOG.warning("report %d can't be written: %s", told.id, error)
        return True

    def close(self) -> None:
        """Close the connections to the gateway."""
        self._sms.close()

    def _notify(self, delivery: Delivery, envelope: Envelope) -> Outcome:
        try:
            self._push(delivery.recipient, self._notification(delivery, envelope), delivery.id)
        except TransportError as error:
            return failed(error, temporary=error.temporary)
        except FileNotFoundError:
            # Somebody deleted the octets. The sender is told that the message can't be delivered.
            return failed(MessageError("the octets of the message are missing"), temporary=False)
        except TranscodeError as error:
            # A notification that can't be written: the next attempt would fail as this one.
            return failed(error, temporary=False)
        return Outcome(Event.PUSH_ACCEPTED)

    def _notification(self, delivery: Delivery, envelope: Envelope) -> bytes:
        told = transcode.notification(
            accepted(self._blobs.get(envelope.blob), envelope),
            location=f"{self._url}/m/{delivery.token}",
            transaction_id=delivery.notification_id,
            expiry=max(1, int(delivery.expires_at - self._clock())),
            segments=self._segments,
        )
        return told.to_mm1(strict=False)

    def _push(self, recipient: str, pdu: bytes, number: int) -> None:
        push = wap_push(pdu, number=number % 256)
        self._sms.push(recipient, push_segments(push, reference=number % 256, most=self._segments))

    def _reported(self, envelope: Envelope) -> Message:
        try:
            return accepted(self._blobs.get(envelope.blob), envelope)
        except FileNotFoundError:
            return without_content(envelope)
