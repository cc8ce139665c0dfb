"""The engine of a service: the bytes of fit() and compose(), and no job that costs another one."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any, BinaryIO, cast
from unittest import mock

import prometheus_client
import pytest
from starlette.datastructures import UploadFile

import transcode
from tests import faults
from tests.made import sounds
from tests.made.pictures import photo, save
from transcode import Engine, Limits, errors
from transcode.engine import engine as engine_module
from transcode.engine import telling
from transcode.engine.requests import Request
from transcode.jobs import job_limits
from transcode.jobs.confinement import Confinement, confinement

ROOT = Path(__file__).parents[2]
PICTURE = save(photo(320, 240), "JPEG")
LIMITS = Limits(8_000, 160, 160)
PROFILE = transcode.find_profile("us-att")
TO = ["+15555550100"]


def hold(request: Request) -> None:
    """A job that never ends: it waits in C and lets nobody else run."""
    faults.hold()


def die(request: Request) -> None:
    faults.die()


def crash(request: Request) -> None:
    faults.crash()


@pytest.fixture(scope="module", autouse=True)
def cold() -> Iterator[None]:
    """Processes load what they need: most here do nothing. Those of the program below are warm."""
    with mock.patch.object(engine_module, "warm_up", faults.warm):
        yield


@pytest.fixture(scope="module")
def engine(cold: None) -> Iterator[Engine]:
    with Engine(2, threads=1) as made:
        yield made


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="transcode.engine")
    return caplog


class Doing:
    """A context manager: jobs do something else than is asked for."""

    def __init__(self, what: Any) -> None:
        self._patch = mock.patch.object(engine_module, "make", what)

    def __enter__(self) -> None:
        self._patch.start()

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


def test_the_bytes_are_those_of_fit_and_compose(engine: Engine, tmp_path: Path) -> None:
    """Of paths, bytes and files, also relative to a folder that the program enters later."""
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE)
    one = transcode.fit(str(path), LIMITS)
    for source in (str(path), path, PICTURE, bytearray(PICTURE), memoryview(PICTURE), io.BytesIO(PICTURE)):
        assert engine.submit(source, LIMITS).result().data == one.data
    assert engine.submit(path, LIMITS).result() == one
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        assert engine.submit("a.jpg", LIMITS).result() == transcode.fit("a.jpg", LIMITS)
    finally:
        os.chdir(before)
    words: dict[str, Any] = {"to": TO, "subject": "Hike", "text": "From the top"}
    sound = bytes(sounds.container(sounds.sine(1.0)).data)
    slides: list[Any] = [PICTURE, transcode.Slide(image=io.BytesIO(PICTURE), audio=sound), path]
    again: list[Any] = [PICTURE, transcode.Slide(image=PICTURE, audio=sound), PICTURE]
    made = engine.submit(slides, PROFILE, **words).result()
    assert made.to_mm1() == transcode.compose(again, PROFILE, **words).to_mm1()
    assert made.reports[-1].source == str(path)


@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:Implicitly")
def test_file_objects(engine: Engine) -> None:
    """They are read in the program, as fit() reads them, and keep their names."""
    spooled = tempfile.SpooledTemporaryFile(10)  # noqa: SIM115
    spooled.write(PICTURE)
    upload: Any = UploadFile(cast("BinaryIO", spooled), filename="a.jpg")
    made = engine.submit(upload, LIMITS).result()
    assert (made.data, made.report.source) == (transcode.fit(PICTURE, LIMITS).data, "a.jpg")
    spooled.close()
    error = engine.submit(io.BytesIO(), LIMITS).exception()
    assert isinstance(error, errors.SourceError)
    assert str(error) == "<file>: empty: 0 bytes"


def test_errors_are_those_of_fit_and_compose(engine: Engine) -> None:
    """Those of a source are the future's; a wrong argument is one of the call."""
    with pytest.raises(errors.BudgetError) as caught:
        engine.submit(PICTURE, Limits(100)).result()
    assert caught.value.limit == 100
    with pytest.raises(errors.SourceError, match=r"^missing\.jpg: no such file"):
        engine.submit("missing.jpg", PROFILE).result()
    with pytest.raises(errors.MessageError):
        engine.submit(PICTURE, PROFILE, to=["nobody at all"]).result()
    with pytest.raises(TypeError, match=r"fit\(\) of an engine has no argument 'to'"):
        engine.submit(PICTURE, LIMITS, to=TO)  # type: ignore[call-overload]
    with pytest.raises(errors.LimitsError, match="not str"):
        engine.submit(PICTURE, "us-att")  # type: ignore[call-overload]
    with pytest.raises(errors.LimitsError, match="deadline must be"):
        engine.submit(PICTURE, LIMITS, deadline=0)
    with pytest.raises(errors.LimitsError, match="wait must be"):
        engine.submit(PICTURE, LIMITS, wait=float("nan"))
    assert isinstance(engine.submit(3, LIMITS).exception(), errors.SourceError)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "words",
    [{"workers": 0}, {"workers": True}, {"queue": -1}, {"queue_bytes": 0}, {"max_jobs": 1.5}, {"threads": 0}],
)
def test_arguments_out_of_range(words: dict[str, Any]) -> None:
    with pytest.raises(errors.LimitsError, match=next(iter(words))):
        Engine(**words)
    with pytest.raises(errors.LimitsError, match="must be JobLimits"):
        Engine(limits=LIMITS)  # type: ignore[arg-type]


