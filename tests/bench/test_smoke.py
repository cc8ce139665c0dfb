"""Every section runs in its smallest size, with the rivals that are here and with none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import stored
from bench.report import SECTIONS
from bench.stored import Document

ROOT = Path(__file__).parents[2]

#: Both runs in one process where several share the tests: one measures, and the others read what it wrote.
pytestmark = pytest.mark.xdist_group("bench")

#: Packages of rivals and judges, and by section what is passed over where neither they nor programs are.
PACKAGES = ("cv2", "messaging", "pillow_heif", "pyvips", "ssimulacra2", "zimtohrli")
PASSED_OVER = {
    "image": {"libvips loop", "mozjpeg loop", "OpenCV loop", "ImageMagick extent"},
    "graphics": {"libvips PNG8"},
    "animation": {"gifsicle, first that fits", "gifsicle, best of a grid"},
    "heif": {"pillow-heif"},
    "wire": {"python-messaging"},
    "clip": {"360 lines", "bits a pixel"},
    "audio": {"ffmpeg aac", "ffmpeg mp3"},
}


def run(*words: str, **environment: str) -> str:
    # Where several processes share the tests, this is none of them.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**own, "BENCH_SIZE": "smoke", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module", params=["as it is", "no rivals"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file of measurements, and what was said while they were made."""
    folder = tmp_path_factory.mktemp("bench")
    path = folder / "bench.json"
    environment = {}
    if request.param == "no rivals":
        for name in PACKAGES:
            (folder / f"{name}.py").write_text(
                f"raise OSError('lib{name}.so: cannot open shared object file')"
            )
        environment = {"PATH": str(folder), "PYTHONPATH": str(folder)}
    options = ("--benchmark-only", f"--benchmark-json={path}", "-p", "no:cacheprovider")
    return path, run("pytest", "bench", *options, **environment)


@pytest.fixture(scope="module")
def document(measured: tuple[Path, str]) -> Document:
    return stored.read(measured[0])


@pytest.fixture
def is_alone(request: pytest.FixtureRequest) -> bool:
    """Whether no rival was there."""
    return "no rivals" in request.node.callspec.id


@pytest.mark.parametrize("section", SECTIONS)
def test_section(document: Document, section: str) -> None:
    """Each has rows of our engine that took time, in groups of its own."""
    rows = [each for each in document["benchmarks"] if stored.section_of(each) == section]
    ours = [
        each for each in rows if (each["params"] or {}).get("engine", "transcode").startswith("transcode")
    ]
    assert ours
    for each in rows:
        assert each["stats"]["median"] > 0
        assert each["group"].startswith(section)
        assert each["options"]["timer"] == "clock"


def test_rivals(document: Document, measured: tuple[Path, str], is_alone: bool) -> None:
    """What is not there is named with its reason, is not among the rows, and is no failure."""
    passed_over = {section: set(engines) for section, engines in document["passed_over"].items()}
    if is_alone:
        assert passed_over == PASSED_OVER
        reason = "pyvips can't be imported: libpyvips.so: cannot open shared object file"
        assert document["passed_over"]["image"]["libvips loop"] == reason
        assert f"image: libvips loop: {reason}" in measured[1]
    for each in document["benchmarks"]:
        engine = (each["params"] or {}).get("engine")
        assert engine not in passed_over.get(stored.section_of(each), ())


def test_rivals_share_a_group(document: Document) -> None:
    """A group is one piece of work that several engines do."""
    groups: dict[str, set[str]] = {}
    for each in document["benchmarks"]:
        if stored.section_of(each) == "image":
            groups.setdefault(each["group"], set()).add(each["params"]["engine"])
    assert groups
    assert all({"transcode", "Pillow-SIMD loop", "decode only"} <= engines for engines in groups.values())


def test_quality_stands_beside_the_time(document: Document) -> None:
    for each in document["benchmarks"]:
        if stored.section_of(each) == "image" and each["params"]["engine"] == "transcode":
            told = each["extra_info"]
            assert 0 < told["points"] <= 100
            assert told["share"] == told["bytes"] / 60_000 <= 1


def test_report(measured: tuple[Path, str], document: Document, is_alone: bool) -> None:
    """A report of it is written beside the measurements, and those that are kept stay as they are."""
    kept = (ROOT / "bench" / "REPORT.md").read_bytes()
    path, _ = measured
    out = Path(run("bench", "report", str(path)).strip())
    assert out == path.with_suffix(".md")
    text = out.read_text()
    assert text.count("\n## ") == len(SECTIONS)
    assert text.count(f"Measured on: {document['machine_info']['measured_on']}.") == len(SECTIONS)
    assert (path.parent / "image.svg").read_text().startswith("<svg")
    assert ("Skipped: pillow-heif (pillow_heif can't be imported" in text) or not is_alone
    assert (ROOT / "bench" / "REPORT.md").read_bytes() == kept


def test_they_are_no_tests() -> None:
    """Where pytest is not asked for benchmarks alone, none runs."""
    told = run("pytest", "bench/bench_wire.py", "-q", "-p", "no:cacheprovider")
    assert re.search(r"\b\d+ skipped", told)
    assert "passed" not in told
