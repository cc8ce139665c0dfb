"""What a callback raises ends the work wherever it stands, and nothing of it is left."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.media.clips import frames
from transcode.model import FitProgress, ProgressCallback

LIMITS = transcode.Limits(30_000)
PICTURES = [save(photo(96, 64, seed)) for seed in range(2)]


def clip(progress: ProgressCallback) -> None:
    transcode.fit(source(), LIMITS, start=0.2, progress=progress)


@cache
def source() -> bytes:
    """A clip, made once: x264 may write other bytes the next time, which take another number of encodings."""
    return bytes(clips.clip(seconds=3, sound=sine(3.0)).data)


def recording(progress: ProgressCallback) -> None:
    transcode.fit(bytes(container(sine(3.0)).data), LIMITS, max_seconds=2.5, progress=progress)


def show(progress: ProgressCallback) -> None:
    slides = [transcode.Slide(picture, duration=1.5) for picture in PICTURES]
    transcode.slideshow_clip(slides, transcode.find_profile("world"), max_bytes=30_000, progress=progress)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go; pictures, too, since there is no memory for them."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(frames.Frames.__init__, "__kwdefaults__", {"memory": 1})
    return folder


@pytest.mark.parametrize("work", [clip, recording, show])
def test_cancelled_anywhere(work: Callable[[ProgressCallback], None], scratch: Path) -> None:
    """Phases come in order and end at what was expected; each call may be the last."""
    seen: list[FitProgress] = []
    work(seen.append)
    phases = [entry.phase for entry in seen]
    assert phases == sorted(phases), "decode, then encode"
    assert all(0 < entry.done <= entry.total for entry in seen)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    for last in {0, phases.index("encode"), len(seen) - 1}:
        left = [*range(last)]

        def cancel(entry: FitProgress, left: list[int] = left) -> None:
            if not left:
                raise asyncio.CancelledError(entry.phase)
            left.pop()

        with pytest.raises(asyncio.CancelledError):
            work(cancel)
        assert not list(scratch.iterdir())
        assert len(list(Path("/proc/self/fd").iterdir())) == open_files