def test_a_deadline_stops_its_job_alone(engine: Engine, told: pytest.LogCaptureFixture) -> None:
    """The process ends, the job beside it is done, and another process takes its place."""
    with Doing(hold):
        late = engine.submit(PICTURE, LIMITS, deadline=0.5)
    beside = engine.submit(PICTURE, LIMITS)
    with pytest.raises(errors.JobTimeout, match=r"^<bytes>: it was not done within 0\.5 seconds$") as caught:
        late.result()
    assert isinstance(caught.value, TimeoutError)
    assert pickle.loads(pickle.dumps(caught.value)).reason == caught.value.reason
    assert beside.result().data == transcode.fit(PICTURE, LIMITS).data
    (record,) = [one for one in told.records if getattr(one, "outcome", "") == "late"]
    assert record.levelno == logging.WARNING
    number = vars(record)["worker"]
    faults.until(lambda: not Path(f"/proc/{number}/exe").exists(), "the process ends")


@pytest.mark.parametrize(("what", "words"), [(die, "SIGKILL"), (crash, "SIGSEGV")])
def test_a_job_that_kills_its_process(engine: Engine, what: Any, words: str) -> None:
    """It is named; those beside it are done."""
    with Doing(what):
        bad = engine.submit("a.jpg", LIMITS)
    others = [engine.submit(PICTURE, LIMITS) for _ in range(6)]
    with pytest.raises(errors.SourceError, match=rf"^a\.jpg: the process that decoded it died \({words}\)$"):
        bad.result()
    assert len({other.result().data for other in others}) == 1


def test_cancel(engine: Engine, told: pytest.LogCaptureFixture) -> None:
    """A job that waits, and one that is being done."""
    with Doing(hold):
        jobs = [engine.submit(PICTURE, LIMITS) for _ in range(5)]
    faults.until(lambda: sum(job.running() for job in jobs) == 2, "two are being done")
    assert all(job.cancel() for job in jobs)
    assert len(wait(jobs, 100).done) == 5
    with pytest.raises(CancelledError):
        jobs[0].result()
    assert engine.submit(PICTURE, LIMITS).result().data
    assert sum(getattr(record, "outcome", "") == "cancelled" for record in told.records) == 5


def test_a_full_queue() -> None:
    """Who waits does so for a while, and an error says that it was in vain."""
    with Engine(1, queue=1) as engine:
        with Doing(hold):
            held = [engine.submit(PICTURE, LIMITS) for _ in range(2)]
        for seconds in (0, 0.05):
            with pytest.raises(errors.QueueFull, match="the queue of the engine is full"):
                engine.submit(PICTURE, LIMITS, wait=seconds)
        with pytest.raises(errors.JobTimeout, match=r"within 0\.05 seconds"):
            engine.submit(PICTURE, LIMITS, deadline=0.05).result()

        async def refused() -> None:
            with pytest.raises(errors.QueueFull):
                await engine.fit(PICTURE, LIMITS, wait=0.05)
            task = asyncio.create_task(engine.fit(PICTURE, LIMITS))
            await asyncio.sleep(0.05)
            assert not task.done()
            held[1].cancel()
            held[0].cancel()
            assert (await task).data

        asyncio.run(refused())
        assert engine._jobs._free == 2


def test_a_queue_of_few_bytes() -> None:
    """Sources have so many bytes at most, all together; one larger than all is taken alone."""
    with Engine(2, queue_bytes=len(PICTURE) + 10) as engine:
        with Doing(hold):
            held = engine.submit(PICTURE, LIMITS)
        with pytest.raises(errors.QueueFull):
            engine.submit(PICTURE, LIMITS, wait=0)
        assert engine.submit(b"x" * 5, LIMITS, wait=0).exception()
        held.cancel()
        assert engine.submit(PICTURE + bytes(100), LIMITS).result().data
        assert (engine._jobs._free, engine._octets._free) == (66, len(PICTURE) + 10)


