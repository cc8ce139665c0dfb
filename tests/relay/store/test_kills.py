"""What was acknowledged is there after SIGKILL, and was on the disk before it was acknowledged."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.relay.store import kills
from tests.relay.store.traces import check_synced, last


def test_kills() -> None:
    """Nothing is lost that thirty processes acknowledged before they were killed, and no octets are torn."""
    tally = kills.main(30, 5)
    assert tally.done["kills"] == 30
    assert tally.done["accepted"] > 10
    assert tally.done["events"] > 10
    assert tally.faults == 0, tally


def test_the_disk_has_it_before_the_answer(tmp_path: Path) -> None:
    """Octets, their name in the folder and the rows are synced in this order, before the answer."""
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,linkat,write,pwrite64"
    command = ["strace", "-f", "-y", "-s", "80", "-e", calls, "-o", str(trace), sys.executable]
    done = subprocess.run(
        [*command, "-m", "tests.relay.store.kills", "work", str(tmp_path / "relay"), "1"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    (accepted,) = re.findall(r"^accepted ([0-9a-f]{32})$", done.stdout, re.MULTILINE)
    # The only thread that works waits for each call, so the lines are in the order of the calls.
    lines = trace.read_text().splitlines()
    (answer,) = [at for at, line in enumerate(lines) if re.search(rf'write\(1<.*"accepted {accepted}', line)]
    before = lines[:answer]
    check_synced(before, tmp_path / "relay", "relay.db")
    folder = re.escape(str(tmp_path / "relay"))
    named = last(before, rf"\blinkat\(.*{folder}/blobs/../../[0-9a-f]{{64}}")
    for above in ("", "/blobs", "/blobs/.."):
        assert last(before, rf"\bfsync\(\d+<{folder}{above}>\) += 0") < named
