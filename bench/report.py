"""The report of what was measured."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from bench import stored
from bench.stored import Document

HERE = Path(__file__).parent
RESULTS = HERE / "results"

#: The sections, in the order of the report. A section is a module ``bench/bench_NAME.py`` with a TITLE, tests
#: that measure, and ``lines(rows)``: the Markdown of what was measured, as a list of lines without the
#: heading. One that has a figure draws it in ``figure(rows)``, as SVG.
SECTIONS = (
    "image",
    "progressive",
    "graphics",
    "animation",
    "many",
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
    """Write the report of what pytest-benchmark stored in a file, and return its path.

    Sections that were measured in full replace what bench/results has of them, and bench/REPORT.md is of
    all that is there. What was measured of less stands in a report of its own beside the file.
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
    """Write bench/REPORT.md of what bench/results has."""
    there = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    write({name: stored.read(path) for name, path in there.items() if path.is_file()}, HERE / "REPORT.md")
    return HERE / "REPORT.md"


def write(sections: Mapping[str, Document], out: Path) -> None:
    """Write the report of some sections, and their figures beside it."""
    text = [
        "# Benchmark report",
        "",
        "Written by `make bench`; `make bench SECTIONS=NAME` measures one section anew. What stands in",
        "`bench/results` is pytest-benchmark's JSON.",
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
            text += [f"Passed over: {reasons}.", ""]
        if hasattr(section, "figure"):
            (out.parent / f"{name}.svg").write_text(section.figure(rows))
    out.write_text("\n".join(text))
