"""A message of one interface as one of another.

What both know is carried over, under the name that it has there. What the other
has no place for is left out, and named in the oddities of the result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.errors import MessageError
from transcode.wire import values
from transcode.wire.addresses import with_type
from transcode.wire.carried import as_in_mail, bare, cleaned
from transcode.wire.mm1 import headers
from transcode.wire.mm1.pdu_types import PDU_TYPES
from transcode.wire.mm4 import mm4
from transcode.wire.mm7 import mm7_convert
from transcode.wire.rules import is_multipart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcode.model import HeaderValue, MessageFields, MessageType, SomeMessage

__all__ = ["DOMAIN_ROOM", "as_mail", "convert", "with_domains", "without_domain"]

#: Which mails of MM4 come of which PDUs of MM1, and the other way round.
_TO_MM4: dict[MessageType, tuple[MessageType, ...]] = {
    "m-send-req": ("mm4-forward-req",),
    "m-retrieve-conf": ("mm4-forward-req",),
    "m-read-rec-ind": ("mm4-read-reply-report-req",),
}
_TO_MM1: dict[MessageType, tuple[MessageType, ...]] = {
    "mm4-forward-req": ("m-send-req", "m-retrieve-conf"),
    "mm4-delivery-report-req": ("m-delivery-ind",),
    "mm4-read-reply-report-req": ("m-read-orig-ind",),
}

_BY_MM1 = {header.mm1.lower(): header for header in mm4.HEADERS if header.mm1 is not None}
#: A client's submission has no id yet: the centre gives it one.
_SENT_ID = ("Message-ID", "m-send-req")
_WAP = "application/vnd.wap.multipart."
_SENT_BY = "X-Mms-Previously-Sent-By"
_MOST_NAMED = 12

#: What a limit that counts mails has room for behind each number, in octets, since a domain goes there when
#: the mail is sent: the longest of operators have 34 (``mms.mnc006.mcc260.3gppnetwork.org``).
DOMAIN_ROOM = 1 + 40


def convert(message: SomeMessage, message_type: MessageType) -> SomeMessage:
    """The message as another type.

    A submission or a retrieved message becomes an MM4_forward.REQ and back, a read report
    of MM1 one of MM4, and the reports of MM4 those that MM1 gives to the sender. A submission
    becomes an MM7 SubmitReq; that and a DeliverReq a submission or a retrieved message. Where an
    MM4 mail needs the id of a message and there is none, the transaction's is taken.

    Raises:
        MessageError: the one can't become the other.
    """
    if message.message_type == message_type:
        return message
    if message_type in _TO_MM4.get(message.message_type, ()):
        return _as_mm4(message, message_type)
    if message_type in _TO_MM1.get(message.message_type, ()):
        return _as_mm1(message, message_type)
    if message_type == "mm7-submit-req" and message.message_type == "m-send-req":
        return mm7_convert.from_mm1(message)
    received = message.message_type in ("mm7-submit-req", "mm7-deliver-req")
    if received and message_type in ("m-send-req", "m-retrieve-conf"):
        return mm7_convert.to_mm1(message, message_type)
    raise MessageError(f"message_type: {message.message_type} can't become {message_type}")


def as_mail(message: SomeMessage) -> SomeMessage:
    """A message of MM1 as the mail of MM4 that it becomes; any other as it is."""
    return convert(message, _TO_MM4.get(message.message_type, (message.message_type,))[0])


def without_domain(message: MessageFields) -> int:
    """How many of a message's addresses are not of Internet mail, and get a domain when it is sent as one."""
    everyone = (message.sender or "@", *message.to, *message.cc, *message.bcc)
    return sum("@" not in address for address in everyone)


def with_domains(message: SomeMessage, recipients: str | None, sender: str | None) -> SomeMessage:
    """The message with addresses that Internet mail takes: numbers with the domain that serves them.

    ``+15555550100/TYPE=PLMN`` becomes ``+15555550100/TYPE=PLMN@domain``, which a mail server neither
    refuses nor gives a domain of its own (RFC 5322, 3.4.1).

    Args:
        message: of MM4.
        recipients, sender: the domains of their message centres; None: they stay as they are.
    """
    return replace(
        message,
        sender=None if message.sender is None else _with_domain(message.sender, sender),
        to=tuple(_with_domain(address, recipients) for address in message.to),
        cc=tuple(_with_domain(address, recipients) for address in message.cc),
        bcc=tuple(_with_domain(address, recipients) for address in message.bcc),
    )


