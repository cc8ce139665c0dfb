"""Mutations of files of every kind through the public functions.

``python -m tests.fuzz.campaign --count 30000`` gives each input, in a process that can be ended, to what a
user would call. A call may end in a result or in an error of this package, within 10 seconds of processor
time and one gigabyte of memory. Inputs that do otherwise are kept, with what became of them. What a door had
to wrap because nobody foresaw it is listed too: it is typed, and still says too little. Number n of a seed is
the same input in every run, so a campaign can be ended and resumed; ``--replay n`` tries one input again.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.fuzz import doors, seeds
from tests.fuzz.mutations import mutated

__all__ = ["Campaign", "Seed", "Verdict", "Worker", "begun", "main", "report", "run", "seeded", "store"]

#: Seconds of processor time that one call may take.
_CPU = 10

#: Memory that a process may have resident while it works on one input, in octets.
_RESIDENT = 1 << 30

#: Address space of a process, in octets: what asks for more gets a MemoryError, which is told.
_ADDRESSES = 6 << 30

#: Seconds after which a process that says nothing is ended; one that only waits takes no processor time.
_SILENT = 900

#: Inputs that one process works on.
_INPUTS = 1000

#: Families take turns so: media have most formats, and what reads them most code.
_ROTA = ("media", "message") * 4 + ("media", "smil") + ("media", "uaprof") + ("media",) * 8


@dataclass(frozen=True, slots=True)
class Seed:
    """A valid file, and the doors it is for."""

    name: str
    family: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one input: outcomes by call, processor seconds, most memory in octets, and the fault."""

    number: int
    seed: str
    outcomes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    resident: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Seeds, and what mutations are drawn by."""

    seeds: tuple[Seed, ...]
    draw: int

    def input(self, number: int) -> tuple[Seed, bytes]:
        """Number n and its octets."""
        families = {one.family for one in self.seeds}
        rota = [family for family in _ROTA if family in families]
        turn, place = divmod(number, len(rota))
        alike = [one for one in self.seeds if one.family == rota[place]]
        seed = alike[(turn * rota.count(rota[place]) + rota[:place].count(rota[place])) % len(alike)]
        others = [one.data for one in alike]
        return seed, mutated(seed.data, others, f"{self.draw}:{number}")

    def judged(self, number: int) -> Verdict:
        """Tries one input in this process, whose alarm the calls set."""
        seed, data = self.input(number)
        outcomes, began = [], time.process_time()
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        fault = ""
        try:
            for name, call in doors.calls(seed.family, data, number):
                signal.setitimer(signal.ITIMER_PROF, _CPU)
                outcomes.append(f"{name}: {doors.tried(call)}")
        except Exception:  # noqa: BLE001  (what is none of the package's is what is looked for)
            fault = traceback.format_exc()
        signal.setitimer(signal.ITIMER_PROF, 0)
        resident = _resident()
        if not fault and resident > _RESIDENT:
            fault = f"{resident} octets of memory"
        return Verdict(number, seed.name, outcomes, time.process_time() - began, resident, fault)


def _resident() -> int:
    """The most memory that was resident since it was last reset, in octets."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def seeded() -> tuple[Seed, ...]:
    """All seeds, those of the shared corpus too where there is one."""
    found = [Seed("phone", "uaprof", seeds.PHONE)]
    for family, makers in (("media", seeds.MEDIA), ("message", seeds.MESSAGES), ("smil", {"smil": _smil})):
        found += [Seed(name, family, make()) for name, make in makers.items()]
    return (*found, *(Seed(path, _family(path), data) for path, data in seeds.real()))


def begun(folder: Path, draw: int) -> Campaign:
    """The campaign of a folder. Its seeds are kept there: an encoder need not give the same octets again."""
    if not _seeds_of(folder, draw).exists():
        campaign = Campaign(seeded(), draw)
        store(campaign, folder)
        return campaign
    stored = json.loads(_seeds_of(folder, draw).read_text())
    return Campaign(tuple(Seed(name, family, data.encode("latin-1")) for name, family, data in stored), draw)


