"""The limits of one medium, the options of a caller, and the rendition with its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import IO

from transcode.errors import LimitsError, SuffixError
from transcode.model.suffixes import SUFFIXES, asked_types

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

#: A medium as a caller gives it: a path, the bytes themselves, or a binary file object.
Source = str | PathLike[str] | bytes | bytearray | memoryview | IO[bytes]

#: Content types that receivers show by default. Pictures: baseline JPEG, GIF87a and GIF89a, which the OMA
#: class "image basic" requires (OMA MMS Conformance 1.2), and PNG, which no core class requires and 97 % of
#: 3,113 UAProf documents list. Video and sound: the types that smartphones play (Android, "supported media
#: formats").
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

#: Video and audio codecs that smartphones decode, by FFmpeg's names.
DEFAULT_CODECS = ("h264", "aac", "h263", "mpeg4", "amr_nb", "mp3")

#: The longest duration of an encoded clip or recording, in seconds. At 40 seconds, 300 KB leave some
#: 60 kbit/s for video and audio together.
MAX_CLIP_SECONDS = 40.0

#: The most pixels of a picture that is decoded at full size. The pictures of the largest phone sensors in use
#: have fewer; 100 million pixels take 300 MB as RGB. A picture that the decoder scales down may have four
#: times as many.
MAX_PIXELS = 100_000_000

#: The H.264 profiles that the encoder writes (ITU-T H.264, annex A), from the simplest up.
H264_PROFILES = ("baseline", "main", "high")


def _is_number(value: object) -> bool:
    """Whether an option's value is a number; False for a bool."""
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one medium.

    Attributes:
        max_bytes: the largest size of the encoded medium, in bytes.
        max_width, max_height: the largest width and height of a landscape picture, in pixels; None: no limit.
            For a portrait picture turn may swap the two.
        max_seconds: the longest duration of video and audio, in seconds.
        formats: the content types that the receiver shows, in lower case.
        turn: True swaps max_width and max_height for a portrait picture. The OMA content classes do not
            swap them.
        progressive: True allows progressive JPEG (ITU-T T.81, annex G): a progressive JPEG that fits is
            passed through, and photos are encoded as progressive JPEG, which saves two to five per cent of
            the bytes.
        max_video_width, max_video_height: the largest width and height of a landscape clip, in pixels. turn
            applies as for pictures. None: only the codec's level limits them.
        max_frame_rate: the highest frame rate of a clip, in frames/s; None: only the codec's level limits it.
        codecs: the codecs that the receiver decodes, by FFmpeg's names.
        h264_profile: the highest H.264 profile that the receiver decodes: ``"baseline"``, ``"main"`` or
            ``"high"``.
        h264_level: the highest H.264 level that the receiver decodes (ITU-T H.264, table A-1).

    Raises:
        LimitsError: a number is not positive, or formats is empty.
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
        """The largest width and height of a picture of the given orientation, in pixels; None: no limit."""
        if portrait and self.turn:
            return self.max_height, self.max_width
        return self.max_width, self.max_height


@dataclass(frozen=True, slots=True)
class FitProgress:
    """The progress of the work on one clip or recording.

    Attributes:
        phase: the current phase: ``"decode"`` or ``"encode"``.
        done, total: the finished and the expected duration of the phase, in seconds of the medium.
    """

    phase: str
    done: float
    total: float


