"""Cost of clips: memory of 4K, time of long clips, and the effect of skipping decoding work."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from bench import corpus, made, size
from bench.engines import OURS, program
from bench.stored import Row, nested, of
from transcode.fit.clips.video_plan import shape_of
from transcode.media.clips import clip as clips
from transcode.media.clips import video_decode
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_look import look
from transcode.media.samples.score import ssimulacra2
from transcode.media.source.inputs import Input, read
from transcode.model import Limits

TITLE = "What clips cost"

#: Each task runs in a fresh process, so no warm-up round is needed.
IN_PROCESSES = True

CAP = 1_047_000
#: The promised limit of memory for 4K, in MB.
MOST_MB = 600

#: Clips that ffmpeg generates and repeats without re-encoding: frame size, encoder, pixel format, bit rate,
#: and duration in seconds.
DRAWN = {
    "4K H.264": ("3840x2160", "libx264", "yuv420p", "40M", 40),
    "4K HEVC, 10 bits": ("3840x2160", "libx265", "yuv420p10le", "30M", 40),
    "1080p H.264, 40 s": ("1920x1080", "libx264", "yuv420p", "12M", 40),
    "1080p H.264, 10 minutes": ("1920x1080", "libx264", "yuv420p", "12M", 600),
}
#: Tasks by name: the clip, and the options of transcode.fit.
WORK: dict[str, tuple[str, dict[str, object]]] = {
    "4K H.264, 40 s": ("4K H.264", {}),
    "4K HEVC with 10 bits, 40 s": ("4K HEVC, 10 bits", {}),
    "1080p H.264, 40 s": ("1080p H.264, 40 s", {}),
    "1080p H.264, the first 40 s of 10 minutes": ("1080p H.264, 10 minutes", {}),
    "1080p H.264, 40 s from 550 s on": ("1080p H.264, 10 minutes", {"start": 550.0}),
}
#: The tasks of a quick run, and of a run without ffmpeg.
LITTLE: dict[str, tuple[str, dict[str, object]]] = {"made here, whole": ("made here.mp4", {})}

_CODE = """
import json, sys, time
import transcode
# The modules that a first fit imports.
import transcode.fit.clips.video

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

