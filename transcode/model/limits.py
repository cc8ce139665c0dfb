"""What one medium must keep to, what a caller asks of it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from numbers import Real
from os import PathLike
from typing import BinaryIO

from transcode.errors import LimitsError

__all__ = [
    "DEFAULT_CODECS",
    "DEFAULT_FORMATS",
    "H264_PROFILES",
    "MAX_CLIP_SECONDS",
    "MAX_PIXELS",
    "ClipInfo",
    "FitOptions",
    "FitProgress",
    "Limits",
    "Note",
    "ProgressCallback",
    "Rendition",
    "Report",
    "ReportCallback",
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
class FitOptions:
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
            frame nearest to start, half a second from it at most, instead of being re-encoded.
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
