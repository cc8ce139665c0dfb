"""How much of a limit clips and recordings use, and why: ``python -m bench.share_of_cap FOLDER [BYTES...]``.

What uses less than 95 % has one of these words behind it:

    as it was    not re-encoded, which would only cost quality
    finest       the pictures have two bits a pixel, or the sound has the highest rate that is heard
    no use       with twice the limit, pictures and sound of the same rates come out
    ???          none of these: worth a look
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import transcode

#: The share below which a reason is asked for.
ENOUGH = 0.95

#: What three kinds of networks take, in bytes.
LIMITS = (100_000, 300_000, 1_000_000)

#: What the rates of pictures and of sound look like in a rendition's settings.
PICTURES = re.compile(r"(\d+) x (\d+), ([\d.]+) frames/s, ([\d.]+) kbit/s")
SOUND = re.compile(r"Hz, (mono|stereo), ([\d.]+) kbit/s")

#: Bits a pixel and kbit/s of sound above which nothing is gained; encoders keep to them on average only.
FINEST = 1.7
HEARD = {"mono": 60.0, "stereo": 105.0}


def rates(made: transcode.Rendition) -> tuple[float, float]:
    """Bits a pixel of the pictures, and the sound's part of the highest rate that is of use; 0 for none."""
    words = "; ".join(made.report.settings)
    shown, heard = PICTURES.search(words), SOUND.search(words)
    pixels = 0.0
    if shown is not None:
        width, height, rate, bits = map(float, shown.groups())
        pixels = 1000 * bits / (width * height * rate)
    return pixels, 0.0 if heard is None else float(heard[2]) / HEARD[heard[1]]


def reason(path: Path, made: transcode.Rendition, limits: transcode.Limits) -> str:
    """Why a rendition uses what it does."""
    if len(made.data) >= ENOUGH * limits.max_bytes:
        return ""
    if not made.report.trials:
        return "as it was"
    pixels, sound = rates(made)
    if pixels >= FINEST or (not pixels and sound >= 1):
        return "finest"
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
