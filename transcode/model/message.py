"""One message: its parts, its headers, and what its sender asks of the network.

Rooms below transcode.messages know a message by its values alone, MessageFields. The class that users
have, with methods that write and send it, is transcode.messages.message.Message.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from transcode.errors import MessageError

if TYPE_CHECKING:
    from transcode.model.limits import Report, Source

__all__ = [
    "Form",
    "HeaderValue",
    "MessageClass",
    "MessageFields",
    "MessageType",
    "Part",
    "Priority",
    "SendOptions",
    "Slide",
    "SlideParts",
    "SomeMessage",
]


@dataclass(frozen=True, slots=True)
class Part:
    """One body part of a message.

    Attributes:
        content_type: type and subtype in lower case, without parameters.
        data: the octets. A reader may give a view into the PDU.
        content_id: without angle brackets.
        content_location: the name that a presentation refers to, a URI: what none can hold is
            percent-encoded where it is written.
        name: the ``name`` parameter of the content type.
        charset: for text, the IANA name of its charset; ``"mib-N"`` for a number
            that has no name here.
        disposition: ``"inline"``, ``"attachment"``, ``"form-data"`` or None.
        filename: the ``filename`` parameter of the disposition.
        parameters: other parameters of the content type, in order.
        headers: other headers of the part, in order.
    """

    content_type: str
    data: bytes | memoryview = field(repr=False)
    content_id: str | None = None
    content_location: str | None = None
    name: str | None = None
    charset: str | None = None
    disposition: str | None = None
    filename: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The text of a text part. Octets that its charset can't hold become U+FFFD."""
        data, codec = bytes(self.data), _codec(self.charset or "us-ascii")
        if codec == "utf-16" and data[:2] not in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
            # Without a byte order mark it is big endian (RFC 2781, 4.3).
            codec = "utf-16-be"
        return data.decode(codec, "replace").removeprefix("\ufeff")


#: Codecs of Python's that are no charsets: slow, or made for other things.
_NO_CHARSETS = frozenset(("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"))


def _codec(charset: str) -> str:
    """The codec for a charset that a message names; UTF-8 for one that is not known."""
    try:
        name = codecs.lookup(charset).name
        b"a".decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("-", "_") in _NO_CHARSETS else name


@dataclass(frozen=True, slots=True)
class Slide:
    """What the user wants to be shown together: at most one picture or clip, one text and one sound.

    Attributes:
        image: a picture, an animation or a clip.
        text: a text.
        audio: a recording.
        duration: in seconds; None: as long as its sound, its clip and the reading of its text
            take, and 5 at least. Where there is sound or a clip and the whole takes longer than the profile's
            seconds, slides without them are shortened first, down to 2 seconds each, then the longest
            of the others.

    Raises:
        MessageError: a slide with nothing on it, or a duration that is not positive.
    """

    image: Source | None = None
    text: str | None = None
    audio: Source | None = None
    duration: float | None = None

    def __post_init__(self) -> None:
        text: object = self.text
        if text is not None and not isinstance(text, str):
            raise MessageError(f"the text must be text, not {type(text).__name__}")
        if self.image is None and self.audio is None and not self.text:
            raise MessageError("a slide has nothing on it")
        if self.duration is not None and not 0 < self.duration < float("inf"):
            raise MessageError(f"a slide's duration must be a positive number, not {self.duration!r}")


#: Classes of messages that MM1 has a word for; others are names that an operator knows.
MessageClass = Literal["personal", "advertisement", "informational", "auto"]

Priority = Literal["low", "normal", "high"]

#: The longest span of time that is sent, in seconds, some thirty years: MM4 takes larger numbers for dates.
_LONGEST_SPAN = 999_999_999


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What the sender of a message asks of the network; what is None is left to it.

    Attributes:
        delivery_report: whether to be told when it has arrived at a recipient's.
        read_report: whether to be told when it was read.
        priority: how urgent it is to the recipient.
        message_class: what kind of message it is. "auto" is for those that no person sent, and they ask for
            no reports.
        expiry: how long the network keeps what is not fetched: seconds from when it is sent, or a moment
            with its time zone.
        delivery_time: before when it is not delivered, likewise.
        show_sender: whether recipients may see the sender's address.

    Raises:
        MessageError: a value that is none of these, a moment without a time zone, a span that is not
            positive or longer than thirty years, an expiry that is not after the delivery time, or
            reports for class auto.
    """

    delivery_report: bool | None = None
    read_report: bool | None = None
    priority: Priority | None = None
    message_class: MessageClass | None = None
    expiry: float | datetime | None = None
    delivery_time: float | datetime | None = None
    show_sender: bool | None = None

    def __post_init__(self) -> None:
        for name, words in (("priority", get_args(Priority)), ("message_class", get_args(MessageClass))):
            value = getattr(self, name)
            if value is not None and value not in words:
                raise MessageError(f"{name}: {value!r} is none of {', '.join(words)}")
        for name in ("expiry", "delivery_time"):
            _check_time(name, getattr(self, name))
        if self.message_class == "auto" and (self.delivery_report or self.read_report):
            raise MessageError("message_class: a message of class auto asks for no reports")
        expiry, earliest = self.expiry, self.delivery_time
        if isinstance(expiry, datetime):
            ends_first = isinstance(earliest, datetime) and expiry <= earliest
        else:
            ends_first = isinstance(earliest, int | float) and expiry is not None and expiry <= earliest
        if ends_first:
            raise MessageError(f"expiry: {expiry} is not after the delivery time, {earliest}")


def _check_time(name: str, value: object) -> None:
    """Refuse what is neither a span in seconds nor a moment."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise MessageError(f"{name}: {value} has no time zone")
        if value.timestamp() < 0:
            raise MessageError(f"{name}: {value} is before 1970")
    elif value is not None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MessageError(f"{name}: {value!r} is neither seconds nor a datetime")
        if not 1 <= value <= _LONGEST_SPAN:
            raise MessageError(f"{name}: {value!r} is no number of seconds from 1 to {_LONGEST_SPAN:,}")


