"""Links to the pages of messages, as short messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.errors import TranscodeError, TransportError
from transcode.relay.link_text import link_text, spoken
from transcode.relay.model import Event, Route, State
from transcode.relay.outlets.outlet import Outcome, missing, unsent
from transcode.relay.store import optouts, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.relay.ahead import Ahead
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope
    from transcode.relay.ports.sms import Sms
    from transcode.relay.store import Blobs, SqlStore

__all__ = ["Links"]

_DAY = 86_400.0


class Links:
    """The route of links.

    Args:
        config: the configuration; without the table of pages, links are refused.
        store, blobs: where everything is kept.
        sms: the SMS gateway; None: links wait for one that is configured.
        url: the address of the pages, without a slash at its end.
        clock: gives the time, in seconds since 1970.
        ahead: makes clips of pages before anybody asks; None: nobody does.
    """

    route = Route.LINK
    peer = ""
    together = 1

    def __init__(
        self,
        config: Config,
        store: SqlStore,
        blobs: Blobs,
        sms: Sms | None,
        url: str,
        clock: Callable[[], float],
        ahead: Ahead | None = None,
    ) -> None:
        self.lines = config.sms.lines
        self.longest = config.sms.timeout
        self._pages = config.pages
        self._store, self._blobs = store, blobs
        self._sms, self._url = sms, url
        self._clock, self._ahead = clock, ahead

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Send links."""
        return [self._attempt(delivery, envelope) for delivery in deliveries]

    def close(self) -> None:
        """Do nothing: the gateway is the phones' too."""

    def _attempt(self, delivery: Delivery, envelope: Envelope) -> Outcome:
        config = self._pages
        if config is None:
            return unsent("this centre has no pages")
        if not self._blobs.exists(envelope.blob):
            return missing(self._blobs)
        if optouts.out_of(self._store, [delivery.recipient]):
            return unsent("the recipient wants no links")
        if self._sms is None:
            return unsent("no gateway is configured", temporary=True)
        now = self._clock()
        page = pages.make(self._store, delivery.id, at=now, expires_at=now + config.days * _DAY).result()
        if page.revoked_at is not None:
            return unsent("the page was taken down")
        ends_at = min(page.expires_at, delivery.expires_at)
        name = spoken(delivery.recipient, self._store.subscriber(delivery.recipient), config.language)
        text = link_text(envelope, f"{self._url}/p/{page.token}", ends_at=ends_at, name=name)
        # As late as can be: the page was written meanwhile.
        if (hindered := self._hindered(delivery)) is not None:
            return hindered
        try:
            # Of one that is over meanwhile the SMSC is told the least; nothing would be its own longest time.
            seconds = max(1.0, ends_at - self._clock())
            self._sms.text(delivery.recipient, text, sender=config.sender, seconds=seconds)
        except TranscodeError as error:
            is_temporary = isinstance(error, TransportError) and error.temporary
            return Outcome(Event.ATTEMPT_FAILED if is_temporary else Event.ATTEMPT_REFUSED, str(error))
        if self._ahead is not None:
            self._ahead.linked(envelope)
        return Outcome(Event.LINK_ACCEPTED, f"in {name}")

    def _hindered(self, delivery: Delivery) -> Outcome | None:
        """Return why a delivery is sent no link any more, or None."""
        if optouts.out_of(self._store, [delivery.recipient]):
            return unsent("the recipient wants no links")
        found = self._store.delivery(number=delivery.id)
        if found is None or found.state is not State.PENDING or found.route is not Route.LINK:
            # Since the delivery was taken, the phone may have fetched the message.
            return unsent("the phone was quicker", temporary=True)
        return None