def test_map(engine: Engine) -> None:
    """Results come in order; an error is raised or given in its place, and ends nothing."""
    begun = []

    def sources() -> Iterator[object]:
        for number in range(30):
            begun.append(number)
            yield b"none" if number == 1 else PICTURE

    results = engine.map(sources(), LIMITS)
    assert next(results).data == transcode.fit(PICTURE, LIMITS).data
    assert len(begun) == 4
    with pytest.raises(errors.SourceError):
        next(results)
    assert len(list(results)) == 28
    made = list(engine.map([PICTURE, b"none", PICTURE], PROFILE, to=TO, return_errors=True))
    assert [type(one).__name__ for one in made] == ["Message", "UnsupportedError", "Message"]
    with Doing(hold):
        waiting = engine.map([PICTURE, PICTURE], LIMITS, deadline=0.2)
        with pytest.raises(errors.JobTimeout):
            next(waiting)
        jobs = list(waiting._begun)  # type: ignore[attr-defined]
        del waiting
    assert all(job.done() for job in jobs)


def test_asyncio(engine: Engine) -> None:
    """Jobs are awaited, and a task that is cancelled stops its job."""

    async def work() -> None:
        made = await asyncio.gather(
            engine.fit(PICTURE, LIMITS),
            engine.fit(io.BytesIO(PICTURE), LIMITS),
            engine.compose(PICTURE, PROFILE, to=TO),
        )
        assert made[0].data == made[1].data == transcode.fit(PICTURE, LIMITS).data
        assert made[2].to_mm1() == transcode.compose(PICTURE, PROFILE, to=TO).to_mm1()
        with pytest.raises(errors.UnsupportedError):
            await engine.fit(b"none", LIMITS)
        with Doing(hold):
            task = asyncio.create_task(engine.fit(PICTURE, LIMITS))
            await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with Doing(hold), pytest.raises(errors.JobTimeout):
            await engine.fit(PICTURE, LIMITS, deadline=0.2)
        async with Engine(1) as other:
            assert (await other.fit(PICTURE, LIMITS)).data == made[0].data
        with pytest.raises(errors.JobError, match="closed"):
            await other.fit(PICTURE, LIMITS)

    asyncio.run(work())
    faults.until(lambda: engine._jobs._free == 66, "all have left")


def test_what_is_told(told: pytest.LogCaptureFixture) -> None:
    """Fields of each job and process, and counters; nothing that is named is in them."""
    registry = prometheus_client.CollectorRegistry()
    with Engine(1, metrics=registry, max_jobs=1) as engine, Engine(1, metrics=registry) as beside:
        named = UploadFile(io.BytesIO(PICTURE), filename="private.jpg")
        made = engine.submit(named, LIMITS).result()  # type: ignore[call-overload]
        assert dict(made.report.stages).keys() == {"open", "fit", "decode", "transform", "encode"}
        (report,) = engine.submit(PICTURE, PROFILE, to=TO, text="secret").result().reports
        assert report.stages
        assert beside.submit("/private/missing.jpg", LIMITS).exception()
    jobs = [record for record in told.records if hasattr(record, "outcome")]
    assert [(vars(one)["action"], vars(one)["outcome"], vars(one)["error"]) for one in jobs] == [
        ("fit", "done", None),
        ("compose", "done", None),
        ("fit", "failed", "SourceError"),
    ]
    first = vars(jobs[0])
    assert (first["octets_in"], first["octets_out"]) == (len(PICTURE), len(made.data))
    assert 0 < sum(first["stages"].values()) <= first["worked"]
    said = " ".join(str(vars(record)) + record.getMessage() for record in told.records)
    assert not [word for word in ("private", "secret", "5555550100") if word in said]
    sample = registry.get_sample_value
    assert sample("transcode_engine_jobs_total", {"action": "fit", "outcome": "done"}) == 1
    assert sample("transcode_engine_jobs_total", {"action": "fit", "outcome": "failed"}) == 1
    assert sample("transcode_engine_jobs_total", {"action": "compose", "outcome": "late"}) == 0
    assert sample("transcode_engine_work_seconds_count", {"action": "compose"}) == 1
    assert sample("transcode_engine_stage_seconds_total", {"stage": "decode"})
    assert sample("transcode_engine_bytes_total", {"direction": "in"}) == 2 * len(PICTURE)
    assert sample("transcode_engine_jobs_present") == 0
    assert sample("transcode_engine_workers") == 0
    ended = [
        sample("transcode_engine_workers_ended_total", {"reason": reason})
        for reason in ("replaced", "stopped", "died")
    ]
    # Processes of other engines start meanwhile.
    started = sum(getattr(record, "event", "") == "started" for record in told.records)
    assert 0 < sum(filter(None, ended)) <= started
    assert ended[2] == 0
    assert telling.metrics_of(False) is None


