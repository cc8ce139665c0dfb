"""Patterns of the files of a batch."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

import transcode
from transcode.batch.globs import Glob, Wanted


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("*.jpg", ["a.jpg", "x/y/B.JPG"], ["a.jpeg", "jpg"]),
        ("/*.jpg", ["a.jpg"], ["x/a.jpg"]),
        ("./a.jpg", ["a.jpg"], ["x/a.jpg"]),
        ("x/*.jpg", ["x/a.jpg"], ["a.jpg", "x/y/a.jpg", "y/x/a.jpg"]),
        ("x/**/*.jpg", ["x/a.jpg", "x/y/z/a.jpg"], ["y/a.jpg"]),
        ("**/x/*", ["x/a", "y/x/a", "x/y/a"], ["x"]),
        ("x/**", ["x/a", "x/y/a"], ["a", "y/x/a"]),
        ("raw", ["raw/a", "x/raw/y/a", "x/raw"], ["raws/a"]),
        ("raw/", ["raw/a", "x/raw/y/a"], ["raw", "x/raw"]),
        ("x/raw/", ["x/raw/a"], ["raw/a", "y/x/raw/a"]),
        ("IMG_[0-4]?.*", ["img_12.jpg"], ["IMG_52.jpg", "IMG_1.jpg"]),
        ("caf\u00e9*", ["cafe\u0301.jpg"], ["cafe.jpg"]),
        ("**/**/**/a", ["a", "x/y/z/a"], ["x/b"]),
        ("a b+(c).jpg", ["A b+(c).jpg"], ["a bb(c).jpg"]),
    ],
)
def test_patterns(pattern: str, matched: list[str], others: list[str]) -> None:
    """A pattern matches paths below the folder, whatever their case."""
    glob = Glob(pattern)
    assert [path for path in matched if not glob.matches(PurePosixPath(path))] == []
    assert [path for path in others if glob.matches(PurePosixPath(path))] == []


def test_what_is_wanted() -> None:
    """What include names, without what exclude names; without include all of the rest."""
    paths = [PurePosixPath(path) for path in ("a.jpg", "raw/a.jpg", "a.png", "b.gif")]

    def wanted(**given: Any) -> list[str]:
        return [str(path) for path in paths if Wanted(**given).has(path)]

    assert wanted() == [*map(str, paths)]
    assert wanted(include=["*.jpg", "*.png"], exclude=["raw"]) == ["a.jpg", "a.png"]
    assert wanted(exclude=["*.jpg"]) == ["a.png", "b.gif"]


@pytest.mark.parametrize("wrong", ["", "/", ".", "../a", "x/..", 3, None])
def test_patterns_that_will_not_do(wrong: Any) -> None:
    """They are refused by their text."""
    with pytest.raises(transcode.LimitsError, match="must be a path below the folder"):
        Glob(wrong)
    with pytest.raises(transcode.LimitsError, match="include must be several patterns"):
        transcode.BatchPlan(include="*.jpg")
