"""The public functions of a message centre: answers, notifications, retrievals and reports.

Which header is copied from which message is the business of the standards: OMA-TS-MMS_ENC-V1_3 for MM1, 3GPP
TS 23.140 for MM4 and MM7. Times are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import MessageError
from transcode.messages.message import Message
from transcode.model import MessageFields
from transcode.wire import deliveries, reports
from transcode.wire.forms import form_of_type
from transcode.wire.mm1 import answers as mm1_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import Form

__all__ = ["answer", "delivery_report", "notification", "read_report", "refused_retrieval", "retrieval"]

#: Arguments of answer by name, and the forms whose answers have a place for them.
_PLACES: dict[str, tuple[Form, ...]] = {
    "message_id": ("mm1", "mm7"),
    "recipients": ("mm4", "mm7"),
    "report_allowed": ("mm1",),
    "date": ("mm4",),
    "system": ("mm4",),
    "to": ("mm4",),
}


def answer(
    request: Message,
    status: str | int | None = None,
    *,
    text: str | None = None,
    message_id: str | None = None,
    recipients: Sequence[str] = (),
    report_allowed: bool | None = None,
    date: int | None = None,
    system: str | None = None,
    to: str | None = None,
) -> Message:
    """Return the answer to a request of MM1, MM4 or MM7, with its transaction id and its version.

    M-Send.req gets an M-Send.conf, MM4_forward.REQ an MM4_forward.RES, SubmitReq a SubmitRsp, and so on. A
    client answers an M-Notification.ind by an M-NotifyResp.ind, and an M-Retrieve.conf by an
    M-Acknowledge.ind. The answer of MM4 goes to the request's X-Mms-Originator-System, else to its Sender.

    Args:
        request: the request.
        status: the status in the words of the form: in MM1 that of X-Mms-Response-Status, X-Mms-Store-Status
            or X-Mms-Status, such as ``"Error-permanent-service-denied"``; in MM4 that of
            X-Mms-Request-Status-Code, such as ``"Error-service-denied"``; in MM7 a number, such as 4007.
            None: success. An M-NotifyResp.ind needs a status.
        text: the text of the status; None: none, or the standard's in MM7.
        message_id: the id that the centre gives to a message which it accepts (MM1 and MM7).
        recipients: the recipients whom the status concerns, such as those of a partial success in MM7 (1100)
            whom the message does not reach: X-Mms-Request-Recipients in MM4, Details in MM7.
        report_allowed: whether a client allows that the sender is told of the delivery (MM1); None: the
            header is left out, which means yes.
        date: the time of the answer, in seconds since 1970. MM4 needs it.
        system: the mailbox of this centre, such as ``"system@mms.example"``. MM4 needs it.
        to: the mailbox of the other centre, for a request that names none (MM4).

    Raises:
        MessageError: a message of this type has no answer, the answer has no such status or no place for an
            argument, or MM4 lacks an argument or an address to which the answer goes.
    """
    _check("request", request)
    own = form_of_type(request.message_type)
    given = (message_id, recipients or None, report_allowed, date, system, to)
    for (name, forms), value in zip(_PLACES.items(), given, strict=True):
        if value is not None and own not in forms:
            raise MessageError(f"{name}: an answer of {own.upper()} has no place for it")
    if status is not None and (
        isinstance(status, bool) or not isinstance(status, int if own == "mm7" else str)
    ):
        raise MessageError(f"status: {status!r} is no status of {own.upper()}")
    with Door("message", "message"):
        if own == "mm4":
            from transcode.wire.mm4 import answers as mm4_answers

            if date is None or system is None:
                raise MessageError(f"{'date' if date is None else 'system'}: an answer of MM4 needs it")
            word = "Ok" if status is None else str(status)
            return mm4_answers.answer(
                request, word, date=date, system=system, to=to, text=text, recipients=recipients
            )
        if own == "mm7":
            from transcode.wire.mm7 import mm7

            code = 1000 if status is None else int(status)
            return mm7.answer(request, code, text=text, message_id=message_id, recipients=recipients)
        said = None if status is None else str(status)
        return mm1_answers.answer(
            request, said, text=text, message_id=message_id, report_allowed=report_allowed
        )


def notification(
    message: Message,
    *,
    location: str,
    transaction_id: str,
    expiry: int,
    size: int | None = None,
    segments: int | None = None,
) -> Message:
    """Return the M-Notification.ind that tells the phone of one recipient that a message waits.

    It has sender, subject, class, priority and the like of the message; no sender who hides, and no
    recipients. wap_push and push_segments write it as short messages.

    Args:
        message: the message, of any form: an M-Send.req, MM4_forward.REQ, SubmitReq or other with content.
        location: the URL at which the phone gets the message: at most 100 characters (OMA-TS-MMS_CONF) of
            printable US-ASCII without blanks.
        transaction_id: the id that the phone's M-NotifyResp.ind repeats. Each recipient has an own one.
        expiry: how long the message can be fetched, in seconds from now.
        size: the size of the message in octets, such as that for this phone; None: that of the message as
            an M-Retrieve.conf.
        segments: the most short messages for the push. If they don't hold the whole notification, it has no
            subject, and if need be no sender, and the oddities say so. None: it is as long as it is.

    Raises:
        MessageError: the message has no content, or an argument is outside its range.
        BudgetError: the notification is too large for ``segments`` short messages without subject and
            sender, too; its numbers are octets.
    """
    _check("message", message)
    with Door("message", "message"):
        return deliveries.notification(
            message,
            location=location,
            transaction_id=transaction_id,
            expiry=expiry,
            size=size,
            segments=segments,
        )


def retrieval(
    message: Message,
    *,
    message_id: str | None = None,
    date: int | None = None,
    transaction_id: str | None = None,
) -> Message:
    """Return the M-Retrieve.conf that gives a message to a phone.

    Args:
        message: the message, of any form. ``adapt`` makes it fit the phone.
        message_id: the Message-ID, which reports on the message name; None: that of the message.
        date: when the centre took the message, in seconds since 1970; None: the Date of the message.
        transaction_id: an id that the phone's M-Acknowledge.ind repeats, for a phone that has deferred the
            message; None: none, for a phone that fetches it at once and then sends its M-NotifyResp.ind.

    Raises:
        MessageError: the message has no content.
    """
    _check("message", message)
    with Door("message", "message"):
        return deliveries.retrieval(message, message_id=message_id, date=date, transaction_id=transaction_id)


def refused_retrieval(
    status: str,
    *,
    date: int,
    text: str | None = None,
    transaction_id: str | None = None,
    version: str = "1.2",
) -> Message:
    """Return the M-Retrieve.conf to a retrieval that failed.

    The answer to a failure for good has the text as its content, too, for phones that show a message and no
    status. A passing failure has no content: such a phone would take it for the message, and not come again.

    Args:
        status: the word of X-Mms-Retrieve-Status: ``"Error-transient-failure"``,
            ``"Error-permanent-message-not-found"`` and others.
        date: the time of the answer, in seconds since 1970.
        text: the text for the user (X-Mms-Retrieve-Text); None: none, and the content is the status.
        transaction_id: as for retrieval.
        version: the MMS version of the phone, at least ``"1.1"``.

    Raises:
        MessageError: the status is not that of a failure.
    """
    with Door("message", "message"):
        return Message.of(
            mm1_answers.refused_retrieval(
                status, date=date, text=text, transaction_id=transaction_id, version=version
            )
        )


def delivery_report(
    message: Message,
    recipient: str,
    status: str,
    *,
    date: int,
    message_id: str | None = None,
    transaction_id: str | None = None,
    text: str | None = None,
    system: str | None = None,
    ack_request: bool | None = None,
) -> Message:
    """Return the report that tells the sender of a message what became of it for one recipient.

    It has the form of the message: M-Delivery.ind, MM4_delivery_report.REQ or DeliveryReportReq. Whether the
    sender asks for it, and the recipient allows it, is for the caller to look at.

    Args:
        message: the message, as the centre got it.
        recipient: the address of the recipient.
        status: Expired, Retrieved, Rejected, Deferred, Unrecognised, Indeterminate, Forwarded or Unreachable.
            MM7 has the same words.
        date: when that happened, in seconds since 1970.
        message_id: the id by which the sender knows the message: that of the answer to its submission; None:
            the id that the message itself has, as in MM4.
        transaction_id: the id of the report, which MM4 and MM7 need, and MM1 does not have.
        text: the text of the status, or None. MM1 has it since MMS 1.3.
        system: the name of this centre: the mailbox in Sender (MM4), the MMSRelayServerID (MM7).
        ack_request: whether the other centre shall answer (MM4); None: the header is left out: it need not.

    Raises:
        MessageError: the message has no content, there is no such status, or the recipient is no address.
    """
    _check("message", message)
    with Door("message", "message"):
        details = reports.Details(date, message_id, transaction_id, text, system, ack_request)
        return reports.delivery_report(message, recipient, status, details)


def read_report(
    message: Message,
    recipient: str,
    status: str = "Read",
    *,
    date: int,
    message_id: str | None = None,
    transaction_id: str | None = None,
    text: str | None = None,
    system: str | None = None,
    ack_request: bool | None = None,
) -> Message:
    """Return the report that tells the sender of a message that a recipient has read it, or deleted it.

    It has the form of the message: M-Read-Orig.ind, MM4_read_reply_report.REQ or ReadReplyReq.

    Args:
        message, recipient, date, message_id, transaction_id, text, system, ack_request: as for
            delivery_report.
        status: ``"Read"`` or ``"Deleted without being read"``.

    Raises:
        MessageError: as for delivery_report.
    """
    _check("message", message)
    with Door("message", "message"):
        details = reports.Details(date, message_id, transaction_id, text, system, ack_request)
        return reports.read_report(message, recipient, status, details)


def _check(name: str, message: object) -> None:
    if not isinstance(message, MessageFields):
        raise MessageError(f"{name}: must be a Message, not {type(message).__name__}")
