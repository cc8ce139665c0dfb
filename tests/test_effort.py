"""Tests of the limit of processor time on which other tests rely."""

from __future__ import annotations

import signal

import pytest

from tests.effort import bounded


def endless() -> None:
    while True:
        pass


def test_work_without_end_is_ended() -> None:
    """Endless work fails by its processor time, and the signal's handler is restored."""
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(AssertionError, match="not done within 1 seconds"), bounded(1):
        endless()
    assert signal.getsignal(signal.SIGVTALRM) is before
