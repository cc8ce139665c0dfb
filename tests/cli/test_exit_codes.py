"""The exit codes of batch, watch and fit are those that the documents tell."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests.cli.command import run
from tests.made.pictures import photo, save
from transcode.cli.command import EXIT_CODES

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "how-to" / "command-line.md"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: folders of a picture, of a text, of both and of nothing; a profile of sounds."""
    monkeypatch.chdir(tmp_path)
    for name, text, picture in (("good", 0, 1), ("bad", 1, 0), ("both", 1, 1), ("none", 0, 0)):
        (tmp_path / name).mkdir()
        if text:
            (tmp_path / name / "a.txt").write_text("text")
        if picture:
            (tmp_path / name / "b.jpg").write_bytes(save(photo(30, 20)))
    (tmp_path / "sounds.toml").write_text('[profile]\nmax_message_bytes = 30000\nformats = ["audio/amr"]\n')
    (tmp_path / "rows.csv").write_text("sources,carrier\ngood/b.jpg,us-att\n")
    (tmp_path / "bad.csv").write_text("sources,carrier\ngood/b.jpg,us-att\nbad/a.txt,us-att\n")
    return tmp_path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("batch good out --carrier us-att", 0),
        ("batch none out --carrier us-att", 0),
        ("batch rows.csv out --carrier us-att", 0),
        ("batch bad out --carrier us-att --dry-run", 0),
        ("batch bad out --carrier us-att", 1),
        ("batch both out --carrier us-att", 1),
        ("batch both out --carrier us-att --max-failures 0", 1),
        ("batch both out --carrier sounds.toml", 1),
        ("batch bad.csv out --carrier us-att", 1),
        ("batch gone out --carrier us-att", 1),
        ("batch good good/b.jpg --carrier us-att", 1),
        ("batch good out --carrier us-att --why gone.jpg", 1),
        ("batch good out --carrier us-att --cluster tcp://127.0.0.1:1", 1),
        ("batch good out --carrier nobody", 2),
        ("batch good out --carrier us-att --jobs none", 2),
        ("batch good out --carrier us-att --jobs 1 --cluster tcp://127.0.0.1:1", 2),
        ("batch good out --carrier us-att --renditions --subject Hello", 2),
        ("batch good out --carrier us-att --shard 4/3", 2),
        ("batch good out --carrier us-att --max-seconds 0", 2),
        ("batch good out", 2),
        ("batch good out --carrier sounds.toml", 3),
        ("fit good/b.jpg -o out.jpg --carrier us-att", 0),
        ("fit good/b.jpg both/b.jpg -o out --carrier us-att", 0),
        ("fit bad/a.txt -o out.jpg --carrier us-att", 1),
        ("fit gone.jpg -o out.jpg --carrier us-att", 1),
        ("fit both good/b.jpg -o out --max-bytes 30", 1),
        ("fit good/b.jpg -o out.jpg --carrier nobody", 2),
        ("fit good/b.jpg -o good/b.jpg --carrier us-att", 2),
        ("fit good/b.jpg -o out.tiff --carrier us-att", 2),
        ("fit good/b.jpg -o out.jpg --max-bytes 30", 3),
        ("fit good/b.jpg -o out.jpg --carrier sounds.toml", 2),
        ("fit good/b.jpg -o out --carrier sounds.toml", 3),
        ("fit good/b.jpg both/b.jpg -o out --max-bytes 30", 3),
        ("watch gone out --carrier us-att", 1),
        ("watch good good --carrier us-att", 1),
        ("watch good out --carrier nobody", 2),
        ("watch good out --carrier us-att --poll 0", 2),
        ("watch good out", 2),
    ],
)
def test_codes(words: str, code: int) -> None:
    with mock.patch("transcode.batch.cluster.Cluster.__init__", side_effect=transcode.JobError("", "none")):
        done = run(*words.split())
    assert done.returncode == code, done.stderr
    assert bool(done.stderr) or code == 0


def test_the_documents_have_all_codes() -> None:
    table = PAGE.read_text().partition("Exit codes:")[2].partition("\n\nThe suffix")[0]
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.M) for code in row.split(",")}
    assert told == {int(code) for code, _ in EXIT_CODES}
