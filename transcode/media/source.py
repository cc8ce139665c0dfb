"""What the user gave, as a name and bytes."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from transcode.errors import CapError, SourceError

if TYPE_CHECKING:
    from transcode.model import Source

__all__ = ["MAX_SOURCE_BYTES", "Content", "read"]

#: Sources over this size are refused before they are read. The largest camera
#: files that people send (50 MP at the best quality) have some 40 MB.
MAX_SOURCE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """A source that was read: its name for messages, and its bytes."""

    name: str
    data: bytes | memoryview = field(repr=False)


def read(source: Source, *, max_bytes: int = MAX_SOURCE_BYTES) -> Content:
    """Read a source whole.

    Args:
        source: a path, the bytes, or a file object opened in binary mode, which
            is read from where it stands and stays open.
        max_bytes: the largest size that is read, in bytes.

    Raises:
        SourceError: it can't be opened or read, or is empty.
        CapError: it is larger than max_bytes.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "<bytes>", _as_octets(source)
    elif isinstance(source, str | os.PathLike):
        name, data = _read_path(Path(source), max_bytes)
    else:
        name, data = _read_file(source, max_bytes)
    if len(data) > max_bytes:
        raise CapError(name, f"more than {max_bytes:,} bytes; larger sources are refused")
    if not data:
        raise SourceError(name, "empty: 0 bytes")
    return Content(name, data)


def _as_octets(source: bytes | bytearray | memoryview) -> bytes | memoryview:
    if isinstance(source, bytes):
        return source
    # A copy, so that the caller may go on writing into a buffer of his own.
    return bytes(source)


def _read_path(path: Path, max_bytes: int) -> tuple[str, bytes]:
    name = str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(name, "a directory, not a file")
        # A FIFO or a device has no end that could be trusted.
        if not stat.S_ISREG(mode):
            raise SourceError(name, "not a regular file")
        with path.open("rb") as file:
            return name, file.read(max_bytes + 1)
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
        except (OSError, ValueError) as error:
            raise SourceError(name, f"can't be read: {error}") from error
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise SourceError(name, f"gives {type(piece).__name__} where bytes are due")
        if not piece:
            break
        pieces.append(bytes(piece))
        left -= len(piece)
    return name, pieces[0] if len(pieces) == 1 else b"".join(pieces)
