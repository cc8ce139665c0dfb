"""Fit screenshots, documents and drawings under a byte limit, beside PNG and JPEG loops of rivals."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import transcode
from bench import corpus, screens, size
from bench.engines import OURS, Engine
from bench.stored import ABSENT, Row, nested
from transcode.media.samples.score import ssimulacra2

TITLE = "Screenshots, documents and drawings under a cap"

ONE_THREAD = True

#: A generated page, and the drawings of the corpus.
PAGE = "page, made here"
NAMES = (
    "screenshot_conversation_list.png",
    "screenshot_new_conversation.png",
    "palette_screens_800.png",
    "g3_fax.tif",
    "paper_rgba_3mp.png",
    "scribble_pal.bmp",
)
#: Tasks: the box in pixels and the limit in bytes.
TASKS = corpus.tasks(
    ((1600, 1200), 300_000),
    ((1600, 1200), 100_000),
    ((640, 480), 100_000),
    ((640, 480), 30_000),
)
FEW = ["1600 x 1200, 300,000 B", "640 x 480, 30,000 B"]

OURS_JPEG = "transcode, JPEG only"

#: Scales and numbers of colours that the palette loops try.
SCALES = (1.0, 0.84, 0.71, 0.6, 0.5, 0.42, 0.35, 0.25)
COLOURS = (256, 128, 64, 32, 16)

Size = tuple[int, int]


@lru_cache(maxsize=1)
def _page() -> bytes:
    """A page with words in three colours and a bar with a gradient, as PNG."""
    image = Image.new("RGB", (3200, 2400), (252, 252, 248))
    pen = ImageDraw.Draw(image)
    for line in range(26):
        for word in range(14):
            ink = ((20, 20, 20), (180, 30, 40), (20, 60, 200))[(line + word) % 3]
            pen.text((60 + 220 * word, 200 + 84 * line), f"W{line}{word}q", fill=ink, font_size=56)
    image = image.resize(size.pick((1600, 1200), (1600, 1200), (400, 300)), Image.Resampling.LANCZOS)
    shade = np.stack(np.broadcast_arrays(np.linspace(0, 255, 1600), 160, 200), axis=-1).astype(np.uint8)
    image.paste(Image.fromarray(np.repeat(shade[None], 60, axis=0)), (0, 0))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _source(name: str) -> bytes:
    if name in screens.NAMED:
        return screens.made(screens.NAMED[name])
    return _page() if name == PAGE else corpus.read(name, "image")


def _points(made: bytes, original: Image.Image) -> float:
    """The SSIMULACRA2 score on a white background, at the size of the original."""
    image = _over_white(made)
    if image.size != original.size:
        image = image.resize(original.size, Image.Resampling.LANCZOS)
    return ssimulacra2(np.asarray(original), np.asarray(image))


def _over_white(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _reference(data: bytes, box: Size) -> Image.Image:
    """The picture on a white background, reduced to the box, as scripts do it."""
    image = _over_white(data)
    width, height = box[::-1] if image.height > image.width else box
    scale = min(1.0, width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _palette_loop(
    original: Image.Image, cap: int, encode: Callable[[Image.Image, int], bytes]
) -> bytes | None:
    """A lossless PNG if it fits, else the largest scale that fits, with the most colours that fit."""
    file = io.BytesIO()
    original.save(file, "PNG", optimize=True)
    if len(file.getvalue()) <= cap:
        return file.getvalue()
    for scale in SCALES:
        size = (max(1, round(original.width * scale)), max(1, round(original.height * scale)))
        small = original.resize(size, Image.Resampling.LANCZOS)
        for colours in COLOURS:
            data = encode(small, colours)
            if len(data) <= cap:
                return data
    return None


def _pillow_png8(image: Image.Image, colours: int) -> bytes:
    """A palette PNG by Pillow: median cut, Floyd-Steinberg dithering, the highest zlib level."""
    file = io.BytesIO()
    image.quantize(colours).save(file, "PNG", optimize=True)
    return file.getvalue()


def _vips_png8(image: Image.Image, colours: int) -> bytes:
    """A palette PNG by libvips, whose quantiser takes a quality instead of a number of colours."""
    import pyvips

    depth, quality = (4, 100) if colours == 16 else (8, {256: 100, 128: 80, 64: 60, 32: 40}[colours])
    picture = pyvips.Image.new_from_array(np.asarray(image)).copy(interpretation="srgb")
    return bytes(picture.pngsave_buffer(palette=True, bitdepth=depth, Q=quality, compression=9, effort=7))


def _pillow_jpeg(image: Image.Image, cap: int) -> bytes | None:
    best, low, high = None, 1, 95
    while low <= high:
        quality = (low + high) // 2
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= cap:
            best, low = file.getvalue(), quality + 1
        else:
            high = quality - 1
    return best


def _ours(data: bytes, _original: Image.Image, box: Size, cap: int) -> bytes:
    return transcode.fit(data, transcode.Limits(cap, *box)).data


def _our_jpeg(data: bytes, _original: Image.Image, box: Size, cap: int) -> bytes:
    return transcode.fit(data, transcode.Limits(cap, *box, formats=("image/jpeg",))).data


#: The engines. Rivals get the picture decoded and reduced.
ENGINES = {
    OURS: Engine(_ours),
    OURS_JPEG: Engine(_our_jpeg),
    "Pillow PNG8": Engine(lambda _, original, box, cap: _palette_loop(original, cap, _pillow_png8)),
    "Pillow JPEG loop": Engine(lambda _, original, box, cap: _pillow_jpeg(original, cap)),
    "libvips PNG8": Engine(
        lambda _, original, box, cap: _palette_loop(original, cap, _vips_png8), modules=("pyvips",)
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("picture", size.some([PAGE, *corpus.there(NAMES), *screens.NAMED], 2))
@pytest.mark.parametrize("task", size.pick(list(TASKS), FEW, FEW[1:]))
def test_graphics(measure: Any, task: str, picture: str, engine: str) -> None:
    box, cap = TASKS[task]
    data = _source(picture)
    original = _reference(data, box)
    made = measure(lambda: ENGINES[engine].work(data, original, box, cap))
    if made is not None:
        kind = "PNG" if made[:4] == b"\x89PNG" else "JPEG"
        measure.tell(bytes=len(made), share=len(made) / cap, points=_points(made, original), kind=kind)


def lines(rows: Sequence[Row]) -> list[str]:
    tasks = nested(rows, "task", "picture", "engine")
    names = list(dict.fromkeys(row.given["picture"] for row in rows))
    engines = list(dict.fromkeys(row.given["engine"] for row in rows))
    table = [
        f"| {engine} | " + " | ".join(_cell(task, engine) for task in tasks.values()) + " |"
        for engine in engines
    ]
    return [
        f"{len(names)} pictures: {', '.join(names)}.",
        "SSIMULACRA2 at the size of the box, over white. The palette loops write a lossless PNG if it fits,",
        "else the largest scale that fits in 256 to 16 colours. Mean points / worst picture / median",
        "processor time in ms; PNG: the number of PNG files. The rivals' times exclude decoding and",
        "reducing.",
        "",
        "| | " + " | ".join(tasks) + " |",
        "|---" * (len(tasks) + 1) + "|",
        *table,
        "",
        "Smallest advantage over the best rival on one picture, in points: "
        + ", ".join(f"{_least(task)} ({words})" for words, task in tasks.items())
        + ".",
    ]


def _cell(task: dict[str, Any], engine: str) -> str:
    rows = [row[engine] for row in task.values() if engine in row]
    if not rows:
        return ABSENT
    made = [row for row in rows if "points" in row]
    if not made:
        return "none met the cap"
    points = [row["points"] for row in made]
    pngs = sum(row["kind"] == "PNG" for row in made)
    some = f" ({len(made)} of {len(rows)})" if len(made) < len(rows) else ""
    ms = statistics.median(row["ms"] for row in rows)
    return f"{statistics.mean(points):.1f} / {min(points):.1f} / {ms:.0f}, {pngs} PNG{some}"


def _least(task: dict[str, Any]) -> str:
    """Our smallest advantage over the best rival on one picture, in points, as text."""
    ahead = []
    for row in task.values():
        others = [
            made["points"] for engine, made in row.items() if "points" in made and not engine.startswith(OURS)
        ]
        if others and OURS in row:
            ahead.append(row[OURS]["points"] - max(others))
    return f"{min(ahead):+.1f}" if ahead else ABSENT
