"""Conversion of directories: the result accounts for every file, and a failure costs one file only."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import transcode
from tests import faults
from tests.made.pictures import photo, save
from transcode import batch
from transcode.batch import Converted, Progress, convert_directory, iter_directory
from transcode.errors import OutputError
from transcode.profile import find_profile

PROFILE = replace(find_profile("us-att"), max_message_bytes=20_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three pictures (one in a subfolder), a broken picture, a text and hidden files."""
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


def test_own_pool(folder: Path, tmp_path: Path) -> None:
    """Without an executor the work runs in worker processes."""
    check(convert_directory(folder, tmp_path / "out", PROFILE, jobs=2), tmp_path / "out")


def test_given_executor(folder: Path, tmp_path: Path) -> None:
    """A given executor does the work and is not shut down."""
    with ThreadPoolExecutor(2) as pool:
        check(convert_directory(folder, tmp_path / "out", PROFILE, executor=pool), tmp_path / "out")
        assert pool.submit(int, "3").result() == 3


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


def test_a_process_that_dies_takes_no_other_file_with_it(folder: Path, tmp_path: Path) -> None:
    """A file that kills its worker is reported, and all other files are converted."""
    with mock.patch.object(batch, "_convert", faults.kill_on_broken):
        results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2)
    check(results, tmp_path / "out")
    assert "died" in str(results[3].error)


def test_a_decoder_that_hangs_is_ended(folder: Path, tmp_path: Path) -> None:
    """A file whose decoder hangs fails when its job exceeds the limit of processor time."""
    # The caller may have its own handler for the signal that ends the job.
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        with (
            mock.patch.object(batch, "_convert", faults.spin_on_broken),
            mock.patch.object(batch, "MAX_JOB_SECONDS", 4),
        ):
            results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2)
    finally:
        signal.signal(signal.SIGPROF, before)
    check(results, tmp_path / "out")
    assert "took longer than 4 seconds of processor time" in str(results[3].error)


def test_an_error_nobody_thought_of_is_one_file_s(folder: Path, tmp_path: Path) -> None:
    """An unforeseen error fails one file, and all other files are converted."""
    real = transcode.compose_split

    def fails(source: object, *args: object, **options: object) -> object:
        if "broken" in Path(str(source)).name:
            raise ZeroDivisionError
        return real(source, *args, **options)  # type: ignore[arg-type]

    with mock.patch.object(batch, "compose_split", fails), ThreadPoolExecutor(1) as pool:
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=pool)
    check(results, tmp_path / "out")
    assert results[3].error_type == "ZeroDivisionError"


def test_what_is_wrong_for_all_is_said_once(folder: Path, tmp_path: Path) -> None:
    """A bad recipient, a network without MMS, or a missing directory raises before any file is written."""
    with pytest.raises(transcode.MessageError):
        convert_directory(folder, tmp_path / "out", PROFILE, to=["no body"])
    with pytest.raises(transcode.MmsUnavailable):
        convert_directory(folder, tmp_path / "out", replace(PROFILE, mms_enabled=False))
    with pytest.raises(transcode.SourceError, match="no such directory"):
        convert_directory(folder / "missing", tmp_path / "out", PROFILE)
    assert not (tmp_path / "out").exists()


class Misbehaving(Executor):
    """An executor that misbehaves for broken.jpg and runs every other job at once.

    Args:
        raised: the error of the future, or None.
        refused: the error of submit(), or None.
        given: the result of the future without an error.
        kind: the class of the future.
    """

    def __init__(
        self,
        *,
        raised: BaseException | None = None,
        refused: BaseException | None = None,
        given: object = None,
        kind: type[Future[Any]] = Future,
    ) -> None:
        self.raised, self.refused, self.given, self.kind = raised, refused, given, kind

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if "broken" not in args[0].source:
            future.set_result(fn(*args, **kwargs))
            return future
        if self.refused is not None:
            raise self.refused
        future = self.kind()
        if self.raised is not None:
            future.set_exception(self.raised)
        else:
            future.set_result(self.given)
        return future


class Mute(Exception):
    """An error whose text can't be read."""

    def __str__(self) -> str:
        raise ValueError("mute")


class Stop(BaseException):
    """An exception of another package that ends a program."""


