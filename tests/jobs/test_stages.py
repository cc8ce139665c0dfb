"""Seconds of stages: nested ones, and threads of a call."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor

from transcode.jobs.stages import Stopwatch, is_counted, staged


def test_a_stage_within_another_stops_its_clock() -> None:
    watch = Stopwatch()
    with watch:
        assert is_counted()
        assert staged("outer")(staged("inner")(str))(5) == "5"
    assert not is_counted()
    assert list(watch.spent) == ["outer", "inner"]
    staged("later")(str)(5)
    assert "later" not in watch.spent


def test_threads_of_a_call_count_nothing() -> None:
    """Also where they begin with the variables of their caller, as in a Python without a global lock."""
    watch = Stopwatch()
    with watch, ThreadPoolExecutor(1) as pool:
        context = contextvars.copy_context()
        assert pool.submit(context.run, staged("aside")(is_counted)).result() is False
    assert watch.spent == {}
