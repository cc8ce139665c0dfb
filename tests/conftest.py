"""Fixtures that several test files use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real media and vectors that stands beside the checkout."""
    folder = Path(os.environ.get("TRANSCODE_SHARED", Path(__file__).parents[2] / "shared"))
    assert (folder / "media" / "MANIFEST.csv").is_file(), f"no corpus at {folder}; set TRANSCODE_SHARED"
    return folder
