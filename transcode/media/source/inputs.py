"""What the user gave, as a name and bytes; of a long clip or recording, as a file."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcode.door import Door
from transcode.errors import CapError, SourceError
from transcode.media.source import probe
from transcode.media.source.decode_limits import DECODE_LIMITS, DecodeLimits

if TYPE_CHECKING:
    from typing import IO

    from transcode.model import Source

__all__ = ["MAX_SOURCE_BYTES", "MAX_STREAM_BYTES", "NO_NAME", "Input", "read"]

#: What a source is called that is bytes.
NO_NAME = "<bytes>"

#: Sources over this size are refused before they are read. The largest camera
#: files that people send (50 MP at the best quality) have some 40 MB.
MAX_SOURCE_BYTES = 256 * 1024 * 1024

#: A clip or a recording that is a file is read as it is worked on, of which forty seconds are decoded: it
#: may be as large as an hour of 4K at 35 Mbit/s.
MAX_STREAM_BYTES = 16 * 1024**3

#: Larger ones are not held in memory, but for so much of their beginning.
_HELD = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Input:
    """A source that was read.

    Attributes:
        name: for messages.
        data: its bytes; of a long clip or recording only the first of them.
        path: the file that has the others; None where data is all.
        rest: how many bytes are not in data: those, or of a damaged file what can't be used.
        limits: what decoding it may cost.
        entries: what its container says of its tracks, once that was read.
    """

    name: str
    data: bytes | memoryview = field(repr=False)
    path: Path | None = None
    rest: int = 0
    limits: DecodeLimits = field(default=DECODE_LIMITS, repr=False, compare=False)
    entries: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)
    _told: list[str | None] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def content_type(self) -> str | None:
        """Its content type by its first bytes, told once; None where they tell nothing."""
        if not self._told:
            self._told.append(probe.content_type(self.data))
        return self._told[0]

    @property
    def is_stream(self) -> bool:
        """Whether it is one that FFmpeg reads: a clip or a recording by its first bytes."""
        return probe.is_stream(self.content_type)

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.data) + self.rest

    def open(self) -> IO[bytes]:
        """All of it as a file, to be closed.

        Raises:
            SourceError: the file is gone.
        """
        if self.path is None:
            # Bytes are shared with it, not copied.
            return io.BytesIO(self.data)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise SourceError(self.name, (error.strerror or str(error)).lower()) from error


def read(source: Source, *, max_bytes: int = MAX_SOURCE_BYTES) -> Input:
    """Read a source whole, or find that it is a long clip or recording in a file.

    Args:
        source: a path, the bytes, or a file object opened in binary mode, which
            is read from where it stands and stays open.
        max_bytes: the largest size that is read, in bytes; a clip or a recording in a file
            may have MAX_STREAM_BYTES.

    Raises:
        SourceError: it can't be opened or read, or is empty.
        CapError: it is larger than max_bytes.
    """
    # Paths, buffers and file objects are the caller's: they may raise what they like.
    with Door("source", str(source) if isinstance(source, str | Path) else f"<{type(source).__name__}>"):
        return _read(source, max_bytes)


def _read(source: Source, max_bytes: int) -> Input:
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = NO_NAME, _as_octets(source)
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        name, data, size = _read_path(path, max_bytes)
        if size > len(data):
            return Input(name, data, path, size - len(data))
    else:
        name, data = _read_file(source, max_bytes)
    if len(data) > max_bytes:
        raise CapError(name, f"more than {max_bytes:,} bytes; larger sources are refused")
    if not data:
        raise SourceError(name, "empty: 0 bytes")
    return Input(name, data)


def _as_octets(source: bytes | bytearray | memoryview) -> bytes | memoryview:
    if isinstance(source, bytes):
        return source
    # A copy, so that the caller may go on writing into a buffer of his own.
    return bytes(source)


def _read_path(path: Path, max_bytes: int) -> tuple[str, bytes, int]:
    """Its name, what is to be held of it, and its size."""
    name = str(path)
    try:
        status = path.stat()
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(name, "a directory, not a file")
        # A FIFO or a device has no end that could be trusted.
        if not stat.S_ISREG(mode):
            raise SourceError(name, "not a regular file")
        with path.open("rb") as file:
            head = file.read(min(_HELD, max_bytes + 1))
            if _HELD < status.st_size <= MAX_STREAM_BYTES and probe.is_stream(probe.content_type(head)):
                return name, head, status.st_size
            data = head + file.read(max_bytes + 1 - len(head))
            return name, data, len(data)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(name, (error.strerror or str(error)).lower()) from error
    except ValueError as error:
        # A NUL in the path.
        raise SourceError(name, str(error)) from error


def _read_file(file: object, max_bytes: int) -> tuple[str, bytes]:
    name = str(getattr(file, "name", "<file>"))
    reader = getattr(file, "read", None)
    if not callable(reader):
        raise SourceError(name, f"neither a path, bytes nor a binary file object, but {type(file).__name__}")
    if isinstance(file, io.TextIOBase):
        raise SourceError(name, "opened in text mode; open it in binary mode")
    pieces: list[bytes] = []
    left = max_bytes + 1
    # A pipe gives what it has: only nothing is the end.
    while left > 0:
        try:
            piece = reader(left)
        except Exception as error:
            # A file object is the caller's: it may raise what it likes.
            raise SourceError(name, f"can't be read: {error}") from error
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise SourceError(name, f"gives {type(piece).__name__} where bytes are due")
        if not piece:
            break
        pieces.append(bytes(piece))
        left -= len(piece)
    return name, pieces[0] if len(pieces) == 1 else b"".join(pieces)
