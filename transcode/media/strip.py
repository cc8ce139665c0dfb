"""PNG, GIF and WebP without their metadata, losslessly: the pictures' own octets are copied."""

from __future__ import annotations

import zlib

from transcode.errors import SourceError

__all__ = ["strip_gif", "strip_png", "strip_webp"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: PNG chunks that say how the picture looks (PNG, third edition, section 11),
#: and those of an animated one. iCCP is left out: a picture whose profile
#: matters is converted, not passed through.
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS sRGB gAMA cHRM sBIT bKGD pHYs acTL fcTL fdAT".split())
_PNG_WORDS = {
    b"eXIf": "EXIF",
    b"iCCP": "ICC profile",
    b"tEXt": "text",
    b"zTXt": "text",
    b"iTXt": "text",
    b"tIME": "time",
}

#: GIF application extensions that time an animation.
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def strip_png(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """A PNG without text, time, EXIF and profile, and without octets after its end.

    Returns:
        The file, and the words for what was dropped, each once.

    Raises:
        SourceError: a chunk runs past the end, or its checksum is wrong.
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
        if kind in _PNG_KEPT:
            kept.append(view[at:end])
        else:
            dropped.append(_PNG_WORDS.get(kind, "other chunks"))
        at = end
        if kind == b"IEND":
            break
    if at < len(view):
        dropped.append("data after the picture")
    return b"".join(kept), tuple(dict.fromkeys(dropped))


def strip_gif(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """A GIF without comments and foreign application data, and without octets after its end.

    Returns:
        The file, and the words for what was dropped, each once.

    Raises:
        SourceError: a block runs past the end, or is of no known kind.
    """
    view = memoryview(data)
    if bytes(view[:6]) not in (b"GIF87a", b"GIF89a") or len(view) < 13:
        raise SourceError(name, "no GIF header", offset=0)
    at = 13 + _colour_table(view[10])
    kept, dropped = [view[:at]], []
    while True:
        if at >= len(view):
            raise SourceError(name, "the GIF ends without its trailer", offset=min(at, len(view)))
        start, kind = at, view[at]
        if kind == 0x3B:
            break
        if kind == 0x2C:
            if at + 10 > len(view):
                raise SourceError(name, "the GIF ends inside an image descriptor", offset=at)
            at = _sub_blocks(view, at + 11 + _colour_table(view[at + 9]), name)
            kept.append(view[start:at])
        elif kind == 0x21:
            if at + 2 > len(view):
                raise SourceError(name, "the GIF ends inside an extension", offset=at)
            label = view[at + 1]
            at = _sub_blocks(view, at + 2, name)
            loops = label == 0xFF and bytes(view[start + 3 : start + 14]) in _GIF_LOOPS
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


#: RIFF chunks of WebP that say how the picture looks (RFC 9649, 2), and the words for the others.
_WEBP_KEPT = frozenset(b"VP8X,VP8 ,VP8L,ALPH,ANIM,ANMF".split(b","))
_WEBP_WORDS = {b"EXIF": "EXIF", b"XMP ": "XMP", b"ICCP": "ICC profile"}

#: Bits of VP8X that announce a profile, EXIF and XMP (RFC 9649, 2.7.1).
_WEBP_METADATA = 0x20 | 0x08 | 0x04


def strip_webp(data: bytes | memoryview, *, name: str) -> tuple[bytes, tuple[str, ...]]:
    """A WebP without EXIF, XMP, profile and foreign chunks, and without octets after its end.

    Returns:
        The file, and the words for what was dropped, each once.

    Raises:
        SourceError: a chunk runs past the end.
    """
    view = memoryview(data)
    if bytes(view[:4]) != b"RIFF" or bytes(view[8:12]) != b"WEBP":
        raise SourceError(name, "no WebP header", offset=0)
    end = 8 + int.from_bytes(view[4:8], "little")
    if end > len(view) or end < 12:
        raise SourceError(name, "the WebP ends before its end", offset=len(view))
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


def _colour_table(flags: int) -> int:
    """The size in octets of the colour table that these packed fields announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(view: memoryview, at: int, name: str) -> int:
    """Where a chain of data sub-blocks ends, its terminator included."""
    while True:
        if at >= len(view):
            raise SourceError(name, "the GIF ends inside a block", offset=len(view))
        size = view[at]
        at += 1 + size
        if size == 0:
            return at
