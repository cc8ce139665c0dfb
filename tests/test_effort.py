"""The end of what takes too long, which other tests rely on."""

from __future__ import annotations

import signal

import pytest

from tests.effort import bounded


def endless() -> None:
    while True:
        pass


def test_work_without_end_is_ended() -> None:
    """By processor time; the signal's handler is what it was before."""
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(AssertionError, match="not done within 1 seconds"), bounded(1):
        endless()
    assert signal.getsignal(signal.SIGVTALRM) is before
