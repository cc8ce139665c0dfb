"""Measure this revision and another revision in one run, as the basis of claims about speed.

The other revision's package is built from its own sources into build/compare and uses the installed
packages. Each revision has its own pytest-benchmark process, which runs the benchmarks of this revision
with our engine only. The rounds alternate: this, other, other, this. A round begins only while the other
process waits, so other load on the machine affects both revisions alike. The ratio of two neighbouring
rounds is therefore more reliable than the times. The table has the median ratio of each row.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any, TextIO

from bench import stored
from bench.stored import Document

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "compare"

#: Keys of extra_info whose changes are reported.
BESIDE = ("bytes", "points", "score", "mb")


def run(revision: str, sections: Sequence[str], size: str, rounds: int) -> int:
    """Measure both revisions, and print and store the table.

    Args:
        revision: a Git revision.
        sections: names of sections; empty: all sections.
        size: the size of the measurement, as in size.py.
        rounds: the number of rounds of each row.

    Returns:
        0, or 1 if a benchmark of this revision failed.
    """
    commit = _git("rev-parse", "--short=12", f"{revision}^{{commit}}").decode().strip()
    site = installed(commit)
    paths = [f"bench/bench_{name}.py" for name in sections] or ["bench"]
    environment = {"BENCH_SIZE": size, "BENCH_ROUNDS": str(rounds)}
    with ExitStack() as stack:
        ways = {"this": [ROOT], commit: [site, ROOT]}
        pair = [stack.enter_context(Process(name, paths, way, environment)) for name, way in ways.items()]
        take_turns(pair)
        status, _ = (process.wait() for process in pair)
    this, other = (stored.read(process.measured) for process in pair)
    if Path(other["machine_info"]["package"]).parent != site:
        raise RuntimeError(f"measured {other['machine_info']['package']} in place of {site}")
    text = "\n".join(table(this, other, revision))
    (BUILD / f"{commit}.md").write_text(text + "\n")
    print(text)
    print(f"\nBoth runs: pytest-benchmark compare --group-by=fullname {pair[1].measured} {pair[0].measured}")
    return int(status != 0)


def installed(commit: str) -> Path:
    """The folder of a revision's package, which is built if it is missing."""
    site = BUILD / commit / "site"
    if not (site / "transcode" / "__init__.py").is_file():
        print(f"building {commit} ...", flush=True)
        source = BUILD / commit / "source"
        with tarfile.open(fileobj=BytesIO(_git("archive", commit))) as archive:
            archive.extractall(source, filter="data")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        subprocess.run([*command, "--no-build-isolation", "--target", site, source], check=True)
    return site


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


class Process:
    """A pytest-benchmark process whose rounds begin on command."""

    def __init__(
        self, name: str, paths: Sequence[str], way: Sequence[Path], environment: Mapping[str, str]
    ) -> None:
        """Start the process.

        Args:
            name: the stem of its files in build/compare.
            paths: the benchmark files to run.
            way: the folders of PYTHONPATH.
            environment: additional environment variables.
        """
        BUILD.mkdir(parents=True, exist_ok=True)
        self.measured, self._log = BUILD / f"{name}.json", BUILD / f"{name}.log"
        self.measured.unlink(missing_ok=True)
        its_reader, our_writer = os.pipe()
        our_reader, its_writer = os.pipe()
        command = [sys.executable, "-m", "pytest", "--benchmark-only", f"--benchmark-json={self.measured}"]
        command += ["--benchmark-quiet", "--continue-on-collection-errors", "-p", "no:cacheprovider", *paths]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                # PYTHONSAFEPATH keeps the working directory out of sys.path.
                env={
                    **os.environ,
                    **environment,
                    "PYTHONPATH": os.pathsep.join(map(str, way)),
                    "PYTHONSAFEPATH": "1",
                    "PYTHONHASHSEED": "0",
                    "BENCH_TURNS": f"{its_reader} {its_writer}",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(its_reader, its_writer),
            )
        os.close(its_reader)
        os.close(its_writer)
        self._reader: TextIO = os.fdopen(our_reader)
        self._writer: TextIO = os.fdopen(our_writer, "w")
        #: The names of its tests in order; known once the first round waits.
        self.tests: list[str] = []
        #: The test and the number of the waiting round; None while a round runs and after the end.
        self.waiting: tuple[str, int] | None = None
        self._has_ended = False

    def listen(self) -> None:
        """Return when a round waits or the process has no more rounds."""
        while self.waiting is None and not self._has_ended:
            line = self._reader.readline()
            if not line:
                self._has_ended = True
                return
            told = json.loads(line)
            if isinstance(told, list):
                self.tests = told
            else:
                self.waiting = (told["test"], told["round"])

    def begin(self) -> None:
        """Start the waiting round."""
        self.waiting = None
        print(file=self._writer, flush=True)

    def wait(self) -> int:
        """Wait for the end and return the exit code; RuntimeError, with the log, without results."""
        status = self._process.wait()
        if not self.measured.is_file():
            raise RuntimeError(f"nothing was measured:\n{self._log.read_text()[-4000:]}")
        return status

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._reader.close()
        self._writer.close()


