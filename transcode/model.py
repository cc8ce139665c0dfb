"""The values that travel between the rooms: frozen, and made of plain data.

Lengths are pixels, sizes bytes, times seconds. Nothing here knows a codec, a
carrier or a wire format.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from numbers import Real
from os import PathLike
from typing import BinaryIO, Literal, get_args

from transcode.errors import LimitsError, MessageError

__all__ = [
    "DEFAULT_CODECS",
    "DEFAULT_FORMATS",
    "H264_PROFILES",
    "MAX_CLIP_SECONDS",
    "MAX_PIXELS",
    "ClipInfo",
    "ClipOptions",
    "FitProgress",
    "Form",
    "HeaderValue",
    "Limits",
    "Message",
    "MessageClass",
    "MessageType",
    "Note",
    "Part",
    "Priority",
    "ProgressCallback",
    "Rendition",
    "Report",
    "ReportCallback",
    "SendOptions",
    "Slide",
    "SlideParts",
    "Source",
    "Trial",
]

#: What the user may give as a medium: a path, the bytes themselves, or a binary file object.
Source = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO

#: Content types that every handset since the OMA "image basic" class shows
#: (OMA MMS Conformance 1.2: baseline JPEG, GIF87a, GIF89a), and PNG, which 97 %
#: of 3,113 UAProf documents list although no core class has it; then video and sound
#: as smartphones play them (Android's "supported media formats").
DEFAULT_FORMATS = (
    "image/jpeg",
    "image/gif",
    "image/png",
    "video/mp4",
    "video/3gpp",
    "audio/amr",
    "audio/mp4",
    "audio/mpeg",
)

#: Codecs of video and sound that smartphones decode, by FFmpeg's names.
DEFAULT_CODECS = ("h264", "aac", "h263", "mpeg4", "amr_nb", "mp3")

#: The longest clip or recording that is made, in seconds: in 300 KB it has some
#: 60 kbit/s for picture and sound.
MAX_CLIP_SECONDS = 40.0

#: The most pixels of a picture that is decoded whole: those of the largest phone sensors in use fit, and
#: as RGB they take 300 MB. Of one that is reduced while it is decoded, four times as many.
MAX_PIXELS = 100_000_000

#: Profiles of H.264 that are written (ITU-T H.264, annex A), from the simplest up.
H264_PROFILES = ("baseline", "main", "high")


def _is_number(value: object) -> bool:
    """Whether an option is a number, as its type says."""
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one medium must keep to.

    Attributes:
        max_bytes: the largest size of the encoded medium, in bytes.
        max_width, max_height: the box in pixels for a landscape picture; for a
            portrait one both are swapped (see turn). None: any size.
        max_seconds: the longest duration of video and audio, in seconds.
        formats: the content types that the receiver shows, in lower case.
        turn: whether a portrait picture may use the box turned. The OMA content
            classes compare width with width and height with height.
        progressive: whether a JPEG may be progressive (ITU-T T.81, annex G): one that fits stays so then, and
            photos are written so, which leaves two to five per cent more bytes for what they show.
        max_video_width, max_video_height: the box of a landscape clip, in pixels,
            turned like that of pictures; None: that of the codec's level alone.
        max_frame_rate: frames a second; None: that of the codec's level alone.
        codecs: the codecs that the receiver decodes, by FFmpeg's names.
        h264_profile: the highest profile of H.264 that it decodes: ``"baseline"``,
            ``"main"`` or ``"high"``.
        h264_level: the highest level of H.264, as in ITU-T H.264, table A-1.

    Raises:
        LimitsError: a number that is not positive, or no format.
    """

    max_bytes: int
    max_width: int | None = None
    max_height: int | None = None
    max_seconds: float = 40.0
    formats: tuple[str, ...] = DEFAULT_FORMATS
    turn: bool = True
    progressive: bool = False
    max_video_width: int | None = None
    max_video_height: int | None = None
    max_frame_rate: float | None = None
    codecs: tuple[str, ...] = DEFAULT_CODECS
    h264_profile: str = "main"
    h264_level: str = "3.1"

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_width", "max_height", "max_video_width", "max_video_height"):
            value = getattr(self, name)
            if value is None and name != "max_bytes":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise LimitsError(f"{name} must be a whole number of at least 1, not {value!r}")
        if not (_is_number(self.max_seconds) and 0 < self.max_seconds < float("inf")):
            raise LimitsError(f"max_seconds must be a positive number, not {self.max_seconds!r}")
        rate = self.max_frame_rate
        if rate is not None and not (_is_number(rate) and 0 < rate < float("inf")):
            raise LimitsError(f"max_frame_rate must be a positive number, not {rate!r}")
        if self.h264_profile not in H264_PROFILES:
            raise LimitsError(f"h264_profile must be one of {', '.join(H264_PROFILES)}")
        for name in ("formats", "codecs"):
            given: object = getattr(self, name)
            if isinstance(given, str):
                raise LimitsError(f"{name} must be a sequence of names, not one string")
            if not isinstance(given, Iterable):
                raise LimitsError(f"{name} must be a sequence of names, not {given!r}")
            object.__setattr__(self, name, tuple(str(entry).lower() for entry in given))
        if not self.formats:
            raise LimitsError("formats must name at least one content type")

    def box(self, *, portrait: bool) -> tuple[int | None, int | None]:
        """Width and height that a picture of this orientation may have, in pixels."""
        if portrait and self.turn:
            return self.max_height, self.max_width
        return self.max_width, self.max_height


