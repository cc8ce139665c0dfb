"""What mails of other centres do: messages are accepted, answers and reports move deliveries (TS 23.140).

Everything that a mail does is durable before it is answered, the MM4_forward.RES that it asks for too.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import transcode
from transcode.errors import MessageError, PduError
from transcode.relay import metrics
from transcode.relay.centre import READINGS, Origin
from transcode.relay.model import Event, State, Told
from transcode.relay.ports.bounces import bounce
from transcode.relay.refusals import Reason, Refusal
from transcode.relay.store import mails
from transcode.wire.mm4.answers import is_answer_asked
from transcode.wire.mm4.mail_ids import with_mail_id
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from transcode.messages.message import Message
    from transcode.relay.centre import Centre
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery
    from transcode.relay.peers import Peer
    from transcode.relay.ports.bounces import Bounce
    from transcode.relay.store import SqlStore

__all__ = ["Mails"]

_LOG = logging.getLogger(__name__)

_OK = "250 2.0.0 OK"
#: The words of X-Mms-Request-Status-Code (3GPP TS 23.140, 8.4.5), and what SMTP says where none is asked for.
_STATUSES = {
    Reason.DENIED: ("Error-service-denied", "554 5.7.1"),
    Reason.CORRUPT: ("Error-message-format-corrupt", "554 5.6.0"),
    Reason.CONTENT: ("Error-content-not-accepted", "554 5.3.4"),
    Reason.UNRESOLVED: ("Error-sending-address-unresolved", "550 5.1.1"),
    Reason.REPLY_CHARGING: ("Error-service-denied", "554 5.7.1"),
    Reason.NOT_NOW: ("Error-network-problem", "451 4.3.0"),
}
#: The answer to a report that belongs to nothing.
_NOT_FOUND = "Error-message-not-found"
_answered = metrics.answers_of("mm4", ("Ok", _NOT_FOUND, *(words for words, _ in _STATUSES.values())))
#: What an MM4_forward.RES does. All other statuses are refusals.
_ANSWERED = {"Ok": Event.PEER_TOOK, "Error-network-problem": Event.PEER_BUSY}
#: What the answer to a report says. All other errors are refusals.
_TOLD = {"Ok": Told.TAKEN, "Error-network-problem": Told.FAILED}
#: A number in quotes before its domain, which mean nothing (RFC 5321, 4.1.2).
_QUOTED = re.compile(r'"([^"@\\]*)"(?=@)')
#: What a delivery report does, by its X-Mms-MM-Status-Code.
_REPORTED = {
    "Retrieved": Event.PEER_RETRIEVED,
    "Deferred": Event.PEER_DEFERRED,
    "Rejected": Event.PEER_REJECTED,
    "Unrecognised": Event.PEER_UNRECOGNISED,
    "Expired": Event.PEER_EXPIRED,
    "Indeterminate": Event.PEER_INDETERMINATE,
    "Unreachable": Event.PEER_INDETERMINATE,
    # Further reports may follow.
    "Forwarded": Event.PEER_TOOK,
}


class Mails:
    """Takes mails of known centres. Its methods block until the disk has what they wrote.

    Args:
        config: the configuration.
        centre: accepts messages.
        store: the rows.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(self, config: Config, centre: Centre, store: SqlStore, clock: Callable[[], float]) -> None:
        self._mm4 = config.mm4
        self._numbers = config.numbers
        self._centre = centre
        self._store = store
        self._clock = clock

    def take(self, peer: Peer, recipients: Sequence[str], octets: bytes) -> str:
        """Do what a mail asks for, and return the answer of SMTP.

        Args:
            peer: who sent it, as the door found out.
            recipients: the mailboxes of RCPT.
            octets: the mail.
        """
        came_back = bounce(octets)
        if came_back is not None:
            self._bounced(peer, came_back)
            return _OK
        try:
            message = transcode.read(octets)
        except PduError as error:
            _LOG.warning("a mail of %s is not read: %s", peer.name, error)
            return f"554 5.6.0 {_line(error)}"
        match message.message_type:
            case "mm4-forward-req":
                return self._message(peer, recipients, message, octets)
            case "mm4-forward-res":
                self._answered(peer, message)
            case "mm4-delivery-report-req" | "mm4-read-reply-report-req":
                self._reported(peer, message)
            case "mm4-delivery-report-res" | "mm4-read-reply-report-res":
                self._report_answered(peer, message)
            case other:
                return f"554 5.6.0 {other} is no mail between centres"
        return _OK

    def returned(self, peers: Iterable[Peer], octets: bytes) -> bool:
        """Do what a mail without a sender says of mails to peers; False: it says nothing of any.

        Args:
            peers: those whose server may have sent it.
            octets: the mail.
        """
        came_back = bounce(octets)
        if came_back is None:
            return False
        for peer in peers:
            self._bounced(peer, came_back)
        return True

    def passes(self, peer: Peer, mailbox: str) -> bool:
        """Return whether mails to a mailbox of another domain are taken. To answer takes microseconds."""
        return self._centre.serves(self._recipient(mailbox), peer.name)

    # Messages

    def _message(self, peer: Peer, recipients: Sequence[str], message: Message, octets: bytes) -> str:
        to = list(dict.fromkeys(self._recipient(one) for one in recipients if not self._is_system(one)))
        served = [one for one in to if self._centre.serves(one, peer.name)]
        asked = is_answer_asked(message)
        # Who gets an MM4_forward.RES learns of unknown numbers from it; who gets none, from SMTP where nobody
        # is known, else from a delivery report.
        taken = self._accepted(peer, served if asked and served else to, message, octets)
        if isinstance(taken, Refusal) and taken.reason is Reason.NOT_NOW:
            return f"{_STATUSES[taken.reason][1]} {_line(taken.text)}"
        if not asked:
            if isinstance(taken, Refusal):
                return f"{_STATUSES[taken.reason][1]} {_line(taken.text)}"
            return _OK
        unknown = [one for one in to if one not in served]
        if isinstance(taken, Refusal):
            self._answer(peer, message, _STATUSES[taken.reason][0], taken.text)
        elif unknown:
            self._answer(peer, message, "Ok", recipients=served)
            self._answer(
                peer, message, _STATUSES[Reason.UNRESOLVED][0], "these are not served", recipients=unknown
            )
        else:
            self._answer(peer, message, "Ok")
        return _OK

    def _accepted(self, peer: Peer, to: Sequence[str], message: Message, octets: bytes) -> str | Refusal:
        found = folded(message.headers)
        try:
            # In the words of phones, which the rules know.
            submission = message.converted("m-send-req")
        except MessageError as error:
            return Refusal(Reason.CORRUPT, str(error))
        counter = [header for header in message.headers if header[0].lower() == "x-mms-forward-counter"]
        submission = replace(submission, headers=(*submission.headers, *counter))
        origin = Origin(
            "mm4", self._number(message.sender or ""), peer.name, str(found.get("x-mms-message-id", ""))
        )
        return self._centre.accept(submission, octets, to, origin)

    # Answers and reports

    def _answered(self, peer: Peer, message: Message) -> None:
        """Take an MM4_forward.RES."""
        found = folded(message.headers)
        status = str(found.get("x-mms-request-status-code", ""))
        event = _ANSWERED.get(_word(status), Event.PEER_REFUSED if status.startswith("Error-") else None)
        named = {self._number(one) for one in str(found.get("x-mms-request-recipients", "")).split(",")} - {
            ""
        }
        meant = self._mailed(peer, message.transaction_id or "")
        if not meant and named:
            # The id of a repetition with other recipients, or one that a server on the way has lost.
            sent = (self._store.delivery_to(_id(message), one) for one in named)
            meant = [one for one in sent if one is not None and one.peer == peer.name]
        meant = [one for one in meant if not named or one.recipient in named]
        if event is None or not meant:
            _LOG.info("an answer of %s belongs to no message, or has no status: %r", peer.name, status)
            return
        said = " ".join((status, str(found.get("x-mms-status-text", "")))).strip()
        # Of a message that was taken, for all or at the server's word, an answer may still except some. One
        # that names nobody may be on a repetition.
        are_excepted = event is Event.PEER_REFUSED and (bool(named) or not peer.answers)
        excepted = [one for one in meant if are_excepted and one.state is State.AT_PEER]
        self._happened(excepted, Event.PEER_REJECTED, said)
        self._happened([one for one in meant if one not in excepted], event, said)

    def _reported(self, peer: Peer, message: Message) -> None:
        """Take a delivery report or a read report."""
        found = folded(message.headers)
        delivery = self._reported_on(peer, message)
        is_read = message.message_type == "mm4-read-reply-report-req"
        if is_read:
            status = str(found.get("x-mms-read-status", ""))
            event = READINGS.get(status)
        else:
            status = str(found.get("x-mms-mm-status-code", ""))
            event = _REPORTED.get(status)
        # A centre speaks for its own subscribers alone.
        if delivery is None or delivery.peer != peer.name:
            _LOG.info("a report of %s belongs to no message of it", peer.name)
            answer, text = _NOT_FOUND, "there is no such message to this recipient"
        elif event is None:
            _LOG.warning("a report of %s has no status that there is: %r", peer.name, status[:100])
            answer, text = _STATUSES[Reason.CORRUPT][0], f"{status[:100]!r} is no status"
        else:
            answer, text = "Ok", ""
            said = str(found.get("x-mms-status-text", ""))
            self._happened([delivery], event, " ".join((status, said)).strip())
        if is_answer_asked(message):
            self._answer(peer, message, answer, text)

    def _reported_on(self, peer: Peer, message: Message) -> Delivery | None:
        """Return the delivery that a report of a centre is on.

        Some centres name themselves in From, in place of the recipient. Of a message to one recipient of
        theirs there is no doubt.
        """
        name, sender = _id(message), self._number(message.sender or "")
        found = self._store.delivery_to(name, sender)
        is_system = not sender.lstrip("+").isdecimal() and (
            "@" not in sender or peer.is_own(sender.rpartition("@")[2])
        )
        if found is None and is_system:
            rows = self._store.select(
                "SELECT id FROM delivery WHERE message=? AND peer=? LIMIT 2", (name, peer.name)
            )
            found = self._store.delivery(number=rows[0][0]) if len(rows) == 1 else None
        return found

    def _report_answered(self, peer: Peer, message: Message) -> None:
        """Take the answer to a report."""
        found = folded(message.headers)
        status = str(found.get("x-mms-request-status-code", ""))
        told = _TOLD.get(_word(status), Told.REFUSED if status.startswith("Error-") else Told.TAKEN)
        detail = " ".join((status, str(found.get("x-mms-status-text", "")))).strip()
        try:
            self._store.report_answered(
                peer.name, message.transaction_id or "", told, at=self._clock(), detail=detail
            ).result()
        except LookupError as error:
            _LOG.info("an answer of %s, %s: %s", peer.name, detail, error)

    def _bounced(self, peer: Peer, told: Bounce) -> None:
        """Take the word of a mail server between the centres: the other centre does not have the message."""
        if not told.message_type.lower().endswith("forward.req"):
            return
        for recipient, why in told.failed:
            delivery = self._store.delivery_to(told.message_id, self._number(recipient))
            if delivery is not None and delivery.peer == peer.name:
                _LOG.warning("a mail to %s came back: %s", peer.name, why)
                # A centre that sends no answers was taken at its server's word.
                is_taken = delivery.state is State.AT_PEER
                event = Event.PEER_REJECTED if is_taken else Event.PEER_REFUSED
                self._happened([delivery], event, why)

    def _mailed(self, peer: Peer, transaction_id: str) -> list[Delivery]:
        """Return the deliveries of one MM4_forward.REQ."""
        rows = self._store.select(
            "SELECT id FROM delivery WHERE transaction_id<>'' AND transaction_id=? AND peer=?",
            (transaction_id, peer.name),
        )
        found = (self._store.delivery(number=number) for (number,) in rows)
        return [one for one in found if one is not None]

    def _happened(self, deliveries: Iterable[Delivery], event: Event, detail: str) -> None:
        at = self._clock()
        written = [self._store.apply(one.id, event, at=at, detail=detail[:200]) for one in deliveries]
        for one in written:
            one.result()

    def _answer(
        self, peer: Peer, request: Message, status: str, text: str = "", *, recipients: Sequence[str] = ()
    ) -> None:
        """Have an answer sent, as reports are: until the other centre's server takes it."""
        _answered(status)
        # To nobody else, or a peer could have mails sent to anybody.
        told = folded(request.headers)
        origin = str(told.get("x-mms-originator-system") or told.get("sender") or "").strip("<> ")
        if not peer.is_own(origin.rpartition("@")[2]):
            origin = f"{self._mm4.system}@{peer.domain}"
        at = self._clock()
        made = transcode.answer(
            request,
            status,
            date=int(at),
            system=self._mm4.mailbox,
            to=origin,
            text=text or None,
            recipients=[f"{one}/TYPE=PLMN" if "@" not in one else one for one in recipients],
        )
        made = with_mail_id(made, self._mm4.domain)
        # One message may come in several mails, each for some of the recipients.
        named = repr((request.message_type, request.transaction_id, _id(request), status, recipients))
        self._store.write(
            partial(
                mails.put_answer,
                peer=peer.name,
                name=hashlib.sha256(named.encode("utf-8", "replace")).hexdigest(),
                recipient=origin,
                mail=made.to_mm4(strict=False).decode("ascii"),
                at=at,
            )
        ).result()

    # Addresses

    def _is_system(self, mailbox: str) -> bool:
        return mailbox.rpartition("@")[0].lower() == self._mm4.system.lower()

    def _recipient(self, mailbox: str) -> str:
        """Return a recipient as rows have it: national numbers are those of this country."""
        return self._number(mailbox, home=True)

    def _number(self, address: str, *, home: bool = False) -> str:
        """Return an address as rows have it: numbers without the domain of their centre.

        A national number of another centre is one of its own country, whichever that is.
        """
        found = self._numbers.normal(_QUOTED.sub(r"\1", address), msisdn=True, home=home)
        local = found.rpartition("@")[0]
        if local.lstrip("+").isdecimal():
            found = self._numbers.normal(local, msisdn=True, home=home)
        return found


def _id(message: Message) -> str:
    """Return the Message-ID that this centre gave. Some centres write a domain behind it, or brackets."""
    found = str(folded(message.headers).get("x-mms-message-id", ""))
    return found.strip('<>" ').partition("@")[0]


def _word(status: str) -> str:
    """Return the status of MM4 that some centres say in the words of MM1."""
    return "Error-network-problem" if status.startswith("Error-transient-") else status


def _line(text: object) -> str:
    """Return a text as SMTP takes it: one line of US-ASCII."""
    return " ".join(str(text).encode("ascii", "replace").decode().split())[:200]
