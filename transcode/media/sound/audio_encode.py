"""Encodes sound as AAC-LC, AMR-NB or MP3, and muxes it into the containers that receivers accept."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np
from av.error import FFmpegError

from transcode.errors import TranscodeError
from transcode.jobs.stages import staged
from transcode.kernels import amr
from transcode.kernels import pcm as kernel
from transcode.media.samples.pcm import mixed, resampled
from transcode.media.source.container import reason
from transcode.media.source.decode_limits import check_work
from transcode.media.source.mp4 import fast_start
from transcode.media.source.packets import packet_of
from transcode.media.source.rates import rated
from transcode.model import FitProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from transcode.media.samples.pcm import Pcm
    from transcode.model import ProgressCallback

__all__ = [
    "AAC_RATES",
    "AAC_SAMPLES",
    "AMR_MAGIC",
    "AMR_MODES",
    "BIT_EXACT",
    "CONTAINERS",
    "Encoded",
    "add_stream",
    "can_encode",
    "encode",
    "mux",
    "packets",
]

#: FFmpeg's encoders by codec name. The AMR-NB encoder is in transcode.kernels.
_ENCODERS = {"aac": "aac", "mp3": "libmp3lame"}

#: FFmpeg's muxer and the allowed codecs for each content type of sound. AMR-WB is only copied, never encoded.
CONTAINERS = {
    "audio/amr": ("amr", ("amr_nb",)),
    "audio/amr-wb": ("amr", ("amr_wb",)),
    "audio/mp4": ("ipod", ("aac",)),
    "audio/3gpp": ("3gp", ("amr_nb", "aac", "amr_wb")),
    "audio/aac": ("adts", ("aac",)),
    "audio/mpeg": ("mp3", ("mp3",)),
}

#: Modes of AMR-NB (3GPP TS 26.071): bit rate in bit/s, and octets of a frame of 20 ms in a file, including
#: the octet of the frame header (RFC 4867, 5.3 and table 1).
AMR_MODES = {
    4750: 13,
    5150: 14,
    5900: 16,
    6700: 18,
    7400: 20,
    7950: 21,
    10200: 27,
    12200: 32,
}

#: Delay of the AMR-NB encoder in samples, as FFmpeg counts it, and frames that one call encodes.
_AMR_DELAY = 50
_AMR_AT_ONCE = 50

#: The header of an AMR-NB file (RFC 4867, 5.1).
AMR_MAGIC = b"#!AMR\n"

#: Samples of a frame of AAC-LC, which is also the delay of the encoder.
AAC_SAMPLES = 1024

#: Sample rates of AAC-LC in Hz (ISO/IEC 14496-3, table 1.18, up to 48,000 Hz).
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

#: FFmpeg options for the same bytes in every run: no encoder version and no creation time.
BIT_EXACT = {"fflags": "+bitexact"}
_MUX_OPTIONS = {"mp3": {"id3v2_version": "0", "write_id3v1": "0", "write_xing": "1"}}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded sound as packets, not yet in a container.

    Attributes:
        codec: ``"aac"``, ``"amr_nb"`` or ``"mp3"``.
        rate: the sample rate, in Hz.
        channels: 1 or 2.
        bit_rate: the bit rate that was requested of the encoder, in bit/s.
        length: samples per channel, without the encoder's delay and padding.
        size: the size of all packets, in bytes.
        seconds: the duration of the sound, in seconds.
        words: codec, sample rate, channels and bit rate, for reports.
    """

    codec: str
    rate: int
    channels: int
    bit_rate: int
    length: int
    size: int
    _packets: tuple[av.Packet[AudioStream], ...]
    _options: tuple[tuple[str, str], ...]
    seconds: float = field(init=False)
    words: str = field(init=False)

    def __post_init__(self) -> None:
        seconds, channels = self.length / self.rate, "mono" if self.channels == 1 else "stereo"
        words = f"{self.codec}, {self.rate:,} Hz, {channels}{rated(self.size, seconds)}"
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "words", words)

    def __repr__(self) -> str:
        return f"<{self.codec}, {self.rate} Hz, {self.channels} ch, {self.size} bytes>"