#: Called from time to time while a clip or a recording is fitted. An exception that it raises ends the work.
ProgressCallback = Callable[[FitProgress], object]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """The options of a caller besides the limits. Pictures use max_pixels alone.

    Attributes:
        start: where the rendition begins in the source, in seconds.
        max_seconds: the longest duration of the rendition, in seconds; None: the limits' max_seconds. The
            shortest of this value, the limits' max_seconds and MAX_CLIP_SECONDS applies.
        strict: True raises BudgetError for a clip below the quality floor; False adds a note.
        loudness: the integrated loudness to normalise sound to, in LUFS (EBU R 128); None: sound keeps
            its loudness.
        progress: a function that is called with the progress of the work.
        max_pixels: the most pixels of a picture that is decoded at full size. A picture that the decoder
            scales down (JPEG, HEIC in tiles) may have four times as many.
        keyframe_cut: True allows a clip that exceeds the longest duration and no other limit to be cut at the
            key frame nearest to start, instead of being re-encoded. The key frame is at most half a second
            from start.
        as_clip: turns a recording into a clip. True shows the waveform of the sound; a source is the picture
            to show.

    Raises:
        LimitsError: a value is outside its range.
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
        # The range of the target of FFmpeg's filter loudnorm.
        if loudness is not None and not (_is_number(loudness) and -70 <= loudness <= -5):
            raise LimitsError(f"loudness must be from -70 to -5 LUFS, not {loudness!r}")
        if self.progress is not None and not callable(self.progress):
            raise LimitsError(f"progress must be a function, not {self.progress!r}")

    def seconds(self, limits: Limits) -> float:
        """The longest duration that the options and the limits allow, in seconds."""
        asked = limits.max_seconds if self.max_seconds is None else self.max_seconds
        return min(asked, limits.max_seconds, MAX_CLIP_SECONDS)


@dataclass(frozen=True, slots=True)
class Note:
    """One change to a source, described for a person.

    Attributes:
        code: a stable key, such as ``"metadata-dropped"``.
        text: a sentence with the numbers.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One encoding that the search for the best rendition made.

    Attributes:
        width, height: in pixels; None for sound.
        quality: the quality setting, on the scale of Report.quality.
        size: in bytes.
        setting: the settings of a PNG, a clip or a recording, in words: colours, codec, rates.
    """

    width: int | None
    height: int | None
    quality: float | None
    size: int
    setting: str = ""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """The properties of a clip's streams.

    Attributes:
        codecs: the codecs of video and audio, by FFmpeg's names.
        frame_rate: in frames/s, measured if the clip has two frames or more.
        h264_profile: for H.264, the simplest entry of H264_PROFILES whose decoders play the clip, else the
            name of the clip's own profile; None for other codecs.
        h264_level: for H.264, the level, such as ``"3.1"`` (ITU-T H.264, table A-1); None: unknown, or
            another codec.
    """

    codecs: tuple[str, ...]
    frame_rate: float
    h264_profile: str | None = None
    h264_level: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How a rendition was made from its source.

    Attributes:
        source: the name of the source.
        source_type: the content type of the source, as found in its bytes.
        source_bytes: the size of the source, in bytes.
        source_width, source_height: the width and height of the upright source, in pixels; None for sound.
        width, height: the width and height of the rendition, in pixels; None for sound.
        max_bytes: the limit that applied, in bytes.
        quality: the chosen JPEG quality, continuous from 1 to 100 on the IJG scale; None for a source that
            passed through, for PNG and for sound.
        notes: what was cut, dropped, converted or scaled down, in order.
        trials: the encodings that the search made, in order.
        source_seconds: the duration of the source, in seconds: measured if the source was decoded to its end,
            else as its header states; None for a still picture, or if unknown.
        seconds: the duration of the rendition, in seconds.
        settings: the settings of a drawing, a clip or a recording, in words: colours, codecs, rates,
            channels.
        source_clip: the streams of a source that is a clip; None for other media.
        source_start: where the rendition of a clip or a recording begins in the source, in seconds; None for
            other media.
        stages: what an Engine took for the medium: stages (``"open"``, ``"decode"``, ``"transform"``,
            ``"fit"``, ``"encode"``) and the seconds by the clock of each, without those of stages within it.
            Empty elsewhere. Reports that differ in them alone are equal.
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
    stages: tuple[tuple[str, float], ...] = field(default=(), compare=False)


#: Called with each note when it is made, also if the work fails later.
ReportCallback = Callable[[Note], object]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One medium fitted to limits.

    Attributes:
        data: the encoded medium.
        content_type: type and subtype, such as ``"image/jpeg"``.
        width, height: in pixels; None for sound.
        duration: in seconds; None for a still picture.
        report: how the rendition was made.
    """

    data: bytes = field(repr=False)
    content_type: str
    width: int | None
    height: int | None
    duration: float | None
    report: Report

    @property
    def suffix(self) -> str:
        """The usual suffix of a file with the content type, such as ``".jpg"``."""
        return SUFFIXES[self.content_type][0]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the rendition to a file, which is there whole or not at all; missing folders are made.

        Args:
            path: the file. A suffix that says nothing of media is taken as it is.

        Raises:
            SuffixError: the suffix asks for another format.
            OverwriteError: the file is the source.
            OutputError: the file can't be written.
        """
        # Imported here: few callers write files.
        from transcode.jobs.files import Outputs

        target = Path(path)
        asked = asked_types(target)
        if asked is not None and self.content_type not in asked:
            raise SuffixError(str(target), f"the rendition is {self.content_type}, {self.suffix}")
        Outputs([self.report.source]).write({target: self.data})
