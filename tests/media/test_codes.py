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
from tests.media import clips
from tests.media.sounds import container, sine
from transcode.errors import UnsupportedError
from transcode.media import audio, codes
from transcode.media.container import open_container
from transcode.media.mp4 import fast_start
from transcode.media.source import Content, read

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
    assert codes.entries(Content("a", clip())) == expected
    assert codes.entries(Content("a", fast_start(clip()))) == expected
    assert codes.entries(Content("a", clip(movflags="frag_keyframe+empty_moov"))) == expected
    assert codes.entries(Content("a", clip("matroska"))) == {
        0: codes.Entry("V_MPEG4/ISO/AVC"),
        1: codes.Entry("A_AAC"),
    }
    silent = bytes(clips.clip(seconds=0.4, form="avi", codec="mpeg4").data)
    assert codes.entries(Content("a", silent)) == {0: codes.Entry("FMP4")}
    flow = {256: codes.Entry("stream type 0x1b"), 257: codes.Entry("stream type 0x0f")}
    assert codes.entries(Content("a", clip("mpegts"))) == flow
    assert codes.entries(Content("a", clip("mpegts", mpegts_m2ts_mode="1"))) != {}


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
    assert codes.named(codes.entries(Content("a", made))[257].code).startswith(words)
    assert words in str(told(transcode.fit(made, LIMITS)))


@pytest.mark.parametrize("sound", [True, False])
def test_encrypted(sound: bool) -> None:
    """Encrypted tracks are refused before a decoder makes noise of them."""
    heard = sine(1.0) if sound else None
    made = clips.clip(seconds=1.0, rate=10, sound=heard, muxer=ENCRYPTION)
    words = "its pictures and sound are encrypted" if sound else "its pictures are encrypted"
    with pytest.raises(UnsupportedError, match=words):
        transcode.fit(bytes(made.data), LIMITS)
    entry = codes.entries(made)[1]
    assert entry == codes.Entry("avc1", is_encrypted=True)


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
    assert told(made)["tracks-undecoded"] == "further sound can't be decoded ('enca', encrypted)"
    assert "tracks-dropped" not in told(made)
    with av.open(io.BytesIO(made.data), "r") as shown:
        assert [stream.type for stream in shown.streams] == ["video", "audio"]
    with pytest.raises(UnsupportedError, match="its sound is encrypted"):
        transcode.fit(two_sounds(locked=0), LIMITS)


def test_an_index_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a source is opened."""
    content = Content("a", clip())
    assert codes.entries(content)
    monkeypatch.setattr(codes, "boxes", None)
    with open_container(content), open_container(content):
        assert codes.entries(content)[1].code == "avc1"


@pytest.mark.parametrize("cut", [4, 40, 300, 700])
def test_damaged_index(cut: int) -> None:
    """An index that ends early tells what stands before its end, or nothing."""
    data = fast_start(clip())
    assert set(codes.entries(Content("a", data[:cut]))) <= {1}
    looped = data[: data.index(b"moov") - 4] + b"\0\0\0\0moov"
    assert codes.entries(Content("a", looped)) == {}


def test_codes_without_letters() -> None:
    """A code that is not made of letters is shown as a number."""
    assert codes.named("\0\x01\xff\x02") == "'0x0001ff02'"
    assert codes.named("mhm1") == "MPEG-H 3D Audio, 'mhm1'"


def test_real_files(shared: Path) -> None:
    """Apple's spatial sound, and MPEG-H, also where the sound alone is asked for."""
    cases = shared / "cases"
    with pytest.raises(UnsupportedError, match=r"no sound in it that can be decoded: it is MPEG-H 3D Audio"):
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
    held = Content(str(path), data[:100])
    content = replace(held, path=path, rest=len(data) - 100)
    assert codes.entries(content) == {1: codes.Entry("avc1"), 2: codes.Entry("mp4a")}
    with open_container(content) as found:
        assert len(found.streams) == 2


def test_a_box_larger_than_any_file() -> None:
    """Its 64-bit size leads to no place: nothing is told of the tracks, and nothing is raised."""
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1)
    assert codes.entries(read(data)) == {}
