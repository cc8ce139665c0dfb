"""Check tuned numbers by measuring them again: functions that the tools tune_*.py share.

Each tool has ``findings()``, which measures a small part of its corpus and yields a Finding for each of its
numbers. A number is confirmed in one of two ways: it is within a tolerance of the measured figure, or its
score is within a tolerance of the best score among several values.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

#: The tools, sorted by descending run time.
TOOLS = ("clips", "animation", "jpeg", "sound", "size", "graphics", "share", "tables")

Tuning = TypeVar("Tuning")


@dataclass(frozen=True)
class Finding:
    """A number in use, and the result of measuring it again.

    Attributes:
        name: module and field, such as ``"fit.pictures.image few_bytes"``.
        value: the value in use, as text.
        found: the value that the tool found, as text.
        tolerance: the tolerance, as text.
        is_found: whether the value in use was confirmed.
        tells: whether the measurement would reject other values.
    """

    name: str
    value: str
    found: str
    tolerance: str
    is_found: bool
    tells: bool = True


def name_of(tuning: Any, field: str) -> str:
    """The name of a number: module and field."""
    if field not in {each.name for each in fields(tuning)}:
        raise ValueError(f"{type(tuning).__module__} has no number {field}")
    return f"{type(tuning).__module__.removeprefix('transcode.')} {field}"


def near(
    tuning: Any, field: str, found: float, *, within: float, value: float | None = None, part: str = ""
) -> Finding:
    """The finding of a number that was measured directly.

    Args:
        tuning: the numbers in use.
        field: the field of the number.
        found: the measured figure.
        within: the largest allowed difference, in units of the number.
        value: the number in use, if the field has several numbers.
        part: the name of this number, if the field has several numbers.
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
    """The finding of a number that was compared with other values.

    Args:
        tuning: the numbers in use.
        field: the field of the number.
        scores: scores by value, including the value in use; the highest score is best.
        lost: the largest allowed difference between the best score and the score of the value in use.
        unit: the unit of the scores.
        value: the key of the value in use, if it differs from the value.
        part: the name of this number, if the field has several numbers.
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
    """The finding of a threshold: below it the gain is less than ``least``, above it at least ``least``.

    Args:
        tuning: the numbers in use.
        field: the field of the threshold.
        gains: the gain at a value below the threshold and at a value above it.
        least: the smallest gain that is worth the time.
        unit: the unit of the gains.
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
    """The finding of one number at several values, with all other numbers unchanged.

    The values are the number multiplied and divided by the step and by its square, or the given values.

    Args:
        tuning: the numbers in use.
        field: the field of the number; a tuple or an array is multiplied as a whole.
        measure: returns the score of a Tuning.
        lost, unit: as for best().
        step: the factor between neighbouring values.
        values: values to use instead of the step; the value in use is added.
    """
    value = getattr(tuning, field)
    if values is None:
        factors = [step**power for power in (-2, -1, 0, 1, 2)]
        if not isinstance(value, int | float):
            # The scores of a tuple or an array are keyed by the factor.
            scores = {
                factor: measure(changed(tuning, field, times(value, factor)))
                if factor != 1
                else in_use(measure, tuning)
                for factor in factors
            }
            return best(tuning, field, scores, lost=lost, unit=unit, value=1.0)
        values = [times(value, factor) for factor in factors]
    wanted = sorted({value, *values})
    scores = {
        each: measure(changed(tuning, field, each)) if each != value else in_use(measure, tuning)
        for each in wanted
    }
    return best(tuning, field, scores, lost=lost, unit=unit)


#: The scores of numbers in use, by function and by identity: a Tuning may have fields without a hash.
_scores: dict[tuple[Callable[[Any], float], int], tuple[Any, float]] = {}


def in_use(measure: Callable[[Tuning], float], tuning: Tuning) -> float:
    """The score of the numbers in use; a function that sweeps share measures them once."""
    key = measure, id(tuning)
    if key not in _scores:
        _scores[key] = tuning, measure(tuning)
    return _scores[key][1]


def changed(tuning: Tuning, field: str, value: Any) -> Tuning:
    """The numbers with another value of one field."""
    made: Tuning = replace(tuning, **{field: value})  # type: ignore[type-var]
    return made


def times(value: Any, factor: float) -> Any:
    """The product of a value and a factor, element by element for a tuple or an array."""
    if isinstance(value, tuple):
        return tuple(times(each, factor) for each in value)
    if isinstance(value, int):
        return max(1, math.floor(value * factor + 0.5))
    return value * factor


def table(found: Iterable[Finding]) -> tuple[str, bool]:
    """Findings as a table, and whether all numbers were confirmed."""
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
    """Print the findings of a tool; return 1 if a number in use was not confirmed, else 0."""
    text, is_whole = table(findings())
    print(text)
    return 0 if is_whole else 1


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all tools have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--small", action="store_true", help="check the numbers in use on few media")
    return made


def check(
    description: str | None, small: Callable[[], Iterable[Finding]], whole: Callable[[], Iterable[Finding]]
) -> int:
    """Run a tool that has no other options; return its exit code."""
    return tell(small if parser(description).parse_args().small else whole)


def rounds(description: str | None, findings: Callable[[], Iterable[Finding]], usual: int) -> int:
    """Return how many rounds a tool tunes; with ``--small``, check its findings and end the process."""
    options = parser(description)
    options.add_argument("--rounds", type=int, default=usual)
    arguments = options.parse_args()
    if arguments.small:
        raise SystemExit(tell(findings))
    made: int = arguments.rounds
    return made


def kept(
    description: str | None, findings: Callable[[], Iterable[Finding]], measure: Callable[[], Any]
) -> Any:
    """Run a tool that keeps its figures in a file; return the figures that are in the file afterwards.

    Args:
        description: the text of the help.
        findings: what ``--small`` checks; the process ends then.
        measure: makes the figures; with ``--again`` those of an earlier run are returned.
    """
    options = parser(description)
    options.add_argument("out", type=Path, nargs="?")
    options.add_argument("--again", action="store_true")
    arguments = options.parse_args()
    if arguments.small:
        raise SystemExit(tell(findings))
    if arguments.out is None:
        options.error("the file for the figures (OUT.json) is missing")
    if not arguments.again:
        arguments.out.write_text(json.dumps(measure()))
    return json.loads(arguments.out.read_text())


def tunings() -> Iterator[Any]:
    """The TUNING of each module of the package that has one."""
    package = Path(__file__).parents[1] / "transcode"
    for path in sorted(package.rglob("*.py")):
        if "\nTUNING = Tuning()" in path.read_text():
            name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
            yield import_module(name).TUNING


def numbers() -> dict[str, Mapping[str, Any]]:
    """The metadata of each number, by name."""
    return {
        name_of(each, field.name): field.metadata
        for each in tunings()
        for field in fields(each)
        if field.init
    }


def found_by(tool: str) -> list[Finding]:
    """The findings of a tool on a small part of its corpus."""
    found: list[Finding] = list(import_module(f"bench.tune_{tool}").findings())
    return found


def run(tools: Iterable[str], jobs: int) -> int:
    """Print the findings of tools; return 1 if a number was not confirmed or not measured, else 0."""
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
        print(f"{name}: not measured by its tool")
    return 0 if is_whole and not left else 1
