"""Measure the quality of each size of a picture under a limit: ``python bench/tune_size.py OUT.json``.

For each photo, box and number of bytes per pixel of the box, the picture and its sample tiles are fitted at
every size of a ladder and scored at the size of the box. The numbers of transcode.fit.pictures.image are
tuned on two thirds of the photos; the loss on the other photos is printed too. ``--again`` reads the figures
of an earlier run from the file. ``--small`` checks the numbers in use on few photos.
"""

import io
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, judge, tuning
from transcode.fit.pictures.image import TUNING, PreparedImage, Tuning
from transcode.fit.pictures.jpeg import estimate, search
from transcode.fit.pictures.sizes import Sizes
from transcode.media.pictures import jpeg
from transcode.media.pictures.openers import jpeg as opener
from transcode.media.pictures.openers import open_still
from transcode.media.samples import planes
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import ssimulacra2
from transcode.media.source.inputs import Input
from transcode.model import Limits

SIZES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.25, 0.18)
BOXES = ((2592, 1944), (1440, 1080), (640, 480))
BYTES_A_PIXEL = (0.005, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2)

#: For each photo, box width and bytes per pixel, by size: the quality (None if it does not fit), the score of
#: the picture, and the score of its tiles.
Figures = dict[tuple[str, int, float], dict[float, tuple[float | None, float, float]]]

#: Photos of the check.
SMALL = ("drone_12mp_gps_a.jpg", "canon_g11_10mp_sunset.jpg", "jolla_8mp.jpg", "motog9_16mp_cat.jpg")

#: Photo, box width, bytes per pixel, size, quality, score, and score of the tiles.
Row = tuple[str, int, float, float, float | None, float, float | None]

#: The score of a picture that does not fit, lower than all measured scores.
UNFIT = -120.0


def measure(
    photos: Mapping[str, bytes], boxes: Sequence[tuple[int, int]], ladder: Sequence[float]
) -> list[Row]:
    """One row for each photo, box, number of bytes per pixel and size."""
    rows = []
    for name, data in photos.items():
        for box in boxes:
            reference = judge.reference(data, box)
            full = reference.size
            reduced = open_still(Input(name, data)).reduce(*full)
            tiles = Sizes(reduced.planes)
            for size in ladder:
                width, height = round(full[0] * size), round(full[1] * size)
                picture = Coefficients.of(reduced.smaller(width, height).planes, width, height)
                for share in BYTES_A_PIXEL:
                    limit = round(share * full[0] * full[1])
                    found = search(estimate(picture, limit, enlarged=size < 1))
                    fits = found.quality is not None
                    score = judge.score(found.encode(), reference) if fits else UNFIT
                    told = tiles.score(size, limit)
                    rows.append((name, box[0], share, size, found.quality, score, told))
        print(name, file=sys.stderr, flush=True)
    return rows


def figures(rows: Sequence[Row]) -> Figures:
    found: Figures = defaultdict(dict)
    for name, box, share, size, quality, score, told in rows:
        found[name, box, share][size] = (quality, score, UNFIT if told is None else told)
    return found


def chosen(sizes: dict[float, tuple[float | None, float, float]], share: float, numbers: Tuning) -> float:
    """The score of the size that PreparedImage chooses with the given numbers."""
    few, least, fine = numbers.few_bytes, numbers.hardly_any_bytes, numbers.fine_quality
    quality, score, told = sizes[1.0]
    if share >= few or (quality or 0) >= fine or (share >= least and told >= sizes[0.5][2]):
        return score
    quality, score, _ = sizes[0.5]
    if share / 0.5**2 >= few or (quality or 0) >= fine:
        return score
    return sizes[0.25][1]


def loss(found: Figures, photos: Sequence[str], numbers: Tuning) -> tuple[float, float]:
    """The mean and the largest difference between the best score and the score of the chosen size."""
    lost = [
        max(score for _, score, _ in sizes.values()) - chosen(sizes, share, numbers)
        for (name, _, share), sizes in found.items()
        if name in photos
    ]
    return float(np.mean(lost)), float(np.max(lost))


def tell(found: Figures) -> None:
    """Print the best numbers, and their loss on tuned and on held-out photos."""
    names = sorted({name for name, _, _ in found})
    held = names[::3]
    tuned = [name for name in names if name not in held]
    tries = [
        replace(TUNING, few_bytes=few, hardly_any_bytes=least)
        for few, least in product((0.026, 0.033, 0.041, 0.05, 0.065), (0.0, 0.008, 0.012, 0.016))
    ]
    best = min(tries, key=lambda numbers: loss(found, tuned, numbers))
    print(f"{best}: mean and most points lost on {len(tuned)} photos")
    print(loss(found, tuned, best), f"and on {len(held)} held out", loss(found, held, best))


