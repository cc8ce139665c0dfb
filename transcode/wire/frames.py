"""Removes the transport framing of a captured message: HTTP headers, chunks, compression, SMS headers."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from transcode.errors import PduError
from transcode.wire.mm1.push import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPRESSED", "decompressed", "unframed", "untransported"]

#: Content codings of HTTP that are decoded (RFC 9110, 8.4.1).
COMPRESSED = ("gzip", "x-gzip", "deflate")

#: A block of HTTP headers, and the header by which an MMS PDU follows the block.
_HEAD = re.compile(rb"[A-Z][^\r\n\0]{1,2000}(?:\r?\n[^\r\n\0]{1,4000}){0,100}\r?\n\r?\n")
_OF_PDU = re.compile(
    rb"^Content-Type[ \t]*:[ \t]*application/vnd\.wap\.mms-message", re.IGNORECASE | re.MULTILINE
)
#: HTTP headers that name the coding of the body.
_CODING = re.compile(rb"^(Transfer-Encoding|Content-Encoding)[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
#: The port of WAP Push as an information element of an SMS user data header (3GPP TS 23.040, 9.2.3.24.4).
_PORT = b"\x05\x04\x0b\x84"
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
#: The largest size of a decompressed body, in octets.
_LONGEST = 64 << 20
_GZIP = b"\x1f\x8b"
#: Compressed octets that one step takes. zlib copies the octets behind the end of a gzip member, so larger
#: steps would make many short members slow.
_PIECE = 4096


def unframed(data: bytes | memoryview) -> tuple[bytes | memoryview, tuple[str, ...]]:
    """Return a PDU or a WAP Push without its transport framing, and a description of what was removed.

    Raises:
        PduError: the octets are one of several short messages of a push.
    """
    view = memoryview(data)
    if view[0] < 0x20:
        end = 1 + view[0]
        if _PORT in bytes(view[1:end]) and end < len(view):
            place, total = place_of(bytes(view[:end]))
            if total > 1:
                reason = f"short message {place} of the {total} of a push; joined_segments joins them"
                raise PduError(reason, offset=0)
            return view[end:], (f"an SMS user data header of {end} octets precedes the message",)
        return data, ()
    head = _HEAD.match(bytes(view[: 64 * 1024]))
    if head is None or not _OF_PDU.search(head[0]):
        return data, ()
    told = [f"HTTP headers of {head.end()} octets precede the message"]
    headers = {
        found[1].decode("ascii").lower(): found[2].decode("latin-1") for found in _CODING.finditer(head[0])
    }
    body = untransported(bytes(view[head.end() :]), headers, told.append) if headers else view[head.end() :]
    return body, tuple(told)


def untransported(body: bytes, headers: dict[str, str], odd: Callable[[str], None]) -> bytes:
    """Return a body without the chunks and the compression that its headers name; else the body unchanged.

    Args:
        body: the octets as received.
        headers: HTTP headers by name in lower case.
        odd: called with each coding that was removed, and with what is missing or left out.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        whole, fault = _unchunked(body)
        if whole is not None:
            odd("the body has chunks")
            body = whole
            if fault:
                odd(fault)
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in COMPRESSED:
        try:
            unpacked, fault, behind = decompressed(body, coding, _LONGEST)
        except zlib.error:
            return body
        odd("the body is compressed")
        if fault:
            odd(f"the compressed body {fault}")
        if behind:
            odd(f"{behind:,} octets behind the compressed body are left out")
        return unpacked
    return body


def decompressed(body: bytes, coding: str, limit: int) -> tuple[bytes, str, int]:
    """Return the decompressed octets, the fault (or an empty text), and the number of octets behind the end.

    A gzip body may have several members (RFC 1952, 2.2). The first octets distinguish gzip and zlib, whatever
    the header says. Some senders send ``deflate`` without the zlib wrapper (RFC 9110, 8.4.1.2).

    Args:
        body: the octets as received.
        coding: one of COMPRESSED.
        limit: the largest size of the result, in octets.

    Raises:
        zlib.error: the body can't be decompressed from its first octet.
    """
    found = bytearray()
    try:
        at, fault = _stream(body, 0, zlib.MAX_WBITS | 32, found, limit)
    except zlib.error:
        if coding != "deflate":
            raise
        at, fault = _stream(body, 0, -zlib.MAX_WBITS, found, limit)
        if not found:
            raise
    while not fault and body.startswith(_GZIP) and body.startswith(_GZIP, at):
        try:
            at, fault = _stream(body, at, zlib.MAX_WBITS | 16, found, limit)
        except zlib.error:
            fault = f"has a damaged member at octet {at:,}; all octets from there on are left out"
    behind = 0 if fault else len(body[at:].strip(b"\0\r\n"))
    return bytes(found), fault, behind


def _stream(body: bytes, at: int, bits: int, found: bytearray, limit: int) -> tuple[int, str]:
    """Decompress the stream that begins at an octet. Return the place of its end and its fault, if any.

    Raises:
        zlib.error: no octet of the stream can be decompressed.
    """
    unpack = zlib.decompressobj(bits)
    before = len(found)
    while at < len(body) and not unpack.eof:
        packed = body[at : at + _PIECE]
        at += len(packed)
        while packed:
            try:
                # One octet more than the limit: so a body of just that size is not taken for a longer one.
                found += unpack.decompress(packed, limit + 1 - len(found))
            except zlib.error:
                if len(found) == before:
                    raise
                return at, f"is damaged: only the {len(found):,} octets before the damage are kept"
            if len(found) > limit:
                del found[limit:]
                return at, f"has more than {limit:,} octets when decompressed; the rest is left out"
            packed = unpack.unconsumed_tail
    return at - len(unpack.unused_data), "" if unpack.eof else "is truncated: its end is missing"


def _unchunked(body: bytes) -> tuple[bytes | None, str]:
    """Return the data of the chunks (RFC 9112, 7.1) and their fault, if any; None where there is no chunk."""
    pieces: list[bytes] = []
    at, fault = 0, ""
    while (found := _CHUNK.match(body, at)) is not None:
        size = int(found[1], 16)
        if not size:
            break
        pieces.append(body[found.end() : found.end() + size])
        at = found.end() + size
        if len(pieces[-1]) < size:
            fault = f"the last chunk is truncated: it has {len(pieces[-1]):,} of {size:,} octets"
        at += len(body[at : at + 2]) - len(body[at : at + 2].lstrip(b"\r\n"))
    if found is None and not fault:
        left = len(body) - at
        fault = "the final chunk is missing"
        if left:
            fault = f"the chunk at octet {at:,} has no valid size: {left:,} octets are left out"
    return (b"".join(pieces), fault) if pieces else (None, "")
