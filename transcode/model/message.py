"""The values of one message: its parts, its headers, and the options of its sender.

Rooms below transcode.messages use MessageFields, which has no methods that write or send. The public class
with these methods is transcode.messages.message.Message.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from transcode.errors import MessageError
from transcode.model.charsets import decoded

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
        data: the octets. A reader may return a view into the PDU.
        content_id: the Content-ID without angle brackets.
        content_location: the name that a presentation refers to, a URI. Writers percent-encode characters
            that a URI can't hold.
        name: the ``name`` parameter of the content type.
        charset: for text, the IANA name of its charset; ``"mib-N"`` for a MIBenum number without a known
            name.
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

    def __reduce__(self) -> tuple[object, ...]:
        # A view can't be pickled, and messages travel between processes.
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return (_rebuild, (type(self), values | {"data": bytes(self.data)}))

    @property
    def text(self) -> str:
        """The text of a text part. Octets that are invalid in its charset become U+FFFD."""
        data, codec = bytes(self.data), _codec(self.charset or "us-ascii")
        if codec == "utf-16" and data[:2] not in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
            # UTF-16 without a byte order mark is big-endian (RFC 2781, 4.3).
            codec = "utf-16-be"
        return decoded(data, codec, "replace").removeprefix("\ufeff")


def _rebuild(kind: type[Part], values: dict[str, Any]) -> Part:
    return kind(**values)


#: Python codecs of text that messages must not name as charsets: they are slow, or made for other purposes.
_NO_CHARSETS = frozenset(("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"))


def _codec(charset: str) -> str:
    """Return the Python codec for a charset name; UTF-8 for an unknown name."""
    try:
        name = codecs.lookup(charset).name
        b"a".decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("-", "_") in _NO_CHARSETS else name


@dataclass(frozen=True, slots=True)
class Slide:
    """Media that are shown together: at most one picture or clip, one text and one recording.

    Attributes:
        image: a picture, an animation or a clip.
        text: a text.
        audio: a recording.
        duration: in seconds. None: the longest of the recording, the clip and the time to read the text, at
            least 5 seconds. If a slide has a recording or a clip and all slides together take longer than
            the profile's max_seconds, slides without recording and clip are shortened first, to no less than
            2 seconds each, then the longest of the other slides.

    Raises:
        MessageError: the slide is empty, or its duration is not positive.
    """

    image: Source | None = None
    text: str | None = None
    audio: Source | None = None
    duration: float | None = None

    def __post_init__(self) -> None:
        text: object = self.text
        if text is not None and not isinstance(text, str):
            raise MessageError(f"a slide's text must be a str, not {type(text).__name__}")
        if self.image is None and self.audio is None and not self.text:
            raise MessageError("a slide has no image, no text and no audio")
        if self.duration is not None and not 0 < self.duration < float("inf"):
            raise MessageError(f"a slide's duration must be a positive number, not {self.duration!r}")


#: The message classes that MM1 defines. Operators define further classes by name.
MessageClass = Literal["personal", "advertisement", "informational", "auto"]

Priority = Literal["low", "normal", "high"]

#: The longest relative time of a message, in seconds: some thirty years. MM4 reads a larger number as a date.
_LONGEST_SPAN = 999_999_999


@dataclass(frozen=True, slots=True)
class SendOptions:
    """The options of a message's sender. None leaves an option to the network.

    Attributes:
        delivery_report: True asks for a report when the message reaches a recipient.
        read_report: True asks for a report when a recipient has read the message.
        priority: the urgency for the recipient.
        message_class: the kind of message. "auto" is for messages that a machine sends; a message of this
            class can't ask for reports.
        expiry: when the network deletes a message that was not fetched: seconds after sending, or a datetime
            with a time zone.
        delivery_time: the earliest time of delivery: seconds after sending, or a datetime with a time zone.
        show_sender: whether recipients may see the sender's address.

    Raises:
        MessageError: a value of another kind, a datetime without a time zone or before 1970, a number of
            seconds below 1 or above 999,999,999, an expiry that is not after the delivery time, or reports
            for class auto.
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
                raise MessageError(f"{name}: {value!r} is not one of {', '.join(words)}")
        for name in ("expiry", "delivery_time"):
            _check_time(name, getattr(self, name))
        if self.message_class == "auto" and (self.delivery_report or self.read_report):
            raise MessageError("message_class: a message of class auto can't ask for reports")
        expiry, earliest = self.expiry, self.delivery_time
        if isinstance(expiry, datetime):
            ends_first = isinstance(earliest, datetime) and expiry <= earliest
        else:
            ends_first = isinstance(earliest, int | float) and expiry is not None and expiry <= earliest
        if ends_first:
            raise MessageError(f"expiry: {expiry} is not after the delivery time, {earliest}")


