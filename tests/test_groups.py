"""Groups of tests: what several processes share out, but for what belongs together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GROUP = """
import os
import pytest

pytestmark = pytest.mark.xdist_group("together")


@pytest.mark.parametrize("number", range(6))
def test_number(number):
    with open("workers", "a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_one_process_runs_a_group(tmp_path: Path) -> None:
    """The releases of pytest and pytest-xdist at hand keep the tests of a group in one process."""
    (tmp_path / "test_group.py").write_text(GROUP)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    words = ["-c", os.devnull, "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "test_group.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    workers = (tmp_path / "workers").read_text().split()
    assert len(workers) == 6
    assert len(set(workers)) == 1