def findings() -> Iterator[tuning.Finding]:
    """The findings on the size of four photos in two boxes, on the reduction, and on progressive files."""
    photos = {name: corpus.photo(name) for name in SMALL}
    found = figures(measure(photos, BOXES[1:], (1.0, 0.5, 0.25)))

    def worth(numbers: Tuning) -> float:
        return -loss(found, SMALL, numbers)[0]

    yield tuning.sweep(TUNING, "few_bytes", worth, lost=0.15, values=(0.015, 0.026, 0.065, 0.12))
    yield tuning.sweep(TUNING, "hardly_any_bytes", worth, lost=0.15, values=(0.004, 0.008, 0.03, 0.05))
    yield tuning.sweep(TUNING, "fine_quality", worth, lost=0.15, values=(20.0, 40.0, 60.0, 95.0))

    def scored(numbers: Tuning, box: tuple[int, int], shares: Sequence[float], progressive: bool) -> float:
        scores = []
        for name, data in photos.items():
            original = judge.reference(data, box)
            limits = Limits(10**6, *box, formats=("image/jpeg",), progressive=progressive)
            image = PreparedImage(Input(name, data), open_still(Input(name, data)), limits, tuning=numbers)
            for share in shares:
                made = image.encode(round(share * original.width * original.height)).data
                scores.append(judge.score(made, original))
        return float(np.mean(scores))

    # The better reduction takes longer. A gain below 0.3 points is not worth the time.
    gains = {
        share: scored(replace(TUNING, many_bytes=0.0), (1600, 1200), (share,), False)
        - scored(replace(TUNING, many_bytes=9.0), (1600, 1200), (share,), False)
        for share in (0.08, 0.3)
    }
    yield tuning.between(TUNING, "many_bytes", gains, least=0.3)
    gains = {
        share: scored(replace(TUNING, most_bytes=0.0), (640, 480), (share,), False)
        - scored(replace(TUNING, most_bytes=9.0), (640, 480), (share,), False)
        for share in (0.2, 0.8)
    }
    yield tuning.between(TUNING, "most_bytes", gains, least=0.5)
    yield tuning.sweep(
        TUNING,
        "least_progressive",
        lambda numbers: scored(numbers, (128, 96), (0.2, 0.4, 0.8, 1.5), True),
        lost=0.1,
        values=(500, 2_048, 32_768),
    )
    yield from reductions({name: data for name, data in photos.items() if is_upright(data)})


def is_upright(data: bytes) -> bool:
    """Whether a photo has no EXIF rotation."""
    return bool(Image.open(io.BytesIO(data)).getexif().get(0x0112, 1) == 1)


def reductions(photos: Mapping[str, bytes]) -> Iterator[tuning.Finding]:
    """The findings on the decoding scale of JPEG and on resampling."""

    def scored(numbers: opener.Tuning, box: tuple[int, int], share: float) -> float:
        scores = []
        for name, data in photos.items():
            original = judge.reference(data, box)
            content = Input(name, data)
            still = opener.open_still(content, "image/jpeg", many=False, max_pixels=10**8, tuning=numbers)
            image = PreparedImage(content, still, Limits(10**6, *box, formats=("image/jpeg",)))
            made = image.encode(round(share * original.width * original.height)).data
            scores.append(judge.score(made, original))
        return float(np.mean(scores))

    yield tuning.sweep(
        opener.TUNING,
        "fine_scales",
        lambda numbers: scored(numbers, (1600, 1200), 0.33),
        lost=0.5,
        values=(((1, 1.0), (2, 1.0), (4, 1.0)), ((4, 9.0),)),
    )
    yield tuning.sweep(
        opener.TUNING,
        "finest_scales",
        lambda numbers: scored(numbers, (640, 480), 0.8),
        lost=0.5,
        values=(((2, 1.25), (4, 1.38)), ((4, 9.0),)),
    )
    ladders = {
        "as wide as wanted": replace(opener.TUNING, scales=((1, 1.0), (2, 1.0), (4, 1.0))),
        "in use": opener.TUNING,
        "whole": replace(opener.TUNING, scales=((4, 9.0),)),
    }
    boxes = ((640, 480), (1440, 1080))
    found = {
        words: float(np.mean([scored(numbers, box, 0.15) for box in boxes]))
        for words, numbers in ladders.items()
    }
    yield tuning.best(opener.TUNING, "scales", found, lost=0.5, value="in use")

    def resampled(numbers: planes.Tuning) -> float:
        scores = []
        for name, data in photos.items():
            original = np.asarray(judge.reference(data, (640, 480)).convert("L"))
            decoded = jpeg.decode(data, jpeg.read_header(data, name=name), eighths=2, name=name)
            luma = planes.resample(decoded.picture.planes[0], *original.shape[::-1], tuning=numbers)
            scores.append(ssimulacra2(*(np.repeat(each[..., None], 3, 2) for each in (original, luma))))
        return float(np.mean(scores))

    yield tuning.sweep(planes.TUNING, "sharpen", resampled, lost=0.5, values=(0.0, 1 / 48, 1 / 24))


if __name__ == "__main__":
    tell(figures(tuning.kept(__doc__, findings, lambda: measure(corpus.photos(), BOXES, SIZES))))
