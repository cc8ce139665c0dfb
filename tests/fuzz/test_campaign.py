"""Campaigns: the same inputs each time, faults that are found, and nothing wrong with a few of every kind."""

from __future__ import annotations

import functools
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import transcode
from tests.fuzz import doors, seeds
from tests.fuzz.campaign import Campaign, Seed, Verdict, Worker, begun, report, run, store
from tests.fuzz.mutations import mutated
from transcode.errors import SourceError

#: Those that take longest have their turn in long runs; every family is here.
FEW = ("jpeg", "png", "gif", "tiff", "heic", "mp4", "wav", "amr", "mm1", "mm4", "mm7")


@functools.cache
def made() -> tuple[Seed, ...]:
    found = [Seed("phone", "uaprof", seeds.PHONE)]
    for name in FEW:
        family, makers = ("media", seeds.MEDIA) if name in seeds.MEDIA else ("message", seeds.MESSAGES)
        found.append(Seed(name, family, makers[name]()))
    presentation = next(p.data for p in seeds.message().parts if p.content_type == "application/smil")
    return (*found, Seed("smil", "smil", bytes(presentation)))


def test_inputs_are_the_same_each_time() -> None:
    """Number n is the same octets in each run, and others differ; every seed has its turn."""
    campaign = Campaign(made(), 5)
    inputs = [campaign.input(number) for number in range(200)]
    assert [Campaign(made(), 5).input(number) for number in range(200)] == inputs
    assert {seed.name for seed, _ in inputs} == {seed.name for seed in made()}
    assert sum(data != seed.data for seed, data in inputs) > 180
    assert len({data for _, data in inputs}) > 180


def test_a_few_of_every_family() -> None:
    """Whole and damaged files end in a result or an error of this package, through every door."""
    campaign = Campaign(made(), 1)
    for seed in made():
        for _, call in doors.calls(seed.family, seed.data, 0):
            assert not doors.tried(call).startswith("!")
    for number in range(40):
        verdict = campaign.judged(number)
        assert not verdict.fault, verdict
        assert not [outcome for outcome in verdict.outcomes if "!" in outcome]


def test_mutations_of_nothing_much() -> None:
    """The shortest files can be mutated too, and none is empty."""
    for key in range(200):
        assert mutated(b"\1", [b"\2"], str(key))


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), ZeroDivisionError()])
def test_untyped_errors_are_faults(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is none of the package's errors is told with its traceback."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(transcode, "fit", fail)
    fault = Campaign(made()[1:2], 1).judged(0).fault
    assert type(error).__name__ in fault
    assert "Traceback" in fault


@pytest.mark.parametrize(
    "error",
    [SourceError("other.jpg", "bad"), SourceError("damaged.bin", "two\nlines"), transcode.TranscodeError("")],
)
def test_errors_that_say_too_little(error: Exception) -> None:
    """An error names its source, in one line."""

    def fail() -> None:
        raise error

    with pytest.raises(doors.Fault):
        doors.tried(fail)


def test_results_over_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is too large, or that nobody can read, is a fault."""
    good = transcode.fit(made()[1].data, doors.LIMITS)
    for data in (bytes(20_001), b"\xff\xd8\xff\xd9"):
        bad = replace(good, data=data)
        monkeypatch.setattr(transcode, "fit", lambda *_, bad=bad, **__: bad)
        assert Campaign(made()[1:2], 1).judged(0).fault


def test_what_is_known_is_not_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A campaign goes on where it was ended, and its report tells what was at fault before."""
    known = Verdict(1, "jpeg", ["fit: !odd"], 1.5, 1 << 20, "ended by SIGSEGV")
    kept = tmp_path / "campaign-3.jsonl"
    kept.write_text(json.dumps(asdict(known)) + '\n{"number": 0, "se')
    assert run(Campaign(made()[:2], 3), tmp_path, [1]) == [known]
    assert report([known]) == 1
    said = capsys.readouterr().out
    assert "unforeseen, 1: odd (1)" in said
    assert "ended by SIGSEGV" in said
    assert "1 inputs, 1 calls, 1 at fault" in said


def test_workers(tmp_path: Path) -> None:
    """Processes judge as this one does, from the seeds that are stored."""
    campaign = Campaign(made()[:3], 3)
    store(campaign, tmp_path)
    assert begun(tmp_path, 3) == campaign
    found = run(campaign, tmp_path, range(4), jobs=1)
    assert [(one.number, one.outcomes) for one in found] == [
        (number, campaign.judged(number).outcomes) for number in range(4)
    ]
    assert all(one.resident > 1 << 20 and not one.fault for one in found)


@pytest.mark.parametrize("number", [signal.SIGPROF, signal.SIGSEGV])
def test_a_worker_that_ends(number: signal.Signals, tmp_path: Path) -> None:
    """Whose process is ended by the system is at fault, with what the process said last."""
    said = "print('last', file=sys.stderr, flush=True)"
    last = f"import os, sys; input(); {said}; os.kill(os.getpid(), {number.value})"
    worker = Worker(Campaign(made()[:1], 1), tmp_path, 0, [sys.executable, "-c", last])
    for _ in range(2):
        fault = worker.judged(0).fault
        assert fault.startswith(f"ended by {number.name}")
        assert "last" in fault
    worker.close()
