"""Write the benchmark report from stored results."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from bench import stored
from bench.stored import Document

HERE = Path(__file__).parent
RESULTS = HERE / "results"

#: The sections in the order of the report. A section is a module ``bench/bench_NAME.py`` with a TITLE,
#: tests, and ``lines(rows)``, which returns the Markdown lines of its results without the heading. The
#: optional ``figure(rows)`` returns a figure as SVG.
SECTIONS = (
    "image",
    "progressive",
    "graphics",
    "animation",
    "many",
    "threads",
    "heif",
    "slideshow",
    "memory",
    "decode",
    "resample",
    "start",
    "profile",
    "wire",
    "clip",
    "clipcost",
    "audio",
)


def update(measured: Path) -> Path:
    """Write the report of a file of pytest-benchmark results, and return the report's path.

    Sections of a full run replace their results in bench/results, and bench/REPORT.md is written from all
    results there. The report of a smaller run is written beside the file of results.
    """
    document = stored.read(measured)
    sections = stored.by_section(document)
    if document.get("size") != "full":
        out = measured.with_suffix(".md")
        write(sections, out)
        return out
    RESULTS.mkdir(exist_ok=True)
    for name, each in sections.items():
        stored.write(RESULTS / f"{name}.json", each)
    return rewrite()


def rewrite() -> Path:
    """Write bench/REPORT.md from bench/results."""
    there = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    write({name: stored.read(path) for name, path in there.items() if path.is_file()}, HERE / "REPORT.md")
    return HERE / "REPORT.md"


def write(sections: Mapping[str, Document], out: Path) -> None:
    """Write a report of the given sections, and their figures beside it."""
    text = [
        "# Benchmark report",
        "",
        "Written by `make bench`; `make bench SECTIONS=NAME` measures one section again. `bench/results` has",
        "the results as pytest-benchmark's JSON.",
        "",
    ]
    for name in SECTIONS:
        if name not in sections:
            continue
        document = sections[name]
        section = importlib.import_module(f"bench.bench_{name}")
        rows = stored.rows(document)
        text += [f"## {section.TITLE}", "", *section.lines(rows), ""]
        text += [f"Measured on: {document['machine_info']['measured_on']}.", ""]
        if document.get("note"):
            text += [document["note"], ""]
        if document.get("passed_over"):
            reasons = "; ".join(f"{engine} ({why})" for engine, why in document["passed_over"].items())
            text += [f"Skipped: {reasons}.", ""]
        if hasattr(section, "figure"):
            (out.parent / f"{name}.svg").write_text(section.figure(rows))
    out.write_text("\n".join(text))