@dataclass(frozen=True, slots=True)
class FitProgress:
    """How far one clip or recording has come.

    Attributes:
        phase: what is being done, in a word: ``"decode"``, ``"encode"``.
        done, total: of that phase, in seconds of the medium; total is what is expected.
    """

    phase: str
    done: float
    total: float


#: Called now and then while a clip or a recording is fitted. What it raises ends the work.
ProgressCallback = Callable[[FitProgress], object]


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What a caller asks of a source besides the limits. Of pictures only max_pixels is asked.

    Attributes:
        start: where it begins in the source, in seconds.
        max_seconds: the longest duration, in seconds; None: that of the limits.
            The stricter of the two holds, and MAX_CLIP_SECONDS.
        strict: a rendition below the quality floor is a BudgetError, not a note.
        loudness: integrated loudness that sound is brought to, in LUFS (EBU R 128);
            None: as it is.
        progress: called as the work goes on.
        max_pixels: the most pixels of a picture that is decoded whole; one that is reduced while
            it is decoded (JPEG, HEIC in tiles) may have four times as many.
        keyframe_cut: whether a clip that is within the limits but for its duration may be cut at the key
            frame nearest to start, half a second from it at most, instead of being coded anew.
        as_clip: whether a recording becomes a clip: True shows the wave of its sound, a source that picture.

    Raises:
        LimitsError: a number out of its range.
    """

    start: float = 0.0
    max_seconds: float | None = None
    strict: bool = False
    loudness: float | None = None
    progress: ProgressCallback | None = None
    max_pixels: int = MAX_PIXELS
    keyframe_cut: bool = False
    as_clip: bool | Source = False

    def __post_init__(self) -> None:
        if not (_is_number(self.max_pixels) and self.max_pixels >= 1):
            raise LimitsError(f"max_pixels must be at least 1, not {self.max_pixels!r}")
        if not (_is_number(self.start) and 0 <= self.start < float("inf")):
            raise LimitsError(f"start must be a number of seconds, not {self.start!r}")
        seconds, loudness = self.max_seconds, self.loudness
        if seconds is not None and not (_is_number(seconds) and 0 < seconds < float("inf")):
            raise LimitsError(f"max_seconds must be a positive number, not {seconds!r}")
        # What FFmpeg's loudnorm takes as its target.
        if loudness is not None and not (_is_number(loudness) and -70 <= loudness <= -5):
            raise LimitsError(f"loudness must be within -70 and -5 LUFS, not {loudness!r}")
        if self.progress is not None and not callable(self.progress):
            raise LimitsError(f"progress must be a function, not {self.progress!r}")

    def seconds(self, limits: Limits) -> float:
        """The longest duration that these options and limits leave, in seconds."""
        asked = limits.max_seconds if self.max_seconds is None else self.max_seconds
        return min(asked, limits.max_seconds, MAX_CLIP_SECONDS)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened to a source on its way, for a person to read.

    Attributes:
        code: a stable key, such as ``"metadata-dropped"``.
        text: the same in words, with the numbers.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One encoding that was tried.

    Attributes:
        width, height: in pixels; None for sound.
        quality: on the scale of the report's.
        size: in bytes.
        setting: of a PNG, a clip or a recording, in words: colours, codec, rates.
    """

    width: int | None
    height: int | None
    quality: float | None
    size: int
    setting: str = ""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What the streams of a clip are.

    Attributes:
        codecs: of pictures and sound, by FFmpeg's names.
        frame_rate: frames a second, measured where there are two frames.
        h264_profile: of H.264 the simplest of H264_PROFILES whose decoders play it, else the name of its
            own; None for other codecs.
        h264_level: of H.264, as in table A-1 there, such as ``"3.1"``; None: not known, or another codec.
    """

    codecs: tuple[str, ...]
    frame_rate: float
    h264_profile: str | None = None
    h264_level: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Why a rendition looks as it does.

    Attributes:
        source: the name of the source.
        source_type: its content type, as found in its bytes.
        source_bytes: its size in bytes.
        source_width, source_height: its size in pixels, upright; None for sound.
        width, height: of the rendition, in pixels; None for sound.
        max_bytes: the limit that held, in bytes.
        quality: the quality that was chosen, on the IJG scale of 1 to 100 but
            continuous; None when the source passed through, for PNG, and for sound.
        notes: what was cut, dropped, converted or shrunk, in order.
        trials: the encodings that were tried, in order.
        source_seconds: its duration, in seconds, as found by decoding where it was
            decoded to its end, else as its header says; None for a still picture, and
            where nobody knows.
        seconds: of the rendition.
        settings: of a drawing, a clip or a recording, in words: colours, codecs, rates, channels.
        source_clip: what the streams of a clip are; None for other media.
        source_start: where in the source a clip or a recording begins, in seconds; None for other media.
    """

    source: str
    source_type: str
    source_bytes: int
    source_width: int | None
    source_height: int | None
    width: int | None
    height: int | None
    max_bytes: int
    quality: float | None = None
    notes: tuple[Note, ...] = ()
    trials: tuple[Trial, ...] = ()
    source_seconds: float | None = None
    seconds: float | None = None
    settings: tuple[str, ...] = ()
    source_clip: ClipInfo | None = None
    source_start: float | None = None


#: Called with each note as it is made, also when no rendition comes of it.
ReportCallback = Callable[[Note], object]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One medium fitted to limits.

    Attributes:
        data: the encoded medium.
        content_type: such as ``"image/jpeg"``.
        width, height: in pixels; None for sound.
        duration: in seconds; None for a still picture.
        report: how it came about.
    """

    data: bytes = field(repr=False)
    content_type: str
    width: int | None
    height: int | None
    duration: float | None
    report: Report


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
            take, and 5 at least.

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
class Message:
    """One MMS message, written or read.

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
        quirks: what was odd in the octets that it was read from.
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
    quirks: tuple[str, ...] = ()

    @property
    def smil(self) -> Part | None:
        """The presentation: the part that ``start`` names, else the first SMIL part, else None."""
        start = dict(self.parameters).get("start", "").strip("<>")
        found = [part for part in self.parts if part.content_type.startswith("application/smil")]
        for part in found:
            if start and start in (part.content_id, part.content_location, part.name):
                return part
        return found[0] if found else None
