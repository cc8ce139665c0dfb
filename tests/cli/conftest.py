"""What the tests of the command line are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made.pictures import photo, save


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(save(photo(800, 600), quality=95))
    return path
