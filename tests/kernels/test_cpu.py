"""Levels of instruction sets: asked of the processor, lowered by hand or by environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcode.kernels import cpu

ASK = "from transcode.kernels import cpu; print(cpu.level(), *cpu.levels())"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = cpu.level()
    yield
    cpu.use(before)


def ask(**environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter's answer; the module reads its environment once, when imported."""
    kept = {name: value for name, value in os.environ.items() if name != "TRANSCODE_CPU"}
    return subprocess.run(
        [sys.executable, "-c", ASK],
        env=kept | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_levels_ascend_from_portable() -> None:
    """Portable is there everywhere and comes first; nothing is named twice."""
    assert cpu.levels() in (("portable",), ("portable", "avx2"))


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="asks the kernel of Linux")
def test_avx2_is_there_when_the_system_says_so() -> None:
    """The list agrees with the flags that Linux shows."""
    assert ("avx2" in cpu.levels()) == ("avx2" in Path("/proc/cpuinfo").read_text().split())


@pytest.mark.parametrize("level", cpu.levels())
def test_use_sets_the_level(level: str) -> None:
    """Every level that is there can be used, down and up again."""
    cpu.use("portable")
    cpu.use(level)
    assert cpu.level() == level


@pytest.mark.parametrize("level", ["", "AVX2", "neon"])
def test_use_refuses_what_is_not_there(level: str) -> None:
    """An unknown level is an error that names the known ones, and changes nothing."""
    before = cpu.level()
    with pytest.raises(ValueError, match="portable"):
        cpu.use(level)
    assert cpu.level() == before


def test_the_highest_level_is_the_default() -> None:
    """Without the environment variable, the last level is in use."""
    level, *levels = ask().stdout.split()
    assert level == levels[-1] == cpu.levels()[-1]


def test_the_environment_lowers_the_level() -> None:
    """TRANSCODE_CPU=portable leaves the list as it is and uses its first entry."""
    level, *levels = ask(TRANSCODE_CPU="portable").stdout.split()
    assert level == "portable"
    assert tuple(levels) == cpu.levels()


def test_the_environment_may_ask_for_more_than_there_is() -> None:
    """A known level that this machine may lack is the highest that it has."""
    assert ask(TRANSCODE_CPU="avx2").stdout.split()[0] == cpu.levels()[-1]


def test_an_unknown_level_in_the_environment_is_an_error() -> None:
    """The import fails in words that name the variable, its value and what it may be."""
    answer = ask(TRANSCODE_CPU="sse9")
    assert answer.returncode != 0
    assert "ValueError: TRANSCODE_CPU='sse9' is no level; known are: portable, avx2" in answer.stderr
