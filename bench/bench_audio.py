"""Fit recordings of at most 40 seconds under a byte limit, beside ffmpeg with falling bit rates."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pytest

from bench import corpus, engines, judge, size
from bench.engines import OURS, Engine
from bench.stored import ABSENT, Row, nested
from transcode import Limits, fit
from transcode.media.samples.pcm import Pcm
from transcode.media.sound.audio import decode
from transcode.media.source.inputs import Input

TITLE = "Recordings"

RECORDINGS = {
    "speech": ("speech_14s.ogg", "podcast.m4a", "speech_48k.opus"),
    "music": ("guitar_80s.mp3", "orchestra_46s.ogg", "viper_41s.mp3"),
}
CAPS = (300_000, 100_000, 30_000)
SECONDS = 40.0
#: Seconds of a recording that are scored; scoring takes about as long as the sound lasts.
SCORED = 8.0

#: ffmpeg's encoder and the file suffix of each rival. Debian's ffmpeg has no AMR encoder.
RIVALS = {"ffmpeg aac": ("aac", "m4a"), "ffmpeg mp3": ("libmp3lame", "mp3")}
#: Highest and lowest bit rate that the rivals try, in bit/s.
MOST, FEWEST = 160_000, 4_000


@lru_cache(maxsize=1)
def source(data: bytes) -> Pcm:
    """The first SECONDS of a recording."""
    return decode(Input("source", data), max_seconds=SECONDS).pcm


def rival(name: str, data: bytes, cap: int) -> bytes | None:
    """The file at the bit rate that the limit allows, lowered by 5% until it fits; None if none fits."""
    encoder, suffix = RIVALS[name]
    seconds = source(data).seconds
    bits = min(MOST, int(cap * 8 / seconds))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, f"out.{suffix}")
        path = Path(folder, "source")
        path.write_bytes(data)
        while bits >= FEWEST:
            command: list[str | Path] = ["ffmpeg", "-v", "error", "-y", "-t", str(SECONDS), "-i", path, "-vn"]
            subprocess.run([*command, "-c:a", encoder, "-b:a", str(bits), out], check=True)
            if out.stat().st_size <= cap:
                return out.read_bytes()
            bits = int(bits * 0.95)
    return None


def ours(data: bytes, cap: int) -> bytes:
    return fit(data, Limits(cap)).data


def start_of(pcm: Pcm) -> Pcm:
    return Pcm(pcm.samples[:, : round(SCORED * pcm.rate)].copy(), pcm.rate)


ENGINES = {
    OURS: Engine(ours),
    **{name: Engine(partial(rival, name), programs=("ffmpeg",)) for name in RIVALS},
}


def cases() -> list[tuple[str, str]]:
    """The pairs of a limit and a recording, written as "kind: name"."""
    found = [f"{kind}: {name}" for kind, names in RECORDINGS.items() for name in corpus.there(names, "audio")]
    if not found:
        return [(f"{size.pick(100_000, 100_000, 10_000):,} B", "tones: made here.wav")]
    if size.SIZE == "quick":
        return [("100,000 B", found[0]), ("300,000 B", found[-1])]
    return [(f"{cap:,} B", recording) for recording in found for cap in CAPS]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("limit", "recording"), cases())
def test_audio(measure: Any, limit: str, recording: str, engine: str) -> None:
    cap = int(limit.removesuffix(" B").replace(",", ""))
    data = corpus.read(recording.partition(": ")[2], "audio")
    made = measure(lambda: ENGINES[engine].work(data, cap))
    if made is None:
        return
    measure.tell(bytes=len(made), share=len(made) / cap)
    if engines.module("zimtohrli"):
        heard = decode(Input("made", made)).pcm
        measure.tell(score=judge.opinion(start_of(source(data)), start_of(heard)))


def lines(rows: Sequence[Row]) -> list[str]:
    text = [
        "Recordings of speech and music under a cap, beside ffmpeg's encoders. ffmpeg begins at the bit rate",
        "that the cap allows, and lowers it by 5 % until the file fits. Means: opinion score by Zimtohrli,",
        f"1 to 5, of the first {SCORED:.0f} seconds at 48,000 Hz / share of the cap / processor time in ms.",
        "A recording may need less than the cap, and the highest bit rate of an encoder may be lower.",
        "",
        "| | cap | " + " | ".join(ENGINES) + " |",
        "|---" * (len(ENGINES) + 2) + "|",
    ]
    limits = nested(rows, "limit", "recording", "engine")
    for kind in dict.fromkeys(row.given["recording"].partition(":")[0] for row in rows):
        for limit, names in limits.items():
            of_kind = [row for name, row in names.items() if name.startswith(f"{kind}:")]
            if not of_kind:
                continue
            cells = [_cell([row[engine] for row in of_kind if engine in row]) for engine in ENGINES]
            text.append(f"| {kind} | {limit.removesuffix(' B')} | {' | '.join(cells)} |")
    return text


def _cell(rows: list[dict[str, float]]) -> str:
    if not rows:
        return ABSENT
    made = [row for row in rows if "share" in row]
    if not made:
        return "none fits"
    scores = [row["score"] for row in made if "score" in row]
    score = f"{statistics.mean(scores):.2f}" if scores else ABSENT
    few = "" if len(made) == len(rows) else f" ({len(made)} of {len(rows)})"
    share, ms = (statistics.mean(row[key] for row in made) for key in ("share", "ms"))
    return f"{score} / {share:.0%} / {ms:.0f}{few}"
