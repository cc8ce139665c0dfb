"""``transcode batch``: exit codes, a line a file."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.made import clips
from tests.made.sounds import container, sine
from transcode.batch import Converted
from transcode.cli.batch import _print_batch
from transcode.jobs.confinement import confinement
from transcode.model import Note


def test_batch(picture: Path, tmp_path: Path) -> None:
    """The exit code is 1 when a file failed; --json prints one object a file, failures with their reason."""
    (tmp_path / "notes.txt").write_text("hello")
    done = run("batch", tmp_path, tmp_path / "out", "--carrier", "310410", "--jobs", "1", "--json")
    assert done.returncode == 1
    found = {Path(item["source"]).name: item for item in map(json.loads, done.stdout.splitlines())}
    assert found["photo.jpg"]["bytes"] == (tmp_path / "out" / "photo.jpg.mms").stat().st_size
    assert "text, which is not a picture" in found["notes.txt"]["error"]
    again = run("batch", tmp_path, tmp_path / "out", "--carrier", "310410")
    told = "0 messages made, 1 kept of earlier runs, 1 file failed"
    assert (again.returncode, told in again.stdout) == (1, True)
    assert "notes.txt: text, which is not a picture" in again.stderr
    (tmp_path / "notes.txt").unlink()
    assert run("batch", tmp_path, tmp_path / "out", "--carrier", "310410").returncode == 0


def test_what_would_be_made(picture: Path, tmp_path: Path) -> None:
    """A dry run ends with 0, tells of each file, and makes nothing; beside a job file too."""
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "a.xmp").write_text("")
    words = ("batch", tmp_path, tmp_path / "out", "--carrier", "us-att", "--carrier", "world", "--dry-run")
    done = run(*words)
    assert done.returncode == 0
    assert "2 new, 0 changed, 0 unchanged, 0 failed before, 2 will fail, 1 skipped" in done.stdout
    assert re.search(r"photo\.jpg +us-att +picture +new +us-att/photo\.jpg\.mms", done.stdout)
    assert re.search(r"notes\.txt .*will fail +text, which is not a picture", done.stdout)
    assert re.search(r"a\.xmp +skipped +a sidecar", done.stdout)
    assert "2 messages would be made: about " in done.stdout
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text('{"sources": "photo.jpg", "to": "+15555550100"}\n')
    told = run(
        "batch", jobs, tmp_path / "out", "--carrier", "us-att", "--dry-run", "--json"
    ).stdout.splitlines()
    assert [json.loads(line).get("output") for line in told] == [str(tmp_path / "out" / "00001.mms"), None]
    assert not (tmp_path / "out").exists()


def test_batch_of_nothing(tmp_path: Path) -> None:
    """A directory without files is told, also beside JSON, and no failure."""
    (tmp_path / "in").mkdir()
    for more in ((), ("--json",)):
        done = run("batch", tmp_path / "in", tmp_path / "out", "--carrier", "us-att", *more)
        assert (done.returncode, "no file below it" in done.stderr) == (0, True)


def test_a_failure_of_another_kind_counts(picture: Path, tmp_path: Path) -> None:
    """Exit code 3 where no file can fit; 1 where one of them can't be read."""
    own = tmp_path / "own.toml"
    own.write_text('[profile]\nmax_message_bytes = 30000\nformats = ["audio/amr"]\n')
    source = tmp_path / "in"
    source.mkdir()
    picture.rename(source / picture.name)
    words = ("batch", source, tmp_path / "out", "--carrier", own, "--jobs", "1")
    assert run(*words).returncode == 3
    (source / "notes.txt").write_text("hello")
    assert run(*words).returncode == 1


def test_batch_of_what_is_no_picture(tmp_path: Path) -> None:
    """A sound's size is its seconds; a card is a message too, and ends nothing."""
    (tmp_path / "a.wav").write_bytes(container(sine(2.0)).data)
    (tmp_path / "b.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:A\r\nEND:VCARD\r\n")
    done = run("batch", tmp_path, tmp_path / "out", "--carrier", "us-att", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"a\.wav +[\d,]+ +2\.0 s ", done.stdout)
    assert "2 messages made" in done.stdout


def test_the_table_says_what_a_person_would_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Sound, tracks and quality that did not leave are losses; a new size is none."""
    codes = ("reduced", "sound-dropped", "tracks-dropped", "quality-floor")
    notes = tuple(Note(code, "in the report") for code in codes)
    _print_batch(
        [Converted("in/a.mp4", "out/a", 9, 8, 0.1, width=4, height=2, message_bytes=7, notes=notes)],
        Path("in"),
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert "no sound, further tracks, poor quality" in shown
    assert "reduced" not in shown


def test_voice_notes_as_clips(tmp_path: Path) -> None:
    """Where it is asked for, recordings leave as clips."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "note.wav").write_bytes(container(sine(0.6)).data)
    idle = "no message has a recording"
    common = ("batch", source, tmp_path / "out", "--carrier", "us-verizon", "--to", "+15555550100")
    assert run(*common).returncode == 3
    done = run(*common, "--as-clip")
    assert (done.returncode, idle in done.stderr) == (0, False)
    assert (tmp_path / "out" / "note.wav.mms").exists()


