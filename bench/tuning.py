"""Whether numbers that were found by measuring are found again: what the tools tune_*.py share.

A tool has ``findings()``, which measures a small part of its corpus and gives a Finding for each number
that is its own. A number is found again in one of two ways: as the figure that was measured, within a
part of it; or as the one of several that is best by a judge, or loses no more to the best than is told.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

#: The tools, the longest first.
TOOLS = ("clips", "animation", "jpeg", "sound", "size", "graphics", "share", "tables")

Tuning = TypeVar("Tuning")


@dataclass(frozen=True)
class Finding:
    """A number in use, and what a tool finds.

    Attributes:
        name: module and field, such as ``"fit.pictures.image few_bytes"``.
        value: in use, in words.
        found: by the tool, in words.
        tolerance: in words.
        is_found: whether it was found again.
        tells: whether another value would not have been.
    """

    name: str
    value: str
    found: str
    tolerance: str
    is_found: bool
    tells: bool = True


def name_of(tuning: Any, field: str) -> str:
    """Module and field."""
    if field not in {each.name for each in fields(tuning)}:
        raise ValueError(f"{type(tuning).__module__} has no number {field}")
    return f"{type(tuning).__module__.removeprefix('transcode.')} {field}"


def near(
    tuning: Any, field: str, found: float, *, within: float, value: float | None = None, part: str = ""
) -> Finding:
    """A number that was measured.

    Args:
        tuning: the numbers in use.
        field: which of them.
        found: the figure.
        within: how far the number in use may be from it, in units of the number.
        value: the number in use, where the field has several.
        part: which of them, in words.
    """
    value = getattr(tuning, field) if value is None else value
    is_found = abs(found - value) <= within
    label = f"{name_of(tuning, field)} {part}".strip()
    return Finding(
        label, f"{value:g}", f"{found:.3g}", f"{within:g}", is_found, tells=within < abs(value) * 2
    )


def best(
    tuning: Any,
    field: str,
    scores: Mapping[Any, float],
    *,
    lost: float,
    unit: str = "points",
    value: Any = None,
    part: str = "",
) -> Finding:
    """A number that was compared with others.

    Args:
        tuning: the numbers in use.
        field: which of them.
        scores: by value, that in use among them; the most is best.
        lost: the most that the number in use may be below the best.
        unit: of the scores.
        value: that in use, where it is told in other words.
        part: of the field, in words.
    """
    value = getattr(tuning, field) if value is None else value
    most = max(scores, key=lambda each: scores[each])
    good = [each for each in scores if scores[each] >= scores[most] - lost]
    loses = scores[most] - scores[value]
    words = f"{_words(most)} (+{loses:.3f})" if loses > 0 else _words(most)
    tolerance = f"{lost:g} {unit}: {_words(good[0])} to {_words(good[-1])}"
    label = f"{name_of(tuning, field)} {part}".strip()
    return Finding(label, _words(value), words, tolerance, value in good, len(good) < len(scores))


def between(
    tuning: Any, field: str, gains: Mapping[float, float], *, least: float, unit: str = "points"
) -> Finding:
    """A threshold: below it something gains less than is worth its time, above it as much or more.

    Args:
        tuning: the numbers in use.
        field: which of them.
        gains: at a value below the threshold, and at one above it.
        least: the gain that is worth it.
        unit: of the gains.
    """
    (low, few), (high, much) = sorted(gains.items())
    value = getattr(tuning, field)
    is_found = low <= value <= high and few < least <= much
    words = f"{few:+.2f} at {low:g}, {much:+.2f} at {high:g}"
    return Finding(name_of(tuning, field), _words(value), words, f"{least:g} {unit} between", is_found)


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(_words(each) for each in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def sweep(
    tuning: Tuning,
    field: str,
    measure: Callable[[Tuning], float],
    *,
    lost: float,
    step: float = 1.5,
    values: Iterable[Any] | None = None,
    unit: str = "points",
) -> Finding:
    """One number multiplied and divided by a step, and by its square, or at given values, all others kept.

    Args:
        tuning: the numbers in use.
        field: which of them; of several numbers each is multiplied.
        measure: what numbers are worth.
        lost, unit: as for best().
        step: by which it is multiplied.
        values: instead; that in use is added.
    """
    value = getattr(tuning, field)
    if values is None:
        factors = [step**power for power in (-2, -1, 0, 1, 2)]
        if not isinstance(value, int | float):
            # Of several numbers the factor is told.
            scores = {factor: measure(changed(tuning, field, times(value, factor))) for factor in factors}
            return best(tuning, field, scores, lost=lost, unit=unit, value=1.0)
        values = [times(value, factor) for factor in factors]
    wanted = sorted({value, *values})
    scores = {each: measure(changed(tuning, field, each)) for each in wanted}
    return best(tuning, field, scores, lost=lost, unit=unit)


def changed(tuning: Tuning, field: str, value: Any) -> Tuning:
    """The numbers with another value of one."""
    made: Tuning = replace(tuning, **{field: value})  # type: ignore[type-var]
    return made


def times(value: Any, factor: float) -> Any:
    """A number, or each of several, multiplied."""
    if isinstance(value, tuple):
        return tuple(times(each, factor) for each in value)
    if isinstance(value, int):
        return max(1, math.floor(value * factor + 0.5))
    return value * factor


def table(found: Iterable[Finding]) -> tuple[str, bool]:
    """Findings as lines, and whether all numbers were found again."""
    rows = [("number", "in use", "found", "tolerance", "")]
    is_whole = True
    for each in found:
        told = ("found again" if each.tells else "found again, as any other") if each.is_found else "OFF"
        rows.append((each.name, each.value, each.found, each.tolerance, told))
        is_whole &= each.is_found
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines), is_whole


def tell(findings: Callable[[], Iterable[Finding]]) -> int:
    """Print what a tool finds; 1 where a number in use is not among it."""
    text, is_whole = table(findings())
    print(text)
    return 0 if is_whole else 1


def tunings() -> Iterator[Any]:
    """The numbers in use of each file of the package that has some."""
    package = Path(__file__).parents[1] / "transcode"
    for path in sorted(package.rglob("*.py")):
        if "\nTUNING = Tuning()" in path.read_text():
            name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
            yield import_module(name).TUNING


def numbers() -> dict[str, Mapping[str, Any]]:
    """What is said of each number, by its name."""
    return {
        name_of(each, field.name): field.metadata
        for each in tunings()
        for field in fields(each)
        if field.init
    }


def found_by(tool: str) -> list[Finding]:
    """What a tool finds on a small part of its corpus."""
    found: list[Finding] = list(import_module(f"bench.tune_{tool}").findings())
    return found


def run(tools: Iterable[str], jobs: int) -> int:
    """Print what tools find; 1 where a number in use is not found again, or is not looked at."""
    tools = list(tools) or list(TOOLS)
    found: list[Finding] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for tool, each in zip(tools, pool.map(found_by, tools), strict=True):
            print(f"{tool}: {len(each)} numbers", file=sys.stderr, flush=True)
            found += each
    text, is_whole = table(found)
    print(text)
    files = {f"bench/tune_{tool}.py" for tool in tools}
    seen = {" ".join(each.name.split()[:2]) for each in found}
    left = [name for name, about in numbers().items() if about["tool"] in files and name not in seen]
    for name in left:
        print(f"{name}: its tool does not look at it")
    return 0 if is_whole and not left else 1
