"""Reads a source: into memory, or as an open file for a long clip or recording."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcode.door import Door
from transcode.errors import CapError, SourceError
from transcode.media.source import probe
from transcode.media.source.decode_limits import DECODE_LIMITS, DecodeLimits
from transcode.media.source.file_objects import read_file

if TYPE_CHECKING:
    from typing import IO

    from transcode.model import Source

__all__ = ["MAX_SOURCE_BYTES", "MAX_STREAM_BYTES", "NO_NAME", "Input", "read"]

#: The name of a source that is given as bytes.
NO_NAME = "<bytes>"

#: The largest source that is read into memory, in bytes. The largest photos that people send (50 megapixels,
#: highest quality) have about 40 MB.
MAX_SOURCE_BYTES = 256 * 1024 * 1024

#: The largest clip or recording in a file, in bytes: an hour of 4K at 35 Mbit/s. Such a file is read while it
#: is decoded, and at most forty seconds are decoded.
MAX_STREAM_BYTES = 16 * 1024**3

#: Bytes of a clip or recording that are held in memory. Of a longer file, these are the first bytes.
_HELD = 16 * 1024 * 1024


@dataclass(frozen=True)
class Input:
    """A source: its name, its bytes or its file, and its decode limits.

    Attributes:
        name: the name of the source in error texts.
        data: the bytes of the source; only the first bytes of a long clip or recording.
        path: the file of a long clip or recording; None if data has all bytes.
        rest: the number of bytes that are not in data: the rest of the file, or the unusable bytes of a
            damaged file.
        limits: the limits of decoding the source.
        entries: a cache of codes.entries.
    """

    name: str
    data: bytes | memoryview = field(repr=False)
    path: Path | None = None
    rest: int = 0
    limits: DecodeLimits = field(default=DECODE_LIMITS, repr=False, compare=False)
    entries: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    @cached_property
    def content_type(self) -> str | None:
        """The content type by the first bytes; None if the bytes match no known format."""
        return probe.content_type(self.data)

    @cached_property
    def is_stream(self) -> bool:
        """Whether FFmpeg reads the source: a clip or a recording, by the first bytes."""
        return probe.is_stream(self.content_type)

    @cached_property
    def size(self) -> int:
        """The size of the source in bytes."""
        return len(self.data) + self.rest

    def open(self) -> IO[bytes]:
        """Open the whole source as a binary file. The caller closes the file.

        Raises:
            SourceError: the file can't be opened any more.
        """
        if self.path is None:
            # BytesIO shares the bytes and does not copy them.
            return io.BytesIO(self.data)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise SourceError(self.name, (error.strerror or str(error)).lower()) from error


def read(source: Source, *, max_bytes: int = MAX_SOURCE_BYTES, is_medium: bool = True) -> Input:
    """Read a source; of a long clip or recording in a file, only the beginning.

    Args:
        source: a path, bytes, or a file object opened in binary mode, which stays open; see read_file.
        max_bytes: the largest accepted size in bytes. For a clip or recording in a file, it is
            MAX_STREAM_BYTES.
        is_medium: False for messages: a file object that is not at its end is read from where it stands.

    Raises:
        SourceError: the source can't be opened or read, or is empty.
        CapError: the source is larger than max_bytes.
    """
    # The caller's paths, buffers and file objects may raise any exception.
    with Door("source", str(source) if isinstance(source, str | Path) else f"<{type(source).__name__}>"):
        return _read(source, max_bytes, is_medium=is_medium)


def _read(source: Source, max_bytes: int, *, is_medium: bool) -> Input:
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = NO_NAME, _as_octets(source)
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        name, data, size = _read_path(path, max_bytes)
        if size > len(data):
            return Input(name, data, path, size - len(data))
    else:
        name, data = read_file(source, max_bytes, is_medium=is_medium)
    if len(data) > max_bytes:
        raise CapError(name, f"more than {max_bytes:,} bytes, the limit for sources")
    if not data:
        raise SourceError(name, "empty: 0 bytes")
    return Input(name, data)


def _as_octets(source: bytes | bytearray | memoryview) -> bytes | memoryview:
    if isinstance(source, bytes):
        return source
    # A copy: the caller may write into the buffer later.
    return bytes(source)


def _read_path(path: Path, max_bytes: int) -> tuple[str, bytes, int]:
    """Return the name of a file, the bytes to hold in memory, and the size of the file in bytes."""
    name = str(path)
    try:
        status = path.stat()
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(name, "a directory, not a file")
        # A FIFO or a device may have no end.
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
        # The path has a NUL.
        raise SourceError(name, str(error)) from error
