"""The first fit of camera photos against what others would write: time, quality, use of the cap."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import transcode
from bench import corpus, judge, plot, rivals
from bench.timing import timed

TITLE = "Photos under a cap"

TASKS = (
    ((2592, 1944), 1_047_000),
    ((2592, 1944), 305_700),
    ((1600, 1200), 612_900),
    ((640, 480), 100_900),
    ((1440, 1080), 30_000),
    ((1440, 1080), 60_000),
    ((1440, 1080), 120_000),
)

OURS, FLOOR = "transcode", "decode only"

#: Rounds of what is quick; the others are timed once.
ROUNDS = {OURS: 5, FLOOR: 5, "Pillow-SIMD loop": 3, "OpenCV loop": 3}

#: Renditions that the published judge looks at too, to check ours.
CHECKED = 6

PICTURE = Path(__file__).parents[1] / "image.svg"


def run() -> dict[str, Any]:
    engines: dict[str, Callable[..., bytes | None]] = {OURS: _ours, **rivals.available()}
    found: dict[str, Any] = {"tasks": {}, "checks": [], "photos": list(corpus.photos())}
    for box, cap in TASKS:
        task = found["tasks"][f"{box[0]} x {box[1]}, {cap:,} B"] = {"cap": cap, "photos": {}}
        for name, data in corpus.photos().items():
            original = judge.reference(data, box)
            row = task["photos"][name] = {
                FLOOR: {"ms": timed(lambda: rivals.decode_only(data, box, cap), ROUNDS[FLOOR])[0]}  # noqa: B023
            }
            for engine, fit in engines.items():
                ms, made = timed(lambda: fit(data, box, cap), ROUNDS.get(engine, 1))  # noqa: B023
                row[engine] = {"ms": ms}
                if made is None:
                    continue
                row[engine].update(bytes=len(made), points=judge.score(made, original))
                if box[0] < 2000 and engine == OURS and len(found["checks"]) < CHECKED:
                    _check(found["checks"], made, original, row[engine]["points"])
    return found


def _ours(data: bytes, box: tuple[int, int], cap: int) -> bytes:
    return transcode.fit(data, transcode.Limits(cap, *box)).data


def _check(checks: list[float], made: bytes, original: Any, points: float) -> None:
    if find_spec("ssimulacra2"):
        checks.append(points - judge.published(made, original))


def lines(stored: dict[str, Any]) -> list[str]:
    tasks: dict[str, Any] = stored["tasks"]
    checks = stored["checks"]
    words = (
        f"the Python package ssimulacra2 gave the same within {max(map(abs, checks)):.4f} points on"
        f" {len(checks)} renditions of this run"
        if checks
        else "the Python package ssimulacra2 was not there to check it"
    )
    _draw(tasks)
    return [
        f"{len(stored['photos'])} camera photos of 8 to 22 megapixels. The judge is SSIMULACRA2 by",
        f"this project's kernel; {words}.",
        "A rendition is decoded, enlarged by Lanczos to the size that the box allows, and compared with the",
        "original reduced to that size by Pillow's Lanczos. Times are milliseconds of processor time, on one",
        "thread.",
        "The ceiling of transcode is quality 99 on the IJG scale: a cap with room for more is not filled.",
        '"Decode only" is no engine but the floor: the scaled decode of libjpeg-turbo, as Pillow calls it.',
        "",
        "![quality against bytes, and time](image.svg)",
        "",
        "### Time",
        "",
        "In total / beyond the scaled decode, medians over the photos.",
        "",
        *_table(tasks, [*_engines(tasks), FLOOR], _times),
        "",
        *_table(tasks, list(_RATIOS), _ratio),
        "",
        "### Quality",
        "",
        "Mean points / worst photo / median share of the cap. An engine that met the cap on some photos only",
        "is judged on those, and says so.",
        "",
        *_table(tasks, _engines(tasks), _points),
        "",
        *_table(tasks, list(_GAINS), _gain),
        *_held(tasks),
    ]


def _held(tasks: dict[str, Any]) -> list[str]:
    """The gains on the photos that had no say in tuning."""
    names = [name for name in next(iter(tasks.values()))["photos"] if name in corpus.HELD]
    if not names:
        return []
    held = {
        words: {**task, "photos": {name: task["photos"][name] for name in names}}
        for words, task in tasks.items()
    }
    return [
        "",
        f"The same of the {len(names)} photos that tables, dead zones and prices were not tuned on.",
        "",
        *_table(held, list(_GAINS), _gain),
    ]


def _engines(tasks: dict[str, Any]) -> list[str]:
    rows = next(iter(tasks.values()))["photos"].values()
    return [engine for engine in next(iter(rows)) if engine != FLOOR]


def _table(tasks: dict[str, Any], rows: list[str], cell: Callable[[Any, str], str]) -> Iterator[str]:
    yield "| | " + " | ".join(tasks) + " |"
    yield "|---" * (len(tasks) + 1) + "|"
    for row in rows:
        yield f"| {row} | " + " | ".join(cell(task, row) for task in tasks.values()) + " |"


def _times(task: Any, engine: str) -> str:
    total = statistics.median(row[engine]["ms"] for row in task["photos"].values())
    if engine == FLOOR:
        return f"{total:.1f}"
    return f"{total:.1f} / {_beyond(task, engine):.1f}"


def _beyond(task: Any, engine: str) -> float:
    """Milliseconds beyond the scaled decode of the same photo, median."""
    return statistics.median(row[engine]["ms"] - row[FLOOR]["ms"] for row in task["photos"].values())


def _meeting(task: Any) -> list[str]:
    """The rivals that meet the cap on every photo."""
    photos = list(task["photos"].values())
    return [
        engine
        for engine in photos[0]
        if engine not in (OURS, FLOOR) and all("bytes" in row[engine] for row in photos)
    ]


_RATIOS = {
    "beyond decode, share of the fastest rival's": lambda task: (
        f"{_beyond(task, OURS) / min(_beyond(task, rival) for rival in _meeting(task)):.0%}"
    ),
    "in total, times faster than the fastest rival": lambda task: (
        f"{min(_total(task, rival) for rival in _meeting(task)) / _total(task, OURS):.1f}"
    ),
    "in total, times faster than libvips": lambda task: (
        f"{_total(task, 'libvips loop') / _total(task, OURS):.1f}"
        if "libvips loop" in next(iter(task["photos"].values()))
        else "-"
    ),
}


def _total(task: Any, engine: str) -> float:
    return statistics.median(row[engine]["ms"] for row in task["photos"].values())


def _ratio(task: Any, row: str) -> str:
    return _RATIOS[row](task)


def _points(task: Any, engine: str) -> str:
    made = [row[engine] for row in task["photos"].values() if "bytes" in row[engine]]
    if not made:
        return "none met the cap"
    share = statistics.median(row["bytes"] / task["cap"] for row in made)
    points = [row["points"] for row in made]
    some = f" ({len(made)} of {len(task['photos'])})" if len(made) < len(task["photos"]) else ""
    return f"{statistics.mean(points):.1f} / {min(points):.1f} / {share:.1%}{some}"


def _ahead(task: Any) -> list[float]:
    """Points over the best rival, photo by photo."""
    return [
        row[OURS]["points"]
        - max(made["points"] for engine, made in row.items() if engine != OURS and "points" in made)
        for row in task["photos"].values()
    ]


def _best_mean(task: Any) -> float:
    return max(
        statistics.mean(row[rival]["points"] for row in task["photos"].values()) for rival in _meeting(task)
    )


_GAINS = {
    "mean points over the best rival's mean": lambda task: (
        f"{statistics.mean(row[OURS]['points'] for row in task['photos'].values()) - _best_mean(task):+.1f}"
    ),
    "photos more than a point below their best rival": lambda task: (
        f"{sum(points < -1 for points in _ahead(task))}"
    ),
    "the photo that is furthest behind, or least ahead": lambda task: f"{min(_ahead(task)):+.1f}",
}


def _gain(task: Any, row: str) -> str:
    return _GAINS[row](task)


def _draw(tasks: dict[str, Any]) -> None:
    """Quality against bytes at the box that has three caps; time at all tasks."""
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for words, task in tasks.items():
        if not words.startswith("1440"):
            continue
        for engine in (OURS, *_meeting(task)):
            rows = [row[engine] for row in task["photos"].values()]
            point = (
                statistics.mean(row["bytes"] for row in rows) / 1e3,
                statistics.mean(row["points"] for row in rows),
            )
            curves[engine].append(point)
    bars = {
        words: {engine: _total(task, engine) for engine in (OURS, *_meeting(task), FLOOR)}
        for words, task in tasks.items()
    }
    PICTURE.write_text(plot.figure(curves, bars))
