"""Reads file objects of callers: files, sockets, temporary files, and uploads of web frameworks."""

from __future__ import annotations

import io
import os
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from transcode.errors import SourceError
from transcode.media.source import probe

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_file"]

#: The name of a file object that has none.
_NO_NAME = "<file>"

#: The most bytes that a raw stream is asked for at once: RawIOBase clears a buffer of that size each time.
_PIECE = 1024 * 1024

#: Content types that two to five octets make likely, so that octets from the middle of a file may look so.
_WEAK = (None, "audio/aac", "audio/mpeg", "video/mp2t")


def read_file(file: object, max_bytes: int, *, is_medium: bool) -> tuple[str, bytes]:
    """Return the name of a file object and its bytes; of a longer one, the first max_bytes + 1.

    It is read from its current position. One that stands at its end is read from its start: it was written or
    read just now. So is one that stands where no known format begins, if one begins at its start.

    Args:
        file: a file object opened in binary mode, or what holds one as ``file``, such as an upload.
        max_bytes: the largest accepted size in bytes.
        is_medium: whether only media are wanted.

    Raises:
        SourceError: the object is no binary file, or can't be read.
    """
    name, (opened, reader) = _name(file), _reader(file)
    begin = _position(opened)
    data = _drained(name, opened, reader, max_bytes)
    if not begin or (data and not is_medium):
        return name, data
    here = probe.content_type(data)
    if data and here not in _WEAK:
        return name, data
    try:
        opened.seek(0)
    except Exception:  # noqa: BLE001  (what can't go back has no other octets)
        return name, data
    whole = _drained(name, opened, reader, max_bytes)
    return name, whole if not data or probe.content_type(whole) not in (None, here) else data


def _name(file: object) -> str:
    """The name of a file object: its path, or the one that an uploading client gave."""
    for attribute in ("filename", "name"):
        try:
            name = getattr(file, attribute, None)
        except Exception:  # noqa: BLE001, S112  (a closed file may raise anything; reading it says what is wrong)
            continue
        # The name of a descriptor is its number; temporary files may have None.
        if isinstance(name, str | bytes | os.PathLike):
            said = os.fsdecode(name)
            if said:
                return said
    return _NO_NAME


def _reader(file: Any) -> tuple[Any, Callable[[int], object]]:
    """The file object to read from, and its method.

    Raises:
        SourceError: there is none that could be called here.
    """
    for one in (file, getattr(file, "file", None)):
        reader = getattr(one, "read", None)
        if callable(reader) and not iscoroutinefunction(reader):
            if isinstance(one, io.TextIOBase):
                raise SourceError(_name(file), "opened in text mode; open it in binary mode")
            return one, reader
    if callable(getattr(file, "read", None)):
        raise SourceError(_name(file), "its read() must be awaited; give the bytes that it returns")
    raise SourceError(
        _name(file), f"neither a path, bytes nor a binary file object, but {type(file).__name__}"
    )


def _position(file: Any) -> int:
    """Where a file object stands, in bytes; 0 where that can't be told or changed."""
    try:
        position = file.tell() if file.seekable() else 0
    except Exception:  # noqa: BLE001  (an object of the caller may raise anything, and need not have the methods)
        return 0
    return position if isinstance(position, int) else 0


def _drained(name: str, file: object, reader: Callable[[int], object], max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    left = max_bytes + 1
    most = _PIECE if isinstance(file, io.RawIOBase) else left
    # A pipe may return less than was asked for. Only an empty result is the end.
    while left > 0:
        try:
            piece = reader(min(left, most))
        except Exception as error:
            # The caller's file object may raise any exception.
            raise SourceError(name, f"can't be read: {error}") from error
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise SourceError(name, f"read() returned {type(piece).__name__} instead of bytes")
        if not piece:
            break
        pieces.append(bytes(piece))
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
