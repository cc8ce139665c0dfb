"""What the tracks of a file are coded in, where FFmpeg has no decoder and so no name for it.

The container itself says it, by a four-character code (ISO base media, AVI) or a word (Matroska). Whether a
track is encrypted stands there too: a decoder would make noise of it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from transcode.errors import SourceError
from transcode.media import probe
from transcode.media.mp4 import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.media.source import Content

__all__ = ["Entry", "entries", "kind_in_transport", "named"]

#: Codes of codecs that are met in clips and have no decoder in FFmpeg 8, and what people call them.
_NAMES = {
    "apac": "Apple Positional Audio",
    "ac-4": "Dolby AC-4",
    "mha1": "MPEG-H 3D Audio",
    "mha2": "MPEG-H 3D Audio",
    "mhm1": "MPEG-H 3D Audio",
    "mhm2": "MPEG-H 3D Audio",
    "dtsx": "DTS:X",
    "dtsy": "DTS:X",
    "evc1": "EVC",
    "lvc1": "LCEVC",
    "mjp2": "Motion JPEG 2000",
    "av2c": "AV2",
    "spex": "Speex in MP4",
    "A_QUICKTIME/QDM2": "QDesign Music",
    "stream type 0x2d": "MPEG-H 3D Audio",
    "stream type 0x2e": "MPEG-H 3D Audio",
    "stream type 0x33": "VVC",
    "stream type 0x35": "EVC",
    "descriptor 0x15": "Dolby AC-4",
}

#: Of streams that FFmpeg takes for data: what a transport stream says that they are.
_IN_TRANSPORT: dict[str, Literal["video", "audio"]] = {
    "stream type 0x2d": "audio",
    "stream type 0x2e": "audio",
    "descriptor 0x15": "audio",
    "stream type 0x33": "video",
    "stream type 0x35": "video",
}

#: Sample entries of encrypted tracks (ISO/IEC 14496-12, 8.12; Apple's FairPlay).
_ENCRYPTED = ("encv", "enca", "encm", "drms", "drmi", "drmt")

#: The largest index that is read, in bytes: an hour of clip has 3 MB.
_MOST_INDEX = 64 << 20

#: Octets of an AVI or Matroska file in which its tracks are told.
_HEAD = 1 << 20

#: The word for a codec in a Matroska file: an element's number, its length, and the word itself.
_MATROSKA = re.compile(rb"\x86([\x81-\xbf])([ADSV]_[A-Z0-9_/]{2,62})")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a container says of a track: its code or word, and whether it is encrypted."""

    code: str
    is_encrypted: bool = False


def kind_in_transport(code: str) -> Literal["video", "audio"] | None:
    """Whether what FFmpeg takes for data is pictures or sound, by what a transport stream says of it."""
    return _IN_TRANSPORT.get(code)


def named(code: str) -> str:
    """A codec in words, by its code."""
    shown = code if code.isascii() and code.isprintable() else "0x" + code.encode("latin-1", "replace").hex()
    name = _NAMES.get(code)
    return f"{shown!r}" if name is None else f"{name}, {shown!r}"


def entries(content: Content) -> dict[int, Entry]:
    """The tracks of a file, which are read once.

    Returns:
        For ISO base media and transport streams by the track's number, which is the id of FFmpeg's stream;
        for AVI and Matroska by their place, from 0. Empty for others, and where the file is broken.
    """
    if not content.entries:
        content.entries.append(_entries(content))
    found: dict[int, Entry] = content.entries[0]
    return found


def _entries(content: Content) -> dict[int, Entry]:
    head = bytes(content.data[:12])
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return dict(enumerate(_avi(bytes(content.data[:_HEAD]))))
    if head[:4] == b"\x1aE\xdf\xa3":
        found = _MATROSKA.findall(bytes(content.data[:_HEAD]))
        words = (word[: length[0] & 0x7F].decode("ascii") for length, word in found)
        return {place: Entry(word) for place, word in enumerate(words)}
    if probe.content_type(content.data) == "video/mp2t":
        return dict(_transport(bytes(content.data[:_HEAD])))
    try:
        with content.open() as file:
            index = _index(file)
        return dict(_tracks(index))
    except (SourceError, OSError, OverflowError, struct.error):
        # A box may claim more octets than any file can be sought in.
        return {}


