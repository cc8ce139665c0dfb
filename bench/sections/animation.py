"""Animations under a cap against gifsicle: what is seen at each moment, against what should be."""

from __future__ import annotations

import io
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import transcode
from bench import corpus
from bench.timing import timed
from transcode.media.score import ssimulacra2

TITLE = "Animations under a cap"

#: Animations of the corpus: photographs in motion, drawings, with and without clear parts.
NAMES = (
    "crochet_42f.gif",
    "newtonscradle_36f.gif",
    "rotating_squares_30f.gif",
    "anim_lossy_101f.webp",
    "anim_alpha_12f.webp",
    "spinfox.apng.png",
    "pythagoras_201f.gif",
)
CAPS = (300_000, 100_000, 40_000)

OURS, CLIP, EITHER, SCRIPT, GRID = (
    "transcode",
    "transcode, as a clip",
    "transcode, GIF or clip",
    "gifsicle, first that fits",
    "gifsicle, best of a grid",
)

#: Scales, and strengths of gifsicle's lossy coding, that its scripts go through.
SCALES = (1.0, 0.84, 0.71, 0.5, 0.35, 0.25)
LOSSY = (0, 40, 80, 200)
COLOURS = (256, 64)

#: Moments of an animation that are looked at.
MOMENTS = 16

_GIFSICLE = shutil.which("gifsicle")

Pixels = NDArray[np.uint8]


def run() -> dict[str, Any]:
    found: dict[str, Any] = {"caps": {}}
    for cap in CAPS:
        rows = found["caps"][f"{cap:,} B"] = {}
        for name in NAMES:
            path = corpus.folder() / name
            if not path.is_file() or (name.endswith(".gif") and path.stat().st_size <= cap):
                continue
            data = path.read_bytes()
            original = moments(data)
            rows[name] = _ours(data, cap, original)
            if _GIFSICLE:
                rows[name].update(_rivals(data, cap, original))
    return found


def _ours(data: bytes, cap: int, original: list[Pixels]) -> dict[str, Any]:
    """The GIF, the clip that a receiver of clips and stills gets, and what one of both gets."""
    found = {}
    for name, formats in (
        (OURS, ("image/gif", "image/jpeg")),
        (CLIP, ("image/jpeg", "video/mp4")),
        (EITHER, ("image/gif", "image/jpeg", "video/mp4")),
    ):
        limits = transcode.Limits(cap, formats=formats)
        ms, made = timed(partial(transcode.fit, data, limits))
        if made.content_type in ("image/gif", "video/mp4"):
            is_cut = any(note.code == "trimmed" for note in made.report.notes)
            wanted = moments(data, made.duration) if is_cut else original
            points = _points(wanted, made.data)
            found[name] = {"ms": ms, "bytes": len(made.data), "points": points, "kind": made.content_type}
    return found


def _rivals(data: bytes, cap: int, original: list[Pixels]) -> dict[str, Any]:
    """The first of gifsicle's files that fits, from the largest scale down, and the best of all that fit."""
    plain = data if data[:3] == b"GIF" else _gif(data)
    first: dict[str, Any] = {}
    best: dict[str, Any] = {}
    spent = 0.0

    def fits(scale: float) -> Iterator[bytes]:
        for colours in COLOURS:
            for lossy in LOSSY:
                made = _gifsicle(plain, scale, lossy, colours)
                if len(made) <= cap:
                    yield made
                    break

    for scale in SCALES:
        ms, made = timed(lambda: list(fits(scale)), 1)  # noqa: B023
        spent += ms
        for one in made:
            points = _points(original, one)
            first = first or {"ms": spent, "bytes": len(one), "points": points}
            if not best or points > best["points"]:
                best = {"bytes": len(one), "points": points}
    best["ms"] = spent
    return {SCRIPT: first, GRID: best} if first else {}


def _gif(data: bytes) -> bytes:
    """Another animation as a GIF over white, by Pillow: palettes of 256 colours a frame."""
    frames, times = [], []
    for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data))):
        frames.append(Image.fromarray(_over_white(frame)))
        times.append(frame.info["duration"])
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return file.getvalue()


def _over_white(frame: Image.Image) -> Pixels:
    rgba = frame.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"))


def _gifsicle(data: bytes, scale: float, lossy: int, colours: int) -> bytes:
    words = [str(_GIFSICLE), "-O3", "--no-warnings", f"--colors={colours}"]
    words += [f"--lossy={lossy}"] if lossy else []
    words += [f"--scale={scale}", "--resize-method=mix"] if scale < 1 else []
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def moments(data: bytes, seconds: float | None = None) -> list[Pixels]:
    """What is seen at evenly spaced moments of an animation, or of so many seconds of it, over white."""
    image = Image.open(io.BytesIO(data))
    shown, ends, clock = [], [], 0.0
    for frame in ImageSequence.Iterator(image):
        shown.append(_over_white(frame))
        clock += float(frame.info.get("duration") or 100)
        ends.append(clock)
    whole = clock if seconds is None else 1000 * seconds
    times = [(number + 0.5) / MOMENTS * whole for number in range(MOMENTS)]
    return [shown[next(index for index, end in enumerate(ends) if time < end)] for time in times]


def _seen(made: bytes) -> list[Pixels]:
    """What is seen at the moments of a rendition, a GIF or a clip."""
    if made[:3] == b"GIF":
        return moments(made)
    with av.open(io.BytesIO(made)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [shown[int((number + 0.5) / MOMENTS * len(shown))] for number in range(MOMENTS)]


def _points(original: list[Pixels], made: bytes) -> float:
    """Mean SSIMULACRA2 of the moments."""
    height, width = original[0].shape[:2]
    found = []
    for wanted, pixels in zip(original, _seen(made), strict=True):
        image = Image.fromarray(pixels)
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        found.append(ssimulacra2(wanted, np.asarray(image)))
    return statistics.mean(found)


def lines(stored: dict[str, Any]) -> list[str]:
    text = [
        f"SSIMULACRA2 at {MOMENTS} evenly spaced moments, enlarged to the source's size, over white:",
        "mean points / bytes / milliseconds of processor time. gifsicle (-O3) is given scales from 1",
        "to 0.25, 256 and 64 colours, and its lossy coding at 0 to 200, for each the gentlest that",
        "fits: the file of the largest scale, and, as no script can know, the one of all that the",
        "judge likes best. As a clip: MP4 without sound, where a receiver takes no GIF; of pythagoras,",
        "which runs for 50 seconds, the first 40, and judged by those. GIF or clip: where both are taken.",
    ]
    for words, rows in stored["caps"].items():
        text += ["", f"| {words} | {OURS} | {CLIP} | {EITHER} | {SCRIPT} | {GRID} |", "|---" * 6 + "|"]
        text += [
            f"| {name} | "
            + " | ".join(_cell(row, engine) for engine in (OURS, CLIP, EITHER, SCRIPT, GRID))
            + " |"
            for name, row in rows.items()
        ]
        ahead = [row[OURS]["points"] - row[GRID]["points"] for row in rows.values() if row.get(GRID)]
        if ahead:
            text += ["", f"Points over the best of the grid: {min(ahead):+.1f} to {max(ahead):+.1f}."]
    return text


def _cell(rows: dict[str, Any], engine: str) -> str:
    row = rows.get(engine)
    if not row:
        return "none fits"
    kind = "MP4: " if engine == EITHER and row["kind"] == "video/mp4" else ""
    return f"{kind}{row['points']:.1f} / {row['bytes']:,} / {row['ms']:,.0f}"
