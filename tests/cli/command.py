"""The command ``transcode``, run in this process: a process of its own would load everything again."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from transcode.cli import main
from transcode.cli.app import program


def _commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The names of all commands below a group."""
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        below = (*path, name)
        found += _commands(command, below) if hasattr(command, "commands") else [below]
    return found


#: The words of each command.
COMMANDS = _commands(program())


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Done:
    """Run the command with these arguments to its end."""
    out, err = io.StringIO(), io.StringIO()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    try:
        with (
            mock.patch.object(sys, "argv", ["transcode", *map(str, arguments)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())
