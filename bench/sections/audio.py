"""Recordings of forty seconds at most under a cap, beside ffmpeg at a fixed bit rate, tried until it fits."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bench import corpus
from bench.timing import timed
from bench.tune_sound import opinion
from transcode import Limits, fit
from transcode.media.audio import Pcm, decode
from transcode.media.source import Content, read

TITLE = "Recordings"

RECORDINGS = {
    "speech": ("speech_14s.ogg", "podcast.m4a", "speech_48k.opus"),
    "music": ("guitar_80s.mp3", "orchestra_46s.ogg", "viper_41s.mp3"),
}
CAPS = (300_000, 100_000, 30_000)
SECONDS = 40.0
#: Of these so much is scored: the judge takes as long as it hears.
SCORED = 8.0

#: ffmpeg's encoder for each rival and its file's suffix. Debian's ffmpeg has none of AMR.
RIVALS = {"aac": ("aac", "m4a"), "mp3": ("libmp3lame", "mp3")}
#: The most bits a second that are of use, and the fewest that are tried.
MOST, FEWEST = 160_000, 4_000


def rival(name: str, path: Path, cap: int, seconds: float) -> bytes | None:
    """The file at the rate that the cap leaves, or the next one down that fits."""
    encoder, suffix = RIVALS[name]
    bits = min(MOST, int(cap * 8 / seconds))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, f"out.{suffix}")
        while bits >= FEWEST:
            command = ["ffmpeg", "-v", "error", "-y", "-t", str(SECONDS), "-i", path, "-vn"]
            subprocess.run([*command, "-c:a", encoder, "-b:a", str(bits), out], check=True)
            if out.stat().st_size <= cap:
                return out.read_bytes()
            bits = int(bits * 0.95)
    return None


def start_of(pcm: Pcm) -> Pcm:
    return Pcm(pcm.samples[:, : round(SCORED * pcm.rate)].copy(), pcm.rate)


def score(source: Pcm, data: bytes) -> float:
    return opinion(start_of(source), start_of(decode(Content("made", data)).pcm))


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, names in RECORDINGS.items():
        for name in names:
            path = corpus.folder().parent / "audio" / name
            source = decode(read(path), max_seconds=SECONDS).pcm
            for cap in CAPS:
                rows: dict[str, tuple[float, bytes | None]] = {}
                rows["transcode"] = timed(lambda path=path, cap=cap: fit(path, Limits(cap)).data)
                for other in RIVALS:
                    rows[other] = timed(partial(rival, other, path, cap, source.seconds))
                found.setdefault(kind, {}).setdefault(str(cap), {})[name] = {
                    engine: None
                    if data is None
                    else {"ms": spent, "bytes": len(data), "score": score(source, data)}
                    for engine, (spent, data) in rows.items()
                }
    return found


def lines(stored: dict[str, Any]) -> list[str]:
    engines = ("transcode", *RIVALS)
    text = [
        "Recordings of speech and of music under a cap, beside ffmpeg's encoders at the bit rate that the",
        "cap leaves, again with 5 % less until it fits. Means: opinion score by Zimtohrli, 1 to 5, of the",
        f"first {SCORED:.0f} seconds at 48,000 Hz / share of the cap / milliseconds of processor time. A cap",
        "that a recording does not need, or an encoder can't use, is not filled.",
        "",
        "| | cap | " + " | ".join(("transcode", *(f"ffmpeg {name}" for name in RIVALS))) + " |",
        "|---" * (len(engines) + 2) + "|",
    ]
    for kind, caps in stored.items():
        for cap, names in caps.items():
            cells = [_cell([row[engine] for row in names.values()], int(cap)) for engine in engines]
            text.append(f"| {kind} | {int(cap):,} | " + " | ".join(cells) + " |")
    return text


def _cell(rows: list[dict[str, float] | None], cap: int) -> str:
    made = [row for row in rows if row is not None]
    if not made:
        return "none fits"
    means = [statistics.mean(row[key] for row in made) for key in ("score", "bytes", "ms")]
    few = "" if len(made) == len(rows) else f" ({len(made)} of {len(rows)})"
    return f"{means[0]:.2f} / {means[1] / cap:.0%} / {means[2]:.0f}{few}"
