"""Processes of our own: whatever happens to one costs its job, and no other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests import faults
from tests.process import started
from transcode.errors import LimitsError
from transcode.jobs import isolated, process
from transcode.jobs.isolated import Isolated
from transcode.jobs.job_limits import JobLimits, JobLost

ROOT = Path(__file__).parents[2]


@pytest.fixture
def forked() -> Iterator[None]:
    """Processes are forked: those of the tests' own start sooner so."""
    with mock.patch.object(isolated, "alone_in_here", return_value=True):
        yield


@pytest.fixture(params=["forked", "started"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways to have a process: that of the tests has threads, and would never fork of itself."""
    with mock.patch.object(isolated, "alone_in_here", return_value=request.param == "forked"):
        yield request.param


def killed(pool: Isolated) -> bool:
    """End a pool; whether its processes are gone."""
    numbers = [child.process for child in pool._children]
    pool.kill()
    return all(one.poll() is not None for one in numbers)


def test_results_and_errors(way: str) -> None:
    """A result is the function's, an error is the function's, and both may be large."""
    pool = Isolated(2)
    large = os.urandom(3_000_000)
    futures = [pool.submit(faults.double, large), pool.submit(int, "x"), pool.submit(pow, 2, exp=5)]
    assert futures[0].result() == large * 2
    assert isinstance(futures[1].exception(), ValueError)
    assert futures[2].result() == 32
    assert isinstance(pool.submit(faults.raise_exit).exception(), SystemExit)
    assert "odd" in str(pool.submit(faults.raise_odd).exception())
    with pytest.raises(Exception, match=r"pickle|local object"):
        pool.submit(lambda: None)
    assert killed(pool)
    with pytest.raises(RuntimeError, match="after a shutdown"):
        pool.submit(int)


def test_a_shutdown_waits_for_what_was_taken(forked: None) -> None:
    """All that was submitted is done, or cancelled where that is asked for."""
    with Isolated(1) as pool:
        futures = [pool.submit(int, str(number)) for number in range(20)]
    assert [future.result() for future in futures] == list(range(20))
    pool = Isolated(1)
    running, waiting = pool.submit(time.sleep, 0.2), pool.submit(int)
    faults.until(running.running, "the job has begun")
    pool.shutdown(cancel_futures=True)
    assert (running.result(), waiting.cancelled()) == (None, True)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (faults.die, r"died \(SIGKILL\)"),
        (faults.crash, r"died \(SIGSEGV\)"),
        (faults.leave, r"died \(exit status 3\)"),
    ],
)
def test_a_job_that_ends_its_process(way: str, job: Callable[[], None], words: str) -> None:
    """It alone fails, and says how; those before, beside and behind it are done."""
    with Isolated(2) as pool:
        before = [pool.submit(int, str(number)) for number in range(5)]
        bad = pool.submit(job)
        after = [pool.submit(int, str(number)) for number in range(5)]
        assert [future.result() for future in before + after] == [*range(5)] * 2
        with pytest.raises(JobLost, match=words):
            bad.result()


@pytest.mark.parametrize(
    ("number", "deaths", "tries"),
    [
        (signal.SIGTERM, 2, 3),
        (signal.SIGKILL, 9, 3),
        (signal.SIGSEGV, 1, 2),
    ],
)
def test_a_job_is_tried_again(forked: None, tmp_path: Path, number: int, deaths: int, tries: int) -> None:
    """What was ended from outside is done in the end; what crashes has one more try."""
    with Isolated(2) as pool:
        future = pool.submit(faults.log, str(tmp_path / "log"), deaths, number)
        others = [pool.submit(pow, 2, 3) for _ in range(9)]
        assert [other.result() for other in others] == [8] * 9
        if deaths < tries:
            assert future.result() == number
        else:
            assert isinstance(future.exception(), JobLost)
    assert (tmp_path / "log").stat().st_size == tries


def test_a_job_that_takes_too_long(way: str) -> None:
    """It is ended by its processor time when it works, by the clock when it waits, and not tried again."""
    with Isolated(1, limits=JobLimits(max_cpu_seconds=0.5)) as pool:
        spun, after = pool.submit(faults.spin), pool.submit(int, "1")
        with pytest.raises(JobLost, match=r"seconds? of processor time$"):
            spun.result()
        assert after.result() == 1
    with Isolated(1, limits=JobLimits(max_seconds=2)) as pool:
        error = pool.submit(faults.hold).exception()
    assert isinstance(error, JobLost)
    assert str(error) == "took longer than 2 seconds"


@pytest.mark.parametrize(
    ("job", "limits", "words"),
    [
        (faults.hoard, JobLimits(max_memory=200_000_000), r"^took more than 200,000,000 bytes of memory$"),
        (faults.hoard_threads, JobLimits(max_memory=200_000_000), r"^took more than 200,000,000 bytes of"),
        (faults.pour, JobLimits(max_output=1_000_000), r"^made more than 1,000,000 bytes$"),
    ],
)
def test_a_job_that_takes_too_much(way: str, job: Callable[[], None], limits: JobLimits, words: str) -> None:
    """It fails, names the limit, and is not tried again; the process lives, and has as much for the next."""
    with Isolated(1, limits=limits) as pool:
        before = pool.submit(os.getpid).result()
        with pytest.raises(JobLost, match=words):
            pool.submit(job).result()
        assert pool.submit(len, bytes(100_000)).result() == 100_000
        assert pool.submit(os.getpid).result() == before


def test_memory_that_a_job_may_take(way: str) -> None:
    """What the process has already counts for nothing, nor does what libraries reserve and do not use."""
    with Isolated(1, limits=JobLimits(max_memory=100_000_000)) as pool:
        pool.submit(faults.keep, 80_000_000).result()
        pool.submit(faults.keep, 80_000_000).result()
        pool.submit(faults.reserve, 10_000_000_000).result()


def test_a_process_is_replaced_after_its_number_of_jobs(forked: None) -> None:
    """All jobs are done, each process does so many of them, and none is left."""
    with Isolated(2, max_jobs=3) as pool:
        numbers = [future.result() for future in [pool.submit(os.getpid) for _ in range(20)]]
    counts = Counter(numbers)
    assert max(counts.values()) == 3
    assert not any(Path(f"/proc/{number}/exe").exists() for number in counts)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"max_seconds": 0}, "max_seconds must be a number above 0 or None, not 0"),
        ({"max_cpu_seconds": float("nan")}, "not nan"),
        ({"max_cpu_seconds": True}, "not True"),
        ({"max_memory": 1.5}, "max_memory must be a whole number above 0 or None, not 1.5"),
        ({"max_output": -1}, "not -1"),
        ({"confine": 1}, "confine must be True, False or None, not 1"),
    ],
)
def test_limits_of_a_job_that_are_none(words: dict[str, Any], error: str) -> None:
    with pytest.raises(LimitsError, match=error):
        JobLimits(**words)


def test_kill_ends_what_is_being_done(way: str, tmp_path: Path) -> None:
    """A kill also ends C code that lets nobody else run; what has not begun is cancelled."""
    pool = Isolated(1)
    running, waiting = pool.submit(faults.say, str(tmp_path / "pid")), pool.submit(int)
    faults.wait_for(str(tmp_path / "pid"))
    assert killed(pool)
    for future in (running, waiting):
        assert isinstance(future.exception(), CancelledError)


def test_signals(way: str) -> None:
    """A child has none of its parent's handlers, and an interrupt is not for it."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with Isolated(1) as pool:
            assert pool.submit(faults.handlers).result() == [True, True, True, {signal.SIGINT}]
            number = pool.submit(os.getpid).result()
            os.kill(number, signal.SIGINT)
            assert pool.submit(os.getpid).result() == number
            os.kill(number, signal.SIGTERM)
            assert pool.submit(int, "7").result() == 7
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_a_job_prints_is_no_output(forked: None, capfd: pytest.CaptureFixture[str]) -> None:
    """It goes to stderr: the parent's stdout may be read by a program."""
    with Isolated(1) as pool:
        assert pool.submit(faults.chatter).result() != os.getpid()
    assert capfd.readouterr().out == ""


def test_an_idle_process_that_dies(way: str) -> None:
    """Another takes its place, and nothing is lost."""
    with Isolated(1) as pool:
        for _ in range(2):
            number = pool.submit(os.getpid).result()
            os.kill(number, signal.SIGKILL)
        assert pool.submit(int, "5").result() == 5


def test_no_process_can_be_had() -> None:
    """Each job says why; nothing waits for ever."""
    refused = mock.patch.object(process, "_python", side_effect=RuntimeError("no Python was found"))
    ends_at_once = mock.patch.object(process, "_CODE", "raise SystemExit(9)")
    with mock.patch.object(isolated, "alone_in_here", return_value=False):
        with refused, Isolated(2) as pool:
            futures = [pool.submit(int, "1") for _ in range(3)]
            assert ["no Python was found" in str(future.exception()) for future in futures] == [True] * 3
        with ends_at_once, Isolated(2) as pool:
            assert "exit status 9" in str(pool.submit(int).exception())


def test_which_python_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The running Python starts; within a server it is not the server; a frozen program starts none."""
    monkeypatch.setattr(sys, "executable", "/usr/sbin/uwsgi")
    assert "python" in Path(process._python()).name
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    with pytest.raises(RuntimeError, match="no Python"):
        process._python()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(RuntimeError, match="frozen"):
        process._python()


def test_a_fault_in_the_pool_itself_is_heard_of() -> None:
    """What waits for a result gets the error: nothing waits for ever."""
    with mock.patch.object(Isolated, "_hand_out", side_effect=ZeroDivisionError):
        pool = Isolated(1)
        try:
            error = pool.submit(int).exception()
        except RuntimeError as refused:
            error = refused
    assert isinstance(error, ZeroDivisionError | RuntimeError)
    pool.kill()


_PARENT = """
import sys, threading
from tests import faults
from transcode.jobs.isolated import Isolated
if {threaded}:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
pool = Isolated(2)
futures = [pool.submit(faults.say, sys.argv[1]), pool.submit(faults.say, sys.argv[2])]
[future.result() for future in futures]
"""


@pytest.mark.parametrize("threaded", [False, True])
def test_no_orphans(tmp_path: Path, threaded: bool) -> None:
    """Children end with their parent when that is killed, in the middle of C that lets nobody else run."""
    told = [tmp_path / "1", tmp_path / "2"]
    command = [sys.executable, "-c", _PARENT.format(threaded=threaded), *map(str, told)]
    with started(command, cwd=ROOT) as parent:
        numbers = []
        for path in told:
            faults.wait_for(str(path))
            faults.until(path.read_text, f"a number in {path}")
            numbers.append(int(path.read_text()))
        parent.kill()
    faults.until(lambda: not any(Path(f"/proc/{number}/exe").exists() for number in numbers), "they end")


def _in_a_daemon(path: str) -> None:
    with Isolated(1) as pool:
        Path(path).write_text(pool.submit(str, 7).result())


def test_in_a_daemonic_process(tmp_path: Path) -> None:
    """Where multiprocessing allows no children, as in a worker of Celery, there are some all the same."""
    child = multiprocessing.get_context("fork").Process(
        target=_in_a_daemon, args=(str(tmp_path / "out"),), daemon=True
    )
    child.start()
    child.join()
    assert (tmp_path / "out").read_text() == "7"


def test_many_at_once(forked: None) -> None:
    """Several threads submit; every job is done once."""
    futures: list[Future[int]] = []
    with Isolated(3) as pool:

        def submit(first: int) -> None:
            futures.extend(pool.submit(abs, -number) for number in range(first, first + 50))

        threads = [threading.Thread(target=submit, args=(50 * number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait(futures)
    assert sorted(future.result() for future in futures) == list(range(200))
