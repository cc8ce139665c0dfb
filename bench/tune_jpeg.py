"""Tune the JPEG engine's numbers: ``python bench/tune_jpeg.py [--rounds 1]``.

Coordinate descent: each number of transcode.fit.pictures.jpeg that is listed in NUMBERS is multiplied and
divided by a step for as long as the mean SSIMULACRA2 of the photos in TUNED rises; at the end the photos
in corpus.HELD, which had no say, are scored with the old and the new numbers. The photos are those
of the shared corpus (TRANSCODE_SHARED, or a folder ``shared`` beside the checkout).
"""

import argparse
import io
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge
from transcode.fit.pictures import jpeg
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
#: Box and bytes, few enough that the quality is low.
TASKS = (((1440, 1080), 120_000), ((2592, 1944), 305_700), ((720, 540), 30_000))

#: What is tuned, from what on, and by which step.
NUMBERS = {
    "chroma steps": (1.0, 1.2),
    "lambda_": (0.06, 1.2),
    "luma sum": (200.0, 1.3),
    "chroma sum": (96.0, 1.3),
    "sum offset": (60.0, 1.4),
    "luma masking": (0.55, 1.2),
    "chroma masking": (0.6, 1.2),
}

#: The steps of chroma that are multiplied.
CHROMA = jpeg._HALVED_CHROMA


def use(numbers: dict[str, float]) -> None:
    """Make the engine work with these numbers."""
    jpeg._HALVED_CHROMA = numbers["chroma steps"] * CHROMA
    jpeg._LAMBDA = numbers["lambda_"]
    jpeg._SUM_OFFSET = numbers["sum offset"]
    jpeg._MASKS = tuple(
        jpeg._mask_table(numbers[f"{name} sum"], numbers[f"{name} masking"]) for name in ("luma", "chroma")
    )


@cache
def prepared(photo: str, box: tuple[int, int]) -> tuple[Coefficients, NDArray[np.uint8]]:
    """A photo's coefficients in a box, and what it should look like."""
    path = corpus.folder() / photo
    reference = judge.reference(path.read_bytes(), box)
    planes = open_still(inputs.read(path)).reduce(*reference.size).planes
    return Coefficients.of(planes, *reference.size), np.asarray(reference)


def points(photos: tuple[str, ...]) -> float:
    """The mean SSIMULACRA2 of photos over all tasks, with the numbers in use."""
    found = []
    for box, cap in TASKS:
        for photo in photos:
            picture, reference = prepared(photo, box)
            made = Image.open(io.BytesIO(jpeg.search(jpeg.estimate(picture, cap)).encode())).convert("RGB")
            found.append(score.ssimulacra2(reference, np.asarray(made)))
    return float(np.mean(found))


def tune(rounds: int) -> dict[str, float]:
    """The numbers at which no step of any of them alone is better."""
    numbers = {name: first for name, (first, _) in NUMBERS.items()}
    use(numbers)
    best = points(TUNED)
    print(f"at first {best:.3f}", flush=True)
    for turn in range(rounds):
        for name, (_, step) in NUMBERS.items():
            for factor in (step**0.6**turn, step ** -(0.6**turn)):
                while True:
                    tried = {**numbers, name: numbers[name] * factor}
                    use(tried)
                    now = points(TUNED)
                    if now <= best + 0.01:
                        break
                    numbers, best = tried, now
                    print(f"{best:.3f} with {name} {numbers[name]:.4g}", flush=True)
    return numbers


def main() -> None:
    """Tune, and tell what became of the photos that were held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    tuned = tune(rounds)
    for label, numbers in (
        ("before", {name: first for name, (first, _) in NUMBERS.items()}),
        ("after", tuned),
    ):
        use(numbers)
        print(f"{label}: tuned {points(TUNED):.3f}, held out {points(corpus.HELD):.3f}")
    print(tuned)


if __name__ == "__main__":
    main()
