"""The count of ways into files."""

from __future__ import annotations

from pathlib import Path

from bench.walk import returns, walk
from tests.made.pictures import photo, save


def test_a_fit_is_walked_each_way_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(save(photo(64, 48), "PNG"))
    ways = walk(str(path))
    assert len(set(ways)) == len(ways)
    into = [file for _, _, file in ways]
    assert into.count("media/pictures/openers/pillow.py") > 1
    assert all(there != here for there, _, here in ways)


def test_a_step_back_to_a_file_is_a_return() -> None:
    ways = [("a", 1, "b"), ("b", 1, "c"), ("a", 2, "b"), ("a", 3, "b"), ("a", 4, "c")]
    assert returns(ways) == 2
