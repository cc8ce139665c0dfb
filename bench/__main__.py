"""Run the benchmarks and write bench/REPORT.md: ``python -m bench``.

Every figure of a table comes from one run on one machine, rivals included.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import transcode
from bench import corpus, judge, rivals
from bench.bench_fit import ENGINES, TASKS
from transcode.kernels import cpu

HERE = Path(__file__).parent

#: Tasks whose renditions are judged as well as timed: those where the cap binds.
JUDGED = TASKS[1:]


def main() -> None:
    """Run, judge, write."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "pytest",
                    str(HERE),
                    "--benchmark-only",
                    "--benchmark-disable-gc",
                    "-q",
                ),
                *("-o", "addopts=--import-mode=importlib", "-o", "python_files=bench_*.py"),
                *("-o", "python_functions=bench_*", f"--benchmark-json={results}"),
            ],
            check=True,
            cwd=HERE.parent,
        )
        found = json.loads(results.read_text())["benchmarks"]
    lines = [
        "# Benchmark report",
        "",
        "Written by `make bench`. Times are wall milliseconds on one thread; where the machine is shared,",
        "ratios and medians count more than single figures.",
        "",
        *machine(),
        *resampling(found),
        *fitting(found),
        *quality(),
        *importing(),
    ]
    (HERE / "REPORT.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def machine() -> list[str]:
    """What ran, on what."""
    names = [
        "pillow-simd",
        "pillow",
        "numpy",
        "av",
        "pyvips",
        "pyvips-binary",
        "opencv-python-headless",
        "ssimulacra2",
    ]
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    model = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.machine(),
    )
    return [
        f"- Processor: {model}; kernels run as {cpu.level()}",
        f"- Python {platform.python_version()}, transcode {transcode.__version__}, {', '.join(versions)}",
        "",
    ]


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def resampling(found: list[dict[str, Any]]) -> list[str]:
    """One row a size and engine."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in found:
        if item["group"].startswith("resample"):
            groups[item["group"]].append(item)
    lines = ["## Resampling", ""]
    for group, items in groups.items():
        rival = next(item["stats"]["median"] for item in items if item["name"].startswith("Pillow"))
        lines += [f"{group}:", "", "| | minimum ms | median ms | times Pillow-SIMD |", "|---|---|---|---|"]
        for item in items:
            stats = item["stats"]
            lines.append(
                f"| {item['name']} | {stats['min'] * 1e3:.1f} | {stats['median'] * 1e3:.1f}"
                f" | {stats['median'] / rival:.2f} |"
            )
        lines.append("")
    return lines


def fitting(found: list[dict[str, Any]]) -> list[str]:
    """Medians over the photos, one row an engine and one column a task."""
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for item in found:
        if item["group"].startswith("fit"):
            times[item["name"], item["group"]].append(item["stats"]["median"] * 1e3)
    tasks = [f"fit {width}x{height} {cap}" for (width, height), cap in TASKS]
    lines = [
        "## First fit of a photo of about 12 megapixels",
        "",
        f"Milliseconds, median over {len(corpus.photos())} photos of each photo's median of five runs.",
        '"Decode only" is no engine but the floor: the scaled decode of libjpeg-turbo, as Pillow calls it.',
        "",
        "| | " + " | ".join(f"{w} x {h}, {cap:,} B" for (w, h), cap in TASKS) + " |",
        "|---" * (len(TASKS) + 1) + "|",
    ]
    for engine in ENGINES:
        row = (f"{statistics.median(times[engine, task]):.0f}" for task in tasks)
        lines.append(f"| {engine} | {' | '.join(row)} |")
    return [*lines, ""]


def quality() -> list[str]:
    """Mean score and share of the cap, for the tasks where the cap binds."""
    if not find_spec("ssimulacra2"):
        return []
    lines = [
        "## Quality at the same cap",
        "",
        "Mean SSIMULACRA2 over the same photos / the worst photo / median share of the cap that was used.",
        "",
        "| | " + " | ".join(f"{w} x {h}, {cap:,} B" for (w, h), cap in JUDGED) + " |",
        "|---" * (len(JUDGED) + 1) + "|",
    ]
    engines = {name: engine for name, engine in ENGINES.items() if engine is not rivals.decode_only}
    cells: dict[str, list[str]] = {name: [] for name in engines}
    for box, cap in JUDGED:
        originals = {name: judge.reference(data, box) for name, data in corpus.photos().items()}
        for name, engine in engines.items():
            made = {photo: engine(data, box, cap) for photo, data in corpus.photos().items()}
            scores = [judge.score(data, originals[photo]) for photo, data in made.items() if data]
            share = statistics.median(len(data) / cap for data in made.values() if data)
            cells[name].append(f"{statistics.mean(scores):.1f} / {min(scores):.1f} / {share:.1%}")
    lines += [f"| {name} | " + " | ".join(row) + " |" for name, row in cells.items()]
    return [*lines, ""]


def importing() -> list[str]:
    """Time to import, in fresh processes, beyond starting Python."""
    code = "import time; t = time.perf_counter(); import transcode; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(15)
    ]
    return [
        "## Import",
        "",
        f"`import transcode`: median {statistics.median(times) * 1e3:.0f} ms of 15 runs.",
        "",
    ]


if __name__ == "__main__":
    main()
