"""Tracks that no decoder is there for are named by their codes, and encrypted ones are told."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

import transcode
from tests.made import clips
from tests.made.sounds import container, sine
from tests.media.source.test_tracks import CLIP, STILL, several
from transcode.errors import UnsupportedError
from transcode.media.sound import audio
from transcode.media.source import codes, ebml
from transcode.media.source.container import open_container
from transcode.media.source.inputs import Input, read
from transcode.media.source.mp4 import fast_start

LIMITS = transcode.Limits(60_000)

#: Key and its number, as FFmpeg's muxer takes them.
ENCRYPTION = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


def clip(form: str = "mp4", codec: str = "libx264", **muxer: str) -> bytes:
    made = clips.clip(seconds=1.0, rate=10, sound=sine(1.0), form=form, codec=codec, muxer=muxer)
    return bytes(made.data)


def recoded(data: bytes, *codes_of: tuple[bytes, bytes]) -> bytes:
    """The same with other codes in its sample entries, and no description of AAC."""
    for old, new in codes_of:
        assert data.count(old) == 1
        data = data.replace(old, new)
    return data.replace(b"esds", b"free")


ENTRY = b"\0\0\0\0\0\0\0\x01"
PICTURES = (b"avc1" + ENTRY, b"vvx1" + ENTRY)
SOUND = (b"mp4a" + ENTRY, b"ac-4" + ENTRY)


def told(rendition: transcode.Rendition) -> dict[str, str]:
    return {note.code: note.text for note in rendition.report.notes}


def test_entries() -> None:
    """Codes are those of each track by its number, wherever the index stands."""
    expected = {1: codes.Entry("avc1"), 2: codes.Entry("mp4a")}
    assert codes.entries(Input("a", clip())) == expected
    assert codes.entries(Input("a", fast_start(clip()))) == expected
    assert codes.entries(Input("a", clip(movflags="frag_keyframe+empty_moov"))) == expected
    assert codes.entries(Input("a", clip("matroska"))) == {
        0: codes.Entry("V_MPEG4/ISO/AVC"),
        1: codes.Entry("A_AAC"),
    }
    silent = bytes(clips.clip(seconds=0.4, form="avi", codec="mpeg4").data)
    assert codes.entries(Input("a", silent)) == {0: codes.Entry("FMP4")}
    flow = {256: codes.Entry("stream type 0x1b"), 257: codes.Entry("stream type 0x0f")}
    assert codes.entries(Input("a", clip("mpegts"))) == flow
    assert codes.entries(Input("a", clip("mpegts", mpegts_m2ts_mode="1"))) != {}


def test_sound_is_named() -> None:
    """A clip whose sound can't be decoded says so with the codec."""
    made = transcode.fit(recoded(clip(), SOUND), LIMITS)
    assert made.content_type == "video/mp4"
    assert told(made)["sound-dropped"] == "its sound can't be decoded (Dolby AC-4, 'ac-4')"
    assert "tracks-dropped" not in told(made)


def test_pictures_are_named() -> None:
    """A clip whose pictures can't be decoded leaves as its sound, and says so."""
    data = clip().replace(*PICTURES)
    made = transcode.fit(data, LIMITS)
    assert made.content_type.startswith("audio/")
    assert "'vvx1'" in told(made)["pictures-dropped"]


def test_nothing_is_left() -> None:
    """Where neither can be decoded the error names both."""
    words = r"its pictures \('vvx1'\) and its sound \(Dolby AC-4, 'ac-4'\) can't be decoded"
    with pytest.raises(UnsupportedError, match=words):
        transcode.fit(recoded(clip(), PICTURES, SOUND), LIMITS)


def test_avi_and_matroska() -> None:
    """Their codes are four characters or a number, and words."""
    moving = bytes(clips.clip(seconds=0.4, form="avi", codec="mpeg4").data)
    with pytest.raises(UnsupportedError, match=r"its pictures \('ZZZ4'\) can't be decoded"):
        transcode.fit(moving.replace(b"FMP4", b"ZZZ4"), LIMITS)
    made = transcode.fit(clip("matroska").replace(b"A_AAC", b"A_ZZC"), LIMITS)
    assert "'A_ZZC'" in told(made)["sound-dropped"]
    sound = bytes(container(sine(0.4), form="avi", codec="libmp3lame").data)
    with pytest.raises(UnsupportedError, match=r"its sound \('0x3777'\) can't be decoded"):
        transcode.fit(sound.replace(b"strf\x1e\0\0\0\x55\0", b"strf\x1e\0\0\0\x77\x37"), LIMITS)


