"""``transcode batch`` of a job file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run
from tests.made.pictures import photo, save


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """A job file of a good row and a bad one."""
    (tmp_path / "a.jpg").write_bytes(save(photo(300, 200)))
    path = tmp_path / "jobs.csv"
    path.write_text("sources,to,name\na.jpg,+15555550100,Ann\nnone.jpg,+15555550101,Bob\n")
    return path


def test_rows_become_messages(jobs: Path, tmp_path: Path) -> None:
    """The good row is made, the bad one named, and a second run keeps what is there."""
    wanted = ("batch", jobs, tmp_path / "out", "--carrier", "us-att", "--text", "Hello {name}")
    made = run(*wanted)
    assert made.returncode == 1
    assert f"{jobs}, row 3: " in made.stderr
    assert "none.jpg" in made.stderr
    assert "no --to" not in made.stderr
    assert "1 message made, 1 file failed" in made.stdout
    assert "1 kept of earlier runs" in run(*wanted).stdout
    assert "row 2" in run(*wanted, "--why", tmp_path / "out" / "00002.mms").stdout
    before = jobs.read_bytes()
    assert f"{jobs}: the output is what is read" in run(*wanted, "--export", jobs).stderr
    assert jobs.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--to", "+15555550100"), "rows have their own recipients"),
        (("--include", "*.jpg"), "a job file names its files"),
        (("--renditions",), "media are no messages"),
        (("--carrier", "us-verizon"), "a job file takes one --carrier"),
        (("--report", "r.html"), "a report shows the files of a folder"),
    ],
)
def test_what_has_no_effect_is_refused(
    jobs: Path, tmp_path: Path, words: tuple[str, ...], error: str
) -> None:
    """Nothing is made."""
    made = run("batch", jobs, tmp_path / "out", "--carrier", "us-att", "--text", "{name}", *words)
    assert made.returncode in (1, 2)
    assert error in made.stderr
    assert not list(tmp_path.glob("out/*.mms"))
