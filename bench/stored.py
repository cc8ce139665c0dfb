"""What pytest-benchmark stored, as rows that a section writes its part of the report from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

#: What a table says of an engine that was passed over.
ABSENT = "-"


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        test: the function's name without ``test_``.
        given: its parameters.
        ms: the median of its rounds, in milliseconds; None where no time is known.
        told: what was told beside it.
    """

    test: str
    given: Mapping[str, str]
    ms: float | None
    told: Mapping[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        """All of it in one: what was told, and ``ms`` where it is known."""
        return dict(self.told) if self.ms is None else {"ms": self.ms, **self.told}


def read(path: Path) -> Document:
    document: Document = json.loads(path.read_text())
    return document


def section_of(benchmark: Mapping[str, Any]) -> str:
    """The section of an entry: ``bench/bench_NAME.py::test`` is of NAME."""
    name: str = benchmark["fullname"].partition("::")[0]
    return name.rpartition("bench_")[2].removesuffix(".py")


def rows(document: Document) -> list[Row]:
    """The rows of a document, in its order."""
    found = []
    for each in document["benchmarks"]:
        test = each["name"].partition("[")[0].removeprefix("test_")
        median = each["stats"].get("median")
        ms = None if median is None else median * 1e3
        found.append(Row(test, each["params"] or {}, ms, each["extra_info"]))
    return found


def nested(rows: Iterable[Row], *names: str) -> dict[str, Any]:
    """The figures of rows by the values of some parameters, one within the other, in their order."""
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
    """A document for each section, as it is kept.

    Without rounds one by one and options, of which there is no use; nor does it tell whose machine it was.
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
    """Write a document, an entry a line, so that a change of one is a change of its line."""
    head = {key: value for key, value in document.items() if key != "benchmarks"}
    entries = ",\n".join(json.dumps(each) for each in document["benchmarks"])
    path.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "benchmarks": [\n{entries}\n]}}\n')
