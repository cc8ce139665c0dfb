"""Screenshots, documents and drawings under a cap: palettes and JPEG, ours against others'."""

from __future__ import annotations

import io
import os
import statistics
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import transcode
from bench import corpus
from bench.timing import timed
from transcode.media.score import ssimulacra2

TITLE = "Screenshots, documents and drawings under a cap"

#: What was drawn, of the corpus; and a page that is made here.
NAMES = (
    "screenshot_conversation_list.png",
    "screenshot_new_conversation.png",
    "palette_screens_800.png",
    "g3_fax.tif",
    "paper_rgba_3mp.png",
    "scribble_pal.bmp",
)
TASKS = (((1600, 1200), 300_000), ((1600, 1200), 100_000), ((640, 480), 100_000), ((640, 480), 30_000))

OURS, OURS_JPEG = "transcode", "transcode, JPEG only"

#: Scales that the loops with a palette go through, and the fewest colours that are worth a larger scale.
SCALES = (1.0, 0.84, 0.71, 0.6, 0.5, 0.42, 0.35, 0.25)
COLOURS = (256, 128, 64, 32, 16)

Size = tuple[int, int]


def run() -> dict[str, Any]:
    found: dict[str, Any] = {"tasks": {}}
    for box, cap in TASKS:
        task = found["tasks"][f"{box[0]} x {box[1]}, {cap:,} B"] = {"pictures": {}}
        for name, data in _pictures().items():
            original = _reference(data, box)
            row = task["pictures"][name] = {}
            for engine, made, ms in _renditions(data, original, box, cap):
                row[engine] = {"ms": ms}
                if made is not None:
                    kind = "PNG" if made[:4] == b"\x89PNG" else "JPEG"
                    row[engine].update(bytes=len(made), points=_points(made, original), kind=kind)
    return found


def _pictures() -> dict[str, bytes]:
    there = {name: corpus.folder() / name for name in NAMES if (corpus.folder() / name).is_file()}
    return {"page, made here": _page(), **{name: path.read_bytes() for name, path in there.items()}}


def _page() -> bytes:
    """Lines of words in three colours, and a bar with a shade, as PNG."""
    image = Image.new("RGB", (3200, 2400), (252, 252, 248))
    pen = ImageDraw.Draw(image)
    for line in range(26):
        for word in range(14):
            ink = ((20, 20, 20), (180, 30, 40), (20, 60, 200))[(line + word) % 3]
            pen.text((60 + 220 * word, 200 + 84 * line), f"W{line}{word}q", fill=ink, font_size=56)
    image = image.resize((1600, 1200), Image.Resampling.LANCZOS)
    shade = np.stack(np.broadcast_arrays(np.linspace(0, 255, 1600), 160, 200), axis=-1).astype(np.uint8)
    image.paste(Image.fromarray(np.repeat(shade[None], 60, axis=0)), (0, 0))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _points(made: bytes, original: Image.Image) -> float:
    """SSIMULACRA2 over white, at the size of the original."""
    image = _over_white(made)
    if image.size != original.size:
        image = image.resize(original.size, Image.Resampling.LANCZOS)
    return ssimulacra2(np.asarray(original), np.asarray(image))


def _over_white(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _reference(data: bytes, box: Size) -> Image.Image:
    """The picture over white, reduced to the box."""
    image = _over_white(data)
    width, height = box[::-1] if image.height > image.width else box
    scale = min(1.0, width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _renditions(
    data: bytes, original: Image.Image, box: Size, cap: int
) -> Iterator[tuple[str, bytes | None, float]]:
    """What each engine makes, and its milliseconds. The rivals get the picture decoded and reduced."""
    jpeg = transcode.Limits(cap, *box, formats=("image/jpeg",))
    engines: dict[str, Callable[[], bytes | None]] = {
        OURS: lambda: transcode.fit(data, transcode.Limits(cap, *box)).data,
        OURS_JPEG: lambda: transcode.fit(data, jpeg).data,
        "Pillow PNG8": lambda: _palette_loop(original, cap, _pillow_png8),
        "Pillow JPEG loop": lambda: _pillow_jpeg(original, cap),
    }
    if find_spec("pyvips"):
        engines["libvips PNG8"] = lambda: _palette_loop(original, cap, _vips_png8)
    for name, make in engines.items():
        ms, made = timed(make)
        yield name, made, ms


def _palette_loop(
    original: Image.Image, cap: int, encode: Callable[[Image.Image, int], bytes]
) -> bytes | None:
    """The largest scale, and there the most colours, that fit; without loss where that fits."""
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
    """Median cut, Floyd-Steinberg, zlib at its best."""
    file = io.BytesIO()
    image.quantize(colours).save(file, "PNG", optimize=True)
    return file.getvalue()


def _vips_png8(image: Image.Image, colours: int) -> bytes:
    """The quantiser of libvips, as it was built; it takes a quality for a number of colours."""
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
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


def lines(stored: dict[str, Any]) -> list[str]:
    tasks = stored["tasks"]
    names = list(next(iter(tasks.values()))["pictures"])
    engines = list(next(iter(next(iter(tasks.values()))["pictures"].values())))
    rows = [
        f"| {engine} | " + " | ".join(_cell(task, engine) for task in tasks.values()) + " |"
        for engine in engines
    ]
    return [
        f"{len(names)} pictures: {', '.join(names)}.",
        "SSIMULACRA2 at the size of the box, over white. The loops with a palette keep every pixel",
        "where that fits, else take the largest scale that fits in 256 to 16 colours. Mean points /",
        "worst picture / median milliseconds of processor time; PNG: how many left as PNG. The",
        "rivals' times are without decoding and reducing.",
        "",
        "| | " + " | ".join(tasks) + " |",
        "|---" * (len(tasks) + 1) + "|",
        *rows,
        "",
        "Points over the best rival, picture by picture: least "
        + ", ".join(f"{_least(task):+.1f} ({words})" for words, task in tasks.items())
        + ".",
    ]


def _cell(task: Any, engine: str) -> str:
    rows = [row[engine] for row in task["pictures"].values()]
    made = [row for row in rows if "points" in row]
    if not made:
        return "none met the cap"
    points = [row["points"] for row in made]
    pngs = sum(row["kind"] == "PNG" for row in made)
    some = f" ({len(made)} of {len(rows)})" if len(made) < len(rows) else ""
    ms = statistics.median(row["ms"] for row in rows)
    return f"{statistics.mean(points):.1f} / {min(points):.1f} / {ms:.0f}, {pngs} PNG{some}"


def _least(task: Any) -> float:
    return min(
        row[OURS]["points"]
        - max(
            made["points"] for engine, made in row.items() if "points" in made and not engine.startswith(OURS)
        )
        for row in task["pictures"].values()
    )
