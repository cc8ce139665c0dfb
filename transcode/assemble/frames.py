"""What stands around a message that was caught on its way: headers of HTTP and short messages, chunks."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["unframed", "untransported"]

#: Headers of HTTP that say that a PDU is behind them.
_HEAD = re.compile(rb"[A-Z][^\r\n\0]{1,2000}(?:\r?\n[^\r\n\0]{1,4000}){0,100}\r?\n\r?\n")
_OF_PDU = re.compile(
    rb"^Content-Type[ \t]*:[ \t]*application/vnd\.wap\.mms-message", re.IGNORECASE | re.MULTILINE
)
#: Headers of HTTP that say how a body is coded.
_CODING = re.compile(rb"^(Transfer-Encoding|Content-Encoding)[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
#: The port of WAP pushes as an element of a short message's header (3GPP TS 23.040, 9.2.3.24.4).
_PORT = b"\x05\x04\x0b\x84"
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
#: The most octets that a body is unpacked to.
_LONGEST = 64 << 20


def unframed(data: bytes | memoryview) -> tuple[bytes | memoryview, tuple[str, ...]]:
    """A PDU or a push without what stands in front and around it, and what that was."""
    view = memoryview(data)
    if view[0] < 0x20:
        end = 1 + view[0]
        if _PORT in bytes(view[1:end]) and end < len(view):
            return view[end:], (f"the header of a short message, {end} octets, stood in front",)
        return data, ()
    head = _HEAD.match(bytes(view[: 64 * 1024]))
    if head is None or not _OF_PDU.search(head[0]):
        return data, ()
    told = [f"headers of HTTP, {head.end()} octets, stood in front"]
    headers = {
        found[1].decode("ascii").lower(): found[2].decode("latin-1") for found in _CODING.finditer(head[0])
    }
    body = untransported(bytes(view[head.end() :]), headers, told.append) if headers else view[head.end() :]
    return body, tuple(told)


def untransported(body: bytes, headers: dict[str, str], odd: Callable[[str], None]) -> bytes:
    """A body without the chunks and the compression that its headers tell of; as it is where it has none.

    Args:
        body: as it was sent.
        headers: of HTTP, by their names in lower case.
        odd: told what was undone.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        whole = _unchunked(body)
        if whole is not None:
            odd("the body is in chunks")
            body = whole
    if headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
        try:
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _LONGEST)
        except zlib.error:
            return body
        odd("the body is compressed")
        return unpacked
    return body


def _unchunked(body: bytes) -> bytes | None:
    """The data of chunks (RFC 9112, 7.1); None where there are none."""
    pieces: list[bytes] = []
    at = 0
    while (found := _CHUNK.match(body, at)) is not None:
        size = int(found[1], 16)
        if not size:
            break
        pieces.append(body[found.end() : found.end() + size])
        at = found.end() + size
        at += len(body[at : at + 2]) - len(body[at : at + 2].lstrip(b"\r\n"))
    return b"".join(pieces) if pieces else None
