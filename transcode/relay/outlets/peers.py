"""Another centre as a next hop: messages, reports and answers as mails of MM4 (3GPP TS 23.140, 8.4)."""

from __future__ import annotations

import logging
import secrets
import smtplib
import ssl
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import transcode
from transcode.errors import BudgetError, SendError, TranscodeError, TransportError
from transcode.jobs.isolated import JobLost
from transcode.relay.accepted import accepted, without_content
from transcode.relay.adaptation import Wanted
from transcode.relay.model import SAME, Event, Route, Told
from transcode.relay.outlets.outlet import Outcome, missing, report_on, unsent
from transcode.relay.own_text import within
from transcode.relay.store import mails
from transcode.relay.store.reports import transaction_id
from transcode.relay.timers import retry_wait
from transcode.transport import smtp
from transcode.wire.addresses import with_type, without_name
from transcode.wire.deliveries import forwarded
from transcode.wire.mm4.mail_ids import with_mail_id
from transcode.wire.values import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from transcode.messages.message import Message
    from transcode.relay.adaptation import Adapter
    from transcode.relay.config import Config
    from transcode.relay.model import Delivery, Envelope, Own
    from transcode.relay.peers import Peer
    from transcode.relay.route import Router
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.store.rows import Report
    from transcode.relay.timers import Timers

__all__ = ["Peers"]

_LOG = logging.getLogger(__name__)

#: What this centre states itself, or what was over when the message left.
_OWN = {
    "message-id",
    "x-mms-forward-counter",
    "x-mms-expiry",
    "x-mms-delivery-time",
    "x-mms-delivery-report",
    "x-mms-read-reply",
}
#: The first reply code of a refusal that lasts (RFC 5321, 4.2.1), and that of a mail that is too large.
_PERMANENT, _TOO_LARGE = 500, 552
#: Octets by which the mails of one message differ.
_RESERVE = 64


