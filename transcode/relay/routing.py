"""Finds the next hop of each recipient: by subscriber, resolver and route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import TransportError
from transcode.relay.model import RESOLVER, Event, Route, State
from transcode.relay.policy import matches
from transcode.relay.store import limits
from transcode.relay.store.rows import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from transcode.relay.ahead import Ahead
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.resolver import Resolver
    from transcode.relay.route import Router
    from transcode.relay.store import SqlStore

__all__ = ["Routing"]

#: The most recipients of a message that are routed together.
_TOGETHER = 100


class Routing:
    """Two kinds of work: to route what is known, and to ask the resolver, which may be slow.

    Args:
        config: the configuration.
        store: where everything is kept.
        router: finds the next hop.
        resolver: knows the networks of numbers; None: there is none.
        clock: gives the time, in seconds since 1970.
        ahead: adapts messages before phones ask for them; None: nobody does.

    Attributes:
        lines: the most questions to the resolver at once.
    """

    def __init__(
        self,
        config: Config,
        store: SqlStore,
        router: Router,
        resolver: Resolver | None,
        clock: Callable[[], float],
        ahead: Ahead | None = None,
    ) -> None:
        # Without a resolver, one routes what was left to the one that there was.
        self.lines = config.resolver.lines if resolver else 1
        self._quota = config.policy.quota_bytes
        self._keep = config.resolver.keep_seconds
        self._lease = config.timers.lease
        self._store = store
        self._router = router
        self._resolver = resolver
        self._clock = clock
        self._ahead = ahead

    def route(self) -> bool:
        """Find the next hops of some recipients of a message; False where none is due."""
        now = self._clock()
        taken = self._store.take(None, "", now=now, lease=self._lease).result()
        if taken is None:
            return False
        first, envelope = taken
        others = self._store.take_more(first, _TOGETHER - 1, now=now, lease=self._lease).result()
        # Written side by side they share commits, of which a disk makes a hundred a second.
        for written in [self._routed(delivery, envelope) for delivery in (first, *others)]:
            self._prepare(written.result(), envelope)
        return True

    def resolve(self) -> bool:
        """Ask the resolver for one recipient; False where none is due."""
        lease = self._lease + (self._resolver.longest if self._resolver else 0.0)
        taken = self._store.take(None, RESOLVER, now=self._clock(), lease=lease).result()
        if taken is None:
            return False
        delivery, envelope = taken
        answer = self._known(delivery)
        if answer is None and self._resolver is not None:
            try:
                answer = self._resolver.resolve(delivery.recipient)
            except TransportError as error:
                # A refusal is an answer, of this number alone.
                self._note(failed=error.temporary)
                now = self._clock()
                self._store.apply(delivery.id, Event.UNRESOLVED, at=now, detail=str(error)).result()
                return True
            self._note(failed=False)
            until = self._clock() + self._keep
            limits.keep_answer(self._store, delivery.recipient, answer, until=until)
        routed = self._apply(delivery, self._verdict(delivery, envelope, answer or "")).result()
        self._prepare(routed, envelope)
        return True

    def _note(self, *, failed: bool) -> None:
        limits.note(self._store, None, RESOLVER, failed=failed, at=self._clock())

    def _prepare(self, routed: Delivery | None, envelope: Envelope) -> None:
        """Have what a phone will ask for adapted."""
        is_local = routed is not None and routed.route is Route.LOCAL and routed.state is State.PENDING
        if self._ahead is not None and routed is not None and is_local:
            self._ahead.routed(routed, envelope)

    def _routed(self, delivery: Delivery, envelope: Envelope) -> Future[Delivery] | Future[None]:
        answer: str | None = ""
        if self._resolver is not None and self._router.asks(delivery.recipient):
            answer = self._known(delivery)
            if answer is None and self._store.subscriber(delivery.recipient) is None:
                return limits.hand_over(self._store, delivery.id)
        return self._apply(delivery, self._verdict(delivery, envelope, answer or ""))

    def _known(self, delivery: Delivery) -> str | None:
        return limits.answer(self._store, delivery.recipient, now=self._clock())

    def _apply(self, delivery: Delivery, verdict: Verdict) -> Future[Delivery]:
        now, event = self._clock(), verdict.event
        if event is Event.ROUTED and delivery.deliver_at is not None and delivery.deliver_at > now:
            event = Event.HELD
        return self._store.apply(delivery.id, event, at=now, detail=verdict.detail, verdict=verdict)

    def _verdict(self, delivery: Delivery, envelope: Envelope, resolved: str) -> Verdict:
        recipient = delivery.recipient
        verdict = self._router.verdict(recipient, self._store.subscriber(recipient), envelope, resolved)
        if verdict.route not in (Route.LOCAL, Route.LINK):
            return verdict
        if matches(envelope.sender, limits.blocked(self._store, recipient)):
            return Verdict(Event.UNROUTABLE, detail="the recipient blocks the sender")
        if self._quota and limits.stored_before(self._store, delivery) + envelope.size > self._quota:
            return Verdict(
                Event.UNROUTABLE, detail=f"more than {self._quota} octets would wait for the recipient"
            )
        return verdict
