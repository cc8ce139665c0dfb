"""Reduced frames as packets of H.264, MPEG-4 or H.263, and with sound as an MP4 or 3GP file.

One thread: the bytes must not depend on the machine, and at these sizes more threads cost
processor time for little.
"""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.error import FFmpegError

from transcode.errors import TranscodeError
from transcode.media.clips.frames import planes, resized
from transcode.media.sound.audio_encode import add_stream, packets
from transcode.media.source.container import reason
from transcode.media.source.mp4 import fast_start
from transcode.media.source.packets import packet_of
from transcode.media.source.timing import rated, stamped
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

    from transcode.media.clips.frames import Frames
    from transcode.media.sound.audio_encode import Encoded as Sound
    from transcode.model import ProgressCallback

__all__ = ["CONTAINERS", "EncodedVideo", "Encoder", "Settings", "mux"]

#: Content types that clips are written as: FFmpeg's muxer, and for each codec of pictures those of
#: the sound that goes with them, the best first.
CONTAINERS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "video/mp4": ("mp4", {"h264": ("aac",)}),
    "video/3gpp": (
        "3gp",
        {"h264": ("aac", "amr_nb"), "mpeg4": ("amr_nb", "aac"), "h263": ("amr_nb", "aac")},
    ),
}

#: FFmpeg's encoder of each codec, and what it is told besides rates: of MPEG-4 the simple profile, and
#: for both old codecs a choice of macroblock modes by their bits and errors, cheap at their sizes.
_ENCODERS = {"h264": "libx264", "mpeg4": "mpeg4", "h263": "h263"}
_CAREFUL = {"mbd": "rd", "trellis": "1", "cmp": "satd", "subcmp": "satd"}
_OPTIONS = {"mpeg4": {"profile": "0", "flags": "+mv4", **_CAREFUL}, "h263": _CAREFUL}

#: The level that FFmpeg writes into the ``d263`` box, whatever the pictures are (3GPP TS 26.244, 6.8),
#: and what stands before it.
_D263 = b"d263FFMP\x00"
_D263_LEVEL = 10

#: Ticks a second of the pictures' clock: the usual one of MPEG systems, which holds the
#: periods of 24, 25, 30 and 30000/1001 frames a second as whole numbers.
_CLOCK = 90_000

#: The quantiser of a picture in the statistics of a first pass.
_QUANTISER = re.compile(r" q:([0-9.]+)")

#: What x264 is told besides its preset. Tuned for structure rather than for grain, with bits moved a
#: little further to where little happens, and edges smoothed a little less: worth 0.001 of SSIM and one to
#: four points of SSIMULACRA2 at 50 to 200 kbit/s. Modes 1 and 3 are worse, and 3 of other strengths.
_TUNED = {"tune": "ssim", "aq-mode": "2", "aq-strength": "1.2", "deblock": "-1,-1"}

#: Pictures of so many pixels are measured at half of their width and height, in a third of the time: x264
#: carries over what it finds. It takes bits to grow with this power of the pixels (``res_factor_bits``). Of
#: smaller ones it costs a point of SSIMULACRA2. Chosen.
_LARGE = 150_000
_GROWTH = 0.7

#: x264 counts in thousands of bits a second, and takes none for a mistake.
_LEAST_BIT_RATE = 1_000

#: Media of one track that stands together in a file, in microseconds: longer chunks make the
#: index shorter. Chosen.
_CHUNK = 1_000_000

