"""Two revisions take turns, and the table has the ratio of what was neighbours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bench import compare, stored, timing
from bench.compare import Process, ratios, table, take_turns

ROOT = Path(__file__).parents[2]


def entry(
    section: str, name: str, data: list[float], engine: str = "transcode", **told: Any
) -> dict[str, Any]:
    """A measurement as pytest-benchmark stores it: seconds, a round each."""
    return {
        "group": f"{section}: {name}",
        "fullname": f"bench/bench_{section}.py::test_{section}[{name}-{engine}]",
        "params": {"name": name, "engine": engine},
        "extra_info": told,
        "stats": {"median": sorted(data)[len(data) // 2], "data": data},
    }


def test_ratio_is_that_of_neighbours() -> None:
    """A machine that slows down while they run does not change it."""
    now, then = entry("wire", "a", [1, 2, 4]), entry("wire", "a", [2, 4, 8])
    assert ratios(now, then) == [0.5, 0.5, 0.5]


def test_table() -> None:
    this = {
        "benchmarks": [
            entry("image", "a", [0.010, 0.020, 0.090], bytes=1000, points=70.0, photos=3),
            entry("image", "b", [0.030, 0.030, 0.030], bytes=1000, points=70.0),
            entry("wire", "new", [1.0]),
        ]
    }
    other = {
        "benchmarks": [
            entry("image", "a", [0.020, 0.040, 0.045], bytes=990, points=70.5, photos=4),
            entry("image", "b", [0.030, 0.030, 0.030], bytes=1000, points=70.0),
            entry("wire", "old", [1.0]),
        ]
    }
    text = table(this, other, "v1")
    assert (
        "| image: a, transcode | 40.000 | 20.000 | 0.500 | 0.500 to 1.250 | bytes +10, points -0.50 |" in text
    )
    assert "| image: b, transcode | 30.000 | 30.000 | 1.000 | 1.000 to 1.000 |  |" in text
    assert "| image | 2 | 0.750 | 0.500 | 1.000 |" in text
    assert "Only this revision has results for: bench/bench_wire.py::test_wire[new-transcode]." in text
    assert "Only v1 has results for: bench/bench_wire.py::test_wire[old-transcode]." in text
    assert not any(line.startswith("| wire") for line in text)


class Scripted(Process):
    """A process that wants these rounds, and notes when they begin."""

    def __init__(self, name: str, rounds: list[tuple[str, int]], tests: list[str], begun: list[Any]) -> None:
        self.name, self.rounds, self.tests, self.begun = name, iter(rounds), tests, begun
        self.waiting = None

    def listen(self) -> None:
        if self.waiting is None:
            self.waiting = next(self.rounds, None)

    def begin(self) -> None:
        assert self.waiting is not None
        self.begun.append((self.name, *self.waiting))
        self.waiting = None


def test_turns() -> None:
    """Each begins every other round; a test that one has alone or begins late is waited for by the other."""
    begun: list[Any] = []
    tests = ["a", "b", "c"]
    this = Scripted("this", [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("c", 0)], tests, begun)
    other = Scripted("other", [("a", 0), ("a", 1), ("a", 2), ("c", 0), ("c", 1)], tests, begun)
    take_turns([this, other])
    assert begun == [
        *[("this", "a", 0), ("other", "a", 0)],
        *[("other", "a", 1), ("this", "a", 1)],
        *[("this", "a", 2), ("other", "a", 2)],
        ("this", "b", 0),
        *[("this", "c", 0), ("other", "c", 0)],
        ("other", "c", 1),
    ]


def test_the_timer_waits_where_a_round_begins() -> None:
    """It says which round waits, and takes no turn where a round ends."""
    its_reader, our_writer = os.pipe()
    our_reader, its_writer = os.pipe()
    with (
        os.fdopen(its_reader) as reader,
        os.fdopen(its_writer, "w") as writer,
        os.fdopen(our_reader) as said,
        os.fdopen(our_writer, "w") as turns,
    ):
        clock = timing.Turns(reader, writer)
        clock.tell(["a"])
        clock.begin("a")
        print("\n", file=turns, flush=True)
        times = [clock() for _ in range(4)]
        assert times == sorted(times)
        assert [said.readline() for _ in range(3)] == [
            '["a"]\n',
            '{"test": "a", "round": 0}\n',
            '{"test": "a", "round": 1}\n',
        ]


def test_two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two real ones of the same revision, of our engine alone, end with as many rounds each."""
    monkeypatch.setattr(compare, "BUILD", tmp_path)
    environment = {"BENCH_SIZE": "smoke", "BENCH_ROUNDS": "3"}
    paths = ["bench/bench_decode.py"]
    with (
        Process("this", paths, [ROOT], environment) as this,
        Process("other", paths, [ROOT], environment) as other,
    ):
        take_turns([this, other])
        assert (this.wait(), other.wait()) == (0, 0)
        assert this.tests == other.tests
    text = table(stored.read(this.measured), stored.read(other.measured), "itself")
    assert any(line.startswith("| decode | 4 |") for line in text)
    assert not any("libjpeg-turbo" in line or "could do" in line for line in text)
    assert all(len(each["stats"]["data"]) == 3 for each in stored.read(other.measured)["benchmarks"])


def test_a_run_that_measures_nothing_says_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "BUILD", tmp_path)
    with Process("this", ["bench/bench_nothing.py"], [ROOT], {}) as this:
        take_turns([this])
        with pytest.raises(RuntimeError, match="no benchmarks have been run"):
            this.wait()
