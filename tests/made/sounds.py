"""Generated sound, and checks of sound files with FFmpeg's programs."""

from __future__ import annotations

import io
import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.made import clips
from transcode.kernels import amr
from transcode.media.samples.pcm import Pcm
from transcode.media.source.inputs import Input
from transcode.media.source.mp4 import Box, boxes


def sine(seconds: float, rate: int = 44_100, *, hertz: float = 440.0, channels: int = 1) -> Pcm:
    """A tone at half of full scale; each further channel has 1.25 x the frequency and half the amplitude."""
    time = np.arange(round(seconds * rate)) / rate
    rows = [0.5 ** (1 + c) * np.sin(2 * np.pi * hertz * 1.25**c * time) for c in range(channels)]
    return Pcm(np.array(rows, np.float32), rate)


def noise(seconds: float, rate: int = 44_100, *, channels: int = 1, seed: int = 1) -> Pcm:
    """Noise with a falling spectrum, like that of music."""
    drawn = np.random.default_rng(seed).normal(size=(channels, round(seconds * rate)))
    spectrum = np.fft.rfft(drawn, axis=1) / np.sqrt(1 + np.arange(drawn.shape[1] // 2 + 1))
    shaped = np.fft.irfft(spectrum, drawn.shape[1], axis=1)
    return Pcm((0.3 * shaped / shaped.std()).clip(-1, 1).astype(np.float32), rate)


def container(
    pcm: Pcm | NDArray[np.float32],
    rate: int = 48_000,
    *,
    form: str = "wav",
    codec: str = "pcm_f32le",
    layout: str | None = None,
    sample_format: str | None = None,
    name: str | None = None,
    times: dict[int, int] | None = None,
    **options: str,
) -> Input:
    """The sound as a file that FFmpeg's libraries write.

    Args:
        times: by frame number from 0, the number of samples by which this and all later frames are delayed.
    """
    samples, rate = (pcm.samples, pcm.rate) if isinstance(pcm, Pcm) else (pcm, rate)
    layout = layout or ("mono" if len(samples) == 1 else "stereo")
    file = io.BytesIO()
    with av.open(file, "w", format=form, container_options=options) as out:
        stream: Any = out.add_stream(codec, rate=rate)
        stream.layout = layout
        wanted = sample_format or stream.codec_context.codec.audio_formats[0].name
        stream.format = wanted
        resampler = av.AudioResampler(format=wanted, layout=layout, rate=rate)
        moved, step = 0, 1024
        for number, first in enumerate(range(0, samples.shape[1], step)):
            piece = np.ascontiguousarray(samples[:, first : first + step].T, np.float32)
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), "flt", layout)
            moved += (times or {}).get(number, 0)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), first
            for out_frame in resampler.resample(frame):
                out_frame.pts = first + moved
                out.mux(stream.encode(out_frame))
        out.mux(stream.encode(None))
    return Input(name or f"made.{form}", file.getvalue())


def probed(data: bytes, folder: Path) -> dict[str, Any]:
    """The format and the only stream of a file, as ffprobe reports them without a warning."""
    said = clips.probed(data, folder)
    (stream,) = (found for kind, found in said.items() if kind != "format")
    return {**said["format"], **stream}


def played(data: bytes, folder: Path) -> NDArray[np.float32]:
    """The samples that ffmpeg decodes from a whole file without a warning: channels x samples."""
    path = folder / "played"
    path.write_bytes(data)
    channels = int(probed(data, folder)["channels"])
    found = subprocess.run(
        ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path), "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    )
    # Files of bare frames do not store a duration.
    lines = [line for line in found.stderr.decode().splitlines() if "Estimating duration" not in line]
    assert not lines, lines
    return np.frombuffer(found.stdout, np.float32).reshape(-1, channels).T


def words(seconds: float, rate: int = 8000, *, pause: float = 0.4, seed: int = 1) -> NDArray[np.int16]:
    """A voice-like signal: syllables of harmonics, and a pause with weak noise in each second.

    Returns:
        The samples of one channel.
    """
    time = np.arange(round(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 0.7 * time)) / rate
    voice = np.sum(
        [np.cos(n * pitch) * np.exp(-(((n * 130 - 700) / 900) ** 2)) for n in range(1, 20)], axis=0
    )
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1) * (time % 1 < 1 - pause)
    drawn = np.random.default_rng(seed).normal(0, 12, time.size)
    return np.asarray(4000 * voice * syllables + drawn).round().clip(-32768, 32767).astype(np.int16)


