"""Who does the jobs: a failure of a process, of an executor or of a decoder costs one file only."""

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
from tests.batch.judge import PROFILE, check
from tests.made.pictures import photo, save
from transcode.batch import (
    BatchOptions,
    BatchPlan,
    Progress,
    apart,
    convert_directory,
    engines,
    iter_directory,
)
from transcode.errors import LimitsError
from transcode.jobs.isolated import Isolated
from transcode.jobs.job_limits import JobLimits
from transcode.jobs.within import in_child

TWO_SECONDS = BatchPlan(limits=JobLimits(max_cpu_seconds=2))


def test_own_pool(folder: Path, tmp_path: Path) -> None:
    """Without an executor the work runs in worker processes."""
    check(convert_directory(folder, tmp_path / "out", PROFILE, jobs=2), tmp_path / "out")


def test_given_executor(folder: Path, tmp_path: Path) -> None:
    """A given executor does the work and is not shut down."""
    with ThreadPoolExecutor(2) as pool:
        check(convert_directory(folder, tmp_path / "out", PROFILE, executor=pool), tmp_path / "out")
        assert pool.submit(int, "3").result() == 3


def test_a_process_that_dies_takes_no_other_file_with_it(folder: Path, tmp_path: Path) -> None:
    """A file that kills its worker is reported, and all other files are converted."""
    with mock.patch.object(engines, "convert", faults.kill_on_broken):
        results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2)
    check(results, tmp_path / "out")
    assert "died" in str(results[3].error)


def test_a_decoder_that_hangs_is_ended(folder: Path, tmp_path: Path) -> None:
    """A file whose decoder hangs fails when its job exceeds the limit of processor time."""
    # The caller may have its own handler for the signal that ends the job.
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        with mock.patch.object(engines, "convert", faults.spin_on_broken):
            results = convert_directory(folder, tmp_path / "out", PROFILE, jobs=2, plan=TWO_SECONDS)
    finally:
        signal.signal(signal.SIGPROF, before)
    check(results, tmp_path / "out")
    assert "took longer than 2 seconds of processor time" in str(results[3].error)


@pytest.mark.parametrize(
    ("kind", "convert", "words"),
    [
        ("threads", faults.spin_on_broken, "took longer than 2 seconds of processor time"),
        ("processes", faults.kill_on_broken, "the process that decoded it died (SIGKILL)"),
    ],
)
def test_a_decoder_that_dies_takes_no_worker_of_an_executor_with_it(
    folder: Path, tmp_path: Path, kind: str, convert: Callable[..., object], words: str
) -> None:
    """The file is named with the reason, all others are converted, and the executor goes on."""
    pool: Executor
    if kind == "threads":
        pool = ThreadPoolExecutor(2)
    else:
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with mock.patch.object(engines, "convert", convert), pool:
        worker = pool.submit(os.getpid).result()
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=pool, plan=TWO_SECONDS)
        assert pool.submit(os.getpid).result() == worker
    check(results, tmp_path / "out")
    assert words in str(results[3].error)


def test_a_file_that_makes_too_much_costs_itself(folder: Path, tmp_path: Path) -> None:
    """It is named with the limit, and tried again by the next run; other limits make nothing else anew."""
    few = BatchPlan(limits=JobLimits(max_output=12_000))
    found = convert_directory(folder, tmp_path / "out", PROFILE, jobs=1, plan=few, keep=BatchOptions())
    told = {Path(one.source).name: one.error for one in found if one.error is not None}
    assert "a.png" in told
    assert "a.jpg" not in told
    assert str(told["a.png"]).endswith("the process that decoded it made more than 12,000 bytes")
    again = convert_directory(folder, tmp_path / "out", PROFILE, jobs=1, keep=BatchOptions())
    kept = {Path(one.source).name: one.is_kept for one in again}
    assert (kept["a.jpg"], kept["a.png"]) == (True, False)
    assert "a.png" not in [Path(one.source).name for one in again if one.error is not None]


def test_confined_processes_make_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """They write nothing: this process does."""
    plain = convert_directory(folder, tmp_path / "plain", PROFILE, jobs=1)
    plan = BatchPlan(limits=JobLimits(confine=None))
    confined = convert_directory(folder, tmp_path / "confined", PROFILE, jobs=1, plan=plan)
    assert len(plain) == len(confined)
    for one, other in zip(plain, confined, strict=True):
        if one.target is not None:
            assert Path(one.target).read_bytes() == Path(str(other.target)).read_bytes()
    with pytest.raises(LimitsError, match="limits must be JobLimits, not int"):
        BatchPlan(limits=3)  # type: ignore[arg-type]


def test_a_job_whose_worker_died_is_sent_once_more(folder: Path, tmp_path: Path) -> None:
    """An innocent file that an executor gave up once is converted; it takes its place behind the others."""

    class Once(Misbehaving):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(fn, *args, **kwargs)
            if "broken" in args[0].source:
                self.raised, self.given = None, fn(*args, **kwargs)
            return future

    heard: list[str] = []
    results = convert_directory(
        folder,
        tmp_path / "out",
        PROFILE,
        executor=Once(raised=KilledWorker()),
        progress=lambda one: heard.append(Path(one.latest.source).name),
    )
    check(results, tmp_path / "out")
    assert results[3].error_type == "SourceError"
    assert heard[-1] == "broken.jpg"


def test_children_of_an_executor_s_worker_end() -> None:
    """They end when they have had no job for a while, and the next job gets another one."""
    with Isolated(2, max_idle_seconds=0.1, may_fork=False) as pool:
        first = pool.submit(os.getpid).result()
        faults.until(lambda: not pool._children, "no child is left")
        assert pool.submit(os.getpid).result() not in (first, os.getpid())


def test_a_program_that_can_start_no_child_decodes_by_itself() -> None:
    """A frozen program has no interpreter that could be started; its executors work nevertheless."""
    with mock.patch.object(sys, "frozen", new=True, create=True):
        assert in_child(os.getpid, JobLimits()) == os.getpid()
    assert in_child(os.getpid, JobLimits()) != os.getpid()


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

    with mock.patch.object(engines, "_GRACE", 0.5 - 1800):
        results = convert_directory(folder, tmp_path / "out", PROFILE, executor=Silent())
    check(results, tmp_path / "out")
    assert "gave no result for 0.5 seconds" in str(results[3].error)


def test_a_given_executor_that_breaks_loses_no_result(folder: Path, tmp_path: Path) -> None:
    """Jobs that a broken or a closed executor did not do are in the result with the reason."""
    context = multiprocessing.get_context("spawn")
    with (
        mock.patch.object(apart, "convert_apart", faults.kill_worker_on_broken),
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
    with mock.patch.object(engines, "convert", faults.hang):
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
    with mock.patch.object(engines, "convert", faults.hang):
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
