"""Decoding of sound: to the sample, with its time, whatever the container."""

from __future__ import annotations

import io
import struct
import uuid
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import transcode
from tests.made import sounds
from transcode.errors import LimitsError, SourceError, UnsupportedError
from transcode.media.sound.audio import decode
from transcode.media.sound.audio_copy import copied
from transcode.media.sound.timeline import Line, SoundFrame
from transcode.media.source import inputs
from transcode.media.source.inputs import Input
from transcode.model import FitProgress

#: Clocks of a track of sound that have no tick a sample.
CLOCKS = [600, 1_000, 16_000, 90_000]

#: Lossless ways in: container, codec, sample format.
LOSSLESS = [
    ("wav", "pcm_f32le", None),
    ("wav", "pcm_s16le", None),
    ("wav", "pcm_s24le", None),
    ("wav", "pcm_f64le", None),
    ("w64", "pcm_s32le", None),
    ("aiff", "pcm_s16be", None),
    ("au", "pcm_s16be", None),
    ("caf", "pcm_s16le", None),
    ("flac", "flac", "s16"),
    ("mov", "alac", "s16p"),
    ("matroska", "flac", "s16"),
    ("avi", "pcm_s16le", None),
]


@pytest.mark.parametrize(("form", "codec", "kind"), LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_sources_are_exact(form: str, codec: str, kind: str | None, channels: int) -> None:
    """Every sample comes back, at its place, to the precision of the format."""
    made = sounds.noise(0.7, 44_100, channels=channels)
    found = decode(sounds.container(made, form=form, codec=codec, sample_format=kind))
    assert (found.pcm.rate, found.pcm.channels, found.ended) == (44_100, channels, True)
    assert found.pcm.length == made.length
    np.testing.assert_allclose(found.pcm.samples, made.samples, atol=2**-15)
    assert not found.notes


@pytest.mark.parametrize("form", ["wav", "matroska", "flac", "mov"])
@pytest.mark.parametrize(("start", "seconds"), [(0.0, 0.5), (0.31, 0.2), (12.345, 1.0), (14.5, 40.0)])
def test_a_range_is_exact(form: str, start: float, seconds: float) -> None:
    """Start and length count samples, also where the container is sought in."""
    made = sounds.noise(15, 16_000)
    codec, kind = {"flac": ("flac", "s16"), "mov": ("alac", "s16p")}.get(form, ("pcm_f32le", None))
    found = decode(
        sounds.container(made, form=form, codec=codec, sample_format=kind), start=start, max_seconds=seconds
    )
    first = round(start * 16_000)
    wanted = made.samples[:, first : first + round(seconds * 16_000)]
    assert found.pcm.length == wanted.shape[1]
    np.testing.assert_allclose(found.pcm.samples, wanted, atol=2**-15)
    assert found.ended == (start + seconds >= 15)


@pytest.mark.parametrize(("form", "codec"), [("mp3", "libmp3lame"), ("adts", "aac")])
def test_a_late_range_is_exact(form: str, codec: str) -> None:
    """What lies before it is passed over and not decoded; the end of the source is told."""
    source = sounds.container(sounds.noise(16.0, 16_000), 16_000, form=form, codec=codec)
    whole = decode(source).pcm.samples
    part = decode(source, start=13.37, max_seconds=1.0)
    begin = round(13.37 * 16_000)
    np.testing.assert_allclose(part.pcm.samples, whole[:, begin : begin + 16_000], atol=1e-4)
    assert not part.ended
    with pytest.raises(LimitsError, match=r"start is 30 s, but made.* ends after 16\.[01]"):
        decode(source, start=30.0)


@pytest.mark.parametrize(
    ("form", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("ogg", "libopus"), ("mp3", "libmp3lame")]
)
def test_encoder_delay_is_left_out(form: str, codec: str) -> None:
    """A click stays where it was, and nothing stands before or behind the sound."""
    made = sounds.sine(1.5, 48_000)
    made.samples[:] *= 0.01
    made.samples[:, 24_000:24_004] = 0.9
    kind = {"libopus": "flt", "aac": "fltp", "libmp3lame": "fltp"}[codec]
    found = decode(sounds.container(made, form=form, codec=codec, sample_format=kind))
    assert abs(int(np.abs(found.pcm.samples[0]).argmax()) - 24_001) <= 3
    assert abs(found.pcm.seconds - 1.5) < 0.03


def test_the_range_ends_where_the_source_does() -> None:
    """A source of exactly the longest duration is whole; one sample more is cut."""
    whole = decode(sounds.container(sounds.sine(2, 8000)), max_seconds=2)
    assert whole.ended
    longer = decode(sounds.container(sounds.sine(2.000125, 8000)), max_seconds=2)
    assert not longer.ended
    assert longer.pcm.length == whole.pcm.length == 16_000


def test_a_start_behind_the_end() -> None:
    """It is the option that is wrong, and the error says where the source ends."""
    with pytest.raises(LimitsError, match=r"ends after 1\.00 s"):
        decode(sounds.container(sounds.sine(1)), start=3)


def test_gaps_are_silent_and_overlaps_cut() -> None:
    """Frames stand where their times put them, whatever came before."""
    made = sounds.sine(1, 8000)
    gap = decode(sounds.container(made, form="nut", codec="pcm_s16le", times={4: 2400}))
    assert gap.pcm.length == 8000 + 2400
    assert not gap.pcm.samples[:, 4096 : 4096 + 2400].any()
    np.testing.assert_allclose(gap.pcm.samples[:, 4096 + 2400 :], made.samples[:, 4096:], atol=2**-15)
    assert [note.code for note in gap.notes] == ["gap-filled"]
    overlap = decode(sounds.container(made, form="nut", codec="pcm_s16le", times={4: -800}))
    assert overlap.pcm.length == 8000 - 800


def test_one_time_of_several_frames() -> None:
    """Frames of a block with one timestamp follow each other; the next block stands at its own."""
    first, second = Fraction(0), Fraction(1)
    frames = [SoundFrame(np.full((1, 400), 0.5, np.float32), ("FC",), 8000, time) for time in (first,) * 3]
    frames += [frame.at(second) for frame in frames]
    line = Line(frames[0], first, 0.0, 40.0, 0.0)
    assert len([*line.fill(frames)]) == 6
    (samples,) = line.finish().pcm.samples
    assert samples.size == 8000 + 1200
    assert samples[:1200].all()
    assert samples[8000:].all()
    assert not samples[1200:8000].any()


def amr_in_avi(frames: bytes) -> Input:
    """AMR as FFmpeg copies it into AVI: it takes each frame for a third of a second."""
    file = io.BytesIO()
    with av.open(io.BytesIO(b"#!AMR\n" + frames), "r") as source, av.open(file, "w", "avi") as made:
        stream = made.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    return Input("a.avi", file.getvalue())


def test_sound_of_avi_has_no_gaps() -> None:
    """All frames follow each other, and a range of them is not copied by times that are wrong."""
    frames = sounds.amr_frames(sounds.words(1.0))
    content = amr_in_avi(frames)
    found = decode(content)
    assert not found.notes
    plain = decode(Input("a.amr", b"#!AMR\n" + frames))
    np.testing.assert_array_equal(found.pcm.samples, plain.pcm.samples)
    assert copied(content, ["audio/amr"], window=(0.2, 0.4)) is None
    cut = transcode.fit(content.data, transcode.Limits(50_000), start=0.2, max_seconds=0.4)
    assert cut.duration == pytest.approx(0.4, abs=0.021)


def test_blank_frames_of_phones() -> None:
    """Each fifth frame of a QCP file (RFC 3625) is blank, as phones send them: no damage."""
    sizes = b"".join(bytes(pair) for pair in ((34, 4), (16, 3), (7, 2), (3, 1), (0, 0)))
    guid = uuid.UUID("5e7f6d41-b115-11d0-ba91-00805fb4b97e").bytes_le
    numbers = struct.pack("<H80s5HI16s20x", 1, b"Qcelp 13K", 13_000, 35, 160, 8_000, 16, 5, sizes)
    frames = b"".join(b"\1\x12\x34\0" if count % 5 else b"\0" for count in range(1, 100))
    chunks = (b"fmt ", b"\1\0" + guid + numbers), (b"vrat", struct.pack("<II", 1, 99)), (b"data", frames)
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    found = decode(Input("a.qcp", b"RIFF" + struct.pack("<I", 4 + len(body)) + b"QLCM" + body))
    assert found.pcm.length == 99 * 160
    assert not found.notes
    assert not found.pcm.samples[0, 4 * 160 : 5 * 160].any()


def test_an_endless_gap_fills_the_range_only() -> None:
    """A timestamp hours away costs no more memory than the range."""
    made = sounds.sine(1, 8000)
    found = decode(
        sounds.container(made, form="nut", codec="pcm_s16le", times={4: 8000 * 36_000}), max_seconds=5
    )
    assert found.pcm.length == 5 * 8000


def test_small_deviations_are_no_gaps() -> None:
    """Times that a container rounds do not tear the sound."""
    made = sounds.sine(2, 44_100)
    found = decode(sounds.container(made, form="matroska", codec="pcm_s16le"))
    np.testing.assert_allclose(found.pcm.samples, made.samples, atol=2**-15)


def test_an_origin_gives_the_sound_its_place() -> None:
    """Sound of a clip that begins later than the pictures is preceded by silence, or cut."""
    made = sounds.sine(1, 8000)
    content = sounds.container(made, form="nut", codec="pcm_s16le", times={0: 4000})
    late = decode(content, origin=0.25)
    assert late.pcm.length == 2000 + 8000
    assert not late.pcm.samples[:, :2000].any()
    np.testing.assert_allclose(late.pcm.samples[:, 2000:], made.samples, atol=2**-15)
    early = decode(content, origin=0.75)
    np.testing.assert_allclose(early.pcm.samples, made.samples[:, 2000:], atol=2**-15)


@pytest.mark.parametrize(
    ("layout", "left", "right"),
    [
        ("3.0", (1, 0, 0.7071), (0, 1, 0.7071)),
        ("quad", (1, 0, 0.7071, 0), (0, 1, 0, 0.7071)),
        ("5.1", (1, 0, 0.7071, 0, 0.7071, 0), (0, 1, 0.7071, 0, 0, 0.7071)),
        ("7.1", (1, 0, 0.7071, 0, 0.7071, 0, 0.7071, 0), (0, 1, 0.7071, 0, 0, 0.7071, 0, 0.7071)),
    ],
)
def test_mix_down(layout: str, left: tuple[float, ...], right: tuple[float, ...]) -> None:
    """Each channel goes to the sides by ITU-R BS.775, the low-frequency effects nowhere."""
    channels = np.eye(len(left), dtype=np.float32).repeat(200, axis=1) * 0.5
    found = decode(sounds.container(channels, 48_000, layout=layout))
    wanted = np.array([left, right]).repeat(200, axis=1) * 0.5
    np.testing.assert_allclose(found.pcm.samples, wanted, atol=1e-4)
    assert [note.code for note in found.notes] == ["mixed-down"]


def test_many_planes() -> None:
    """Eight channels that a decoder gives as planes are mixed like any."""
    channels = np.eye(8, dtype=np.float32).repeat(4800, axis=1) * 0.5
    found = decode(sounds.container(channels, 48_000, layout="7.1", form="matroska", codec="aac"))
    assert found.pcm.channels == 2
    blocks = np.abs(found.pcm.samples[:, : 8 * 4800].reshape(2, 8, 4800)[:, :, 1000:-1000]).mean(axis=2)
    assert blocks[0].argmax() == 0
    assert blocks[1].argmax() == 1


def test_high_rates_are_reduced() -> None:
    """More than 48,000 samples a second are never kept, and the sound stays in its place."""
    made = sounds.sine(1.5, 192_000, hertz=1000)
    found = decode(sounds.container(made, codec="pcm_s16le"))
    assert (found.pcm.rate, found.pcm.length) == (48_000, 72_000)
    wanted = sounds.sine(1.5, 48_000, hertz=1000).samples
    np.testing.assert_allclose(found.pcm.samples[:, 100:-100], wanted[:, 100:-100], atol=1e-3)
    assert [note.code for note in found.notes] == ["resampled"]


def test_progress_is_told() -> None:
    """Progress rises, about once a second, and what the callback raises comes out."""
    told: list[FitProgress] = []
    decode(sounds.container(sounds.sine(3.5, 8000)), progress=told.append)
    assert [entry.phase for entry in told] == ["decode"] * len(told)
    assert len(told) >= 3
    assert [entry.done for entry in told] == sorted(entry.done for entry in told)

    def stop(_: FitProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode(sounds.container(sounds.sine(3.5, 8000)), progress=stop)


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
def test_a_cut_source_gives_what_is_there(form: str) -> None:
    """Half of a file is half of the sound; where the header tells more, a note says so."""
    codec, kind = {
        "wav": ("pcm_s16le", None),
        "flac": ("flac", "s16"),
        "mp3": ("libmp3lame", "fltp"),
        "ogg": ("libopus", "flt"),
    }[form]
    whole = sounds.container(sounds.noise(6, 48_000), form=form, codec=codec, sample_format=kind)
    found = decode(Input("cut", whole.data[: len(whole.data) // 2]))
    assert 1.9 < found.pcm.seconds < 4
    assert found.ended
    said = [note.code for note in found.notes]
    assert said == ([] if form == "ogg" else ["source-truncated"])


def test_damage_in_the_middle() -> None:
    """Frames that can't be decoded are left out, and counted."""
    whole = bytearray(sounds.container(sounds.noise(4), form="flac", codec="flac", sample_format="s16").data)
    whole[len(whole) // 2 : len(whole) // 2 + 3000] = bytes(3000)
    found = decode(Input("damaged", bytes(whole)))
    assert 3 < found.pcm.seconds <= 4.01
    assert {note.code for note in found.notes} & {"source-damaged", "gap-filled"}


@pytest.mark.parametrize(
    "data", [b"RIFF", b"fLaC" + bytes(60), b"ID3\x04\x00\x00\x00\x00\x0f\x0f", b"OggS" + bytes(200)]
)
def test_headers_with_nothing_behind(data: bytes) -> None:
    """Headers without data give typed errors that name the source."""
    with pytest.raises(SourceError, match="nothing"):
        decode(Input("nothing", data))


def test_pictures_have_no_sound() -> None:
    """A container without sound is refused in words."""
    with pytest.raises(UnsupportedError, match="sound"):
        decode(sounds_without())


def sounds_without() -> Input:
    import io

    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("mjpeg", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 32), np.uint8), "yuv420p")))
        out.mux(stream.encode(None))
    return Input("silent.mkv", file.getvalue())


def test_playlists_reach_nothing() -> None:
    """Files that name other files are not followed."""
    for text in (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(SourceError):
            decode(Input("list", text))


def test_every_recording_of_the_corpus(shared: object) -> None:
    """All of them decode, to about the duration that the manifest gives, at most forty seconds."""
    import csv
    from pathlib import Path

    folder = Path(str(shared)) / "media"
    with (folder / "MANIFEST.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "audio"]
    assert len(rows) > 20
    for row in rows:
        found = decode(inputs.read(folder / row["file"]))
        wanted = min(40.0, float(row["duration_s"]))
        # The granule positions of this one say more than its pages hold.
        slack = 1.5 if "speech_48k" in row["file"] else 0.2
        assert abs(found.pcm.seconds - wanted) < slack, row["file"]
        assert found.pcm.channels in (1, 2)


def test_a_file_without_a_packet() -> None:
    """The beginning of a stream that came in pieces is told to hold no sound."""
    tone = sounds.sine(1.0)
    made = sounds.container(tone, form="mp4", codec="aac", movflags="frag_keyframe+empty_moov+delay_moov")
    whole = bytes(made.data)
    with pytest.raises(SourceError, match="can't be decoded"):
        decode(Input("head.mp4", whole[: whole.index(b"moof") - 4]))


def test_sound_that_begins_after_the_pictures_ends_where_its_track_does(shared: Path) -> None:
    """What an encoder adds behind the sound is left out there as elsewhere."""
    content = inputs.read(shared / "cases" / "right" / "late_sound.mp4")
    # 131,242 samples of 44,100 a second before it, and 221,524 of its own.
    assert decode(content, origin=0.0).pcm.length == pytest.approx(131_242 + 221_524, abs=2)


@pytest.mark.parametrize("clock", CLOCKS[1:])
def test_an_encoders_delay_on_another_clock(clock: int) -> None:
    """An edit list counts ticks of the track's clock: as much is left out as with a tick a sample."""
    made = sounds.container(sounds.noise(0.6, 44_100), form="mp4", codec="aac")
    right = decode(made).pcm.samples
    other = decode(Input("a.mp4", sounds.retimed(bytes(made.data), clock))).pcm
    length = 8_000
    first = other.samples[0, : length + 2_000]
    best = np.argmax(np.correlate(first, right[0, :length], "valid"))
    # The start is off by at most one tick, in samples; no other sample is moved or lost.
    assert best <= 44_100 / clock + 1
    assert np.corrcoef(first[best : best + 900], right[0][:900])[0, 1] > 0.7


def test_an_edit_list_that_leaves_out_more_than_can_be_counted() -> None:
    """As much is left out as can be said, and the sound behind it is there."""
    made = sounds.container(sounds.noise(0.6, 44_100), form="mp4", codec="aac")
    data = bytearray(sounds.retimed(bytes(made.data), 1))
    elst, stts = data.index(b"elst") + 4, data.index(b"stts") + 4
    # A step of 2^17 seconds for each packet; all of the first one but five seconds is left out.
    struct.pack_into(">i", data, elst + 12, 2**17 - 5)
    struct.pack_into(">I", data, stts + 12, 2**17)
    assert 0 < decode(Input("a.mp4", bytes(data))).pcm.length <= 0.6 * 44_100 + 2_048


@pytest.mark.parametrize("clock", [8_000, *CLOCKS])
@pytest.mark.parametrize("first", [-100, -1_250])
def test_amr_on_another_clock(clock: int, first: int) -> None:
    """Whole frames are left out, and of the next one the samples that an edit list tells."""
    frames = sounds.amr_frames(sounds.words(1.0))
    all_of = decode(sounds.amr_in_3gp(frames)).pcm.samples[0]
    made = sounds.amr_in_3gp(frames, first=first)
    found = decode(Input("a.3gp", sounds.retimed(bytes(made.data), clock))).pcm.samples[0]
    slack = round(8_000 / clock)
    assert abs(all_of.size + first - found.size) <= slack
    best = np.argmax(np.correlate(all_of[: 2_000 + 2_000], found[:2_000], "valid"))
    assert abs(best + first) <= slack
