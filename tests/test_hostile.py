"""Hostile files give a typed error or a correct rendition, within 10 seconds of processor time and 1 GiB."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

#: Code of a process that has loaded the engine, and forks for each file whose path it reads. The fork fits
#: the file for a carrier, and into very few bytes without a box, and prints the outcomes and the peak memory
#: in bytes. RLIMIT_CPU ends it by processor time, which a busy machine does not change: 10 seconds for each
#: fit, and 10 more.
PARENT = """
import io, json, os, resource, sys
import av, numpy
import transcode, transcode.fit.medium
from PIL import Image

def fitted(path):
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    # The peak of the parent is not the fork's own.
    open("/proc/self/clear_refs", "w").write("5")
    for limits in (transcode.Limits(3_000), transcode.Limits(300_000, 1600, 1200)):
        try:
            made = transcode.fit(path, limits)
            what = "rendition"
            assert len(made.data) <= limits.max_bytes
            if made.content_type.startswith("image/"):
                image = Image.open(io.BytesIO(made.data))
                image.load()
                assert limits.max_width is None or max(image.size) <= 1600
        except transcode.TranscodeError as error:
            what = type(error).__name__
            assert path in str(error) and "\\n" not in str(error), str(error)
    return what, int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) * 1024

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        print(json.dumps(fitted(line.rstrip("\\n"))), flush=True)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        print(json.dumps(f"ended with {status}"), flush=True)
"""


@contextlib.contextmanager
def fitting() -> Iterator[Callable[[Path], tuple[str, int]]]:
    """A function that fits a file in a process of its own, and returns the outcome and the peak memory."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None

        def fitted(path: Path) -> tuple[str, int]:
            # A fork that only waits uses no processor time.
            watch = threading.Timer(1200, os.killpg, (process.pid, signal.SIGKILL))
            watch.start()
            try:
                print(path, file=asked, flush=True)
                line = answers.readline()
            finally:
                watch.cancel()
            assert line, f"{path.name}: no answer in 20 minutes"
            found = json.loads(line)
            assert isinstance(found, list), f"{path.name}: {found}"
            what, memory = found
            return what, memory

        yield fitted


def test_hostile_corpus(shared: Path) -> None:
    """Every file of the hostile corpus is fitted in a process of its own."""
    paths = sorted((shared / "media" / "hostile").iterdir())
    assert len(paths) > 60
    with fitting() as fitted:
        results = {path.name: fitted(path) for path in paths}
    # The documented limit; usual peaks are a fraction of it.
    assert max(memory for _, memory in results.values()) < 1 << 30
    outcomes = {what for what, _ in results.values()}
    assert outcomes <= {"rendition", "SourceError", "UnsupportedError", "CapError"}
    for clip in ("corrupted_decord.mp4", "evrc_phone.mp4", "fake_duration.mp4", "mdat_too_long.mp4"):
        assert results[clip][0] == "rendition"
    for bomb in ("bomb_jpeg_65500x24065.jpg", "bomb_png_65536x65536.png"):
        assert results[bomb][0] == "CapError"
    for shown in ("wrong_ext_jpeg.heic", "wrong_ext_png.jpg", "trunc_png.png"):
        assert results[shown][0] == "rendition"
    for empty in ("zero_bytes.jpg", "plain_text_named.jpg"):
        assert results[empty][0] in ("SourceError", "UnsupportedError")