def take_turns(pair: Sequence[Process]) -> None:
    """Run the rounds of both processes alternately until neither has more rounds."""
    while True:
        for process in pair:
            process.listen()
        waiting = [process for process in pair if process.waiting is not None]
        if not waiting:
            return
        due(waiting, pair[0].tests).begin()


def due(waiting: Sequence[Process], tests: Sequence[str]) -> Process:
    """The process with the earlier test and round; for equal rounds the processes alternate."""
    places = {test: place for place, test in enumerate(tests)}

    def place(process: Process) -> tuple[int, int]:
        test, number = process.waiting or ("", 0)
        return places.get(test, -1), number

    first = min(map(place, waiting))
    those = [process for process in waiting if place(process) == first]
    return those[first[1] % len(those)]


def table(this: Document, other: Document, revision: str) -> list[str]:
    """The median ratios of common rows and of sections, then the rows that only one revision has."""
    before = {each["fullname"]: each for each in other["benchmarks"]}
    after = {each["fullname"]: each for each in this["benchmarks"]}
    rows = [(name, each, before[name]) for name, each in after.items() if name in before]
    text = [
        f"Medians of processor time in ms, and the median ratio of this revision's time to {revision}'s in",
        "alternating rounds. This revision is faster where the ratio is below 1.",
        "",
        f"| | {revision} | this | ratio | middle half of the ratios | changes |",
        "|---|---|---|---|---|---|",
        *(_row(now, then) for _, now, then in rows),
        "",
        *_sections(rows),
    ]
    for words, names in (("this revision", after), (revision, before)):
        alone = [name for name in names if not (name in after and name in before)]
        if alone:
            text += ["", f"Only {words} has results for: {', '.join(alone)}."]
    return text


def _row(now: Mapping[str, Any], then: Mapping[str, Any]) -> str:
    each = ratios(now, then)
    low, _, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    words = now["group"] + (f", {now['params']['engine']}" if "engine" in (now["params"] or {}) else "")
    times = " | ".join(f"{row['stats']['median'] * 1e3:.3f}" for row in (then, now))
    spread = f"{low:.3f} to {high:.3f}"
    return (
        f"| {words} | {times} | {statistics.median(each):.3f} | {spread} | {', '.join(_beside(now, then))} |"
    )


def ratios(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[float]:
    """The ratio of this revision's time to the other's for each pair of neighbouring rounds."""
    pairs = zip(now["stats"]["data"], then["stats"]["data"], strict=False)
    return [one / other for one, other in pairs if other > 0]


def _beside(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    """The changes of the figures of BESIDE, as text."""
    for key in BESIDE:
        if key in now["extra_info"] and key in then["extra_info"]:
            change = now["extra_info"][key] - then["extra_info"][key]
            if change:
                yield f"{key} {change:+,}" if isinstance(change, int) else f"{key} {change:+.2f}"


def _sections(rows: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    yield "| section | rows | median ratio | least | most |"
    yield "|---|---|---|---|---|"
    found: dict[str, list[float]] = {}
    for _, now, then in rows:
        found.setdefault(stored.section_of(now), []).append(statistics.median(ratios(now, then)))
    for name, each in found.items():
        low, high = min(each), max(each)
        yield f"| {name} | {len(each)} | {statistics.median(each):.3f} | {low:.3f} | {high:.3f} |"
