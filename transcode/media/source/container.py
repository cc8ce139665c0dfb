"""Opens containers of video and audio with FFmpeg, without access to other files or the network."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any, Literal

import av
from av.error import FFmpegError

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.source import codes, probe, unread
from transcode.media.source.counted_seconds import counted_seconds
from transcode.media.source.decode_limits import Deadline, thread_seconds
from transcode.media.source.described import is_described
from transcode.media.source.tracks import best_video, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

    from transcode.media.source.inputs import Input

__all__ = [
    "OpenStreams",
    "Streams",
    "Undecoded",
    "open_container",
    "reason",
    "said_seconds",
    "seconds_of",
    "streams_in",
    "streams_of",
    "tags_of",
]

#: FFmpeg's names of the demuxers that may open a source. The list has no playlist formats, because playlists
#: refer to other files and to network addresses.
_DEMUXERS = (
    "3dostr,aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,dv,eac3,flac,flv,gif,h261,h263,h264,"
    "hevc,ivf,loas,m4v,matroska,webm,mov,mp3,mpc,mpc8,mpeg,mpegts,mpegvideo,nut,obu,ogg,qcp,rm,tak,tta,"
    "voc,w64,wav,wv,xwma"
)

#: What FFmpeg reads of a source to find its streams: at most 4 MiB, and 10,000,000 microseconds.
_PROBE = {"probesize": str(4 << 20), "analyzeduration": "10000000"}

#: Tags that are not UTF-8 must not make a source fail. PyAV 19 always accepts them and has no such argument.
_LENIENT: dict[str, Any] = (
    {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}
)

#: FFmpeg's metadata keys that describe the container and are no tags, and the prefixes of the keys of
#: positions (``udta.\xa9xyz`` and Apple's ``com.apple.quicktime.location.ISO6709``).
_NO_TAGS = frozenset(("major_brand", "minor_version", "compatible_brands", "encoder", "encoder_options"))
_POSITIONS = ("location", "com.apple.quicktime.location")

#: Formats for which codes.entries uses the ids of FFmpeg's streams as keys.
_BY_ID = frozenset(("mov", "mpegts", "asf"))


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A stream that is encrypted, or for which FFmpeg has no decoder.

    Attributes:
        kind: ``"video"`` or ``"audio"``.
        codec: the name of the codec, for reports.
        index: the index of the stream in the container.
    """

    kind: Literal["video", "audio"]
    codec: str
    index: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of a source.

    Attributes:
        video: the number of video streams that can be decoded, without cover pictures.
        audio: the number of audio streams that can be decoded.
        lost_video: the codecs of the video streams that can't be decoded, without repetitions.
        lost_audio: the codecs of the audio streams that can't be decoded, without repetitions.
        others: the types of all further streams, such as ``"subtitle"``.
    """

    video: int
    audio: int
    lost_video: str
    lost_audio: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OpenStreams:
    """The streams of an open source, told apart once. They are valid until the container is closed.

    Attributes:
        content: the source.
        container: its open container.
        video: the video streams that can be decoded, without cover pictures.
        audio: the audio streams that can be decoded.
        undecoded: the video and audio streams that are encrypted or have no decoder.
        tags: the kinds of the container's metadata, for reports; see tags_of.
        counted: what is known of the streams once the container is closed.
    """

    content: Input
    container: InputContainer
    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    undecoded: tuple[Undecoded, ...]
    tags: tuple[str, ...]
    counted: Streams

    def data(self) -> dict[int, str]:
        """Return the names of FFmpeg's data streams, by stream index, where the container names them."""
        found = {}
        for stream in self.container.streams:
            is_data = stream.type == "data"
            entry = codes.entries(self.content).get(_key(stream, self.container)) if is_data else None
            if entry is not None:
                found[stream.index] = entry.words
        return found


@contextmanager
def open_container(content: Input) -> Iterator[InputContainer]:
    """Open a source with FFmpeg's demuxer, and close it at the end of the block.

    The demuxer can read the bytes of the source only: no other file, no network.

    Raises:
        UnsupportedError: no demuxer recognises the source, or the video or audio stream that a player would
            choose is encrypted.
        CapError: the demuxer needs more than DecodeLimits.open_seconds to find the streams.
        SourceError: the source is damaged.
    """
    words = None if content.is_stream else unread.described(content.data)
    if words is not None:
        raise UnsupportedError(content.name, words)
    with content.open() as file, _opened(content, file) as container:
        _refuse_encrypted(content, container)
        yield container


