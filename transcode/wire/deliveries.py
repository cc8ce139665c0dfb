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

__all__ = ["LONGEST_LOCATION", "delivered", "forwarded", "notification", "retrieval"]

#: The longest X-Mms-Content-Location that a client must take, in characters (OMA-TS-MMS_CONF, con-272).
LONGEST_LOCATION = 100
_LOCATION = re.compile(r"[!-~]+")
#: The octets of a push in front of its PDU.
_FRAME = len(push.wap_push(b"\x8c\x82")) - 2
_SIZE = "X-Mms-Message-Size"


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


def _within(message: SomeMessage, segments: int) -> SomeMessage:
    """Return the notification without subject, or also without sender, if so many segments need it.

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
