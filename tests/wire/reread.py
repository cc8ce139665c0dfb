"""Reads octets, writes what was read, and reads it again."""

from __future__ import annotations

from collections.abc import Callable

from transcode.errors import MessageError, PduError
from transcode.model import MessageFields


def reread(
    octets: bytes,
    read: Callable[[bytes], MessageFields],
    write: Callable[[MessageFields], bytes],
) -> tuple[MessageFields, MessageFields] | None:
    """Return what was read, and what was read again.

    None: the octets end in a PduError with an offset within them, or the message in a MessageError.
    """
    try:
        found = read(octets)
    except PduError as error:
        assert 0 <= error.offset <= len(octets)
        return None
    try:
        return found, read(write(found))
    except MessageError:
        return None
