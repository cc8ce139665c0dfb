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

import pytest

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
            watch = threading.Timer(300, os.killpg, (process.pid, signal.SIGKILL))
            watch.start()
            try:
                print(path, file=asked, flush=True)
                line = answers.readline()
            finally:
                watch.cancel()
            assert line, f"{path.name}: no answer in 5 minutes"
            found = json.loads(line)
            assert isinstance(found, list), f"{path.name}: {found}"
            what, memory = found
            return what, memory

        try:
            yield fitted
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


#: What may come of a file, and of those of which more is known.
ANY = ("rendition", "SourceError", "UnsupportedError", "CapError")
KNOWN = {
    "bomb_jpeg_65500x24065.jpg": ("CapError",),
    "bomb_png_65536x65536.png": ("CapError",),
    "corrupted_decord.mp4": ("rendition",),
    "evrc_phone.mp4": ("rendition",),
    "fake_duration.mp4": ("rendition",),
    "mdat_too_long.mp4": ("rendition",),
    "plain_text_named.jpg": ("SourceError", "UnsupportedError"),
    "trunc_png.png": ("rendition",),
    "wrong_ext_jpeg.heic": ("rendition",),
    "wrong_ext_png.jpg": ("rendition",),
    "zero_bytes.jpg": ("SourceError", "UnsupportedError"),
}
#: The number of parts of the corpus, which processes may share.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_hostile_corpus(shared: Path, part: int) -> None:
    """Every file of the hostile corpus is fitted in a process of its own."""
    paths = sorted((shared / "media" / "hostile").iterdir())
    assert len(paths) > 60
    assert {path.name for path in paths} >= set(KNOWN)
    with fitting() as fitted:
        results = {path.name: fitted(path) for path in paths[part::PARTS]}
    # The documented limit; usual peaks are a fraction of it.
    assert max(memory for _, memory in results.values()) < 1 << 30
    assert {name: what for name, (what, _) in results.items() if what not in KNOWN.get(name, ANY)} == {}
