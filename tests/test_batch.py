"""Directories: every file is accounted for, none takes another with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import transcode
from tests.media.pictures import photo, save
from transcode import batch
from transcode.batch import Converted, Progress, convert_directory, write_file
from transcode.errors import OutputError
from transcode.profile import find_profile

PROFILE = replace(find_profile("us-att"), max_message_bytes=20_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them below, a broken one, a text, and hidden files."""
    root = tmp_path / "in"
    (root / "below").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    (root / "a.png").write_bytes(save(photo(100, 100), "PNG"))
    (root / "below" / "c.jpg").write_bytes(save(photo(200, 300, 3)))
    (root / "broken.jpg").write_bytes(save(photo(300, 200))[:400])
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden" / "d.jpg").write_bytes(b"")
    (root / ".DS_Store").write_bytes(b"")
    return root


def check(results: list[Converted], target: Path) -> None:
    names = [Path(result.source).name for result in results]
    assert names == ["a.jpg", "a.png", "c.jpg", "broken.jpg", "notes.txt"]
    for result in results:
        if result.error is None:
            assert result.target is not None
            pdu = Path(result.target).read_bytes()
            assert len(pdu) == result.message_bytes
            assert len(pdu) <= 20_000
            assert transcode.read(pdu).parts
        else:
            assert result.source in result.error
    assert [bool(result.error) for result in results] == [False, False, False, True, True]
    written = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert written == ["a.jpg.mms", "a.png.mms", "below/c.jpg.mms"]


def test_more_recipients_than_a_message_may_have(tmp_path: Path) -> None:
    """Each file gets as many messages as its recipients need, all or none of them."""
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
    for path in paths:
        path.unlink()
    paths[2].mkdir()
    (made,) = convert_directory(root, out, few, jobs=1, to=to)
    assert made.error_type == "OutputError"
    assert [path for path in out.iterdir() if path.is_file()] == []


def test_what_every_message_has(tmp_path: Path) -> None:
    """All kinds of recipients, and what is asked of the network; one string is refused as recipients."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    asked = transcode.SendOptions(priority="high")
    (made,) = convert_directory(root, tmp_path / "out", PROFILE, jobs=1, bcc=["+15555550100"], options=asked)
    assert made.target is not None
    found = transcode.read(Path(made.target).read_bytes())
    assert (found.to, found.bcc) == ((), ("+15555550100/TYPE=PLMN",))
    assert found.headers == (("X-Mms-Priority", "High"),)
    with pytest.raises(transcode.MessageError, match="not one string"):
        convert_directory(root, tmp_path / "out", PROFILE, to="+15555550100")


def test_own_pool(folder: Path, tmp_path: Path) -> None:
    """Without an executor the work is done in processes."""
    check(convert_directory(folder, tmp_path / "out", PROFILE, jobs=2), tmp_path / "out")


def test_given_executor(folder: Path, tmp_path: Path) -> None:
    """Any executor does, and is left running."""
    with ThreadPoolExecutor(2) as pool:
        check(convert_directory(folder, tmp_path / "out", PROFILE, executor=pool), tmp_path / "out")
        assert pool.submit(int, "3").result() == 3


def test_progress(folder: Path, tmp_path: Path) -> None:
    """The callback hears of every file once, and counts to the end."""
    heard: list[Progress] = []
    results = convert_directory(folder, tmp_path / "out", PROFILE, progress=heard.append)
    assert [progress.done for progress in heard] == [1, 2, 3, 4, 5]
    assert {progress.total for progress in heard} == {5}
    assert {progress.latest.source for progress in heard} == {result.source for result in results}


def test_target_inside_the_source(folder: Path) -> None:
    """Messages are not taken for sources when the target lies inside."""
    for _ in range(2):
        check(convert_directory(folder, folder / "out", PROFILE, jobs=1), folder / "out")


def _kill_on_broken(job: batch._Job) -> Converted:
    if "broken" in Path(job.source).name:
        os.kill(os.getpid(), signal.SIGKILL)
    return _convert(job)


_convert = batch._convert


def test_a_process_that_dies_takes_no_other_file_with_it(folder: Path, tmp_path: Path) -> None:
    """One file kills its decoder: it is named, and all the others are converted."""
    with mock.patch.object(batch, "_convert", _kill_on_broken):
        results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2)
    check(results, tmp_path / "out")
    assert "died" in str(results[3].error)


def _die_while_another_writes(job: batch._Job) -> Converted:
    """The broken one dies once a.jpg has been begun, which its pool ends then."""
    target = Path(job.target)
    begun = target.parent / "begun"
    if "broken" in target.name:
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    if target.name == "a.jpg.mms" and not begun.exists():
        (target.parent / f"{batch._stem(target)}1-1.part").write_bytes(b"half of it")
        begun.touch()
        signal.pause()
    return _convert(job)


def test_nothing_is_left_of_what_was_interrupted(folder: Path, tmp_path: Path) -> None:
    """A file whose process was ended with another's is converted, and its first attempt is gone."""
    out = tmp_path / "out"
    with mock.patch.object(batch, "_convert", _die_while_another_writes):
        results = convert_directory(folder, out, PROFILE, jobs=2)
    (out / "begun").unlink()
    check(results, out)


