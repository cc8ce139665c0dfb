"""What a mail server is told of a mail is on the disk before."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

from transcode.relay.store import SqliteStore


def test_the_disk_has_it_before_the_answer(tmp_path: Path) -> None:
    """Octets, their name in the folder, rows and the answer that is owed are synced before 250 is said."""
    trace, folder = tmp_path / "trace", tmp_path / "relay"
    calls = "trace=fsync,fdatasync,linkat,pwrite64,sendto"
    command = ["strace", "-f", "--seccomp-bpf", "-y", "-s", "80", "-e", calls, "-o", str(trace)]
    subprocess.run(
        [*command, sys.executable, "-m", "tests.relay.mm4_synced", str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    # The client waits for the answer, so the lines are in the order of the calls.
    lines = trace.read_text().splitlines()
    (answer,) = [at for at, line in enumerate(lines) if '"250 2.0.0 OK' in line]
    before = lines[:answer]

    def last(pattern: str) -> int:
        found = [at for at, line in enumerate(before) if re.search(pattern, line)]
        assert found, pattern
        return found[-1]

    where = re.escape(str(folder))
    octets = last(rf"\bfsync\(\d+<{where}/blobs/../../#\d+.*\) += 0")
    named = last(rf"\blinkat\(.*{where}/blobs/../../[0-9a-f]{{64}}")
    listed = last(rf"\bfsync\(\d+<{where}/blobs/../..>\) += 0")
    written = last(rf"\bpwrite64\(\d+<{where}/relay\.sqlite-wal>")
    committed = last(rf"\bf(data)?sync\(\d+<{where}/relay\.sqlite-wal>\) += 0")
    assert octets < named < listed < written < committed
    with contextlib.closing(SqliteStore(folder / "relay.sqlite")) as store:
        assert len(store.deliveries()) == 1
        assert store.select("SELECT count(*) FROM answer") == [(1,)]