#: Seconds between two key frames at most: what a player that seeks must decode. Chosen.
_KEY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How pictures are coded.

    Attributes:
        codec: ``"h264"``, ``"mpeg4"`` or ``"h263"``.
        bit_rate: bits a second at the frame rate.
        frame_rate: frames a second, on average.
        profile: of H.264: ``"baseline"``, ``"main"`` or ``"high"``.
        level: of MPEG-4 and H.263, by the number in their files.
        quantisers: of MPEG-4 and H.263, the finest and the coarsest that may be used, 1 to 31.
        effort: the preset of x264.
        colour: primaries, transfer and matrix that are written, as in ITU-T H.273;
            2 means that nothing is said.
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
    """Coded pictures, not in a container yet.

    Attributes:
        settings: how they were coded.
        width, height: in pixels.
        size: of all packets, in bytes.
        seconds: how long they are shown.
    """

    settings: Settings
    width: int
    height: int
    size: int
    seconds: float
    _packets: tuple[Any, ...]
    _log: str

    @property
    def words(self) -> str:
        """What it is, for a person."""
        settings = self.settings
        profile = f" {settings.profile}" if settings.codec == "h264" else ""
        rates = rated(self.size, self.seconds, settings.frame_rate)
        return f"{settings.codec}{profile}, {self.width} x {self.height}{rates}"


