"""The public function that reads messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import PduError
from transcode.media.source import inputs
from transcode.messages.message import Message
from transcode.wire.reader import read as read_fields

if TYPE_CHECKING:
    from transcode.model import Source

__all__ = ["read"]

#: The types of octets in memory.
_OCTETS = (bytes, bytearray, memoryview)


def read(source: Source) -> Message:
    """Decode an MM1 PDU, an MM4 mail or an MM7 SOAP message, recognised by its structure.

    The reader skips these octets in front of a message:

    - MM1: the frame of a WAP Push, with the headers of its short message, or HTTP headers;
    - MM4: a byte order mark, blank lines, and the "From " lines of a mailbox file;
    - MM7: a byte order mark, blank lines, and HTTP headers.

    A body behind HTTP headers may be chunked or compressed. Mail and SOAP may be in UTF-16.

    Args:
        source: the octets, a path, or a file object opened in binary mode. A file object is read from its
            current position to its end and stays open. One that is at its end is read from its start.

    Raises:
        PduError: the octets are no message, or a broken one; the error names the file, if there is one.
        SourceError: the file can't be opened or read, or is empty, or the argument is of another type.
        CapError: the file is larger than 256 MiB.
    """
    if isinstance(source, _OCTETS):
        return _decoded(source)
    content = inputs.read(source, is_medium=False)
    try:
        if content.rest:
            raise PduError("the file is a clip or a recording, not a message", offset=0)
        return _decoded(content.data)
    except PduError as error:
        raise PduError(error.reason, offset=error.offset, source=content.name) from error


def _decoded(data: bytes | bytearray | memoryview) -> Message:
    with Door("octets", ""):
        # Parts are views, so a caller's mutable buffer is copied.
        octets = data if isinstance(data, bytes) else bytes(data)
        return Message.of(read_fields(octets))
