"""Fixtures that several test files use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of what else the machine does than of the code. Each run tries the same
# ones: what is new is looked for by make fuzz.
settings.register_profile("untimed", deadline=None, derandomize=True, database=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real media and vectors: TRANSCODE_SHARED, else ``shared`` beside the checkout.

    Where there is none, the tests that want it are skipped; never in continuous
    integration, and not when the variable names a folder that is none.
    """
    folder = Path(os.environ.get("TRANSCODE_SHARED") or Path(__file__).parents[2] / "shared")
    if not (folder / "media" / "MANIFEST.csv").is_file():
        if "TRANSCODE_SHARED" in os.environ or "CI" in os.environ:
            pytest.fail(f"no corpus of real media at {folder}")
        pytest.skip("no corpus of real media; TRANSCODE_SHARED can name one")
    return folder
