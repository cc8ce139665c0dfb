"""Conversion of directories: the result accounts for every file."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests.batch.judge import PROFILE, check
from tests.made.pictures import photo, save
from transcode.batch import BatchOptions, Progress, convert_directory
from transcode.errors import OutputError


def test_more_recipients_than_a_message_may_have(tmp_path: Path) -> None:
    """Each file gets all messages that its recipients need, or none; existing files are not replaced."""
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    to = [f"+1555555010{number}" for number in range(5)]
    few = replace(PROFILE, max_recipients=2)
    (made,) = convert_directory(root, out, few, jobs=1, to=to)
    paths = [out / name for name in ("a.jpg.mms", "a.jpg.to-2.mms", "a.jpg.to-3.mms")]
    assert [made.target, *made.further] == [str(path) for path in paths]
    messages = [transcode.read(path.read_bytes()) for path in paths]
    assert [number.partition("/")[0] for message in messages for number in message.to] == to
    paths[2].unlink()
    paths[2].mkdir()
    before = [path.read_bytes() for path in paths[:2]]
    (made,) = convert_directory(root, out, few, jobs=1, to=to, subject="another")
    assert made.error_type == "OutputError"
    assert [path.read_bytes() for path in paths[:2]] == before
    for path in paths[:2]:
        path.unlink()
    (made,) = convert_directory(root, out, few, jobs=1, to=to)
    assert made.error_type == "OutputError"
    assert [path for path in out.iterdir() if path.is_file()] == []


def test_what_every_message_has(tmp_path: Path) -> None:
    """Every message has all recipients and headers; a single string is refused as recipients."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    asked = transcode.SendOptions(priority="high")
    (made,) = convert_directory(root, tmp_path / "out", PROFILE, jobs=1, bcc=["+15555550100"], options=asked)
    assert made.target is not None
    found = transcode.read(Path(made.target).read_bytes())
    assert (found.to, found.bcc) == ((), ("+15555550100/TYPE=PLMN",))
    assert found.headers == (("X-Mms-Priority", "High"),)
    with pytest.raises(transcode.MessageError, match="a sequence of addresses"):
        convert_directory(root, tmp_path / "out", PROFILE, to="+15555550100")


def test_progress(folder: Path, tmp_path: Path) -> None:
    """The progress callback is called once for every file, with a count up to the total."""
    heard: list[Progress] = []
    results = convert_directory(folder, tmp_path / "out", PROFILE, progress=heard.append)
    assert [progress.done for progress in heard] == [1, 2, 3, 4, 5]
    assert {progress.total for progress in heard} == {5}
    assert {progress.latest.source for progress in heard} == {result.source for result in results}


def test_target_inside_the_source(folder: Path) -> None:
    """Messages in a target inside the source are not taken as sources."""
    for _ in range(2):
        check(convert_directory(folder, folder / "out", PROFILE, jobs=1), folder / "out")


def test_a_target_of_another_batch_inside_the_source(folder: Path, tmp_path: Path) -> None:
    """Its messages are passed over and counted, also where it is the source; media in it are read."""
    inner = folder / "below" / "sent"
    made = convert_directory(folder, inner, PROFILE, jobs=1, keep=BatchOptions())
    messages = {result.target for result in made} - {None}
    assert len(messages) > 2
    own = inner / "below" / "own.jpg"
    own.write_bytes(save(photo(60, 40)))
    heard: list[Progress] = []
    found = convert_directory(folder, tmp_path / "out", PROFILE, jobs=1, progress=heard.append)
    assert str(own) in [result.source for result in found if result.error is None]
    assert not [result.source for result in found if result.source.endswith(".mms")]
    # With the .DS_Store of the folder.
    assert {progress.passed_over for progress in heard} == {len(messages) + 1}
    alone = convert_directory(inner, tmp_path / "alone", PROFILE, jobs=1)
    assert [result.source for result in alone] == [str(own)]


def test_what_is_wrong_for_all_is_said_once(folder: Path, tmp_path: Path) -> None:
    """A bad recipient, a network without MMS, or a missing directory raises before any file is written."""
    with pytest.raises(transcode.MessageError):
        convert_directory(folder, tmp_path / "out", PROFILE, to=["no body"])
    with pytest.raises(transcode.MmsUnavailable):
        convert_directory(folder, tmp_path / "out", replace(PROFILE, mms_enabled=False))
    with pytest.raises(transcode.SourceError, match="no such directory"):
        convert_directory(folder / "missing", tmp_path / "out", PROFILE)
    assert not (tmp_path / "out").exists()


def test_a_source_is_not_written_over(folder: Path, tmp_path: Path) -> None:
    """No source is overwritten, even through a link, and no message of the same call."""
    out = tmp_path / "out"
    out.mkdir()
    before = (folder / "a.jpg").read_bytes()
    (out / "a.jpg.mms").symlink_to(folder / "a.jpg")
    (out / "a.png.mms").hardlink_to(folder / "a.jpg")
    results = convert_directory(folder, out, PROFILE, jobs=1)
    assert [result.error_type for result in results[:3]] == ["OverwriteError", "OverwriteError", None]
    assert (folder / "a.jpg").read_bytes() == before
    (folder / "a.jpg.to-2").write_bytes(save(photo(300, 200)))
    few = replace(PROFILE, max_recipients=1)
    to = ["+15555550100", "+15555550101"]
    results = convert_directory(folder, tmp_path / "other", few, jobs=1, to=to)
    told = {Path(result.source).name: result.error_type for result in results}
    assert sorted(map(str, (told["a.jpg"], told["a.jpg.to-2"]))) == ["None", "OverwriteError"]


def test_a_directory_that_can_not_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    """An unreadable subfolder is in the result, and the rest is converted; an unreadable source raises."""
    real = os.scandir

    def refuses(path: str) -> object:
        if Path(path).name == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    shut = "below"
    with mock.patch.object(os, "scandir", refuses), ThreadPoolExecutor(1) as pool:
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=pool)
    assert [Path(r.source).name for r in results] == ["a.jpg", "a.png", "below", "broken.jpg", "notes.txt"]
    assert str(results[2].error).endswith("below: permission denied")
    shut = "in"
    with mock.patch.object(os, "scandir", refuses), pytest.raises(transcode.SourceError, match="denied"):
        convert_directory(folder, tmp_path / "other", PROFILE)


def test_targets_that_will_not_do(folder: Path, tmp_path: Path) -> None:
    """A target that is a file or the source folder is refused before any work."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file: file exists"):
        convert_directory(folder, tmp_path / "file", PROFILE)
    with pytest.raises(OutputError, match="target is the source"):
        convert_directory(folder, folder / "below" / "..", PROFILE)


def test_what_is_no_media_is_passed_over_and_counted(tmp_path: Path) -> None:
    """Sidecars and files of systems are no failures, nor are messages in targets of other batches."""
    root = tmp_path / "in"
    root.mkdir()
    for name in ("a.XMP", "a.aae", "Thumbs.db", "desktop.ini", ".DS_Store", "b.lrv", "b.thm"):
        (root / name).write_bytes(b"no media")
    (root / "a.jpg").write_bytes(save(photo(60, 40)))
    keep = BatchOptions()
    with ThreadPoolExecutor(1) as pool:
        convert_directory(root, root / "earlier", PROFILE, executor=pool, keep=keep)
        heard: list[Progress] = []
        results = convert_directory(root, tmp_path / "out", PROFILE, executor=pool, progress=heard.append)
    assert [(Path(one.source).name, one.error) for one in results] == [("a.jpg", None)]
    # The message in the earlier target, too.
    assert [one.passed_over for one in heard] == [8]
