"""The seeds of the doors: a target that ends at its own seed finds nothing else."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import relay_doors
from tests.fuzz.relay_doors import TARGETS, seeds


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """A centre of each test alone; after it the process is as it was."""
    logs = [logging.getLogger(name) for name in ("transcode", "uvicorn", "asyncio", "mail.log")]
    before = [log.propagate for log in logs]
    yield
    while relay_doors._worlds:
        relay_doors._worlds.pop()[1].close()
    for log, propagate in zip(logs, before, strict=True):
        log.removeHandler(relay_doors._findings)
        log.propagate = propagate
    relay_doors._loop().close()
    relay_doors._loop.cache_clear()
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("target", TARGETS)
def test_no_seed_is_a_finding(target: str) -> None:
    for seed in seeds(target):
        TARGETS[target](seed)


def test_a_seed_is_accepted() -> None:
    """What is turned away at once leads to nothing behind."""
    world = relay_doors._world()
    before = len(world.store.deliveries())
    for target in ("relay-mm1", "relay-mm4", "relay-mm7"):
        TARGETS[target](seeds(target)[0])
        after = len(world.store.deliveries())
        assert after > before, target
        before = after


def test_make_knows_all_targets() -> None:
    words = re.search(
        r"^FUZZ_TARGETS \?= (.*)$", (Path(__file__).parents[2] / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert words is not None
    assert {word for word in words[1].split() if word.startswith("relay-")} == set(TARGETS)
