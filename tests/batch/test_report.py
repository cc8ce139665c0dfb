"""The report of a batch: made with the messages, and of messages that are there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.made.pictures import photo, save
from tests.test_preview import Tags
from transcode.batch import BatchOptions, convert_directory
from transcode.batch.shelf import NAME


def shown(page: Path) -> dict[str, list[str]]:
    """The pictures on a page by the name of the file."""
    found: dict[str, list[str]] = {}
    for line in page.read_text().splitlines():
        if line.startswith('<tr role="row" data-state'):
            tags = Tags(line)
            found[tags.text.split(".mms")[0]] = [one["src"] for one in tags.named("img")]
    return found


def test_a_report_shows_each_file(folder: Path, tmp_path: Path) -> None:
    """Failures first; two pictures of each file; the messages are those of a run without a report."""
    page = tmp_path / "page" / "report.html"
    results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=1, report=page)
    plain = convert_directory(folder, tmp_path / "plain", PROFILE, jobs=1)
    for one, other in zip(results, plain, strict=True):
        if one.target is not None and other.target is not None:
            assert Path(one.target).read_bytes() == Path(other.target).read_bytes()
    tags = Tags(page.read_text())
    states = [row["data-state"].split()[0] for row in tags.named("tr") if "data-state" in row]
    assert states == ["failed", "failed", "made", "made", "made"]
    assert [one["alt"] for one in tags.named("img")] == ["Before", "After"] * 3
    for result in results:
        assert Path(result.source).name in tags.text
        assert result.error is None or result.error in tags.text
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]
    # Without a manifest nothing is kept in the target.
    assert not (tmp_path / "out" / NAME).exists()


def test_pictures_are_kept_and_made_of_what_is_there(folder: Path, tmp_path: Path) -> None:
    """A first report on what an earlier run has made opens it; a second one makes no picture again."""
    out = tmp_path / "out"
    convert_directory(folder, out, PROFILE, jobs=1, keep=BatchOptions())
    pages = [tmp_path / f"{number}.html" for number in range(3)]
    convert_directory(folder, out, PROFILE, keep=BatchOptions(), report=pages[0])
    found = shown(pages[0])
    assert [len(one) for one in found.values()] == [0, 0, 2, 2, 2]
    assert all(one.startswith("data:image/jpeg;base64,") for each in found.values() for one in each)
    with sqlite3.connect(out / NAME) as database:
        database.execute("UPDATE looks SET before = after")
    convert_directory(folder, out, PROFILE, keep=BatchOptions(), report=pages[1])
    assert all(len(set(one)) == 1 for one in shown(pages[1]).values() if one)
    # Of another message the kept pictures say nothing.
    (folder / "a.jpg").write_bytes(save(photo(300, 200, 7)))
    convert_directory(folder, out, PROFILE, jobs=1, keep=BatchOptions(), report=pages[2])
    changed = {name for name, one in shown(pages[2]).items() if shown(pages[1])[name] != one}
    assert len(changed) == 1
    database.close()


@pytest.mark.parametrize("name", ["report.pdf", "report"])
def test_a_report_is_a_page(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(transcode.LimitsError, match=r"must end in \.html"):
        convert_directory(folder, tmp_path / "out", PROFILE, report=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_a_report_is_never_written_over_a_source(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.html").write_text("mine")
    with pytest.raises(transcode.OverwriteError):
        convert_directory(source, tmp_path / "out", PROFILE, jobs=1, report=source / "a.html")
    assert (source / "a.html").read_text() == "mine"
