"""The commands of the benchmarks.

python -m bench report [MEASURED.json]      write the report, after adding results of pytest-benchmark
python -m bench compare REVISION [...]      compare this revision with another one; see --help
python -m bench tune [TOOL ...]             check the tuned numbers by measuring them again
python -m bench manifest                    write bench/corpus.toml, the list of media that tools measure
python -m bench before-after                write the picture of the README
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import before_after, compare, manifest, report, size, tuning


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    commands = parser.add_subparsers(required=True)
    writes = commands.add_parser("report", help="write bench/REPORT.md")
    writes.add_argument("measured", type=Path, nargs="?", help="JSON that pytest-benchmark stored")
    writes.set_defaults(work=_report)
    compares = commands.add_parser("compare", help="compare this revision with another one")
    compares.add_argument("revision")
    compares.add_argument("sections", nargs="*", help="default: all sections")
    compares.add_argument("--size", choices=size.SIZES, default="quick")
    compares.add_argument("--rounds", type=int, default=7)
    compares.set_defaults(work=_compare)
    tunes = commands.add_parser("tune", help="check the tuned numbers by measuring them again")
    tunes.add_argument("tools", nargs="*", choices=[*tuning.TOOLS, []], help="default: all tools")
    tunes.add_argument("--jobs", type=int, default=2, help="number of parallel processes")
    tunes.set_defaults(work=_tune)
    writes = commands.add_parser("manifest", help="write bench/corpus.toml")
    writes.set_defaults(work=_manifest)
    writes = commands.add_parser("before-after", help="write the picture of the README")
    writes.set_defaults(work=_before_after)
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
        print("missing or different from bench/corpus.toml: " + ", ".join(wrong))
        return 2
    return tuning.run(arguments.tools, arguments.jobs)


def _manifest(arguments: argparse.Namespace) -> int:
    print(manifest.write())
    return 0


def _before_after(arguments: argparse.Namespace) -> int:
    print(before_after.write())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
