"""The report is made of what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import report, stored
from bench.stored import Row, nested


def entry(section: str, test: str, params: dict[str, str] | None, ms: float, **told: Any) -> dict[str, Any]:
    """A measurement as pytest-benchmark stores it."""
    name = f"test_{test}" + (f"[{'-'.join(params.values())}]" if params else "")
    stats = {"median": ms / 1e3, "rounds": 3, "data": [ms / 1e3] * 3}
    return {
        "group": section,
        "name": name,
        "fullname": f"bench/bench_{section}.py::{name}",
        "params": params,
        "extra_info": told,
        "options": {"timer": "clock"},
        "stats": stats,
    }


def document(*entries: dict[str, Any], size: str = "full") -> dict[str, Any]:
    return {
        "machine_info": {"measured_on": "a machine", "node": "a name", "package": "/a/path"},
        "commit_info": {"id": "c0ffee", "dirty": False, "branch": "a name"},
        "size": size,
        "passed_over": {"decode": {"another": "no program another"}},
        "benchmarks": list(entries),
    }


DECODING = (
    entry("decode", "decode", {"scale": "8/8", "photo": "a", "engine": "transcode"}, 10),
    entry("decode", "decode", {"scale": "8/8", "photo": "a", "engine": "libjpeg-turbo"}, 15),
    entry("decode", "decode", {"scale": "8/8", "photo": "b", "engine": "transcode"}, 20),
    entry("decode", "decode", {"scale": "8/8", "photo": "b", "engine": "libjpeg-turbo"}, 40),
)
IMPORT = entry("start", "start", None, 300, import_ms=98.4, processes=15)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of benchmarks that has a result of importing."""
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    (tmp_path / "results").mkdir()
    stored.write(tmp_path / "results" / "start.json", document(IMPORT))
    return tmp_path


def test_rows() -> None:
    """Tests, parameters, milliseconds and what was told; a measurement without a time has none."""
    timeless = {**IMPORT, "stats": {}}
    assert stored.rows(document(DECODING[0], timeless)) == [
        Row("decode", {"scale": "8/8", "photo": "a", "engine": "transcode"}, 10.0, {}),
        Row("start", {}, None, {"import_ms": 98.4, "processes": 15}),
    ]


def test_nested() -> None:
    rows = stored.rows(document(*DECODING))
    assert nested(rows, "photo", "engine") == {
        "a": {"transcode": {"ms": 10.0}, "libjpeg-turbo": {"ms": 15.0}},
        "b": {"transcode": {"ms": 20.0}, "libjpeg-turbo": {"ms": 40.0}},
    }


def test_sections_that_were_measured_replace_what_was_kept(folder: Path) -> None:
    """Measured sections replace kept ones; the report has all sections in its order."""
    path = folder / "bench.json"
    path.write_text(json.dumps(document(*DECODING)))
    assert report.update(path) == folder / "REPORT.md"
    text = (folder / "REPORT.md").read_text()
    assert text.index("## Decoding JPEG to planes") < text.index("## Import")
    assert "| 8/8 | 15.0 | 27.5 | 1.75 | 1.50 to 2.00 |" in text
    assert "median 98 ms of 15 fresh processes" in text
    assert text.count("Measured on: a machine.") == 2
    assert text.count("Skipped: another (no program another).") == 1
    kept = stored.read(folder / "results" / "decode.json")
    assert [each["fullname"] for each in kept["benchmarks"]] == [each["fullname"] for each in DECODING]
    assert "a name" not in json.dumps(kept)
    assert "/a/path" not in json.dumps(kept)
    assert kept["commit_info"]["id"] == "c0ffee"
    assert not any("data" in each["stats"] or "options" in each for each in kept["benchmarks"])


def test_little_replaces_nothing(folder: Path) -> None:
    """A quick run has a report of its own."""
    before = (folder / "results" / "start.json").read_bytes()
    path = folder / "quick.json"
    path.write_text(
        json.dumps(
            document(*DECODING, entry("start", "start", None, 1, import_ms=1, processes=1), size="quick")
        )
    )
    assert report.update(path) == folder / "quick.md"
    assert (folder / "results" / "start.json").read_bytes() == before
    assert not (folder / "results" / "decode.json").exists()
    assert not (folder / "REPORT.md").exists()


def test_the_report_is_of_what_is_kept(tmp_path: Path) -> None:
    """bench/REPORT.md and its figure are what bench/results gives."""
    kept = {name: stored.read(report.RESULTS / f"{name}.json") for name in report.SECTIONS}
    report.write(kept, tmp_path / "REPORT.md")
    for name in ("REPORT.md", "image.svg"):
        assert (tmp_path / name).read_text() == (report.HERE / name).read_text()
