"""What is said of numbers that are found again, and of those that are not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bench import tuning
from transcode.model.tuning import Tool, tuned

TOOL = Tool("bench/tune_nothing.py", "photos")


@dataclass(frozen=True)
class Tuning:
    share: float = tuned(0.5, "A share.", unit="share", by=TOOL)
    steps: tuple[float, float] = tuned((1.0, 2.0), "Two steps.", unit="levels", by=TOOL)
    count: int = tuned(3, "A count.", unit="rounds", by=TOOL)


NUMBERS = Tuning()


@pytest.mark.parametrize(("found", "is_found"), [(0.5, True), (0.59, True), (0.61, False), (0.3, False)])
def test_a_figure_is_near(found: float, is_found: bool) -> None:
    told = tuning.near(NUMBERS, "share", found, within=0.1)
    assert told.is_found is is_found
    assert told.tells
    assert told.name == "tests.bench.test_tuning share"


def test_the_best_of_several() -> None:
    """What loses no more than may be lost is found; where all do, that is said."""
    told = tuning.best(NUMBERS, "share", {0.25: 1.0, 0.5: 2.9, 1.0: 3.0}, lost=0.2)
    assert told.is_found
    assert told.tells
    assert told.found == "1 (+0.100)"
    assert told.tolerance == "0.2 points: 0.5 to 1"
    assert not tuning.best(NUMBERS, "share", {0.25: 1.0, 0.5: 2.7, 1.0: 3.0}, lost=0.2).is_found
    assert not tuning.best(NUMBERS, "share", {0.5: 3.0, 1.0: 2.9}, lost=0.2).tells


def test_a_sweep_changes_one_number() -> None:
    seen = []

    def worth(numbers: Tuning) -> float:
        seen.append(numbers)
        return -abs(numbers.share - 0.5) - abs(numbers.steps[1] - 2.0) - abs(numbers.count - 3)

    told = tuning.sweep(NUMBERS, "share", worth, lost=0.01, step=2.0)
    assert [each.share for each in seen] == [0.125, 0.25, 0.5, 1.0, 2.0]
    assert {each.count for each in seen} == {3}
    assert told.is_found
    assert told.tells
    assert tuning.sweep(NUMBERS, "steps", worth, lost=0.01).is_found
    assert tuning.sweep(NUMBERS, "count", worth, lost=0.01, values=(1, 9)).is_found
    assert not tuning.sweep(NUMBERS, "share", lambda numbers: numbers.share, lost=0.01).is_found


def test_a_threshold_lies_between() -> None:
    assert tuning.between(NUMBERS, "share", {0.1: 0.0, 0.9: 1.0}, least=0.5).is_found
    assert not tuning.between(NUMBERS, "share", {0.1: 0.6, 0.9: 1.0}, least=0.5).is_found
    assert not tuning.between(NUMBERS, "share", {0.6: 0.0, 0.9: 1.0}, least=0.5).is_found


def test_the_table_says_what_is_off() -> None:
    good = tuning.near(NUMBERS, "share", 0.5, within=0.1)
    off = tuning.near(NUMBERS, "count", 5, within=1)
    text, is_whole = tuning.table([good, off])
    assert not is_whole
    assert text.splitlines()[1].endswith("found again")
    assert text.splitlines()[2].endswith("OFF")
    assert tuning.table([good])[1]


def test_an_unknown_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="no number"):
        tuning.near(NUMBERS, "none", 1.0, within=0.1, value=1.0)
