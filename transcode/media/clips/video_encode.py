"""Encodes frames as H.264, MPEG-4 or H.263, and muxes them with sound into MP4 or 3GP files.

Encoders use one thread: the bytes must not depend on the machine, and at these frame sizes more threads cost
processor time for little gain.
"""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.error import FFmpegError

from transcode.errors import TranscodeError
from transcode.jobs.stages import staged
from transcode.media.clips import key_frames
from transcode.media.clips.frame_variants import resized
from transcode.media.clips.packed import planes
from transcode.media.clips.simple_video import finished
from transcode.media.sound.audio_encode import add_stream, packets
from transcode.media.source.container import reason
from transcode.media.source.decode_limits import check_work
from transcode.media.source.packets import packet_of
from transcode.media.source.rates import rated
from transcode.media.source.timing import stamped
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from transcode.media.clips.frames import Frames
    from transcode.media.sound.audio_encode import Encoded as Sound
    from transcode.model import ProgressCallback

__all__ = ["CONTAINERS", "MUX_OPTIONS", "X264_LEAST_BIT_RATE", "EncodedVideo", "Encoder", "Settings", "mux"]

#: FFmpeg's muxer for each content type of clips, and the allowed audio codecs for each video codec, best
#: first.
CONTAINERS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "video/mp4": ("mp4", {"h264": ("aac",)}),
    "video/3gpp": (
        "3gp",
        {"h264": ("aac", "amr_nb"), "mpeg4": ("amr_nb", "aac"), "h263": ("amr_nb", "aac")},
    ),
}

#: FFmpeg's encoder of each codec, and its options: simple profile for MPEG-4, and rate-distortion optimised
#: macroblock modes for MPEG-4 and H.263, which cost little time at their frame sizes.
_ENCODERS = {"h264": "libx264", "mpeg4": "mpeg4", "h263": "h263"}
_CAREFUL = {"mbd": "rd", "trellis": "1", "cmp": "satd", "subcmp": "satd"}
_OPTIONS = {"mpeg4": {"profile": "0", "flags": "+mv4", **_CAREFUL}, "h263": _CAREFUL}

#: Time scale of the video track in ticks/s: the usual one of MPEG systems. The periods of 24, 25, 30 and
#: 30000/1001 frames/s are whole numbers of ticks.
_CLOCK = 90_000

#: The quantiser (QP) of a frame in the statistics of a first pass.
_QUANTISER = re.compile(r" q:([0-9.]+)")

#: Options of x264 besides its preset: tuning for SSIM, adaptive quantisation mode 2 with a strength above the
#: default 1.0, and a weaker deblocking filter. They gain 0.001 in SSIM and 1 to 4 points of SSIMULACRA2 at 50
#: to 200 kbit/s. Modes 1 and 3 of adaptive quantisation are worse, and mode 3 also with other strengths.
_TUNED = {"tune": "ssim", "aq-mode": "2", "aq-strength": "1.2", "deblock": "-1,-1"}

#: Frames with at least _LARGE pixels have a first pass at half width and height, in a third of the time: x264
#: scales its statistics to the full size. It assumes that bits grow with the power _GROWTH of the pixels
#: (``res_factor_bits``). For smaller frames a first pass at half size costs a point of SSIMULACRA2. Chosen.
_LARGE, _GROWTH = 150_000, 0.7

#: The lowest bit rate of x264, in bit/s: x264 counts in kbit/s, and refuses 0 kbit/s.
X264_LEAST_BIT_RATE = 1_000

#: Duration of the chunks of one track in a file, in microseconds: longer chunks make the index smaller.
#: Chosen.
_CHUNK = 1_000_000

