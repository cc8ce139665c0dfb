"""Measure the effect of the numbers of drawings: ``python bench/tune_graphics.py [--small]``.

The tool tries smaller and larger values of each number of transcode.fit.pictures.graphics, with all other
numbers unchanged. The numbers that detect drawings are scored by the share of drawings and photos of the
shared corpus that are classified correctly. The numbers that fit drawings are scored by the mean SSIMULACRA2
under several limits, or by the number of files that are written.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, tuning
from bench.bench_graphics import NAMES
from bench.tune_share import MORE
from transcode.fit.pictures import graphics
from transcode.media.pictures.openers import open_still
from transcode.media.source import inputs
from transcode.model import Trial

BOXES = ((1600, 1200), (640, 480))

#: Drawings, photos and box of the check.
SMALL = ("screenshot_conversation_list.png", "palette_screens_800.png", "scribble_pal.bmp")
SMALL_PHOTOS = (*corpus.PHOTOS[:4], *MORE)
SMALL_BOX = (320, 240)

#: Limits in bytes per pixel.
SHARES = (0.02, 0.06, 0.2)

#: Values that are tried besides the values in use.
TOLD: dict[str, tuple[float, ...]] = {
    "edge": (24, 96),
    "edges": (0.002, 0.04),
    "flat": (0.6, 0.95),
    "noisy": (0.1, 0.6),
    "little": (1, 12),
    "soft": (0.2, 0.8),
    "busy": (0.1, 0.34),
    "busy_edges": (0.02, 0.3),
    "crowded": (0.02, 0.25),
}
SCORED: dict[str, tuple[float, ...]] = {
    "excellent": (70.0, 99.9),
    "whole_share": (0.2, 9.0),
    "palette_share": (1.0, 30.0),
    "good_score": (20.0, 45.0, 85.0),
    "worse": (0.0, 10.0),
}
DITHERED: dict[str, tuple[float, ...]] = {
    "dither": (0.2, 0.5, 1.0),
    "dither_gain": (0.0, 20.0),
    "dither_steps": (0, 5),
}


@cache
def luma(name: str, box: tuple[int, int]) -> tuple[NDArray[np.uint8], bool]:
    """The luma plane of a picture in a box, and whether its file format is lossless."""
    still = open_still(inputs.read(corpus.folder() / name))
    return still.reduce(*inside(still.width, still.height, box)).planes[0], not name.endswith(("jpg", "webp"))


@cache
def samples(name: str, box: tuple[int, int]) -> NDArray[np.uint8]:
    """The RGB samples of a picture in a box."""
    still = open_still(inputs.read(corpus.folder() / name))
    return still.rgb(*inside(still.width, still.height, box))


def inside(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture in a box, which is rotated for portrait pictures."""
    wide, high = box[::-1] if height > width else box
    scale = min(1.0, wide / width, high / height)
    return round(width * scale), round(height * scale)


def told(photos: Sequence[str]) -> Iterator[tuning.Finding]:
    """The findings of the numbers that detect drawings."""

    def worth(numbers: graphics.Tuning) -> float:
        found = []
        for names, is_drawing in ((NAMES, True), (photos, False)):
            for name in names:
                for box in BOXES:
                    plane, lossless = luma(name, box)
                    found.append(graphics.is_drawn(plane, lossless=lossless, tuning=numbers) is is_drawing)
        return float(np.mean(found))

    for name, values in TOLD.items():
        yield tuning.sweep(graphics.TUNING, name, worth, lost=0.0, values=values, unit="of all")


def drawn(
    names: Sequence[str], box: tuple[int, int], numbers: graphics.Tuning, *, jpeg: bool = True
) -> tuple[float, float]:
    """The mean score, and the mean number of files that were written or measured."""
    scores, counts = [], []
    for name in names:
        picture = samples(name, box)
        for share in SHARES:
            limit = round(share * picture.shape[0] * picture.shape[1])
            trials: list[Trial] = []
            made = graphics.best_drawing(picture, limit, png=True, jpeg=jpeg, trials=trials, tuning=numbers)
            scores.append(0.0 if made is None else made.score)
            counts.append(len(trials))
    return float(np.mean(scores)), float(np.mean(counts))


def compared(
    names: Sequence[str], box: tuple[int, int], photos: Sequence[str], *, lost: float
) -> Iterator[tuning.Finding]:
    """The findings of all numbers, each compared with the values that are tried."""
    yield from told(photos)

    def score(numbers: graphics.Tuning) -> float:
        return drawn(names, box, numbers)[0]

    for name, values in SCORED.items():
        yield tuning.sweep(graphics.TUNING, name, score, lost=lost, values=values)

    # Dithering has most effect if JPEG is not allowed.
    def dithered(numbers: graphics.Tuning) -> float:
        return drawn([*names, *photos[:1]], box, numbers, jpeg=False)[0]

    for name, values in DITHERED.items():
        yield tuning.sweep(graphics.TUNING, name, dithered, lost=lost, values=values)
    yield tuning.sweep(
        graphics.TUNING,
        "colours_power",
        lambda numbers: -drawn(names, box, numbers)[1],
        lost=0.3,
        values=(1.0, 2.0, 8.0),
        unit="files",
    )


def findings() -> Iterator[tuning.Finding]:
    """The findings on three drawings in a small box."""
    yield from compared(SMALL, SMALL_BOX, SMALL_PHOTOS, lost=0.5)


def main() -> int:
    return tuning.check(
        __doc__, findings, lambda: compared(NAMES, BOXES[1], (*corpus.PHOTOS, *MORE), lost=0.3)
    )


if __name__ == "__main__":
    raise SystemExit(main())
