"""Fit clips of at most 40 seconds under a byte limit, beside scripts for two-pass ffmpeg.

Both scripts use x264's preset medium and lower the bit rate until the file fits. "360 lines" encodes 360
lines at no more than 30 frames/s. "bits a pixel" encodes 15 or 24 frames/s at the size that leaves 0.09 bits
per pixel. Every engine runs in its own processes, whose processor time is measured.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import corpus, size
from bench.engines import OURS, Engine, program
from bench.stored import ABSENT, Row, nested, of
from transcode.media.samples.score import ssimulacra2

TITLE = "Clips"

#: Each task runs in a fresh process, so no warm-up round is needed.
IN_PROCESSES = True

CLIPS = (
    "derived_h264_aac_70s_rot90.mp4",
    "drone_hevc_86s.mp4",
    "flir_vfr_1080x1440.mp4",
    "h264_aac_31s.mov",
    "phone_320x240_60fps_15s.mp4",
    "vp9_47s_320.mp4",
)
#: Video and sound of the generated clip: one minute of 1080p at 12 Mbit/s.
LOOPED, SOUND = "iphone_hlg_dovi_1080p_rot.mp4", "rain_60s.mp3"
MADE = "made here, 1080p30"

CAPS = (1_047_000, 612_900, 305_700)
SECONDS = 40.0
ROUNDS = 6
#: Number of frames that are scored, and their longer side in pixels.
FRAMES, SIDE = size.pick(16, 8, 1), 640

_OURS = """
import sys
import transcode
rendition = transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2])))
open(sys.argv[3], "wb").write(rendition.data)
"""


class OverTheCap(Exception):
    """A script did not meet the limit."""


@dataclass(frozen=True)
class Facts:
    """Width and height of a clip as shown, frames/s, duration in seconds, and whether it has sound."""

    width: int
    height: int
    rate: float
    seconds: float
    sound: bool


def run_quietly(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    return done.stdout


@lru_cache(maxsize=2)
def facts(path: Path) -> Facts:
    told = json.loads(
        run_quietly("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path)
    )
    streams = {stream["codec_type"]: stream for stream in reversed(told["streams"])}
    video = streams["video"]
    width, height = video["width"], video["height"]
    turns = [abs(int(data.get("rotation", 0))) for data in video.get("side_data_list", [])]
    if any(turn % 180 for turn in turns):
        width, height = height, width
    above, below = map(int, video["avg_frame_rate"].split("/"))
    rate = above / below if above and below else 30.0
    return Facts(width, height, min(rate, 60.0), float(told["format"]["duration"]), "audio" in streams)


def even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def two_passes(
    source: Path, cap: int, out: Path, size: tuple[int, int], rate: float, sound_rate: int
) -> None:
    """Encode in two passes at the bit rate that the limit leaves, and lower it until the file fits."""
    known = facts(source)
    for attempt in range(ROUNDS):
        bits = cap * 8 / min(known.seconds, SECONDS) - (sound_rate if known.sound else 0)
        bits = max(8000, int(bits * (0.97 - 0.04 * attempt)))
        with tempfile.TemporaryDirectory() as folder:
            shape = f"scale={size[0]}:{size[1]},fps={rate:g}"
            common = [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-i",
                source,
                "-t",
                SECONDS,
                "-map",
                "0:v:0",
                "-vf",
                shape,
            ]
            common += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-profile:v", "main", "-preset", "medium"]
            common += ["-b:v", bits, "-passlogfile", Path(folder, "pass")]
            run_quietly(*common, "-pass", 1, "-an", "-f", "null", "/dev/null")
            sound = ["-map", "0:a:0", "-c:a", "aac", "-b:a", sound_rate, "-ac", 1] if known.sound else []
            run_quietly(*common, "-pass", 2, *sound, "-movflags", "+faststart", out)
        if out.stat().st_size <= cap:
            return
    raise OverTheCap(f"{source.name}: over {cap:,} bytes after {ROUNDS} rounds")


def lines_360(source: Path, cap: int, out: Path) -> None:
    known = facts(source)
    scale = min(1.0, 360 / min(known.width, known.height))
    size = even(known.width * scale), even(known.height * scale)
    two_passes(source, cap, out, size, min(known.rate, 30.0), 48_000)


def bits_a_pixel(source: Path, cap: int, out: Path) -> None:
    known = facts(source)
    seconds = min(known.seconds, SECONDS)
    rate = min(known.rate, 15.0 if cap / seconds < 20_000 else 24.0)
    bits = cap * 8 / seconds - (24_000 if known.sound else 0)
    scale = min(1.0, math.sqrt(bits / (0.09 * rate * known.width * known.height)))
    two_passes(source, cap, out, (even(known.width * scale), even(known.height * scale)), rate, 24_000)


def ours(source: Path, cap: int, out: Path) -> None:
    run_quietly(sys.executable, "-c", _OURS, source, cap, out)


def decoded_only(source: Path, _cap: int, _out: Path) -> None:
    run_quietly("ffmpeg", "-v", "error", "-t", SECONDS, "-i", source, "-map", "0:v:0", "-f", "null", "-")


_FFMPEG = ("ffmpeg", "ffprobe")
PIXELS = "bits a pixel"
ENGINES = {
    OURS: Engine(ours),
    "360 lines": Engine(lines_360, programs=_FFMPEG),
    PIXELS: Engine(bits_a_pixel, programs=_FFMPEG),
}
FLOOR = Engine(decoded_only, programs=_FFMPEG)


def pictures(path: Path, at: float, count: int, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """The first ``count`` frames from a time in seconds, as RGB arrays of a size."""
    width, height = size
    command = ["ffmpeg", "-v", "error", "-ss", f"{max(0.0, at):.4f}", "-i", path, "-frames:v", count]
    command += ["-fps_mode", "passthrough", "-vf", f"scale={width}:{height}:flags=lanczos,format=rgb24"]
    done = subprocess.run([*map(str, command), "-f", "rawvideo", "-"], capture_output=True, check=True)
    frames = np.frombuffer(done.stdout, np.uint8)
    return list(
        frames[: len(frames) // (width * height * 3) * width * height * 3].reshape(-1, height, width, 3)
    )


def quality(source: Path, made: Path) -> tuple[float, float]:
    """The mean SSIMULACRA2 against the nearest source frames, and SSIM at 30 frames/s, which counts drops."""
    known = facts(source)
    scale = min(1.0, SIDE / max(known.width, known.height))
    size = even(known.width * scale), even(known.height * scale)
    told = run_quietly(
        *("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time"),
        *("-of", "csv=p=0", made),
    )
    times = sorted(float(line.split(",")[0]) for line in told.split() if line[0] != "N")
    scores = []
    for number in range(FRAMES):
        at = times[int((number + 0.5) * len(times) / FRAMES)]
        shown = pictures(made, at - 0.001, 1, size)
        # After a drop of frames the nearest source frame may be the previous or the next one.
        near = pictures(source, at - 1.6 / known.rate, 4, size)
        if shown and near:
            scores.append(max(ssimulacra2(frame, shown[0]) for frame in near))
    grid = f"fps=30,scale={size[0]}:{size[1]}:flags=bicubic,format=yuv420p,setpts=PTS-STARTPTS"
    command = ["ffmpeg", "-hide_banner", "-t", SECONDS, "-i", made, "-t", SECONDS, "-i", source]
    command += ["-lavfi", f"[0:v]{grid}[a];[1:v]{grid}[b];[a][b]ssim", "-f", "null", "-"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    ssim = float(done.stderr.rpartition("All:")[2].split()[0])
    return statistics.mean(scores), ssim


def minute(folder: Path) -> Path:
    """One minute of 1080p at 30 frames/s and 12 Mbit/s, looped from a phone's clip."""
    videos = corpus.folder().parent / "video"
    out = folder / "minute.mp4"
    plain = "fps=30,format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    command = ["ffmpeg", "-v", "error", "-noautorotate", "-stream_loop", -1, "-i", videos / LOOPED]
    command += [
        "-i",
        videos.parent / "audio" / SOUND,
        "-map",
        "0:v:0",
        "-map",
        "1:a:0",
        "-t",
        60,
        "-vf",
        plain,
    ]
    command += ["-c:v", "libx264", "-preset", "fast", "-b:v", "12M", "-c:a", "aac", "-map_metadata", -1]
    run_quietly(*command, "-metadata:s:v:0", "rotate=0", out)
    return out


