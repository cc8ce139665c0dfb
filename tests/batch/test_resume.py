"""A second run of a batch: it does what has changed, and nothing else."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.made.pictures import photo, save
from transcode.batch import (
    BatchOptions,
    BatchPlan,
    Converted,
    apart,
    convert_directory,
    engines,
    iter_directory,
)
from transcode.batch.convert import Made, convert, lost, not_made
from transcode.batch.hashes import hash_of, plan_hash
from transcode.batch.manifest import NAME
from transcode.batch.plan import Job
from transcode.batch.resume import of_shard
from transcode.jobs.files import Outputs
from transcode.jobs.job_limits import JobLimits, JobLost

KEEP = BatchOptions()
NAMES = ["a.jpg", "a.png", "c.jpg", "broken.jpg", "notes.txt"]


class Here(Executor):
    """An executor that does jobs at once, without a child, and notes which.

    Attributes:
        seen: the names of the files whose jobs came.
        made: those of which a message was made, or failed to be made.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.made: list[str] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        made = fn.keywords["convert"](args[0])
        name = Path(args[0].source).name
        self.seen.append(name)
        if not all(one.is_known for one in made.outputs):
            self.made.append(name)
        future.set_result(made)
        return future


def run(source: Path, target: Path, keep: BatchOptions = KEEP, **more: Any) -> tuple[Here, list[Converted]]:
    here = Here()
    given = {"profile": PROFILE, **more}
    return here, convert_directory(source, target, executor=here, keep=keep, **given)


@pytest.fixture
def settled(folder: Path) -> Path:
    """The folder, last changed long ago as far as its files say."""
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    return folder


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file's stamp may be trusted at once: the tests do not wait for two seconds."""
    monkeypatch.setattr("transcode.batch.manifest._COARSE", -1)
    return iter(())


def test_a_second_run_does_nothing(settled: Path, tmp_path: Path) -> None:
    """Its results are those of the first, failures too; no file is read and none is written."""
    out = tmp_path / "out"
    first, results = run(settled, out)
    assert sorted(first.made) == sorted(NAMES)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.mms")}
    second, again = run(settled, out)
    assert second.seen == []
    assert again == [replace(one, is_kept=True) for one in results]
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.mms")} == before
    assert [path.name for path in out.iterdir() if path.name[0] == "."] == [f"{NAME}.sqlite3"]
    steps = list(iter_directory(settled, out, PROFILE, executor=second, keep=KEEP))
    assert [(one.done, one.total, one.latest.is_kept) for one in steps] == [(n, 5, True) for n in range(1, 6)]


def test_what_has_changed_is_done(settled: Path, tmp_path: Path) -> None:
    """Another source, a lost or a changed message, and a new file are done; a touched file is only read."""
    out = tmp_path / "out"
    run(settled, out)
    (settled / "a.jpg").write_bytes(save(photo(310, 200)))
    (settled / "new.jpg").write_bytes(save(photo(300, 210)))
    (settled / "notes.txt").touch()
    (out / "a.png.mms").unlink()
    (out / "below" / "c.jpg.mms").write_bytes(b"torn")
    here, results = run(settled, out)
    assert sorted(here.made) == ["a.jpg", "a.png", "c.jpg", "new.jpg"]
    assert sorted(here.seen) == ["a.jpg", "a.png", "c.jpg", "new.jpg", "notes.txt"]
    assert {Path(one.source).name for one in results if one.is_kept} == {"broken.jpg", "notes.txt"}
    assert transcode.read((out / "below" / "c.jpg.mms").read_bytes()).parts
    assert run(settled, out)[0].seen == []


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe and a device without end beside the photos are named at once, with a manifest too, and once."""
    source = tmp_path / "in"
    source.mkdir()
    os.mkfifo(source / "pipe.jpg")
    (source / "zero.jpg").symlink_to("/dev/zero")
    for path in source.iterdir():
        with pytest.raises(OSError, match="not a regular file"):
            hash_of(path)
    (source / "link.jpg").symlink_to("nothing")
    _, results = run(source, tmp_path / "out")
    wanted = ["no such file or directory", "not a regular file"]
    assert [str(one.error).rpartition(": ")[2] for one in results] == [*wanted, wanted[1]]
    here, results = run(source, tmp_path / "out")
    # The device has another time each time.
    assert (set(here.seen) - {"zero.jpg"}, len(results)) == (set(), 3)
    (source / "nothing").write_bytes(save(photo(30, 20)))
    assert "link.jpg" in run(source, tmp_path / "out")[0].made


def test_two_runs_with_other_words_at_once(
    settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other run puts in the place of an output is not taken for one's own by the next run."""
    out = tmp_path / "out"
    place = Outputs.write_sets

    def both(self: Outputs, sets: Any) -> Any:
        done = place(self, sets)
        for path in (path for files in sets for path in files):
            (tmp_path / "theirs").write_bytes(b"of the other run")
            (tmp_path / "theirs").rename(path)
        return done

    with monkeypatch.context() as changed:
        changed.setattr(Outputs, "write_sets", both)
        run(settled, out)
    assert (out / "a.jpg.mms").read_bytes() == b"of the other run"
    assert {"a.jpg", "a.png", "c.jpg"} <= {*run(settled, out)[0].made}
    (out / "a.jpg.mms").unlink()
    assert "a.jpg" in run(settled, out)[0].made


