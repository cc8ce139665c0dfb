"""The manifest of the media that the tuning tools measure: names, sources and hashes.

``python -m bench manifest`` writes ``bench/corpus.toml`` from the files of the shared corpus and the
corpus's own list of sources. The tuned numbers are valid for these files.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench import corpus

PATH = Path(__file__).with_name("corpus.toml")

_HEAD = """\
# The media on which numbers were tuned, by set. Written by python -m bench manifest.
"""


def sets() -> dict[str, tuple[str, ...]]:
    """The files of each set, as paths below the media folder of the shared corpus."""
    from bench import tune_animation, tune_clips, tune_share, tune_sound
    from bench.bench_graphics import NAMES

    recordings = [name for names in tune_sound.RECORDINGS.values() for name in names]
    return {
        "photos": _in("image", corpus.PHOTOS),
        "share": _in("image", (*corpus.PHOTOS, *tune_share.MORE)),
        "graphics": _in("image", (*NAMES, *corpus.PHOTOS, *tune_share.MORE)),
        "animations": _in("image", tune_animation.ALL),
        "clips": _in("video", tune_clips.ALL),
        "recordings": _in("audio", recordings),
    }


def _in(kind: str, names: Any) -> tuple[str, ...]:
    return tuple(f"{kind}/{name}" for name in names)


def write() -> Path:
    """Write the manifest from the files of the shared corpus.

    Raises:
        OSError: a file can't be read.
    """
    media = corpus.folder().parent
    with (media / "MANIFEST.csv").open(newline="") as file:
        sources = {row["file"]: row["source"] for row in csv.DictReader(file)}
    lines = [_HEAD]
    for name, files in sets().items():
        for path in files:
            digest = hashlib.sha256((media / path).read_bytes()).hexdigest()
            lines += [
                f"[[{name}]]",
                f"name = {json.dumps(path)}",
                f"source = {json.dumps(sources[path], ensure_ascii=False)}",
                f'sha256 = "{digest}"',
                "",
            ]
    PATH.write_text("\n".join(lines[:-1]) + "\n")
    return PATH


@cache
def read() -> Mapping[str, list[dict[str, str]]]:
    """The media of each set: ``name``, ``source`` and ``sha256``."""
    return tomllib.loads(PATH.read_text())


def differing() -> list[str]:
    """The names of media that are missing or have another hash than the manifest."""
    media = corpus.folder().parent
    wrong = {}
    for files in read().values():
        for each in files:
            path = media / each["name"]
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != each["sha256"]:
                wrong[each["name"]] = True
    return list(wrong)
