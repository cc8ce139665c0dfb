"""Fit camera photos under a byte limit, beside rivals: time, quality and share of the limit."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import pytest
from PIL import Image

import transcode
from bench import corpus, engines, judge, plot, rivals, size
from bench.engines import OURS, Engine
from bench.stored import ABSENT, Row, nested

TITLE = "Photos under a cap"

ONE_THREAD = True

#: Tasks: the box in pixels and the limit in bytes.
TASKS = corpus.tasks(
    ((2592, 1944), 1_047_000),
    ((2592, 1944), 305_700),
    ((1600, 1200), 612_900),
    ((640, 480), 100_900),
    ((1440, 1080), 30_000),
    ((1440, 1080), 60_000),
    ((1440, 1080), 120_000),
)
#: The tasks of a quick run.
FEW = ["1440 x 1080, 60,000 B", "640 x 480, 100,900 B"]

FLOOR = "decode only"


def ours(data: bytes, box: tuple[int, int], cap: int) -> bytes:
    return transcode.fit(data, transcode.Limits(cap, *box)).data


ENGINES = {FLOOR: Engine(rivals.decode_only), OURS: Engine(ours), **rivals.ENGINES}

#: Rounds of fast engines; other engines run once.
ROUNDS = {OURS: 5, FLOOR: 5, "Pillow-SIMD loop": 3, "OpenCV loop": 3}

#: Renditions that the package ssimulacra2 also scores, as a check of our kernel.
CHECKED = {(FEW[0], name) for name in size.some(corpus.names()[:6], 1, 0)}


@lru_cache(maxsize=1)
def reference(name: str, box: tuple[int, int]) -> Image.Image:
    return judge.reference(corpus.photo(name), box)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("photo", size.some(corpus.names(), 2))
@pytest.mark.parametrize("task", size.pick(list(TASKS), FEW, FEW[:1]))
def test_image(measure: Any, task: str, photo: str, engine: str) -> None:
    box, cap = TASKS[task]
    data = corpus.photo(photo)
    made = measure(lambda: ENGINES[engine].work(data, box, cap), rounds=ROUNDS.get(engine, 1))
    if made is None:
        return
    points = judge.score(made, reference(photo, box))
    measure.tell(bytes=len(made), share=len(made) / cap, points=points)
    if engine == OURS and (task, photo) in CHECKED and engines.module("ssimulacra2"):
        measure.tell(apart=points - judge.published(made, reference(photo, box)))


Task = dict[str, dict[str, dict[str, Any]]]


def lines(rows: Sequence[Row]) -> list[str]:
    tasks: dict[str, Task] = nested(rows, "task", "photo", "engine")
    checks = [abs(row.told["apart"]) for row in rows if "apart" in row.told]
    words = (
        f"the Python package ssimulacra2 agreed within {max(checks):.4f} points on"
        f" {len(checks)} renditions of this run"
        if checks
        else "the Python package ssimulacra2 was not available as a check"
    )
    photos = {row.given["photo"] for row in rows}
    kind = "camera photos of 8 to 22 megapixels" if photos <= set(corpus.PHOTOS) else "generated photos"
    engines = list(dict.fromkeys(row.given["engine"] for row in rows if row.given["engine"] != FLOOR))
    return [
        f"{len(photos)} {kind}. Quality is SSIMULACRA2 by",
        f"this project's kernel; {words}.",
        "Each rendition is decoded, enlarged by Lanczos to the size that the box allows, and compared with",
        "the original reduced to that size by Pillow's Lanczos. Times are milliseconds of processor time, on",
        "one thread.",
        "The highest quality of transcode is 99 on the IJG scale: a larger cap is not filled.",
        '"Decode only" is the floor of all times: the scaled decode of libjpeg-turbo, as Pillow calls it.',
        "",
        "![quality against bytes, and time](image.svg)",
        "",
        "### Time",
        "",
        "Total time / time beyond the scaled decode, medians over the photos.",
        "",
        *_table(tasks, [*engines, FLOOR], _times),
        "",
        *_table(tasks, list(_RATIOS), lambda task, row: _RATIOS[row](task)),
        "",
        "### Quality",
        "",
        "Mean points / worst photo / median share of the cap. If an engine met the cap only on some photos,",
        "the figures are of those photos, and their number is given.",
        "",
        *_table(tasks, engines, _points),
        "",
        *_table(tasks, list(_GAINS), lambda task, row: _GAINS[row](task)),
        *_held(tasks),
    ]


def _held(tasks: dict[str, Task]) -> list[str]:
    """The table of gains on the held-out photos."""
    held = {
        words: {photo: row for photo, row in task.items() if photo in corpus.HELD}
        for words, task in tasks.items()
    }
    count = max(map(len, held.values()))
    if not count:
        return []
    return [
        "",
        f"The same for the {count} photos on which tables, dead zones and lambdas were not tuned.",
        "",
        *_table(held, list(_GAINS), lambda task, row: _GAINS[row](task)),
    ]


def _table(tasks: dict[str, Task], rows: list[str], cell: Callable[[Task, str], str]) -> Iterator[str]:
    yield "| | " + " | ".join(tasks) + " |"
    yield "|---" * (len(tasks) + 1) + "|"
    for row in rows:
        yield f"| {row} | " + " | ".join(cell(task, row) for task in tasks.values()) + " |"


def _of(task: Task, engine: str) -> list[dict[str, Any]]:
    """The figures of an engine."""
    return [row[engine] for row in task.values() if engine in row]


def _total(task: Task, engine: str) -> float:
    return statistics.median(float(row["ms"]) for row in _of(task, engine))


def _beyond(task: Task, engine: str) -> float:
    """The median time beyond the scaled decode of the same photo, in ms."""
    both = [row for row in task.values() if engine in row and FLOOR in row]
    return statistics.median(float(row[engine]["ms"] - row[FLOOR]["ms"]) for row in both)


def _times(task: Task, engine: str) -> str:
    if not _of(task, engine):
        return ABSENT
    total = f"{_total(task, engine):.1f}"
    return total if engine == FLOOR else f"{total} / {_beyond(task, engine):.1f}"


def _meeting(task: Task) -> list[str]:
    """The rivals that meet the limit on every photo."""
    return [
        engine
        for engine in rivals.ENGINES
        if _of(task, engine) and all("bytes" in row for row in _of(task, engine))
    ]


def _faster(task: Task, others: list[str]) -> str:
    """The ratio of the fastest given rival's time to ours, as text."""
    there = [other for other in others if _of(task, other)]
    if not there or not _of(task, OURS):
        return ABSENT
    return f"{min(_total(task, other) for other in there) / _total(task, OURS):.1f}"


