"""Where a batch stands: what files take, as it is expected, learned, and told."""

from __future__ import annotations

import csv
import heapq
import math
import random
import struct
from pathlib import Path
from typing import NamedTuple

import pytest

import transcode
from tests.batch.judge import PROFILE
from tests.made import clips
from tests.made.pictures import photo, save
from transcode.batch import Converted, Progress, Standing, convert_directory, iter_directory
from transcode.batch.loads import Load, load_of
from transcode.batch.meter import Meter
from transcode.batch.progress import Expected, Forecast, Working, expected
from transcode.errors import LimitsError
from transcode.media.source.extent import Extent
from transcode.model import FitProgress

#: A mixed folder of 142 files in the order of their names: what is known of each, and the seconds of
#: processor that it took for the limit of each column.
RECORDED = Path(__file__).with_name("recorded.csv")
LIMITS = {"taken": 1_048_576, "taken_smaller": 1_228_800}


#: Microseconds of a frame, frames, width and height.
AVI = (40_000, 50, 96, 64)


class Recorded(NamedTuple):
    """A file of the folder, and the seconds that it took."""

    name: str
    load: Load
    seconds: float


def recorded(column: str) -> list[Recorded]:
    with RECORDED.open(newline="") as file:
        return [
            Recorded(
                f"{number}",
                Load(
                    row["kind"],  # type: ignore[arg-type]
                    int(row["bytes"]),
                    Extent(float(row["seconds"]), int(row["pixels"]), int(row["frames"])),
                ),
                float(row[column]),
            )
            for number, row in enumerate(csv.DictReader(file))
        ]


def at_a_third(files: list[Recorded], workers: int, limit: int) -> float:
    """The time left as it is told after a third of the time, divided by what it was."""
    forecast = Forecast()
    for name, load, _ in files:
        forecast.add(name, expected(load, limit))
    free = [0.0] * workers
    runs = []
    for one in files:
        begin = heapq.heappop(free)
        runs.append((begin + one.seconds, begin, one))
        heapq.heappush(free, begin + one.seconds)
    end = max(free)
    now = end / 3
    for _, _, one in sorted(run for run in runs if run[0] <= now):
        forecast.finish(one.name, one.seconds)
    working = [
        Working(one.name, now - begin, (now - begin) / one.seconds if one.load.kind == "clip" else None)
        for ends, begin, one in runs
        if begin <= now < ends
    ]
    return forecast.left(workers, working) / (end - now)


@pytest.mark.parametrize("column", LIMITS)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_time_left_at_a_third(column: str, workers: int) -> None:
    """In the order of the names it is within 25 %; in random orders, mostly."""
    files, limit = recorded(column), LIMITS[column]
    assert len(files) == 142
    assert at_a_third(files, workers, limit) == pytest.approx(1, abs=0.25)
    found = []
    for seed in range(20):
        random.Random(seed).shuffle(files)
        found.append(at_a_third(files, workers, limit))
    assert sum(abs(one - 1) <= 0.25 for one in found) >= 13


def test_a_slower_machine_is_learned() -> None:
    """Files that take three times as long make the others expected to."""
    forecast = Forecast()
    for number in range(60):
        forecast.add(f"{number}", Expected("photo", 0.2))
    assert not forecast.is_learned
    assert forecast.left(2) == pytest.approx(60 * 0.2 / 2)
    for number in range(20):
        forecast.finish(f"{number}", 0.6)
    assert forecast.left(2) == pytest.approx(40 * 0.6 / 2, rel=0.12)
    forecast.add("clip", Expected("clip", 5.0))
    # Of clips nothing is known yet but that the machine is slow.
    assert 10 < forecast.left(2) - 40 * 0.6 / 2 * 0.5 < 20
    forecast.finish("clip", None)
    forecast.finish("clip", 9.0)
    assert forecast.done == pytest.approx(20 * 0.2 + 5.0)


def test_a_clip_in_work_tells_of_itself() -> None:
    """Half of it took ten seconds, so the other half takes about as long."""
    forecast = Forecast()
    forecast.add("a", Expected("clip", 4.0))
    assert forecast.left(1, [Working("a", 10.0, 0.5)]) == pytest.approx(2.0, abs=0.5)
    assert forecast.left(1, [Working("a", 10.0, 0.9)]) == pytest.approx(1.1, abs=0.6)
    # Of one that nobody tells of, a little is always left.
    assert forecast.left(1, [Working("a", 10.0)]) == pytest.approx(1.0)


def made(source: str, seconds: float, **more: object) -> Converted:
    return Converted(source, f"{source}.mms", 1_000, 300_000, seconds, message_bytes=400, **more)  # type: ignore[arg-type]


