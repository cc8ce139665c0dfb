"""What is done with measurements.

python -m bench report [MEASURED.json]      write the report, with what pytest-benchmark stored there
python -m bench compare REVISION [...]      this revision and another in turns; --help says more
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import compare, report, size


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
    arguments = parser.parse_args()
    status: int = arguments.work(arguments)
    return status


def _report(arguments: argparse.Namespace) -> int:
    print(report.update(arguments.measured) if arguments.measured else report.rewrite())
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    return compare.run(arguments.revision, arguments.sections, arguments.size, arguments.rounds)


if __name__ == "__main__":
    raise SystemExit(main())