def test_another_plan_does_all_again(settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another profile, another argument and another version of the engine make every message again."""
    out = tmp_path / "out"
    run(settled, out)
    for more in ({"profile": replace(PROFILE, max_message_bytes=19_000)}, {"subject": "another"}):
        here, _ = run(settled, out, **more)
        assert sorted(here.made) == sorted(NAMES)
        assert run(settled, out, **more)[0].seen == []
    monkeypatch.setattr("transcode.batch.hashes.__version__", "0")
    assert sorted(run(settled, out, subject="another")[0].made) == sorted(NAMES)


def test_failures_and_octets_are_looked_at_again_on_request(settled: Path, tmp_path: Path) -> None:
    """retry_failed does the failures again; verify finds a message whose size and times are the same."""
    out = tmp_path / "out"
    run(settled, out)
    assert sorted(run(settled, out, BatchOptions(retry_failed=True))[0].made) == ["broken.jpg", "notes.txt"]
    message = out / "a.jpg.mms"
    status, octets = message.stat(), message.read_bytes()
    message.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    os.utime(message, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(settled, out, BatchOptions(verify=True))[0].made == ["a.jpg"]
    assert message.read_bytes() == octets


def test_a_job_that_was_not_done_is_done_next_time(settled: Path, tmp_path: Path) -> None:
    """What an executor gives up is no fault of the file, and nothing of it is kept."""
    out = tmp_path / "out"
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    results = convert_directory(settled, out, PROFILE, executor=closed, keep=KEEP)
    assert {one.error_type for one in results} == {"JobError"}
    assert sorted(run(settled, out)[0].made) == sorted(NAMES)


def test_a_batch_ends_after_too_many_failures(settled: Path, tmp_path: Path) -> None:
    """The rest is cancelled, and done by the next run."""
    (settled / "a.jpg").write_bytes(b"text")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transcode.batch.engines._WINDOW_GIVEN", 1)
        _, results = run(settled, tmp_path / "out", BatchOptions(max_failures=0))
    assert [one.error_type == "Cancelled" for one in results] == [False, *[True] * 4]
    assert sorted(run(settled, tmp_path / "out")[0].made) == sorted(NAMES[1:])


def test_shards_are_the_whole_together(settled: Path, tmp_path: Path) -> None:
    """Each file belongs to one part, and each part has its own manifest."""
    made: list[str] = []
    for number in (1, 2, 3):
        here, _ = run(settled, tmp_path / "out", BatchOptions(shard=(number, 3)))
        made += here.made
        assert run(settled, tmp_path / "out", BatchOptions(shard=(number, 3)))[0].seen == []
    assert sorted(made) == sorted(NAMES)
    assert {of_shard(Path("a.jpg"), (1, 1)), of_shard(Path("a.jpg"), None)} == {True}


def test_options_and_manifests_that_will_not_do(settled: Path, tmp_path: Path) -> None:
    """They are refused before any work, and the manifest is named."""
    wrongs: list[dict[str, Any]] = [{"shard": part} for part in ((0, 3), (4, 3), (1,), "3/4")]
    for wrong in [*wrongs, {"max_failures": -1}, {"max_failures": True}]:
        with pytest.raises(transcode.LimitsError, match=next(iter(wrong))):
            BatchOptions(**wrong)
    with pytest.raises(transcode.LimitsError, match="keep must be"):
        run(settled, tmp_path / "out", True)  # type: ignore[arg-type]
    (tmp_path / "out").mkdir()
    manifest = tmp_path / "out" / f"{NAME}.sqlite3"
    manifest.write_bytes(b"no database" * 100)
    with pytest.raises(transcode.OutputError, match=r"manifest.sqlite3: the manifest can't be used"):
        run(settled, tmp_path / "out")
    manifest.unlink()
    with sqlite3.connect(manifest) as database:
        database.execute("PRAGMA user_version=9")
    database.close()
    with pytest.raises(transcode.OutputError, match="version 9"):
        run(settled, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.mms"))


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    """A file with such a name is kept as any other."""
    source = tmp_path / "in"
    source.mkdir()
    Path(os.fsdecode(os.fsencode(source) + b"/\xff.jpg")).write_bytes(save(photo(30, 20)))
    assert len(run(source, tmp_path / "out")[0].made) == 1
    here, (kept,) = run(source, tmp_path / "out")
    assert (here.seen, kept.is_kept, kept.error) == ([], True, None)


def test_the_hash_of_a_plan(tmp_path: Path) -> None:
    """It counts the octets of a picture for recordings, not its path, and tells 1 from True."""
    words = {"to": (), "cc": (), "bcc": (), "sender": None, "subject": None, "text": None, "options": None}
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
    hashes = [
        plan_hash(PROFILE, {**words, "as_clip": one}, BatchPlan())  # type: ignore[typeddict-item]
        for one in (tmp_path / "a", str(tmp_path / "b"), tmp_path / "none", True, False, b"same")
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 5


@pytest.mark.parametrize(
    ("limit", "given", "words"),
    [
        ("max_cpu_seconds", "max_cpu_seconds", "took longer than 5 seconds of processor time"),
        ("max_seconds", "max_seconds", "took longer than 5 seconds"),
        ("max_memory", "max_memory", "took more than 5 bytes of memory"),
        ("max_output", "max_output", "made more than 5 bytes"),
        # A decoder that gets no memory may crash.
        ("max_memory", "", "died (SIGABRT)"),
    ],
)
def test_a_raised_limit(
    limit: str, given: str, words: str, settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took more than it may is tried again once it may take more of that, and nothing else is."""

    def bound(job: Job, *, threads: int) -> Made:
        most = getattr(job.plan.limits, limit)
        if "a.jpg" in job.source and most is not None and most <= 5:
            return lost(job, apart.of_child(job, JobLost(words, given)), 0.1)
        return convert(job, threads=threads)

    monkeypatch.setattr(engines, "convert", bound)
    others = {"max_cpu_seconds", "max_seconds", "max_memory", "max_output"} - {limit}

    def made(**limits: int | None) -> list[str]:
        low = {**dict.fromkeys(others, 5), **limits}
        return run(settled, tmp_path / "out", plan=BatchPlan(limits=JobLimits(**low)))[0].made  # type: ignore[arg-type]

    assert sorted(made(**{limit: 5})) == sorted(NAMES)
    assert made(**{limit: 5}) == []
    assert made(**{limit: 4}) == []
    assert made(**{limit: 5}, **dict.fromkeys(others, 900)) == []
    assert made(**{limit: 6}) == ["a.jpg"]
    assert made(**{limit: None}) == []


def test_limits_that_processes_reach(settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process reports has the name of the limit; so has a decoder that found no memory."""
    for name in NAMES[1:]:
        next(settled.rglob(name)).unlink()

    def error(most: int | None) -> str | None:
        plan = BatchPlan(limits=JobLimits(max_output=most))
        return convert_directory(settled, tmp_path / "out", PROFILE, keep=KEEP, plan=plan, jobs=1)[0].error

    assert "made more than 100 bytes" in (error(100) or "")
    assert error(None) is None
    monkeypatch.setattr("transcode.jobs.job_limits._most_memory", 9)
    job = Job("a.jpg", (), BatchPlan(), {"as_clip": False})
    output: Any = type("Output", (), {"profile": PROFILE, "carrier": ""})
    full = transcode.CapError("a.jpg", "not enough memory to decode it: a job may take 9 bytes")
    reached = [not_made(job, output, one, 0.0).limit for one in (full, MemoryError(), ValueError("broken"))]
    assert reached == ["max_memory", "max_memory", ""]


def test_media_that_change_their_format(tmp_path: Path) -> None:
    """The file of the earlier format goes, unless somebody has changed it; a failure removes none."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    still, moving = save(photo(30, 20)), save(photo(30, 20), "GIF")

    def made(octets: bytes) -> list[str]:
        (source / "a").write_bytes(octets)
        run(source, out, plan=BatchPlan(written_as="media"))
        return sorted(path.name for path in out.iterdir() if path.name[0] != ".")

    assert made(still) == ["a.jpg"]
    assert made(moving) == ["a.gif"]
    assert made(b"broken") == ["a.gif"]
    assert made(still) == ["a.jpg"]
    (out / "a.jpg").write_bytes(b"of somebody")
    assert made(moving) == ["a.gif", "a.jpg"]
    # What the batch reads is never removed, though it was made by one.
    os.link(out / "a.gif", tmp_path / "link")
    (source / "b").symlink_to(out / "a.gif")
    assert made(still) == ["a.gif", "a.jpg", "b.gif"]
