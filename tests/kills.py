"""Kills workers and parents of ``transcode batch`` at random: ``python -m tests.kills [RUNS] [SEED]``.

Each run converts a folder and is hit once or several times: a worker by SIGTERM, SIGKILL or SIGINT, or the
parent by one of these. Half of the kills strike when a file has just been handed over: when a message has
appeared in the output. What must hold: the command ends, five seconds after a signal to the parent at the
latest; where workers alone were hit, every file is converted; five seconds after a parent ended no worker is
there; messages are whole, and nothing else is left.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.made.pictures import photo, save

FILES = 24
SIGNALS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT)

#: Seconds after which a run counts as hung: several times what one takes on a busy machine.
HUNG = 120.0
#: Seconds that a child has to end after its parent, and the parent after a signal.
LEFT = 5.0


@dataclass
class Tally:
    """What was seen: runs of each kind, and what must never be."""

    runs: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    hung: int = 0
    lost: int = 0
    orphans: int = 0
    torn: int = 0
    wrong_code: int = 0
    late: int = 0
    longest: float = 0.0

    @property
    def faults(self) -> int:
        return self.hung + self.lost + self.orphans + self.torn + self.wrong_code + self.late


def children(parent: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()] + [
            int(one)
            for task in Path(f"/proc/{parent}/task").iterdir()
            if task.name != str(parent)
            for one in (task / "children").read_text().split()
        ]
    return []


def is_there(number: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def await_moment(rng: random.Random, parent: subprocess.Popen[bytes], out: Path) -> None:
    """Let some time pass, or wait until the next message has appeared."""
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, 1.5))
        return
    count = len(list(out.glob("*"))) if out.is_dir() else 0
    while parent.poll() is None and (not out.is_dir() or len(list(out.glob("*"))) == count):
        pass
    time.sleep(rng.choice((0, 0.0002, 0.001)))


def strike(
    rng: random.Random, parent: subprocess.Popen[bytes], out: Path, tally: Tally
) -> signal.Signals | None:
    """Hit the parent, or its workers some times. What ends the parent, if it was hit."""
    number = rng.choice(SIGNALS)
    await_moment(rng, parent, out)
    if rng.random() < 0.5:
        if parent.poll() is not None:
            return None
        parent.send_signal(number)
        tally.kills += 1
        return number
    for _ in range(rng.choice((1, 1, 2))):
        workers = children(parent.pid)
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(workers), rng.choice(SIGNALS))
                tally.kills += 1
        await_moment(rng, parent, out)
    return None


def run(
    rng: random.Random, source: Path, wanted: dict[str, bytes], tally: Tally, *, left: float = LEFT
) -> None:
    """Convert the folder once, strike, and look at what is left, once the seconds that it has are over."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = [sys.executable, "-m", "transcode", "batch", str(source), str(out), "--carrier", "us-att"]
        with subprocess.Popen([*command, "--jobs", "2"], stderr=subprocess.DEVNULL) as parent:
            seen: set[int] = set()
            number = strike(rng, parent, out, tally)
            struck = time.monotonic()
            while parent.poll() is None and time.monotonic() < struck + HUNG:
                seen.update(children(parent.pid))
                time.sleep(0.01)
            if parent.poll() is None:
                tally.hung += 1
                seen.update(children(parent.pid))
                parent.kill()
        ended = time.monotonic()
        judge(parent.returncode, number, out, wanted, tally)
        if number is not None:
            tally.late += ended - struck > left
            tally.longest = max(tally.longest, ended - struck)
        while any(map(is_there, seen)) and time.monotonic() < ended + left:
            time.sleep(0.01)
        tally.orphans += sum(map(is_there, seen))


def judge(
    code: int, number: signal.Signals | None, out: Path, wanted: dict[str, bytes], tally: Tally
) -> None:
    """Compare the output with that of a run which nobody disturbed."""
    found = {path.name: path.read_bytes() for path in out.iterdir()} if out.is_dir() else {}
    tally.torn += sum(wanted.get(name) != octets for name, octets in found.items())
    if number is None:
        tally.runs["workers"] += 1
        tally.lost += len(wanted) - len(found)
        tally.wrong_code += code != 0
        return
    tally.runs[f"parent {number.name}"] += 1
    # One that was hit before it could handle the signal, or when it was done, says so by its code.
    tally.wrong_code += code not in (0, -number, 128 + number)


def main(runs: int, seed: int, *, left: float = LEFT) -> Tally:
    """So many runs, each with its own moment; so many seconds are left to processes that must end."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        data = [save(photo(1600, 1200, number), quality=95) for number in range(4)]
        for number in range(FILES):
            (source / f"{number:02}.jpg").write_bytes(data[number % len(data)])
        command = [sys.executable, "-m", "transcode", "batch", str(source), str(out), "--carrier", "us-att"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        wanted = {path.name: path.read_bytes() for path in out.iterdir()}
        for _ in range(runs):
            run(rng, source, wanted, tally, left=left)
    return tally


if __name__ == "__main__":
    result = main(*(int(word) for word in [*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]]))
    print(result)
    sys.exit(result.faults > 0)
