"""Recordings that leave as they came: the same samples, no tags, in a container that is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

import transcode
from tests.made.sounds import container, played, probed, sine
from transcode.media.sound import mpeg_frames
from transcode.media.sound.audio import decode
from transcode.media.sound.audio_copy import copied
from transcode.media.source import mpeg_file, probe
from transcode.media.source.container import open_container
from transcode.media.source.inputs import Input, read

CORPUS = [
    ("aac_adts_16s.aac", "audio/mp4"),
    ("aac_adts_16s.aac", "audio/aac"),
    ("amr_in_3gp.3gp", "audio/3gpp"),
    ("amr_in_3gp.3gp", "audio/amr"),
    ("podcast_chapters_art.m4a", "audio/mp4"),
    ("podcast.m4a", "audio/3gpp"),
    ("sample_nb.amr", "audio/amr"),
    ("sample_nb.amr", "audio/3gpp"),
    ("id3_art_vbr.mp3", "audio/mpeg"),
    ("vbr44stereo.mp3", "audio/mpeg"),
]


def frames(content: Input) -> bytes:
    """The coded frames of a recording; those of an ADTS stream without their headers."""
    with open_container(content) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
    is_adts = probe.content_type(content.data) == "audio/aac"
    # Seven octets, and no check sum, in what the tests have.
    return b"".join(packet[7:] if is_adts else packet for packet in packets)


@pytest.mark.parametrize(("name", "content_type"), CORPUS)
def test_the_sound_is_the_same(name: str, content_type: str, shared: Path, tmp_path: Path) -> None:
    """A copy has each coded octet, plays to its end, is as long as it was, and has no tags."""
    content = read(shared / "media" / "audio" / name)
    copy = copied(content, [content_type])
    assert copy is not None
    assert copy.content_type == content_type
    made = Input("copy", copy.data)
    # The frame that says how many there are is a frame to some readers, and none to others.
    assert frames(made) in frames(content)
    assert len(frames(content)) - len(frames(made)) < 1000
    before, after = decode(content).pcm, decode(made).pcm
    assert after.seconds == pytest.approx(before.seconds, abs=0.03)
    played(copy.data, tmp_path)
    tags = probed(copy.data, tmp_path)["tags"] if content_type == "audio/mp4" else {}
    assert not {"title", "artist", "album", "comment"} & {key.lower() for key in tags}


def test_what_is_left_out_is_said(shared: Path) -> None:
    """Tags and pictures are named; a file that is sound alone passes byte for byte."""
    folder = shared / "media" / "audio"
    art = copied(read(folder / "id3_art_vbr.mp3"), ["audio/mpeg"])
    assert art is not None
    assert [note.text for note in art.notes] == ["dropped: tags, chapters, streams other than the sound"]
    assert probe.content_type(art.data) == "audio/mpeg"
    assert b"ID3" not in art.data
    plain = read(folder / "sample_nb.amr")
    same = copied(plain, ["audio/mpeg", "audio/3gpp", "audio/amr"])
    assert same is not None
    assert (same.data, same.content_type, same.notes) == (plain.data, "audio/amr", ())
    rewrapped = copied(plain, ["audio/mpeg", "audio/3gpp"])
    assert rewrapped is not None
    assert [note.code for note in rewrapped.notes] == ["rewrapped"]


def tagged(sound: bytes, *, before: bytes = b"", behind: bytes = b"") -> Input:
    return Input("tagged.mp3", before + sound + behind)


def test_tags_around_mpeg_audio(shared: Path) -> None:
    """A copy has no ID3v2 (repeated, padded, with a footer), no ID3v1, no APEv2 with or without header."""
    sound = bytes(read(shared / "media" / "audio" / "vbr44stereo.mp3").data)
    id3 = b"ID3\x04\x00\x00" + bytes((0, 0, 1, 3)) + b"x" * 131
    footed = b"ID3\x04\x00\x10" + bytes((0, 0, 0, 4)) + b"yyyy" + b"3DI\x04\x00\x10" + bytes((0, 0, 0, 4))
    v1 = b"TAG" + b" " * 125
    items = b"z" * 20
    foot = b"APETAGEX" + (2000).to_bytes(4, "little") + (52).to_bytes(4, "little") + bytes(4)
    ape = items + foot + bytes(12)
    headed = foot + bytes(12) + items + foot + b"\x00\x00\x00\x80" + bytes(8)
    for before, behind in ((id3, b""), (id3 + footed, v1), (id3 + bytes(40), ape + v1), (b"", headed)):
        copy = copied(tagged(sound, before=before, behind=behind), ["audio/mpeg"])
        assert copy is not None
        assert copy.data == sound


def test_what_is_between_frames_of_mpeg_audio() -> None:
    """Joined recordings, with tags in the middle, and octets that are no frame: every frame stays."""
    made = [bytes(container(sine(0.5, hertz=one), form="mp3", codec="libmp3lame").data) for one in (440, 880)]
    first, second = (one[len(one) - len(bare(one)) :] for one in made)
    picture = b"ID3\x04\x00\x00" + bytes((0, 0, 1, 3)) + b"\xff\xfb\x52\xc4" * 32 + b"xxx"
    junk = (b"", picture, b"TAG" + bytes(125) + picture, b"\xff\xfb\xf2 is no frame \xff")
    for between in junk:
        found = copied(Input("joined.mp3", first + between + second), ["audio/mpeg"])
        assert found is not None
        assert found.data == first + second
        assert [note.code for note in found.notes] == ["metadata-dropped"] * bool(between)
    half = len(made[0]) // 2
    middle = made[0][:half] + b"\0" + made[0][half:]
    found = copied(Input("damaged.mp3", middle), ["audio/mpeg"])
    assert found is not None
    assert len(found.data) > 0.8 * len(first)


@pytest.mark.parametrize("form", ["matroska", "mp4", "avi", "wav"])
def test_mpeg_audio_in_a_container(form: str) -> None:
    """Its frames are those that the container has, without what stands between them, whole or cut."""
    source = container(sine(2.0, 44_100), 44_100, form=form, codec="libmp3lame")
    whole, part = (copied(source, ["audio/mpeg"], window=window) for window in (None, (0.0, 1.0)))
    assert whole is not None
    assert part is not None
    assert frames(source) == whole.data
    assert part.data == whole.data[: len(part.data)]
    assert decode(Input("whole", whole.data)).pcm.seconds == pytest.approx(2.0, abs=0.06)
    assert part.seconds == pytest.approx(1.0, abs=0.03)


def test_two_frames_of_mpeg_audio() -> None:
    """Too few for others to know it for MPEG audio: re-encoded, and then they can open it."""
    data = bare(bytes(container(sine(0.5, 44_100), 44_100, form="mp3", codec="libmp3lame").data))
    # The frame that tells the length, one of sound, and most of another.
    begins = [place for place in range(len(data)) if data[place : place + 2] == data[:2]]
    short = data[: begins[3] - 20]
    assert copied(Input("short.mp3", short), ["audio/mpeg"]) is None
    made = transcode.fit(short, transcode.Limits(20_000))
    with open_container(Input("made", made.data)) as opened:
        assert sum(packet.size > 0 for packet in opened.demux(opened.streams.audio[0])) >= 2


def bare(data: bytes) -> bytes:
    """The frames of MPEG audio that has tags in front only."""
    return bytes(data[10 + int.from_bytes(data[8:10], "big") :]) if data[:3] == b"ID3" else data


def test_what_is_re_encoded(shared: Path) -> None:
    """Codecs that are not asked for."""
    folder = shared / "media" / "audio"
    assert copied(read(folder / "speech_14s.ogg"), ["audio/mp4", "audio/amr"]) is None
    assert copied(read(folder / "guitar_80s.mp3"), ["audio/mp4"]) is None
    assert copied(read(folder / "sample_wb.amr"), ["audio/amr", "audio/mp4"]) is None


def test_what_begins_inside_a_frame(shared: Path) -> None:
    """Octets before the first frame are left out and told; a piece of a stream is known for what it is."""
    sound = bytes(read(shared / "media" / "audio" / "vbr44stereo.mp3").data)
    copy = copied(tagged(sound, before=b"\x00\x00\x00\x00 rubbish "), ["audio/mpeg"])
    assert copy is not None
    assert copy.data == sound
    assert [note.text for note in copy.notes][-1] == "dropped: tags, or octets that are no frames"
    piece = Input("piece.mp3", sound[10_100:])
    assert piece.content_type == "audio/mpeg"
    assert copied(piece, ["audio/mpeg"]) is not None
    adts = bytes(read(shared / "media" / "audio" / "aac_adts_16s.aac").data)
    assert Input("piece.aac", adts[10_100:]).content_type == "audio/aac"


@pytest.mark.parametrize(
    "head", [b"\xff\xf3\x10\x00", b"\xff\xf2\x10\xc0", b"\xff\xfb\x10\x00", b"\xff\xfa\x10\xc0"]
)
def test_frames_too_small_for_what_they_state(head: bytes) -> None:
    """A frame that names a length has no room for it, or zeros where it should be: nothing breaks."""
    size = mpeg_file.size_of(head)
    for at in range(4, min(size, 60)):
        frame = (head + bytes(at - 4) + b"Xing\0\0\0\x0fLAME" + bytes(size))[:size]
        for start in (0.0, 0.2):
            made = mpeg_frames.cut(frame * 60, start, 1.0)
            assert made is not None
            assert made.seconds <= 1.0