def _index(file: IO[bytes]) -> bytes:
    """The ``moov`` box of an ISO base media file, without its header; nothing where there is none."""
    at = 0
    for _ in range(1_000):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        size, kind = struct.unpack_from(">I4s", head)
        begin = 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
            begin = 16
        if kind == b"moov":
            length = _MOST_INDEX if size == 0 else min(size - begin, _MOST_INDEX)
            file.seek(at + begin)
            return file.read(max(length, 0))
        if size < begin:
            break
        at += size
    return b""


def _tracks(index: bytes) -> Iterator[tuple[int, Entry]]:
    view = memoryview(index)
    for trak in boxes(view, 0, len(view), name="moov"):
        if trak.kind != b"trak":
            continue
        number, place, end = 0, trak.body, trak.end
        for path in (b"tkhd", b"mdia", b"minf", b"stbl", b"stsd"):
            found = next((box for box in boxes(view, place, end, name="trak") if box.kind == path), None)
            if found is None:
                break
            if path == b"tkhd":
                # Behind the version, the flags and two times, which have four or eight octets each.
                wide = view[found.body] == 1
                (number,) = struct.unpack_from(">I", view, found.body + (20 if wide else 12))
            elif path == b"stsd":
                # Version, flags, count; then the first entry: its length and its code.
                code = bytes(view[found.body + 12 : found.body + 16]).decode("latin-1")
                yield number, _entry(code, bytes(view[found.body : found.end]))
            else:
                place, end = found.body, found.end


def _entry(code: str, described: bytes) -> Entry:
    """A sample entry; of an encrypted one the format that it has without (``frma``)."""
    if code not in _ENCRYPTED:
        return Entry(code)
    at = described.find(b"frma")
    return Entry(described[at + 4 : at + 8].decode("latin-1") if at >= 0 else code, is_encrypted=True)


def _transport(head: bytes) -> Iterator[tuple[int, Entry]]:
    """Elementary streams by the first table of programs (ISO/IEC 13818-1, 2.4.4.8), whole in one packet."""
    tables: set[int] = set()
    steps = ((at, step) for step in (188, 192) for at in range(step))
    places = ((at, step) for at, step in steps if head[at : at + 4 * step + 1 : step] == b"G" * 5)
    first, step = next(places, (len(head), 188))
    for at in range(first, len(head) - 188, step):
        packet = head[at : at + 188]
        number = int.from_bytes(packet[1:3], "big") & 0x1FFF
        begins, has_field = packet[1] & 0x40, packet[3] & 0x20
        if packet[0] != 0x47 or not begins or (number and number not in tables):
            continue
        section = packet[4 + (1 + packet[4] if has_field else 0) :]
        section = section[1 + section[0] :] if section else b""
        length = int.from_bytes(section[1:3], "big") & 0x0FFF
        body = section[8 : 3 + length - 4]
        if not number:
            # Each program's number, and that of its table.
            tables |= {
                int.from_bytes(body[p + 2 : p + 4], "big") & 0x1FFF for p in range(0, len(body) - 3, 4)
            }
            continue
        place = 4 + (int.from_bytes(body[2:4], "big") & 0x0FFF)
        while place + 5 <= len(body):
            told = int.from_bytes(body[place + 3 : place + 5], "big") & 0x0FFF
            descriptors = body[place + 5 : place + 5 + told]
            yield (
                int.from_bytes(body[place + 1 : place + 3], "big") & 0x1FFF,
                _elementary(body[place], descriptors),
            )
            place += 5 + told
        return


def _elementary(kind: int, descriptors: bytes) -> Entry:
    """A stream's type; private ones are told by DVB's extension descriptor (ETSI EN 300 468, 6.4)."""
    if kind == 0x06 and descriptors[:1] == b"\x7f" and len(descriptors) > 2:
        return Entry(f"descriptor 0x{descriptors[2]:02x}")
    return Entry(f"stream type 0x{kind:02x}")


def _avi(head: bytes) -> Iterator[Entry]:
    """Streams by their headers (``strh``) and formats (``strf``)."""
    at = head.find(b"strh")
    while 0 <= at < len(head) - 12:
        form = head.find(b"strf", at)
        if form < 0:
            return
        is_video = head[at + 8 : at + 12] == b"vids"
        code = head[form + 24 : form + 28] if is_video else head[form + 8 : form + 10]
        yield Entry(code.decode("latin-1") if is_video else f"0x{int.from_bytes(code, 'little'):04x}")
        at = head.find(b"strh", form)