def _check_time(name: str, value: object) -> None:
    """Raise MessageError for a time that is neither None, a number of seconds nor a datetime in its range."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise MessageError(f"{name}: {value} has no time zone")
        if value.timestamp() < 0:
            raise MessageError(f"{name}: {value} is before 1970")
    elif value is not None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MessageError(f"{name}: {value!r} is neither seconds nor a datetime")
        if not 1 <= value <= _LONGEST_SPAN:
            raise MessageError(f"{name}: {value!r} is not a number of seconds from 1 to {_LONGEST_SPAN:,}")


@dataclass(frozen=True, slots=True)
class SlideParts:
    """The parts of a message that are shown together as one slide.

    Attributes:
        image: a picture, an animation or a clip, or None.
        text: a text, or None.
        audio: a recording, or None.
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

#: The wire forms of a message: an MM1 PDU, an MM4 mail, or MM7 SOAP with attachments.
Form = Literal["mm1", "mm4", "mm7"]

#: A header's value: text, a number (times in seconds), a flag, or a tuple of several of these.
HeaderValue = str | int | bool | tuple["str | int | bool", ...]


@dataclass(frozen=True, slots=True)
class MessageFields:
    """The values of one MMS message, written or read.

    An instance of a subclass is equal to an instance with the same values.

    Attributes:
        message_type: the type in the standard's words, lower case with hyphens. ``"m-..."`` is an MM1 PDU;
            ``"mm4-..."`` and ``"mm7-..."`` are messages of the interfaces between servers.
        transaction_id: the id that a request and its response share, or None.
        version: in MM1 the MMS version, such as ``"1.2"``; in MM4 and MM7 the version of the interface.
        sender: the From address in wire form, such as ``"+15555550100/TYPE=PLMN"``; None: the network
            inserts the address, or the message has none.
        to, cc, bcc: addresses in wire form.
        subject: the subject, or None.
        headers: the other headers in order, as pairs of name (in OMA spelling) and value.
        content_type: the content type of the body, in lower case; None: the message has no body.
        parameters: the parameters of the content type, such as ``("start", "<smil>")``.
        parts: the body parts in order, including the presentation (SMIL).
        limit: the largest size of the encoded message, in bytes; None: no limit.
        limit_form: the wire form whose size the limit counts.
        reports: the report of each fitted medium, in order.
        oddities: the deviations from the standard that the reader found, one sentence each.
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
        """The presentation: the SMIL part that ``start`` names, else the first SMIL part, else None."""
        start = dict(self.parameters).get("start", "").strip("<>")
        found = [part for part in self.parts if part.content_type.startswith("application/smil")]
        for part in found:
            if start and start in (part.content_id, part.content_location, part.name):
                return part
        return found[0] if found else None


#: All values of a message, as a tuple.
_VALUES = attrgetter(*(one.name for one in fields(MessageFields)))

#: The type of functions that return a message of the class that they take.
SomeMessage = TypeVar("SomeMessage", bound=MessageFields)
