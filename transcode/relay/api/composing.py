"""A message of the API composed of its media, in a process that may be killed."""

from __future__ import annotations

import importlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import transcode
from transcode.door import Door
from transcode.errors import SourceError, TranscodeError
from transcode.jobs.isolated import Isolated
from transcode.jobs.job_limits import JobLimits
from transcode.media.clips.clip import probe
from transcode.media.source.inputs import Input
from transcode.message.compose import Request
from transcode.message.originals import originals
from transcode.message.smil import CONTENT_TYPE as _SMIL
from transcode.messages.message import Message
from transcode.messages.options import asked
from transcode.model import MessageFields
from transcode.relay.api.schema import Medium, Note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from transcode.model import Note as ReportNote
    from transcode.model import SendOptions
    from transcode.profile import Profile

__all__ = ["Composed", "Composer", "Order", "Source", "centre_profile", "compose"]

#: The longest clip or recording, in seconds: what a phone gets is cut to its own network's.
_LONGEST_SECONDS = 600.0
#: What phones record and few phones show: kept as it is for pages, and converted for the phone that asks.
_KEPT_FORMATS, _KEPT_CODECS = ("video/quicktime",), ("hevc",)
#: Notes of adaptation that say that something is lost.
_LOSSES = ("left-out", "still", "text-cut")


class Source(NamedTuple):
    """A medium as it came.

    Attributes:
        name: the field that it came in, or the name of its file.
        octets: the medium.
    """

    name: str
    octets: bytes


class _Words(TypedDict):
    bcc: Sequence[str]
    sender: str
    subject: str | None
    text: str | None
    text_first: bool


class Order(NamedTuple):
    """What a message is composed of.

    Attributes:
        sources: the media, in order.
        profile: whose limits hold.
        is_fitted: whether all media are fitted to the profile, as a phone would do that sends to it.
        is_local: whether every recipient's message is adapted here. What goes to another centre may be
            shown as it is, so clips that few phones show are converted.
        sender, to, bcc, subject, text, text_first, as_clip, options: as for transcode.compose.
    """

    sources: Sequence[Source]
    profile: Profile
    is_fitted: bool
    is_local: bool
    sender: str
    to: Sequence[str]
    bcc: Sequence[str]
    subject: str | None
    text: str | None
    text_first: bool
    as_clip: bool
    options: SendOptions

    def words(self) -> _Words:
        """Return what the message says, and to whom without their being shown."""
        return {
            "bcc": self.bcc,
            "sender": self.sender,
            "subject": self.subject,
            "text": self.text,
            "text_first": self.text_first,
        }


class Composed(NamedTuple):
    """A message that was composed.

    Attributes:
        pdu: its octets, an M-Send.req.
        media: what became of each medium.
    """

    pdu: bytes
    media: list[Medium]


class _File(io.BytesIO):
    """Octets with a name, which reports and errors give."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.octets)
        self.name = source.name


def centre_profile(network: str, max_bytes: int) -> Profile:
    """Return the profile of a centre's own store: formats of a network, and nothing smaller than it takes.

    What a phone gets is adapted to its network when it asks. So here media stay as good as they came, but in
    formats that every adaptation and every other centre reads.
    """
    return replace(
        transcode.find_profile(network),
        id="centre",
        name="the message centre",
        max_message_bytes=max_bytes,
        max_image_width=None,
        max_image_height=None,
        max_video_width=None,
        max_video_height=None,
        max_recipients=None,
        max_text_chars=None,
        max_file_bytes=None,
        max_files=None,
        recommended_bytes=None,
        progressive=True,
        h264_profile="high",
        h264_level="5.2",
        max_seconds=_LONGEST_SECONDS,
    )


def compose(order: Order) -> Composed:
    """Compose a message.

    Media that the profile's formats have stay as they came, so that adapting them to a phone is their first
    encoding. Others are converted; where they are too large together, all are fitted.

    Raises:
        TranscodeError: as transcode.compose does; the source of an error is the name of a Source.
    """
    if order.is_fitted or order.as_clip:
        return _fitted(order)
    request = Request(
        order.to,
        **order.words(),
        template=MessageFields(headers=tuple(asked(order.options, ()))),
    )
    try:
        with Door("message", "message"):
            message = Message.of(originals([_File(one) for one in order.sources], order.profile, request))
    except SourceError:
        # What no slide shows as it is, such as Ogg, may be converted, or its error is the better one.
        return _fitted(order)
    profile = order.profile
    if order.is_local:
        formats, codecs = (*profile.formats, *_KEPT_FORMATS), (*profile.codecs, *_KEPT_CODECS)
        profile = replace(profile, formats=formats, codecs=codecs)
    try:
        made = transcode.adapt(message, profile, threads=1)
    except TranscodeError:
        return _fitted(order)
    if any(note.code in _LOSSES for report in made.reports for note in report.notes):
        # The sender is told of what can't be sent. A line of text in its place is for receivers.
        return _fitted(order)
    media = _media(order.sources, message, made)
    for source, medium in zip(order.sources, media, strict=True):
        if order.is_local and medium.content_type in _KEPT_FORMATS:
            # Adaptation has not looked into what stays.
            probe(Input(source.name, source.octets))
    return Composed(made.to_mm1(), media)


def _media(sources: Sequence[Source], before: Message, made: Message) -> list[Medium]:
    """Return what became of each source; its part in the message of originals has its octets."""
    parts = [part for part in before.parts if part.content_type not in (_SMIL, "text/plain")]
    notes = {report.source: report.notes for report in made.reports}
    media = []
    for source in sources:
        part = next(one for one in parts if one.data == source.octets)
        parts.remove(part)
        media.append(_medium(source.name, part.content_type, len(part.data), notes.get(part.name or "", ())))
    return media


def _medium(name: str, content_type: str, size: int, notes: Sequence[ReportNote]) -> Medium:
    found = [Note(code=note.code, text=note.text) for note in notes]
    return Medium(source=name, content_type=content_type, size=size, notes=found)


def _fitted(order: Order) -> Composed:
    message = transcode.compose(
        [_File(one) for one in order.sources],
        order.profile,
        to=order.to,
        **order.words(),
        as_clip=order.as_clip,
        options=order.options,
        threads=1,
    )
    # Cards have no report: nothing is done to them.
    told = [
        _medium(report.source, report.source_type, report.source_bytes, report.notes)
        for report in message.reports
    ]
    return Composed(message.to_mm1(), told)


def _warm() -> None:
    """Load what composing needs."""
    for name in ("transcode.message.adapt", "transcode.media.pictures.openers.jpeg"):
        importlib.import_module(name)


class Composer:
    """Processes that compose messages; one that crashes or takes too long costs no other message.

    Args:
        processes: the most at once.
        max_seconds: the longest time of one message.
    """

    def __init__(self, processes: int, max_seconds: float) -> None:
        self._jobs = Isolated(processes, limits=JobLimits(max_cpu_seconds=None, max_seconds=max_seconds))
        # The first message does not wait for processes to start and to load decoders.
        for _ in range(processes):
            self._jobs.submit(_warm)

    def begin(self, order: Order) -> Future[Composed]:
        """Have a message composed.

        Raises, from the future:
            JobLost: it crashed, or took too long.
            TranscodeError: as compose does.
        """
        return self._jobs.submit(compose, order)

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._jobs.kill()