def sources() -> list[str]:
    """The names of the clips: all in a full run, else one short clip."""
    there = corpus.there(CLIPS, "video")
    if not there:
        return ["made here.mp4"]
    is_made = size.SIZE == "full" and program("ffmpeg") and corpus.there([LOOPED], "video")
    return [*([MADE] if is_made else []), *there] if size.SIZE == "full" else [there[-2]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The paths of the clips by name."""
    folder = tmp_path_factory.mktemp("clips")
    found = {}
    for name in sources():
        if name == MADE:
            found[name] = minute(folder)
        elif name in CLIPS:
            found[name] = corpus.folder("video") / name
        else:
            found[name] = folder / name
            found[name].write_bytes(corpus.read(name, "video"))
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("limit", [f"{cap:,} B" for cap in size.pick(CAPS, CAPS[1:2], (30_000,))])
@pytest.mark.parametrize("clip", sources())
def test_clip(
    measure: Any, clips: dict[str, Path], tmp_path: Path, clip: str, limit: str, engine: str
) -> None:
    cap = int(limit.removesuffix(" B").replace(",", ""))
    out = tmp_path / "out.mp4"

    def work() -> bool:
        try:
            ENGINES[engine].work(clips[clip], cap, out)
        except OverTheCap:
            return False
        return True

    if measure(work):
        made = out.stat().st_size
        measure.tell(bytes=made, share=made / cap)
        if not FLOOR.missing():
            points, ssim = quality(clips[clip], out)
            measure.tell(points=points, ssim=ssim)


@pytest.mark.parametrize("clip", sources())
def test_decode(measure: Any, clips: dict[str, Path], tmp_path: Path, clip: str) -> None:
    """The floor of all times: ffmpeg's decoding of the same seconds."""
    if FLOOR.missing():
        pytest.skip(FLOOR.missing())
    measure(lambda: decoded_only(clips[clip], 0, tmp_path))


def lines(rows: Sequence[Row]) -> list[str]:
    text = [
        "Processor time in seconds / share of the cap / mean SSIMULACRA2 of 16 frames / SSIM at 30 frames/s,",
        "both at 640 pixels.",
        "",
        "| clip | cap | " + " | ".join(ENGINES) + " | decode only |",
        "|---" * (len(ENGINES) + 3) + "|",
    ]
    floors = {row.given["clip"]: f"{(row.ms or 0) / 1e3:.1f}" for row in of(rows, "decode")}
    used, times = [], []
    for clip, limits in nested(of(rows, "clip"), "clip", "limit", "engine").items():
        for limit, engines in limits.items():
            cells = [_cell(engines.get(engine)) for engine in ENGINES]
            floor = floors.get(clip, ABSENT)
            text.append(f"| {clip} | {limit.removesuffix(' B')} | {' | '.join(cells)} | {floor} |")
            if "share" in engines.get(OURS, ()):
                used.append(engines[OURS]["share"])
            if all("share" in engines.get(engine, ()) for engine in (OURS, PIXELS)):
                times.append(engines[OURS]["ms"] / engines[PIXELS]["ms"])
    told = f"Median share of the cap: {statistics.median(used):.1%}"
    if times:
        told += (
            "; median processor time as a share of that of the script with bits per pixel:"
            f" {statistics.median(times):.0%}"
        )
    return [*text, "", f"{told}."]


def _cell(made: dict[str, Any] | None) -> str:
    if made is None:
        return ABSENT
    if "share" not in made:
        return f"over the cap after {ROUNDS} rounds"
    seconds, share = f"{made['ms'] / 1e3:.1f}", f"{made['share']:.1%}"
    judged = f"{made['points']:.1f} / {made['ssim']:.4f}" if "points" in made else f"{ABSENT} / {ABSENT}"
    return f"{seconds} / {share} / {judged}"
