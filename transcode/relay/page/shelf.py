"""What a page is made of: the message, what its parts are, and what was made of them, once for all visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.relay.accepted import accepted
from transcode.relay.model import SAME
from transcode.relay.own_text import with_own
from transcode.relay.page import parts

if TYPE_CHECKING:
    from concurrent.futures import Future

    from transcode.messages.message import Message
    from transcode.relay.adaptation import Adapter
    from transcode.relay.model import Envelope, Own
    from transcode.relay.page.parts import Found
    from transcode.relay.store import Blobs

__all__ = ["Shelf"]


class Shelf:
    """The octets of pages. Futures are of names; their errors are those of ``Adapter.make``, and ahead too.

    Args:
        adapter: decodes and converts media in processes of its own.
        blobs: the octets.
    """

    def __init__(self, adapter: Adapter, blobs: Blobs) -> None:
        self._adapter = adapter
        self._blobs = blobs

    def has(self, envelope: Envelope) -> bool:
        """Return whether the octets of a message are kept."""
        return self._blobs.exists(envelope.blob)

    def message(self, envelope: Envelope, own: Own = SAME) -> Message:
        """Return a message.

        Args:
            envelope: the message.
            own: what its recipient alone gets.

        Raises:
            FileNotFoundError: its octets are gone.
        """
        return with_own(accepted(self._blobs.get(envelope.blob), envelope), own)

    def octets(self, name: str) -> bytes:
        """Return octets by their name.

        Raises:
            FileNotFoundError: they are gone.
        """
        return self._blobs.get(name)

    def survey(self, envelope: Envelope, *, ahead: bool = False) -> Future[str]:
        """Find out what the parts of a message are."""
        return self._adapter.make(envelope, "page", parts.survey, ahead=ahead)

    def found(self, name: str) -> list[Found]:
        """Return what a survey found."""
        return parts.found(self._blobs.get(name))

    def small(self, envelope: Envelope, number: int, *, ahead: bool = False) -> Future[str]:
        """Make the picture that is there first, of a part from 1."""
        return self._adapter.make(envelope, f"page {number} small", parts.small, number, ahead=ahead)

    def best(self, envelope: Envelope, number: int, kind: str, *, ahead: bool = False) -> Future[str]:
        """Make what browsers show or play of a part, from 1; the kind is that of ``Found``."""
        return self._adapter.make(envelope, f"page {number} best", parts.best, number, kind, ahead=ahead)