def _hang_on_broken(job: batch._Job) -> Converted:
    if "broken" in Path(job.source).name:
        signal.pause()
    return _convert(job)


def _spin_on_broken(job: batch._Job) -> Converted:
    while "broken" in Path(job.source).name:
        pass
    return _convert(job)


@pytest.mark.parametrize(
    ("limit", "convert"), [("MAX_JOB_WAIT", _hang_on_broken), ("MAX_JOB_SECONDS", _spin_on_broken)]
)
def test_a_decoder_that_hangs_is_ended(
    folder: Path, tmp_path: Path, limit: str, convert: Callable[[batch._Job], Converted]
) -> None:
    """One file never ends: it is given up after the time that a job may take, working or waiting."""
    # Also where the caller has a use of its own for the signal that ends it.
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with (
            mock.patch.object(batch, "_convert", convert),
            mock.patch.object(batch, limit, 1),
        ):
            results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2)
    finally:
        signal.signal(signal.SIGALRM, before)
    check(results, tmp_path / "out")


def test_an_error_nobody_thought_of_is_one_file_s(folder: Path, tmp_path: Path) -> None:
    """Whatever a file provokes, the others are converted."""
    real = transcode.compose_many

    def fails(source: object, *args: object, **options: object) -> object:
        if "broken" in Path(str(source)).name:
            raise ZeroDivisionError
        return real(source, *args, **options)  # type: ignore[arg-type]

    with mock.patch.object(batch, "compose_many", fails), ThreadPoolExecutor(1) as pool:
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=pool)
    check(results, tmp_path / "out")
    assert results[3].error_type == "ZeroDivisionError"


def test_what_is_wrong_for_all_is_said_once(folder: Path, tmp_path: Path) -> None:
    """A bad recipient, a network without MMS or a missing directory raises before anything is written."""
    with pytest.raises(transcode.MessageError):
        convert_directory(folder, tmp_path / "out", PROFILE, to=["nobody"])
    with pytest.raises(transcode.MmsUnavailable):
        convert_directory(folder, tmp_path / "out", replace(PROFILE, mms_enabled=False))
    with pytest.raises(transcode.SourceError, match="no such directory"):
        convert_directory(folder / "missing", tmp_path / "out", PROFILE)
    assert not (tmp_path / "out").exists()


def test_a_given_executor_that_breaks_loses_no_result(folder: Path, tmp_path: Path) -> None:
    """What a broken or a closed executor did not do is in the result, with the reason."""
    with mock.patch.object(batch, "_convert", _kill_on_broken), ProcessPoolExecutor(1) as broken:
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=broken)
    assert len(results) == 5
    assert "executor broke" in str(results[3].error)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    results = convert_directory(folder, tmp_path / "other", PROFILE, executor=closed)
    assert ["executor broke" in str(result.error) for result in results] == [True] * 5


def test_a_directory_that_can_not_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    """It is in the result, and the rest is converted; when it is the source itself, that is an error."""
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
    """A file in its place, and the source itself, are refused before any work."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file: file exists"):
        convert_directory(folder, tmp_path / "file", PROFILE)
    with pytest.raises(OutputError, match="target is the source"):
        convert_directory(folder, folder / "below" / "..", PROFILE)


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    """A write that fails leaves neither the file nor a temporary one, and an older file stays."""
    path = tmp_path / "a" / "b.mms"
    write_file(path, b"first")
    with (
        mock.patch.object(Path, "replace", side_effect=OSError("full")),
        pytest.raises(OSError, match="full"),
    ):
        write_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


def test_long_names_and_the_file_mode(tmp_path: Path) -> None:
    """A name as long as the system allows is written, with the mode that the umask leaves."""
    path = tmp_path / ("\u68ee" * 83 + ".mms")
    before = os.umask(0o027)
    try:
        write_file(path, b"a")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_with_its_file_half_written(job: batch._Job) -> Converted:
    with mock.patch.object(Path, "replace", _die):
        return _convert(job)


def test_a_death_leaves_no_temporary_file(folder: Path, tmp_path: Path) -> None:
    """A process that dies while it writes leaves nothing behind."""
    (folder / "notes.txt").unlink()
    (folder / "broken.jpg").unlink()
    with mock.patch.object(batch, "_convert", _dies_with_its_file_half_written):
        results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=1)
    assert all("died" in str(result.error) for result in results)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