start = time.process_time()
transcode.fit(sys.argv[1], transcode.Limits(int(sys.argv[2])), **json.loads(sys.argv[3]))
print(json.dumps([time.process_time() - start, peak() * 1024 / 1e6]))
"""

#: Clips that are reduced by a large factor.
REDUCED = (
    "flir_vfr_1080x1440.mp4",
    "iphone_hlg_dovi_1080p_rot.mp4",
    "phone_720p_rot90_3gp5.mp4",
    "pixel_4k60_portrait.mp4",
    "long_363s_1080p.mp4",
)
SECONDS = 10.0
#: Bit rates of the video in bit/s, as limits of 1,000,000 and 100,000 bytes leave them for 40 seconds. At the
#: lower bit rate half of the frames of most clips are dropped.
RATES = (180_000, 16_000)
FRAMES = 16


@cache
def drawn(folder: Path, name: str) -> Path:
    """The path of a clip in the folder; the file is generated if it is missing."""
    out = folder / f"{name}.mp4"
    if name in made.MEDIA:
        out.write_bytes(made.media(name))
        return out
    pixels, encoder, form, bits, seconds = DRAWN[name]
    short = folder / f"short-{pixels}-{encoder}.mp4"
    quiet: tuple[str | Path, ...] = ("ffmpeg", "-v", "error", "-y")
    if not short.is_file():
        source = f"testsrc2=size={pixels}:rate=30,noise=alls=8"
        command = [*quiet, "-f", "lavfi", "-i", source, "-t", "2", "-c:v", encoder, "-preset", "ultrafast"]
        command += ["-pix_fmt", form, "-b:v", bits]
        if encoder == "libx265":
            command += ["-x265-params", "log-level=error", "-tag:v", "hvc1"]
        subprocess.run([*command, short], check=True)
    repeat: list[str | Path] = ["-stream_loop", "-1", "-i", short, "-c", "copy", "-t", str(seconds)]
    subprocess.run([*quiet, *repeat, out], check=True)
    return out


def works() -> dict[str, tuple[str, dict[str, object]]]:
    """The tasks of this run."""
    return WORK if size.SIZE == "full" and program("ffmpeg") else LITTLE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn")


@pytest.mark.parametrize("work", works())
def test_cost(measure: Any, folder: Path, work: str) -> None:
    """Processor time in seconds and peak memory in MB of a fresh process."""
    name, options = works()[work]
    path = drawn(folder, name)
    command = [sys.executable, "-c", _CODE, str(path), str(CAP), json.dumps(options)]
    done = measure(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
    seconds, megabytes = json.loads(done.stdout)
    measure.tell(seconds=seconds, mb=megabytes, file=path.stat().st_size / 1e6)


def decoding(content: Input, bit_rate: int, *, whole: bool) -> Callable[[], Frames]:
    """A function that decodes the frames at the reduction that a bit rate in bit/s needs."""
    clip = clips.probe(content)
    found = clips.scan(content, clip, 0.0, SECONDS)
    seen = look(content, clip, 0.0)
    rate = 1 / found.period
    shape = shape_of(seen.geometry.shown, rate, bit_rate, Limits(CAP))

    def decode() -> Frames:
        with ExitStack() as stack:
            if whole:
                stack.enter_context(patch.object(video_decode, "_LEAVE_OUT", math.inf))
                stack.enter_context(patch.object(video_decode, "_needed", lambda *_: None))
            return video_decode.decode(
                content,
                clip,
                found,
                seen,
                (shape.width, shape.height),
                start=0.0,
                seconds=SECONDS,
                rate=shape.frame_rate if shape.frame_rate < rate * 0.99 else None,
            ).frames

    return decode


def score(one: Frames, other: Frames) -> float:
    """The mean SSIMULACRA2 between the luma planes of FRAMES frames, as grey pictures."""
    scores = []
    for place in np.linspace(0, min(len(one), len(other)) - 1, FRAMES).astype(int):
        grey = [each[place][: each.height] for each in (one, other)]
        scores.append(ssimulacra2(*(np.repeat(luma[:, :, None], 3, 2) for luma in grey)))
    return statistics.mean(scores)


WHOLE = "transcode, all of it decoded"


@pytest.mark.parametrize("engine", [WHOLE, OURS])
@pytest.mark.parametrize("rate", [f"{rate // 1000} kbit/s" for rate in size.some(RATES, 2)])
@pytest.mark.parametrize("clip", size.some(corpus.there(REDUCED, "video") or ["made here.mp4"], 1))
def test_left_out(measure: Any, clip: str, rate: str, engine: str) -> None:
    is_made = clip in made.MEDIA
    content = Input(clip, made.media(clip)) if is_made else read(corpus.folder("video") / clip)
    bit_rate = int(rate.split()[0]) * 1000
    with ExitStack() as stack:
        decode = decoding(content, bit_rate, whole=engine == WHOLE)
        frames = measure(lambda: stack.enter_context(decode()))
        measure.tell(width=frames.width, height=frames.height)
        if engine == OURS:
            whole = stack.enter_context(decoding(content, bit_rate, whole=True)())
            measure.tell(points=score(whole, frames))


def lines(rows: Sequence[Row]) -> list[str]:
    text = [
        f"One clip into {CAP:,} bytes in a fresh process: processor time in seconds, and peak resident",
        f"memory in MB, with Python and its libraries. The promised limit for 4K is {MOST_MB} MB.",
        "ffmpeg generates the clips. Long clips are read during the work.",
        "",
        "| | file, MB | seconds | memory, MB |",
        "|---|---|---|---|",
    ]
    text += [
        f"| {row.given['work']} | {row.told['file']:.0f} | {row.told['seconds']:.1f} | {row.told['mb']:.0f} |"
        for row in of(rows, "cost")
    ]
    text += [
        "",
        "The decoder skips work that the reduction hides: the deblocking of frames that no other frame",
        "refers to, and such frames themselves where they are dropped. Processor time in seconds for"
        f" {SECONDS:.0f} seconds of a clip with and without it,",
        "and the similarity of the reduced luma planes, by mean SSIMULACRA2.",
        "",
        "| | reduced to | with | without | saved | SSIMULACRA2 |",
        "|---|---|---|---|---|---|",
    ]
    for clip, rates in nested(of(rows, "left_out"), "clip", "rate", "engine").items():
        for rate, row in rates.items():
            if len(row) < 2:
                continue
            whole, less = row[WHOLE]["ms"] / 1e3, row[OURS]["ms"] / 1e3
            size = f"{row[OURS]['width']} x {row[OURS]['height']}"
            times = f"{whole:.2f} | {less:.2f} | {1 - less / whole:.0%}"
            text.append(f"| {clip}, {rate} | {size} | {times} | {row[OURS]['points']:.1f} |")
    return text
