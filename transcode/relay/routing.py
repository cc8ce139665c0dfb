"""Finds the next hop of each recipient: by subscriber, resolver and route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import TransportError
from transcode.relay.model import RESOLVER, Event, Route, State
from transcode.relay.store import limits
from transcode.relay.store.occurrences import Occurrence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.relay.ahead import Ahead
    from transcode.relay.config import Config
    from transcode.relay.judging import Judge, Receivers
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.resolver import Resolver
    from transcode.relay.store import SqlStore

__all__ = ["Routing"]

#: The most recipients of a message that are routed together.
_TOGETHER = 100


class Routing:
    """Two kinds of work: to route what is known, and to ask the resolver, which may be slow.

    Args:
        config: the configuration.
        store: where everything is kept.
        judge: finds next hops by what is known.
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
        judge: Judge,
        resolver: Resolver | None,
        clock: Callable[[], float],
        ahead: Ahead | None = None,
    ) -> None:
        # Without a resolver, one routes what was left to the one that there was.
        self.lines = config.resolver.lines if resolver else 1
        self._keep = config.resolver.keep_seconds
        self._lease = config.timers.lease
        self._store, self._judge, self._resolver = store, judge, resolver
        self._clock, self._ahead = clock, ahead

    def route(self) -> bool:
        """Find the next hops of some recipients of a message; False where none is due."""
        now = self._clock()
        taken = self._store.take(None, "", now=now, lease=self._lease).result()
        if taken is None:
            return False
        first, envelope = taken
        others = self._store.take_more(first, _TOGETHER - 1, now=now, lease=self._lease).result()
        deliveries = [first, *others]
        asked = [one.recipient for one in deliveries if self._judge.is_asked(one.recipient)]
        known = self._judge.known([one.recipient for one in deliveries], asked)
        unknown = {*asked} - {*known.answers} - {*known.subscribers}
        left = [one for one in deliveries if one.recipient in unknown]
        if left:
            limits.hand_over(self._store, left).result()
        routed = [one for one in deliveries if one.recipient not in unknown]
        stored = self._judge.stored(deliveries)
        self._apply([self._happened(one, envelope, known, stored) for one in routed], envelope)
        return True

    def resolve(self) -> bool:
        """Ask the resolver for one recipient; False where none is due."""
        lease = self._lease + (self._resolver.longest if self._resolver else 0.0)
        taken = self._store.take(None, RESOLVER, now=self._clock(), lease=lease).result()
        if taken is None:
            return False
        delivery, envelope = taken
        known = self._judge.known([delivery.recipient], [delivery.recipient])
        if delivery.recipient not in known.answers and self._resolver is not None:
            try:
                answer = self._resolver.resolve(delivery.recipient)
            except TransportError as error:
                # A refusal is an answer, of this number alone.
                self._note(failed=error.temporary)
                now = self._clock()
                unresolved = Occurrence(delivery.id, Event.UNRESOLVED, str(error), taken=delivery)
                self._store.apply_all([unresolved], at=now).result()
                return True
            self._note(failed=False)
            until = self._clock() + self._keep
            limits.keep_answer(self._store, delivery.recipient, answer, until=until)
            known.answers[delivery.recipient] = answer
        else:
            limits.unasked(self._store, None, RESOLVER, at=self._clock())
        stored = self._judge.stored([delivery])
        self._apply([self._happened(delivery, envelope, known, stored)], envelope)
        return True

    def _note(self, *, failed: bool) -> None:
        limits.note(self._store, None, RESOLVER, failed=failed, at=self._clock())

    def _apply(self, happened: Sequence[Occurrence], envelope: Envelope) -> None:
        if not happened:
            return
        # In one transaction: of commits a disk makes a hundred a second.
        routed = self._store.apply_all(happened, at=self._clock()).result()
        if self._ahead is not None:
            to = [
                one.recipient
                for one in routed
                if one is not None and one.route is Route.LOCAL and one.state is State.PENDING
            ]
            # What phones will ask for is adapted before.
            self._ahead.routed(to, envelope)

    def _happened(
        self, delivery: Delivery, envelope: Envelope, known: Receivers, stored: Mapping[int, int]
    ) -> Occurrence:
        verdict = self._judge.verdict(delivery.recipient, envelope, known, stored.get(delivery.id, 0))
        event = verdict.event
        held = delivery.deliver_at is not None and delivery.deliver_at > self._clock()
        if event is Event.ROUTED and held:
            event = Event.HELD
        return Occurrence(delivery.id, event, verdict.detail, verdict, taken=delivery)