@dataclass(frozen=True, slots=True)
class SlideParts:
    """The parts of a message that are shown together.

    Attributes:
        image: a picture, an animation or a clip, or None.
        text: a text, or None.
        audio: a sound, or None.
        duration: in seconds.
    """

    image: Part | None = None
    text: Part | None = None
    audio: Part | None = None
    duration: float = 5.0


MessageType = Literal[
    "m-send-req",
    "m-send-conf",
    "m-notification-ind",
    "m-notifyresp-ind",
    "m-retrieve-conf",
    "m-acknowledge-ind",
    "m-delivery-ind",
    "m-read-rec-ind",
    "m-read-orig-ind",
    "m-forward-req",
    "m-forward-conf",
    "m-mbox-store-req",
    "m-mbox-store-conf",
    "m-mbox-view-req",
    "m-mbox-view-conf",
    "m-mbox-upload-req",
    "m-mbox-upload-conf",
    "m-mbox-delete-req",
    "m-mbox-delete-conf",
    "m-mbox-descr",
    "m-delete-req",
    "m-delete-conf",
    "m-cancel-req",
    "m-cancel-conf",
    "mm4-forward-req",
    "mm4-forward-res",
    "mm4-delivery-report-req",
    "mm4-delivery-report-res",
    "mm4-read-reply-report-req",
    "mm4-read-reply-report-res",
    "mm7-submit-req",
    "mm7-submit-rsp",
    "mm7-deliver-req",
    "mm7-deliver-rsp",
    "mm7-cancel-req",
    "mm7-cancel-rsp",
    "mm7-replace-req",
    "mm7-replace-rsp",
    "mm7-delivery-report-req",
    "mm7-delivery-report-rsp",
    "mm7-read-reply-req",
    "mm7-read-reply-rsp",
    "mm7-rs-error-rsp",
    "mm7-vasp-error-rsp",
]

#: The forms of a finished message: a PDU of MM1, a mail of MM4, SOAP with attachments of MM7.
Form = Literal["mm1", "mm4", "mm7"]

#: A header's value: text, a number (times in seconds), a flag, or, for a value
#: made of several, a tuple of these.
HeaderValue = str | int | bool | tuple["str | int | bool", ...]


@dataclass(frozen=True, slots=True)
class MessageFields:
    """The values of one MMS message, written or read. Those of a subclass are equal to the same values.

    Attributes:
        message_type: the type in the standard's words, lower case with hyphens: of a PDU in
            MM1, ``"mm4-..."`` and ``"mm7-..."`` of the interfaces between servers.
        transaction_id: ties the request to its answer; None when there is none.
        version: the MMS version, such as ``"1.2"``; of the interface in MM4 and MM7.
        sender: the From address in wire form, such as ``"+15555550100/TYPE=PLMN"``;
            None when the network is to insert it, or there is none.
        to, cc, bcc: addresses in wire form.
        subject: the subject, or None.
        headers: other headers in order, name in OMA spelling and value.
        content_type: of the body, in lower case; None when there is no body.
        parameters: parameters of that type, such as ``("start", "<smil>")``.
        parts: the body parts in order, the presentation (SMIL) among them.
        limit: the largest size that the encoded message may have, in bytes; None: not limited.
        limit_form: the form in which the limit counts the message.
        reports: for each fitted medium, in order, how it came about.
        oddities: what was odd in the octets that it was read from.
    """

    message_type: MessageType = "m-send-req"
    transaction_id: str | None = None
    version: str = "1.2"
    sender: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str | None = None
    headers: tuple[tuple[str, HeaderValue], ...] = ()
    content_type: str | None = "application/vnd.wap.multipart.related"
    parameters: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    limit: int | None = None
    limit_form: Form = "mm1"
    reports: tuple[Report, ...] = ()
    oddities: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageFields):
            return NotImplemented
        return _VALUES(self) == _VALUES(other)

    @property
    def smil(self) -> Part | None:
        """The presentation: the part that ``start`` names, else the first SMIL part, else None."""
        start = dict(self.parameters).get("start", "").strip("<>")
        found = [part for part in self.parts if part.content_type.startswith("application/smil")]
        for part in found:
            if start and start in (part.content_id, part.content_location, part.name):
                return part
        return found[0] if found else None


#: All values of a message, as a tuple.
_VALUES = attrgetter(*(one.name for one in fields(MessageFields)))

#: What functions of messages take and give: the class stays the same.
SomeMessage = TypeVar("SomeMessage", bound=MessageFields)