class Leaves(Future[Any]):
    """A future whose exception() ends the program."""

    def exception(self, timeout: float | None = None) -> BaseException | None:
        sys.exit(3)


class Refuses(Future[Any]):
    """A future whose result() ends the program."""

    def result(self, timeout: float | None = None) -> Any:
        raise Stop("not now")


class Broken(Future[Any]):
    """A future on which nothing can wait."""

    def __init__(self) -> None:
        super().__init__()
        del self._condition

    def set_result(self, result: Any) -> None:
        pass

    def cancel(self) -> bool:
        raise Stop


class Breaks(Future[Any]):
    """A future on which only the first wait succeeds."""

    looks = 0

    def set_result(self, result: Any) -> None:
        pass

    @property
    def _state(self) -> str:
        self.looks += 1
        if self.looks > 2:
            raise Stop("it broke")
        return "RUNNING"

    @_state.setter
    def _state(self, state: str) -> None:
        pass


class Dropped(Future[Any]):
    """A future that is cancelled before its job starts, as by a shutdown with cancel_futures."""

    def set_result(self, result: Any) -> None:
        self.cancel()


class Unnamed(Future[Any]):
    """A future without a hash."""

    __hash__ = None  # type: ignore[assignment]


class KilledWorker(Exception):
    """The error of some executors for a job whose worker died."""


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (
            Misbehaving(raised=KilledWorker("four\nworkers died")),
            "gave the job up: KilledWorker: four workers died",
        ),
        (Misbehaving(raised=KeyboardInterrupt()), "KeyboardInterrupt"),
        (Misbehaving(raised=Mute()), "Mute: the reason can't be told"),
        (Misbehaving(raised=CancelledError()), "CancelledError"),
        (Misbehaving(raised=MemoryError()), "MemoryError"),
        (Misbehaving(raised=BrokenProcessPool("gone")), "BrokenProcessPool: gone"),
        (Misbehaving(refused=ZeroDivisionError("odd")), "ZeroDivisionError: odd"),
        (Misbehaving(refused=RuntimeError("shut down")), "shut down"),
        (Misbehaving(refused=SystemExit(4)), "SystemExit: 4"),
        (Misbehaving(refused=Stop("no more")), "Stop: no more"),
        (Misbehaving(refused=asyncio.CancelledError()), "CancelledError"),
        (Misbehaving(given="nonsense"), "gave back str"),
        (Misbehaving(kind=Leaves), "SystemExit: 3"),
        (Misbehaving(kind=Refuses), "Stop: not now"),
        (Misbehaving(kind=Broken), "_condition"),
        (Misbehaving(kind=Breaks), "Stop: it broke"),
        (Misbehaving(kind=Unnamed), "unhashable"),
        (Misbehaving(kind=Dropped), "CancelledError"),
    ],
)
def test_whatever_an_executor_does_costs_that_file(
    folder: Path, tmp_path: Path, executor: Misbehaving, words: str
) -> None:
    """The file is reported with the reason and has no output; all other files are converted."""
    (folder / "broken.jpg").write_bytes(save(photo(300, 200)))
    results = convert_directory(folder, tmp_path / "out", PROFILE, executor=executor)
    check(results, tmp_path / "out")
    assert results[3].error_type == "JobError"
    assert words in str(results[3].error)


def test_an_interrupt_ends_it(folder: Path, tmp_path: Path) -> None:
    """KeyboardInterrupt, and errors of signal handlers, pass to the caller from every place."""
    (folder / "broken.jpg").write_bytes(save(photo(300, 200)))
    with pytest.raises(KeyboardInterrupt):
        convert_directory(
            folder, tmp_path / "out", PROFILE, executor=Misbehaving(refused=KeyboardInterrupt())
        )

    class Signalled(Misbehaving):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            signal.raise_signal(signal.SIGUSR1)
            return super().submit(fn, *args, **kwargs)

    class Handler:
        def __call__(self, number: int, frame: object) -> None:
            sys.exit(number)

        def handle(self, number: int, frame: object) -> None:
            self(number, frame)

    before = signal.getsignal(signal.SIGUSR1)
    try:
        for handler in (
            Handler(),
            Handler().handle,
            lambda number, _: sys.exit(number),
            partial(lambda _, number, frame: sys.exit(number), 5),
            partial(Handler()),
        ):
            signal.signal(signal.SIGUSR1, handler)
            with pytest.raises(SystemExit, match=str(int(signal.SIGUSR1))):
                convert_directory(folder, tmp_path / "out", PROFILE, executor=Signalled())
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_executor_that_falls_silent(folder: Path, tmp_path: Path) -> None:
    """Jobs that an executor does not return fail after a time limit."""

    class Silent(Misbehaving):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            return Future() if "broken" in args[0].source else super().submit(fn, *args, **kwargs)

    with mock.patch.object(batch, "MAX_JOB_WAIT", 0), mock.patch.object(batch, "_GRACE", 0.5):
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=Silent())
    check(results, tmp_path / "out")
    assert "gave no result for 0.5 seconds" in str(results[3].error)


