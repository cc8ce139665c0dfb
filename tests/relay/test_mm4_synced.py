"""What a mail server is told of a mail is on the disk before."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

from tests.relay.store.traces import check_synced
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
    check_synced(lines[:answer], folder, "relay.sqlite")
    with contextlib.closing(SqliteStore(folder / "relay.sqlite")) as store:
        assert len(store.deliveries()) == 1
        assert store.select("SELECT count(*) FROM answer") == [(1,)]
