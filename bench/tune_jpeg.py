"""Tune the numbers of the JPEG encoder: ``python bench/tune_jpeg.py [--rounds 1]``; ``--small`` checks them.

The tool uses coordinate descent: each number in STEPS is multiplied and divided by a step as long as the
mean SSIMULACRA2 of the photos in TUNED rises. At the end the held-out photos in corpus.HELD are scored with
the old and the new numbers. The starting values of the search for the quality are lines through measured
sizes. The photos are those of the shared corpus (TRANSCODE_SHARED, or a folder ``shared`` beside the
checkout).
"""

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge, tuning
from transcode.fit.pictures import jpeg
from transcode.fit.pictures.jpeg_tuning import TUNING, Tuning
from transcode.media.pictures.openers import open_still
from transcode.media.samples import score
from transcode.media.samples.coefficients import Coefficients
from transcode.media.source import inputs

TUNED = (
    "drone_12mp_gps_a.jpg",
    "oppo_r7plus_13mp_portrait.jpg",
    "canon_g11_10mp_sunset.jpg",
    "jolla_8mp.jpg",
    "samsung_i959_10mp_o6.jpg",
)
#: Tasks: the box in pixels, and a limit in bytes at which the quality is low.
TASKS = (((1440, 1080), 120_000), ((2592, 1944), 305_700), ((720, 540), 30_000))

#: Fields that are tuned, and the initial factor of each.
STEPS = {
    "halved_chroma": 1.2,
    "lambda_": 1.2,
    "usual_sum": 1.3,
    "sum_offset": 1.4,
    "masking": 1.2,
}

#: Photos and tasks of the check.
SMALL = TUNED[:4]
SMALL_TASKS = (((640, 480), 22_000), ((960, 720), 90_000))


@cache
def prepared(photo: str, box: tuple[int, int]) -> tuple[Coefficients, NDArray[np.uint8]]:
    """The coefficients of a photo in a box, and the reference picture."""
    path = corpus.folder() / photo
    reference = judge.reference(path.read_bytes(), box)
    planes = open_still(inputs.read(path)).reduce(*reference.size).planes
    return Coefficients.of(planes, *reference.size), np.asarray(reference)


def points(photos: Sequence[str], numbers: Tuning, tasks: Sequence[tuple[tuple[int, int], int]]) -> float:
    """The mean SSIMULACRA2 of photos over the tasks, encoded with the given numbers."""
    found = []
    for box, cap in tasks:
        for photo in photos:
            picture, reference = prepared(photo, box)
            choice = jpeg.search(jpeg.estimate(picture, cap, tuning=numbers))
            made = Image.open(io.BytesIO(choice.encode())).convert("RGB")
            found.append(score.ssimulacra2(reference, np.asarray(made)))
    return float(np.mean(found))


def tune(rounds: int) -> Tuning:
    """The numbers after coordinate descent: no step of a single number improves the score."""
    numbers, best = TUNING, points(TUNED, TUNING, TASKS)
    print(f"at first {best:.3f}", flush=True)
    for turn in range(rounds):
        for name, step in STEPS.items():
            for factor in (step**0.6**turn, step ** -(0.6**turn)):
                while True:
                    tried = replace(numbers, **{name: tuning.times(getattr(numbers, name), factor)})
                    now = points(TUNED, tried, TASKS)
                    if now <= best + 0.01:
                        break
                    numbers, best = tried, now
                    print(f"{best:.3f} with {name} times {factor:.3f}", flush=True)
    return numbers


class Counted:
    """A picture that counts the quantised share of its blocks during a search: 1 for all blocks once."""

    def __init__(self, picture: Coefficients) -> None:
        self._picture = picture
        self.work = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._picture, name)

    def measure(self, *arguments: Any, every: int = 1, **options: Any) -> int:
        """Count the work, and return the result of Coefficients.measure()."""
        self.work += 1 / every
        return self._picture.measure(*arguments, every=every, **options)


def search() -> Iterator[tuning.Finding]:
    """The numbers of the search's start and steps, by quantised pictures; a loss of 0.1 is tolerated."""
    counted = [
        (Counted(prepared(photo, box)[0]), share)
        for box in ((640, 480), (1440, 1080))
        for photo in SMALL
        for share in (0.03, 0.08, 0.2, 0.45)
    ]

    def worth(numbers: Tuning) -> float:
        for picture, share in counted:
            picture.work = 0.0
            cap = round(share * picture.width * picture.height)
            jpeg.search(jpeg.estimate(cast("Coefficients", picture), cap, tuning=numbers))
        return -float(np.mean([picture.work for picture, _ in counted]))

    def found(name: str, *values: Any) -> tuning.Finding:
        return tuning.sweep(TUNING, name, worth, lost=0.1, values=values, unit="pictures")

    yield found("usual_fineness", 3.5, 5.1, 7.5)
    yield found("usual_slope", 1.0, 1.4, 2.2)
    yield found("growth", 0.36, 0.56, 1.4)
    yield found("growth_slope", -1.5, 0.0)
    yield found("rdo_saving", 0.0, 0.2, 0.6)
    yield found("rdo_saving_slope", -0.15, 0.0)
    yield found("lambda_cut_growth", (0.05, 0.02), (0.13, 0.08), (0.6, 0.3))
    yield found("lambda_cut_slope", -0.1, 0.0)


