"""The seconds of each stage of the work on a medium: decoding, fitting, encoding.

They are counted where somebody asked for them, as an engine does. Elsewhere a stage costs a look into a
context variable. A stage within another one stops the clock of the outer one.
"""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import TracebackType

__all__ = ["Stopwatch", "is_counted", "staged"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Stopwatch:
    """A context manager: what is done within is counted.

    Attributes:
        spent: seconds by the clock of each stage, in the order in which the stages began.
    """

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._stages: list[str] = []
        self._since = 0.0
        self._before: list[Token[Stopwatch | None]] = []
        self._thread = 0

    @property
    def is_here(self) -> bool:
        """Whether this thread is the one that is counted."""
        return self._thread == threading.get_ident()

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._before.append(_CURRENT.set(self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._before.pop())

    def begin(self, stage: str) -> None:
        """Count for a stage from now on."""
        self._stop()
        self._stages.append(stage)
        self.spent.setdefault(stage, 0.0)

    def end(self) -> None:
        """Count for the outer stage again."""
        self._stop()
        self._stages.pop()

    def _stop(self) -> None:
        now = time.perf_counter()
        if self._stages:
            self.spent[self._stages[-1]] += now - self._since
        self._since = now


#: Who counts the current call. Threads of the call count nothing: they work within its stages. In a Python
#: without a global lock they begin with the variables of their caller.
_CURRENT: ContextVar[Stopwatch | None] = ContextVar("transcode_stages", default=None)


def is_counted() -> bool:
    """Whether somebody counts the current call."""
    return _current() is not None


def _current() -> Stopwatch | None:
    watch = _CURRENT.get()
    return watch if watch is not None and watch.is_here else None


def staged(stage: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Count the calls of a function as a stage."""

    def counted(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @wraps(function)
        def called(*args: _P.args, **named: _P.kwargs) -> _T:
            watch = _current()
            if watch is None:
                return function(*args, **named)
            watch.begin(stage)
            try:
                return function(*args, **named)
            finally:
                watch.end()

        return called

    return counted
