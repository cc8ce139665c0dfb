"""Where a message to an address goes next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transcode.relay.model import Event, Route
from transcode.relay.store.rows import Verdict
from transcode.wire.addresses import without_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.config import Local
    from transcode.relay.model import Subscriber

__all__ = ["Router", "number"]

_TYPE = re.compile(r"/TYPE=[A-Za-z0-9]+\Z", re.IGNORECASE)


def number(address: str) -> str:
    """Return an address as rows and routes have it: a number without type and blanks, or as it is."""
    return _TYPE.sub("", without_name(address))


class Router:
    """Finds the next hop of a recipient: a subscriber by the exact number, else the longest prefix.

    Args:
        local: the numbers that this centre serves.
    """

    def __init__(self, local: Sequence[Local]) -> None:
        self._networks = {prefix: one.network for one in local for prefix in one.prefixes}
        self._longest = max(map(len, self._networks), default=0)

    def network(self, recipient: str) -> str | None:
        """Return the network of the longest prefix of a number; None where this centre does not serve it."""
        for length in range(min(self._longest, len(recipient)), -1, -1):
            found = self._networks.get(recipient[:length])
            if found is not None:
                return found
        return None

    def verdict(self, recipient: str, subscriber: Subscriber | None) -> Verdict:
        """Return the next hop of a recipient, and why.

        Args:
            recipient: the address, as ``number`` returns it.
            subscriber: what is known of the recipient.
        """
        if subscriber is None and self.network(recipient) is None:
            return Verdict(Event.UNROUTABLE, detail="no route serves the address")
        if subscriber is not None and not subscriber.mms:
            if subscriber.link:
                return Verdict(Event.ROUTED, Route.LINK, may_link=True, detail="the phone takes no MMS")
            return Verdict(Event.UNROUTABLE, detail="the phone takes no MMS, and no link is allowed")
        # While there are no pages, a phone that takes MMS gets no link: after a day without a fetch the link
        # would be refused, and the message ended days before it expires.
        return Verdict(Event.ROUTED, Route.LOCAL)