#: FFmpeg options of muxers of clips: no encoder version and no creation time.
MUX_OPTIONS = {"fflags": "+bitexact", "chunk_duration": str(_CHUNK)}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a video encoder.

    Attributes:
        codec: ``"h264"``, ``"mpeg4"`` or ``"h263"``.
        bit_rate: the bit rate in bit/s, at the frame rate.
        frame_rate: the average frame rate in frames/s.
        profile: the profile of H.264: ``"baseline"``, ``"main"`` or ``"high"``.
        level: the level of MPEG-4 and H.263, as their files code it.
        quantisers: the lowest and the highest quantiser of MPEG-4 and H.263, each 1 to 31.
        effort: the preset of x264.
        colour: the signalled primaries, transfer and matrix (ITU-T H.273); 2: not signalled.
        options: further options of the encoder.
    """

    codec: str
    bit_rate: int
    frame_rate: float
    profile: str = "main"
    level: int = 0
    quantisers: tuple[int, int] = (2, 31)
    effort: str = "medium"
    colour: tuple[int, int, int] = (2, 2, 2)
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """Encoded video, not yet in a container.

    Attributes:
        settings: the settings of the encoder.
        width, height: the size of the frames in pixels.
        size: the size of all packets, in bytes.
        seconds: the duration in seconds.
        words: codec, profile, frame size, frame rate and bit rate, for reports.
    """

    settings: Settings
    width: int
    height: int
    size: int
    seconds: float
    _packets: tuple[Any, ...]
    _log: str
    _key_distance: int
    words: str = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        profile = f" {settings.profile}" if settings.codec == "h264" else ""
        rates = rated(self.size, self.seconds, settings.frame_rate)
        words = f"{settings.codec}{profile}, {self.width} x {self.height}{rates}"
        object.__setattr__(self, "words", words)


class Encoder:
    """Encodes the same frames at several bit rates; a context manager.

    The first pass (measure) writes statistics, and each later pass (encode) uses them. Results must be muxed
    inside the ``with`` block.

    Args:
        frames: the frames to encode.
        progress: called about once per second of the clip.
    """

    def __init__(self, frames: Frames, progress: ProgressCallback | None = None) -> None:
        self._frames = frames
        self._progress = progress
        self._folder = tempfile.TemporaryDirectory(prefix="transcode-")
        self._log = str(Path(self._folder.name, "x264.log"))
        self._count = len(frames.times)
        self._rate = self._count / frames.end
        self._key_distance = key_frames.distance(self._count, self._rate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @staged("encode")
    def measure(self, settings: Settings) -> float | None:
        """Run the first pass of H.264, and return the approximate mean QP (0 to 51) at the bit rate.

        The result is None for the other codecs, which have one pass.
        """
        if settings.codec != "h264":
            return None
        with ExitStack() as stack:
            frames = self._frames
            if frames.width * frames.height >= _LARGE:
                frames = stack.enter_context(resized(frames, frames.width // 4 * 2, frames.height // 4 * 2))
                part = frames.width * frames.height / (self._frames.width * self._frames.height)
                bit_rate = max(X264_LEAST_BIT_RATE, round(settings.bit_rate * part**_GROWTH))
                settings = replace(settings, bit_rate=bit_rate)
            statistics = self._first_pass(settings, frames)
            cuts = key_frames.scene_cuts(statistics, self._key_distance)
            if key_frames.has_late(self._count, self._rate, self._key_distance, cuts):
                self._key_distance = key_frames.distance(self._count, self._rate, cuts)
                statistics = self._first_pass(settings, frames)
        found = [float(text) for text in _QUANTISER.findall(statistics)]
        return sum(found) / len(found) if found else None

    def _first_pass(self, settings: Settings, frames: Frames) -> str:
        """Return the statistics of a first pass."""
        context = self._context(settings, frames)
        context.flags |= int(Flags.pass1)
        context.options = {**context.options, "stats": self._log}
        for _ in self._coded(context, frames):
            pass
        # x264 completes the statistics file when the encoder is freed.
        del context
        return Path(self._log).read_text("ascii", "replace")

    def _context(self, settings: Settings, frames: Frames) -> Any:
        context: Any = av.CodecContext.create(_ENCODERS[settings.codec], "w")
        _configure(context, settings, frames.width, frames.height)
        context.gop_size = self._key_distance
        return context

    @staged("encode")
    def encode(self, settings: Settings) -> EncodedVideo:
        """Encode the frames; H.264 with the statistics of measure().

        Raises:
            TranscodeError: the encoder refuses the settings.
        """
        frames = self._frames
        context = self._context(settings, frames)
        if settings.codec == "h264":
            _second_pass(context, self._log)
            packets = _without_remarks(list(self._coded(context, frames)), context)
        else:
            packets = list(self._coded(context, frames))
            _retime(packets, frames)
        size = sum(packet.size for packet in packets)
        return EncodedVideo(
            settings,
            frames.width,
            frames.height,
            size,
            frames.end,
            tuple(packets),
            self._log,
            self._key_distance,
        )

    def _coded(self, context: Any, frames: Frames) -> Iterator[Any]:
        base: Fraction = context.time_base
        # The name is read before open(): after a failed open(), reading it crashes with FFmpeg 9.
        name: str = context.name
        even = name != "libx264"
        reported = 0.0
        try:
            for number, (packed, time, duration) in enumerate(frames.shown()):
                check_work()
                frame = _frame(packed, frames.width, frames.height)
                frame.time_base = base
                frame.pts = number if even else round(time / base)
                frame.duration = 1 if even else max(1, round((time + duration) / base) - frame.pts)
                yield from context.encode(frame)
                if self._progress is not None and time >= reported + 1:
                    reported = time
                    self._progress(FitProgress("encode", time, frames.end))
            yield from context.encode(None)
        except FFmpegError as error:
            size = f"{frames.width} x {frames.height}"
            raise TranscodeError(f"{name} at {size}: {reason(error)}") from error


def _frame(packed: NDArray[np.uint8], width: int, height: int) -> av.VideoFrame:
    """Copy a packed frame to an FFmpeg frame. from_numpy_buffer needs a height that is a multiple of 4."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for source, plane in zip(planes(packed, width, height), frame.planes, strict=True):
        buffer: Any = plane
        rows = np.frombuffer(buffer, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = source
    return frame


def _configure(context: Any, settings: Settings, width: int, height: int) -> None:
    """Configure the codec context of an encoder, or of a container's stream."""
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    rate = Fraction(settings.frame_rate).limit_denominator(1001)
    context.framerate = rate
    # MPEG-4 and H.263 count frames in their own time base; _retime sets the real times.
    context.time_base = Fraction(1, _CLOCK) if settings.codec == "h264" else 1 / rate
    # Old devices ignore the pixel aspect ratio. The default of H.263 would be 12:11.
    context.sample_aspect_ratio = Fraction(1, 1)
    context.bit_rate = settings.bit_rate
    context.thread_count = 1
    if settings.colour != (2, 2, 2):
        context.color_primaries, context.color_trc, context.colorspace = settings.colour
        context.color_range = 1
    context.flags |= int(Flags.global_header | Flags.bitexact | Flags.frame_duration)
    options = dict(_OPTIONS.get(settings.codec, {}))
    if settings.codec == "h264":
        options |= {"preset": settings.effort, "profile": settings.profile, **_TUNED}
        # Without this option, weighted prediction of x264 with AVX-512 depends on leftover memory contents.
        options["x264-params"] = "cpu-independent=1"
    elif settings.codec == "mpeg4":
        options["level"] = str(settings.level)
    if settings.codec != "h264":
        options |= dict(zip(("qmin", "qmax"), map(str, settings.quantisers), strict=True))
    context.options = {**options, **dict(settings.options)}


def _second_pass(context: Any, log: str) -> None:
    context.flags |= int(Flags.pass2)
    context.options = {**context.options, "stats": log}


def _retime(packets: list[Any], frames: Frames) -> None:
    """Set the packets' times to the times of the frames. The packets must be in frame order."""
    for packet, time, duration in zip(packets, frames.times, frames.durations(), strict=True):
        packet.time_base = Fraction(1, _CLOCK)
        packet.pts = packet.dts = round(time * _CLOCK)
        packet.duration = max(1, round((time + duration) * _CLOCK) - packet.pts)


def _without_remarks(packets: list[Any], context: Any) -> list[Any]:
    """Remove SEI from H.264 packets: x264 writes its settings there, 700 bytes."""
    keep = BitStreamFilterContext("filter_units=remove_types=6", context.codec)
    kept: list[Any] = []
    for packet in packets:
        kept += keep.filter(packet)
    return [*kept, *keep.filter(None)]


def mux(pictures: EncodedVideo, sound: Sound | None, content_type: str) -> bytes:
    """Mux encoded video and sound into a file. Both start at time 0, and the file has no metadata.

    Args:
        pictures: the encoded video; its Encoder must still be open.
        sound: the encoded sound, or None.
        content_type: one of CONTAINERS.

    Returns:
        The file, with the index (moov) before the media (mdat).
    """
    file = io.BytesIO()
    options = dict(MUX_OPTIONS)
    if sound is not None:
        # Edit lists use this time scale, by default 1/1000 s. At the sample rate, the sound is exact.
        options["movie_timescale"] = str(sound.rate)
    form = CONTAINERS[content_type][0]
    with av.open(file, "w", format=form, container_options=options) as container:
        stream = _video_stream(container, pictures)
        shown = [packet.pts for packet in pictures._packets]
        end = max(round(pictures.seconds * _CLOCK), max(shown) + 1)
        stamps = stamped(shown, end, _CLOCK, [packet.dts for packet in pictures._packets])
        queues = [[_copy(packet, stream) for packet in pictures._packets]]
        for copy, decoded, duration in zip(queues[0], stamps.decoded, stamps.durations, strict=True):
            copy.dts, copy.duration = decoded, duration
        if sound is not None:
            queues.append(list(packets(sound, add_stream(container, sound))))
        # Packets in order of time: the muxer then buffers little.
        due = [packet for queue in queues for packet in queue]
        for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
            container.mux_one(packet)
    return finished(file.getvalue(), pictures.settings.codec, pictures.settings.level)


def _copy(packet: Any, stream: Any) -> Any:
    """Copy a packet for a stream: the muxer changes the packets that it gets."""
    copy: Any = packet_of(packet)
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
    copy.stream = stream
    return copy


def _video_stream(container: Any, pictures: EncodedVideo) -> Any:
    # The muxer takes parameter sets only from the codec context of its stream. The context has the same
    # settings as the encoder of the packets, but encodes nothing.
    settings = pictures.settings
    stream = container.add_stream(
        _ENCODERS[settings.codec], rate=Fraction(settings.frame_rate).limit_denominator(1001)
    )
    _configure(stream.codec_context, settings, pictures.width, pictures.height)
    stream.codec_context.gop_size = pictures._key_distance
    if settings.codec == "h264":
        _second_pass(stream.codec_context, pictures._log)
    stream.time_base = Fraction(1, _CLOCK)
    return stream
