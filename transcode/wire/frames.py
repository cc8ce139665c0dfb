"""What stands around a message that was caught on its way: headers of HTTP and short messages, chunks."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPRESSED", "decompressed", "unframed", "untransported"]

#: Codings of a body that are undone, of those of HTTP (RFC 9110, 8.4.1).
COMPRESSED = ("gzip", "x-gzip", "deflate")

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
_GZIP = b"\x1f\x8b"
#: Octets that are unpacked at a time. What is behind a member of gzip is copied, so longer pieces would
#: make many short members slow.
_PIECE = 4096


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
        odd: told what was undone, and what is missing or was left out.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        whole, fault = _unchunked(body)
        if whole is not None:
            odd("the body is in chunks")
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
    """A compressed body's octets, what is wrong with it or nothing, and how many octets are behind its end.

    Gzip may have several members (RFC 1952, 2.2). Gzip and zlib are told from each other by their first
    octets, whatever the header says; some send ``deflate`` without what zlib has around it (RFC 9110,
    8.4.1.2).

    Args:
        body: as it was sent.
        coding: one of COMPRESSED.
        limit: the most octets that are given back.

    Raises:
        zlib.error: it can't be unpacked from its beginning.
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
            fault = f"has a damaged member at octet {at:,}, which is left out with all behind it"
    behind = 0 if fault else len(body[at:].strip(b"\0\r\n"))
    return bytes(found), fault, behind


def _stream(body: bytes, at: int, bits: int, found: bytearray, limit: int) -> tuple[int, str]:
    """Unpack the one stream that begins at an octet: where it ends, and what is wrong with it.

    Raises:
        zlib.error: nothing of it can be unpacked.
    """
    unpack = zlib.decompressobj(bits)
    before = len(found)
    while at < len(body) and not unpack.eof:
        packed = body[at : at + _PIECE]
        at += len(packed)
        while packed:
            try:
                # One more than the limit tells what is too long from what has just that length.
                found += unpack.decompress(packed, limit + 1 - len(found))
            except zlib.error:
                if len(found) == before:
                    raise
                return at, f"is damaged, and left out behind the {len(found):,} octets in front"
            if len(found) > limit:
                del found[limit:]
                return at, f"unpacks to more than {limit:,} octets, and the rest is left out"
            packed = unpack.unconsumed_tail
    return at - len(unpack.unused_data), "" if unpack.eof else "is cut: its end is missing"


def _unchunked(body: bytes) -> tuple[bytes | None, str]:
    """The data of chunks (RFC 9112, 7.1), None where there are none, and what is wrong with them."""
    pieces: list[bytes] = []
    at, fault = 0, ""
    while (found := _CHUNK.match(body, at)) is not None:
        size = int(found[1], 16)
        if not size:
            break
        pieces.append(body[found.end() : found.end() + size])
        at = found.end() + size
        if len(pieces[-1]) < size:
            fault = f"the last chunk is cut: it has {len(pieces[-1]):,} of {size:,} octets"
        at += len(body[at : at + 2]) - len(body[at : at + 2].lstrip(b"\r\n"))
    if found is None and not fault:
        left = len(body) - at
        fault = "no final chunk came"
        if left:
            fault = f"a chunk at octet {at:,} has no size that makes sense: {left:,} octets are left out"
    return (b"".join(pieces), fault) if pieces else (None, "")
