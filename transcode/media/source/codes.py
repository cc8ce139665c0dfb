"""Reads codec names and encryption of tracks from the container itself.

FFmpeg names no codec that it can't decode. The container has a four-character code (ISO base media, AVI) or a
codec ID (Matroska). It also states whether a track is encrypted. A decoder would decode an encrypted track to
noise.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Literal

from transcode.errors import SourceError
from transcode.media.source import ebml
from transcode.media.source.mp4 import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcode.media.source.inputs import Input

__all__ = ["Entry", "entries", "kind_in_transport", "named"]

#: Codes of codecs and of data tracks in clips for which FFmpeg 8 has no decoder, and their usual names.
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
    "tmcd": "timecode",
    "mebx": "timed metadata",
    "mett": "timed metadata",
    "gpmd": "GoPro's metadata",
    "camm": "camera motion metadata",
    "A_QUICKTIME/QDM2": "QDesign Music",
    "stream type 0x2d": "MPEG-H 3D Audio",
    "stream type 0x2e": "MPEG-H 3D Audio",
    "stream type 0x33": "VVC",
    "stream type 0x35": "EVC",
    "descriptor 0x15": "Dolby AC-4",
}

#: The type of transport stream codes that FFmpeg treats as data streams.
_IN_TRANSPORT: dict[str, Literal["video", "audio"]] = {
    "stream type 0x2d": "audio",
    "stream type 0x2e": "audio",
    "descriptor 0x15": "audio",
    "stream type 0x33": "video",
    "stream type 0x35": "video",
}

#: Sample entries of encrypted tracks (ISO/IEC 14496-12, 8.12; Apple's FairPlay).
_ENCRYPTED = ("encv", "enca", "encm", "drms", "drmi", "drmt")

#: GUIDs of the header objects of an encrypted ASF file: simple, extended, advanced (ASF, 3.14 to 3.16).
_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("338505438169e6499b74ad12cb86d58c"),
)

#: The GUID of the header object of an ASF file, and the octets before its first object (ASF, 3.1).
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_HEAD = 30

#: Stream types of encrypted samples (SAMPLE-AES of Apple's HLS), and the types of the same streams decrypted.
_SAMPLE_AES = {0xDB: 0x1B, 0xCF: 0x0F, 0xC1: 0x81, 0xC2: 0x87}

#: The largest moov box that is read, in bytes. That of a clip of an hour has 3 MB.
_MOST_INDEX = 64 << 20

#: Octets at the beginning of an AVI, Matroska, ASF or transport stream file that are searched for tracks.
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A track in its container: its codec's code, whether it is encrypted, and the encryption scheme."""

    code: str
    is_encrypted: bool = False
    scheme: str = ""

    @property
    def words(self) -> str:
        """The codec, and the encryption scheme if the container names it."""
        return named(self.code) + (f" with {self.scheme}" if self.scheme else "")


def kind_in_transport(code: str) -> Literal["video", "audio"] | None:
    """Return the type of a transport stream code that FFmpeg treats as data; None if it is data."""
    return _IN_TRANSPORT.get(code)


def named(code: str) -> str:
    """Name a codec by its code, for reports."""
    shown = code if code.isascii() and code.isprintable() else "0x" + code.encode("latin-1", "replace").hex()
    name = _NAMES.get(code)
    return f"{shown!r}" if name is None else f"{name}, {shown!r}"


def entries(content: Input) -> dict[int, Entry]:
    """Return the tracks of a file. The result is cached in ``content.entries``.

    Returns:
        The tracks of ISO base media, transport streams and encrypted ASF by track number, which is the id of
        FFmpeg's stream; the tracks of AVI and Matroska by index, from 0. Empty for other formats and for
        damaged files.
    """
    if not content.entries:
        content.entries.append(_entries(content))
    found: dict[int, Entry] = content.entries[0]
    return found


def _entries(content: Input) -> dict[int, Entry]:
    head = bytes(content.data[:12])
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return dict(enumerate(_avi(bytes(content.data[:_HEAD]))))
    if head[:4] == b"\x1aE\xdf\xa3":
        tracks = enumerate(ebml.tracks(bytes(content.data[:_HEAD])))
        return {
            place: Entry(track.codec, track.encryption is not None, track.encryption or "")
            for place, track in tracks
        }
    if head == _ASF[:12]:
        return _asf(bytes(content.data[:_HEAD]))
    if content.content_type == "video/mp2t":
        return _scrambled(bytes(content.data[:_HEAD]))
    try:
        with content.open() as file:
            index = _index(file)
        return dict(_tracks(index))
    except (SourceError, OSError, OverflowError, struct.error):
        # The size in a box may be beyond the largest offset that seek() accepts.
        return {}


