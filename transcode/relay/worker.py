"""The work that is due: routes, notifications, reports, timers, and octets that nobody needs any more."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import transcode
from transcode.errors import MessageError, TranscodeError, TransportError
from transcode.relay.accepted import accepted, without_content
from transcode.relay.model import Event, Route
from transcode.wire.mm1.push import push_segments, wap_push

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.messages.message import Message
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.ports.sms import Sms
    from transcode.relay.route import Router
    from transcode.relay.store import Blobs, SqliteStore
    from transcode.relay.store.rows import Report

__all__ = ["Worker"]

_LOG = logging.getLogger(__name__)

#: Seconds for which a row is taken. A worker that dies gives it back by the end of them.
_LEASE = 60.0
#: Seconds between two looks where nothing was due.
_IDLE = 0.2
#: Seconds between two looks for octets that nobody needs.
_TIDY = 60.0


class _NoGateway:
    """What a centre without an SMS gateway has: each attempt waits for one that is configured."""

    def push(self, recipient: str, segments: Sequence[bytes]) -> None:  # noqa: ARG002
        """Fail, for now."""
        raise TransportError("SMS", "no gateway is configured", temporary=True)

    def close(self) -> None:
        """Do nothing."""


class Worker:
    """Threads that each do one kind of work, so that a slow gateway delays no timer.

    Args:
        config: the configuration.
        store, blobs: where everything is kept.
        router: finds the next hop.
        sms: the SMS gateway; None: notifications wait.
        url: the address that phones fetch from, without a slash at its end.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        store: SqliteStore,
        blobs: Blobs,
        router: Router,
        sms: Sms | None,
        url: str,
        clock: Callable[[], float],
    ) -> None:
        self._segments = config.sms.max_segments
        self._store = store
        self._blobs = blobs
        self._router = router
        self._sms = sms or _NoGateway()
        self._url = url
        self._clock = clock
        self._stopped = threading.Event()
        lanes: list[tuple[str, Callable[[], bool], float]] = [
            ("routes", self.route, _IDLE),
            ("timers", self.ring, _IDLE),
            ("links", self.link, _IDLE),
            ("notifications", self.notify, _IDLE),
            ("reports", self.report, _IDLE),
            ("tidying", self.tidy, _TIDY),
        ]
        self._threads = [
            threading.Thread(target=self._run, args=lane, name=f"transcode-{lane[0]}", daemon=True)
            for lane in lanes
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads when what they do is done."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, step: Callable[[], bool], idle: float) -> None:
        while not self._stopped.is_set():
            try:
                did = step()
            except Exception:  # noqa: BLE001
                # A full disk, for one. The lease ends, and the work is taken again.
                _LOG.exception("%s: an error", name)
                did = False
            if not did:
                self._stopped.wait(idle)

    def route(self) -> bool:
        """Find the next hop of one recipient; False where none is due."""
        taken = self._store.take(None, "", now=self._clock(), lease=_LEASE).result()
        if taken is None:
            return False
        delivery, _ = taken
        now = self._clock()
        verdict = self._router.verdict(delivery.recipient, self._store.subscriber(delivery.recipient))
        event = verdict.event
        if event is Event.ROUTED and delivery.deliver_at is not None and delivery.deliver_at > now:
            event = Event.HELD
        self._store.apply(delivery.id, event, at=now, detail=verdict.detail, verdict=verdict).result()
        return True

    def ring(self) -> bool:
        """Apply what timers say; False where none ran out."""
        return self._store.ring(now=self._clock()).result() > 0

    def notify(self) -> bool:
        """Notify one phone; False where none is due."""
        taken = self._store.take(Route.LOCAL, "", now=self._clock(), lease=_LEASE).result()
        if taken is None:
            return False
        delivery, envelope = taken
        try:
            self._push(delivery.recipient, self._notification(delivery, envelope), delivery.id)
        except TransportError as error:
            self._failed(delivery, error, temporary=error.temporary)
        except FileNotFoundError:
            # Somebody deleted the octets. The sender is told that the message can't be delivered.
            self._failed(delivery, MessageError("the octets of the message are missing"), temporary=False)
        except TranscodeError as error:
            # A notification that can't be written: the next attempt would fail as this one.
            self._failed(delivery, error, temporary=False)
        else:
            self._store.apply(delivery.id, Event.PUSH_ACCEPTED, at=self._clock()).result()
        return True

    def _failed(self, delivery: Delivery, error: Exception, *, temporary: bool) -> None:
        event = Event.ATTEMPT_FAILED if temporary else Event.ATTEMPT_REFUSED
        self._store.apply(delivery.id, event, at=self._clock(), detail=str(error)).result()

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

    def link(self) -> bool:
        """Refuse one link; False where none is due."""
        taken = self._store.take(Route.LINK, "", now=self._clock(), lease=_LEASE).result()
        if taken is None:
            return False
        self._store.apply(
            taken[0].id, Event.ATTEMPT_REFUSED, at=self._clock(), detail="this centre has no pages"
        ).result()
        return True

    def report(self) -> bool:
        """Tell one sender what became of a message; False where no report is due."""
        told = self._store.take_report(now=self._clock(), lease=_LEASE).result()
        if told is None:
            return False
        self._store.reported(told, at=self._clock(), again=not self._told(told)).result()
        return True

    def _told(self, told: Report) -> bool:
        """Push a report; True where it needs no other try."""
        envelope = told.envelope
        make = transcode.read_report if told.kind == "read" else transcode.delivery_report
        try:
            message = self._reported(envelope)
            report = make(
                message,
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

    def _reported(self, envelope: Envelope) -> Message:
        try:
            return accepted(self._blobs.get(envelope.blob), envelope)
        except FileNotFoundError:
            return without_content(envelope)

    def tidy(self) -> bool:
        """Give up and delete octets whose time is over; False where there are none."""
        retired = self._store.retire(now=self._clock()).result()
        return retired + self._store.sweep(self._blobs).result() > 0
