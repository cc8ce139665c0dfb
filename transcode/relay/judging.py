"""What the centre says of recipients: their next hops, and why some get nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transcode.relay.model import CAMPAIGN_LANE, Event, Route
from transcode.relay.policy import matches
from transcode.relay.store import limits, optouts
from transcode.relay.store.progress import OPTED_OUT, REASONS
from transcode.relay.store.rows import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope, Subscriber
    from transcode.relay.resolver import Resolver
    from transcode.relay.route import Router
    from transcode.relay.store import SqlStore

__all__ = ["Judge", "Receivers"]


class Receivers(NamedTuple):
    """What the store knows of recipients.

    Attributes:
        subscribers: by number.
        answers: what the resolver said, by number.
        blocked: whom each blocks, by number.
        out: the numbers that want no links, and nothing of campaigns.
    """

    subscribers: dict[str, Subscriber]
    answers: dict[str, str]
    blocked: dict[str, list[str]]
    out: set[str]


class Judge:
    """Finds next hops by what is known.

    Args:
        config: the configuration.
        store: where everything is kept.
        router: finds the next hop.
        resolver: knows the networks of numbers; None: there is none.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        store: SqlStore,
        router: Router,
        resolver: Resolver | None,
        clock: Callable[[], float],
    ) -> None:
        self._quota = config.policy.quota_bytes
        self._store = store
        self._router = router
        self._has_resolver = resolver is not None
        self._clock = clock

    def is_asked(self, recipient: str) -> bool:
        """Return whether the resolver is to be asked for a recipient who is no subscriber."""
        return self._has_resolver and self._router.asks(recipient)

    def known(self, recipients: Sequence[str], asked: Sequence[str]) -> Receivers:
        """Return what is known of recipients.

        Args:
            recipients: the addresses.
            asked: those of them whose answers of the resolver count.
        """
        return Receivers(
            self._store.subscribers(recipients),
            limits.answers(self._store, asked, now=self._clock()) if asked else {},
            limits.blocked_by(self._store, recipients),
            optouts.out_of(self._store, recipients),
        )

    def stored(self, deliveries: Sequence[Delivery]) -> Mapping[int, int]:
        """Return the octets of earlier messages that wait for recipients, where a quota counts them."""
        return limits.stored_before(self._store, deliveries) if self._quota else {}

    def verdict(self, recipient: str, envelope: Envelope, known: Receivers, stored: int = 0) -> Verdict:
        """Return the next hop of a recipient, and why.

        Args:
            recipient: the address.
            envelope: the message.
            known: what is known.
            stored: the octets of earlier messages that wait for the recipient.
        """
        subscriber, resolved = known.subscribers.get(recipient), known.answers.get(recipient, "")
        is_campaign = envelope.lane.startswith(CAMPAIGN_LANE)
        if is_campaign and recipient in known.out:
            return Verdict(Event.UNROUTABLE, detail=OPTED_OUT)
        verdict = self._router.verdict(recipient, subscriber, envelope, resolved)
        if verdict.route not in (Route.LOCAL, Route.LINK):
            return verdict
        if matches(envelope.sender, known.blocked.get(recipient, ())):
            return Verdict(Event.UNROUTABLE, detail=REASONS["blocked"])
        if verdict.may_link and recipient in known.out:
            if verdict.route is Route.LINK:
                return Verdict(Event.UNROUTABLE, detail="the recipient wants no links")
            verdict = verdict._replace(may_link=False)
        if self._quota and not is_campaign and stored + envelope.size > self._quota:
            return Verdict(
                Event.UNROUTABLE, detail=f"more than {self._quota} octets would wait for the recipient"
            )
        return verdict

    def carrier(self, recipient: str, verdict: Verdict, known: Receivers) -> str:
        """Return the name of a recipient's network, as far as it has one here; else of the next hop."""
        subscriber, resolved = known.subscribers.get(recipient), known.answers.get(recipient, "")
        if verdict.route in (Route.LOCAL, Route.LINK):
            network = subscriber.network if subscriber is not None else ""
            return network or self._router.network(recipient, resolved) or str(verdict.route)
        return resolved or verdict.peer
