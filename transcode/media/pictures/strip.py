"""Lossless removal of metadata from PNG, GIF and WebP: the octets of the picture are copied."""

from __future__ import annotations

import zlib

from transcode.errors import SourceError

__all__ = [
    "STRIPS",
    "colour_table",
    "png_exif",
    "strip_gif",
    "strip_png",
    "strip_webp",
    "sub_blocks",
]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: PNG chunks that affect the appearance of a picture or an animation (PNG, third edition, section 11), with
#: the minimum and the maximum of their octets. iCCP is absent: a picture with a profile other than sRGB is
#: converted, not passed through.
_PNG_KEPT = {
    b"IHDR": (13, 13),
    b"PLTE": (3, 768),
    b"IDAT": (0, 0x7FFFFFFF),
    b"IEND": (0, 0),
    b"tRNS": (1, 256),
    b"sRGB": (1, 1),
    b"cICP": (4, 4),
    b"gAMA": (4, 4),
    b"cHRM": (32, 32),
    b"sBIT": (1, 4),
    b"bKGD": (1, 6),
    b"pHYs": (9, 9),
    b"acTL": (8, 8),
    b"fcTL": (26, 26),
    b"fdAT": (4, 0x7FFFFFFF),
}
_PNG_WORDS = {
    b"eXIf": "EXIF",
    b"iCCP": "ICC profile",
    b"tEXt": "text",
    b"zTXt": "text",
    b"iTXt": "text",
    b"tIME": "time",
}

#: First octets of the GIF application extensions that hold the loop count of an animation;
#: each has one block with three octets of data.
_GIF_LOOPS = (b"\xff\x0bNETSCAPE2.0\x03\x01", b"\xff\x0bANIMEXTS1.0\x03\x01")