def _share_beyond(task: Task) -> str:
    if not _meeting(task) or not _of(task, OURS):
        return ABSENT
    return f"{_beyond(task, OURS) / min(_beyond(task, rival) for rival in _meeting(task)):.0%}"


_RATIOS: dict[str, Callable[[Task], str]] = {
    "beyond decode, share of the fastest rival's": _share_beyond,
    "in total, times faster than the fastest rival": lambda task: _faster(task, _meeting(task)),
    "in total, times faster than libvips": lambda task: _faster(task, ["libvips loop"]),
}


def _points(task: Task, engine: str) -> str:
    rows = _of(task, engine)
    if not rows:
        return ABSENT
    made = [row for row in rows if "bytes" in row]
    if not made:
        return "none met the cap"
    share = statistics.median(row["share"] for row in made)
    points = [row["points"] for row in made]
    some = f" ({len(made)} of {len(rows)})" if len(made) < len(rows) else ""
    return f"{statistics.mean(points):.1f} / {min(points):.1f} / {share:.1%}{some}"


def _mean(task: Task, engine: str) -> float:
    return statistics.mean(float(row["points"]) for row in _of(task, engine))


def _ahead(task: Task) -> list[float]:
    """Points above the best rival for each photo."""
    found = []
    for row in task.values():
        others = [row[each]["points"] for each in rivals.ENGINES if "points" in row.get(each, ())]
        if others and OURS in row:
            found.append(row[OURS]["points"] - max(others))
    return found


def _where_there_are_rivals(tell: Callable[[Task], str]) -> Callable[[Task], str]:
    return lambda task: tell(task) if _ahead(task) and _meeting(task) else ABSENT


_GAINS: dict[str, Callable[[Task], str]] = {
    "mean points over the best rival's mean": _where_there_are_rivals(
        lambda task: f"{_mean(task, OURS) - max(_mean(task, rival) for rival in _meeting(task)):+.1f}"
    ),
    "photos more than a point below their best rival": _where_there_are_rivals(
        lambda task: f"{sum(points < -1 for points in _ahead(task))}"
    ),
    "the photo that is furthest behind, or least ahead": _where_there_are_rivals(
        lambda task: f"{min(_ahead(task)):+.1f}"
    ),
}


def figure(rows: Sequence[Row]) -> str:
    """Quality against bytes for the box with three limits, and time for all tasks."""
    tasks: dict[str, Task] = nested(rows, "task", "photo", "engine")
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    bars: dict[str, dict[str, float]] = {}
    for words, task in tasks.items():
        there = [engine for engine in (OURS, *_meeting(task)) if _of(task, engine)]
        bars[words] = {engine: _total(task, engine) for engine in (*there, FLOOR) if _of(task, engine)}
        for engine in there if words.startswith("1440") else ():
            kilobytes = statistics.mean(row["bytes"] for row in _of(task, engine)) / 1e3
            curves[engine].append((kilobytes, _mean(task, engine)))
    return plot.figure(curves, bars)
