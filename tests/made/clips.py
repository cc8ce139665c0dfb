"""Generated clips, and checks of clips with FFmpeg's programs."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from transcode.media.samples.pcm import Pcm
from transcode.media.source.inputs import Input

#: Draws the frame at a time in seconds: rows x columns x RGB.
Draw = Callable[[float], NDArray[np.uint8]]


def moving(width: int = 96, height: int = 64, *, speed: float = 40.0) -> Draw:
    """A textured background with a bright square that moves right at ``speed`` pixels/s."""
    ground = np.random.default_rng(3).integers(60, 110, (height // 4, width // 4, 3), np.uint8)
    ground = ground.repeat(4, axis=0).repeat(4, axis=1)

    def draw(time: float) -> NDArray[np.uint8]:
        picture = np.zeros((height, width, 3), np.uint8)
        picture[: ground.shape[0], : ground.shape[1]] = ground
        left = int(time * speed) % (width - 16)
        picture[height // 4 : height // 4 + 16, left : left + 16] = (240, 200, 40)
        return picture

    return draw


def flashing(flashes: Sequence[float], width: int = 96, height: int = 64) -> Draw:
    """Black frames with white flashes of 0.1 seconds at the given times."""

    def draw(time: float) -> NDArray[np.uint8]:
        lit = any(flash <= time + 1e-6 < flash + 0.1 for flash in flashes)
        return np.full((height, width, 3), 255 if lit else 0, np.uint8)

    return draw


def beeping(beeps: Sequence[float], seconds: float, rate: int = 48_000) -> Pcm:
    """Silence with 1,000 Hz beeps of 0.1 seconds at the given times."""
    time = np.arange(round(seconds * rate)) / rate
    on = np.any([(beep <= time) & (time < beep + 0.1) for beep in beeps], axis=0)
    return Pcm((0.5 * np.sin(2000 * np.pi * time) * on)[None].astype(np.float32), rate)


def clip(
    draw: Draw | None = None,
    *,
    times: Sequence[float] | None = None,
    seconds: float = 1.0,
    rate: int = 25,
    sound: Pcm | None = None,
    form: str = "mp4",
    codec: str = "libx264",
    pixels: str = "yuv420p",
    offset: float = 0.0,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    name: str | None = None,
    setup: Callable[[Any], object] | None = None,
) -> Input:
    """A clip that FFmpeg's libraries write.

    Args:
        draw: draws the frames; default: moving().
        times: the time of each frame in seconds; default: ``rate`` frames/s.
        offset: added to all timestamps, in seconds.
        setup: called with the video stream before the first frame is encoded.
    """
    draw = draw or moving()
    shown = list(times) if times is not None else [n / rate for n in range(round(seconds * rate))]
    file = io.BytesIO()
    with av.open(file, "w", format=form, container_options=muxer or {}) as out:
        stream: Any = out.add_stream(codec, rate=rate)
        first = draw(shown[0])
        stream.height, stream.width, stream.pix_fmt = first.shape[0], first.shape[1], pixels
        stream.codec_context.time_base = Fraction(1, 12_000)
        stream.codec_context.thread_count = 1
        stream.options = options or ({"preset": "veryfast", "crf": "18"} if codec == "libx264" else {})
        if setup is not None:
            setup(stream)
        heard: Any = None if sound is None else out.add_stream("aac", rate=sound.rate)
        if heard is not None:
            heard.layout = "mono"
        for time in shown:
            frame = av.VideoFrame.from_ndarray(draw(time), "rgb24").reformat(format=pixels)
            frame.time_base, frame.pts = Fraction(1, 12_000), round((time + offset) * 12_000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            for begin in range(0, sound.length, 1024):
                piece = np.ascontiguousarray(sound.samples[:1, begin : begin + 1024])
                heard_frame = av.AudioFrame.from_ndarray(piece, "fltp", "mono")
                heard_frame.sample_rate, heard_frame.time_base = sound.rate, Fraction(1, sound.rate)
                heard_frame.pts = begin + round(offset * sound.rate)
                out.mux(heard.encode(heard_frame))
            out.mux(heard.encode(None))
    return Input(name or f"made.{form}", file.getvalue())


def pictures(data: bytes) -> list[tuple[float, NDArray[np.uint8]]]:
    """The time in seconds and the RGB samples of each frame of a clip."""
    with av.open(io.BytesIO(data), "r") as container:
        return [
            (float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            for frame in container.decode(container.streams.video[0])
        ]


def sound_of(data: bytes) -> Pcm:
    """The first channel of a clip's sound, from time zero."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        pieces: list[NDArray[np.float32]] = []
        for frame in container.decode(stream):
            assert frame.time is not None
            at, have = round(frame.time * frame.sample_rate), sum(piece.size for piece in pieces)
            if at > have:
                pieces.append(np.zeros(at - have, np.float32))
            pieces.append(frame.to_ndarray()[0][max(0, have - at) :])
        return Pcm(np.concatenate(pieces)[None], stream.codec_context.sample_rate)


def probed(data: bytes, folder: Path) -> dict[str, Any]:
    """The format and the streams of a file by kind, as ffprobe reports them without a warning."""
    path = folder / "probed"
    path.write_bytes(data)
    found = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not found.stderr, found.stderr
    said: dict[str, Any] = json.loads(found.stdout)
    return {"format": said["format"], **{stream["codec_type"]: stream for stream in said["streams"]}}


def plays(data: bytes, folder: Path) -> None:
    """Assert that ffmpeg plays a file to its end without a warning."""
    path = folder / "played"
    path.write_bytes(data)
    found = subprocess.run(
        ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-500:]
    assert not found.stderr, found.stderr[-500:]


def lengths(path: Path, *, decode: bool = True) -> dict[str, float]:
    """The ends of the first video and the first audio stream, in seconds after the earliest begin.

    Args:
        path: the file, which ffprobe reads.
        decode: whether to decode frames; False lists packets.
    """
    # FFmpeg 5 and FFmpeg 7 have different names for the duration of a frame.
    entries = "media_type,codec_type,stream_index,pts_time,pkt_duration_time,duration_time,flags"
    # ffprobe decodes where it is asked for a frame.
    frames = f":frame={entries}" if decode else ""
    found = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            f"packet={entries}{frames}",
            "-of",
            "json",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    first: dict[str, int] = {}
    times: dict[str, list[float]] = {}
    packets: dict[str, list[tuple[float, float]]] = {}
    said = json.loads(found.stdout)
    for part in said["packets_and_frames"] if decode else said["packets"]:
        is_packet = part.get("type", "packet") == "packet"
        if not is_packet and part["type"] != "frame":
            continue
        kind = part.get("media_type") or part["codec_type"]
        if first.setdefault(kind, part["stream_index"]) != part["stream_index"] or "pts_time" not in part:
            continue
        if "D" in part.get("flags", ""):
            continue
        time = float(part["pts_time"])
        if is_packet:
            step = float(part.get("duration_time") or part.get("pkt_duration_time") or 0)
            packets.setdefault(kind, []).append((time, step))
        if is_packet is not decode:
            times.setdefault(kind, []).append(time)
    begin = min(time for kind in times for time in times[kind])
    ends = {}
    for kind, shown in times.items():
        # Packets are in decoding order, so the duration of one packet may span a gap that is shown
        # elsewhere. The last packet in decoding order or in display order has the frame duration.
        last = packets.get(kind, [(0.0, 0.0)])
        ends[kind] = max(0.0, max(shown) + min(last[-1][1], max(last)[1]) - begin)
    return ends
