"""What is said of numbers that are found again, and of those that are not."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bench import tuning
from transcode.model.tuning import Tool

TOOL = Tool("bench/tune_nothing.py", "photos")


@dataclass(frozen=True)
class Tuning:
    share: float = TOOL.tuned(0.5, "A share.", unit="share")
    steps: tuple[float, float] = TOOL.tuned((1.0, 2.0), "Two steps.", unit="levels")
    count: int = TOOL.tuned(3, "A count.", unit="rounds")


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


def test_sweeps_of_one_measure_share_the_score_of_the_numbers_in_use() -> None:
    seen = []

    def worth(numbers: Tuning) -> float:
        seen.append((numbers.share, numbers.count))
        return -abs(numbers.share - 0.5) - abs(numbers.count - 3)

    assert tuning.sweep(NUMBERS, "share", worth, lost=0.01, values=(0.1, 0.9)).is_found
    assert tuning.sweep(NUMBERS, "count", worth, lost=0.01, values=(1, 9)).is_found
    assert sorted(seen) == [(0.1, 3), (0.5, 1), (0.5, 3), (0.5, 9), (0.9, 3)]


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


ROOT = Path(__file__).parents[2]

#: Benchmarks have libraries that have no types.
manifest: Any = import_module("bench.manifest")


@cache
def words_of(tool: str) -> frozenset[str]:
    """The texts of a tool, without those that it makes."""
    nodes = ast.walk(ast.parse((ROOT / tool).read_text()))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return frozenset(value for value in values if isinstance(value, str))


@pytest.mark.parametrize(("name", "about"), tuning.numbers().items())
def test_tools_name_their_numbers(name: str, about: dict[str, str]) -> None:
    """A number whose tool was forgotten is told here; make tune, which measures, takes ten minutes."""
    assert name.split()[-1] in words_of(about["tool"])


@pytest.mark.parametrize(("name", "about"), tuning.numbers().items())
def test_numbers_say_where_they_come_from(name: str, about: dict[str, str]) -> None:
    """Each has a unit, a tool that is there and finds numbers, and media that the manifest lists."""
    assert about["what"].endswith(".")
    assert about["unit"]
    assert (ROOT / about["tool"]).is_file()
    assert about["corpus"] in manifest.read()
    tool = re.fullmatch(r"bench/tune_(\w+)\.py", about["tool"])
    assert tool is not None
    assert tool[1] in tuning.TOOLS


def test_there_are_numbers() -> None:
    """Pictures, animations, clips, sound and messages have tuned numbers."""
    rooms = {name.rsplit(".", 1)[0] for name in tuning.numbers()}
    assert rooms >= {"fit.pictures", "fit.animations", "fit.clips", "fit.sound", "media.sound", "message"}


@pytest.mark.parametrize("tool", tuning.TOOLS)
def test_tools_find_numbers(tool: str) -> None:
    """Each looks for numbers that name it, and sets nobody's globals."""
    module = import_module(f"bench.tune_{tool}")
    assert callable(module.findings)
    tree = ast.parse((ROOT / "bench" / f"tune_{tool}.py").read_text())
    assert f"bench/tune_{tool}.py" in {about["tool"] for about in tuning.numbers().values()}
    targets = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    assert not [each for each in targets if isinstance(each, ast.Attribute) and each.attr.isupper()]


def test_manifest_lists_the_media_of_the_tools() -> None:
    listed = {name: tuple(each["name"] for each in files) for name, files in manifest.read().items()}
    assert listed == manifest.sets()
    for files in manifest.read().values():
        for each in files:
            assert each["source"]
            assert re.fullmatch("[0-9a-f]{64}", each["sha256"])


def test_manifest_tells_other_media(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing or changed is named."""
    monkeypatch.setenv("TRANSCODE_SHARED", str(tmp_path))
    names = {each["name"] for files in manifest.read().values() for each in files}
    assert set(manifest.differing()) == names


def test_manifest_is_that_of_the_corpus(shared: Path) -> None:
    assert shared.is_dir()
    assert manifest.differing() == []


def test_figures_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are measured into the file that is named, and read from it again."""
    out = tmp_path / "figures.json"

    def figures(*options: str, number: int = 1) -> object:
        monkeypatch.setattr("sys.argv", ["tune", *options])
        return tuning.kept("A tool.", list, lambda: {"number": number})

    assert figures(str(out)) == json.loads(out.read_text()) == {"number": 1}
    assert figures(str(out), "--again", number=2) == {"number": 1}
    assert figures(str(out), number=2) == {"number": 2}
    for options, code in ((["--small"], 0), ([], 2)):
        with pytest.raises(SystemExit) as ended:
            figures(*options)
        assert ended.value.code == code
