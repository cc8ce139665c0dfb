"""The phones of this centre: told by WAP push that a message waits, or what became of one that they sent."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import transcode
from transcode.errors import TranscodeError, TransportError
from transcode.relay.accepted import accepted, without_content
from transcode.relay.model import Event, Route, Told
from transcode.relay.outlets.outlet import Outcome, missing, report_on, unsent
from transcode.relay.ports.sms import Push, Sms
from transcode.relay.recent import Recent
from transcode.wire.deliveries import Notifications
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm1.push import wap_push

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.messages.message import Message
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.store import Blobs
    from transcode.relay.store.rows import Report

__all__ = ["Phones"]

_LOG = logging.getLogger(__name__)

#: Messages whose notifications are being written.
_MOST_READ = 64


class _NoGateway(Sms):
    """What a centre without an SMS gateway has: each attempt waits for one that is configured."""

    together = 1

    def push(self, recipient: str, push: bytes, *, seconds: float = 0.0) -> None:  # noqa: ARG002
        """Fail, for now."""
        raise TransportError("SMS", "no gateway is configured", temporary=True)

    def text(
        self,
        recipient: str,
        text: str,
        *,
        sender: str = "",  # noqa: ARG002
        seconds: float = 0.0,  # noqa: ARG002
    ) -> None:
        """Fail, for now."""
        self.push(recipient, text.encode())

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

    def __init__(
        self, config: Config, blobs: Blobs, sms: Sms | None, url: str, clock: Callable[[], float]
    ) -> None:
        self.lines = config.sms.lines
        self._segments = config.sms.max_segments
        self._blobs = blobs
        self._sms = sms or _NoGateway()
        self.together = self._sms.together
        # Reading and writing the notifications comes on top, and the lease has that.
        self.longest = config.sms.timeout
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._read: Recent[tuple[str, str], Notifications] = Recent(_MOST_READ)

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Notify phones."""
        try:
            notifications = self._notifications(envelope)
        except FileNotFoundError:
            return [missing(self._blobs)] * len(deliveries)
        except TranscodeError as error:
            return [unsent(error)] * len(deliveries)
        now = self._clock()
        made = [self._notification(notifications, delivery, now) for delivery in deliveries]
        pushes = [
            Push(delivery.recipient, push, max(1.0, delivery.expires_at - now))
            for delivery, push in zip(deliveries, made, strict=True)
            if isinstance(push, bytes)
        ]
        errors = iter(self._sms.pushes(pushes))
        return [push if isinstance(push, Outcome) else _outcome(next(errors)) for push in made]

    def report(self, report: Report) -> tuple[Told, str]:
        """Push a report to the phone that sent the message."""
        envelope = report.envelope
        try:
            message = report_on(self._reported(envelope), report, message_id=envelope.id)
            self._sms.push(envelope.sender, wap_push(message.to_mm1(strict=False), number=report.id % 256))
        except TransportError as error:
            _LOG.warning("report %d: %s", report.id, error)
            return Told.FAILED if error.temporary else Told.REFUSED, str(error)
        except TranscodeError as error:
            _LOG.warning("report %d can't be written: %s", report.id, error)
            return Told.REFUSED, str(error)
        return Told.TAKEN, ""

    def close(self) -> None:
        """Close the connections to the gateway."""
        self._sms.close()

    def _notifications(self, envelope: Envelope) -> Notifications:
        """Return what writes the notifications of a message: its octets are read once for many recipients.

        Raises:
            FileNotFoundError: the octets are missing.
            TranscodeError: they are no message that can be given to a phone.
        """
        key = (envelope.blob, envelope.sender)
        with self._lock:
            known = self._read.get(key)
        if known is None:
            message = accepted(self._blobs.get(envelope.blob), envelope)
            size = pdu_writer.length(transcode.retrieval(message))
            known = Notifications(message, size=size, segments=self._segments)
            with self._lock:
                self._read[key] = known
        elif not self._blobs.exists(envelope.blob):
            raise FileNotFoundError(envelope.blob)
        return known

    def _notification(self, notifications: Notifications, delivery: Delivery, now: float) -> bytes | Outcome:
        """Return the push for a phone, or the outcome where it can't be written."""
        try:
            told = notifications.pdu(
                location=f"{self._url}/m/{delivery.token}",
                transaction_id=delivery.notification_id,
                expiry=max(1, int(delivery.expires_at - now)),
                subject=delivery.subject,
            )
            return wap_push(told, number=delivery.id % 256)
        except TranscodeError as error:
            # The next attempt would fail as this one.
            return unsent(error)

    def _reported(self, envelope: Envelope) -> Message:
        try:
            return accepted(self._blobs.get(envelope.blob), envelope)
        except FileNotFoundError:
            return without_content(envelope)


def _outcome(error: TranscodeError | None) -> Outcome:
    if error is None:
        return Outcome(Event.PUSH_ACCEPTED)
    is_temporary = isinstance(error, TransportError) and error.temporary
    return Outcome(Event.ATTEMPT_FAILED if is_temporary else Event.ATTEMPT_REFUSED, str(error))
