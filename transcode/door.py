"""The door of each public function: only typed errors leave it.

Decoders, NumPy, Pillow and Python itself may raise anything on a file of a new kind. Known faults are typed
where they arise. A door wraps the others: it names the source, and keeps the fault as ``__cause__``. Errors
that pass the door unchanged:

- errors of the package,
- errors of the caller's own callback: the caller may end the work by one,
- what is no ``Exception``: KeyboardInterrupt, SystemExit, GeneratorExit, asyncio's CancelledError.

Arguments are checked before the door. A wrong type is an error of the package that names the argument.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from transcode.errors import (
    CapError,
    LimitsError,
    MessageError,
    OutputError,
    PduError,
    SourceError,
    TranscodeError,
)
from transcode.jobs.job_limits import memory_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, Self

__all__ = ["Door"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Errors of the system that say nothing about a source: no room for temporary files, too many open ones.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)

#: The most characters of a foreign error's text that are repeated.
_MOST = 200


class _Carried(BaseException):
    """Carries a callback's error to the door. Code that tries another way after a failure, such as the
    search for a bit rate, must not take the caller's error for a failure.
    """


class Door:
    """A context manager that lets only typed errors out.

    Args:
        kind: what is in work: a source, a message that is written, or octets that are read.
        name: the name of the source, or ``"message"``. Octets have no name.
    """

    __slots__ = ("_kind", "_name", "_own")

    def __init__(self, kind: Literal["source", "message", "octets"], name: str) -> None:
        self._kind = kind
        self._name = name
        self._own: list[Exception] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _Carried) and self._own:
            own = self._own.pop()
            # The frames of the traceback would keep files and buffers open.
            error.with_traceback(None)
            try:
                raise own from own.__cause__
            finally:
                del own
        if not isinstance(error, Exception):
            return
        if type(error) is TranscodeError and self._kind == "source":
            raise SourceError(self._name, str(error)) from error
        if not isinstance(error, TranscodeError):
            raise self._typed(error) from error

    def passing(self, callback: Callable[_P, _T] | None, name: str) -> Callable[_P, _T] | None:
        """Wrap a callback of the caller, so that its errors pass the door.

        Raises:
            LimitsError: the argument of the given name is no function.
        """
        if callback is None:
            return None
        if not callable(callback):
            raise LimitsError(f"{name} must be a function, not {callback!r}")

        def called(*values: _P.args, **named: _P.kwargs) -> _T:
            try:
                return callback(*values, **named)
            except Exception as error:  # noqa: BLE001  (any error here is the caller's)
                self._own.append(error)
                carried = _Carried()
            raise carried

        return called

    def _typed(self, error: Exception) -> TranscodeError:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            return OutputError(str(error.filename or "temporary files"), (error.strerror or "").lower())
        reason = _words(error)
        if self._kind == "octets":
            return PduError(reason, offset=0)
        if self._kind == "message":
            return MessageError(f"{self._name}: {reason}")
        return (CapError if isinstance(error, MemoryError) else SourceError)(self._name, reason)


def _words(error: Any) -> str:
    """The text of an unknown fault, in one line."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory for it{memory_words()}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    said = " ".join(str(error).split())[:_MOST]
    return f"given up at an unexpected {type(error).__name__}{': ' if said else ''}{said}"
