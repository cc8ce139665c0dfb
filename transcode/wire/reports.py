"""Delivery and read reports, in the form of the message on which they report.

M-Delivery.ind and M-Read-Orig.ind (MM1), MM4_delivery_report.REQ and MM4_read_reply_report.REQ, and
DeliveryReportReq and ReadReplyReq (MM7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.wire.addresses import with_type
from transcode.wire.convert import neutral
from transcode.wire.forms import form, form_of_type
from transcode.wire.mm1.header_words import READ_STATUS, STATUS
from transcode.wire.submission import NeutralHeader, Submission
from transcode.wire.values import folded

if TYPE_CHECKING:
    from transcode.model import HeaderValue, MessageType, SomeMessage
    from transcode.wire.form import WireForm

__all__ = ["Details", "delivery_report", "read_report"]


@dataclass(frozen=True, slots=True)
class Details:
    """What a report says besides recipient and status.

    The fields are the arguments of transcode.messages.answers.delivery_report.
    """

    date: int
    message_id: str | None = None
    transaction_id: str | None = None
    text: str | None = None
    system: str | None = None
    ack_request: bool | None = None


def delivery_report(message: SomeMessage, recipient: str, status: str, details: Details) -> SomeMessage:
    """Return the report that tells the sender what became of a message.

    Arguments and errors are those of transcode.messages.answers.delivery_report.
    """
    _check(status, tuple(STATUS.values()))
    made = _report(message, recipient, _form(message).delivery_report, details, ("X-Mms-Status", status))
    asked = folded(message.headers).get("x-mms-delivery-report") is True
    return _sent(message, made, details, (("X-Mms-Forward-To-Originator-UA", asked),))


def read_report(message: SomeMessage, recipient: str, status: str, details: Details) -> SomeMessage:
    """Return the report that tells the sender that a recipient has read a message, or deleted it unread.

    Arguments and errors are those of transcode.messages.answers.read_report.
    """
    _check(status, tuple(READ_STATUS.values()))
    made = _report(message, recipient, _form(message).read_report, details, ("X-Mms-Read-Status", status))
    return _sent(message, made, details)


def _form(message: SomeMessage) -> WireForm:
    return form(form_of_type(message.message_type))


def _check(status: str, words: tuple[str, ...]) -> None:
    if status not in words:
        raise MessageError(f"status: {status!r} is not one of {', '.join(words)}")


def _report(
    message: SomeMessage,
    recipient: str,
    kind: MessageType | None,
    details: Details,
    status: tuple[str, str],
) -> SomeMessage:
    """Return a report of the message's form: from the recipient, to the sender of the message.

    A report on a message between applications goes to the one that the message names for replies, or to the
    one that sent it (OMA-TS-MMS_ENC-V1_3, 7.3: X-Mms-Applic-ID).
    """
    found = neutral(message, "message")
    if found is None or kind is None:
        raise MessageError(f"message_type: there is no report on {message.message_type!r}")
    if not isinstance(recipient, str) or not recipient:
        raise MessageError(f"recipient: {recipient!r} is not an address")
    application = found.header("X-Mms-Reply-Applic-ID") or found.header("X-Mms-Applic-ID")
    values: dict[str, HeaderValue | None] = {
        "Message-ID": details.message_id or found.header("Message-ID"),
        "Date": details.date,
        status[0]: status[1],
        "X-Mms-Status-Text": details.text,
        "X-Mms-Applic-ID": application,
        "X-Mms-Aux-Applic-Info": found.header("X-Mms-Aux-Applic-Info") if application else None,
    }
    sender = found.message.sender
    report = replace(
        found.message,
        message_type=kind,
        sender=with_type(recipient),
        to=() if sender is None else (sender,),
        cc=(),
        bcc=(),
        subject=None,
        headers=(),
        content_type=None,
        parameters=(),
        parts=(),
        limit=None,
        reports=(),
        oddities=(),
    )
    lines = tuple(NeutralHeader(name, name, value) for name, value in values.items() if value is not None)
    own = _form(message)
    made = own.conversion.from_submission(Submission(report, lines, own.name), kind)
    # M-Delivery.ind does not name the sender; the conversion says so each time.
    return replace(made, oddities=())


def _sent(
    message: SomeMessage,
    report: SomeMessage,
    details: Details,
    further: tuple[tuple[str, HeaderValue], ...] = (),
) -> SomeMessage:
    """Return the report with the headers that the centre sets, and the id of the request.

    Args:
        message: the message on which it reports.
        report: the report.
        details: what the centre says.
        further: a further header of MM4.
    """
    transaction_id, system = details.transaction_id, details.system
    match form_of_type(report.message_type):
        case "mm4":
            own = (("X-Mms-Ack-Request", details.ack_request), *further, ("Sender", system))
            lines = tuple((name, value) for name, value in own if value is not None)
            return replace(report, transaction_id=transaction_id, headers=(*report.headers, *lines))
        case "mm7":
            from transcode.wire.mm7.schema_rules import VERSION

            front = [(name, value) for name, value in message.headers if name.lower() == "xmlns"]
            front += [("MMSRelayServerID", system)] if system is not None else []
            version = message.version if VERSION.fullmatch(message.version) else report.version
            headers = (*front, *report.headers)
            return replace(report, transaction_id=transaction_id, version=version, headers=headers)
        case _:
            return report
