"""Hostile files give a typed error or a correct rendition, within 10 seconds of processor time and 1 GiB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

#: Code of a child process: it fits one file for a carrier, and into very few bytes without a box, and prints
#: the outcomes and the peak memory in bytes. RLIMIT_CPU ends it by processor time, which a busy machine does
#: not change: 10 seconds for each fit, and 10 to start.
CHILD = """
import io, json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
import transcode
from PIL import Image
for limits in (transcode.Limits(3_000), transcode.Limits(300_000, 1600, 1200)):
    try:
        made = transcode.fit(sys.argv[1], limits)
        what = "rendition"
        assert len(made.data) <= limits.max_bytes
        if made.content_type.startswith("image/"):
            image = Image.open(io.BytesIO(made.data))
            image.load()
            assert limits.max_width is None or max(image.size) <= 1600
    except transcode.TranscodeError as error:
        what = type(error).__name__
        assert sys.argv[1] in str(error) and "\\n" not in str(error), str(error)
# The peak of getrusage begins with the peak of the parent process.
print(json.dumps([what, int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) * 1024]))
"""


def fit_in_a_child(path: Path) -> tuple[str, int]:
    found = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, timeout=1200, check=False
    )
    assert found.returncode == 0, f"{path.name}: {found.returncode} {found.stderr[-800:]}"
    what, memory = json.loads(found.stdout.splitlines()[-1])
    return what, memory


def test_hostile_corpus(shared: Path) -> None:
    """Every file of the hostile corpus is fitted in its own process."""
    paths = sorted((shared / "media" / "hostile").iterdir())
    assert len(paths) > 60
    results = {path.name: fit_in_a_child(path) for path in paths}
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
