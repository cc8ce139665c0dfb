"""Clips of at most forty seconds under a cap, beside scripts that run ffmpeg in two passes.

Both scripts, as people write them, use x264's preset medium and try again with fewer bits until the
file fits: "360 lines" always at that height and at most 30 frames a second; "bits a pixel" at 15 or 24
frames a second and at the size that leaves 0.09 bits for a pixel. Every engine runs in processes of its
own, whose processor time counts.
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import corpus
from transcode.media.score import ssimulacra2

TITLE = "Clips"

CLIPS = (
    "derived_h264_aac_70s_rot90.mp4",
    "drone_hevc_86s.mp4",
    "flir_vfr_1080x1440.mp4",
    "h264_aac_31s.mov",
    "phone_320x240_60fps_15s.mp4",
    "vp9_47s_320.mp4",
)
#: The picture and the sound of the clip that is made here: a minute of 1080p at 12 Mbit/s.
LOOPED, SOUND = "iphone_hlg_dovi_1080p_rot.mp4", "rain_60s.mp3"
MADE = "made here, 1080p30"

CAPS = (1_047_000, 612_900, 305_700)
SECONDS = 40.0
ROUNDS = 6
#: Frames that are scored, and the longer side at which they are, in pixels.
FRAMES, SIDE = 16, 640

_OURS = """
import sys
import transcode
rendition = transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2])))
open(sys.argv[3], "wb").write(rendition.data)
"""


class OverTheCap(Exception):
    """A script that gives up."""


@dataclass(frozen=True)
class Facts:
    """Of a clip: pixels as shown, frames a second, seconds, whether it has sound."""

    width: int
    height: int
    rate: float
    seconds: float
    sound: bool


def run_quietly(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    return done.stdout


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
    """The script's work: the bits that are left, in two passes, again with fewer until it fits."""
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


ENGINES: dict[str, Callable[[Path, int, Path], None]] = {
    "transcode": ours,
    "360 lines": lines_360,
    "bits a pixel": bits_a_pixel,
}


def children() -> float:
    """Seconds of processor time of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spent(work: Callable[[Path, int, Path], None], source: Path, cap: int, out: Path) -> float:
    before = children()
    work(source, cap, out)
    return children() - before


def pictures(path: Path, at: float, count: int, size: tuple[int, int]) -> list[np.ndarray]:
    """So many frames from a time on, as RGB of this size."""
    width, height = size
    command = ["ffmpeg", "-v", "error", "-ss", f"{max(0.0, at):.4f}", "-i", path, "-frames:v", count]
    command += ["-fps_mode", "passthrough", "-vf", f"scale={width}:{height}:flags=lanczos,format=rgb24"]
    done = subprocess.run([*map(str, command), "-f", "rawvideo", "-"], capture_output=True, check=True)
    frames = np.frombuffer(done.stdout, np.uint8)
    return list(
        frames[: len(frames) // (width * height * 3) * width * height * 3].reshape(-1, height, width, 3)
    )


def quality(source: Path, made: Path) -> tuple[float, float]:
    """Mean SSIMULACRA2 against the source's nearest frames; SSIM at 30 frames a second, dropped ones seen."""
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
        # Where frames were left out, the one shown may stand for the source's one before or behind.
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
    """A minute of 1080p at 30 frames and 12 Mbit a second, looped from a phone's clip."""
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


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    videos = corpus.folder().parent / "video"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = {MADE: minute(folder), **{clip: videos / clip for clip in CLIPS}}
        for clip, source in sources.items():
            decode = spent(decoded_only, source, 0, folder)
            found[clip] = {"decode": decode, "caps": {}}
            for cap in CAPS:
                rows: dict[str, dict[str, float] | None] = {}
                for engine, work in ENGINES.items():
                    out = folder / "out.mp4"
                    try:
                        seconds = spent(work, source, cap, out)
                    except OverTheCap:
                        rows[engine] = None
                        continue
                    score, ssim = quality(source, out)
                    size = out.stat().st_size
                    rows[engine] = {"seconds": seconds, "bytes": size, "ssimulacra2": score, "ssim": ssim}
                    print(clip, cap, engine, rows[engine], flush=True)
                found[clip]["caps"][str(cap)] = rows
    return found


def cell(made: dict[str, float] | None, cap: int) -> str:
    if made is None:
        return f"over the cap after {ROUNDS} rounds"
    return (
        f"{made['seconds']:.1f} / {made['bytes'] / cap:.1%} / {made['ssimulacra2']:.1f} / {made['ssim']:.4f}"
    )


def lines(stored: dict[str, Any]) -> list[str]:
    text = [
        "Processor seconds / share of the cap / mean SSIMULACRA2 of sixteen frames / SSIM at 30 frames a",
        "second, both at 640 pixels.",
        "",
        "| clip | cap | " + " | ".join(ENGINES) + " | decode only |",
        "|---" * (len(ENGINES) + 3) + "|",
    ]
    used, times = [], []
    for clip, row in stored.items():
        for cap, engines in row["caps"].items():
            cells = [cell(made, int(cap)) for made in engines.values()]
            text.append(f"| {clip} | {int(cap):,} | " + " | ".join(cells) + f" | {row['decode']:.1f} |")
            used.append(engines["transcode"]["bytes"] / int(cap))
            if engines["bits a pixel"] is not None:
                times.append(engines["transcode"]["seconds"] / engines["bits a pixel"]["seconds"])
    text += [
        "",
        f"Median share of the cap: {statistics.median(used):.1%}; median processor time against the script"
        f" that counts bits a pixel: {statistics.median(times):.0%}.",
    ]
    return text
