"""Messages as their users get them, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcode.door import Door
from transcode.errors import PduError
from transcode.media.source import inputs
from transcode.messages.message import Message
from transcode.wire.forms import form
from transcode.wire.recognition import form_of

if TYPE_CHECKING:
    from transcode.model import Source

__all__ = ["read"]


def read(source: Source) -> Message:
    """Decode a message: a PDU of MM1, a mail of MM4 or SOAP of MM7, told apart by its structure.

    In front of a PDU there may be the frame of a WAP Push with the header of its short message, in front
    of mail and SOAP a byte order mark and blank lines, in front of mail the lines of a mailbox file, in
    front of a PDU and of SOAP headers of HTTP; both may be in chunks or compressed. Mail and SOAP may be in
    UTF-16 as a whole.

    Args:
        source: the octets, a path, or a file object opened in binary mode, which is read from where it
            stands to its end and stays open.

    Raises:
        PduError: the octets are none of these, or broken; it names the file where there is one.
        SourceError: the file can't be opened or read, or is empty, or the argument is none of these.
        CapError: the file is larger than 256 MiB.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _decoded(source)
    content = inputs.read(source)
    try:
        if content.rest:
            raise PduError("a clip or a recording, not a message", offset=0)
        return _decoded(content.data)
    except PduError as error:
        raise PduError(error.reason, offset=error.offset, source=content.name) from error


def _decoded(data: bytes | bytearray | memoryview) -> Message:
    with Door("octets", ""):
        # A copy, so that the caller may go on writing into a buffer of his own: parts are views.
        octets = data if isinstance(data, bytes) else bytes(data)
        return Message.of(form(form_of(octets)).read(octets, ""))