def store(campaign: Campaign, folder: Path) -> None:
    """Keeps the seeds of a campaign for its workers, and for when it is resumed."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = [(one.name, one.family, one.data.decode("latin-1")) for one in campaign.seeds]
    _seeds_of(folder, campaign.draw).write_text(json.dumps(stored))


def _seeds_of(folder: Path, draw: int) -> Path:
    return folder / f"seeds-{draw}.json"


def _smil() -> bytes:
    return next(bytes(part.data) for part in seeds.message().parts if part.content_type == "application/smil")


def _family(path: str) -> str:
    if path.startswith("vectors/uaprof"):
        return "uaprof"
    return "message" if path.startswith(("vectors", "cases/wire")) else "media"


class Worker:
    """A process that judges inputs, and takes the blame where it ends by one."""

    def __init__(
        self, campaign: Campaign, folder: Path, job: int, command: Sequence[str] | None = None
    ) -> None:
        self._log = folder / f"worker-{job}.log"
        own = ["-m", "tests.fuzz.campaign", "--worker", "--seed", str(campaign.draw), "--folder", str(folder)]
        self._command = command or [sys.executable, *own]
        self._campaign = campaign
        self._process: subprocess.Popen[str] | None = None
        self._left = 0

    def judged(self, number: int) -> Verdict:
        process = self._ready()
        assert process.stdin is not None
        assert process.stdout is not None
        self._left -= 1
        line = ""
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            if select.select([process.stdout], [], [], _SILENT)[0]:
                line = process.stdout.readline()
        if line:
            return Verdict(**json.loads(line))
        ended = process.poll() is not None
        process.kill()
        code = process.wait()
        self._close()
        why = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        said = self._log.read_text(errors="replace")[-3000:]
        fault = f"{why if ended or code != -signal.SIGKILL else f'silent for {_SILENT} s'}\n{said}"
        return Verdict(number, self._campaign.input(number)[0].name, fault=fault)

    def close(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._close()

    def _close(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process = None

    def _ready(self) -> subprocess.Popen[str]:
        if self._left <= 0:
            self.close()
        if self._process is None:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            self._left = _INPUTS
        return self._process


def _work(campaign: Campaign) -> None:
    """What a worker does: a number on each line in, a verdict on each line out."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    # Where it was when its time was up; then the system ends it.
    faulthandler.register(signal.SIGPROF, chain=True)
    for line in sys.stdin:
        print(json.dumps(asdict(campaign.judged(int(line)))), flush=True)


def run(campaign: Campaign, folder: Path, numbers: Sequence[int], *, jobs: int = 2) -> list[Verdict]:
    """Verdicts on all these inputs, of which those that are known already are taken from the folder."""
    path = folder / f"campaign-{campaign.draw}.jsonl"
    wanted = set(numbers)
    known = {one.number: one for one in _known(path) if one.number in wanted}
    waiting = iter(sorted(wanted - known.keys()))
    lock = threading.Lock()

    def work(job: int) -> None:
        worker = Worker(campaign, folder, job)
        try:
            while True:
                with lock:
                    number = next(waiting, None)
                if number is None:
                    return
                verdict = worker.judged(number)
                if verdict.fault or any("!" in outcome for outcome in verdict.outcomes):
                    _keep(campaign, folder, number)
                with lock, path.open("a") as out:
                    out.write(json.dumps(asdict(verdict)) + "\n")
                    known[number] = verdict
        finally:
            worker.close()

    threads = [threading.Thread(target=work, args=(job,), daemon=True) for job in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [known[number] for number in sorted(known)]


def _known(path: Path) -> list[Verdict]:
    if not path.exists():
        return []
    # A line that was cut off when a campaign was ended is worth its input once more.
    return [Verdict(**json.loads(line)) for line in path.read_text().splitlines() if line.endswith("}")]


def _keep(campaign: Campaign, folder: Path, number: int) -> None:
    seed, data = campaign.input(number)
    (folder / f"kept-{campaign.draw}-{number}-{seed.name.replace('/', '_')}").write_bytes(data)


def report(verdicts: Sequence[Verdict], say: Callable[[str], object] = print) -> int:
    """Says what became of a campaign; how many inputs were at fault."""
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    unforeseen: defaultdict[str, list[int]] = defaultdict(list)
    for one in verdicts:
        for outcome in one.outcomes:
            name, _, what = outcome.partition(": ")
            outcomes[name]["unforeseen" if what.startswith("!") else what] += 1
            if what.startswith("!"):
                unforeseen[what].append(one.number)
    for name, counts in sorted(outcomes.items()):
        say(f"{name}: " + ", ".join(f"{what} {count}" for what, count in counts.most_common()))
    for what, numbers in sorted(unforeseen.items()):
        say(f"unforeseen, {len(numbers)}: {what[1:]} ({', '.join(map(str, numbers[:5]))})")
    faults = [one for one in verdicts if one.fault]
    for one in faults:
        say(f"FAULT of {one.number} ({one.seed}): {one.fault.strip()}")
    if verdicts:
        slow = max(verdicts, key=lambda one: one.seconds)
        large = max(verdicts, key=lambda one: one.resident)
        say(f"longest: {slow.seconds:.2f} s of processor time, number {slow.number} ({slow.seed})")
        say(f"largest: {large.resident / (1 << 20):.0f} MiB resident, number {large.number} ({large.seed})")
    say(f"{len(verdicts)} inputs, {sum(len(one.outcomes) for one in verdicts)} calls, {len(faults)} at fault")
    return len(faults)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.campaign", description="Mutations of every format."
    )
    parser.add_argument("--count", type=int, default=1000, help="how many inputs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", type=int, default=1, help="what mutations are drawn by")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz/campaign"), help="for what is kept")
    parser.add_argument("--replay", type=int, help="only this number, in this process, with what it raises")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    campaign = begun(given.folder, given.seed)
    if given.worker:
        _work(campaign)
        return 0
    if given.replay is not None:
        return report([campaign.judged(given.replay)])
    return min(
        1, report(run(campaign, given.folder, range(given.first, given.first + given.count), jobs=given.jobs))
    )


if __name__ == "__main__":
    sys.exit(main())
