"""The values of the message centre: states and events of deliveries, envelopes, subscribers. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "API_PEER",
    "CAMPAIGN_LANE",
    "ENDED",
    "MEGABYTE",
    "RESOLVER",
    "SAME",
    "Changed",
    "Delivery",
    "Envelope",
    "Event",
    "Own",
    "ReportStatus",
    "Route",
    "State",
    "Subscriber",
    "Told",
    "Trail",
]


class State(StrEnum):
    """The state of one recipient of one message."""

    #: The message and the row of its recipient are durable.
    ACCEPTED = "accepted"
    #: X-Mms-Delivery-Time is ahead.
    WAITING = "waiting"
    #: An attempt towards the route is due.
    PENDING = "pending"
    #: The SMSC accepted the notification.
    NOTIFIED = "notified"
    #: The phone answered Deferred.
    DEFERRED = "deferred"
    #: Octets are on their way to the phone.
    FETCHING = "fetching"
    #: The phone's system received the last octet; the phone acknowledged nothing yet.
    FETCHED = "fetched"
    #: The phone acknowledged, or another centre reported so.
    RETRIEVED = "retrieved"
    #: The recipient read the message.
    READ = "read"
    #: The phone or its centre rejected the message.
    REJECTED = "rejected"
    #: The phone does not know what to do with the message.
    UNRECOGNISED = "unrecognised"
    #: Another centre's mail server took the MM4_forward.REQ.
    RELAYED = "relayed"
    #: The other centre took the message: MM4_forward.RES Ok, or three mails without an answer.
    AT_PEER = "at peer"
    #: An SMS with a link to the page of the message was accepted.
    LINKED = "linked"
    #: The page was opened.
    VIEWED = "viewed"
    #: A value-added service provider answered 1000 to the DeliverReq.
    HANDED_OVER = "handed over"
    #: The message expired before it was retrieved.
    EXPIRED = "expired"
    #: No route takes the message, or a policy forbids it.
    REFUSED = "refused"
    #: The sender or the operator cancelled the message.
    CANCELLED = "cancelled"
    #: The other centre reported nothing until the expiry and some time after.
    INDETERMINATE = "indeterminate"


#: Octets of a megabyte, in which sizes are configured.
MEGABYTE = 1_000_000

#: What begins the peer of a message that came through the API; the name of its account follows. No centre and
#: no provider has such a name.
API_PEER = "api:"

#: What begins the lane of a campaign of the API; its id follows.
CAMPAIGN_LANE = "campaign "

#: The peer of a delivery whose route a resolver is to find.
RESOLVER = "resolver"

#: States that no timer leaves.
ENDED = frozenset(
    (
        State.RETRIEVED,
        State.READ,
        State.REJECTED,
        State.UNRECOGNISED,
        State.VIEWED,
        State.HANDED_OVER,
        State.EXPIRED,
        State.REFUSED,
        State.CANCELLED,
        State.INDETERMINATE,
    )
)


class Event(StrEnum):
    """What happens to a delivery. The groups are those of transcode.relay.states."""

    # Routing.
    ROUTED = "routed"
    HELD = "held until its delivery time"
    UNROUTABLE = "no route"
    UNRESOLVED = "no answer from the resolver, another try may have one"
    # Outcomes of an attempt.
    PUSH_ACCEPTED = "notification accepted by the SMSC"
    MAIL_ACCEPTED = "mail accepted by the other centre's server"
    REQUEST_ACCEPTED = "request accepted by the provider"
    LINK_ACCEPTED = "link accepted by the SMSC"
    ATTEMPT_FAILED = "attempt failed, another may succeed"
    ATTEMPT_REFUSED = "attempt refused"
    # In place of an attempt, or of what would lead to one.
    QUIET = "it is quiet where the recipient is"
    # The phone, over MM1.
    FETCH_BEGUN = "the phone asked for the message"
    FETCH_DONE = "the last octet reached the phone"
    FETCH_BROKEN = "the transfer broke"
    CONTENT_REFUSED = "the message can't be made to fit the phone"
    ACKNOWLEDGED = "the phone acknowledged the message"
    PHONE_DEFERRED = "the phone deferred the message"
    PHONE_REJECTED = "the phone rejected the message"
    PHONE_UNRECOGNISED = "the phone did not recognise the message"
    READ_REPORTED = "the recipient read the message"
    UNREAD_REPORTED = "the recipient deleted the message unread"
    # Another centre, over MM4, or a provider, over MM7.
    PEER_TOOK = "the other centre took the message"
    PEER_BUSY = "the other centre can't take the message now"
    PEER_REFUSED = "the other centre refused the message"
    PEER_RETRIEVED = "reported as retrieved"
    PEER_DEFERRED = "reported as deferred"
    PEER_REJECTED = "reported as rejected"
    PEER_UNRECOGNISED = "reported as unrecognised"
    PEER_EXPIRED = "reported as expired"
    PEER_INDETERMINATE = "reported as indeterminate"
    # The page.
    VIEWED = "the page was opened"
    DELETED = "the recipient deleted the message"
    # Timers.
    DELIVERY_TIME = "the delivery time came"
    REMIND = "time to notify again"
    LINK_DUE = "not fetched in time"
    FETCH_OVERDUE = "the transfer did not end"
    CONFIRM = "no acknowledgement in time"
    ANSWER_OVERDUE = "no answer from the other centre in time"
    ANSWER_GIVEN_UP = "no answer from the other centre to any mail"
    EXPIRE = "the message expired"
    NO_NEWS = "no report from the other centre in time"
    # The sender or the operator.
    CANCEL = "cancelled"
    REQUEUE = "requeued"
    HOP_GONE = "the next hop is configured no longer"
    # A report to the sender.
    REPORT_GIVEN_UP = "a report to the sender was given up"


class Told(StrEnum):
    """What became of an attempt to send a report, or what the other side answered to one."""

    TAKEN = "taken"
    #: The other centre's mail server took it; that centre's own answer is still to come.
    ASKED = "an answer is waited for"
    FAILED = "failed, another attempt may succeed"
    REFUSED = "refused"


class Route(StrEnum):
    """The kind of a delivery's next hop."""

    LOCAL = "local"
    PEER = "peer"
    VASP = "vasp"
    LINK = "link"


