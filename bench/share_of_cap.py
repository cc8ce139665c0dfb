"""Print the share of limits that media use: ``python -m bench.share_of_cap FOLDER [BYTES...]``.

A share below 95% is followed by its reason:

    as it was    the source was not re-encoded, which would only lower the quality
    highest      the video has nearly two bits per pixel, or the sound has the highest useful bit rate
    no use       twice the limit gives the same bit rates
    ???          no known reason; to be examined
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import transcode

#: Shares below this value are printed with a reason.
ENOUGH = 0.95

#: Message limits of three kinds of networks, in bytes.
LIMITS = (100_000, 300_000, 1_000_000)

#: Patterns of the frame size, frame rate and bit rates in the settings of a rendition.
PICTURES = re.compile(r"(\d+) x (\d+), ([\d.]+) frames/s, ([\d.]+) kbit/s")
SOUND = re.compile(r"Hz, (mono|stereo), ([\d.]+) kbit/s")

#: Bits per pixel, and bit rates of sound in kbit/s, above which quality hardly rises. They are below the
#: highest values of the engine because encoders meet a bit rate only on average.
FINEST = 1.7
HEARD = {"mono": 60.0, "stereo": 105.0}


def rates(made: transcode.Rendition) -> tuple[float, float]:
    """Bits per pixel of the video, and the bit rate of the sound as a share of HEARD; 0 without."""
    words = "; ".join(made.report.settings)
    shown, heard = PICTURES.search(words), SOUND.search(words)
    pixels = 0.0
    if shown is not None:
        width, height, rate, bits = map(float, shown.groups())
        pixels = 1000 * bits / (width * height * rate)
    return pixels, 0.0 if heard is None else float(heard[2]) / HEARD[heard[1]]


def reason(path: Path, made: transcode.Rendition, limits: transcode.Limits) -> str:
    """The reason why a rendition uses less than ENOUGH of its limit; empty if it uses more."""
    if len(made.data) >= ENOUGH * limits.max_bytes:
        return ""
    if not made.report.trials:
        return "as it was"
    pixels, sound = rates(made)
    if pixels >= FINEST or (not pixels and sound >= 1):
        return "highest"
    more = rates(transcode.fit(path, replace(limits, max_bytes=2 * limits.max_bytes)))
    if pixels:
        return "no use" if more[0] <= 1.03 * pixels else "???"
    return "no use" if more[1] <= 1.03 * sound else "???"


def line(path: Path, sizes: tuple[int, ...]) -> str:
    cells = []
    for size in sizes:
        limits = transcode.Limits(size)
        try:
            made = transcode.fit(path, limits)
        except transcode.TranscodeError as error:
            cells.append(type(error).__name__)
        else:
            cells.append(f"{len(made.data) / size:.1%} {reason(path, made, limits)}".strip())
    return " | ".join([path.name, *cells])


def main(folder: Path, sizes: tuple[int, ...]) -> None:
    print("file | " + " | ".join(f"{size:,}" for size in sizes))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(line(path, sizes), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(map(int, sys.argv[2:])) or LIMITS)