def test_what_a_meter_counts() -> None:
    """Bytes of what was made, failures, files kept, and files in work."""
    now = 0.0
    meter = Meter(4, 2, 3, 1, clock=lambda: now)
    for name in ("a", "b", "c"):
        meter.add(name, Expected("photo", 1.0))
    assert meter.now() == Standing(0, 4, 2, 3, None, 0.0)
    kept = meter.progress(made("d", 7.0, is_kept=True))
    assert (kept.done, kept.kept, kept.bytes_out, kept.seconds_left) == (1, 1, 0, None)
    meter.hear("a", None)
    now = 1.0
    assert meter.now().working == (Working("a", 1.0),)
    meter.hear("a", FitProgress("decode", 5.0, 10.0))
    (working,) = meter.now().working
    assert 0 < (working.fraction or 0) < 0.15
    meter.hear("a", FitProgress("encode", 5.0, 10.0))
    assert 0.15 < (meter.now().working[0].fraction or 0) < 0.3
    now = 2.0
    one = made("a", 2.0)
    meter.finish("a", [one])
    told = meter.progress(one)
    assert isinstance(told, Progress)
    assert (told.latest, told.done, told.bytes_in, told.bytes_out, told.working) == (one, 2, 1_000, 400, ())
    assert told.fraction == pytest.approx(1 / 3)
    assert 2 < (told.seconds_left or 0) < 4
    failed = made("b", 0.1, error="b: no picture", error_type="SourceError")
    meter.finish("b", [failed])
    assert meter.progress(failed).failures == 1
    # What comes late of a file that is done changes nothing.
    meter.hear("b", FitProgress("decode", 1.0, 2.0))
    meter.hear("b", None)
    assert meter.now().working == ()
    meter.finish("c", [made("c", 1.0)])
    assert meter.progress(made("c", 1.0)).seconds_left == 0.0


def matroska(duration: float = 0.0, width: bytes = b"") -> bytes:
    """The head of a Matroska file whose track is as high as wide."""

    def element(number: str, body: bytes) -> bytes:
        return (
            bytes.fromhex(number) + bytes([0x80 | len(body)]) + body
            if len(body) < 127
            else (bytes.fromhex(number) + struct.pack(">H", 0x4000 | len(body)) + body)
        )

    info = element("1549a966", element("4489", struct.pack(">d", duration)))
    track = element("ae", element("e0", element("b0", width) + element("ba", width)))
    return element("1a45dfa3", b"") + element("18538067", info + element("1654ae6b", track))


def test_what_headers_tell(tmp_path: Path) -> None:
    """Length and pixels of a clip are read of its header; of what is none, nothing."""
    avi = struct.pack("<4sI4s4sI4s4sII12xI12xII", b"RIFF", 0, b"AVI ", b"LIST", 0, b"hdrl", b"avih", 56, *AVI)
    for name, content in (
        ("a.mp4", bytes(clips.clip(seconds=2, rate=25).data)),
        ("a.mkv", bytes(clips.clip(seconds=2, rate=25, form="matroska").data)),
        ("a.avi", avi),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        load = load_of(path)
        assert load.kind == "clip"
        assert load.extent.seconds == pytest.approx(2.0, abs=0.1)
        assert load.extent.pixels == 96 * 64
    for content in (
        b"",
        b"\0" * 40,
        b"\0\0\0\x18ftypmp42" + b"\xff" * 60,
        b"\x1a\x45\xdf\xa3" + b"\xff" * 99,
        # A box that is said to be longer than any file.
        b"\0\0\0\1ftyp" + struct.pack(">q", 2**63 - 1) + bytes(40),
        b"\0\0\0\1ftyp" + struct.pack(">q", 2**62) + bytes(40),
        matroska(duration=math.inf),
        matroska(duration=math.nan),
        matroska(duration=-1.0),
        matroska(width=b"\x7f" * 120),
    ):
        path = tmp_path / "b.mp4"
        path.write_bytes(content)
        assert load_of(path) == Load("clip", len(content))
        assert math.isfinite(expected(load_of(path), 300_000).cost)
    assert load_of(tmp_path / "none.mp4") == Load("clip", 0)
    assert expected(load_of(tmp_path / "none.mp4"), 300_000).cost > 0


def test_a_batch_tells_where_it_stands(tmp_path: Path) -> None:
    """A clip tells how far it is while it is in work, and the end is the end."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.jpg").write_bytes(save(photo(300, 200)))
    (root / "b.mp4").write_bytes(bytes(clips.clip(clips.moving(640, 480), seconds=10, codec="mpeg4").data))
    (root / "c.xmp").write_text("<x/>")
    stood: list[Standing] = []
    heard: list[Progress] = []
    convert_directory(root, tmp_path / "out", PROFILE, jobs=1, progress=heard.append, standing=stood.append)
    assert [one.done for one in heard] == [1, 2]
    assert {one.passed_over for one in heard} == {1}
    last = heard[-1]
    assert (last.seconds_left, last.failures, last.working, last.fraction) == (0.0, 0, (), 1.0)
    assert last.bytes_in == sum((root / name).stat().st_size for name in ("a.jpg", "b.mp4"))
    assert last.bytes_out == sum(
        (tmp_path / "out" / f"{name}.mms").stat().st_size for name in ("a.jpg", "b.mp4")
    )
    fractions = [
        one.fraction for standing in stood for one in standing.working if one.source.endswith("b.mp4")
    ]
    assert any(one is not None and 0 < one < 1 for one in fractions)
    assert [one.latest for one in iter_directory(root, tmp_path / "again", PROFILE, jobs=1)]
    with pytest.raises(LimitsError, match="standing must be a function"):
        convert_directory(root, tmp_path / "other", PROFILE, standing=3)  # type: ignore[arg-type]
    assert transcode.Standing is Standing
