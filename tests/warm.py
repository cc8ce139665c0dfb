"""Processes that begin with the package loaded: a fork of one that has loaded it takes no second to begin."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import IO

__all__ = ["begun"]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["transcode.cli.app", "transcode.cli.relay_commands", "transcode.relay.config", "transcode.relay.server"]
)


def begun(function: Callable[..., object], *arguments: object) -> tuple[BaseProcess, IO[str]]:
    """Call a function of a module in a process of its own; return the process and what it prints.

    Args:
        function: what the process does. It writes to the file descriptors 1 and 2, of which nobody reads 2.
        arguments: what it is given, pickled.
    """
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_call, args=(theirs, function, *arguments))
    process.start()
    theirs.close()
    told = os.fdopen(os.dup(ours.fileno()), encoding="utf-8")
    ours.close()
    return process, told


def _call(told: Connection, function: Callable[..., object], *arguments: object) -> None:
    os.dup2(told.fileno(), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    told.close()
    function(*arguments)
