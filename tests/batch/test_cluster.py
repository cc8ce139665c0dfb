"""Workers of a Dask scheduler: whatever dies, no innocent file is lost, and all octets are as ever."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import transcode
from tests import faults
from tests.batch import fleet
from transcode.batch import apart, convert_directory, engines
from transcode.batch.cluster import Cluster, _fetched

# No test may wait for ever, and what starts and ends the cluster is no exception.
pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.timeout(300)]

FILES = 60


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet.fill(tmp_path_factory.mktemp("media") / "in", FILES)


@pytest.fixture(scope="module")
def wanted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The outputs of a run in one process."""
    target = tmp_path_factory.mktemp("serial")
    convert_directory(source, target, fleet.PROFILE, jobs=1)
    return fleet.outputs(target)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Cluster, list[subprocess.Popen[bytes]]]]:
    """Two workers, and their processes."""
    with (
        fleet.scheduler(tmp_path_factory.mktemp("dask"), 2, nanny=False) as (address, processes),
        Cluster(address) as one,
    ):
        faults.until(lambda: one.room() == 8, "two workers")
        yield one, processes[1:]


def test_a_file_that_harms_its_worker(
    source: Path,
    wanted: dict[str, bytes],
    cluster: tuple[Cluster, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
) -> None:
    """Files that exit, crash, loop, or take all memory are named; all others are made, and no worker dies."""
    harmful = tmp_path / "in"
    harmful.mkdir()
    for path in sorted(source.iterdir())[:8]:
        (harmful / path.name).write_bytes(path.read_bytes())
    for name in fleet.HARM:
        (harmful / f"{name}.jpg").write_bytes((source / "000.jpg").read_bytes())
    executor, workers = cluster
    with mock.patch.object(engines, "convert", faults.poison):
        results = convert_directory(
            harmful, tmp_path / "out", fleet.PROFILE, executor=executor, plan=fleet.PLAN
        )
    errors = {Path(one.source).stem: str(one.error) for one in results if one.error}
    assert sorted(errors) == sorted(fleet.HARM)
    assert all(words in errors[name] for name, words in fleet.HARM.items())
    found = fleet.outputs(tmp_path / "out")
    assert found == {name: octets for name, octets in wanted.items() if name in found}
    assert len(found) == 8
    assert [one.poll() for one in workers] == [None, None]


def test_a_worker_that_is_killed(
    source: Path,
    wanted: dict[str, bytes],
    cluster: tuple[Cluster, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
) -> None:
    """At a third of the files: nothing is lost, nothing waits for ever, and every octet is the same."""
    executor, workers = cluster
    results = fleet.killed(source, tmp_path / "out", executor, FILES, workers[0].pid)
    assert not +fleet.judge(results, tmp_path / "out", wanted)


@pytest.mark.parametrize(
    ("fate", "words"),
    [(signal.SIGKILL, "is gone"), (signal.SIGSTOP, "gives no answer for 3 seconds")],
    ids=["dead", "frozen"],
)
def test_a_scheduler_that_is_lost(
    fate: signal.Signals, words: str, source: Path, wanted: dict[str, bytes], tmp_path: Path
) -> None:
    """What is not done says so; the next run, here without a cluster, makes the rest."""
    keep = transcode.BatchOptions()
    (tmp_path / "dask").mkdir()
    with (
        fleet.scheduler(tmp_path / "dask", 1, nanny=False) as (address, processes),
        Cluster(address, timeout=3) as cluster,
    ):
        faults.until(cluster.room, "a worker")
        first = convert_directory(
            source,
            tmp_path / "out",
            fleet.PROFILE,
            executor=cluster,
            keep=keep,
            progress=lambda one: processes[0].send_signal(fate) if one.done == FILES // 3 else None,
        )
    errors = {str(one.error_type) for one in first if one.error}
    made = sum(one.error is None for one in first)
    assert errors == {"JobError"}
    said = {str(one.error).partition(": ")[2] for one in first if one.error}
    assert said == {f"the scheduler {address} {words}"}
    assert FILES // 3 <= made < FILES
    again = convert_directory(source, tmp_path / "out", fleet.PROFILE, keep=keep)
    assert sum(one.is_kept for one in again) == made
    assert fleet.outputs(tmp_path / "out") == wanted


def test_a_result_that_is_not_fetched() -> None:
    """Where the connection breaks, the job is to be sent again."""
    from distributed.comm import CommClosedError

    async def broken() -> None:
        raise CommClosedError("gone")

    with pytest.raises(CancelledError, match="gone"):
        asyncio.run(_fetched(broken()))


def test_no_scheduler(tmp_path: Path) -> None:
    """An address at which nobody answers, and a machine without Dask, are told at once."""
    with pytest.raises(transcode.JobError, match=r"tcp://127.0.0.1:1: no Dask scheduler answers"):
        Cluster("tcp://127.0.0.1:1", timeout=1)
    missing = mock.patch.dict(sys.modules, {"distributed": None})
    with missing, pytest.raises(transcode.MissingPackage, match="cluster"):
        Cluster("tcp://127.0.0.1:1")


def test_a_worker_that_is_another_one(source: Path, tmp_path: Path) -> None:
    """A worker of another version, and one that does not see the source, are no fault of the file."""
    job = mock.Mock(source="a.jpg", reads=(str(tmp_path / "a.jpg"),), outputs=())
    limits = transcode.JobLimits()
    with pytest.raises(transcode.JobError, match=r"has version .*, not 9\.9"):
        apart.write_apart(job, convert=mock.Mock(), limits=limits, version="9.9")
    with pytest.raises(transcode.JobError, match="does not see it"):
        apart.write_apart(job, convert=mock.Mock(), limits=limits, version=transcode.__version__)


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    """No worker is asked for it: to a worker it looks like a folder that is not at the same path."""
    (tmp_path / "a.jpg").touch()
    paths = [str(tmp_path / name) for name in ("a.jpg", "b.jpg", "\0")]
    jobs: list[Any] = [mock.Mock(reads=(path,), outputs=()) for path in paths]
    assert [str(engines._gone(job) or "") for job in jobs[:2]] == [
        "",
        f"{tmp_path / 'b.jpg'}: no such file or directory",
    ]
    _, refused = engines._refused(jobs, mock.Mock())
    assert [job for job, _ in refused] == jobs[1:]
    assert {type(error) for _, error in refused} == {transcode.SourceError}


def test_a_worker_with_another_target(tmp_path: Path) -> None:
    """Its files are no results: the error says that the folder is another one."""
    one = mock.Mock(written={tmp_path / "gone.mms": ("", "")})
    job = mock.Mock(source="a.jpg", outputs=())
    with mock.patch.object(engines, "lost", side_effect=lambda _, error, __: error):
        error = engines._seen(job, mock.Mock(worker="m (1)", outputs=[one]), set())
    assert "m (1) has another folder at the path of the target" in str(error)
