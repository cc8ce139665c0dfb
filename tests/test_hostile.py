"""Hostile files end in a typed error or a correct rendition, within ten seconds and one gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs in a process of its own: fits one file, and says what became of it and
#: how much memory the process had at most, in bytes.
CHILD = """
import io, json, resource, sys
import transcode
from PIL import Image
try:
    made = transcode.fit(sys.argv[1], transcode.Limits(300_000, 1600, 1200))
    image = Image.open(io.BytesIO(made.data))
    image.load()
    what = "rendition"
    assert len(made.data) <= 300_000 and image.width <= 1600 and image.height <= 1600
except transcode.TranscodeError as error:
    what = type(error).__name__
    assert sys.argv[1] in str(error) and "\\n" not in str(error), str(error)
print(json.dumps([what, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


def fit_in_a_child(path: Path) -> tuple[str, int]:
    found = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, timeout=10, check=False
    )
    assert found.returncode == 0, f"{path.name}: {found.returncode} {found.stderr[-800:]}"
    what, memory = json.loads(found.stdout.splitlines()[-1])
    return what, memory


def test_hostile_corpus(shared: Path) -> None:
    """Every file of the hostile corpus, each in a process of its own."""
    paths = sorted((shared / "media" / "hostile").iterdir())
    assert len(paths) > 60
    results = {path.name: fit_in_a_child(path) for path in paths}
    assert max(memory for _, memory in results.values()) < 1 << 30
    outcomes = {what for what, _ in results.values()}
    assert outcomes <= {"rendition", "SourceError", "UnsupportedError", "CapError"}
    for bomb in ("bomb_jpeg_65500x24065.jpg", "bomb_png_65536x65536.png"):
        assert results[bomb][0] == "CapError"
    for renamed in ("wrong_ext_jpeg.heic", "wrong_ext_png.jpg"):
        assert results[renamed][0] == "rendition"
    for empty in ("zero_bytes.jpg", "plain_text_named.jpg", "trunc_png.png"):
        assert results[empty][0] in ("SourceError", "UnsupportedError")


@pytest.mark.parametrize("folder", ["video", "audio"])
def test_other_media_are_refused_by_name(shared: Path, folder: str) -> None:
    """A clip or a recording is told from a picture, and refused."""
    for path in sorted((shared / "media" / folder).iterdir())[:3]:
        assert fit_in_a_child(path)[0] == "UnsupportedError"
