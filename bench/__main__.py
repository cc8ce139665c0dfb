"""Run benchmarks and write bench/REPORT.md: ``python -m bench [SECTION ...]``.

Without names every section is measured; with names only those, and the report keeps
what is stored of the others. ``python -m bench report`` measures nothing.
"""

from __future__ import annotations

import datetime
import importlib
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import transcode
from bench.sections import SECTIONS
from transcode.kernels import cpu

HERE = Path(__file__).parent
RESULTS = HERE / "results"

#: Whose versions matter.
PACKAGES = (
    "pillow-simd",
    "pillow",
    "numpy",
    "av",
    "pyvips",
    "pyvips-binary",
    "opencv-python-headless",
    "python-messaging",
    "ssimulacra2",
)


def main(names: list[str]) -> None:
    """Measure the sections named, and write the report of all."""
    unknown = set(names) - {*SECTIONS, "report"}
    if unknown:
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}")
    RESULTS.mkdir(exist_ok=True)
    for name in SECTIONS:
        if not names or name in names:
            print(f"{name} ...", flush=True)
            measured = importlib.import_module(f"bench.sections.{name}").run()
            stored = {"machine": machine(), "measured": measured}
            (RESULTS / f"{name}.json").write_text(json.dumps(stored, indent=1) + "\n")
    text = "\n".join(report()) + "\n"
    (HERE / "REPORT.md").write_text(text)
    print(text)


def report() -> list[str]:
    """The report of all that is stored."""
    lines = [
        "# Benchmark report",
        "",
        "Written by `make bench`; `python -m bench NAME` measures one section anew.",
        "",
    ]
    for name in SECTIONS:
        path = RESULTS / f"{name}.json"
        if not path.is_file():
            continue
        stored: dict[str, Any] = json.loads(path.read_text())
        section = importlib.import_module(f"bench.sections.{name}")
        lines += [f"## {section.TITLE}", "", *section.lines(stored["measured"])]
        lines += ["", f"Measured on: {stored['machine']}.", ""]
    return lines


def machine() -> str:
    """What ran, on what, and when."""
    versions = [f"Python {platform.python_version()}", f"transcode {transcode.__version__}"]
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    path = Path("/proc/cpuinfo")
    described = path.read_text().splitlines() if path.is_file() else []
    model = next(
        (line.split(":")[1].strip() for line in described if line.startswith("model name")),
        platform.machine(),
    )
    day = datetime.datetime.now(datetime.UTC).date()
    return f"{model}, kernels as {cpu.level()}, {', '.join(versions)}, {day}"


if __name__ == "__main__":
    main(sys.argv[1:])
