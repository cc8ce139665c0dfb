"""Recognises unsupported file formats by their bytes, for error texts that name the format and a remedy.

Users give all kinds of files, and "a file of an unknown format" does not help them. File names and extensions
are often wrong.
"""

from __future__ import annotations

import re
import struct
import zlib

__all__ = ["SAVE_CLIP", "SAVE_PICTURE", "described"]

#: What would help, by the kind of file.
SAVE_PICTURE = "save it as JPEG or PNG"
_SAVE_SOUND = "save it as MP3, M4A or WAV"
SAVE_CLIP = "save it as MP4"
#: The second part of the error text, by the kind of file.
_PICTURE = f", which is not supported: {SAVE_PICTURE}"
_SOUND = f", which is not supported: {_SAVE_SOUND}"
_CLIP = f", which is not supported: {SAVE_CLIP}"
_NONE = ", which is not a picture, clip or recording"
_STICKER = ", which is not supported: save it as GIF or MP4"

#: Magic numbers at fixed places: offset, octets, words. The first that matches wins.
_MAGIC = (
    (0, b"MThd", f"a MIDI file (notes, no sound){_SOUND}"),
    (8, b"RMID", f"a MIDI file (notes, no sound){_SOUND}"),
    (0, b"BEGIN:IMELODY", f"a ringtone (iMelody; notes, no sound){_SOUND}"),
    (0, b"MMMD", f"a ringtone (SMAF){_SOUND}"),
    (0, b"Extended Module:", f"a tracker module (XM){_SOUND}"),
    (0, b"IMPM", f"a tracker module (IT){_SOUND}"),
    (44, b"SCRM", f"a tracker module (S3M){_SOUND}"),
    (1080, b"M.K.", f"a tracker module (MOD){_SOUND}"),
    (0, b"DSD ", f"a DSF recording (DSD, one bit per sample){_SOUND}"),
    (12, b"DSD ", f"a DSDIFF recording (DSD, one bit per sample){_SOUND}"),
    (0, b"\x02#!SILK_V3", f"a SILK voice message{_SOUND}"),
    (0, b"#!SILK_V3", f"a SILK voice message{_SOUND}"),
    (0, b"\x02dss", f"a dictation (DSS){_SOUND}"),
    (0, b"\x03ds2", f"a dictation (DS2){_SOUND}"),
    (0, b"#!AMR_MC1.0", f"an AMR recording with several channels{_SOUND}"),
    (0, b"#!EVRC", f"an EVRC recording without a container{_SOUND}"),
    (0, b"#!SMV\n", f"an SMV recording{_SOUND}"),
    (0, b"#!AMR-WB_MC1.0", f"an AMR-WB recording with several channels{_SOUND}"),
    (8, b"aax ", "an Audible book (AAX), which is encrypted (DRM)"),
    (8, b"aaxc", "an Audible book (AAXC), which is encrypted (DRM)"),
    (8, b"odcf", "protected content of a phone (OMA DRM), which is encrypted"),
    (4, b"jP  \r\n\x87\n", f"a JPEG 2000 picture{_PICTURE}"),
    (0, b"\xff\x4f\xff\x51", f"a JPEG 2000 picture{_PICTURE}"),
    (4, b"JXL \r\n\x87\n", f"a JPEG XL picture{_PICTURE}"),
    (0, b"\xff\x0a", f"a JPEG XL picture{_PICTURE}"),
    (0, b"\xff\xd8\xff\xf7", f"a JPEG-LS picture{_PICTURE}"),
    (0, b"II\xbc\x01", f"a JPEG XR picture{_PICTURE}"),
    (0, b"BPG\xfb", f"a BPG picture{_PICTURE}"),
    (0, b"8BPS", f"a Photoshop picture (PSD){_PICTURE}"),
    (0, b"gimp xcf", f"a GIMP picture (XCF){_PICTURE}"),
    (0, b"qoif", f"a QOI picture{_PICTURE}"),
    (0, b"\x76\x2f\x31\x01", f"an OpenEXR picture{_PICTURE}"),
    (0, b"#?RADIANCE", f"a Radiance picture (HDR){_PICTURE}"),
    (0, b"#?RGBE", f"a Radiance picture (HDR){_PICTURE}"),
    (0, b"DDS ", f"a DirectDraw picture (DDS){_PICTURE}"),
    (0, b"SDPX", f"a DPX picture{_PICTURE}"),
    (0, b"XPDS", f"a DPX picture{_PICTURE}"),
    (0, b"SIMPLE  =", f"a FITS picture{_PICTURE}"),
    (0, b"\x59\xa6\x6a\x95", f"a Sun picture (RAS){_PICTURE}"),
    (0, b"/* XPM */", f"an XPM picture{_PICTURE}"),
    (0, b"\xd7\xcd\xc6\x9a", f"a drawing (WMF){_PICTURE}"),
    (40, b" EMF", f"a drawing (EMF){_PICTURE}"),
    (0, b"AT&TFORM", f"a DjVu document{_NONE}"),
    (8, b"CR\x02", f"a raw camera file (CR2){_PICTURE}"),
    (8, b"crx ", f"a raw camera file (CR3){_PICTURE}"),
    (0, b"IIRO", f"a raw camera file (ORF){_PICTURE}"),
    (0, b"IIRS", f"a raw camera file (ORF){_PICTURE}"),
    (0, b"MMOR", f"a raw camera file (ORF){_PICTURE}"),
    (0, b"IIU\x00", f"a raw camera file (RW2){_PICTURE}"),
    (0, b"FUJIFILMCCD-RAW", f"a raw camera file (RAF){_PICTURE}"),
    (0, b"FOVb", f"a raw camera file (X3F){_PICTURE}"),
    (0, b"\x00MRM", f"a raw camera file (MRW){_PICTURE}"),
    (0, b"YUV4MPEG2 ", f"an uncompressed clip (Y4M){_CLIP}"),
    (0, b"\x06\x0e\x2b\x34", f"a studio clip (MXF){_CLIP}"),
    (0, b"\x00\x00\x00\x00\x01\xbc", f"a studio clip (GXF){_CLIP}"),
    (0, b"\x12\x00\x0a", f"an AV1 stream without a container (OBU){_CLIP}"),
    (0, b"FWS", f"a Flash film (SWF){_NONE}"),
    (0, b"CWS", f"a Flash film (SWF){_NONE}"),
    (0, b"ZWS", f"a Flash film (SWF){_NONE}"),
    (0, b"%PDF-", f"a PDF document{_NONE}"),
    (0, b"%!PS", f"a PostScript document{_NONE}"),
    (0, b"{\\rtf", f"an RTF document{_NONE}"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an Office document (DOC, XLS or PPT){_NONE}"),
    (0, b"7z\xbc\xaf\x27\x1c", f"an archive (7z){_NONE}"),
    (0, b"Rar!\x1a\x07", f"an archive (RAR){_NONE}"),
    (0, b"BZh", f"an archive (bzip2){_NONE}"),
    (0, b"\xfd7zXZ\x00", f"an archive (XZ){_NONE}"),
    (0, b"\x28\xb5\x2f\xfd", f"an archive (Zstandard){_NONE}"),
    (257, b"ustar", f"an archive (TAR){_NONE}"),
    (0, b"\x00\x05\x16\x07", "a macOS metadata file (AppleDouble), not the file itself"),
    (0, b"#EXTM3U", "a playlist (M3U), which lists media and contains none"),
    (0, b"WEBVTT", f"subtitles (WebVTT){_NONE}"),
    (0, b"MZ", f"a program{_NONE}"),
    (0, b"\x7fELF", f"a program{_NONE}"),
)

#: Formats that are ZIP archives, by a text among the names of their files.
_ZIPPED = (
    (b"word/", "an Office document (DOCX)"),
    (b"xl/", "an Office document (XLSX)"),
    (b"ppt/", "an Office document (PPTX)"),
    (b"mimetypeapplication/epub", "a book (EPUB)"),
    (b"mimetypeapplication/vnd.oasis", "an OpenDocument file"),
    (b"AndroidManifest.xml", "an Android app (APK)"),
)

#: Octets that are searched for such names and for the beginning of text documents.
_LOOKED = 65_536

#: Magic of the Netpbm formats: two octets, then white space or a comment.
_NETPBM = re.compile(rb"P[1-7fF][\s#]")

#: The beginning of an XBM picture: C source whose first line defines the width.
_XBM = re.compile(rb"\s*(?:/\*.*?\*/\s*)?#define[ \t]+\w*width[ \t]+\d", re.DOTALL)

#: The beginning of a DRM message (OMA-DRM-DRM-V1_0, 5.2): a multipart MIME body without its MIME header.
_LOCKED = re.compile(rb"--[^\r\n]{1,70}\r?\ncontent-type: *(?:audio|image|video)/")

#: Octets of a GSM 06.10 frame, and consecutive frames that identify a file without a header. The upper four
#: bits of each frame's first octet are 13, which one random octet in sixteen has.
_GSM_FRAME, _GSM_FRAMES = 33, 12

#: Directories of a TIFF file that are read, and tags of each directory that are read.
_MOST_PICTURES, _MOST_TAGS = 16, 500

#: Photometric interpretations of raw files (DNG 1.7, chapter 2): colour filter array, and linear raw.
#: The tags PhotometricInterpretation, Make, SubIFDs and DNGVersion.
_SENSOR = (32_803, 34_892)
_PHOTOMETRIC, _MAKE, _FURTHER, _DNG = 0x0106, 0x010F, 0x014A, 0xC612

#: The usual extension of raw files, by the first word of the maker's name.
_RAW = {
    "CANON": "CR2",
    "EPSON": "ERF",
    "FUJIFILM": "RAF",
    "HASSELBLAD": "3FR",
    "KODAK": "DCR",
    "EASTMAN": "KDC",
    "LEAF": "MOS",
    "MAMIYA": "MEF",
    "NIKON": "NEF",
    "OLYMPUS": "ORF",
    "PANASONIC": "RW2",
    "PENTAX": "PEF",
    "PHASE": "IIQ",
    "RICOH": "PEF",
    "SAMSUNG": "SRW",
    "SONY": "ARW",
}


def described(data: bytes | memoryview) -> str | None:
    """Return the format of an unsupported file and a remedy, for error texts; None for all other files.

    The result for a supported file is None too. It is None for a TIFF picture and a text for a camera's raw
    file in TIFF format.

    Args:
        data: the whole file, or its beginning.
    """
    head = bytes(data[:1_200])
    for offset, magic, words in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return words
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        raw = _raw(data)
        return None if raw is None else f"a raw camera file ({raw}){_PICTURE}"
    if head[:4] == b"PK\x03\x04":
        return _zipped(data)
    if head[:2] == b"\x1f\x8b":
        return _gzipped(data)
    if _NETPBM.match(head):
        return f"a Netpbm picture (PNM){_PICTURE}"
    if not any(head):
        return "only zeros, as after an interrupted copy"
    if _XBM.match(head):
        return f"an XBM picture{_PICTURE}"
    for is_one, words in _HEADS:
        if is_one(head, len(data)):
            return words
    return _text(bytes(data[:_LOOKED]))


def _is_icon(head: bytes, size: int, kind: int = 1) -> bool:
    """Whether the first directory entry is that of an icon: its picture must lie within the file."""
    if len(head) < 22 or struct.unpack_from("<HH", head) != (0, kind):
        return False
    count = _number(head, "<", 4, 2)
    length, place = struct.unpack_from("<II", head, 14)
    # The reserved octet must be 0. The encoder of .NET writes 255.
    return count > 0 and head[9] in (0, 255) and length > 0 and 6 + 16 * count <= place < size


def _is_pointer(head: bytes, size: int) -> bool:
    return _is_icon(head, size, kind=2)


def _is_targa(head: bytes, size: int) -> bool:
    """Truevision's TGA 2.0 has no magic number at its start, so the header fields must be consistent."""
    if size <= 18:
        return False
    has_map, kind = head[1], head[2]
    entries, entry = _number(head, "<", 5, 2), head[7]
    width, height, depth, form = struct.unpack_from("<HHBB", head, 12)
    # Image types from 9 on are run-length encoded forms of types 1 to 3.
    depths = {1: (8, 16), 2: (15, 16, 24, 32), 3: (8, 16)}.get(kind & 7, ())
    is_mapped = kind & 7 == 1
    if kind & ~8 not in (1, 2, 3) or (is_mapped and not has_map) or depth not in depths:
        return False
    good_map = entry in (15, 16, 24, 32) and entries > 0 if has_map else not any(head[3:8])
    return has_map <= 1 and good_map and width > 0 and height > 0 and form & 0xC0 == 0


def _is_pcx(head: bytes, size: int) -> bool:
    plain = size > 128 and head[0] == 10 and head[1] in (0, 2, 3, 4, 5) and head[2] == 1
    return plain and head[3] in (1, 2, 4, 8) and head[64] == 0 and 1 <= head[65] <= 4


def _is_sgi(head: bytes, size: int) -> bool:
    plain = size > 512 and head[:2] == b"\x01\xda" and head[2] in (0, 1) and head[3] in (1, 2)
    return plain and 1 <= _number(head, ">", 4, 2) <= 3


def _is_wbmp(head: bytes, size: int) -> bool:
    """Type 0 (WAP-237): two zero octets, width and height, which must give the size of the file."""
    at = 2
    sides: list[int] = []
    while head[:2] == b"\0\0" and len(sides) < 2:
        side = 0
        for octet in head[at : at + 3]:
            at += 1
            side = side << 7 | octet & 0x7F
            if octet < 0x80:
                break
        sides.append(side)
    return len(sides) == 2 and min(sides) > 0 and at + (sides[0] + 7) // 8 * sides[1] == size


def _is_gsm(head: bytes, size: int) -> bool:
    first, others = head[::_GSM_FRAME], head[1::_GSM_FRAME]
    marked = len(first) >= _GSM_FRAMES and size % _GSM_FRAME == 0
    # In silent raw A-law audio, every octet has 13 in its upper four bits.
    return marked and all(o >> 4 == 13 for o in first) and not all(o >> 4 == 13 for o in others)


def _is_protected(head: bytes, size: int) -> bool:
    """OMA's DRM Content Format 1.0 (5.1): version, two lengths, a content type and a URI."""
    if size < 8 or head[0] != 1 or not head[2]:
        return False
    kind = head[3 : 3 + head[1]]
    return len(kind) == head[1] and kind.split(b"/")[0] in (b"audio", b"image", b"video")


#: Formats without a magic number, recognised by header fields that agree with each other and the file size.
_HEADS = (
    (_is_icon, f"an icon (ICO){_PICTURE}"),
    (_is_pointer, f"a pointer (CUR){_PICTURE}"),
    (_is_targa, f"a Targa picture (TGA){_PICTURE}"),
    (_is_pcx, f"a PCX picture{_PICTURE}"),
    (_is_sgi, f"an SGI picture{_PICTURE}"),
    (_is_wbmp, f"a WBMP picture{_PICTURE}"),
    (_is_protected, "protected content of a phone (OMA DRM), which is encrypted"),
    (_is_gsm, f"a GSM recording without a header{_SOUND}"),
)


def _zipped(data: bytes | memoryview) -> str:
    # Each file's name is in front of the file, and again in the central directory at the end.
    looked = bytes(data[:_LOOKED]) + bytes(data[-_LOOKED:])
    if b"animations/" in looked and b"manifest.json" in looked:
        return f"a Lottie animation (.lottie){_STICKER}"
    return f"{next((words for mark, words in _ZIPPED if mark in looked), 'an archive (ZIP)')}{_NONE}"


def _gzipped(data: bytes | memoryview) -> str:
    """Name the contents of a gzip file. At most _LOOKED octets are decompressed."""
    try:
        inside = zlib.decompressobj(31).decompress(bytes(data[:_LOOKED]), _LOOKED)
    except zlib.error:
        inside = b""
    if _is_lottie(inside):
        return f"a Lottie sticker (.tgs){_STICKER}"
    if b"<svg" in inside:
        return f"an SVG drawing (compressed){_PICTURE}"
    return f"an archive (gzip){_NONE}"


def _is_lottie(text: bytes) -> bool:
    """Whether a JSON document is a Lottie animation: it has first frame, last frame and frame rate."""
    is_json = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    return is_json and (b'"tgs"' in text or all(key in text for key in (b'"ip"', b'"op"', b'"fr"')))


def _text(text: bytes) -> str | None:
    """Name a text document."""
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:4_096]
    lower = start.lower()
    if _LOCKED.match(lower):
        return "protected content of a phone (OMA DRM, forward lock), which may not be sent on"
    if _is_lottie(text):
        return f"a Lottie animation (JSON){_STICKER}"
    if lower.startswith((b"<!doctype html", b"<html")):
        return f"a web page (HTML){_NONE}"
    if start.startswith(b"<"):
        return f"an SVG drawing{_PICTURE}" if b"<svg" in lower else f"an XML document{_NONE}"
    if not start or not _is_text(start):
        return None
    if _JSON.match(start):
        return f"a JSON document{_NONE}"
    return f"a TOML or INI document{_NONE}" if _TABLE.match(start) else f"text{_NONE}"


