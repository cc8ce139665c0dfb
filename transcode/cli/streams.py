"""Stdout and stderr that may be full, closed or read by nobody: every command ends as it is documented."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

__all__ = ["flushed", "guard"]


def guard() -> None:
    """Let this process end where stdout can't be written: with a line on stderr and the exit code 1.

    Where nobody reads on, as behind ``| head``, it ends without a word and with the shell's exit code for
    SIGPIPE. What stderr does not take is lost, as there is no other place for it.
    """
    # A number that is free would go to the next file that is opened, such as an output.
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        # Writing fails, as it should.
        sys.stdout = _text(os.open(os.devnull, os.O_RDONLY))
    if sys.stderr is None:
        sys.stderr = _text(os.open(os.devnull, os.O_WRONLY))
    sys.stdout = _guarded(sys.stdout, _end)
    sys.stderr = _guarded(sys.stderr, lambda _: None)


@contextlib.contextmanager
def flushed() -> Iterator[None]:
    """Write at the end what stdout has kept: a failure while Python ends would have no words of its own."""
    try:
        yield
    finally:
        sys.stdout.flush()


def _text(number: int) -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w")), encoding="utf-8")


def _guarded(stream: TextIO, failed: Callable[[OSError], None]) -> TextIO:
    """The stream with octets that go through a _Guarded; unchanged where it is no file of this process."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(raw, io.FileIO):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Guarded(stream, raw, failed)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Guarded(io.RawIOBase):
    """A file whose first failure to write is told; what is written after it goes nowhere."""

    def __init__(self, stream: TextIO, raw: io.FileIO, failed: Callable[[OSError], None]) -> None:
        # A stream that nobody holds closes its file.
        self._stream = stream
        self._raw = raw
        self._failed = failed

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, octets: Buffer) -> int | None:
        try:
            return self._raw.write(octets)
        except BlockingIOError:
            raise
        except OSError as error:
            # Python writes what it has kept once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._raw.fileno())
            self._failed(error)
            return memoryview(octets).nbytes


def _end(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):
        raise SystemExit(128 + signal.SIGPIPE)
    sys.stderr.write(f"transcode: stdout: {error.strerror}\n")
    raise SystemExit(1)
