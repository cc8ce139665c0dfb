"""Read and write results of pytest-benchmark, and convert them to rows for the report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

#: The table cell of an engine that was skipped.
ABSENT = "-"


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        test: the name of the test function without ``test_``.
        given: the parameters of the test.
        ms: the median of the rounds in milliseconds; None if unknown.
        told: the figures of ``extra_info``.
    """

    test: str
    given: Mapping[str, str]
    ms: float | None
    told: Mapping[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        """The figures of ``told``, and ``ms`` if it is known."""
        return dict(self.told) if self.ms is None else {"ms": self.ms, **self.told}


def read(path: Path) -> Document:
    document: Document = json.loads(path.read_text())
    return document


def section_of(benchmark: Mapping[str, Any]) -> str:
    """The section of an entry: NAME of ``bench/bench_NAME.py::test``."""
    name: str = benchmark["fullname"].partition("::")[0]
    return name.rpartition("bench_")[2].removesuffix(".py")


def rows(document: Document) -> list[Row]:
    """The rows of a document, in order."""
    found = []
    for each in document["benchmarks"]:
        test = each["name"].partition("[")[0].removeprefix("test_")
        median = each["stats"].get("median")
        ms = None if median is None else median * 1e3
        found.append(Row(test, each["params"] or {}, ms, each["extra_info"]))
    return found


def nested(rows: Iterable[Row], *names: str) -> dict[str, Any]:
    """The figures of rows in nested dictionaries, keyed by the values of the named parameters."""
    found: dict[str, Any] = {}
    for row in rows:
        place = found
        for name in names:
            place = place.setdefault(row.given[name], {})
        place.update(row.figures)
    return found


def of(rows: Iterable[Row], test: str) -> list[Row]:
    """The rows of one test."""
    return [row for row in rows if row.test == test]


def by_section(document: Document) -> dict[str, Document]:
    """A document to store for each section.

    It omits the times of single rounds, the options of pytest-benchmark and the name of the machine.
    """
    machine = {"measured_on": document["machine_info"]["measured_on"]}
    commit = {key: document.get("commit_info", {}).get(key) for key in ("id", "dirty")}
    head = {**document, "machine_info": machine, "commit_info": commit}
    found: dict[str, Document] = {}
    for each in document["benchmarks"]:
        name = section_of(each)
        if name not in found:
            passed_over = document.get("passed_over", {}).get(name, {})
            found[name] = {**head, "passed_over": passed_over, "benchmarks": []}
        stats = {key: value for key, value in each["stats"].items() if key != "data"}
        kept = {key: value for key, value in each.items() if key != "options"}
        found[name]["benchmarks"].append({**kept, "stats": stats})
    return found


def write(path: Path, document: Document) -> None:
    """Write a document with one line per entry, so that a changed entry changes only its line."""
    head = {key: value for key, value in document.items() if key != "benchmarks"}
    entries = ",\n".join(json.dumps(each) for each in document["benchmarks"])
    path.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "benchmarks": [\n{entries}\n]}}\n')
