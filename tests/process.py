"""A process of a test, which does not outlive a test that fails."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["started"]


@contextlib.contextmanager
def started(command: Sequence[str | Path], **words: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a program beside the block, and wait for its end; where the block raises, kill it first.

    Args:
        command: the program and its arguments.
        words: as for ``subprocess.Popen``.
    """
    with subprocess.Popen(command, **words) as made:
        try:
            yield made
        except BaseException:
            made.kill()
            raise