def test_a_given_executor_that_breaks_loses_no_result(folder: Path, tmp_path: Path) -> None:
    """Jobs that a broken or a closed executor did not do are in the result with the reason."""
    context = multiprocessing.get_context("fork")
    with (
        mock.patch.object(batch, "_convert", faults.kill_on_broken),
        ProcessPoolExecutor(1, context) as broken,
    ):
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=broken)
    assert len(results) == 5
    assert "BrokenProcessPool" in str(results[3].error)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    results = convert_directory(folder, tmp_path / "other", PROFILE, executor=closed)
    assert ["cannot schedule" in str(result.error) for result in results] == [True] * 5
    assert not list((tmp_path / "other").iterdir())


def test_nothing_is_left_of_numbered_messages_that_failed(folder: Path, tmp_path: Path) -> None:
    """If an executor fails after it wrote numbered messages, none of them is left."""

    class Late(Misbehaving):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            fn(*args, **kwargs)
            return super().submit(fn, *args, **kwargs)

    (folder / "broken.jpg").write_bytes(save(photo(300, 200)))
    few = replace(PROFILE, max_recipients=1)
    to = ["+15555550100", "+15555550101"]
    late = Late(raised=KilledWorker())
    results = convert_directory(folder, tmp_path / "out", few, executor=late, to=to)
    assert [len(result.further) for result in results] == [1, 1, 1, 0, 0]
    assert not [
        path for path in (tmp_path / "out").rglob("*") if "broken" in path.name or path.name[0] == "."
    ]


def test_cancel(folder: Path, tmp_path: Path) -> None:
    """A cancel during a hang keeps finished files, reports the others, and leaves no process."""
    cancel = threading.Event()
    heard: list[Progress] = []

    def progress(one: Progress) -> None:
        heard.append(one)
        cancel.set()

    before = faults.workers()
    with mock.patch.object(batch, "_convert", faults.hang):
        results = convert_directory(
            folder, tmp_path / "out", PROFILE, jobs=2, progress=progress, cancel=cancel
        )
    assert [Path(one.latest.source).name for one in heard] == ["a.jpg"]
    assert [result.error_type for result in results] == [None, *["Cancelled"] * 4]
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["a.jpg.mms"]
    assert faults.workers() == before
    with ThreadPoolExecutor(1) as pool:
        results = convert_directory(folder, tmp_path / "other", PROFILE, executor=pool, cancel=cancel)
    assert {result.error_type for result in results} <= {"Cancelled"}


def test_closing_the_iterator_cancels(folder: Path, tmp_path: Path) -> None:
    """Closing the iterator ends the running jobs; errors for all files are raised by the call itself."""
    before = faults.workers()
    with mock.patch.object(batch, "_convert", faults.hang):
        steps = iter_directory(folder, tmp_path / "out", PROFILE, jobs=2)
        first = next(steps)
        steps.close()
    assert (first.done, first.total, Path(first.latest.source).name) == (1, 5, "a.jpg")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["a.jpg.mms"]
    assert faults.workers() == before
    whole = [step.latest for step in iter_directory(folder, tmp_path / "out", PROFILE, jobs=1)]
    check(sorted(whole, key=lambda result: Path(result.source)), tmp_path / "out")
    with pytest.raises(transcode.SourceError, match="no such directory"):
        iter_directory(folder / "missing", tmp_path / "out", PROFILE)


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
