"""Screenshots, documents and drawings under a limit in bytes.

What is drawn has flat areas, few colours and sharp edges: PNG keeps it whole where JPEG rings around
every letter, and a JPEG with chroma at full resolution keeps coloured text. Which of them looks best
within the limit is asked of SSIMULACRA2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transcode.fit.pictures.jpeg import estimate, overshoot, search
from transcode.fit.pictures.palette import Histogram
from transcode.media.pictures import drawing
from transcode.media.samples.coefficients import Coefficients
from transcode.media.samples.score import ssimulacra2
from transcode.model import Trial
from transcode.model.tuning import Tool, tuned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["TUNING", "Drawn", "Tuning", "best_drawing", "is_drawn"]

_GRAPHICS = Tool("bench/tune_graphics.py", "graphics")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a drawing is, and how it is brought under a limit. Scores and points are SSIMULACRA2."""

    edge: int = tuned(
        48, "From this difference of luma between neighbours on it is an edge.", unit="levels", by=_GRAPHICS
    )
    edges: float = tuned(
        0.01,
        "What is drawn has edges: on more than this share of the pixels. At 1600 x 1200 this and the numbers"
        " up to soft held for all of six screenshots, documents and drawings, at 640 x 480 for all but the"
        " most crowded one, and for none of 40 camera photos.",
        unit="share of pixels",
        by=_GRAPHICS,
    )
    flat: float = tuned(
        0.8,
        "And it is flat: more than this share equal their neighbours, to the right and below.",
        unit="share of pixels",
        by=_GRAPHICS,
    )
    noisy: float = tuned(
        0.35,
        "Between this share and that it is still drawn when of the others few differ by a little only, as"
        " noise and shades do.",
        unit="share of pixels",
        by=_GRAPHICS,
    )
    little: int = tuned(4, "What a little is.", unit="levels", by=_GRAPHICS)
    soft: float = tuned(
        0.48, "Few are no more than this share of the others.", unit="share of pixels", by=_GRAPHICS
    )
    crowded: float = tuned(
        0.15,
        "From a file without loss, in which cameras store no photos, more than this share that are flat will"
        " do with more edges: the most crowded screenshot has 0.19 and scores 12 points more as a drawing.",
        unit="share of pixels",
        by=_GRAPHICS,
    )
    crowded_edges: float = tuned(
        0.05,
        "So many edges: that one has 0.07, and of 40 camera photos at 640 x 480 none has as many as this.",
        unit="share of pixels",
        by=_GRAPHICS,
    )
    colours_power: float = tuned(
        3.5,
        "How the number of colours grows with the size of the file: 24 take half of the bytes that 256 take.",
        unit="power",
        by=_GRAPHICS,
    )
    dither: float = tuned(
        0.75,
        "The share of an error that goes to the neighbours where a picture is dithered.",
        unit="share of an error",
        by=_GRAPHICS,
    )
    dither_gain: float = tuned(
        8.0, "The most that dithering gains over the same without.", unit="points", by=_GRAPHICS
    )
    dither_steps: int = tuned(
        2,
        "Dithering takes up to 15 % more bytes: this many numbers of colours more are tried.",
        unit="steps of colours",
        by=_GRAPHICS,
    )
    excellent: float = tuned(
        94.0,
        "A JPEG above this score has no rival in a palette that stands for more colours than it has.",
        unit="points",
        by=_GRAPHICS,
    )
    palette_share: float = tuned(
        0.6,
        "A file with a palette is less than half as large as one without, in all pictures that were looked"
        " at: where it takes more than this share of the limit, the other is not made.",
        unit="share of the limit",
        by=_GRAPHICS,
    )
    good_score: float = tuned(
        65.0, "From this score on a picture is not made smaller to look better.", unit="points", by=_GRAPHICS
    )
    worse: float = tuned(
        3.0,
        "When a smaller picture lost more than this, no smaller one is tried.",
        unit="points",
        by=_GRAPHICS,
    )


TUNING = Tuning()

#: Rows that are looked at: chosen, as more of them take time and tell the same.
_ROWS = 256

#: Luma that a decoder cuts off at (T.81, A.3.1, eight bits). Letters ring less when the coder exceeds it:
#: JPEG files of pages in black on white gained 1 to 9 points at the same bytes, screenshots in fine steps
#: nothing, and none lost more than 0.1; photos with blown highlights gained nothing either, and go without.
_WHITE = 255

#: The fewest pixels of a side that SSIMULACRA2 is defined for.
_SMALLEST_SIDE = 8

#: Colours of a palette, from the best down: a ladder, half as many every other step.
_COLOURS = (256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2)

#: Sizes that are tried in turn, as shares of width and height: a ladder, half the pixels each step.
_SHRINKS = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18, 0.125, 0.0625, 0.03)

#: Below this score nothing is recognised: smaller sizes are tried even where one lost points, since what
#: looks best there may be far smaller. Chosen.
_RECOGNISED = 0.0

