"""The message of a campaign made for each network of its audience at the beginning, from one decode."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import transcode
from transcode.errors import TranscodeError
from transcode.relay.estimate.versions import LOCAL, target
from transcode.relay.model import Delivery, State
from transcode.relay.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcode.relay.adaptation import Adapter, Wanted
    from transcode.relay.model import Envelope, Route
    from transcode.relay.pacing import Kind
    from transcode.relay.store import Blobs

__all__ = ["Hop", "Preparing"]

_LOG = logging.getLogger(__name__)

#: Campaigns whose networks are remembered here, the last ones; those of others are looked up again.
_MOST = 100


class Hop(Protocol):
    """A next hop that may want a message smaller than it is."""

    @property
    def route(self) -> Route:
        """Its kind."""

    @property
    def peer(self) -> str:
        """Its name."""

    def wanted(self, delivery: Delivery, envelope: Envelope) -> Wanted | None:
        """Return what recipients are going to get, as one of them does; None: the message as it is."""


class Preparing:
    """Begins what recipients of campaigns will ask for.

    Args:
        adapter: makes it.
        blobs: the octets.
        hops: other centres and providers.
    """

    def __init__(self, adapter: Adapter, blobs: Blobs, hops: Sequence[Hop]) -> None:
        self._adapter = adapter
        self._blobs = blobs
        self._hops = {f"{hop.route} {hop.peer}": hop for hop in hops}
        self._begun: Recent[str, set[Kind]] = Recent(_MOST)

    def begin(self, envelope: Envelope, kinds: Mapping[Kind, str]) -> None:
        """Have a message made for kinds of recipients, once; nobody waits for it here.

        Args:
            envelope: the message of a campaign.
            kinds: the address of one recipient of each.
        """
        begun = self._begun.get(envelope.id, set())
        new = {kind: kinds[kind] for kind in kinds if kind not in begun}
        if not new:
            return
        self._begun[envelope.id] = begun | new.keys()
        targets = [target(kind.carrier) for kind in new if kind.route == LOCAL]
        others = []
        for kind, address in new.items():
            hop = self._hops.get(kind.route)
            found = hop and self._wanted(envelope, hop, address)
            if found:
                others.append(found)
        if not self._has_clip(envelope):
            self._adapter.begin_all(envelope, list(dict.fromkeys(targets)), others)
            return
        # A clip takes seconds for each: no phone shall wait for those of others, and they share no decode.
        for one in dict.fromkeys(targets):
            self._adapter.begin(envelope, one, ahead=True)
        for wanted in others:
            self._adapter.make(envelope, wanted.key, wanted.function, *wanted.arguments, ahead=True)

    def _wanted(self, envelope: Envelope, hop: Hop, address: str) -> Wanted | None:
        try:
            return hop.wanted(_sample(envelope, address, hop), envelope)
        except (TranscodeError, OSError):
            # Its attempts say so of each recipient.
            _LOG.info("campaign %s: nothing can be made for %s", envelope.id, hop.peer, exc_info=True)
            return None

    def _has_clip(self, envelope: Envelope) -> bool:
        try:
            parts = transcode.read(self._blobs.get(envelope.blob)).parts
        except (TranscodeError, OSError):
            return False
        return any(part.content_type.lower().startswith("video/") for part in parts)


def _sample(envelope: Envelope, address: str, hop: Hop) -> Delivery:
    """Return a recipient as there will be some."""
    return Delivery(
        id=0,
        message=envelope.id,
        recipient=address,
        state=State.PENDING,
        route=hop.route,
        peer=hop.peer,
        notification_id="0" * 16,
        token="",
        changed_at=envelope.received_at,
        expires_at=envelope.expires_at,
    )
