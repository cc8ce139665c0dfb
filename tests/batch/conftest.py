"""A folder of files to convert."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made.pictures import photo, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three pictures (one in a subfolder), a broken picture, a text and hidden files."""
    root = tmp_path / "in"
    (root / "below").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    (root / "a.png").write_bytes(save(photo(100, 100), "PNG"))
    (root / "below" / "c.jpg").write_bytes(save(photo(200, 300, 3)))
    (root / "broken.jpg").write_bytes(save(photo(300, 200))[:400])
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden" / "d.jpg").write_bytes(b"")
    (root / ".DS_Store").write_bytes(b"")
    return root
