"""Screenshots, documents and drawings under a limit in bytes.

Drawn pictures have flat areas, few colours and sharp edges. PNG keeps them without loss, where JPEG has
ringing around every letter. A JPEG with chroma at full resolution keeps coloured text. The rendition within
the limit with the highest SSIMULACRA2 score is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.pictures.jpeg import estimate, overshoot, search
from transcode.fit.pictures.palette import Histogram
from transcode.jobs.stages import staged
from transcode.media.pictures import drawing
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import ssimulacra2
from transcode.model import Trial
from transcode.model.tuning import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["TUNING", "Drawn", "Tuning", "best_drawing", "is_drawn"]

_GRAPHICS = Tool("bench/tune_graphics.py", "graphics")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants that recognise a drawing and encode it. Scores and points are SSIMULACRA2."""

    edge: int = _GRAPHICS.tuned(
        48,
        "Smallest difference of luma between neighbours that is an edge.",
        unit="levels",
    )
    edges: float = _GRAPHICS.tuned(
        0.01,
        "Smallest share of pixels at an edge in a drawn picture. At 1600 x 1200 this constant, flat, noisy,"
        " little and soft together recognise all of six screenshots, documents and drawings; at 640 x 480 all"
        " but the most crowded one; and none of 40 camera photos.",
        unit="share of pixels",
    )
    flat: float = _GRAPHICS.tuned(
        0.8,
        "Share of pixels equal to their neighbours to the right and below (flat pixels) from which a picture"
        " with edges is drawn.",
        unit="share of pixels",
    )
    noisy: float = _GRAPHICS.tuned(
        0.35,
        "Smallest share of flat pixels in a drawn picture. Between this share and flat, few of the other"
        " pixels may have small differences, as noise and shades have.",
        unit="share of pixels",
    )
    little: int = _GRAPHICS.tuned(4, "Largest small difference between neighbours.", unit="levels")
    soft: float = _GRAPHICS.tuned(
        0.48,
        "Largest share of pixels with small differences among the pixels that are not flat.",
        unit="share of pixels",
    )
    busy: float = _GRAPHICS.tuned(
        0.28,
        "Smallest share of flat pixels in a drawn picture that has busy_edges, as pages of small letters"
        " have.",
        unit="share of pixels",
    )
    busy_edges: float = _GRAPHICS.tuned(
        0.12,
        "Smallest share of pixels at an edge in such a picture. Of 18 photos of the corpus at 640 x 480, the"
        " one with most has 0.08.",
        unit="share of pixels",
    )
    crowded: float = _GRAPHICS.tuned(
        0.1,
        "Smallest share of flat pixels in a drawn picture from a lossless file. Cameras store no photos in"
        " such files, and screens with gradients and photos have few edges.",
        unit="share of pixels",
    )
    colours_power: float = _GRAPHICS.tuned(
        3.5,
        "Exponent of the file size to which the number of colours is proportional: 24 colours take half of"
        " the bytes of 256.",
        unit="power",
    )
    dither: float = _GRAPHICS.tuned(
        0.75,
        "Share of an error that dithering distributes to the neighbours.",
        unit="share of an error",
    )
    dither_gain: float = _GRAPHICS.tuned(8.0, "Largest gain of the score by dithering.", unit="points")
    dither_steps: int = _GRAPHICS.tuned(
        2,
        "Number of further palette sizes that are tried with dithering, which takes up to 15 % more bytes.",
        unit="steps of colours",
    )
    excellent: float = _GRAPHICS.tuned(
        98.0,
        "Score of a JPEG above which a PNG with a reduced palette is not tried.",
        unit="points",
    )
    whole_share: float = _GRAPHICS.tuned(
        1.8,
        "Largest share of the limit that a truecolour PNG may take, as its bands tell, for it to be tried.",
        unit="share of the limit",
    )
    palette_share: float = _GRAPHICS.tuned(
        8.0,
        "Largest share of the limit that a truecolour PNG may take, as its bands tell, for palettes to be"
        " tried. A palette of 12 colours was best at a share of 6.",
        unit="share of the limit",
    )
    good_score: float = _GRAPHICS.tuned(65.0, "Score from which no smaller size is tried.", unit="points")
    worse: float = _GRAPHICS.tuned(
        3.0,
        "Loss of score at a smaller size from which no further sizes are tried.",
        unit="points",
    )


TUNING = Tuning()

#: Rows that are examined. Chosen: more rows take more time and give the same result.
_ROWS = 256

#: Largest luma of a decoder, which clips at it (T.81, A.3.1, eight bits). Letters have less ringing when the
#: encoder exceeds 255. JPEG files of pages in black on white gained 1 to 9 points at equal size.
#: Screenshots with small quantisation steps gained nothing, and no file lost more than 0.1 points. Photos
#: with clipped highlights gained nothing and are encoded without.
_WHITE = 255

#: Smallest width and height in pixels for which SSIMULACRA2 is defined.
_SMALLEST_SIDE = 8

