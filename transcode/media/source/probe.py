"""Recognises the format of a source by its first bytes. File names and extensions are often wrong."""

from __future__ import annotations

from transcode.media.source import adts_file, mpeg_file
from transcode.media.source.picture_formats import PICTURE_FORMATS

__all__ = ["content_type", "describe", "is_stream"]

#: Magic numbers at fixed places: offset, octets, content type. The first that matches wins.
_MAGIC = (
    # JPEG-LS starts like JPEG, and Canon's raw files are TIFF files. Neither is supported.
    (0, b"\xff\xd8\xff\xf7", None),
    (8, b"CR\x02", None),
    *(
        (offset, octets, kind)
        for kind, picture in PICTURE_FORMATS.items()
        for offset, octets in picture.magic
    ),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR-WB\n", "audio/amr-wb"),
    (0, b"#!AMR\n", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b".RMF", "video/vnd.rn-realvideo"),
    (0, b"nut/multimedia container", "video/x-nut"),
    (0, b"DKIF", "video/x-ivf"),
    (0, b"caff", "audio/x-caf"),
    (0, b".snd", "audio/basic"),
    (0, b"riff\x2e\x91\xcf\x11", "audio/x-w64"),
    (0, b"wvpk", "audio/x-wavpack"),
    (0, b"TTA1", "audio/x-tta"),
    (0, b"MAC ", "audio/x-ape"),
    (0, b"MPCK", "audio/x-musepack"),
    (0, b"MP+", "audio/x-musepack"),
    (0, b"Creative Voice File", "audio/x-voc"),
    (0, b"\x0b\x77", "audio/ac3"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"\x1f\x07\x00", "video/dv"),
    # H.264 and H.265 without a container: parameter sets, access unit delimiters and SEI.
    (0, b"\x00\x00\x00\x01\x67", "video/h264"),
    (0, b"\x00\x00\x00\x01\x27", "video/h264"),
    (0, b"\x00\x00\x00\x01\x09", "video/h264"),
    (0, b"\x00\x00\x00\x01\x06", "video/h264"),
    (0, b"\x00\x00\x00\x01\x40\x01", "video/h265"),
    (0, b"\x00\x00\x00\x01\x46\x01", "video/h265"),
    (0, b"\x00\x00\x00\x01\x4e\x01", "video/h265"),
    (0, b"%PDF-", "application/pdf"),
    (4, b"moov", "video/quicktime"),
    (4, b"mdat", "video/quicktime"),
    (4, b"wide", "video/quicktime"),
    (4, b"free", "video/quicktime"),
    (4, b"styp", "video/mp4"),
)

#: The first octet of each packet of a transport stream (ISO/IEC 13818-1, 2.4.3.3). The lengths of a packet in
#: octets: 188 in broadcasts, 192 with the timestamps that discs add. The number of consecutive packets that
#: identifies a transport stream. A recording may start inside a packet.
_SYNC = 0x47
_TRANSPORT = (188, 192)
_IN_A_ROW = 5

#: Octets in which frames of a piece of a stream of AAC or MPEG audio are looked for: five of the largest.
_PIECE = 40_960

#: Form types of RIFF, RF64 and IFF files, at offset 8.
_RIFF = {
    b"WEBP": "image/webp",
    b"AVI ": "video/x-msvideo",
    b"WAVE": "audio/wav",
    b"QLCM": "audio/qcelp",
    b"AIFF": "audio/aiff",
    b"AIFC": "audio/aiff",
}

#: Major or compatible brands of ISO base media files (ISO/IEC 14496-12), and their content types. A file
#: without any of these brands is MP4.
_BRANDS = (
    # Raw camera files, encrypted audiobooks and DRM files of phones. None of these is supported.
    ((b"crx ", b"aax ", b"aaxc", b"odcf"), None),
    ((b"avif", b"avis"), "image/avif"),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "image/heic"),
    ((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gr6", b"3gs6", b"3ge6", b"3gg6"), "video/3gpp"),
    ((b"3g2a", b"3g2b", b"3g2c"), "video/3gpp2"),
    ((b"M4A ", b"M4B "), "audio/mp4"),
    ((b"qt  ",), "video/quicktime"),
)

_WORDS = {
    "image/avif": "an AVIF picture",
    "image/heic": "a HEIF picture",
    "application/ogg": "an Ogg file",
    "application/pdf": "a PDF document",
}


def content_type(data: bytes | memoryview) -> str | None:
    """Return the content type by the first bytes; None if the bytes match no known format."""
    head = bytes(data[:64])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[:4] in (b"RIFF", b"RF64", b"FORM"):
        return _RIFF.get(head[8:12])
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    if _is_transport(data):
        return "video/mp2t"
    # Frame headers without a container: ADTS, then MPEG audio (layer III or II).
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return "audio/mpeg"
    start = bytes(data[:_PIECE])
    if mpeg_file.begins_inside(start):
        return "audio/mpeg"
    return "audio/aac" if adts_file.begins_inside(start) else None


def is_stream(kind: str | None) -> bool:
    """Whether FFmpeg reads a content type: a clip or a recording."""
    kind = kind or ""
    return kind.startswith(("video/", "audio/")) or kind == "application/ogg"


def _is_transport(data: bytes | memoryview) -> bool:
    wanted = bytes([_SYNC] * _IN_A_ROW)
    return any(
        data[first : first + (_IN_A_ROW - 1) * step + 1 : step] == wanted
        for step in _TRANSPORT
        for first in range(step)
    )


def describe(kind: str | None) -> str:
    """Name a content type for error texts. transcode.media.source.unread names unsupported formats."""
    if kind is None:
        return "a file of an unknown format"
    if kind in _WORDS:
        return _WORDS[kind]
    major, _, minor = kind.partition("/")
    article = {"image": "a picture", "video": "a video", "audio": "a recording"}
    return f"{article.get(major, 'a file')} ({minor})"


def _brand(head: bytes) -> str | None:
    size = int.from_bytes(head[:4], "big")
    end = min(max(size, 12), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    # The major brand comes first: HEIF files may list "mp41" as a compatible brand.
    for brand in brands:
        for names, kind in _BRANDS:
            if brand in names:
                return kind
    return "video/mp4"