def crc(octets: bytes) -> bytes:
    """The check of a section (ISO/IEC 13818-1, annex A)."""
    value = 0xFFFFFFFF
    for octet in octets:
        value ^= octet << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("kind", "descriptors", "words"),
    [(0x2D, b"", "MPEG-H 3D Audio"), (0x06, b"\x7f\x02\x15\x00", "Dolby AC-4")],
)
def test_transport_streams(kind: int, descriptors: bytes, words: str) -> None:
    """A table of programs says what a stream is, by its type or by a descriptor."""
    data = clip("mpegts")
    at = data.index(b"\x02\xb0")
    length = int.from_bytes(data[at + 1 : at + 3], "big") & 0xFFF
    head, old = data[at : at + 3], data[at + 3 : at + 3 + length - 4]
    entry = old.index(b"\x0f\xe1\x01")
    new = old[:entry] + bytes([kind]) + b"\xe1\x01" + bytes([0xF0, len(descriptors)]) + descriptors
    section = head[:1] + (0xB000 | len(new) + 4).to_bytes(2, "big") + new
    section += crc(section)
    whole = data[at : at + 3 + length]
    section = section.ljust(len(whole), b"\xff")
    assert len(section) >= len(whole)
    extra = len(section) - len(whole)
    # Without its marks FFmpeg does not take it for AAC.
    made = data.replace(whole + b"\xff" * extra, section).replace(b"\xff\xf1", b"\x11\x13")
    assert codes.named(codes.entries(Input("a", made))[257].code).startswith(words)
    assert words in str(told(transcode.fit(made, LIMITS)))


@pytest.mark.parametrize("sound", [True, False])
def test_encrypted(sound: bool) -> None:
    """Encrypted tracks are refused before a decoder makes noise of them."""
    heard = sine(1.0) if sound else None
    made = clips.clip(seconds=1.0, rate=10, sound=heard, muxer=ENCRYPTION)
    words = r"its pictures are encrypted \(DRM: 'avc1' with cenc\): decoding"
    if sound:
        words = r"its pictures and sound are encrypted \(DRM: 'avc1' with cenc; 'mp4a' with cenc\): decoding"
    with pytest.raises(UnsupportedError, match=words):
        transcode.fit(bytes(made.data), LIMITS)
    entry = codes.entries(made)[1]
    assert entry == codes.Entry("avc1", is_encrypted=True, scheme="cenc")


def two_sounds(*, locked: int) -> bytes:
    """A clip with two streams of sound, the first of them on by default; one of these is encrypted."""
    file = io.BytesIO()
    with av.open(io.BytesIO(clip()), "r") as source, av.open(file, "w", format="mp4") as made:
        pictures, sound = source.streams.video[0], source.streams.audio[0]
        tracks: dict[int, list[Any]] = {
            pictures.index: [made.add_stream_from_template(pictures)],
            sound.index: [made.add_stream_from_template(sound) for _ in range(2)],
        }
        for packet in source.demux(pictures, sound):
            if packet.size:
                for track in tracks[packet.stream.index]:
                    packet.stream = track
                    made.mux_one(packet)
    data = file.getvalue()
    entry = b"mp4a" + ENTRY
    at = data.index(entry)
    at = data.index(entry, at + 1) if locked else at
    return data[:at] + b"enca" + data[at + 4 :]


def test_a_further_track_that_is_encrypted() -> None:
    """It is left out and named once; what a player would choose is refused."""
    made = transcode.fit(two_sounds(locked=1), LIMITS)
    assert told(made)["tracks-undecoded"] == "further audio tracks can't be decoded ('enca', encrypted)"
    assert "tracks-dropped" not in told(made)
    with av.open(io.BytesIO(made.data), "r") as shown:
        assert [stream.type for stream in shown.streams] == ["video", "audio"]
    with pytest.raises(UnsupportedError, match="its sound is encrypted"):
        transcode.fit(two_sounds(locked=0), LIMITS)


