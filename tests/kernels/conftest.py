"""What tests of kernels share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from transcode.kernels import cpu


@pytest.fixture(params=cpu.levels())
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine in turn."""
    before = cpu.level()
    cpu.use(request.param)
    yield request.param
    cpu.use(before)
