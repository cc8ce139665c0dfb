"""Fit animations under a byte limit, beside gifsicle, with scores at evenly spaced moments."""

from __future__ import annotations

import io
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import transcode
from bench import corpus, size
from bench.engines import OURS, Engine, program
from bench.stored import ABSENT, Row, nested
from transcode.media.samples.score import ssimulacra2

TITLE = "Animations under a cap"

#: Animations of the corpus: photographic, drawn, with and without transparency.
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
#: The cases of a quick run: limit in bytes, and animation.
FEW = ((40_000, "rotating_squares_30f.gif"), (100_000, "spinfox.apng.png"))

CLIP, EITHER, SCRIPT, GRID = (
    "transcode, as a clip",
    "transcode, GIF or clip",
    "gifsicle, first that fits",
    "gifsicle, best of a grid",
)
#: The content types that the receiver of each engine accepts.
FORMATS = {
    OURS: ("image/gif", "image/jpeg"),
    CLIP: ("image/jpeg", "video/mp4"),
    EITHER: ("image/gif", "image/jpeg", "video/mp4"),
}

#: Scales, levels of lossy compression and numbers of colours that the gifsicle scripts try.
SCALES = (1.0, 0.84, 0.71, 0.5, 0.35, 0.25)
LOSSY = (0, 40, 80, 200)
COLOURS = (256, 64)

#: Number of moments of an animation that are scored.
MOMENTS = 16

Pixels = NDArray[np.uint8]


def cases() -> list[tuple[str, str]]:
    """The pairs of a limit and an animation whose source exceeds the limit or is not a GIF."""
    names = corpus.there(NAMES)
    if not names:
        return [(f"{size.pick(40_000, 40_000, 5_000):,} B", "made here.gif")]
    kept = [
        (cap, name)
        for cap in CAPS
        for name in names
        if not name.endswith(".gif") or (corpus.folder() / name).stat().st_size > cap
    ]
    return [(f"{cap:,} B", name) for cap, name in kept if size.SIZE == "full" or (cap, name) in FEW]


@pytest.mark.parametrize("engine", [*FORMATS, SCRIPT, GRID])
@pytest.mark.parametrize(("limit", "animation"), cases())
def test_animation(measure: Any, limit: str, animation: str, engine: str) -> None:
    cap = int(limit.removesuffix(" B").replace(",", ""))
    data = corpus.read(animation, "image")
    if engine in FORMATS:
        limits = transcode.Limits(cap, formats=FORMATS[engine])
        made = measure(lambda: transcode.fit(data, limits))
        if made.content_type not in ("image/gif", "video/mp4"):
            return
        is_cut = any(note.code == "trimmed" for note in made.report.notes)
        wanted = moments(data, made.duration if is_cut else None)
        points, best = _points(wanted, made.data), made.data
        measure.tell(kind=made.content_type)
    else:
        files = measure(lambda: ENGINES[engine].work(data, cap))
        if not files:
            return
        points, best = max(((_points(moments(data), each), each) for each in files), key=lambda pair: pair[0])
    measure.tell(bytes=len(best), share=len(best) / cap, points=points)


def _first(data: bytes, cap: int) -> list[bytes]:
    """The gifsicle file with the largest scale that fits; empty if none fits."""
    return next(([each] for each in _grid(data, cap)), [])


def _grid(data: bytes, cap: int) -> Iterator[bytes]:
    """For each scale and number of colours the file with the lowest lossy level that fits."""
    plain = _plain(data)
    for scale in SCALES:
        for colours in COLOURS:
            for lossy in LOSSY:
                made = _gifsicle(plain, scale, lossy, colours)
                if len(made) <= cap:
                    yield made
                    break


@lru_cache(maxsize=1)
def _plain(data: bytes) -> bytes:
    return data if data[:3] == b"GIF" else _gif(data)


ENGINES = {
    SCRIPT: Engine(_first, programs=("gifsicle",)),
    GRID: Engine(lambda data, cap: list(_grid(data, cap)), programs=("gifsicle",)),
}


def _gif(data: bytes) -> bytes:
    """An animation as a GIF on a white background, by Pillow, with 256 colours per frame."""
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
    words = [str(program("gifsicle")), "-O3", "--no-warnings", f"--colors={colours}"]
    words += [f"--lossy={lossy}"] if lossy else []
    words += [f"--scale={scale}", "--resize-method=mix"] if scale < 1 else []
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


@lru_cache(maxsize=2)
def moments(data: bytes, seconds: float | None = None) -> list[Pixels]:
    """The frames at evenly spaced moments of an animation, or of its first seconds, on white."""
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
    """The frames at evenly spaced moments of a rendition, which is a GIF or a clip."""
    if made[:3] == b"GIF":
        return moments(made)
    with av.open(io.BytesIO(made), "r") as container:
        shown = [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)
        ]
    return [shown[int((number + 0.5) / MOMENTS * len(shown))] for number in range(MOMENTS)]


def _points(original: list[Pixels], made: bytes) -> float:
    """The mean SSIMULACRA2 score over the moments."""
    height, width = original[0].shape[:2]
    found = []
    for wanted, pixels in zip(original, _seen(made), strict=True):
        image = Image.fromarray(pixels)
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        found.append(ssimulacra2(wanted, np.asarray(image)))
    return statistics.mean(found)


def lines(rows: Sequence[Row]) -> list[str]:
    text = [
        f"SSIMULACRA2 at {MOMENTS} evenly spaced moments, enlarged to the source's size, over white:",
        "mean points / bytes / processor time in ms. gifsicle (-O3) tries scales from 1 to 0.25, 256 and 64",
        "colours, and lossy levels from 0 to 200, of which it keeps the lowest that fits. The first column",
        "of gifsicle has the file with the largest scale, the second the file with the highest score, which",
        "a script can't know. As a clip: MP4 without sound, for receivers without GIF; of pythagoras, which",
        "lasts 50 seconds, the first 40 are encoded and scored. GIF or clip: for receivers of both.",
    ]
    engines = (OURS, CLIP, EITHER, SCRIPT, GRID)
    for words, names in nested(rows, "limit", "animation", "engine").items():
        text += ["", f"| {words} | {' | '.join(engines)} |", "|---" * (len(engines) + 1) + "|"]
        text += [
            f"| {name} | " + " | ".join(_cell(row, engine) for engine in engines) + " |"
            for name, row in names.items()
        ]
        ahead = [
            row[OURS]["points"] - row[GRID]["points"]
            for row in names.values()
            if all("points" in row.get(engine, ()) for engine in (OURS, GRID))
        ]
        if ahead:
            text += ["", f"Points over the best of the grid: {min(ahead):+.1f} to {max(ahead):+.1f}."]
    return text


def _cell(rows: dict[str, Any], engine: str) -> str:
    if engine not in rows:
        return ABSENT
    row = rows[engine]
    if "points" not in row:
        return "none fits"
    kind = "MP4: " if engine == EITHER and row["kind"] == "video/mp4" else ""
    return f"{kind}{row['points']:.1f} / {row['bytes']:,} / {row['ms']:,.0f}"
