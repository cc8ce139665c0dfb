"""What clips cost: memory of large ones, time of long ones, and what decoding leaves out."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from bench import corpus
from transcode.fit.video_plan import shape_of
from transcode.media import clip as clips
from transcode.media import video
from transcode.media.frames import Frames, planes
from transcode.media.score import ssimulacra2
from transcode.media.source import read
from transcode.model import Limits

TITLE = "What clips cost"

CAP = 1_047_000
#: What is promised of 4K, in MB.
MOST_MB = 600

#: Two seconds as ffmpeg draws them, which are repeated without coding them anew: pixels, encoder and bits.
DRAWN = {
    "4K H.264": ("3840x2160", "libx264", "yuv420p", "40M", 40),
    "4K HEVC, 10 bits": ("3840x2160", "libx265", "yuv420p10le", "30M", 40),
    "1080p H.264, 40 s": ("1920x1080", "libx264", "yuv420p", "12M", 40),
    "1080p H.264, 10 minutes": ("1920x1080", "libx264", "yuv420p", "12M", 600),
}
#: Of those, what is asked for: a name, the clip, and options of transcode.fit.
WORK: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("4K H.264, 40 s", "4K H.264", {}),
    ("4K HEVC with 10 bits, 40 s", "4K HEVC, 10 bits", {}),
    ("1080p H.264, 40 s", "1080p H.264, 40 s", {}),
    ("1080p H.264, the first 40 s of 10 minutes", "1080p H.264, 10 minutes", {}),
    ("1080p H.264, 40 s from 550 s on", "1080p H.264, 10 minutes", {"start": 550.0}),
)

_CODE = """
import json, sys, time
import transcode
# What a fit imports when it is first called.
import transcode.fit.video

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

start = time.process_time()
transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2])), **json.loads(sys.argv[3]))
print(json.dumps([time.process_time() - start, peak() * 1024 / 1e6]))
"""

#: Clips that are reduced far, and the caps: with the smaller one half of the frames of most are left out.
REDUCED = (
    "flir_vfr_1080x1440.mp4",
    "iphone_hlg_dovi_1080p_rot.mp4",
    "phone_720p_rot90_3gp5.mp4",
    "pixel_4k60_portrait.mp4",
    "long_363s_1080p.mp4",
)
SECONDS = 10.0
#: Bits a second for the pictures: those that a megabyte and 100,000 bytes leave for forty seconds.
RATES = (180_000, 16_000)
FRAMES = 16


def drawn(folder: Path, name: str) -> Path:
    size, encoder, pixels, bits, seconds = DRAWN[name]
    short, out = folder / f"short-{size}-{encoder}.mp4", folder / f"{name}.mp4"
    quiet = ("ffmpeg", "-v", "error", "-y")
    if not short.is_file():
        source = f"testsrc2=size={size}:rate=30,noise=alls=8"
        command = [*quiet, "-f", "lavfi", "-i", source, "-t", "2", "-c:v", encoder, "-preset", "ultrafast"]
        command += ["-pix_fmt", pixels, "-b:v", bits]
        if encoder == "libx265":
            command += ["-x265-params", "log-level=error", "-tag:v", "hvc1"]
        subprocess.run([*command, short], check=True)
    repeat = ["-stream_loop", "-1", "-i", short, "-c", "copy", "-t", str(seconds)]
    subprocess.run([*quiet, *repeat, out], check=True)
    return out


def costs() -> dict[str, dict[str, float]]:
    """Seconds of processor time and megabytes at most, each in a fresh process."""
    found = {}
    for words, name, options in WORK:
        with tempfile.TemporaryDirectory() as folder:
            path = drawn(Path(folder), name)
            command = [sys.executable, "-c", _CODE, str(path), str(CAP), json.dumps(options)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, megabytes = json.loads(done.stdout)
            found[words] = {"seconds": seconds, "mb": megabytes, "file": path.stat().st_size / 1e6}
    return found


def decoded(path: Path, bit_rate: int, *, whole: bool) -> tuple[float, Frames]:
    """Seconds of processor time that decoding takes, and the reduced pictures."""
    content = read(path)
    clip = clips.probe(content)
    found = clips.scan(content, clip, 0.0, SECONDS)
    seen = video.look(content, clip, 0.0)
    rate = 1 / found.period
    shape = shape_of(seen.geometry.shown, rate, bit_rate, Limits(CAP))
    with ExitStack() as stack:
        if whole:
            stack.enter_context(patch.object(video, "_LEAVE_OUT_SOME", math.inf))
            stack.enter_context(patch.object(video, "_LEAVE_OUT_ALL", math.inf))
            stack.enter_context(patch.object(video, "_needed", lambda *_: None))
        before = time.process_time()
        made = video.decode(
            content,
            clip,
            found,
            seen,
            (shape.width, shape.height),
            start=0.0,
            seconds=SECONDS,
            rate=shape.frame_rate if shape.frame_rate < rate * 0.99 else None,
        )
        return time.process_time() - before, made.frames


def score(one: Frames, other: Frames) -> float:
    """Mean SSIMULACRA2 of some pictures of both, their chroma as grey beside their luma."""
    scores = []
    for place in np.linspace(0, min(len(one), len(other)) - 1, FRAMES).astype(int):
        grey = [planes(each[place], each.width, each.height)[0] for each in (one, other)]
        scores.append(ssimulacra2(*(np.repeat(luma[:, :, None], 3, 2) for luma in grey)))
    return statistics.mean(scores)


def left_out() -> dict[str, dict[str, float]]:
    found = {}
    for name in REDUCED:
        path = corpus.folder().parent / "video" / name
        for bit_rate in RATES:
            all_of_it, whole = decoded(path, bit_rate, whole=True)
            less, reduced = decoded(path, bit_rate, whole=False)
            with whole, reduced:
                found[f"{name}, {bit_rate // 1000} kbit/s"] = {
                    "width": reduced.width,
                    "height": reduced.height,
                    "whole": all_of_it,
                    "less": less,
                    "score": score(whole, reduced),
                }
    return found


def run() -> dict[str, Any]:
    return {"costs": costs(), "left out": left_out()}


def lines(stored: dict[str, Any]) -> list[str]:
    text = [
        f"One clip into {CAP:,} bytes in a fresh process: seconds of processor time, and its peak of",
        f"resident memory in MB, Python and libraries included. What is promised of 4K are {MOST_MB} MB.",
        "The clips are drawn by ffmpeg; a long one is read as it is worked on.",
        "",
        "| | file, MB | seconds | memory, MB |",
        "|---|---|---|---|",
    ]
    text += [
        f"| {words} | {row['file']:.0f} | {row['seconds']:.1f} | {row['mb']:.0f} |"
        for words, row in stored["costs"].items()
    ]
    text += [
        "",
        "What decoding leaves out where the reduction hides it: deblocking, and frames that are dropped",
        f"and that no other needs. Of {SECONDS:.0f} seconds of clips, processor seconds with all of it and",
        "without, and how close luma of the reduced pictures is, by mean SSIMULACRA2.",
        "",
        "| | reduced to | with | without | saved | SSIMULACRA2 |",
        "|---|---|---|---|---|---|",
    ]
    for words, row in stored["left out"].items():
        saved = 1 - row["less"] / row["whole"]
        size = f"{row['width']} x {row['height']}"
        times = f"{row['whole']:.2f} | {row['less']:.2f} | {saved:.0%}"
        text.append(f"| {words} | {size} | {times} | {row['score']:.1f} |")
    return text