def test_as_clip_of_clips_has_no_effect(tmp_path: Path) -> None:
    """It is told: a clip stays what it is."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "c.mp4").write_bytes(clips.clip(seconds=1).data)
    words = ("batch", source, tmp_path / "out", "--carrier", "us-att", "--to", "+15555550100")
    done = run(*words, "--as-clip")
    assert (done.returncode, "no message has a recording" in done.stderr) == (0, True)


def test_what_earlier_runs_have_made(picture: Path, tmp_path: Path) -> None:
    """--why tells of one file and does nothing, --export of all; --max-failures ends a batch early."""
    source, out, table = tmp_path / "in", tmp_path / "out", tmp_path / "all.csv"
    source.mkdir()
    picture.rename(source / "photo.jpg")
    (source / "a.txt").write_text("hello")
    words = ("batch", source, out, "--carrier", "us-att", "--to", "+15555550100", "--jobs", "1")
    assert run(*words, "--export", table).returncode == 1
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [Path(row["source"]).name for row in rows] == ["a.txt", "photo.jpg"]
    assert rows[1]["bytes"] == str((out / "photo.jpg.mms").stat().st_size)
    for file in ("photo.jpg", source / "photo.jpg", out / "photo.jpg.mms"):
        done = run("batch", source, out, "--why", file, "--json")
        assert (done.returncode, json.loads(done.stdout)["bytes"]) == (0, int(rows[1]["bytes"]))
    done = run("batch", source, out, "--why", "a.txt")
    assert (done.returncode, "text, which is not a picture" in done.stdout) == (0, True)
    missing = run("batch", source, tmp_path / "none", "--why", "a.txt")
    assert (missing.returncode, "no manifest in" in missing.stderr) == (1, True)
    assert not (tmp_path / "none").exists()
    for option, wrong in (("--shard", "3"), ("--shard", "4/3"), ("--export", "all.txt")):
        done = run(*words, option, wrong)
        assert (done.returncode, wrong in done.stderr or "(4, 3)" in done.stderr) == (2, True)
    done = run(*words, "--retry-failed", "--max-failures", "0", "--export", tmp_path / "all.jsonl")
    assert done.returncode == 1
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert [json.loads(line)["error_type"] is None for line in lines] == [False, True]


def test_renditions_for_several_carriers(picture: Path, tmp_path: Path) -> None:
    """Each carrier has a folder, and each line of the answer its name; files left out are counted."""
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "raw").mkdir(parents=True)
    picture.rename(source / "photo.png")
    (source / "raw" / "a.jpg").write_text("left out")
    words = ("batch", source, out, "--carrier", "us-att", "--carrier", "oma-image-basic", "--jobs", "1")
    done = run(*words, "--renditions", "--exclude", "raw/")
    assert (done.returncode, "1 file excluded" in done.stderr) == (0, True)
    assert "2 renditions made, 0 files failed" in done.stdout
    assert "--to" not in done.stderr
    assert sorted(path.parent.name for path in out.rglob("photo.*")) == ["oma-image-basic", "us-att"]
    told = run("batch", source, out, "--why", "photo.png").stdout
    assert re.findall("^[a-z-]+: ", told, re.MULTILINE) == ["oma-image-basic: ", "us-att: "]
    again = run(*words, "--as", "media", "--exclude", "RAW", "--name", "{number:03}-{stem}.{ext}", "--json")
    found = [json.loads(line) for line in again.stdout.splitlines()]
    assert [(one["carrier"], Path(one["output"]).stem) for one in found] == [
        ("us-att", "001-photo"),
        ("oma-image-basic", "001-photo"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--renditions", "--to", "+15555550100"), "--to would have no effect: media are no messages"),
        (("--renditions", "--class", "personal"), "--class would have no effect"),
        (("--renditions", "--as", "mm4"), "--renditions and --as mm4 are two things"),
        (("--as", "mm7", "--to", "+15555550100", "--hide-sender"), "mm7 can't say that the sender is hidden"),
        (("--vasid", "acme"), "the names go with --as mm7"),
        (("--name", "{stam}"), "the field 'stam', which is none of folder, name, stem"),
        (("--include", "../*"), "must be a path below the folder"),
        (("--carrier", "nowhere-at-all"), "no profile goes by that name"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """It is refused before anything is written."""
    (tmp_path / "in").mkdir()
    done = run("batch", tmp_path / "in", tmp_path / "out", "--carrier", "us-att", *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "out").exists()


def test_what_a_file_may_take(picture: Path, tmp_path: Path) -> None:
    """A file that takes more is named with the limit, and a limit that is none is an error."""
    words = ("batch", picture.parent, tmp_path / "out", "--carrier", "us-att", "--jobs", "1")
    done = run(*words, "--max-output", "2000")
    assert done.returncode == 1
    assert "photo.jpg: the process that decoded it made more than 2,000 bytes" in done.stderr
    assert run(*words, "--confine").returncode == (0 if confinement().is_whole else 2)
    done = run(*words, "--max-seconds", "0")
    assert (done.returncode, "max_seconds must be a number above 0 or None, not 0.0" in done.stderr) == (
        2,
        True,
    )
