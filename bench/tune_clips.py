"""Measure the effect of the numbers of clips: ``python bench/tune_clips.py [--small]``.

The tool tries smaller and larger values of each number of transcode.fit.clips.clip_tuning, with all other
numbers unchanged, on clips of the shared corpus under several limits. The score is the mean of SSIMULACRA2
and 100 x SSIM between rendition and source at evenly spaced moments. SSIMULACRA2 alone favours fewer
pixels, and SSIM alone more.
"""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import corpus, tuning
from transcode.errors import BudgetError
from transcode.fit.clips.clip_tuning import TUNING, Tuning
from transcode.fit.clips.video import fit_video, window_of
from transcode.fit.sound.sounds import Sounds
from transcode.media.samples.score import ssimulacra2
from transcode.media.source import inputs
from transcode.media.source.container import open_container
from transcode.model import FitOptions, Limits, Rendition

#: Clips without rotation, and the bit rates of their renditions in kbit/s.
ALL = {
    "drone_hevc_86s.mp4": (60, 150, 400),
    "h264_aac_31s.mov": (60, 150, 400),
    "h264_stream_of_water.mp4": (60, 150, 400),
    "no_audio_40s_360p.mp4": (30, 60, 120),
    "phone_320x240_60fps_15s.mp4": (40, 100, 250),
    "vp9_47s_320.mp4": (30, 60, 120),
    "av1_sdr_20s.webm": (40, 80, 150),
}
SMALL = {"h264_stream_of_water.mp4": (150,), "vp9_47s_320.mp4": (60,), "phone_320x240_60fps_15s.mp4": (100,)}
SECONDS, SMALL_SECONDS = 10.0, 2.0

#: An easy, a usual and a hard clip for canvas_bits_per_pixel, in their first SECONDS: in shorter ones most
#: bits belong to the first frame. At these rates the canvases compete. On a larger canvas easy clips score
#: more down to half of the bits in use, but hard clips fall to pieces.
ON_CANVAS = {"no_audio_40s_360p.mp4": (40,), "vp9_47s_320.mp4": (40,), "av1_sdr_20s.webm": (80,)}

#: Number of moments that are scored, and the longer side of their frames in pixels.
MOMENTS, SIDE = 6, 480

#: Limits of a current receiver, and of a receiver of codecs with fixed frame sizes.
TODAY: dict[str, Any] = {}
OLD: dict[str, Any] = {"formats": ("image/jpeg", "video/3gpp"), "codecs": ("mpeg4", "h263", "amr_nb")}

#: Values that are tried besides the values in use.
VALUES: dict[str, tuple[Any, ...]] = {
    "bits_per_pixel": (0.012, 0.02, 0.05, 0.1),
    "usual_rate": (8.0, 60.0),
    "growth": (0.5, 1.1),
    "most_growth": (1.0, 4.0),
    "plenty": (1.0, 4.0),
    "rates": (
        ((50_000, 8.0), (np.inf, 30.5)),
        ((50_000, 30.5), (np.inf, 30.5)),
        ((50_000, 15.5), (np.inf, 12.5)),
    ),
    "still": (0.0, 0.05),
    "fluent": (10.0, 40.0),
    "scarce": (0.03, 0.3),
    "coarse": (10.0, 30.0),
    "coarsest": (34.0, 50.0),
    "bearable": (30.0, 44.0),
    "fine": (25.0, 37.0),
    "quantiser_step": (1.5, 7.0),
}
EFFICIENT = (
    {"hevc": 1.0, "vp9": 1.0, "av1": 1.0},
    {"hevc": 2.5, "vp9": 2.5, "av1": 2.5},
)


def moments(
    data: Any, seconds: float, size: tuple[int, int] | None = None, *, is_framed: bool = False
) -> list[NDArray[np.uint8]]:
    """The frames at evenly spaced moments of the first seconds of a file: rows x columns x 3 each.

    Args:
        data: the file, or its path.
        seconds: how much of the file is used.
        size: width and height of the result. None: those of the file, within SIDE pixels.
        is_framed: whether the frames are pictures of this aspect ratio with black bars around them.
    """
    found: list[NDArray[np.uint8]] = []
    shown = None
    with av.open(data) as container:
        begin = None
        for frame in container.decode(video=0):
            begin = frame.time if begin is None else begin
            while shown is not None and len(found) < MOMENTS:
                if frame.time - begin <= (len(found) + 0.5) / MOMENTS * seconds:
                    break
                found.append(shown)
            if len(found) == MOMENTS:
                break
            if size is None:
                scale = min(1.0, SIDE / max(frame.width, frame.height))
                size = round(frame.width * scale), round(frame.height * scale)
            if is_framed:
                frame = inside(frame, size)
            way = "AREA" if frame.width > size[0] else "BICUBIC"
            shown = np.asarray(
                frame.reformat(*size, format="rgb24", interpolation=way).to_ndarray(), np.uint8
            )
    if shown is None:
        raise ValueError("the file has no frames")
    return [*found, *[shown] * (MOMENTS - len(found))]