def _with_domain(address: str, domain: str | None) -> str:
    if domain is None or "@" in address:
        return address
    return f"{address[:-1]}@{domain}>" if address.endswith(">") else f"{address}@{domain}"


def _as_mm4(message: SomeMessage, message_type: MessageType) -> SomeMessage:
    kept: list[tuple[str, HeaderValue]] = []
    left: list[str] = []
    told: list[str] = []
    message = as_in_mail(message, told.append)
    for name, value in message.headers:
        row = _BY_MM1.get(name.lower())
        if row is None and name.lower() not in headers.BY_NAME:
            kept.append((name, value))
        elif row is None or (row.words and value not in row.words):
            left.append(name)
        elif values.fits(row.write, value):
            kept.append((row.name, value))
        elif isinstance(value, tuple) and value[0] == "relative":
            kept.append((row.name, (value[0], mm4.LONGEST_SPAN)))
            told.append(f"{name}, shortened to {mm4.LONGEST_SPAN:,} seconds: {value!r}")
        else:
            left.append(name)
    if "x-mms-message-id" not in values.folded(kept) and message.transaction_id is not None:
        kept.append(("X-Mms-Message-ID", message.transaction_id))
    kind = message.content_type
    if kind is not None and kind.lower().startswith(_WAP):
        kind = "multipart/" + kind[len(_WAP) :].lower()
    return replace(
        message,
        message_type=message_type,
        version=mm4.VERSION,
        headers=tuple(kept),
        content_type=kind,
        oddities=(*message.oddities, *told, *_told(left, "MM4")),
    )


def _as_mm1(message: SomeMessage, message_type: MessageType) -> SomeMessage:
    kept: list[tuple[str, HeaderValue]] = []
    left: list[str] = []
    told: list[str] = []
    message = cleaned(message, told.append)
    for name, value in message.headers:
        row = mm4.BY_NAME.get(name.lower())
        known = None if row is None or row.mm1 is None else headers.BY_NAME[row.mm1.lower()]
        if (
            known is None
            or not values.fits(known.value.write, value)
            or (known.name, message_type) == _SENT_ID
        ):
            left.append(name)
        elif known.name == _SENT_BY and isinstance(value, tuple):
            kept.append((_SENT_BY, (value[0], with_type(str(value[1])))))
        else:
            kept.append((known.name, value))
    pdu_type = PDU_TYPES[message_type]
    kind = message.content_type if pdu_type.body else None
    if kind is not None and is_multipart(kind):
        kind = _WAP + kind.rpartition("/")[2].rpartition(".")[2]
    parts = message.parts if pdu_type.body else ()
    if kind is not None and not is_multipart(kind):
        parts = tuple(bare(part, told.append) for part in parts)
    sender = None if message.sender is None else with_type(message.sender)
    to = tuple(map(with_type, message.to))
    if message_type == "m-delivery-ind":
        # MM4 says who got the message in From; MM1 in To, and tells only the one who sent it.
        to, sender = () if sender is None else (sender,), None
    return replace(
        message,
        message_type=message_type,
        version=headers.needed_version(kept),
        transaction_id=message.transaction_id if pdu_type.body else None,
        sender=sender,
        to=to,
        cc=tuple(map(with_type, message.cc)),
        bcc=tuple(map(with_type, message.bcc)),
        headers=tuple(kept),
        content_type=kind,
        parts=parts,
        oddities=(*message.oddities, *told, *_told(left, "MM1")),
    )


def _told(names: Sequence[str], form: str) -> Sequence[str]:
    if not names:
        return ()
    shown = list(dict.fromkeys(names))
    more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    return (f"left out, for {form} has no such header: {', '.join(shown[:_MOST_NAMED])}{more}",)