def _refuse_encrypted(content: Input, container: InputContainer) -> None:
    """Raise UnsupportedError if the video or audio that a player would choose is encrypted.

    FFmpeg gives encrypted packets to the decoders, which decode them to noise.
    """
    encrypted = _encrypted(content, container)
    if not encrypted:
        return
    locked = {
        word: encrypted[stream.index]
        for word, stream in (
            ("pictures", _first_pictures(content, container)),
            ("sound", _first_sound(container)),
        )
        if stream is not None and stream.index in encrypted
    }
    if locked:
        one_needs = "is" if [*locked] == ["sound"] else "are"
        told = "; ".join(entry.words for entry in dict.fromkeys(locked.values()))
        words = f"its {' and '.join(locked)} {one_needs} encrypted (DRM: {told}): decoding needs the key"
        raise UnsupportedError(content.name, words)


def _first_pictures(content: Input, container: InputContainer) -> Stream | None:
    """Return the video stream that a player would choose, encrypted or not."""
    streams = [stream for stream in container.streams.video if not _is_still(stream)]
    if len(streams) < 2:
        return next(iter(streams), None)
    # Frames are counted in a second container: the caller reads this container from its beginning.
    with content.open() as file, _opened(content, file) as other:
        indices = {stream.index for stream in streams}
        seen = counted(other, [stream for stream in other.streams.video if stream.index in indices])
    return best_video(streams, seen)


def _first_sound(container: InputContainer) -> Stream | None:
    """Return the audio stream that a player would choose, encrypted or not."""
    flag = av.stream.Disposition
    special = flag.comment | flag.hearing_impaired | flag.visual_impaired | flag.karaoke | flag.dependent
    # Among streams of equal rank, the first.
    return min(
        container.streams.audio,
        key=lambda found: (bool(found.disposition & special), not found.disposition & flag.default),
        default=None,
    )


def _encrypted(content: Input, container: InputContainer) -> dict[int, codes.Entry]:
    """Return the encrypted streams, by stream index, with the container's description of each."""
    if {*_BY_ID, "matroska"}.isdisjoint(container.format.name.split(",")):
        return {}
    found = codes.entries(content)
    locked = {}
    for stream in container.streams:
        entry = found.get(_key(stream, container))
        if entry is not None and entry.is_encrypted:
            is_told = entry.code or stream.codec_context is None
            locked[stream.index] = (
                entry if is_told else replace(entry, code=stream.codec_context.codec.canonical_name)
            )
    return locked


def _key(stream: Stream, container: InputContainer) -> int:
    """Return the key of a stream in codes.entries."""
    return stream.index if _BY_ID.isdisjoint(container.format.name.split(",")) else stream.id


