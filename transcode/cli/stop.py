"""Signals that ask the command to stop: it does, within five seconds, and says with which code."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The terminal's interrupt, whoever ends a service, and a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds after which the process ends whatever it is at: a decoder that does not come back, or a pipe
#: that nobody reads. Its children end with it.
_PATIENCE = 4.0


class Stop:
    """Whether the command was asked to stop.

    Attributes:
        number: of the signal that asked; None as long as none has.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def is_set(self) -> bool:
        """Whether it was."""
        return self.number is not None

    @property
    def name(self) -> str:
        """The name of the signal."""
        return signal.Signals(self.number or 0).name

    @property
    def code(self) -> int:
        """What the command says to the shell then."""
        return 128 + (self.number or 0)


def leave_on_signals() -> None:
    """End the command as an exception does, from wherever it is: what is half written is removed."""
    _handle(_leave)


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Only tell that the command was asked to stop, the first time; whoever asks again is left at once."""
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
    """Handle the signals, but those that are to be ignored: by nohup, or in a shell's background."""
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
