"""Seconds of decoding are counted for each source."""

from __future__ import annotations

import itertools
import time
from contextlib import AbstractContextManager
from unittest import mock

import pytest

from tests.made.pictures import save
from tests.made.stills import SMOOTH, opened
from transcode.errors import CapError
from transcode.media.pictures import decode_limits


def test_time_is_for_all_of_one_source() -> None:
    """Once the seconds of a source are over, nothing more is decoded."""
    for kind in ("JPEG", "PNG"):
        still = opened(save(SMOOTH, kind))
        with elapsing("monotonic"), elapsing("process_time"), pytest.raises(CapError, match="seconds"):
            still.reduce(48, 36)


def elapsing(clock: str) -> AbstractContextManager[object]:
    """A clock that jumps by more than a source may take."""
    return mock.patch.object(time, clock, side_effect=itertools.count(step=decode_limits.MAX_SECONDS + 1))


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
        late = time.monotonic() + decode_limits.MAX_SECONDS + 1
        with mock.patch.object(time, "monotonic", return_value=late):
            assert still.reduce(48, 36).planes[0].shape == (36, 48)