#: An object or an array, empty or up to its first value that is not itself an array (RFC 8259).
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|(?:\[\s*)+(?:[\"{\]\d-]|(?:true|false|null)\s*[],]))")
#: The name of a table, or of a section, alone in its line.
_TABLE = re.compile(rb"\[{1,2}[^]\n]+\]{1,2}[ \t]*(?:[#;].*)?(?:\r?\n|\Z)")


def _is_text(start: bytes) -> bool:
    return all(octet in b"\t\n\r" or octet >= 32 for octet in start[:64])


def _raw(data: bytes | memoryview) -> str | None:
    """Return the usual extension of a camera's raw file in TIFF format; None for a TIFF picture."""
    order = "<" if data[0] == 0x49 else ">"
    waiting = [_number(data, order, 4, 4)]
    maker, is_raw = "", False
    for _ in range(_MOST_PICTURES):
        if not waiting:
            break
        at = waiting.pop()
        for number in range(min(_number(data, order, at, 2), _MOST_TAGS)):
            entry = at + 2 + 12 * number
            tag, count = _number(data, order, entry, 2), _number(data, order, entry + 4, 4)
            if tag == _DNG:
                return "DNG"
            if tag == _PHOTOMETRIC:
                is_raw = is_raw or _number(data, order, entry + 8, 2) in _SENSOR
            elif tag == _MAKE and not maker:
                place = entry + 8 if count <= 4 else _number(data, order, entry + 8, 4)
                maker = bytes(data[place : place + min(count, 32)]).decode("ascii", "replace").upper()
            elif tag == _FURTHER:
                place = entry + 8 if count == 1 else _number(data, order, entry + 8, 4)
                waiting += [_number(data, order, place + 4 * n, 4) for n in range(min(count, 8))]
    words = maker.replace("\0", " ").split()
    return _RAW.get(words[0] if words else "", "of an unknown maker") if is_raw else None


def _number(data: bytes | memoryview, order: str, at: int, size: int) -> int:
    """Read an unsigned integer at an offset; 0 beyond the end of the data."""
    if at + size > len(data):
        return 0
    return int(struct.unpack_from(f"{order}{'H' if size == 2 else 'I'}", data, at)[0])