def strip_png(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Remove text, time, EXIF, the profile and octets after the end from a PNG.

    Returns:
        The file, and words for the dropped data, each once.

    Raises:
        SourceError: a chunk runs past the end, or its checksum or length is wrong.
    """
    view = memoryview(data)
    if bytes(view[:8]) != _PNG_SIGNATURE:
        raise SourceError(name, "no PNG signature", offset=0)
    kept, dropped, at = [view[:8]], [], 8
    while True:
        if at + 12 > len(view):
            raise SourceError(name, "the PNG ends inside a chunk", offset=at)
        length = int.from_bytes(view[at : at + 4], "big")
        end = at + 12 + length
        if length > 0x7FFFFFFF or end > len(view):
            raise SourceError(name, "a PNG chunk runs past the end", offset=at)
        kind = bytes(view[at + 4 : at + 8])
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise SourceError(name, "a PNG chunk has a wrong checksum", offset=at)
        fewest, most = _PNG_KEPT.get(kind, (0, -1))
        if fewest <= length <= most:
            kept.append(view[at:end])
        elif kind[0] & 0x20 == 0 and most >= 0:
            raise SourceError(name, "a PNG chunk of the wrong length", offset=at)
        else:
            dropped.append(_PNG_WORDS.get(kind, "other chunks"))
        at = end
        if kind == b"IEND":
            break
    if at < len(view):
        dropped.append("data after the picture")
    return b"".join(kept), tuple(dict.fromkeys(dropped))


def png_exif(data: bytes | memoryview) -> bytes:
    """Return the EXIF of a PNG from the first eXIf chunk at any position; empty if none can be reached."""
    view, at = memoryview(data), 8
    while at + 12 <= len(view):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if bytes(view[at + 4 : at + 8]) == b"eXIf" and end <= len(view):
            return bytes(view[at + 8 : end - 4])
        at = end
    return b""


def strip_gif(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Remove comments, text, application data other than loop counts, and octets after the end from a GIF.

    Returns:
        The file, and words for the dropped data, each once.

    Raises:
        SourceError: a block runs past the end, or is of an unknown kind.
    """
    view = memoryview(data)
    if bytes(view[:6]) not in (b"GIF87a", b"GIF89a") or len(view) < 13:
        raise SourceError(name, "no GIF header", offset=0)
    at = 13 + colour_table(view[10])
    kept, dropped = [view[:at]], []
    if at > len(view):
        raise SourceError(name, "the GIF ends inside its colour table", offset=len(view))
    # Many files lack the trailer; a file that ends between blocks is complete.
    while at < len(view):
        start, kind = at, view[at]
        if kind == 0x3B:
            break
        if kind == 0x2C:
            if at + 10 > len(view):
                raise SourceError(name, "the GIF ends inside an image descriptor", offset=at)
            at = sub_blocks(view, at + 11 + colour_table(view[at + 9]), name)
            kept.append(view[start:at])
        elif kind == 0x21:
            if at + 2 > len(view):
                raise SourceError(name, "the GIF ends inside an extension", offset=at)
            label = view[at + 1]
            at = sub_blocks(view, at + 2, name)
            loops = at - start == 19 and bytes(view[start + 1 : start + 16]) in _GIF_LOOPS
            if label == 0xF9 or loops:
                kept.append(view[start:at])
            else:
                dropped.append(
                    {0xFE: "comment", 0x01: "text", 0xFF: "application data"}.get(label, "extension")
                )
        else:
            raise SourceError(name, f"a GIF block of unknown kind 0x{kind:02x}", offset=at)
    if at + 1 < len(view):
        dropped.append("data after the picture")
    return b"".join([*kept, b"\x3b"]), tuple(dict.fromkeys(dropped))


#: RIFF chunks that affect the appearance of a WebP (RFC 9649, 2), and words for other chunks.
_WEBP_KEPT = frozenset(b"VP8X,VP8 ,VP8L,ALPH,ANIM,ANMF".split(b","))
_WEBP_WORDS = {b"EXIF": "EXIF", b"XMP ": "XMP", b"ICCP": "ICC profile"}

#: Flags of VP8X for a profile, EXIF and XMP (RFC 9649, 2.7.1).
_WEBP_METADATA = 0x20 | 0x08 | 0x04


def strip_webp(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Remove EXIF, XMP, the profile, unknown chunks and octets after the end from a WebP.

    Returns:
        The file, and words for the dropped data, each once.

    Raises:
        SourceError: a chunk runs past the end.
    """
    view = memoryview(data)
    if bytes(view[:4]) != b"RIFF" or bytes(view[8:12]) != b"WEBP":
        raise SourceError(name, "no WebP header", offset=0)
    end = 8 + int.from_bytes(view[4:8], "little")
    if end > len(view) or end < 12:
        raise SourceError(name, "the WebP is shorter than its header says", offset=len(view))
    kept, dropped, at = [bytes(view[8:12])], [], 12
    while at < end:
        size = int.from_bytes(view[at + 4 : at + 8], "little")
        # Chunks are padded to an even size.
        after = at + 8 + size + size % 2
        if at + 8 > end or after > end:
            raise SourceError(name, "a WebP chunk runs past the end", offset=at)
        kind = bytes(view[at : at + 4])
        chunk = bytearray(view[at:after])
        if kind == b"VP8X" and size:
            chunk[8] &= ~_WEBP_METADATA & 0xFF
        if kind in _WEBP_KEPT:
            kept.append(bytes(chunk))
        else:
            dropped.append(_WEBP_WORDS.get(kind, "other chunks"))
        at = after
    if end < len(view):
        dropped.append("data after the picture")
    body = b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body, tuple(dict.fromkeys(dropped))


def colour_table(flags: int) -> int:
    """Return the octets of the colour table that the packed fields of a GIF announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def sub_blocks(view: memoryview, at: int, name: str) -> int:
    """Return the offset behind a chain of data sub-blocks and its terminator."""
    while True:
        if at >= len(view):
            raise SourceError(name, "the GIF ends inside a block", offset=len(view))
        size = view[at]
        at += 1 + size
        if size == 0:
            return at


#: For each content type the function that removes metadata.
STRIPS = {"image/png": strip_png, "image/gif": strip_gif, "image/webp": strip_webp}
