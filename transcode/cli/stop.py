"""Signals that stop the command, within five seconds and with an exit code for each signal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Sent by Ctrl-C, by a service manager, and by a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds after which the process ends, though a decoder does not return or nobody reads a pipe. Its
#: children end with it.
_PATIENCE = 4.0


class Stop:
    """The request to stop the command.

    Attributes:
        number: of the signal that came; None before one came.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def is_set(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    @property
    def name(self) -> str:
        """The name of the signal."""
        return signal.Signals(self.number or 0).name

    @property
    def code(self) -> int:
        """The exit code: 128 and the number of the signal."""
        return 128 + (self.number or 0)


def leave_on_signals() -> None:
    """Let signals raise SystemExit at any place of the command: half-written files are removed."""
    _handle(_leave)


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Let the first signal only note the request to stop; a second signal ends the command at once."""
    stop = Stop()

    def tell(number: int, frame: Any) -> None:
        if stop.is_set():
            _leave(number, frame)
        stop.number = number
        _end_later(number)

    before = _handle(tell)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(handler: Callable[[int, Any], None]) -> dict[signal.Signals, Any]:
    """Set a handler for the signals, but not for ignored ones, as under nohup or in a shell's background."""
    found = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: old for number, old in found.items() if old is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    return before


def _leave(number: int, _: Any) -> None:
    _end_later(number)
    raise SystemExit(128 + number)


def _end_later(number: int) -> None:
    timer = threading.Timer(_PATIENCE, os._exit, (128 + number,))
    timer.daemon = True
    timer.start()