#: Bands, and rows of each, that tell the bytes of a truecolour PNG: 0.8 to 1.8 times those of 38 screens in
#: two boxes.
_BANDS = 16
_BAND = 8

#: Bytes of a PNG, by the limit, to which it is compressed with more effort. Chosen: that saves about 3 %.
_HARDER = 1.05

#: Numbers of colours of a palette, in descending order; every second step halves the number.
_COLOURS = (256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2)

#: Shares of width and height that are tried in turn; the first steps halve the number of pixels.
_SHRINKS = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18, 0.125, 0.0625, 0.03)

#: Score below which nothing is recognisable, and score of identical pictures. Below the first, smaller sizes
#: are tried even after a loss of score, because the best size may be far smaller. Chosen.
_RECOGNISED, _LOSSLESS = 0.0, 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A rendition of a drawing.

    Attributes:
        data: the file.
        content_type: ``"image/png"`` or ``"image/jpeg"``.
        width, height: size in pixels.
        quality: quality of a JPEG on the IJG scale; None for PNG.
        score: SSIMULACRA2 at the size of the box.
        colours: number of colours of a reduced palette; None: no colours were reduced.
        setting: description of the coding.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    quality: float | None
    score: float
    colours: int | None
    setting: str


def is_drawn(luma: NDArray[np.uint8], *, lossless: bool = False, tuning: Tuning = TUNING) -> bool:
    """Return whether a picture looks like a screenshot, a document or a drawing, in 1 to 2 ms.

    Args:
        luma: the picture at its final size, rows x columns.
        lossless: whether the picture is from a lossless file.
        tuning: the measured constants.
    """
    if min(luma.shape) < _SMALLEST_SIDE:
        return False
    step = max(1, luma.shape[0] // _ROWS)
    here, right, below = luma[:-1:step, :-1], luma[:-1:step, 1:], luma[1::step, :-1]
    flat = float(((here == right) & (here == below)).mean())
    if lossless or flat < min(tuning.busy, tuning.noisy):
        return lossless and flat >= tuning.crowded
    differences = np.maximum(here, right) - np.minimum(here, right)
    edges = float((differences > tuning.edge).mean())
    if flat < tuning.noisy:
        return edges >= tuning.busy_edges
    if edges < tuning.edges:
        return False
    soft = float(((differences > 0) & (differences <= tuning.little)).mean())
    return flat >= tuning.flat or soft <= tuning.soft * (1 - flat)


def best_drawing(
    samples: NDArray[np.uint8],
    max_bytes: int,
    *,
    png: bool,
    jpeg: bool,
    trials: list[Trial],
    tuning: Tuning = TUNING,
) -> Drawn | None:
    """Return the rendition of a drawing with the highest score within the limit; None: none fits.

    Args:
        samples: the drawing at the size of the box, rows x columns x 3.
        max_bytes: the limit.
        png, jpeg: whether the receiver shows the format.
        trials: receives the trials.
        tuning: the measured constants.
    """
    best: Drawn | None = None
    for shrink in _SHRINKS:
        height, width = (max(1, round(side * shrink)) for side in samples.shape[:2])
        found = _at_size(samples, width, height, max_bytes, png=png, jpeg=jpeg, trials=trials, tuning=tuning)
        if (
            best is not None
            and best.score >= _RECOGNISED
            and (found is None or found.score < best.score - tuning.worse)
        ):
            break
        if found is not None and (best is None or found.score > best.score):
            best = found
        if (best is not None and best.score >= tuning.good_score) or max(width, height) <= _SMALLEST_SIDE:
            break
    return best


def _at_size(
    samples: NDArray[np.uint8],
    width: int,
    height: int,
    max_bytes: int,
    *,
    png: bool,
    jpeg: bool,
    trials: list[Trial],
    tuning: Tuning,
) -> Drawn | None:
    """Return the rendition of one size with the highest score within the limit; None: none fits."""
    small = drawing.resize(samples, width, height)
    coder = _Coder(small, trials, tuning) if png else None
    if coder is not None:
        data = coder.lossless(max_bytes)
        if data is not None:
            score = _LOSSLESS if small is samples else _score(samples, small)
            return Drawn(data, "image/png", width, height, None, score, None, "lossless PNG")
    best: Drawn | None = None
    for made in _jpegs(small, samples, max_bytes, trials) if jpeg else ():
        best = made if best is None or made.score > best.score else best
    if coder is None or (best is not None and best.score > tuning.excellent):
        return best
    for coded in coder.coarser(max_bytes):
        score = _score(samples, coded.samples())
        if best is None or score > best.score:
            words = f"PNG with {coded.words}"
            best = Drawn(coded.data, "image/png", width, height, None, score, len(coded.palette), words)
        elif score < best.score - tuning.dither_gain:
            break
    return best


def _score(original: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
    """Return SSIMULACRA2 at the size of the original; pixels of a picture that is too small are repeated."""
    height, width = original.shape[:2]
    pair = [original, drawing.resize(made, width, height)]
    for axis in (0, 1):
        factor = -(-_SMALLEST_SIDE // original.shape[axis])
        pair = [picture if factor == 1 else np.repeat(picture, factor, axis) for picture in pair]
    return ssimulacra2(*pair)


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A picture with a palette, with its file."""

    data: bytes
    indices: NDArray[np.uint8]
    palette: NDArray[np.uint8]
    dither: float

    @property
    def words(self) -> str:
        return f"{len(self.palette)} colours{', dithered' if self.dither else ''}"

    def samples(self) -> NDArray[np.uint8]:
        return self.palette[self.indices]


class _Coder:
    """An encoder of one picture as PNG with several palettes."""

    def __init__(self, samples: NDArray[np.uint8], trials: list[Trial], tuning: Tuning) -> None:
        self._samples = samples
        self._pixels = drawing.opaque(samples)
        self._histogram = Histogram(_COLOURS[0])
        self._histogram.add(self._pixels)
        self._trials = trials
        self._tuning = tuning
        self._made: dict[tuple[int, float], _Coded] = {}

    @cached_property
    def _whole(self) -> float:
        """The expected bytes of the truecolour file, by those of bands from all over the picture."""
        rows = len(self._samples)
        if rows <= _BANDS * _BAND:
            return len(drawing.encode_png(self._samples))
        tops = [(2 * band + 1) * (rows - _BAND) // (2 * _BANDS) for band in range(_BANDS)]
        bands = np.concatenate([self._samples[top : top + _BAND] for top in tops])
        return len(drawing.encode_png(bands)) * rows / len(bands)

    def lossless(self, max_bytes: int) -> bytes | None:
        """Return the lossless file; None: it does not fit."""
        if self._histogram.exact is not None:
            coded = self._encode(_COLOURS[0], 0.0)
            return coded.data if len(coded.data) <= max_bytes else None
        if self._whole > self._tuning.whole_share * max_bytes:
            return None
        for harder in (False, True):
            data = drawing.encode_png(self._samples, harder=harder)
            self._try(len(data), "PNG")
            if len(data) <= max_bytes:
                return data
            if len(data) > _HARDER * max_bytes:
                break
        return None

    def coarser(self, max_bytes: int) -> Iterator[_Coded]:
        """Yield the picture with the most colours that fit, first without and then with dithering."""
        if self._histogram.exact is None and self._whole > self._tuning.palette_share * max_bytes:
            return
        fits, best = len(_COLOURS), None
        low = tried = 0
        while low < fits:
            coded = self._encode(_COLOURS[tried], 0.0)
            if len(coded.data) <= max_bytes:
                fits, best = tried, coded
            else:
                low = tried + 1
            wanted = _COLOURS[tried] * (max_bytes / len(coded.data)) ** self._tuning.colours_power
            guess = next((index for index, colours in enumerate(_COLOURS) if colours <= wanted), fits)
            tried = min(max(guess, low), fits - 1)
        if best is None:
            return
        yield best
        for colours in _COLOURS[fits : fits + 1 + self._tuning.dither_steps]:
            coded = self._encode(colours, self._tuning.dither)
            if len(coded.data) <= max_bytes:
                yield coded
                return

    @staged("encode")
    def _encode(self, colours: int, dither: float) -> _Coded:
        """Return the picture with a number of colours; results are kept."""
        key = (colours, dither)
        if key not in self._made:
            plain = self._made.get((colours, 0.0))
            palette = self._histogram.palette(colours) if plain is None else plain.palette
            indices = drawing.index(self._pixels, palette, dither=dither)
            coded = _Coded(drawing.encode_png(indices, palette), indices, palette, dither)
            self._try(len(coded.data), f"PNG with {coded.words}")
            self._made[key] = coded
        return self._made[key]

    def _try(self, size: int, setting: str) -> None:
        rows, columns = self._samples.shape[:2]
        self._trials.append(Trial(columns, rows, None, size, setting))


def _jpegs(
    small: NDArray[np.uint8], original: NDArray[np.uint8], max_bytes: int, trials: list[Trial]
) -> Iterator[Drawn]:
    """Yield the JPEG files with the highest quality that fits at one size, in 4:4:4 and in 4:2:0."""
    height, width = small.shape[:2]
    for sampling in ("4:4:4", "4:2:0"):
        planes = drawing.planes(small, sampling)
        picture = Coefficients.of(planes, width, height, sampling=sampling)
        estimated = estimate(picture, max_bytes)
        beyond = overshoot(estimated)
        if beyond and planes[0].max() == _WHITE:
            estimated = estimate(picture.with_overshoot(planes[0], beyond), max_bytes)
        choice = search(estimated)
        trials.extend(choice.trials)
        if choice.quality is not None:
            data = choice.encode()
            score = _score(original, drawing.decode(data))
            words = f"JPEG, {sampling}" if len(planes) == 3 else "JPEG, gray"
            yield Drawn(data, "image/jpeg", width, height, round(choice.quality, 2), score, None, words)
        if len(planes) == 1:
            return
