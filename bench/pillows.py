"""The time of fits with stock Pillow beside pillow-simd: ``python -m bench.pillows``.

Its table stands in docs/pages/install.md. Stock Pillow is installed into build/pillow. A process with each
Pillow fits the same sources in turns, so that other load on the machine falls upon both. Times are those of
the processor.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import PIL
from PIL import Image

import transcode
from bench.corpus import folder
from bench.machine import processor

ROOT = Path(__file__).parents[1]
ROUNDS = 5
LIMITS = transcode.Limits(300_000, 640, 480)

#: Sources of the corpus by what the table calls them, and the photo that the other formats are made of.
HEIC, ANIMATION = "iphone8plus_12mp.heic", "spinfox.apng.png"
PHOTO = "canon_eos5d_12mp_portrait.jpg"


def sources() -> dict[str, bytes]:
    """The sources by the names of their rows: a photo of 12 megapixels in each format, and small ones."""
    place = folder()
    photo = (place / PHOTO).read_bytes()
    with Image.open(BytesIO(photo)) as image:
        image.load()
        pixels = image.convert("RGB")
    small = pixels.resize((640, 427))
    return {
        "JPEG, 12 MP": photo,
        "PNG, 12 MP": _saved(pixels, "PNG", compress_level=1),
        "WebP, 12 MP": _saved(pixels, "WEBP", quality=85, method=0),
        "TIFF, 12 MP": _saved(pixels, "TIFF"),
        "BMP, 12 MP": _saved(pixels, "BMP"),
        "GIF, 12 MP": _saved(pixels.quantize(256), "GIF"),
        "HEIC, 12 MP": (place / HEIC).read_bytes(),
        "JPEG, 640 x 427": _saved(small, "JPEG", quality=95),
        "PNG, 640 x 427": _saved(small, "PNG"),
        "animation, APNG": (place / ANIMATION).read_bytes(),
    }


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def serve(place: Path) -> None:
    """Fit the file that each line of stdin names in a folder, and print the seconds of processor time."""
    release = PIL.__version__
    print(json.dumps(f"{'pillow-simd' if 'post' in release else 'Pillow'} {release}"), flush=True)
    for line in sys.stdin:
        data = (place / line.rstrip("\n")).read_bytes()
        begin = time.process_time()
        transcode.fit(data, LIMITS)
        print(time.process_time() - begin, flush=True)


def main() -> None:
    """Measure both, and print the table."""
    stock, place = ROOT / "build" / "pillow", ROOT / "build" / "pillows"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    subprocess.run([*pip, "--target", str(stock), "pillow>=13"], check=True)
    place.mkdir(parents=True, exist_ok=True)
    names = {}
    for position, (name, data) in enumerate(sources().items()):
        names[str(position)] = name
        (place / str(position)).write_bytes(data)
    with process(place, stock) as one, process(place, None) as other:
        _table(names, (one, other))


def _table(names: dict[str, str], asked: Sequence[Callable[[str], str]]) -> None:
    versions = [json.loads(ask("")) for ask in asked]
    print(f"{', '.join(versions)}; {processor()}; {time.strftime('%Y-%m-%d')}\n")
    print(f"| source | {versions[1]} | {versions[0]} | times |\n|---|---|---|---|")
    for number, name in names.items():
        for ask in asked:
            ask(number)
        pairs = [[float(ask(number)) for ask in asked] for _ in range(ROUNDS)]
        first, second = (statistics.median(each) for each in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        print(f"| {name} | {second * 1e3:.0f} ms | {first * 1e3:.0f} ms | {ratio:.2f} |", flush=True)


@contextmanager
def process(place: Path, first: Path | None) -> Iterator[Callable[[str], str]]:
    """A process that finds its Pillow in a folder first; the function sends a line, returns the answer."""
    ways = [str(one) for one in (first, ROOT) if one]
    with subprocess.Popen(
        [sys.executable, "-m", "bench.pillows", str(place)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(ways)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin
        assert child.stdout
        stdin, stdout = child.stdin, child.stdout

        def ask(line: str) -> str:
            if line:
                stdin.write(line + "\n")
                stdin.flush()
            return stdout.readline()

        yield ask


if __name__ == "__main__":
    serve(Path(sys.argv[1])) if sys.argv[1:] else main()