#: The score of what is the same, pixel for pixel.
_LOSSLESS = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A rendition of a drawing.

    Attributes:
        data: the file.
        content_type: ``"image/png"`` or ``"image/jpeg"``.
        width, height: size in pixels.
        quality: of a JPEG, on the IJG scale; None for PNG.
        score: SSIMULACRA2 against the drawing at the size of the box.
        colours: of a palette that stands for more colours than it has; else None.
        setting: in words.
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
    """Whether a picture looks like a screenshot, a document or a drawing. It takes a millisecond or two.

    Args:
        luma: the picture at its final size, rows x columns.
        lossless: whether it comes from a file that keeps every pixel.
        tuning: the measured constants.
    """
    if min(luma.shape) < _SMALLEST_SIDE:
        return False
    step = max(1, luma.shape[0] // _ROWS)
    here, right, below = luma[:-1:step, :-1], luma[:-1:step, 1:], luma[1::step, :-1]
    flat = float(((here == right) & (here == below)).mean())
    if flat < (tuning.crowded if lossless else tuning.noisy):
        return False
    differences = np.maximum(here, right) - np.minimum(here, right)
    least = tuning.edges if flat >= tuning.noisy else tuning.crowded_edges
    if float((differences > tuning.edge).mean()) < least:
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
    """The rendition of a drawing that looks best within the limit; None when none fits.

    Args:
        samples: the drawing at the size of the box, rows x columns x 3.
        max_bytes: the limit.
        png, jpeg: whether the receiver shows them.
        trials: receives what was encoded, or counted.
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
    """The rendition of one size that looks best within the limit."""
    small = drawing.resize(samples, width, height)
    coder = _Coder(small, trials, tuning) if png else None
    if coder is not None:
        data = coder.lossless(max_bytes)
        if data is not None:
            score = _LOSSLESS if small is samples else _score(samples, small)
            return Drawn(data, "image/png", width, height, None, score, None, "PNG without loss")
    best: Drawn | None = None
    for made in _jpegs(small, samples, max_bytes, trials) if jpeg else ():
        best = made if best is None or made.score > best.score else best
    if coder is None or (best is not None and best.score > tuning.excellent):
        return best
    for coded in coder.coarser(max_bytes):
        score = _score(samples, coded.samples())
        if best is None or score > best.score:
            words = f"PNG of {coded.words}"
            best = Drawn(coded.data, "image/png", width, height, None, score, len(coded.palette), words)
        elif score < best.score - tuning.dither_gain:
            break
    return best


def _score(original: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
    """SSIMULACRA2 at the size of the original; what is too small for it is judged with pixels repeated."""
    height, width = original.shape[:2]
    pair = [original, drawing.resize(made, width, height)]
    for axis in (0, 1):
        factor = -(-_SMALLEST_SIDE // original.shape[axis])
        pair = [picture if factor == 1 else np.repeat(picture, factor, axis) for picture in pair]
    return ssimulacra2(*pair)


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A picture with a palette, and its file."""

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
    """A picture that is written as PNG in one way after another."""

    def __init__(self, samples: NDArray[np.uint8], trials: list[Trial], tuning: Tuning) -> None:
        self._samples = samples
        self._pixels = drawing.opaque(samples)
        self._histogram = Histogram(_COLOURS[0])
        self._histogram.add(self._pixels)
        self._trials = trials
        self._tuning = tuning
        self._made: dict[tuple[int, float], _Coded] = {}

    def lossless(self, max_bytes: int) -> bytes | None:
        """The file that keeps every pixel, when it fits."""
        coded = self._encode(_COLOURS[0], 0.0)
        if self._histogram.exact is not None:
            return coded.data if len(coded.data) <= max_bytes else None
        if len(coded.data) > self._tuning.palette_share * max_bytes:
            return None
        data = drawing.encode_png(self._samples)
        self._try(len(data), "PNG")
        return data if len(data) <= max_bytes else None

    def coarser(self, max_bytes: int) -> Iterator[_Coded]:
        """The picture with the most colours that fit, plain and then dithered."""
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

    def _encode(self, colours: int, dither: float) -> _Coded:
        """The picture with so many colours; made once."""
        key = (colours, dither)
        if key not in self._made:
            plain = self._made.get((colours, 0.0))
            palette = self._histogram.palette(colours) if plain is None else plain.palette
            indices = drawing.index(self._pixels, palette, dither=dither)
            coded = _Coded(drawing.encode_png(indices, palette), indices, palette, dither)
            self._try(len(coded.data), f"PNG of {coded.words}")
            self._made[key] = coded
        return self._made[key]

    def _try(self, size: int, setting: str) -> None:
        rows, columns = self._samples.shape[:2]
        self._trials.append(Trial(columns, rows, None, size, setting))


def _jpegs(
    small: NDArray[np.uint8], original: NDArray[np.uint8], max_bytes: int, trials: list[Trial]
) -> Iterator[Drawn]:
    """The finest JPEG files of one size that fit, with chroma at full and at half resolution."""
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