def can_encode(codec: str) -> bool:
    """Whether the installed FFmpeg build has an encoder for a codec. AMR-NB is always available."""
    return codec == "amr_nb" or _ENCODERS.get(codec) in av.codecs_available


@staged("encode")
def encode(
    pcm: Pcm,
    codec: str,
    bit_rate: int,
    *,
    bandwidth: int | None = None,
    progress: ProgressCallback | None = None,
) -> Encoded:
    """Encode sound.

    AAC and MP3 have the bit rate on average. AMR-NB has it exactly, and the sound is first converted to 8,000
    Hz mono. Samples beyond full scale are clipped.

    Args:
        pcm: the sound, at a sample rate that the codec supports.
        codec: ``"aac"``, ``"amr_nb"`` or ``"mp3"``.
        bit_rate: the bit rate in bit/s; for AMR-NB, a mode of AMR_MODES.
        bandwidth: the highest frequency that AAC and MP3 keep, in Hz; None: the encoder chooses.
        progress: called about once per second of sound.

    Raises:
        TranscodeError: this FFmpeg build has no such encoder, or the encoder refuses the settings.
    """
    check_work()
    if not can_encode(codec):
        raise TranscodeError(f"{codec}: this FFmpeg build has no encoder for the codec")
    if codec == "amr_nb":
        return _encode_amr(resampled(mixed(pcm, 1), 8000), bit_rate, progress)
    options = _options(codec, bandwidth)
    context = cast("AudioCodecContext", av.CodecContext.create(_ENCODERS[codec], "w"))
    context.sample_rate = pcm.rate
    context.layout = "mono" if pcm.channels == 1 else "stereo"
    context.format = "fltp"
    context.bit_rate = bit_rate
    context.time_base = Fraction(1, pcm.rate)
    context.options = dict(options)
    found: list[av.Packet[AudioStream]] = []
    try:
        context.open()
        for frame in _frames(pcm, context, progress):
            found += context.encode(frame)
        found += context.encode(None)
    except (FFmpegError, ValueError) as error:
        settings = f"{pcm.rate} Hz, {pcm.channels} ch, {bit_rate} bit/s"
        raise TranscodeError(f"{codec} at {settings}: {reason(error)}") from error
    return Encoded(
        codec=codec,
        rate=pcm.rate,
        channels=pcm.channels,
        bit_rate=bit_rate,
        length=pcm.length,
        size=sum(packet.size for packet in found),
        _packets=tuple(found),
        _options=options,
    )


def _options(codec: str, bandwidth: int | None) -> tuple[tuple[str, str], ...]:
    options = {"flags": "+bitexact"}
    if codec == "mp3":
        # ABR allows any bit rate; CBR allows only the bit rates of the table.
        options |= {"abr": "1", "compression_level": "2"}
    if codec == "aac":
        # MP4 stores the decoder configuration in the container's header.
        options["flags"] += "+global_header"
    if bandwidth is not None:
        options["cutoff"] = str(bandwidth)
    return tuple(sorted(options.items()))


def _frames(
    pcm: Pcm, context: AudioCodecContext, progress: ProgressCallback | None
) -> Iterator[av.AudioFrame]:
    """Yield the sound in frames of the length that the encoder requires."""
    step = context.frame_size or 1024
    layout, form = context.layout.name, context.format.name
    reported = 0.0
    for first in range(0, pcm.length, step):
        cut = np.array(pcm.samples[:, first : first + step], np.float32, order="C")
        kernel.gain(cut, 1.0)
        frame = av.AudioFrame.from_ndarray(cut, form, layout)
        frame.sample_rate, frame.pts, frame.time_base = pcm.rate, first, Fraction(1, pcm.rate)
        yield frame
        if progress is not None and first / pcm.rate >= reported + 1:
            reported = first / pcm.rate
            progress(FitProgress("encode", reported, pcm.seconds))


