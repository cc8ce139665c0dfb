"""The fixture ``measure`` of all sections, and the hooks that add data to the stored results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import size
from bench.engines import OURS, Engine, is_ours
from bench.machine import described, package
from bench.timing import TURNS, clock
from transcode.jobs.processors import ThreadLimit

Made = TypeVar("Made")

#: Engines that were skipped, with the reason, by section.
_PASSED_OVER = pytest.StashKey[dict[str, dict[str, str]]]()
#: Tests and engines that already had a warm-up round.
_WARMED: set[tuple[str, str]] = set()


class Measure:
    """The measurement of one engine at one task.

    A call measures the processor time of a function and returns the function's result. A rival that fails
    is skipped. An error of our engine is raised.
    """

    def __init__(
        self,
        benchmark: BenchmarkFixture,
        key: tuple[str, str],
        pass_over: Callable[[str], Any],
        *,
        warms: bool,
    ) -> None:
        self._benchmark, self._key, self._pass_over, self._warms = benchmark, key, pass_over, warms

    def __call__(self, work: Callable[[], Made], *, rounds: int = 1, iterations: int = 1) -> Made:
        """Measure a function.

        Args:
            work: the function to measure.
            rounds: the number of rounds of a full run.
            iterations: calls per round; the row has the time of one call.
        """
        clocks: list[float] = []

        def clocked() -> Made:
            start = time.perf_counter()
            made = work()
            clocks.append((time.perf_counter() - start) * 1e3)
            return made

        # The warm-up round excludes imports on the first call from the measurement.
        warms = self._warms and self._key not in _WARMED and size.SIZE != "smoke"
        _WARMED.add(self._key)
        try:
            made: Made = self._benchmark.pedantic(
                clocked if iterations == 1 else work,
                rounds=size.rounds(rounds),
                iterations=size.pick(iterations, iterations, 1),
                warmup_rounds=int(warms),
            )
        except Exception as error:
            if is_ours(self._key[1]):
                raise
            self._pass_over(f"{type(error).__name__}: {error}")
            raise
        if clocks:
            self.tell(clock_ms=statistics.median(clocks[-size.rounds(rounds) :]))
        return made

    def tell(self, **figures: Any) -> None:
        """Store figures besides the time: bytes, points of quality, share of the limit."""
        self._benchmark.extra_info.update(figures)


def _given(item: Any) -> dict[str, str]:
    """The parameters of a test; all values are strings."""
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.fixture
def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Iterator[Measure]:
    """The Measure of a test. Its group is the section and all parameters except the engine.

    Where the section has ``ONE_THREAD``, this engine has one thread, as its rivals have.
    """
    section = request.module.__name__.rpartition("bench_")[2]
    given = dict(_given(request.node))
    name = given.pop("engine", OURS)
    test = request.node.function.__name__.removeprefix("test_")
    benchmark.group = ": ".join(
        filter(None, (section, test if test != section else "", ", ".join(given.values())))
    )

    def pass_over(reason: str) -> None:
        request.config.stash[_PASSED_OVER].setdefault(section, {})[name] = reason
        # Without it pytest-benchmark warns about a fixture that was not used.
        benchmark.skipped = True
        pytest.skip(f"{name}: {reason}")

    engines: dict[str, Engine] = getattr(request.module, "ENGINES", {})
    engine = engines.get(name, Engine(Measure))
    if reason := engine.missing():
        pass_over(reason)
    if TURNS is not None:
        TURNS.begin(request.node.nodeid)
    warms = not engine.programs and not getattr(request.module, "IN_PROCESSES", False)
    with ThreadLimit(1) if getattr(request.module, "ONE_THREAD", False) else nullcontext():
        yield Measure(benchmark, (f"{section} {test}", name), pass_over, warms=warms)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PASSED_OVER] = {}
    config.addinivalue_line("filterwarnings", "default::pytest_benchmark.logger.PytestBenchmarkWarning")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set processor time as the timer, allow warnings, and deselect rivals in a comparison of revisions."""
    ours = [item for item in items if "measure" in getattr(item, "fixturenames", ())]
    for item in ours:
        item.add_marker(pytest.mark.benchmark(timer=clock))
        item.add_marker(pytest.mark.filterwarnings("default"))
    if TURNS is not None:
        rivals = [item for item in ours if not is_ours(_given(item).get("engine", OURS))]
        config.hook.pytest_deselected(items=rivals)
        items[:] = [item for item in items if item not in rivals]
        TURNS.tell([item.nodeid for item in items])


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    machine_info["measured_on"] = described()
    machine_info["package"] = package()


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    output_json["size"] = size.SIZE
    output_json["passed_over"] = config.stash[_PASSED_OVER]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    passed_over = config.stash[_PASSED_OVER]
    if passed_over:
        terminalreporter.section("skipped rivals")
    for section, engines in passed_over.items():
        for name, reason in engines.items():
            terminalreporter.line(f"{section}: {name}: {reason}")
