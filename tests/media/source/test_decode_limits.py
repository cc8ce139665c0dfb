"""Seconds of decoding are counted for each source."""

from __future__ import annotations

import contextlib
import itertools
import time
from contextlib import AbstractContextManager
from unittest import mock

import pytest
from PIL import Image

from tests.made import clips
from tests.made.pictures import save
from tests.made.stills import SMOOTH, opened
from transcode.errors import CapError
from transcode.fit.medium import fit_content
from transcode.media.source.decode_limits import DECODE_LIMITS, Deadline, DecodeLimits, check_work
from transcode.media.source.inputs import Input
from transcode.model import Limits


def moving() -> bytes:
    """An animation of three frames."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    return save(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def test_time_is_for_all_of_one_source() -> None:
    """Once the seconds of a source are over, nothing more is decoded."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        with elapsing("monotonic"), elapsing("process_time"):
            with contextlib.suppress(CapError):
                # A decoder that does not ask meanwhile is over its time at its end.
                still.reduce(48, 36)
            with pytest.raises(CapError, match="seconds"):
                still.reduce(24, 18)


def elapsing(clock: str) -> AbstractContextManager[object]:
    """A clock that jumps by more than a source may take."""
    return mock.patch.object(time, clock, side_effect=itertools.count(step=DECODE_LIMITS.picture_seconds + 1))


@pytest.mark.parametrize("clock", ["monotonic", "process_time"])
def test_waiting_and_other_threads_do_not_count(clock: str) -> None:
    """A busy machine, by the clock alone, or other threads, by the process's time alone, cost no picture."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        with elapsing(clock):
            assert still.reduce(48, 36).planes[0].shape == (36, 48)


def test_time_between_decodes_does_not_count() -> None:
    """A source that waits for its turn may wait for as long as it takes."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        late = time.monotonic() + DECODE_LIMITS.picture_seconds + 1
        with mock.patch.object(time, "monotonic", return_value=late):
            assert still.reduce(48, 36).planes[0].shape == (36, 48)


@pytest.mark.parametrize(
    ("limits", "source", "reason"),
    [
        (DecodeLimits(memory=1000), save(SMOOTH, "PNG"), "would take"),
        (DecodeLimits(frames=2), moving(), "more than 2 frames"),
        (DecodeLimits(frame_pixels=100), moving(), "at most 100 pixels are decoded"),
        (DecodeLimits(frame_memory=100), moving(), "take too much memory"),
        (DecodeLimits(animation_seconds=0.0), moving(), "more than 0 seconds"),
        (DecodeLimits(clip_pixels=100), clips.clip().data, "at most 100 pixels are decoded"),
        (DecodeLimits(packets=2), clips.clip().data, "more than 2 packets"),
        (DecodeLimits(clip_seconds=0.0), clips.clip().data, "more than 0 seconds"),
    ],
    ids=["memory", "frames", "frame pixels", "frame memory", "animation", "clip pixels", "packets", "clip"],
)
def test_each_decoder_keeps_to_the_limits_of_its_source(
    limits: DecodeLimits, source: bytes | memoryview, reason: str
) -> None:
    with pytest.raises(CapError, match=f"it: .*{reason}"):
        fit_content(Input("it", source, limits=limits), Limits(max_bytes=20_000))


def test_the_whole_work_is_limited_besides_each_source() -> None:
    """A decoder has the less of both, and encoders ask for the work alone."""
    check_work()
    source, work = Deadline("source", 50.0), Deadline("work", 20.0, words="adapting takes more than")
    assert source.left() == 50.0
    with work.whole_work():
        assert 0 < source.left() <= 20.0
        check_work()
        with Deadline("inner", 5.0).whole_work():
            assert source.left() <= 5.0
        work.name = "part"
        work._left = 0.0
        for ask in (check_work, source.left):
            with pytest.raises(CapError, match="part: adapting takes more than 20 seconds"):
                ask()
    check_work()
    assert source.left() == 50.0