class Peers:
    """One other centre.

    Args:
        config: the configuration.
        peer: the centre.
        store, blobs: where everything is kept.
        router: knows the centres of other recipients.
        adapter: its processes make messages smaller.
        clock: gives the time, in seconds since 1970.
    """

    route = Route.PEER

    def __init__(
        self,
        config: Config,
        peer: Peer,
        store: SqlStore,
        blobs: Blobs,
        router: Router,
        adapter: Adapter,
        clock: Callable[[], float],
    ) -> None:
        self.peer = peer.name
        self.lines = peer.lines
        self.together = peer.together
        # A message that is too large is adapted before.
        self.longest = peer.timeout + (config.policy.adapt_seconds if peer.max_bytes else 0.0)
        self._peer = peer
        self._mm4 = config.mm4
        self._timers: Timers = config.timers
        self._adapt_seconds = config.policy.adapt_seconds
        self._store = store
        self._blobs = blobs
        self._router = router
        self._domains = {one.name: one.domain for one in config.peer}
        self._adapter = adapter
        self._clock = clock
        tls = ssl.create_default_context(cafile=peer.ca or None) if peer.tls else None
        self._server = smtp.Server(
            peer.host, peer.port, peer.timeout, tls, (peer.user, peer.password) if peer.user else None
        )

    def attempt(self, deliveries: Sequence[Delivery], envelope: Envelope) -> Sequence[Outcome]:
        """Send one mail to recipients of this centre."""
        transaction_id = self._named(deliveries)
        try:
            message = self._message(deliveries, envelope, transaction_id)
            mail = self._fitted(message, envelope, deliveries[0].own)
            mailboxes = [self._mailbox(one.recipient) for one in deliveries]
        except FileNotFoundError:
            return [missing(self._blobs)] * len(deliveries)
        except (JobLost, TimeoutError) as error:
            return [unsent(error, temporary=True)] * len(deliveries)
        except TranscodeError as error:
            return [unsent(error)] * len(deliveries)
        refused: dict[str, Outcome] = {}
        try:
            detail = smtp.send(mail, self._server, sender=self._mm4.mailbox, recipients=mailboxes)
        except SendError as error:
            refused = {name: _refusal(told) for name, told in error.refused.items()}
            if not refused:
                return [_outcome(error)] * len(deliveries)
            detail = ""
        taken = Outcome(Event.MAIL_ACCEPTED if self._peer.answers else Event.PEER_TOOK, detail[:200])
        outcomes = [refused.get(mailbox, taken) for mailbox in mailboxes]
        left = [one.id for one, outcome in zip(deliveries, outcomes, strict=True) if outcome is not taken]
        if left and len(left) < len(deliveries):
            # The other centre knows this id now. For those whom it did not take, it would be an old one.
            self._write_transaction(left, "")
        return outcomes

    def report(self, report: Report) -> tuple[Told, str]:
        """Send a delivery report or a read report to the centre that a message came from."""
        envelope = report.envelope
        try:
            message = report_on(
                self._reported(envelope),
                report,
                message_id=envelope.peer_message_id or envelope.transaction_id,
                transaction_id=transaction_id(report),
                system=self._mm4.mailbox,
                ack_request=self._peer.answers_reports,
            )
            sender = self._mailbox(envelope.sender)
            self._send(self._octets(self._with_domains(replace(message, to=(sender,)))), sender)
        except TransportError as error:
            _LOG.warning("report %d to %s: %s", report.id, self.peer, error)
            return Told.FAILED if error.temporary else Told.REFUSED, str(error)
        except TranscodeError as error:
            _LOG.warning("report %d can't be written: %s", report.id, error)
            return Told.REFUSED, str(error)
        return Told.ASKED if self._peer.answers_reports else Told.TAKEN, ""

    def answer(self) -> bool:
        """Send an answer that this centre is owed; False where none is due."""
        now = self._clock()
        lease = self.longest + 60
        answer = self._store.write(partial(mails.take_answer, peer=self.peer, now=now, lease=lease)).result()
        if answer is None:
            return False
        again_at = None
        try:
            self._send(answer.mail.encode("ascii"), answer.recipient)
        except TransportError as error:
            _LOG.warning("an answer to %s: %s", self.peer, error)
            at = self._clock()
            wait = retry_wait(answer.id, answer.attempts + 1, self._timers)
            # Later, the other centre has asked again, or given up.
            if error.temporary and at + wait < answer.made_at + self._timers.no_news:
                again_at = at + wait
        self._store.write(partial(mails.end_answer, answer=answer, again_at=again_at)).result()
        return True

    def close(self) -> None:
        """Do nothing: each mail has its own connection."""

    def _send(self, octets: bytes, recipient: str) -> None:
        smtp.send(octets, self._server, sender=self._mm4.mailbox, recipients=[recipient])

    # Messages

    def _named(self, deliveries: Sequence[Delivery]) -> str:
        """Return the transaction id of a mail, which the disk has before the mail leaves."""
        transaction_id = deliveries[0].transaction_id
        if not transaction_id:
            transaction_id = secrets.token_hex(8)
            self._write_transaction([one.id for one in deliveries], transaction_id)
        return transaction_id

    def _write_transaction(self, deliveries: Sequence[int], transaction_id: str) -> None:
        self._store.write(
            partial(mails.write_transaction, deliveries=deliveries, transaction_id=transaction_id)
        ).result()

    def _message(self, deliveries: Sequence[Delivery], envelope: Envelope, transaction_id: str) -> Message:
        """Return the MM4_forward.REQ."""
        came = accepted(self._blobs.get(envelope.blob), envelope)
        made = forwarded(
            came,
            transaction_id=transaction_id,
            message_id=envelope.id,
            date=int(envelope.received_at),
            system=self._mm4.mailbox,
            ack_request=self._peer.answers,
        )
        counter = folded(made.headers).get("x-mms-forward-counter", 0)
        headers = [header for header in made.headers if header[0].lower() not in _OWN]
        headers += [
            ("X-Mms-Expiry", ("absolute", int(deliveries[0].expires_at))),
            ("X-Mms-Delivery-Report", envelope.delivery_report),
            ("X-Mms-Read-Reply", envelope.read_report),
            ("X-Mms-Forward-Counter", counter + 1 if isinstance(counter, int) else 1),
        ]
        # Who is in Bcc is in the mail's envelope alone.
        shown = replace(made, headers=tuple(headers), bcc=())
        if not shown.to and not shown.cc:
            shown = replace(shown, to=(f"undisclosed@{self._peer.domain}",))
        return self._with_domains(shown)

    def _fitted(self, message: Message, envelope: Envelope, own: Own) -> bytes:
        """Return the mail, adapted where the other centre takes no larger one.

        It is adapted once for all recipients, with the longest own text.

        Raises:
            BudgetError: with its own headers and text it is too large all the same.
        """
        most, fitted = self._peer.max_bytes, message

        def smaller(more: int) -> Message:
            key, function, arguments = self._smaller(message, more)
            job = self._adapter.make(envelope, key, function, *arguments)
            adapted = transcode.read(self._blobs.get(job.result(timeout=2 * self._adapt_seconds)))
            expiry = [pair for pair in message.headers if pair[0].lower() == "x-mms-expiry"]
            others = [pair for pair in adapted.headers if pair[0].lower() != "x-mms-expiry"]
            return replace(adapted, transaction_id=message.transaction_id, headers=(*others, *expiry))

        if most:
            octets = self._octets(message)
            if len(octets) > most:
                fitted = smaller(0)
                octets = self._octets(fitted)
                if len(octets) > most:
                    raise BudgetError("message", most, smallest=len(octets))
            if own == SAME:
                return octets
        return within(fitted, own, most, write=self._octets, size=len, smaller=smaller)

    def _smaller(self, message: Message, more: int) -> Wanted:
        key = f"mm4 {self._peer.network} {self._peer.max_bytes}" + (f" {more}" if more else "")
        return Wanted(key, _adapted, (replace(message, parts=()), self._peer, more))

    def wanted(self, delivery: Delivery, envelope: Envelope) -> Wanted | None:
        """Return what recipients of this centre are going to get, as one of them does; None: it is small.

        Raises:
            OSError: the octets can't be read.
            TranscodeError: they are no message that can be sent.
        """
        # As long as one that is sent.
        message = self._message([delivery], envelope, "0" * 16)
        most = self._peer.max_bytes
        return self._smaller(message, 0) if most and len(self._octets(message)) > most else None

    def _octets(self, message: Message) -> bytes:
        """Return a mail as it leaves."""
        return with_mail_id(message, self._mm4.domain).to_mm4(strict=False)

    # Addresses

    def _mailbox(self, recipient: str) -> str:
        return smtp.mailbox(with_type(recipient), self._peer.domain)

    def _with_domains(self, message: Message) -> Message:
        """Return a mail in which each number has the domain of its centre: mail servers refuse others."""
        return replace(
            message,
            sender=message.sender and self._with_domain(message.sender),
            to=tuple(map(self._with_domain, message.to)),
            cc=tuple(map(self._with_domain, message.cc)),
        )

    def _with_domain(self, address: str) -> str:
        bare = without_name(address)
        if "@" in bare:
            return bare
        hop = self._router.hop(bare.partition("/TYPE=")[0])
        # The number of a phone, or one that nobody serves, has this centre's.
        return f"{bare}@{self._domains.get(hop.peer if hop else '', self._mm4.domain)}"

    def _reported(self, envelope: Envelope) -> Message:
        try:
            return accepted(self._blobs.get(envelope.blob), envelope)
        except FileNotFoundError:
            bare = without_content(envelope)
            return forwarded(bare, transaction_id="", message_id=envelope.peer_message_id)