def inside(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    """A frame without the black bars around its picture, which has this aspect ratio and is no larger."""
    whole = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    scale = min(1.0, frame.width / size[0], frame.height / size[1])
    width, height = (int(side * scale / 2 + 0.01) * 2 for side in size)
    top, left = (frame.height - height) // 4 * 2, (frame.width - width) // 4 * 2
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(whole[top : top + height, left : left + width]))


def ssim(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The mean structural similarity of luma in blocks of 8 x 8 (Wang et al. 2004)."""
    rows, columns = (side // 8 * 8 for side in first.shape[:2])
    blocks = []
    for picture in (first, second):
        luma = picture[:rows, :columns].astype(np.float64) @ (0.299, 0.587, 0.114)
        blocks.append(luma.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2).reshape(-1, 64))
    means = [each.mean(1) for each in blocks]
    together = (blocks[0] * blocks[1]).mean(1) - means[0] * means[1]
    small, smaller = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * means[0] * means[1] + small) * (2 * together + smaller)
    below = (means[0] ** 2 + means[1] ** 2 + small) * (blocks[0].var(1) + blocks[1].var(1) + smaller)
    return float((above / below).mean())


@cache
def reference(name: str, seconds: float) -> list[NDArray[np.uint8]]:
    """The frames of the source."""
    return moments(str(corpus.folder("video") / name), seconds)


@cache
def score(name: str, seconds: float, data: bytes, *, is_framed: bool = False) -> float:
    """The mean score of a rendition; cached, because different numbers may give equal renditions."""
    wanted = reference(name, seconds)
    made = moments(io.BytesIO(data), seconds, wanted[0].shape[1::-1], is_framed=is_framed)
    points = [(ssimulacra2(*pair) + 100 * ssim(*pair)) / 2 for pair in zip(wanted, made, strict=True)]
    return float(np.mean(points))


def fitted(
    name: str, seconds: float, rate: int, receiver: dict[str, Any], numbers: Tuning
) -> Rendition | None:
    """The rendition of the first seconds of a clip at a bit rate in kbit/s; None if nothing fits."""
    content = inputs.read(corpus.folder("video") / name)
    limits = Limits(round(rate * 125 * seconds), **receiver)
    options = FitOptions(max_seconds=seconds)
    with open_container(content) as container:
        window = window_of(content, container, limits, options)
    try:
        return fit_video(Sounds(content), window, limits, options, tuning=numbers)
    except BudgetError:
        return None


def measured(
    media: Mapping[str, tuple[int, ...]], seconds: float, receiver: dict[str, Any]
) -> Callable[[Tuning], float]:
    """A function that returns the mean score over clips and bit rates; 0 for what does not fit."""

    def worth(numbers: Tuning) -> float:
        found = []
        for name, rates in media.items():
            for rate in rates:
                made = fitted(name, seconds, rate, receiver, numbers)
                points = 0.0
                if made is not None:
                    points = score(name, seconds, bytes(made.data), is_framed=receiver is OLD)
                found.append(points)
        return float(np.mean(found))

    return worth


def encodings(media: Mapping[str, tuple[int, ...]], seconds: float) -> Callable[[Tuning], float]:
    """A function that returns minus the mean number of encodings; 10 for what does not fit."""

    def worth(numbers: Tuning) -> float:
        found = []
        for name, rates in media.items():
            for rate in rates:
                made = fitted(name, seconds, rate, TODAY, numbers)
                found.append(10 if made is None else len(made.report.trials))
        return -float(np.mean(found))

    return worth


def compared(
    media: Mapping[str, tuple[int, ...]],
    seconds: float,
    on_canvas: Mapping[str, tuple[int, ...]],
    *,
    lost: float,
) -> Iterator[tuning.Finding]:
    """The findings of all numbers, each compared with the values that are tried."""
    worth = measured(media, seconds, TODAY)
    for name, values in VALUES.items():
        yield tuning.sweep(TUNING, name, worth, lost=lost, values=values)
    others = {f"{each['hevc']:g}": worth(tuning.changed(TUNING, "efficient", each)) for each in EFFICIENT}
    found = {"in use": tuning.in_use(worth, TUNING), **others}
    yield tuning.best(TUNING, "efficient", found, lost=lost, value="in use")
    old = measured(on_canvas, SECONDS, OLD)
    yield tuning.sweep(TUNING, "canvas_bits_per_pixel", old, lost=lost, values=(0.04, 0.2))
    passes = encodings(media, seconds)
    yield tuning.sweep(TUNING, "margin", passes, lost=0.3, values=(0.9, 0.997), unit="encodings")


def findings() -> Iterator[tuning.Finding]:
    """The findings on the first seconds of three clips, and of three longer ones on canvases."""
    yield from compared(SMALL, SMALL_SECONDS, ON_CANVAS, lost=2.0)


def main() -> int:
    return tuning.check(__doc__, findings, lambda: compared(ALL, SECONDS, ALL, lost=0.5))


if __name__ == "__main__":
    raise SystemExit(main())
