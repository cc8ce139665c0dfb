"""Stdout and stderr that may be full, closed or read by nobody: every command ends as it is documented."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from transcode.errors import LimitsError, SourceError
from transcode.media.source import inputs as media_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Buffer

    from transcode.model import Source

__all__ = ["STREAM", "flushed", "given_sources", "guard", "refuse_terminal", "standard_input", "write_octets"]

#: What stands for stdin as a source, and for stdout as an output.
STREAM = Path("-")


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


class _Held(io.BytesIO):
    """The octets of stdin, which may be read from their beginning again and again."""

    name = "<stdin>"

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self.seek(0)
        return piece


def standard_input() -> BinaryIO:
    """Stdin as a source.

    Raises:
        SourceError: stdin is closed, a terminal, or empty; or it can't be read.
        CapError: there are more octets than a source may have.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(_Held.name, "closed")
    if sys.stdin.isatty():
        raise SourceError(_Held.name, "a terminal; a medium comes through a pipe or from a file")
    return _Held(media_source.read(sys.stdin.buffer).data)


def given_sources(paths: Sequence[Path]) -> list[Source]:
    """Paths as sources; one may be stdin.

    Raises:
        LimitsError: stdin is there twice.
        SourceError, CapError: as standard_input.
    """
    if paths.count(STREAM) > 1:
        raise LimitsError("stdin (-) can be read once")
    return [standard_input() if path == STREAM else path for path in paths]


def refuse_terminal() -> None:
    """Refuse to write octets to a terminal.

    Raises:
        LimitsError: stdout is a terminal.
    """
    if sys.stdout.isatty():
        raise LimitsError("-o - writes octets, and stdout is a terminal; take a pipe, or a file")


def write_octets(octets: bytes) -> None:
    """Write octets to stdout, all of them. What is wrong with it is dealt with as of text."""
    sys.stdout.flush()
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()


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
