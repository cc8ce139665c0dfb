"""What the centre does when a phone says something: the rules between the doors and the store."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from transcode.errors import MessageError
from transcode.relay import metrics
from transcode.relay.buckets import Charge, Rate
from transcode.relay.model import Envelope, Event, State
from transcode.relay.policy import Terms, judged, judged_content, judged_names
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.store.ownership import is_there
from transcode.wire.convert import neutral
from transcode.wire.mm1.answers import reaction
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcode.messages.message import Message
    from transcode.model import Form, HeaderValue
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery
    from transcode.relay.peers import Peer
    from transcode.relay.route import Router
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.store.submissions import Claim
    from transcode.relay.vasps import Vasp

__all__ = ["READINGS", "Centre", "Origin"]

#: What a phone says of a message, and what that does.
_REACTIONS = {
    "Retrieved": Event.ACKNOWLEDGED,
    "Deferred": Event.PHONE_DEFERRED,
    "Rejected": Event.PHONE_REJECTED,
    "Unrecognised": Event.PHONE_UNRECOGNISED,
}

#: What X-Mms-Read-Status says of a message, and what that does.
READINGS = {"Read": Event.READ_REPORTED, "Deleted without being read": Event.UNREAD_REPORTED}

#: States in which the octets are no longer given to a phone.
_GONE = {
    State.EXPIRED: "the message has expired",
    State.CANCELLED: "the message was cancelled",
    State.REJECTED: "the message was rejected",
    State.REFUSED: "the message was refused",
}


class Origin(NamedTuple):
    """Where a message came from.

    Attributes:
        form: the wire form of its octets.
        sender: the address of the sender, as the door knows it; ``""`` is nobody.
        peer: the name of the centre or provider that handed it over; ``""``: a phone of this centre did.
        peer_message_id: the id that the peer gave to the message, or ``""``.
        fingerprint: what is equal in the same submission again, or ``""``: the octets.
        max_bytes, max_recipients: what the peer may send; None: what the policy says.
        door: the name of the door; ``""``: that of the form.
        charge: what the message costs; None: what policy and configuration say.
        may_relay: whether it may go to other centres and providers, whatever they say of the peer.
        claim: what an account of the API asks for.
    """

    form: Form
    sender: str
    peer: str = ""
    peer_message_id: str = ""
    fingerprint: str = ""
    max_bytes: int | None = None
    max_recipients: int | None = None
    door: str = ""
    charge: Charge | None = None
    may_relay: bool = False
    claim: Claim | None = None


class Centre:
    """The rules between doors and store. Its methods block until the disk has what they wrote.

    Args:
        config: the configuration.
        store, blobs: where everything is kept.
        router: finds the next hop; here only its networks are asked for.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self, config: Config, store: SqlStore, blobs: Blobs, router: Router, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._store = store
        self._blobs = blobs
        self._router = router
        self._clock = clock
        neighbours: list[Peer | Vasp] = [*config.peer, *config.vasp]
        self._neighbours = {one.name: one for one in neighbours}
        self._campaigning = frozenset(one.name for one in config.vasp if one.campaign)
        policy = config.policy
        self._terms = Terms(
            policy.max_message_bytes,
            policy.max_recipients,
            policy.max_forwards,
            tuple(map(config.numbers.pattern, policy.blocked_senders)),
            policy.refused_types,
        )

    def accept(
        self, message: Message, octets: bytes, recipients: Sequence[str], origin: Origin
    ) -> str | Refusal:
        """Accept a message, and return its Message-ID, or say why not.

        The same submission again gets the same Message-ID, and nobody gets the message twice.

        Args:
            message: what was read.
            octets: what ``transcode.read`` made the message of. They are kept as they came.
            recipients: the addresses that this centre is to serve.
            origin: where the message came from.

        Raises:
            Reused: the Idempotency-Key of a claim stands for another request.
        """
        with metrics.step("accept"):
            taken = self._taken(message, octets, recipients, origin)
        metrics.submitted(origin.door or origin.form, taken)
        return taken

    def _taken(
        self, message: Message, octets: bytes, recipients: Sequence[str], origin: Origin
    ) -> str | Refusal:
        to = list(dict.fromkeys(map(self._config.numbers.normal, recipients)))
        forwards = _forwards(message)
        # What base64 adds to a mail is no size of the message.
        size = len(octets) if origin.form != "mm4" else sum(len(part.data) for part in message.parts)
        names = (*to, origin.sender), (message.transaction_id or "", origin.peer_message_id)
        refusal = judged_names(*names) or judged(
            message, size, origin.sender, to, forwards, self._terms_of(origin)
        )
        if refusal is not None:
            return refusal
        if not any(self.serves(recipient, origin.peer, may_relay=origin.may_relay) for recipient in to):
            return Refusal(Reason.UNRESOLVED, "no route serves any recipient")
        now = self._clock()
        try:
            envelope = replace(self._envelope(message, octets, origin, now), lane=self._lane(origin, len(to)))
        except MessageError as error:
            return Refusal(Reason.CORRUPT, str(error))
        charges = self._charges(origin, len(to))
        accepted = self._store.accept(envelope, to, charges=charges, claim=origin.claim).result()
        if accepted.wait:
            text = f"too many messages; the next one in {accepted.wait:.0f} seconds"
            return Refusal(Reason.NOT_NOW, text, accepted.wait)
        if accepted.is_new:
            # Before the answer, and again after the row is there: a sweep may have been between.
            self._blobs.put_again(envelope.blob, octets)
        return accepted.id

    def hold(self, message: Message, octets: bytes, origin: Origin) -> Envelope | Refusal:
        """Keep the octets of a message whose recipients come later; return its envelope, or say why not.

        Args:
            message, octets, origin: as for accept.
        """
        refusal = judged(message, len(octets), origin.sender, (origin.sender,), 0, self._terms_of(origin))
        if refusal is not None:
            return refusal
        try:
            return self._envelope(message, octets, origin, self._clock())
        except MessageError as error:
            return Refusal(Reason.CORRUPT, str(error))

    def refuses(self, message: Message, size: int) -> Refusal | None:
        """Return why the content of a message can't take the place of another one's, or None.

        Args:
            message: the message with the new content.
            size: its octets.
        """
        return judged_content(message, size, replace(self._terms, max_bytes=size))

    def _terms_of(self, origin: Origin) -> Terms:
        most = self._terms
        return replace(
            most,
            max_bytes=most.max_bytes if origin.max_bytes is None else origin.max_bytes,
            max_recipients=most.max_recipients if origin.max_recipients is None else origin.max_recipients,
        )

    def _charges(self, origin: Origin, recipients: int) -> list[Charge]:
        """Return what a message costs where it comes from."""
        if origin.charge is not None:
            return [origin.charge]
        known, policy = self._neighbours.get(origin.peer), self._config.policy
        if known is not None:
            return [Charge(f"peer {origin.peer}", Rate(known.per_minute, known.burst), recipients)]
        rate = Rate(policy.sender_per_minute, policy.sender_burst)
        return [Charge(f"sender {origin.sender}", rate, recipients)]

    def _lane(self, origin: Origin, recipients: int) -> str:
        """Return where a message waits: people's have no name, and others one of their sender's."""
        if origin.peer in self._campaigning or recipients > self._config.policy.campaign_recipients:
            return f"{origin.peer} {origin.sender}"
        return ""

    def serves(self, recipient: str, peer: str = "", *, may_relay: bool = False) -> bool:
        """Return whether a route leads to a recipient, or may be found.

        Args:
            recipient: the address, as ``Numbers.normal`` returns it.
            peer: where the message comes from; ``""``: from a phone of this centre.
            may_relay: whether it may go to other centres and providers, whatever they say of the peer.
        """
        if self._store.subscriber(recipient) is not None or self._router.asks(recipient):
            return True
        hop = self._router.hop(recipient)
        return hop is not None and (may_relay or self._router.may_relay(peer, hop.route, hop.peer))

    def _envelope(self, message: Message, octets: bytes, origin: Origin, now: float) -> Envelope:
        found = _headers(message)
        seconds = self._config.timers
        deliver_at = _time(found, "X-Mms-Delivery-Time", now)
        expires_at = _time(found, "X-Mms-Expiry", now)
        begin = now if deliver_at is None else max(deliver_at, now)
        if begin > now + seconds.max_expiry:
            raise MessageError(f"X-Mms-Delivery-Time: more than {seconds.max_expiry:.0f} seconds ahead")
        end = begin + seconds.expiry if expires_at is None else expires_at
        if end <= begin:
            raise MessageError("X-Mms-Expiry: the message has expired before its delivery")
        automatic = str(found.get("x-mms-message-class", "")).lower() == "auto"
        return Envelope(
            id=uuid.uuid4().hex,
            form=origin.form,
            sender=origin.sender,
            transaction_id=message.transaction_id or "",
            blob=self._blobs.put(octets),
            size=len(octets),
            received_at=now,
            # Counted from the delivery time, or a message that waits for it would expire in the same moment.
            expires_at=min(end, begin + seconds.max_expiry),
            deliver_at=begin if begin > now else None,
            subject=message.subject or "",
            # A message of a machine asks for no reports, whatever it says.
            delivery_report=found.get("x-mms-delivery-report") is True and not automatic,
            read_report=found.get("x-mms-read-report") is True and not automatic,
            hidden=found.get("x-mms-sender-visibility", "Show") != "Show",
            peer=origin.peer,
            peer_message_id=origin.peer_message_id,
            forwards=_forwards(message),
            fingerprint=origin.fingerprint,
            may_relay=origin.may_relay,
        )

    def answered(self, message: Message, sender: str) -> None:
        """Take an M-NotifyResp.ind, M-Acknowledge.ind or M-Read-Rec.ind; one of no message is dropped.

        Args:
            message: what was read.
            sender: the number of the phone, as the gateway says; ``""``: it does not say, and no
                M-Read-Rec.ind is taken.

        Raises:
            MessageError: the answer lacks its transaction id or its status.
        """
        if message.message_type == "m-read-rec-ind":
            # Every recipient knows the Message-ID, and From is the phone's own word: the gateway must name
            # the reader.
            found = folded(message.headers)
            delivery = self._store.delivery_to(str(found.get("message-id", "")), sender)
            event = READINGS.get(str(found.get("x-mms-read-status")))
            allowed = True
        else:
            said = reaction(message)
            delivery = self._store.delivery(notification_id=said.transaction_id)
            event, allowed = _REACTIONS[said.status], said.report_allowed
        # A phone speaks for itself alone.
        if delivery is None or event is None or (sender and delivery.recipient != sender):
            return
        if event is Event.ACKNOWLEDGED and delivery.state is State.EXPIRED and not self._was_asked(delivery):
            # Android acknowledges what it got in the place of the message.
            return
        self._store.apply(delivery.id, event, at=self._clock(), report_allowed=allowed).result()

    def _was_asked(self, delivery: Delivery) -> bool:
        """Return whether a phone was given the message, or a part of it."""
        return any(one.event == Event.FETCH_BEGUN for one in self._store.trail(delivery.id))

    def asked(self, token: str) -> tuple[Delivery, Envelope] | str | None:
        """Return what a phone that fetches a message is to get.

        Returns:
            The delivery and its message; or why the message is gone; or None, where there is no such token.

        Raises:
            OSError: the octets can't be read now.
        """
        delivery = self._store.delivery(token=token)
        if delivery is None:
            return None
        gone = _GONE.get(delivery.state)
        if gone is not None:
            return gone
        envelope = self._store.envelope(delivery.message, blob=delivery.blob)
        if not self._blobs.exists(envelope.blob):
            if not is_there(self._blobs):
                raise FileNotFoundError("the place of the octets is not there")
            return "the message is no longer kept"
        return delivery, envelope

    def begun(self, delivery: Delivery, agent: str) -> tuple[Delivery, Envelope] | str:
        """Write that a phone begins to fetch, and return what it is to get, or why the message is gone.

        From now on the content stays, whatever the sender does. Since the phone asked, the message may have
        been cancelled or replaced.
        """
        delivery = self.happened(delivery, Event.FETCH_BEGUN, agent)
        gone = _GONE.get(delivery.state)
        return gone or (delivery, self._store.envelope(delivery.message, blob=delivery.blob))

    def happened(self, delivery: Delivery, event: Event, detail: str = "") -> Delivery:
        """Write what happened to a delivery."""
        return self._store.apply(delivery.id, event, at=self._clock(), detail=detail).result()


def _forwards(message: Message) -> int:
    counter = folded(message.headers).get("x-mms-forward-counter", 0)
    return counter if isinstance(counter, int) else 0


def _headers(message: Message) -> Mapping[str, HeaderValue]:
    """Return the headers of a submission by their names in MM1, in lower case."""
    if message.message_type.startswith("m-"):
        return folded(message.headers)
    # Headers alone: the parts need no conversion.
    submission = neutral(replace(message, content_type=None, parameters=(), parts=()), "message")
    if submission is None:
        raise MessageError(f"{message.message_type} is no submission")
    return {one.name.lower(): one.value for one in submission.headers if one.name is not None}


def _time(headers: Mapping[str, HeaderValue], name: str, now: float) -> float | None:
    """Return the time of a header, relative or absolute, in seconds since 1970; None where it is missing."""
    value = headers.get(name.lower())
    if value is None:
        return None
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int):
        return now + value[1] if value[0] == "relative" else float(value[1])
    raise MessageError(f"{name}: {value!r} is no time")