@pytest.mark.parametrize("first", [True, False], ids=["clip-still", "still-clip"])
def test_a_still_beside_a_clip_that_is_encrypted(first: bool) -> None:
    """What is encrypted is the clip, wherever it stands; a still that is encrypted costs nothing."""
    tracks = [CLIP, STILL] if first else [STILL, CLIP]
    data = bytes(several(*tracks).data)
    entry = b"avc1" + ENTRY
    places = [data.index(entry), data.rindex(entry)]
    clip, still = places if first else places[::-1]
    locked = data[:clip] + b"encv" + data[clip + 4 :]
    with pytest.raises(UnsupportedError, match=r"its pictures are encrypted \(DRM: 'encv'\)"):
        transcode.fit(locked, LIMITS)
    made = transcode.fit(data[:still] + b"encv" + data[still + 4 :], LIMITS)
    assert (made.width, made.height) == CLIP[:2]
    assert told(made)["tracks-undecoded"] == "further video tracks can't be decoded ('encv', encrypted)"


def element(number: int, body: bytes) -> bytes:
    """An element of EBML whose length has eight octets."""
    return (
        number.to_bytes((number.bit_length() + 7) // 8, "big")
        + (1 << 56 | len(body)).to_bytes(8, "big")
        + body
    )


#: What encrypts a track by AES in counter mode.
ENCODINGS = element(
    0x6D80,
    element(
        0x6240,
        element(0x5033, b"\1")
        + element(0x5035, element(0x47E1, b"\5") + element(0x47E7, element(0x47E8, b"\1"))),
    ),
)


#: What the muxer of Matroska is told: nothing is written that depends on lengths.
RECORDED = {"live": "1", "write_crc32": "0"}


def encrypted_tracks(data: bytes, *places: int) -> bytes:
    """A Matroska file as it is recorded, whose segment has no length, with encryption told of some tracks."""
    # The list of what is where, of 43 octets, would be wrong: a gap of 46.
    assert data.count(b"\x11\x4d\x9b\x74\xab") == 1
    data = data.replace(b"\x11\x4d\x9b\x74\xab", b"\xec\xae\0\0\0")
    # Behind the list of what is where, before the first cluster.
    at = data.rindex(b"\x16\x54\xae\x6b", 0, data.index(b"\x1f\x43\xb6\x75"))
    head = ebml._head(memoryview(data), at)
    assert head is not None
    _, begin, end = head
    made, count = b"", 0
    while begin < end:
        child = ebml._head(memoryview(data), begin)
        assert child is not None
        number, body, begin = child
        extra = ENCODINGS if number == 0xAE and count in places else b""
        count += number == 0xAE
        made += element(number, data[body:begin] + extra)
    return data[:at] + element(0x1654AE6B, made) + data[end:]


def test_encrypted_matroska() -> None:
    """A track whose encodings encrypt it is refused; that of a further track costs nothing."""
    data = clip("matroska", **RECORDED)
    words = r"its pictures are encrypted \(DRM: 'V_MPEG4/ISO/AVC' with AES-CTR\)"
    with pytest.raises(UnsupportedError, match=words):
        transcode.fit(encrypted_tracks(data, 0), LIMITS)
    with pytest.raises(UnsupportedError, match="its pictures and sound are encrypted"):
        transcode.fit(encrypted_tracks(data, 0, 1), LIMITS)
    assert transcode.fit(encrypted_tracks(data), LIMITS).content_type == "video/mp4"
    beside = bytes(several(CLIP, STILL, form="matroska", **RECORDED).data)
    made = transcode.fit(encrypted_tracks(beside, 1), LIMITS)
    words = "further video tracks can't be decoded ('V_MPEG4/ISO/AVC' with AES-CTR, encrypted)"
    assert told(made)["tracks-undecoded"] == words


def scrambled(data: bytes, *numbers: int) -> bytes:
    """A transport stream of which packets of these numbers are marked as scrambled, and not readable."""
    made = bytearray(data)
    for at in range(0, len(made), 188):
        if int.from_bytes(made[at + 1 : at + 3], "big") & 0x1FFF in numbers and made[at + 3] & 0x10:
            made[at + 3] |= 0x80
            begin = at + 4 + (1 + made[at + 4] if made[at + 3] & 0x20 else 0)
            made[begin : at + 188] = bytes(octet ^ 0xA5 for octet in made[begin : at + 188])
    return bytes(made)


def test_scrambled_transport_streams() -> None:
    """What a receiver recorded without its card; or with encrypted samples, which the table says."""
    data = clip("mpegts")
    with pytest.raises(
        UnsupportedError, match=r"its pictures are encrypted \(DRM: 'stream type 0x1b' with scr"
    ):
        transcode.fit(scrambled(data, 256), LIMITS)
    with pytest.raises(UnsupportedError, match="its pictures and sound are encrypted"):
        transcode.fit(scrambled(data, 256, 257), LIMITS)
    found = codes._elementary(0xDB, b"")
    assert found == codes.Entry("stream type 0x1b", is_encrypted=True, scheme="SAMPLE-AES")


def test_windows_media_with_drm() -> None:
    """The header has an object that says so, of all streams."""
    data = clip("asf", "msmpeg4")
    assert transcode.fit(data, LIMITS).content_type == "video/mp4"
    parts = b"".join(
        struct.pack("<I", len(part)) + part for part in (b"secret", b"DRM\0", b"key\0", b"http://a\0")
    )
    number = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    extra = number + struct.pack("<Q", 24 + len(parts)) + parts
    size, count = struct.unpack_from("<QI", data, 16)
    head = data[:16] + struct.pack("<QI", size + len(extra), count + 1) + data[28:30]
    words = r"its pictures and sound are encrypted \(DRM: 'msmpeg4v3' with Windows Media DRM; 'aac' with"
    with pytest.raises(UnsupportedError, match=words):
        transcode.fit(head + extra + data[30:], LIMITS)


def test_an_index_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is read once, also if the source is opened several times."""
    content = Input("a", clip())
    assert codes.entries(content)
    monkeypatch.setattr(codes, "boxes", None)
    with open_container(content), open_container(content):
        assert codes.entries(content)[1].code == "avc1"


@pytest.mark.parametrize("cut", [4, 40, 300, 700])
def test_damaged_index(cut: int) -> None:
    """An index that ends early tells what stands before its end, or nothing."""
    data = fast_start(clip())
    assert set(codes.entries(Input("a", data[:cut]))) <= {1}
    looped = data[: data.index(b"moov") - 4] + b"\0\0\0\0moov"
    assert codes.entries(Input("a", looped)) == {}


def test_codes_without_letters() -> None:
    """A code that is not made of letters is shown as a number."""
    assert codes.named("\0\x01\xff\x02") == "'0x0001ff02'"
    assert codes.named("mhm1") == "MPEG-H 3D Audio, 'mhm1'"


def test_real_files(shared: Path) -> None:
    """Apple's spatial sound, and MPEG-H, also where the sound alone is asked for."""
    cases = shared / "cases"
    with pytest.raises(UnsupportedError, match=r"no sound that can be decoded: MPEG-H 3D Audio"):
        audio.decode(read(cases / "sample_mpegh_mhm1.mp4"))
    made = transcode.fit(cases / "apac_only.mov", LIMITS, max_seconds=1.0)
    assert told(made)["sound-dropped"] == "its sound can't be decoded (Apple Positional Audio, 'apac')"
    made = transcode.fit(cases / "right" / "apac_first.mov", LIMITS, max_seconds=1.0)
    assert "'apac'" in told(made)["tracks-undecoded"]
    assert "sound-dropped" not in told(made)
    with pytest.raises(UnsupportedError, match=r"its sound \(MPEG-H 3D Audio, 'mhm1'\) can't be decoded"):
        transcode.fit(cases / "sample_mpegh_mhm1.mp4", LIMITS)


def test_a_long_clip_is_read_from_its_file(tmp_path: Path) -> None:
    """The index behind the part that is held is found."""
    path = tmp_path / "long.mp4"
    data = clip()
    path.write_bytes(data)
    held = Input(str(path), data[:100])
    content = replace(held, path=path, rest=len(data) - 100)
    assert codes.entries(content) == {1: codes.Entry("avc1"), 2: codes.Entry("mp4a")}
    with open_container(content) as found:
        assert len(found.streams) == 2


def test_a_box_larger_than_any_file() -> None:
    """Its 64-bit size leads to no place: nothing is told of the tracks, and nothing is raised."""
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1)
    assert codes.entries(read(data)) == {}