class Encoder:
    """Codes the same frames again and again at other rates; a context manager.

    The first pass measures; each later one is made with what it found, and can be muxed while the
    block lasts.

    Args:
        frames: what is coded.
        progress: called about once a second of the clip.
    """

    def __init__(self, frames: Frames, progress: ProgressCallback | None = None) -> None:
        self._frames = frames
        self._progress = progress
        self._folder = tempfile.TemporaryDirectory(prefix="transcode-")
        self._log = str(Path(self._folder.name, "x264.log"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def measure(self, settings: Settings) -> float | None:
        """The first pass of H.264: the mean quantiser, 0 to 51, that the rate leads to, about.

        The other codecs keep to a rate as they go: None.
        """
        if settings.codec != "h264":
            return None
        with ExitStack() as stack:
            frames = self._frames
            if frames.width * frames.height >= _LARGE:
                frames = stack.enter_context(resized(frames, frames.width // 4 * 2, frames.height // 4 * 2))
                part = frames.width * frames.height / (self._frames.width * self._frames.height)
                bit_rate = max(_LEAST_BIT_RATE, round(settings.bit_rate * part**_GROWTH))
                settings = replace(settings, bit_rate=bit_rate)
            context = _context(settings, frames)
            context.flags |= int(Flags.pass1)
            context.options = {**context.options, "stats": self._log}
            for _ in self._coded(context, frames):
                pass
        # The file is whole only when the encoder is gone.
        del context
        found = [float(text) for text in _QUANTISER.findall(Path(self._log).read_text("ascii", "replace"))]
        return sum(found) / len(found) if found else None

    def encode(self, settings: Settings) -> EncodedVideo:
        """A pass whose packets are kept; of H.264 with what measure found.

        Raises:
            TranscodeError: the encoder refuses the settings.
        """
        frames = self._frames
        context = _context(settings, frames)
        if settings.codec == "h264":
            _second_pass(context, self._log)
            packets = _without_remarks(list(self._coded(context, frames)), context)
        else:
            packets = list(self._coded(context, frames))
            _retime(packets, frames)
        size = sum(packet.size for packet in packets)
        return EncodedVideo(
            settings, frames.width, frames.height, size, frames.end, tuple(packets), self._log
        )

    def _coded(self, context: Any, frames: Frames) -> Iterator[Any]:
        base: Fraction = context.time_base
        # Read now: FFmpeg 9 forgets the name of an encoder that refused to open, and asking ends the process.
        name: str = context.name
        even = name != "libx264"
        reported = 0.0
        try:
            shown = zip(frames, frames.times, frames.durations(), strict=True)
            for number, (packed, time, duration) in enumerate(shown):
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


def _context(settings: Settings, frames: Frames) -> Any:
    context: Any = av.CodecContext.create(_ENCODERS[settings.codec], "w")
    _configure(context, settings, frames.width, frames.height)
    return context


def _frame(packed: NDArray[np.uint8], width: int, height: int) -> av.VideoFrame:
    """A packed picture as a frame of FFmpeg's: from_numpy_buffer takes heights by fours only."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for source, plane in zip(planes(packed, width, height), frame.planes, strict=True):
        buffer: Any = plane
        rows = np.frombuffer(buffer, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = source
    return frame


def _configure(context: Any, settings: Settings, width: int, height: int) -> None:
    """Set an encoder's context up, that of a container's stream likewise."""
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    rate = Fraction(settings.frame_rate).limit_denominator(1001)
    context.framerate = rate
    # Old codecs count pictures, by a clock of their own; see _retime.
    context.time_base = Fraction(1, _CLOCK) if settings.codec == "h264" else 1 / rate
    # Old devices show what they decode as it is; H.263 alone would have pixels of 12:11.
    context.sample_aspect_ratio = Fraction(1, 1)
    context.bit_rate = settings.bit_rate
    # Where one picture stands, so few come on the average that each would be a key frame.
    context.gop_size = max(1, round(_KEY_SECONDS * max(settings.frame_rate, 1.0)))
    context.thread_count = 1
    if settings.colour != (2, 2, 2):
        context.color_primaries, context.color_trc, context.colorspace = settings.colour
        context.color_range = 1
    context.flags |= int(Flags.global_header | Flags.bitexact | Flags.frame_duration)
    options = dict(_OPTIONS.get(settings.codec, {}))
    if settings.codec == "h264":
        options |= {"preset": settings.effort, "profile": settings.profile, **_TUNED}
        # With AVX-512, x264 else weighs predictions by what happens to stand in memory.
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
    """Give packets that stand in the order of their pictures the pictures' times."""
    for packet, time, duration in zip(packets, frames.times, frames.durations(), strict=True):
        packet.time_base = Fraction(1, _CLOCK)
        packet.pts = packet.dts = round(time * _CLOCK)
        packet.duration = max(1, round((time + duration) * _CLOCK) - packet.pts)


def _without_remarks(packets: list[Any], context: Any) -> list[Any]:
    """H.264 packets without supplemental information: x264 writes its settings there, 700 bytes."""
    keep = BitStreamFilterContext("filter_units=remove_types=6", context.codec)
    kept: list[Any] = []
    for packet in packets:
        kept += keep.filter(packet)
    return [*kept, *keep.filter(None)]


def mux(pictures: EncodedVideo, sound: Sound | None, content_type: str) -> bytes:
    """A file of coded pictures and sound, both beginning at zero, without any metadata.

    Args:
        pictures: of an encoder that is open still.
        sound: or None.
        content_type: one of CONTAINERS.

    Returns:
        The whole file; its index stands before the media.
    """
    file = io.BytesIO()
    options = {"fflags": "+bitexact", "chunk_duration": str(_CHUNK)}
    if sound is not None:
        # Edit lists count in this unit, thousandths by default: sound begins and ends to the sample.
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
        # In order of time, so that the muxer need not hold much.
        due = [packet for queue in queues for packet in queue]
        for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
            container.mux_one(packet)
    data = file.getvalue()
    if pictures.settings.codec == "h263":
        said, wanted = (_D263 + bytes([level]) for level in (_D263_LEVEL, pictures.settings.level))
        data = data.replace(said, wanted, 1)
    return fast_start(data)


def _copy(packet: Any, stream: Any) -> Any:
    """A packet of its own for a stream: a muxer takes what it gets."""
    copy: Any = packet_of(packet)
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
    copy.stream = stream
    return copy


def _video_stream(container: Any, pictures: EncodedVideo) -> Any:
    # The muxer takes parameter sets from an encoder's context only: the stream has one, set up as
    # the one that coded the packets, that codes nothing itself.
    settings = pictures.settings
    stream = container.add_stream(
        _ENCODERS[settings.codec], rate=Fraction(settings.frame_rate).limit_denominator(1001)
    )
    _configure(stream.codec_context, settings, pictures.width, pictures.height)
    if settings.codec == "h264":
        _second_pass(stream.codec_context, pictures._log)
    stream.time_base = Fraction(1, _CLOCK)
    return stream
