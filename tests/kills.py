"""Kill workers and parents of ``transcode batch`` at random: ``python -m tests.kills [RUNS] [SEED]``.

Each run converts a folder. SIGTERM, SIGKILL or SIGINT hits a worker once or several times, or the parent
once. Half of the signals are sent when a message has just appeared in the output, because then a worker gets
the next file. The command must end, at the latest five seconds after a signal to the parent. If only workers
were hit, every file must be converted. Five seconds after the end of a parent no worker may exist. All
messages must be complete, and no other files may be left but the manifest. A run after a parent that was
ended makes the other messages, and makes no message again that the manifest has.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.made.pictures import photo, save
from tests.tally import Tally, command
from transcode.batch.manifest import NAME
from transcode.batch.read_manifest import recorded

FILES = 24
SIGNALS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT)

#: Seconds after which a run counts as hung: several times the duration of a run on a busy machine.
HUNG = 120.0
#: Seconds in which a child must end after its parent, and a parent after a signal.
LEFT = 5.0


def converting(source: Path, out: Path) -> list[str]:
    """The command line that converts a folder."""
    return [sys.executable, "-m", "transcode", "batch", str(source), str(out), "--carrier", "us-att"]


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
    """Whether a process runs; a zombie does not count."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def await_moment(rng: random.Random, parent: subprocess.Popen[bytes], out: Path) -> None:
    """Wait for a random time, or until the next message appears."""
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
    """Signal the parent, or its workers several times; return the signal that the parent got, or None."""
    number = rng.choice(SIGNALS)
    await_moment(rng, parent, out)
    if rng.random() < 0.5:
        if parent.poll() is not None:
            return None
        parent.send_signal(number)
        tally.done["kills"] += 1
        return number
    for _ in range(rng.choice((1, 1, 2))):
        workers = children(parent.pid)
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(workers), rng.choice(SIGNALS))
                tally.done["kills"] += 1
        await_moment(rng, parent, out)
    return None


def run(
    rng: random.Random, source: Path, wanted: dict[str, bytes], tally: Tally, *, left: float = LEFT
) -> None:
    """Convert the folder once, send signals, and count failures after ``left`` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        with subprocess.Popen([*converting(source, out), "--jobs", "2"], stderr=subprocess.DEVNULL) as parent:
            seen: set[int] = set()
            number = strike(rng, parent, out, tally)
            struck = time.monotonic()
            while parent.poll() is None and time.monotonic() < struck + HUNG:
                seen.update(children(parent.pid))
                time.sleep(0.01)
            if parent.poll() is None:
                tally.failures["hung"] += 1
                seen.update(children(parent.pid))
                parent.kill()
        ended = time.monotonic()
        judge(parent.returncode, number, out, wanted, tally)
        if number is not None:
            resume(source, out, wanted, tally)
        if number is not None:
            tally.failures["late"] += ended - struck > left
            tally.longest = max(tally.longest, ended - struck)
        while any(map(is_there, seen)) and time.monotonic() < ended + left:
            time.sleep(0.01)
        tally.failures["orphans"] += sum(map(is_there, seen))


def judge(
    code: int, number: signal.Signals | None, out: Path, wanted: dict[str, bytes], tally: Tally
) -> None:
    """Compare the output with the output of an undisturbed run."""
    found = messages(out)
    tally.failures["torn"] += sum(wanted.get(name) != octets for name, octets in found.items())
    if number is None:
        tally.done["runs, workers"] += 1
        tally.failures["lost"] += len(wanted) - len(found)
        tally.failures["wrong_code"] += code != 0
        return
    tally.done[f"runs, parent {number.name}"] += 1
    # A signal before the handlers are installed, or after the work, gives other exit codes.
    tally.failures["wrong_code"] += code not in (0, -number, 128 + number)


def messages(out: Path) -> dict[str, bytes]:
    """All files of the output but the manifest and what SQLite keeps beside it."""
    paths = out.iterdir() if out.is_dir() else ()
    return {path.name: path.read_bytes() for path in paths if not path.name.startswith(NAME)}


def resume(source: Path, out: Path, wanted: dict[str, bytes], tally: Tally) -> None:
    """Run again after a parent that was ended: what was in work is made, and nothing else."""
    known = {Path(one.source).name for one in recorded(source, out)} if out.is_dir() else set()
    again = subprocess.run([*converting(source, out), "--json"], check=False, capture_output=True, text=True)
    told = [json.loads(line) for line in again.stdout.splitlines()]
    tally.failures["not_resumed"] += again.returncode != 0 or messages(out) != wanted
    tally.failures["made_again"] += sum(not one["kept"] and Path(one["source"]).name in known for one in told)


def main(runs: int, seed: int, *, left: float = LEFT) -> Tally:
    """Do a number of runs; processes that must end have ``left`` seconds to do so."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        data = [save(photo(1600, 1200, number), quality=95) for number in range(4)]
        for number in range(FILES):
            (source / f"{number:02}.jpg").write_bytes(data[number % len(data)])
        subprocess.run(converting(source, out), check=True, stderr=subprocess.DEVNULL)
        wanted = messages(out)
        for _ in range(runs):
            run(rng, source, wanted, tally, left=left)
    return tally


if __name__ == "__main__":
    command(main)