def full_chroma() -> Iterator[tuning.Finding]:
    """The numbers that choose 4:4:4 or 4:2:0, by photos with both, at limits that allow high qualities."""
    rows, costs = [], []
    for photo in (*SMALL[:3], *corpus.HELD[1:]):
        data = (corpus.folder() / photo).read_bytes()
        original = judge.reference(data, (1600, 1200))
        still = open_still(inputs.read(corpus.folder() / photo))
        planes = still.reduce(*original.size).planes
        halved = Coefficients.of(planes, *original.size)
        whole = halved.with_full_chroma(iter(still.reduce(*original.size, sampling="4:4:4").planes[1:]))
        for share in (0.25, 0.4, 0.6):
            cap = round(share * original.width * original.height)
            first = jpeg.estimate(halved, cap)
            second = jpeg.estimate(whole, cap, halved=first)
            found = [jpeg.search(each) for each in (first, second)]
            if any(each.quality is None for each in found):
                continue
            scores = [judge.score(each.encode(), original) for each in found]
            finenesses = [jpeg.fineness_of(each.quality or 0) for each in found]
            detail = jpeg.chroma_detail(first, planes)
            rows.append((first.quality, detail, *scores))
            if max(finenesses) < jpeg.fineness_of(jpeg.HIGHEST_QUALITY) - 0.01 and first.quality >= 90:
                costs.append(finenesses[0] - finenesses[1])
    yield tuning.near(TUNING, "full_chroma_cost", float(np.mean(costs)), within=0.12)

    def worth(numbers: Tuning) -> float:
        kept = [
            whole
            if quality >= numbers.sure_full_chroma_quality
            or (quality >= numbers.least_full_chroma_quality and detail >= numbers.full_chroma_detail)
            else halved
            for quality, detail, halved, whole in rows
        ]
        return float(np.mean(kept))

    yield tuning.sweep(TUNING, "full_chroma_detail", worth, lost=0.05, step=2.0)
    qualities = (93.0, 95.0, 96.5, 98.4, 98.9)
    yield tuning.sweep(TUNING, "sure_full_chroma_quality", worth, lost=0.05, values=qualities)
    yield tuning.sweep(TUNING, "least_full_chroma_quality", worth, lost=0.05, values=(80.0, 85.0, 94.0, 97.0))


def findings() -> Iterator[tuning.Finding]:
    """The findings of all numbers on the photos in SMALL."""
    yield from search()
    yield from full_chroma()

    def worth(numbers: Tuning) -> float:
        return points(SMALL, numbers, SMALL_TASKS)

    for name, step in (("lambda_", 1.8), ("usual_sum", 2.0), ("sum_offset", 3.0), ("masking", 1.5)):
        yield tuning.sweep(TUNING, name, worth, lost=0.15, step=step)
    yield tuning.sweep(TUNING, "dead_zone", worth, lost=0.15, step=1.15)
    yield from tables()
    yield tuning.sweep(TUNING, "no_rdo", finest, lost=0.15, values=((2.5, 2.9), (3.5, 3.9)))


def finest(numbers: Tuning) -> float:
    """The mean score at high qualities, near the thresholds of no_rdo."""
    caps = [((640, 480), 190_000), ((640, 480), 150_000)]
    return points(SMALL, numbers, caps)


def tables() -> Iterator[tuning.Finding]:
    """The quantisation tables of 4:4:4 chroma at high quality, and of pictures that are shown enlarged."""

    def whole(numbers: Tuning) -> float:
        found = []
        for photo in SMALL[:3]:
            original = judge.reference((corpus.folder() / photo).read_bytes(), (640, 480))
            still = open_still(inputs.read(corpus.folder() / photo))
            planes = still.reduce(*original.size, sampling="4:4:4").planes
            picture = Coefficients.of(planes, *original.size, sampling="4:4:4")
            choice = jpeg.search(jpeg.estimate(picture, 120_000, tuning=numbers))
            found.append(judge.score(choice.encode(), original))
        return float(np.mean(found))

    def enlarged(numbers: Tuning) -> float:
        found = []
        for photo in SMALL:
            original = judge.reference((corpus.folder() / photo).read_bytes(), (960, 720))
            size = original.width // 2, original.height // 2
            picture = Coefficients.of(
                open_still(inputs.read(corpus.folder() / photo)).reduce(*size).planes, *size
            )
            choice = jpeg.search(jpeg.estimate(picture, 18_000, enlarged=True, tuning=numbers))
            found.append(judge.score(choice.encode(), original))
        return float(np.mean(found))

    yield tuning.sweep(TUNING, "full_chroma", whole, lost=0.3, step=1.5)
    yield tuning.best(
        TUNING,
        "enlarged",
        {
            "lines": enlarged(TUNING),
            "tables": enlarged(replace(TUNING, enlarged=(TUNING.luma, TUNING.halved_chroma))),
        },
        lost=0.15,
        value="lines",
    )


def main() -> int:
    """Tune the numbers, and print the scores of the tuned and the held-out photos."""
    tuned = tune(tuning.rounds(__doc__, findings, 2))
    for label, numbers in (("before", TUNING), ("after", tuned)):
        scores = [points(photos, numbers, TASKS) for photos in (TUNED, corpus.HELD)]
        print(f"{label}: tuned {scores[0]:.3f}, held out {scores[1]:.3f}")
    for name in STEPS:
        print(name, getattr(tuned, name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