def _adapted(source: Path | bytes, mail: Message, peer: Peer, more: int = 0) -> bytes:
    """Return a mail that a centre takes, in a process of its own.

    Args:
        source: the octets of the message, or the file that has them.
        mail: the MM4_forward.REQ without its parts, which may be large.
        peer: the centre.
        more: octets to leave free for own texts.
    """
    came = transcode.read(source if isinstance(source, bytes) else source.read_bytes())
    whole = replace(mail, parts=came.converted("mm4-forward-req").parts)
    profile = replace(transcode.find_profile(peer.network), max_message_bytes=peer.max_bytes)
    return transcode.adapt(whole, profile, form="mm4", reserve=_RESERVE + more, threads=1).to_mm4(
        strict=False
    )


def _refusal(told: str) -> Outcome:
    """Return the outcome of a recipient whom the other server refused, by the class of its code.

    The server is there and speaks of one number: no failure of the next hop.
    """
    return Outcome(Event.PEER_BUSY if told.startswith("4") else Event.ATTEMPT_REFUSED, told[:200])


def _outcome(error: SendError) -> Outcome:
    """Return the outcome of a mail that was not taken.

    A server that refuses connection, login or sender says nothing of the message: the operator mends it, and
    no message is lost for it. Without any answer the mail may have been taken, and comes again with its ids.
    """
    cause = error.__cause__
    is_large = isinstance(cause, smtplib.SMTPSenderRefused) and error.status == _TOO_LARGE
    is_final = isinstance(cause, smtplib.SMTPDataError) and (error.status or 0) >= _PERMANENT
    return Outcome(Event.ATTEMPT_REFUSED if is_final or is_large else Event.ATTEMPT_FAILED, str(error)[:200])
