"""The count of ways into files."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import transcode
from bench.walk import returns, walk
from tests.made import clips
from tests.made.gifs import mixed
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine


def test_a_fit_is_walked_each_way_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(save(photo(64, 48), "PNG"))
    ways = walk(partial(transcode.fit, path, transcode.Limits(10_000)))
    assert len(set(ways)) == len(ways)
    into = [file for _, _, file in ways]
    assert into.count("media/pictures/openers/pillow.py") > 1
    assert all(there != here for there, _, here in ways)


@pytest.mark.parametrize(
    "source",
    [
        save(photo(320, 240), "JPEG"),
        save(photo(320, 240), "PNG"),
        mixed(1)[0],
        bytes(container(sine(1.0)).data),
        bytes(clips.clip(seconds=1, sound=sine(1.0)).data),
    ],
    ids=["JPEG", "PNG", "GIF", "recording", "clip"],
)
def test_no_file_is_entered_from_everywhere(source: bytes) -> None:
    """A fit enters each file from at most six lines of other files."""
    counted = Counter(into for _, _, into in walk(partial(transcode.fit, source, transcode.Limits(9_000))))
    assert {into: count for into, count in counted.items() if count > 6} == {}


def test_a_step_back_to_a_file_is_a_return() -> None:
    ways = [("a", 1, "b"), ("b", 1, "c"), ("a", 2, "b"), ("a", 3, "b"), ("a", 4, "c")]
    assert returns(ways) == 2
