"""Where a message to an address goes next. No clock, no socket: what a resolver said is an argument."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import transcode
from transcode.errors import ProfileError
from transcode.relay.hops import is_network_code
from transcode.relay.model import Event, Route
from transcode.relay.store.rows import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.relay.hops import Hop
    from transcode.relay.linking import Pages
    from transcode.relay.model import Envelope, Subscriber

__all__ = ["Router"]

#: What a resolver can know: a number with its country code (ITU-T E.164).
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")
#: The domain of a network's message centre (3GPP TS 23.003, 11 and 23; GSMA IR.52 and IR.67).
_REALM = re.compile(r"mms\.mnc([0-9]{3})\.mcc([0-9]{3})\.(?:gprs|3gppnetwork\.org|pub\.3gppnetwork\.org)")


class Router:
    """Finds the next hop of a recipient.

    The first of these decides: a subscriber or a whole number; what a resolver said, where one is asked; the
    longest prefix; a domain; the default.

    Args:
        hops: the next hops; no two serve the same.
        asked: beginnings of numbers of which a resolver is asked, where no longer prefix is served: numbers
            that move between networks, or whose networks no prefix tells. Empty: there is no resolver.
        pages: what takes the place of a message that a phone can't receive; None: nothing does.
    """

    def __init__(self, hops: Sequence[Hop], asked: Sequence[str] = (), pages: Pages | None = None) -> None:
        self._pages = pages
        self._numbers = {one: hop for hop in hops for one in hop.numbers}
        self._prefixes = {one: hop for hop in hops for one in hop.prefixes}
        self._codes = {one: hop for hop in hops for one in hop.codes}
        self._domains = {one.lower(): hop for hop in hops for one in hop.domains}
        self._default = next((hop for hop in hops if hop.is_default), None)
        self._relaying = frozenset(hop.peer for hop in hops if hop.peer and hop.may_relay)
        self._asked = frozenset(asked)
        self._longest = max(map(len, (*self._prefixes, *self._asked)), default=0)

    def asks(self, recipient: str) -> bool:
        """Return whether a resolver is to be asked for a recipient who is no subscriber."""
        if not self._asked or recipient in self._numbers or not _INTERNATIONAL.fullmatch(recipient):
            return False
        for length in range(self._longest, -1, -1):
            if recipient[:length] in self._asked:
                return True
            if recipient[:length] in self._prefixes:
                return False
        return False

    def hop(self, recipient: str, resolved: str = "") -> Hop | None:
        """Return the next hop of a recipient who is no subscriber; None: nobody serves the address.

        Args:
            recipient: the address, as ``Numbers.normal`` returns it.
            resolved: what a resolver said: an MCC-MNC, the domain of a centre, or ``""`` if it knows nothing
                or was not asked.
        """
        if not recipient:
            return None
        if "@" in recipient:
            return self._by_domain(recipient.rpartition("@")[2]) or self._default
        found = self._numbers.get(recipient)
        if found is None and resolved and self.asks(recipient):
            found = self._codes.get(resolved) if is_network_code(resolved) else self._by_domain(resolved)
        return found or self._by_prefix(recipient) or self._default

    def network(self, recipient: str, resolved: str = "") -> str | None:
        """Return the network of this centre that a number is in; None where this centre does not serve it.

        The arguments are those of hop.
        """
        found = self.hop(recipient, resolved)
        return None if found is None or found.route is not Route.LOCAL else found.network

    def may_relay(self, peer: str, route: Route, to: str) -> bool:
        """Return whether a message may go on. Who has no right to it reaches only what this centre serves.

        Args:
            peer: where the message came from; ``""``: a phone of this centre.
            route, to: the kind and the name of the next hop.
        """
        if route in (Route.LOCAL, Route.LINK) or not peer:
            return True
        # Back to where it came from, it would come again.
        return peer != to and peer in self._relaying

    def verdict(
        self, recipient: str, subscriber: Subscriber | None, envelope: Envelope, resolved: str = ""
    ) -> Verdict:
        """Return the next hop of a recipient, and why.

        Args:
            recipient: the address, as ``Numbers.normal`` returns it.
            subscriber: what is known of the recipient, or None.
            envelope: the message.
            resolved: what a resolver said; see hop.
        """
        if subscriber is not None:
            takes_mms = subscriber.mms and _takes_mms(subscriber.network)
            return self._here(takes_mms, subscriber.link, after=subscriber.link_after)
        hop = self.hop(recipient, resolved)
        if hop is None:
            return Verdict(Event.UNROUTABLE, detail="no route serves the address")
        if not (envelope.may_relay or self.may_relay(envelope.peer, hop.route, hop.peer)):
            return Verdict(Event.UNROUTABLE, detail=f"{envelope.peer} may not send to {hop.peer}")
        if hop.route is Route.LOCAL:
            may_link = self._pages is not None and self._pages.everybody
            return self._here(_takes_mms(hop.network), may_link, detail=resolved)
        return Verdict(Event.ROUTED, hop.route, hop.peer, detail=resolved)

    def _here(
        self, takes_mms: bool, may_link: bool, *, after: float | None = None, detail: str = ""
    ) -> Verdict:
        """Return how a phone of this centre gets a message."""
        may_link = may_link and self._pages is not None
        if takes_mms:
            return Verdict(Event.ROUTED, Route.LOCAL, may_link=may_link, link_after=after, detail=detail)
        if may_link:
            return Verdict(Event.ROUTED, Route.LINK, may_link=True, detail="the phone takes no MMS")
        return Verdict(Event.UNROUTABLE, detail="the phone takes no MMS, and no link is allowed")

    def _by_prefix(self, recipient: str) -> Hop | None:
        for length in range(min(self._longest, len(recipient)), -1, -1):
            found = self._prefixes.get(recipient[:length])
            if found is not None:
                return found
        return None

    def _by_domain(self, domain: str) -> Hop | None:
        domain = domain.lower().rstrip(".")
        found = self._domains.get(domain)
        above = domain
        while found is None and above:
            above = above.partition(".")[2]
            found = self._domains.get(f"*.{above}")
        realm = _REALM.fullmatch(domain)
        if found is None and realm is not None:
            # A realm has three digits for each network; those of two are filled with a 0 in front.
            network, country = realm.groups()
            found = self._codes.get(country + network)
            if found is None and network.startswith("0"):
                found = self._codes.get(country + network[1:])
        return found


@cache
def _takes_mms(network: str) -> bool:
    """Return whether a network has MMS, as far as its profile knows."""
    try:
        return not network or transcode.find_profile(network).mms_enabled
    except ProfileError:
        return True