def amr_frames(samples: NDArray[np.int16], *, mode: int = 7, dtx: bool = False) -> bytes:
    """AMR-NB frames of samples at 8,000 Hz; an incomplete last frame is dropped."""
    count = samples.size // amr.SAMPLES
    out = np.empty(count * amr.MOST_OCTETS, np.uint8)
    written = amr.Encoder(mode, dtx=dtx).encode(samples[: count * amr.SAMPLES], out)
    return out[:written].tobytes()


#: Bits of speech, or of comfort noise, by the frame type of AMR-NB and AMR-WB (3GPP TS 26.101, table 1a, and
#: 26.201, table 1a).
_AMR_BITS = (
    {0: 95, 1: 103, 2: 118, 3: 134, 4: 148, 5: 159, 6: 204, 7: 244, 8: 39, 9: 43, 10: 38, 11: 37, 15: 0},
    {0: 132, 1: 177, 2: 253, 3: 285, 4: 317, 5: 365, 6: 397, 7: 461, 8: 477, 9: 40, 14: 0, 15: 0},
)


def amr_split(frames: bytes, *, wide: bool = False) -> list[bytes]:
    """The single frames of an AMR stream; KeyError for an invalid frame type."""
    found = []
    while frames:
        octets = 1 + -(-_AMR_BITS[wide][frames[0] >> 3 & 15] // 8)
        found.append(frames[:octets])
        frames = frames[octets:]
    return found


def amr_in_3gp(
    frames: bytes, *, several: int = 1, wide: bool = False, first: int = 0, pictures: Input | None = None
) -> Input:
    """AMR frames in a 3GP file with ``several`` frames per sample.

    Args:
        pictures: a clip whose video is added.
        first: the time of the first frame in samples; an edit list skips negative times.
    """
    # FFmpeg writes several frames per sample only for AMR-WB. AMR-NB files differ in one box type.
    step = 320
    model_data = b"#!AMR-WB\n" + b"\x04" + bytes(17)
    parts, file = amr_split(frames, wide=wide), io.BytesIO()
    options = {"movie_timescale": "16000"}
    with (
        av.open(io.BytesIO(model_data), format="amr") as model,
        av.open(file, "w", format="3gp", container_options=options) as out,
    ):
        shown: list[Any] = [] if pictures is None else _pictures(out, pictures)
        stream = out.add_stream_from_template(model.streams.audio[0])
        for packet in shown:
            out.mux(packet)
        for begin in range(0, len(parts), several):
            group = parts[begin : begin + several]
            packet = av.Packet(b"".join(group))
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 16000), True
            packet.pts = packet.dts = begin * step + first * (1 if wide else 2)
            packet.duration = len(group) * step
            out.mux(packet)
    data = file.getvalue()
    return Input("made.3gp", data if wide else data.replace(b"sawb", b"samr"))


def _pictures(out: Any, pictures: Input) -> list[Any]:
    """Add a stream for the video of a clip, and return the packets for it."""
    with av.open(io.BytesIO(pictures.data), "r") as source:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets: list[Any] = [packet for packet in source.demux(video=0) if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def retimed(data: bytes, scale: int) -> bytes:
    """An MP4 or 3GP file of FFmpeg whose audio time scale is changed to ``scale`` ticks per second."""
    made = bytearray(data)

    def inside(parent: Box, *path: bytes) -> list[Box]:
        found = [box for box in boxes(made, parent.body, parent.end, name="made") if box.kind == path[0]]
        return found if len(path) == 1 else [last for box in found for last in inside(box, *path[1:])]

    def scaled(at: int, factor: float) -> None:
        (number,) = struct.unpack_from(">i", made, at)
        struct.pack_into(">i", made, at, round(number * factor) if number > 0 else number)

    whole = Box(b"file", 0, 0, len(made))
    for track in inside(whole, b"moov", b"trak"):
        (handler,) = inside(track, b"mdia", b"hdlr")
        if made[handler.body + 8 : handler.body + 12] != b"soun":
            continue
        (header,) = inside(track, b"mdia", b"mdhd")
        factor = scale / struct.unpack_from(">i", made, header.body + 12)[0]
        scaled(header.body + 12, factor)
        scaled(header.body + 16, factor)
        # Table, entry size and offset of the time: durations, and media times of edits.
        for table, size, place in ((b"stts", 8, 4), (b"elst", 12, 4)):
            path = (b"mdia", b"minf", b"stbl", table) if table == b"stts" else (b"edts", table)
            (box,) = inside(track, *path)
            for number in range(struct.unpack_from(">i", made, box.body + 4)[0]):
                scaled(box.body + 8 + size * number + place, factor)
    return bytes(made)
