"""Suffixes of files, and renditions as files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import transcode
from tests.made.pictures import photo, save
from transcode.model.suffixes import SUFFIXES, asked_types


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("a.jpg", ("image/jpeg",)),
        ("a.b/c.JPEG", ("image/jpeg",)),
        ("a.mp4", ("video/mp4", "audio/mp4")),
        ("a.3gp", ("video/3gpp", "audio/3gpp")),
        ("a.heic", ()),
        ("a.wav", ()),
        ("a", None),
        ("a.part", None),
        (".png", None),
    ],
)
def test_what_a_suffix_asks_for(path: str, asked: tuple[str, ...] | None) -> None:
    """Content types, none for formats that are not written, nothing for other words."""
    assert asked_types(path) == asked


def test_a_rendition_as_a_file(tmp_path: Path) -> None:
    """Whole, in folders that are made; by its own suffix, or by one that says nothing."""
    rendition = transcode.fit(save(photo(100, 80)), transcode.Limits(20_000))
    assert rendition.suffix == ".jpg"
    for name in ("new/a.jpg", "new/a.jpeg", "new/a", "new/a.bin"):
        path = tmp_path / name
        rendition.save(path)
        assert path.read_bytes() == rendition.data
    rendition.save(os.fspath(path))
    assert not [left for left in (tmp_path / "new").iterdir() if left.name.startswith(".")]


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.heic"])
def test_a_suffix_of_another_format(tmp_path: Path, name: str) -> None:
    """It is refused, and nothing is written."""
    rendition = transcode.fit(save(photo(100, 80)), transcode.Limits(20_000))
    with pytest.raises(transcode.SuffixError, match=rf"{name}: the rendition is image/jpeg, \.jpg"):
        rendition.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_source_is_not_replaced(tmp_path: Path) -> None:
    """The file that was fitted stays as it is."""
    path = tmp_path / "a.jpg"
    path.write_bytes(save(photo(400, 300)))
    before = path.read_bytes()
    rendition = transcode.fit(path, transcode.Limits(5_000))
    with pytest.raises(transcode.OverwriteError):
        rendition.save(path)
    assert path.read_bytes() == before


def test_every_format_has_one_usual_suffix() -> None:
    """What renditions have as content types by default can be named."""
    assert set(transcode.Limits(1).formats) <= set(SUFFIXES)
