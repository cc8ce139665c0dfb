"""Trace the calls of one fit between source files: ``python -m bench.walk SOURCE [SOURCE ...]``.

With ``--compose`` or ``--slideshow`` all sources are in one message, or in the slideshow of one clip.

A way into a file is a line of another file that calls into it; properties count as calls. Repeated calls
from one line count once. jobs/stages.py, which stands around steps to time them, does not count: its calls
are those of who calls the step. A reader of the fit returns often to a file with many ways in. A return is an
entry into a file that was entered and left before, in the order of the first calls.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import transcode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

#: The folder of the package. Calls from or to other files are ignored.
PACKAGE = str(Path(transcode.__file__).parent)

#: The file whose functions stand between others without doing anything of the fit.
AROUND = "jobs/stages.py"

#: The receiver that sources are fitted for.
RECEIVER = "us-att"

Way = tuple[str, int, str]


def walk(work: Callable[[], object]) -> list[Way]:
    """The ways of some work, in order of the first call: calling file, line, and called file."""
    # The first call imports modules, which are not traced.
    work()
    ways: dict[Way, None] = {}

    def called(frame: FrameType, event: str, _: object) -> None:
        before = frame.f_back
        while before is not None and before.f_code.co_filename.endswith(AROUND):
            before = before.f_back
        if event != "call" or before is None:
            return
        here, there = frame.f_code.co_filename, before.f_code.co_filename
        if here.endswith(AROUND):
            return
        if here != there and here.startswith(PACKAGE) and there.startswith(PACKAGE):
            ways.setdefault((_short(there), before.f_lineno, _short(here)))

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return list(ways)


def returns(ways: list[Way]) -> int:
    """The number of entries into files that were entered and left before."""
    entered = [into for _, _, into in ways]
    return sum(into in entered[:place] and entered[place - 1] != into for place, into in enumerate(entered))


def _short(path: str) -> str:
    return str(Path(path).relative_to(PACKAGE))


def works(sources: Sequence[str], way: str) -> dict[str, Callable[[], object]]:
    """What is traced, by its name: a fit of each source, one message or one slideshow."""
    profile = transcode.find_profile(RECEIVER)
    if way == "compose":
        return {way: partial(transcode.compose, sources, profile, to=["+15555550100"])}
    if way == "slideshow":
        slides = [transcode.Slide(source, duration=1.0) for source in sources]
        return {way: partial(transcode.slideshow_clip, slides, profile)}
    limits = profile.limits()
    return {Path(source).name: partial(transcode.fit, source, limits) for source in sources}


def main() -> None:
    """Print the number of ways into each file, largest first."""
    parser = argparse.ArgumentParser(prog="python -m bench.walk", description=main.__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--compose", dest="way", action="store_const", const="compose")
    parser.add_argument("--slideshow", dest="way", action="store_const", const="slideshow")
    asked = parser.parse_args()
    for name, work in works(asked.sources, asked.way or "fit").items():
        ways = walk(work)
        counted = Counter(into for _, _, into in ways)
        print(f"{name}: {len(counted)} files, {len(ways)} ways in, {returns(ways)} returns")
        for into, count in counted.most_common(8):
            print(f"  {count:3} {into}")


if __name__ == "__main__":
    main()
