"""Tests of the matrix: pinned versions and reported outcomes. The tests make no cell."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests import matrix


def test_lowest_versions_are_the_declared_ones() -> None:
    """Dependencies of all groups are pinned with their markers, except those without a lowest version."""
    project = {
        "project": {
            "dependencies": ["av>=18.1,<20", "numpy>=1.26; python_version < '3.13'", "rich"],
            "optional-dependencies": {"send": ["httpx>=0.27", "psycopg[binary]>=3.2"]},
        },
        "build-system": {"requires": ["cython>=3.1"]},
        "dependency-groups": {"test": ["pytest>=8", {"include-group": "other"}]},
    }
    assert matrix.constraints(project) == [
        "av==18.1",
        "cython==3.1",
        "httpx==0.27",
        "numpy==1.26; python_version < '3.13'",
        "psycopg==3.2",
        "pytest==8",
    ]


def test_every_dependency_has_a_lowest_version() -> None:
    """Every declared dependency has a lowest version, which a cell can install."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    pinned = "\n".join(matrix.constraints(project))
    for text in (*project["project"]["dependencies"], *project["dependency-groups"]["test"]):
        name = re.split(r">=|\[", text)[0]
        assert f"{name}==" in pinned, text


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("x\n==== 3 passed in 1.20s ====\n", "3 passed"),
        (
            "FAILED a\n1 failed, 3 passed in 90.00s (0:01:30)\nmake: *** [Makefile:69: test] Error 1",
            "1 failed, 3 passed",
        ),
        ("E: no such package\n\n", "E: no such package"),
        ("", "nothing was said"),
    ],
)
def test_how_a_cell_ended(log: str, said: str) -> None:
    """The outcome is pytest's summary line, else the last line of the log."""
    assert matrix.outcome(log) == said


def test_table() -> None:
    """The table has a cell that was not made, with the reason."""
    made = matrix.table(
        [
            (matrix.Cell("trixie", "3.13"), matrix.versions("versions: 3.13.5 | PyAV 19.0.2\n"), "9 passed"),
            (matrix.Cell("trixie", "3.12", lowest=True), "", "not made: no Python 3.12"),
        ]
    )
    assert "| trixie | newest | 3.13.5, PyAV 19.0.2 | 9 passed |" in made
    assert "| trixie | lowest | 3.12 | not made: no Python 3.12 |" in made


def test_cells_have_names_of_their_own() -> None:
    names = [cell.name for cell in matrix.CELLS]
    assert len(set(names)) == len(names)
