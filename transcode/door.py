"""What stands at each public function: nothing leaves it untyped.

Decoders, NumPy, Pillow and Python itself raise what they like on a file that nobody has seen before. Known
faults are typed where they arise; a door wraps the others, names what was worked on, and keeps the fault
as ``__cause__``. Through it pass as they are:

- errors of this package,
- what the caller's own callback raised: it may be how the caller ends the work,
- what is no ``Exception``: KeyboardInterrupt, SystemExit, GeneratorExit, asyncio's CancelledError.

Arguments are checked before the door, and one of the wrong type is an error of this package that names it.
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

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, Self

__all__ = ["Door"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Errors of the system that say nothing about a source: no room for temporary files, too many open ones.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)

#: The longest words of somebody else's error that are repeated, in characters.
_MOST = 200


class _Carried(BaseException):
    """Takes the place of what a callback raised on its way to the door: who tries another way when something
    fails, as the search for a bit rate does, must not take that for a failure.
    """


class Door:
    """A context manager out of which only typed errors come.

    Args:
        kind: what an unknown fault is of: a source, a message that is written, octets that are read.
        name: what is worked on: a source, ``"message"``. Octets have none.
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
            # The frames that the error came through would keep open what they hold.
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
        """A callback of the caller's, to be handed inside: what it raises passes the door.

        Raises:
            LimitsError: the argument of this name is no function.
        """
        if callback is None:
            return None
        if not callable(callback):
            raise LimitsError(f"{name} must be a function, not {callback!r}")

        def called(*values: _P.args, **named: _P.kwargs) -> _T:
            try:
                return callback(*values, **named)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is the caller's)
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
    """An unknown fault in one line."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    said = " ".join(str(error).split())[:_MOST]
    return f"given up at an unexpected {type(error).__name__}{': ' if said else ''}{said}"
