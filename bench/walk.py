"""The walk of one fit through the files: ``python -m bench.walk SOURCE [SOURCE ...]``.

A way into a file is a line of another file that calls into it, properties included. A loop that takes a way
many times counts once. A file with many ways in is one that a reader of the fit comes back to. A return is
a step back to a file that was left, in the order in which ways are first taken.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import transcode

if TYPE_CHECKING:
    from types import FrameType

#: Where the package is: other files are no part of the walk.
PACKAGE = str(Path(transcode.__file__).parent)

#: The receiver that sources are fitted for.
RECEIVER = "us-att"

Way = tuple[str, int, str]


def walk(source: str) -> list[Way]:
    """The ways into files that one fit takes, each once, in order: from which file and line, into which."""
    limits = transcode.find_profile(RECEIVER).limits()
    # What is imported on the way is not walked.
    transcode.fit(source, limits)
    ways: dict[Way, None] = {}

    def called(frame: FrameType, event: str, _: object) -> None:
        before = frame.f_back
        if event != "call" or before is None:
            return
        here, there = frame.f_code.co_filename, before.f_code.co_filename
        if here != there and here.startswith(PACKAGE) and there.startswith(PACKAGE):
            ways.setdefault((_short(there), before.f_lineno, _short(here)))

    sys.setprofile(called)
    try:
        transcode.fit(source, limits)
    finally:
        sys.setprofile(None)
    return list(ways)


def returns(ways: list[Way]) -> int:
    """How often a file is entered that was left before."""
    entered = [into for _, _, into in ways]
    return sum(into in entered[:place] and entered[place - 1] != into for place, into in enumerate(entered))


def _short(path: str) -> str:
    return str(Path(path).relative_to(PACKAGE))


def main() -> None:
    """Print how many ways lead into each file, the most first."""
    for source in sys.argv[1:]:
        ways = walk(source)
        counted = Counter(into for _, _, into in ways)
        print(f"{Path(source).name}: {len(counted)} files, {len(ways)} ways in, {returns(ways)} returns")
        for into, count in counted.most_common(8):
            print(f"  {count:3} {into}")


if __name__ == "__main__":
    main()
