"""What services ask of processes of jobs: cancelled, late, warm, confined, and nothing left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests import faults
from tests.process import started
from transcode.errors import LimitsError
from transcode.jobs import confinement, job_limits, process, scratch
from transcode.jobs.child import JobFuture
from transcode.jobs.isolated import Isolated, JobLost
from transcode.jobs.job_limits import JobLate, JobLimits

ROOT = Path(__file__).parents[2]
PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


def begin(
    pool: Isolated, job: Callable[..., object], *args: object, seconds: float | None = None
) -> JobFuture:
    future = JobFuture()
    deadline = None if seconds is None else time.monotonic() + seconds
    pool.begin(future, pickle.dumps((job, args, {})), deadline)
    return future


def test_a_job_that_is_done_is_cancelled(tmp_path: Path) -> None:
    """Its process ends, in the middle of C that lets nobody else run; the job beside it does not notice."""
    with Isolated(2, may_fork=False) as pool:
        beside = pool.submit(time.sleep, 0.5)
        future = pool.submit(faults.say, str(tmp_path / "told"))
        faults.wait_for(str(tmp_path / "told"))
        faults.until((tmp_path / "told").read_text, "a number")
        assert future.running()
        assert future.cancel()
        assert (future.running(), future.cancelled()) == (False, True)
        # Those who wait for several are told, too.
        assert wait([future], 100).done
        number = int((tmp_path / "told").read_text())
        faults.until(lambda: not Path(f"/proc/{number}/exe").exists(), "the process ends")
        with pytest.raises(CancelledError):
            future.result()
        assert beside.result() is None
        assert pool.submit(int, "3").result() == 3


def test_jobs_that_wait_are_cancelled_and_forgotten() -> None:
    """Nothing keeps their octets."""
    with Isolated(1, may_fork=False) as pool:
        first = pool.submit(faults.hold)
        faults.until(first.running, "the first is being done")
        others = [pool.submit(faults.double, b"x") for _ in range(20)]
        assert all(future.cancel() for future in others)
        faults.until(lambda: not pool._waiting, "none waits")
        assert len(wait(others, 100).done) == 20
        assert first.cancel()


def test_a_job_has_a_deadline() -> None:
    """It holds from when the job was given, for the one that waits too; others go on."""
    with Isolated(1, may_fork=False) as pool:
        pool.submit(int).result()
        late = begin(pool, faults.hold, seconds=0.3)
        waiting = begin(pool, faults.double, b"x", seconds=0.2)
        other = begin(pool, faults.double, b"x", seconds=500)
        for future in (late, waiting):
            with pytest.raises(JobLate, match="was not done in time"):
                future.result()
        assert waiting.begun is None
        assert other.result() == b"xx"
    assert isinstance(pickle.loads(pickle.dumps(JobLate())), JobLost)


def test_processes_stay_ready(tmp_path: Path) -> None:
    """They are started before there are jobs, are warm, and each is replaced by one that is ready."""
    told: list[tuple[str, int]] = []
    pool = Isolated(
        2,
        may_fork=False,
        stays_ready=True,
        warm_up=faults.warm,
        max_jobs=3,
        watch=lambda event, number, _: told.append((event, number)),
    )
    faults.until(lambda: sum(child.is_ready for child in pool._children) == 2, "two are ready")
    assert [pool.submit(faults.ready).result() for _ in range(20)] == [True] * 20
    faults.until(lambda: "replaced" in [event for event, _ in told], "one was replaced")
    number = next(child.process.pid for child in pool._children if child.is_ready)
    os.kill(number, signal.SIGKILL)
    faults.until(lambda: ("ended", number) in told, "one has ended")
    faults.until(lambda: sum(child.is_ready for child in pool._children) >= 2, "another took its place")
    pool.kill()
    begun = {number for event, number in told if event == "started"}
    assert begun == {number for event, number in told if event != "started"}
    assert not any(Path(f"/proc/{number}/exe").exists() for number in begun)


def test_a_process_that_can_not_be_prepared() -> None:
    """The job says why."""
    with Isolated(1, may_fork=False, warm_up=faults.raise_odd) as pool:
        assert "odd" in str(pool.submit(int).exception())


def test_a_job_that_crashes_waits_for_its_turn_and_no_longer(tmp_path: Path) -> None:
    """Where jobs come all the time, it is tried again before those that were submitted later."""
    with Isolated(1, may_fork=False) as pool:
        bad = pool.submit(faults.log, str(tmp_path / "log"), 1, signal.SIGKILL)
        number = 0
        while not bad.done():
            pool.submit(abs, number).result()
            number += 1
            assert number < 100_000
        assert bad.result() == signal.SIGKILL


def test_nobody_waits_for_a_job_that_crashed(tmp_path: Path) -> None:
    """A pool for services tries it beside the others."""
    with Isolated(2, may_fork=False, retries_alone=False) as pool:
        beside = pool.submit(faults.hold)
        faults.until(beside.running, "it is being done")
        bad = pool.submit(faults.log, str(tmp_path / "log"), 2, signal.SIGKILL)
        others = [pool.submit(time.sleep, 0.01) for _ in range(100)]
        assert bad.result() == signal.SIGKILL
        # It came before those that waited behind it.
        assert not all(other.done() for other in others)
        assert beside.cancel()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_of_the_program_has_no_pool() -> None:
    """In it nothing is taken, and nothing of the parent is ended."""
    with Isolated(1, may_fork=False) as pool:
        number = pool.submit(os.getpid).result()
        child = os.fork()
        if child == 0:
            try:
                pool.kill()
                pool.submit(int)
            except RuntimeError as error:
                os._exit(7 if "in a fork" in str(error) else 8)
            os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert pool.submit(os.getpid).result() == number


@pytest.mark.parametrize("way", ["forked", "started"])
def test_temporary_files_of_a_killed_process_are_removed(tmp_path: Path, way: str) -> None:
    """Each process has a folder for them, which goes with it."""
    told = tmp_path / "told"
    with Isolated(1, may_fork=way == "forked") as pool:
        path = Path(pool.submit(faults.leave_a_file).result())
        assert path.parent.parent == Path(tempfile.gettempdir())
        assert path.exists()
        assert isinstance(pool.submit(faults.leave_a_file_and_die, str(told)).exception(), JobLost)
        assert not path.parent.exists()
    assert not Path(told.read_text()).parent.exists()


def test_temporary_files_of_a_killed_program_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next program does it, and leaves those of a living one alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_looked_through", set())
    code = "from transcode.jobs.scratch import Scratch; s = Scratch(); print(s.path, flush=True); input()"
    command = [sys.executable, "-c", code]
    for dies in (False, True):
        with started(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, **PIPES) as program:
            assert program.stdout is not None
            path = Path(program.stdout.readline().strip())
            if dies:
                program.kill()
                program.wait()
            scratch._looked_through.clear()
            own = scratch.Scratch()
            assert (path.exists(), Path(own.path).exists()) == (not dies, True)
            own.close()
            if not dies:
                program.communicate("\n")


def test_where_there_is_no_place_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done all the same."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/nowhere")
    for confines in (False, None):
        with Isolated(1, may_fork=False, limits=JobLimits(confine=confines)) as pool:
            assert pool.submit(int, "4").result() == 4


@pytest.fixture(scope="module")
def confined() -> Any:
    with Isolated(1, may_fork=False, limits=JobLimits(confine=None)) as pool:
        yield pool


@pytest.mark.parametrize("what", faults.FORBIDDEN)
def test_a_confined_process(confined: Isolated, tmp_path: Path, what: str) -> None:
    """It really tries. What this kernel has no means for, doctor and JobLimits say."""
    (tmp_path / "old").write_bytes(b"here")
    found = confinement.confinement()
    came = confined.submit(faults.forbidden, what, str(tmp_path)).result()
    if found.filters if what in faults.BY_FILTER else found.landlock:
        assert came == "PermissionError"
        assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("old", b"here")]
    if not found.is_whole:
        with pytest.raises(LimitsError, match="this system can't confine a process"):
            JobLimits(confine=True)


def test_what_a_confined_process_may(confined: Isolated, tmp_path: Path) -> None:
    """It reads, makes temporary files and starts threads."""
    (tmp_path / "old").write_bytes(b"here")
    assert confined.submit(faults.allowed, str(tmp_path)).result() == (b"here", b"kept")


def test_a_system_that_refuses_to_confine() -> None:
    """Where it is asked for as far as it goes, jobs are done; where it must be whole, none is."""
    code = process._CODE.replace(
        "main(",
        "from transcode.jobs import worker\n"
        "def refuse(folder): raise PermissionError(1, 'refused')\n"
        "worker.confine = refuse\n"
        "main(",
    )
    with mock.patch.object(process, "_CODE", code):
        with Isolated(1, may_fork=False, limits=JobLimits(confine=None)) as pool:
            assert pool.submit(int, "4").result() == 4
        with (
            mock.patch.object(job_limits, "confinement", return_value=confinement.Confinement(1, True)),
            Isolated(1, may_fork=False, limits=JobLimits(confine=True)) as pool,
        ):
            assert "exit status 1" in str(pool.submit(int).exception())


def test_a_system_that_refuses_landlock_alone(tmp_path: Path) -> None:
    """As in a container: the filter of system calls is used all the same, and the error is not lost."""
    code = process._CODE.replace(
        "main(",
        "from transcode.jobs import confinement\n"
        "def refuse(*_): raise PermissionError(1, 'refused')\n"
        "confinement._keep_files = refuse\n"
        "main(",
    )
    with (
        mock.patch.object(process, "_CODE", code),
        Isolated(1, may_fork=False, limits=JobLimits(confine=None)) as pool,
    ):
        (tmp_path / "old").write_bytes(b"here")
        came = {
            what: pool.submit(faults.forbidden, what, str(tmp_path)).result() for what in faults.BY_FILTER
        }
    if confinement.confinement().filters:
        assert set(came.values()) == {"PermissionError"}, came


def test_the_words_of_a_confinement() -> None:
    assert str(confinement.Confinement(4, True)) == "files by Landlock 4; network by seccomp"
    assert str(confinement.Confinement(0, False)) == (
        "files: no Landlock in this kernel; network: no seccomp here"
    )
    assert not confinement.Confinement(0, True).is_whole
