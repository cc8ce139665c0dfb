"""What a provider does to a message that it submitted: it cancels it, or replaces its content."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError
from transcode.relay.accepted import accepted
from transcode.relay.model import Event, State
from transcode.relay.store.changes import Replacement, replace_content
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transcode.messages.message import Message
    from transcode.relay.model import Envelope
    from transcode.relay.numbers import Numbers
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.timers import Timers

__all__ = ["Amended", "Amendments"]

#: Headers of a ReplaceReq that say who asks for what, and nothing of the new message.
_OF_REQUEST = {"vaspid", "vasid", "messageid", "xmlns"}


class Amended(NamedTuple):
    """What became of a request.

    Attributes:
        done: how many recipients it was done for.
        left: the recipients for whom it is too late.
        unknown: addresses of the request that are no recipients of the message.
    """

    done: int
    left: list[str]
    unknown: list[str]


class Amendments:
    """Cancels and replaces messages. Its methods block until the disk has what they wrote.

    Args:
        store, blobs: where everything is kept.
        clock: gives the time, in seconds since 1970.
        seconds: the seconds of each timer.
        numbers: the form of addresses.
    """

    def __init__(
        self,
        store: SqlStore,
        blobs: Blobs,
        clock: Callable[[], float],
        seconds: Timers,
        numbers: Numbers,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._seconds = seconds
        self._numbers = numbers

    def owns(self, message: str, peer: str) -> bool:
        """Return whether a provider submitted a message."""
        envelope = self._envelope(message)
        return envelope is not None and envelope.peer == peer

    def is_for(self, message: str, peer: str) -> bool:
        """Return whether a message went to a provider, which may answer it."""
        return any(delivery.peer == peer for delivery in self._store.deliveries(message))

    def cancel(self, message: str, recipients: Sequence[str]) -> Amended:
        """Cancel a message for those who did not begin to fetch it. Again, it does the same.

        Args:
            message: the Message-ID of a message that is there.
            recipients: for whom; none: for all.
        """
        named = dict.fromkeys(map(self._numbers.normal, recipients))
        deliveries = self._store.deliveries(message)[::-1]
        chosen = [delivery for delivery in deliveries if not named or delivery.recipient in named]
        now = self._clock()
        written = [
            self._store.apply(delivery.id, Event.CANCEL, at=now, detail="by the sender")
            for delivery in chosen
        ]
        left = [
            one.recipient for one in (two.result() for two in written) if one.state is not State.CANCELLED
        ]
        known = {delivery.recipient for delivery in deliveries}
        return Amended(len(chosen) - len(left), left, [one for one in named if one not in known])

    def replace(self, message: str, request: Message) -> Amended:
        """Replace the content of a message for those who did not begin to fetch it. Again, it does the same.

        Args:
            message: the Message-ID of a message that is there.
            request: the ReplaceReq.

        Raises:
            LookupError: the octets of the message are kept no longer.
            MessageError: the new message can't be written, or would expire before its delivery.
        """
        left: list[str] | None = None
        while left is None:
            envelope = self._store.envelope(message)
            try:
                before = accepted(self._blobs.get(envelope.blob), envelope)
            except FileNotFoundError:
                raise LookupError(f"the octets of message {message} are kept no longer") from None
            octets = bytes(_replaced(before, request).to_mm7(strict=False))
            new = self._replacement(envelope, request, octets)
            # None: another replacement came between.
            written = partial(
                replace_content, message=message, new=new, at=self._clock(), seconds=self._seconds
            )
            left = self._store.write(written).result()
            # Again, after the row names them: a sweep may have been between.
            self._blobs.put_again(new.blob, octets)
        total = len(self._store.deliveries(message))
        return Amended(total - len(left), left, [])

    def _replacement(self, envelope: Envelope, request: Message, octets: bytes) -> Replacement:
        found = folded(request.headers)
        now, deliver_at = self._clock(), envelope.deliver_at
        stated = found.get("earliestdeliverytime")
        if isinstance(stated, tuple) and isinstance(stated[1], int):
            deliver_at = now + stated[1] if stated[0] == "relative" else float(stated[1])
        if deliver_at is not None and deliver_at >= envelope.expires_at:
            raise MessageError("EarliestDeliveryTime: the message expires before it")
        asked = found.get("readreply")
        return Replacement(
            before=envelope.blob,
            blob=self._blobs.put(octets),
            size=len(octets),
            read_report=asked if isinstance(asked, bool) else envelope.read_report,
            deliver_at=deliver_at,
        )

    def _envelope(self, message: str) -> Envelope | None:
        try:
            return self._store.envelope(message)
        except LookupError:
            return None


def _replaced(before: Message, request: Message) -> Message:
    """Return a message with the headers of a ReplaceReq, and its content if it has one."""
    new = [pair for pair in request.headers if pair[0].lower() not in _OF_REQUEST]
    names = {name.lower() for name, _ in new}
    changes: dict[str, object] = {}
    if request.content_type is not None:
        names.add("allowadaptations")
        changes = {
            "content_type": request.content_type,
            "parameters": request.parameters,
            "parts": request.parts,
        }
    kept = [pair for pair in before.headers if pair[0].lower() not in names]
    return replace(before, headers=(*kept, *new), **changes)  # type: ignore[arg-type]  # as the fields are