def _opened(content: Input, file: IO[bytes]) -> InputContainer:
    options = {**_PROBE, "format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
    deadline = Deadline(
        content.name, content.limits.open_seconds, thread_seconds, "finding its streams takes more than"
    )
    timed = _Timed(file, deadline)
    try:
        with deadline.counted():
            container: InputContainer = av.open(timed, "r", container_options=options, **_LENIENT)
        timed.deadline = None
        return container
    except CapError:
        raise
    except (FFmpegError, ValueError, OSError, EOFError) as error:
        found = probe.describe(content.content_type)
        kind: type[SourceError] = SourceError
        if not isinstance(error, av.error.InvalidDataError | EOFError):
            kind = UnsupportedError
        raise kind(content.name, f"{found} that can't be opened: {reason(error)}") from error


class _Timed:
    """A file whose read() checks a deadline, while a deadline is set.

    Demuxers have no time limit of their own: a file may have any number of tiny boxes.
    """

    def __init__(self, file: IO[bytes], deadline: Deadline) -> None:
        self.deadline: Deadline | None = deadline
        self.name = getattr(file, "name", "<none>")
        self.seek, self.tell = file.seek, file.tell
        self._file = file

    def read(self, size: int) -> bytes:
        if self.deadline is not None:
            self.deadline.left()
        return self._file.read(size)


def streams_of(content: Input) -> Streams:
    """Open a source and return its streams. It raises the errors of open_container."""
    with open_container(content) as container:
        return streams_in(content, container).counted


def streams_in(content: Input, container: InputContainer) -> OpenStreams:
    """Return the streams of an open source, without reading packets."""
    encrypted = _encrypted(content, container)

    def is_decoded(stream: Stream) -> bool:
        return stream.codec_context is not None and stream.index not in encrypted

    video = tuple(one for one in container.streams.video if is_decoded(one) and not _is_still(one))
    audio = tuple(filter(is_decoded, container.streams.audio))
    undecoded = _undecoded(content, container, encrypted)
    lost_video, lost_audio = (
        "; ".join(dict.fromkeys(stream.codec for stream in undecoded if stream.kind == kind))
        for kind in ("video", "audio")
    )
    others = tuple(stream.type for stream in container.streams if stream.type not in ("video", "audio"))
    told = Streams(len(video), len(audio), lost_video, lost_audio, others)
    return OpenStreams(content, container, video, audio, undecoded, tags_of(content, container), told)


def _undecoded(
    content: Input, container: InputContainer, encrypted: Mapping[int, codes.Entry]
) -> tuple[Undecoded, ...]:
    """Return the video and audio streams that are encrypted or have no decoder."""
    streams: tuple[Any, ...] = tuple(container.streams)
    names = container.format.name.split(",")
    found = []
    for stream in streams:
        kind: Literal["video", "audio"] | None = stream.type if stream.type in ("video", "audio") else None
        if kind is None and "mpegts" not in names:
            continue
        is_there = stream.codec_context is not None and stream.index not in encrypted
        if kind is not None and (is_there or _is_still(stream)):
            continue
        entry = encrypted.get(stream.index) or codes.entries(content).get(_key(stream, container))
        if kind is None and entry is not None:
            kind = codes.kind_in_transport(entry.code)
        if kind is not None:
            codec = "an unknown codec" if entry is None else entry.words
            codec += ", encrypted" if stream.index in encrypted else ""
            found.append(Undecoded(kind, codec, stream.index))
    return tuple(found)


def said_seconds(container: InputContainer, begin: float) -> float | None:
    """Return the duration in the header of a container, in seconds; None if the header has no duration.

    Args:
        container: an open container.
        begin: the first timestamp of the stream in question, in seconds. The header of a Matroska file may
            count from timestamp 0 although the first timestamp is later, as in an excerpt of a longer file.
    """
    if container.duration is None:
        return None
    said = max(container.duration, 0) / av.time_base
    return said - begin if "matroska" in container.format.name.split(",") and 0 < begin < said else said


def seconds_of(content: Input) -> float | None:
    """Return the duration in the header, in seconds; None if there is none, or the header can't be read.

    A header may be wrong. Recordings without a container have none: their frames are counted.
    """
    counted_length = counted_seconds(content)
    if counted_length is not None:
        return counted_length
    try:
        with open_container(content) as container:
            return None if container.duration is None else max(container.duration, 0) / av.time_base
    except SourceError:
        return None


def tags_of(content: Input, container: InputContainer) -> tuple[str, ...]:
    """Return the kinds of a container's metadata, for reports: tags, ``position (GPS)`` and chapters."""
    names = {name.lower() for name in container.metadata} - _NO_TAGS
    positions = {name for name in names if name.startswith(_POSITIONS)}
    is_tagged = bool(names - positions)
    if not is_tagged and "mov" in container.format.name.split(","):
        with suppress(OSError), content.open() as file:
            is_tagged = is_described(file)
    kinds = {"tags": is_tagged, "position (GPS)": bool(positions), "chapters": bool(container.chapters())}
    return tuple(kind for kind, is_there in kinds.items() if is_there)


def reason(error: Exception) -> str:
    """Return the message of an FFmpeg error, in lower case and without a file name."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__).lower()


def _is_still(stream: Stream) -> bool:
    still = av.stream.Disposition
    return bool(stream.disposition & (still.attached_pic | still.timed_thumbnails | still.still_image))