def test_metrics_need_their_package() -> None:
    with (
        mock.patch.dict(sys.modules, {"prometheus_client": None}),
        pytest.raises(errors.MissingPackage, match=r"mms-transcode\[metrics\]"),
    ):
        Engine(metrics=True)


def test_close() -> None:
    """What was taken is done, or cancelled; afterwards nothing is taken."""
    engine = Engine(1)
    jobs = [engine.submit(PICTURE, LIMITS) for _ in range(4)]
    engine.close()
    assert all(job.result().data for job in jobs)
    assert engine.is_closed
    with pytest.raises(errors.JobError, match="engine: it is closed, and takes no jobs"):
        engine.submit(PICTURE, LIMITS)
    engine = Engine(1)
    with Doing(hold):
        job = engine.submit(PICTURE, LIMITS)
    with pytest.raises(ZeroDivisionError), engine:
        raise ZeroDivisionError
    assert job.cancelled()


def test_a_system_that_can_not_confine() -> None:
    """Who insists is told; otherwise what there is must do."""
    lacking = mock.patch.object(job_limits, "confinement", return_value=Confinement(0, True))
    with lacking, pytest.raises(errors.LimitsError, match="no Landlock in this kernel; network by seccomp"):
        Engine(confine=True)
    with lacking:
        Engine()


def test_a_job_is_confined(tmp_path: Path) -> None:
    """As is said by default; it may be switched off."""
    (tmp_path / "old").write_bytes(b"here")

    def attempt(engine: Engine) -> str:
        return str(engine._started().submit(faults.forbidden, "make a folder", str(tmp_path)).result())

    with Engine(1) as confined, Engine(1, confine=False) as free:
        assert attempt(confined) == ("PermissionError" if confinement().landlock else "")
        assert attempt(free) == ("" if confinement().landlock else "FileExistsError")


_PROGRAM = """
import os, sys, transcode
from tests.engine.test_engine import Doing, LIMITS, PICTURE, hold
engine = transcode.Engine(1)
print(engine.submit(PICTURE, LIMITS).result().width, flush=True)
if os.fork() == 0:
    # A fork has an engine of its own.
    print(engine.submit(PICTURE, LIMITS).result().width, flush=True)
    sys.exit()
os.wait()
print(engine.submit(PICTURE, LIMITS).result().width, flush=True)
with Doing(hold):
    engine.submit(PICTURE, LIMITS)
    waiting = engine.submit(PICTURE, LIMITS)
(child,) = [one.process.pid for one in engine._started()._children if one.task is not None] or [0]
print(child, flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)"])
def test_the_end_of_the_program(end: str, tmp_path: Path) -> None:
    """With jobs that are being done: it does not hang, no process stays, and a fork disturbs nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM.format(end=end)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if "kill" in end else 0), done.stderr
    assert done.stdout.split()[:3] == ["160"] * 3
    faults.until(lambda: not running_in(tmp_path), "no process is left")
    # A killed program removes nothing; the next one does.
    assert bool(list(tmp_path.iterdir())) == ("kill" in end)


def running_in(folder: Path) -> list[int]:
    """The processes that keep their temporary files in a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}".encode() in one.read_bytes() and one.with_name("exe").exists():
                found.append(int(one.parent.name))
        except OSError:
            continue
    return found


def test_an_engine_that_nobody_holds_is_closed() -> None:
    """Its processes end; one that has jobs does them first."""
    engine = Engine(1)
    job = engine.submit(PICTURE, LIMITS)
    pool = engine._started()
    del engine
    assert job.result().data
    del job
    faults.until(lambda: pool.is_closed, "it is closed")
    faults.until(lambda: not pool._thread.is_alive(), "its thread ends")


def test_a_callback_never_waits() -> None:
    """It runs where room is made: it gives the next job, or is refused."""
    told: list[object] = []

    def more(_: object) -> None:
        try:
            told.append(small.submit(PICTURE, LIMITS))
            told.append(small.submit(PICTURE, LIMITS))
        except errors.QueueFull as error:
            told.append(error)

    with Engine(1, queue=0) as small:
        small.submit(PICTURE, LIMITS).add_done_callback(more)
        faults.until(lambda: len(told) == 2, "the callback was called")
        assert isinstance(told[1], errors.QueueFull)


def test_time_in_the_queue_counts() -> None:
    """A job that waits is late, too, and no process begins it."""
    with Engine(1) as engine:
        with Doing(hold):
            held = engine.submit(PICTURE, LIMITS)
        start = time.monotonic()
        assert isinstance(engine.submit(PICTURE, LIMITS, deadline=0.1).exception(), errors.JobTimeout)
        assert time.monotonic() - start >= 0.1
        held.cancel()