def _index(file: IO[bytes]) -> bytes:
    """Return the payload of the ``moov`` box of an ISO base media file; empty if there is none."""
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
                # The track ID follows the version, the flags and two times of four or eight octets each.
                wide = view[found.body] == 1
                (number,) = struct.unpack_from(">I", view, found.body + (20 if wide else 12))
            elif path == b"stsd":
                # Version, flags and entry count come before the first entry: its length and its code.
                code = bytes(view[found.body + 12 : found.body + 16]).decode("latin-1")
                yield number, _entry(code, bytes(view[found.body : found.end]))
            else:
                place, end = found.body, found.end


def _entry(code: str, described: bytes) -> Entry:
    """Read a sample entry; if it is encrypted, with its original format (``frma``) and scheme (``schm``)."""
    if code not in _ENCRYPTED:
        return Entry(code)
    form, scheme = described.find(b"frma"), described.find(b"schm")
    plain = described[form + 4 : form + 8].decode("latin-1") if form >= 0 else code
    how = described[scheme + 8 : scheme + 12].decode("latin-1") if scheme >= 0 else ""
    return Entry(plain, is_encrypted=True, scheme=how if how.isascii() and how.isprintable() else "")


def _asf(head: bytes) -> dict[int, Entry]:
    """Return all possible stream numbers (ASF, 3.3) as encrypted, if the header states encryption."""
    end = min(len(head), int.from_bytes(head[16:24], "little"))
    at, is_encrypted = _ASF_HEAD, False
    while at + 24 <= end and not is_encrypted:
        is_encrypted = head[at : at + 16] in _ASF_ENCRYPTION
        at += max(24, int.from_bytes(head[at + 16 : at + 24], "little"))
    numbers = range(1, 128) if is_encrypted else ()
    return {number: Entry("", is_encrypted=True, scheme="Windows Media DRM") for number in numbers}


def _packets(head: bytes) -> tuple[int, int]:
    """Return the offset of a transport stream's first packet, and the step between packets, in octets."""
    steps = ((at, step) for step in (188, 192) for at in range(step))
    places = ((at, step) for at, step in steps if head[at : at + 4 * step + 1 : step] == b"G" * 5)
    return next(places, (len(head), 188))


def _scrambled(head: bytes) -> dict[int, Entry]:
    """Return the elementary streams; those with most of their payloads scrambled are encrypted (2.4.3.3)."""
    found = dict(_transport(head))
    first, step = _packets(head)
    marks = head[first + 3 :: step]
    if not any(mark & 0x80 for mark in marks):
        return found
    total: Counter[int] = Counter()
    locked: Counter[int] = Counter()
    for place, mark in enumerate(marks):
        at = first + place * step
        number = int.from_bytes(head[at + 1 : at + 3], "big") & 0x1FFF
        total[number] += bool(mark & 0x10)
        locked[number] += bool(mark & 0x10 and mark & 0x80)
    return {
        number: replace(entry, is_encrypted=True, scheme="scrambling")
        if 2 * locked[number] > total[number]
        else entry
        for number, entry in found.items()
    }


def _transport(head: bytes) -> Iterator[tuple[int, Entry]]:
    """Yield the elementary streams of the first program map table (ISO/IEC 13818-1, 2.4.4.8).

    The table is read only if it is complete in one packet.
    """
    tables: set[int] = set()
    first, step = _packets(head)
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
            # Each entry has the program number and the PID of its program map table.
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
    """Name a stream by its type, or a private one by DVB's extension descriptor (ETSI EN 300 468, 6.4)."""
    if kind in _SAMPLE_AES:
        return Entry(f"stream type 0x{_SAMPLE_AES[kind]:02x}", is_encrypted=True, scheme="SAMPLE-AES")
    if kind == 0x06 and descriptors[:1] == b"\x7f" and len(descriptors) > 2:
        return Entry(f"descriptor 0x{descriptors[2]:02x}")
    return Entry(f"stream type 0x{kind:02x}")


def _avi(head: bytes) -> Iterator[Entry]:
    """Yield the streams of an AVI file, by their headers (``strh``) and formats (``strf``)."""
    at = head.find(b"strh")
    while 0 <= at < len(head) - 12:
        form = head.find(b"strf", at)
        if form < 0:
            return
        is_video = head[at + 8 : at + 12] == b"vids"
        code = head[form + 24 : form + 28] if is_video else head[form + 8 : form + 10]
        yield Entry(code.decode("latin-1") if is_video else f"0x{int.from_bytes(code, 'little'):04x}")
        at = head.find(b"strh", form)
