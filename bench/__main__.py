"""What is done with measurements.

python -m bench report [MEASURED.json]      write the report, with what pytest-benchmark stored there
python -m bench compare REVISION [...]      this revision and another in turns; --help says more
python -m bench tune [TOOL ...]             whether numbers that were found by measuring are found again
python -m bench manifest                    write bench/corpus.toml: the media that tools measure
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import compare, manifest, report, size, tuning


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    commands = parser.add_subparsers(required=True)
    writes = commands.add_parser("report", help="write bench/REPORT.md")
    writes.add_argument("measured", type=Path, nargs="?", help="JSON that pytest-benchmark stored")
    writes.set_defaults(work=_report)
    compares = commands.add_parser("compare", help="this revision and another, round by round in turns")
    compares.add_argument("revision")
    compares.add_argument("sections", nargs="*", help="all of them without")
    compares.add_argument("--size", choices=size.SIZES, default="quick")
    compares.add_argument("--rounds", type=int, default=7)
    compares.set_defaults(work=_compare)
    tunes = commands.add_parser("tune", help="whether numbers that were found by measuring are found again")
    tunes.add_argument("tools", nargs="*", choices=[*tuning.TOOLS, []], help="all of them without")
    tunes.add_argument("--jobs", type=int, default=2, help="processes at a time")
    tunes.set_defaults(work=_tune)
    writes = commands.add_parser("manifest", help="write bench/corpus.toml")
    writes.set_defaults(work=_manifest)
    arguments = parser.parse_args()
    status: int = arguments.work(arguments)
    return status


def _report(arguments: argparse.Namespace) -> int:
    print(report.update(arguments.measured) if arguments.measured else report.rewrite())
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    return compare.run(arguments.revision, arguments.sections, arguments.size, arguments.rounds)


def _tune(arguments: argparse.Namespace) -> int:
    if wrong := manifest.differing():
        print("not the media of bench/corpus.toml: " + ", ".join(wrong))
        return 2
    return tuning.run(arguments.tools, arguments.jobs)


def _manifest(arguments: argparse.Namespace) -> int:
    print(manifest.write())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