class ReportStatus(StrEnum):
    """What a delivery report says: the words of X-Mms-Status (OMA-TS-MMS_ENC-V1_3, 7.3.56)."""

    RETRIEVED = "Retrieved"
    DEFERRED = "Deferred"
    REJECTED = "Rejected"
    UNRECOGNISED = "Unrecognised"
    EXPIRED = "Expired"
    INDETERMINATE = "Indeterminate"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a centre knows of one message beside its octets. Times are seconds since 1970.

    Attributes:
        id: the Message-ID, 32 hexadecimal digits.
        form: the wire form of the octets: ``"mm1"``, ``"mm4"`` or ``"mm7"``.
        sender: the sender's address, as ``/TYPE=PLMN`` is never written; ``""`` if nobody is named.
        transaction_id: the sender's own id of the submission.
        blob: the SHA-256 of the octets, in hexadecimal.
        size: the number of octets.
        received_at: when the message was accepted.
        expires_at: when it is given up.
        deliver_at: the earliest delivery, or None.
        subject: the subject, or ``""``.
        delivery_report: whether the sender asks for delivery reports.
        read_report: whether the sender asks for read reports.
        hidden: whether recipients may not see the sender.
        peer: the name of the centre that the message came from; ``""`` for the centre's own subscribers; of
            an account of the API, API_PEER and its name.
        peer_message_id: the Message-ID that this centre gave, or ``""``.
        forwards: how often centres sent the message on before (X-Mms-Forward-Counter).
        lane: ``""`` for what people send; a campaign has a lane of its sender's.
        fingerprint: what is equal in the same submission again, beside peer, form, sender and transaction_id;
            ``""``: the octets.
        may_relay: whether it may go to other centres and providers, whatever the configuration says of its
            peer.
    """

    id: str
    form: str
    sender: str
    transaction_id: str
    blob: str
    size: int
    received_at: float
    expires_at: float
    deliver_at: float | None = None
    subject: str = ""
    delivery_report: bool = False
    read_report: bool = False
    hidden: bool = False
    peer: str = ""
    peer_message_id: str = ""
    forwards: int = 0
    lane: str = ""
    fingerprint: str = ""
    may_relay: bool = False


class Own(NamedTuple):
    """What one recipient of a message gets in the place of what all others have; None: the same.

    Attributes:
        text: the text.
        subject: the subject.
    """

    text: str | None = None
    subject: str | None = None


#: What a recipient has who gets what all get.
SAME = Own()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of one message. Times are seconds since 1970.

    Attributes:
        id: the number of the row.
        message: the id of the envelope.
        recipient: the address.
        state: the state, since ``changed_at``.
        route: the kind of the next hop; None before one is found.
        peer: the name of the next hop; ``""`` for a local phone. Without a route: RESOLVER, or ``""``.
        notification_id: the transaction id of this recipient's M-Notification.ind.
        token: the secret in the address that the phone fetches the message from.
        changed_at: when the state was entered.
        expires_at: when the message is given up.
        deliver_at: the earliest delivery, or None; of a campaign, also from when it is no more quiet.
        first_notified_at: when a notification was accepted first, or None.
        attempts: failed attempts in a row.
        reminders: notifications that were repeated after a reaction of the phone was missed.
        mails: MM4_forward.REQs that the peer's server took since the peer answered last.
        transaction_id: the id of the MM4_forward.REQ, which a repetition has too; ``""``: none was sent.
        deferred: whether the phone answered Deferred; it then acknowledges with an M-Acknowledge.ind.
        may_link: whether a link by SMS may replace the message.
        link_after: the seconds from the first notification to the link; None: those of the timers.
        report_allowed: whether the recipient allows delivery reports (X-Mms-Report-Allowed).
        blob: the octets that the recipient began to fetch before the sender replaced them; ``""``: those of
            the envelope.
        due: when something is to be done next, or None.
        due_event: the event of the timer that is next; None: an attempt is next.
        lane: that of the message.
        text, subject: its own ones, in the place of those of the message; None: it has none.
        lease_until: when the lease of who attempts it ends; None: nobody does. No two leases of a delivery
            end at the same time.
    """

    id: int
    message: str
    recipient: str
    state: State
    route: Route | None
    peer: str
    notification_id: str
    token: str
    changed_at: float
    expires_at: float
    deliver_at: float | None = None
    first_notified_at: float | None = None
    attempts: int = 0
    reminders: int = 0
    mails: int = 0
    transaction_id: str = ""
    deferred: bool = False
    may_link: bool = False
    link_after: float | None = None
    report_allowed: bool = True
    blob: str = ""
    due: float | None = None
    due_event: Event | None = None
    lane: str = ""
    text: str | None = None
    subject: str | None = None
    lease_until: float | None = None

    @property
    def own(self) -> Own:
        """What it alone gets."""
        return Own(self.text, self.subject)


class Changed(NamedTuple):
    """What happened to a delivery, as the store tells who watches it.

    Attributes:
        before, after: the delivery; the same state where the event came late or again.
        event: what happened: the text of an Event, or ``"accepted"``.
        detail: what was said.
    """

    before: Delivery
    after: Delivery
    event: str
    detail: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What is known of a receiver.

    Attributes:
        number: the address.
        network: the profile of the network, such as ``"us-tmobile"``.
        device: the address or path of the phone's UAProf document, or ``""``.
        mms: whether the phone and the network take MMS.
        link: whether a link by SMS may replace a message.
        link_after: the seconds from the first notification to the link; None: those of the timers.
        language: of links, such as ``"de"``; ``""``: that of the number's country.
    """

    number: str
    network: str = ""
    device: str = ""
    mms: bool = True
    link: bool = False
    link_after: float | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Trail:
    """One line of a delivery's history.

    Attributes:
        at: seconds since 1970.
        before, after: the states; equal where the event came late or again.
        event: what happened: the text of an Event, or ``"accepted"``.
        detail: what was said: a status, an error, the name of a peer.
    """

    at: float
    before: State
    after: State
    event: str
    detail: str = ""
