"""Messages on their way out of an MMS centre, made of the message that came in, in whatever form.

A centre notifies the phone of each recipient (MM1), gives it the message, and hands messages on to other
centres (MM4) and to providers (MM7). Conversions decide which headers go along; here are those that the
centre itself sets.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from transcode.counted import counted
from transcode.errors import BudgetError, MessageError
from transcode.wire.convert import convert
from transcode.wire.mm1 import pdu_writer, push
from transcode.wire.values import folded

if TYPE_CHECKING:
    from transcode.model import HeaderValue, SomeMessage

__all__ = ["LONGEST_LOCATION", "Notifications", "delivered", "forwarded", "notification", "retrieval"]

#: The longest X-Mms-Content-Location that a client must take, in characters (OMA-TS-MMS_CONF, con-272).
LONGEST_LOCATION = 100
_LOCATION = re.compile(r"[!-~]+")
#: The octets of a push in front of its PDU.
_FRAME = len(push.wap_push(b"\x8c\x82")) - 2
_SIZE = "X-Mms-Message-Size"
#: Text that a PDU has as it is, whatever is in it.
_PLAIN = re.compile(r"[A-Za-z0-9][!-~]*")
#: Recipients of one message have a few expiries: each second has another one.
_MOST_AROUND = 16


def notification(
    message: SomeMessage,
    *,
    location: str,
    transaction_id: str,
    expiry: int,
    size: int | None = None,
    segments: int | None = None,
) -> SomeMessage:
    """Return the M-Notification.ind for one recipient.

    Arguments and errors are those of transcode.messages.answers.notification.
    """
    if not isinstance(location, str) or not _LOCATION.fullmatch(location):
        raise MessageError(f"location: {location!r} is not a URL in printable US-ASCII without blanks")
    if len(location) > LONGEST_LOCATION:
        raise MessageError(
            f"location: has {len(location)} characters, but clients need take only {LONGEST_LOCATION}"
        )
    for name, value in (("expiry", expiry), ("size", size)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise MessageError(f"{name}: {value!r} is not a whole number from 1 up")
    stated: dict[str, HeaderValue | None] = {
        "X-Mms-Expiry": ("relative", expiry),
        "X-Mms-Content-Location": location,
    }
    # A notification has no parts: without them the conversion takes half the time.
    bare = replace(message, content_type=None, parameters=(), parts=())
    made = convert(bare, "m-notification-ind", stated)
    octets = pdu_writer.length(retrieval(message)) if size is None else size
    headers = tuple((name, octets if name == _SIZE else value) for name, value in made.headers)
    made = replace(made, transaction_id=transaction_id, headers=headers)
    return made if segments is None else _within(made, segments)


class Notifications:
    """The M-Notification.inds of one message to many recipients.

    They differ in transaction id, location and expiry. The first one is written as any other, and those whose
    values have the same lengths are made of its octets, in a hundredth of the time.

    Args:
        message: the message, of any form. Recipients and parts are of no use.
        size: the size of the message in octets.
        segments: the most short messages for each push; see notification.
    """

    def __init__(self, message: SomeMessage, *, size: int, segments: int) -> None:
        # A notification names no recipient; with a thousand of them each would take a hundredth of a second.
        self._message = replace(message, to=(), cc=(), bcc=(), content_type=None, parameters=(), parts=())
        self._size = size
        self._segments = segments
        #: The octets around both values, by the expiry and the lengths of both.
        self._around: dict[tuple[int, int, int], tuple[bytes, bytes, bytes]] = {}

    def pdu(self, *, location: str, transaction_id: str, expiry: int, subject: str | None = None) -> bytes:
        """Return the PDU for one recipient. Arguments and errors are those of notification.

        A subject takes the place of that of the message, for this recipient alone.
        """
        values, key = (transaction_id, location), (expiry, len(transaction_id), len(location))
        around = self._around.get(key)
        if around is not None and subject is None and all(map(_PLAIN.fullmatch, values)):
            begin, between, end = around
            return b"".join((begin, transaction_id.encode(), between, location.encode(), end))
        told = notification(
            self._message if subject is None else replace(self._message, subject=subject),
            location=location,
            transaction_id=transaction_id,
            expiry=expiry,
            size=self._size,
            segments=self._segments,
        )
        octets = pdu_writer.to_bytes(told, strict=False)
        if subject is None and all(map(_PLAIN.fullmatch, values)):
            begin, *rest = octets.split(transaction_id.encode())
            # A subject may have the same text.
            if len(rest) == 1 and len(pieces := rest[0].split(location.encode())) == 2:
                if len(self._around) >= _MOST_AROUND:
                    self._around.clear()
                self._around[key] = begin, pieces[0], pieces[1]
        return octets


def _within(message: SomeMessage, segments: int) -> SomeMessage:
    """Return the notification without subject, or also without sender, if the segments need it.

    Raises:
        BudgetError: it is too large without both, too.
    """
    if isinstance(segments, bool) or not isinstance(segments, int) or not 1 <= segments <= push.MOST:
        raise MessageError(f"segments: {segments!r} is not a whole number from 1 to {push.MOST}")
    limit = push.capacity(segments) - _FRAME
    left: list[str] = []
    length = pdu_writer.length(message)
    if length > limit and message.subject is not None:
        left.append("Subject")
        message = replace(message, subject=None)
        length = pdu_writer.length(message)
    if length > limit and message.sender is not None:
        left.append("From")
        message = replace(message, sender=None)
        length = pdu_writer.length(message)
    if length > limit:
        raise BudgetError(f"notification in {counted(segments, 'short message')}", limit, smallest=length)
    if left:
        told = f"left out, because {counted(segments, 'short message')} must hold all: "
        message = replace(message, oddities=(*message.oddities, told + ", ".join(left)))
    return message


def retrieval(
    message: SomeMessage,
    *,
    message_id: str | None = None,
    date: int | None = None,
    transaction_id: str | None = None,
) -> SomeMessage:
    """Return the M-Retrieve.conf with the message.

    Arguments and errors are those of transcode.messages.answers.retrieval.
    """
    stated: dict[str, HeaderValue | None] = {"Message-ID": message_id, "Date": date}
    return replace(convert(message, "m-retrieve-conf", stated), transaction_id=transaction_id)


def forwarded(
    message: SomeMessage,
    *,
    transaction_id: str,
    message_id: str | None = None,
    date: int | None = None,
    system: str | None = None,
    ack_request: bool | None = None,
) -> SomeMessage:
    """Return the MM4_forward.REQ that hands the message to another centre.

    Args:
        message: a message with content, of any form.
        transaction_id: the id of the request. A repetition has the same.
        message_id: the X-Mms-Message-ID; None: that of the message.
        date: the time of the message, in seconds since 1970; None: that of the message.
        system: the mailbox of this centre, to which the MM4_forward.RES goes: X-Mms-Originator-System, and
            Sender.
        ack_request: whether the other centre shall answer by an MM4_forward.RES; None: the message's own
            X-Mms-Ack-Request, if any.

    Raises:
        MessageError: the message has no content.
    """
    made = message
    if message.message_type != "mm4-forward-req":
        # From MM4 to MM4 all headers stay, those too that only MM4 has, such as X-Mms-Forward-Counter.
        made = convert(message, "mm4-forward-req", {"Message-ID": message_id, "Date": date})
    own: dict[str, HeaderValue | None] = {
        "X-Mms-Message-ID": message_id,
        "Date": date,
        "X-Mms-Ack-Request": ack_request,
        "X-Mms-Originator-System": system,
        "Sender": system,
    }
    new = {name: value for name, value in own.items() if value is not None}
    names = {name.lower() for name in new}
    kept = [header for header in made.headers if header[0].lower() not in names]
    return replace(made, transaction_id=transaction_id, headers=(*kept, *new.items()))


def delivered(
    message: SomeMessage,
    *,
    transaction_id: str,
    linked_id: str | None = None,
    date: int | None = None,
    system: str | None = None,
    vaspid: str | None = None,
    vasid: str | None = None,
) -> SomeMessage:
    """Return the DeliverReq that hands the message to a provider.

    Args:
        message: a message with content, of any form.
        transaction_id: the id of the request. A repetition has the same.
        linked_id: the id to which the provider's answer to the message refers (LinkedID); None: the id of the
            message.
        date: the time of the message, in seconds since 1970; None: that of the message.
        system: the name of this centre (MMSRelayServerID).
        vaspid, vasid: the ids of the provider and of its service.

    Raises:
        MessageError: the message has no content.
    """
    from transcode.wire.mm7.mm7_convert import with_names

    stated: dict[str, HeaderValue | None] = {"Message-ID": linked_id, "Date": date}
    made = with_names(convert(message, "mm7-deliver-req", stated), vaspid=vaspid, vasid=vasid)
    if linked_id is not None and "linkedid" not in folded(made.headers):
        made = replace(made, headers=(("LinkedID", linked_id), *made.headers))
    if system is not None:
        made = replace(made, headers=(("MMSRelayServerID", system), *made.headers))
    return replace(made, transaction_id=transaction_id)
