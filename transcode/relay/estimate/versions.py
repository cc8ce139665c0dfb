"""What the message of a campaign becomes for each carrier: made once, as it will be when it is fetched."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import transcode
from transcode.errors import ProfileError
from transcode.preview import page
from transcode.relay.accepted import accepted
from transcode.relay.adaptation import Target
from transcode.relay.model import SAME
from transcode.relay.own_text import with_own
from transcode.wire.forms import form_of_type

if TYPE_CHECKING:
    from pathlib import Path

    from transcode.messages.message import Message
    from transcode.model import Form
    from transcode.relay.adaptation import Adapter
    from transcode.relay.config import Config
    from transcode.relay.model import Envelope, Own
    from transcode.relay.store import Blobs

__all__ = ["LINK", "LOCAL", "Versions", "target"]

#: The next hop of who gets a short message with a link.
LINK = "link"
#: That of phones of this centre.
LOCAL = "local"
#: The profile of phones of whom no network is known.
_UNKNOWN = "world"


class _Hop(NamedTuple):
    """Another centre or a provider.

    Attributes:
        form: the form of its messages.
        network: the profile that a message is adapted to which is too large.
        limit: the most octets of a message in that form; 0: any number.
    """

    form: Literal["mm4", "mm7"]
    network: str
    limit: int


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
        self._hops = {f"peer {one.name}": _Hop("mm4", one.network, one.max_bytes) for one in config.peer}
        self._hops |= {f"vasp {one.name}": _Hop("mm7", one.network, one.max_bytes) for one in config.vasp}

    def limit(self, hop: str, carrier: str) -> int | None:
        """Return the most octets of a message there, in the form that it has there; None: nobody says."""
        if hop == LOCAL:
            return transcode.receiver(_network(carrier)).max_message_bytes
        found = self._hops.get(hop)
        return None if found is None else found.limit or None

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
        if hop == LOCAL:
            return self._adapter.begin(envelope, target(carrier), ahead=True)
        found = self._hops.get(hop)
        if found is None:
            # A link shows the message as it is.
            same: Future[str] = Future()
            same.set_result(envelope.blob)
            return same
        key = f"version {found.form} {found.network} {found.limit}"
        return self._adapter.make(envelope, key, _fitted, envelope, found, ahead=True)

    def size(self, name: str) -> int:
        """Return how many octets there are under a name.

        Raises:
            FileNotFoundError: they are gone.
        """
        return len(self._blobs.get(name))

    def preview(self, name: str, limit: int | None, own: Own = SAME) -> Future[bytes]:
        """Make the page that shows a version.

        Args:
            name: that of its octets.
            limit: the most octets there.
            own: what one recipient gets in the place of what stands for all.

        Raises, from the future:
            JobLost: making it crashed, or took too long.
            TranscodeError: it can't be read.
        """
        return self._adapter.submit(_previewed, self._blobs.source(name), limit, own)


def target(carrier: str) -> Target:
    """Return phones of a network of whom nothing else is known."""
    return Target(_network(carrier))


def _network(carrier: str) -> str:
    """Return the profile of a network's name."""
    try:
        transcode.find_profile(carrier)
    except ProfileError:
        return _UNKNOWN
    return carrier


def _fitted(source: Path | bytes, envelope: Envelope, hop: _Hop) -> bytes:
    """Return a message as another centre or a provider gets it, in a process of its own."""
    message = accepted(source if isinstance(source, bytes) else source.read_bytes(), envelope)
    whole = message.converted("mm4-forward-req" if hop.form == "mm4" else "mm7-deliver-req")
    octets = _written(whole, hop.form)
    if not hop.limit or len(octets) <= hop.limit:
        return octets
    profile = replace(transcode.find_profile(hop.network), max_message_bytes=hop.limit)
    return _written(transcode.adapt(whole, profile, form=hop.form, threads=1), hop.form)


def _written(message: Message, form: Form) -> bytes:
    if form == "mm1":
        return message.to_mm1(strict=False)
    return bytes(message.to_mm4(strict=False) if form == "mm4" else message.to_mm7(strict=False))


def _previewed(source: Path | bytes, limit: int | None, own: Own) -> bytes:
    """Return the page of a message, in a process of its own."""
    octets = source if isinstance(source, bytes) else source.read_bytes()
    if own != SAME:
        message = with_own(transcode.read(octets), own)
        octets = _written(message, form_of_type(message.message_type))
    return page(octets, limit=limit)
