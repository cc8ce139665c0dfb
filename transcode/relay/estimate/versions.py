"""What the message of a campaign becomes for each carrier: made once, as it will be when it is fetched."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

import transcode
from transcode.errors import ProfileError
from transcode.preview import page
from transcode.relay.accepted import accepted
from transcode.relay.adaptation import Target

if TYPE_CHECKING:
    from pathlib import Path

    from transcode.relay.adaptation import Adapter
    from transcode.relay.config import Config
    from transcode.relay.model import Envelope
    from transcode.relay.store import Blobs

__all__ = ["LINK", "Versions"]

#: The next hop of who gets a short message with a link.
LINK = "link"
_LOCAL = "local"
#: The profile of phones of whom no network is known.
_UNKNOWN = "world"


class Versions:
    """Makes the versions of messages, in processes that people's messages go before.

    Args:
        config: the other centres and providers.
        blobs: the octets.
        adapter: makes them.
    """

    def __init__(self, config: Config, blobs: Blobs, adapter: Adapter) -> None:
        self._blobs = blobs
        self._adapter = adapter
        #: Of each next hop that is no phone of this centre: its profile, and its largest message or 0.
        self._hops = {f"peer {one.name}": (one.network, one.max_bytes) for one in config.peer}
        self._hops |= {f"vasp {one.name}": (one.network, one.max_bytes) for one in config.vasp}

    def limit(self, hop: str, carrier: str) -> int | None:
        """Return the most octets of a message there; None: nobody says."""
        if hop == _LOCAL:
            return transcode.receiver(_network(carrier)).max_message_bytes
        return self._hops.get(hop, ("", 0))[1] or None

    def begin(self, envelope: Envelope, hop: str, carrier: str) -> Future[str]:
        """Return a future with the name of the octets that go there.

        Args:
            envelope: the message.
            hop: the next hop, such as ``"local"`` or ``"peer north"``.
            carrier: the network.

        Raises, from the future:
            JobLost: making it crashed, or took too long.
            TranscodeError: it can't be made to fit.
        """
        if hop == _LOCAL:
            return self._adapter.begin(envelope, Target(_network(carrier)), ahead=True)
        network, most = self._hops.get(hop, ("", 0))
        if not most or envelope.size <= most:
            same: Future[str] = Future()
            same.set_result(envelope.blob)
            return same
        key = f"version {network} {most}"
        return self._adapter.make(envelope, key, _fitted, envelope, network, most, ahead=True)

    def size(self, name: str) -> int:
        """Return how many octets there are under a name.

        Raises:
            FileNotFoundError: they are gone.
        """
        return len(self._blobs.get(name))

    def preview(self, name: str, limit: int | None) -> Future[bytes]:
        """Make the page that shows a version.

        Args:
            name: that of its octets.
            limit: the most octets there.

        Raises, from the future:
            JobLost: making it crashed, or took too long.
            TranscodeError: it can't be read.
        """
        return self._adapter.submit(_previewed, self._blobs.source(name), limit)


def _network(carrier: str) -> str:
    """Return the profile of a network's name."""
    try:
        transcode.find_profile(carrier)
    except ProfileError:
        return _UNKNOWN
    return carrier


def _fitted(source: Path | bytes, envelope: Envelope, network: str, most: int) -> bytes:
    """Return a message as another centre or a provider gets it, in a process of its own."""
    message = accepted(source if isinstance(source, bytes) else source.read_bytes(), envelope)
    given = transcode.retrieval(message, message_id=envelope.id, date=int(envelope.received_at))
    profile = replace(transcode.find_profile(network), max_message_bytes=most)
    return bytes(transcode.adapt(given, profile, threads=1).to_mm1(strict=False))


def _previewed(source: Path | bytes, limit: int | None) -> bytes:
    """Return the page of a message, in a process of its own."""
    return page(source if isinstance(source, bytes) else source.read_bytes(), limit=limit)
