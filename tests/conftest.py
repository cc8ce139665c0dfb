"""Fixtures and Hypothesis settings for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import Browser, browsing

# No deadline, because the time of an example depends on the load of the machine. Each run has the same
# examples; make fuzz looks for new ones.
settings.register_profile("untimed", deadline=None, derandomize=True, database=None)
settings.load_profile("untimed")

#: Variables of the tests and of the kernels.
_KEPT = ("TRANSCODE_SHARED", "TRANSCODE_CPU", "TRANSCODE_SANITIZE")


@pytest.fixture(scope="session", autouse=True)
def _no_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process of one, reads the configuration of who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("no-configuration")))
        for name in os.environ:
            if name.startswith("TRANSCODE_") and name not in _KEPT:
                patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, one for a file of tests."""
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the shared corpus: TRANSCODE_SHARED, else ``shared`` beside the checkout.

    Without the corpus, tests that need it are skipped. In continuous integration, and if the variable names
    another folder, they fail.
    """
    folder = Path(os.environ.get("TRANSCODE_SHARED") or Path(__file__).parents[2] / "shared")
    if not (folder / "media" / "MANIFEST.csv").is_file():
        if "TRANSCODE_SHARED" in os.environ or "CI" in os.environ:
            pytest.fail(f"no corpus of real media at {folder}")
        pytest.skip("no corpus of real media; TRANSCODE_SHARED can name one")
    return folder