def _encode_amr(pcm: Pcm, bit_rate: int, progress: ProgressCallback | None) -> Encoded:
    """Encode 8,000 Hz mono as AMR-NB frames. The last frame is padded with silence."""
    if bit_rate not in AMR_MODES:
        raise TranscodeError(f"amr_nb at {bit_rate} bit/s: the modes are {', '.join(map(str, AMR_MODES))}")
    count = math.ceil((pcm.length + _AMR_DELAY) / amr.SAMPLES)
    samples = np.zeros((count * amr.SAMPLES, 1), np.int16)
    kernel.to_int16(np.ascontiguousarray(pcm.samples), samples[: pcm.length])
    encoder = amr.Encoder(list(AMR_MODES).index(bit_rate))
    out = np.empty(_AMR_AT_ONCE * amr.MOST_OCTETS, np.uint8)
    found = bytearray()
    step = _AMR_AT_ONCE * amr.SAMPLES
    for first in range(0, samples.size, step):
        found += out[: encoder.encode(samples[first : first + step, 0], out)].tobytes()
        if progress is not None and first:
            progress(FitProgress("encode", first / pcm.rate, pcm.seconds))
    octets = AMR_MODES[bit_rate]
    packets: list[av.Packet[AudioStream]] = []
    for number in range(count):
        packet: av.Packet[AudioStream] = packet_of(found[number * octets : (number + 1) * octets])
        packet.pts = packet.dts = number * amr.SAMPLES - _AMR_DELAY
        packet.duration = min(amr.SAMPLES, pcm.length - packet.pts)
        packets.append(packet)
    return Encoded("amr_nb", pcm.rate, 1, bit_rate, pcm.length, len(found), tuple(packets), ())


def add_stream(container: OutputContainer, sound: Encoded) -> AudioStream:
    """Add a stream for encoded sound to an output container. ``packets`` gives the packets for it."""
    if sound.codec == "amr_nb":
        # FFmpeg builds may have no AMR-NB encoder. The template is the stream of a small AMR file.
        with av.open(io.BytesIO(AMR_MAGIC + bytes(sound._packets[0])), format="amr") as model:
            return container.add_stream_from_template(model.streams.audio[0])
    made = container.add_stream(_ENCODERS[sound.codec], rate=sound.rate, options=dict(sound._options))
    stream = cast("AudioStream", made)
    stream.codec_context.layout = "mono" if sound.channels == 1 else "stereo"
    stream.codec_context.format = "fltp"
    stream.codec_context.bit_rate = sound.bit_rate
    stream.codec_context.time_base = Fraction(1, sound.rate)
    return stream


def packets(sound: Encoded, stream: AudioStream) -> Iterator[av.Packet[AudioStream]]:
    """Yield copies of the packets for a stream of add_stream, in order, for ``OutputContainer.mux``.

    The first times may be negative, by the encoder's delay. MP4 and 3GP skip that part by an edit list.
    """
    for packet in sound._packets:
        copy: av.Packet[AudioStream] = packet_of(packet)
        copy.stream, copy.time_base = stream, Fraction(1, sound.rate)
        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
        copy.is_keyframe = True
        if packet.has_sidedata("skip_samples"):
            copy.set_sidedata(packet.get_sidedata("skip_samples"))
        yield copy


def mux(sound: Encoded, content_type: str) -> bytes:
    """Write encoded sound as a file of one of CONTAINERS, without metadata.

    MP4 and 3GP have the index (moov) before the media (mdat).

    Raises:
        TranscodeError: the container does not allow the codec.
    """
    form, codecs = CONTAINERS[content_type]
    if sound.codec not in codecs:
        raise TranscodeError(f"{content_type} can't contain {sound.codec}")
    if form == "amr":
        # Nothing in the file says where sound ends, so it has no frame for the encoder's delay alone.
        frames = math.ceil(sound.length / amr.SAMPLES)
        return AMR_MAGIC + b"".join(bytes(packet) for packet in sound._packets[:frames])
    file = io.BytesIO()
    options = {**BIT_EXACT, **_MUX_OPTIONS.get(form, {})}
    if form in ("ipod", "3gp"):
        # Edit lists use this time scale, by default 1/1000 s. At the sample rate the end is exact.
        options["movie_timescale"] = str(sound.rate)
    with av.open(file, "w", format=form, container_options=options) as container:
        stream = add_stream(container, sound)
        for packet in packets(sound, stream):
            container.mux(packet)
    data = file.getvalue()
    return fast_start(data) if form in ("ipod", "3gp") else data
