"""Recordings under a limit: never over it, as long as may be, and nothing lost in silence."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

import transcode
from tests.made import clips, sounds
from tests.made.sounds import sine
from transcode.errors import NotTakenError
from transcode.media.samples import pcm
from transcode.media.sound import audio, audio_encode
from transcode.media.source import probe
from transcode.media.source.inputs import Input


def wav(samples: NDArray[np.float64], rate: int) -> bytes:
    """Channels x samples as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(samples.shape[0])
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes((samples * 32767).astype("<i2").T.tobytes())
    return file.getvalue()


def tone(seconds: float, rate: int = 16_000, channels: int = 1) -> bytes:
    """A WAV file of a tone that wavers, with some noise."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(1).standard_normal(len(time)) * 0.02
    sound = 0.4 * np.sin(2 * np.pi * (440 * time + 20 * np.sin(time))) + noise
    return wav(np.repeat(sound[None], channels, 0), rate)


@pytest.mark.parametrize("max_bytes", [8_000, 30_000, 200_000])
@pytest.mark.parametrize("formats", [("audio/mp4",), ("audio/amr",), ("audio/mpeg",)])
def test_never_over_the_limit(max_bytes: int, formats: tuple[str, ...]) -> None:
    """Each format keeps to the limit, and is what it says."""
    source = tone(3, channels=2)
    rendition = transcode.fit(source, transcode.Limits(max_bytes, formats=formats))
    assert len(rendition.data) <= max_bytes
    assert rendition.content_type == formats[0]
    assert probe.content_type(rendition.data) in (formats[0], "video/mp4")
    assert rendition.duration == pytest.approx(3, abs=0.1)


def test_what_is_cut_is_said() -> None:
    """Only the first seconds are kept, and the report has both lengths and the new form."""
    rendition = transcode.fit(tone(5), transcode.Limits(100_000, max_seconds=2.0))
    assert rendition.duration == pytest.approx(2, abs=0.1)
    notes = {note.code: note.text for note in rendition.report.notes}
    assert notes["trimmed"] == "cut to 2.0 of 5.0 seconds"
    assert notes["converted"].startswith("pcm_s16le re-encoded as aac, ")


def test_what_keeps_to_the_limits_is_not_re_encoded(shared: Path) -> None:
    """Unless it is too large, is to be made louder, or has another format."""
    path = shared / "media" / "audio" / "speech_16k.m4a"
    size = path.stat().st_size
    rendition = transcode.fit(path, transcode.Limits(size))
    assert rendition.report.settings[0].endswith("copied")
    assert len(rendition.data) <= size
    assert rendition.duration == pytest.approx(4.05, abs=0.01)
    assert not rendition.report.trials
    for made in (
        transcode.fit(path, transcode.Limits(size // 2)),
        transcode.fit(path, transcode.Limits(2 * size), loudness=-16.0),
        transcode.fit(path, transcode.Limits(size, formats=("audio/mpeg",))),
    ):
        assert "converted" in {note.code for note in made.report.notes}


@pytest.mark.parametrize(
    ("name", "max_bytes", "content_type"),
    [
        ("speech_14s.ogg", 26_000, "audio/amr"),
        ("speech_14s.ogg", 60_000, "audio/mpeg"),
        ("speech_14s.ogg", 130_000, "audio/mp4"),
        ("guitar_80s.mp3", 75_000, "audio/mpeg"),
        ("guitar_80s.mp3", 200_000, "audio/mp4"),
        ("basic_47s.amr", 300_000, "audio/amr"),
    ],
)
def test_codec_by_content(name: str, max_bytes: int, content_type: str, shared: Path) -> None:
    """From few bits to many: AMR-NB (speech only), MP3, AAC-LC; sound from a telephone stays AMR-NB."""
    rendition = transcode.fit(shared / "media" / "audio" / name, transcode.Limits(max_bytes))
    assert rendition.content_type == content_type
    assert len(rendition.data) <= max_bytes


@pytest.mark.parametrize("content_type", ["audio/mp4", "audio/mpeg"])
def test_stretches_of_one_piece_have_one_form(content_type: str) -> None:
    """What is easy to code leaves at the rate and with the channels that what is hard has."""
    limits = transcode.Limits(20_000, formats=(content_type,))
    easy = wav(0.1 * np.sin(2 * np.pi * 440 * np.arange(4 * 44_100) / 44_100)[None].repeat(2, 0), 44_100)
    hard = wav(np.random.default_rng(2).standard_normal((2, 4 * 44_100)) * 0.2, 44_100)
    forms = [transcode.fit(source, limits).report.settings[0].split(", ")[1:3] for source in (easy, hard)]
    assert forms[0] == forms[1]


@pytest.mark.parametrize("max_bytes", [9_000, 100_000])
def test_loudness_is_that_of_what_leaves(max_bytes: int) -> None:
    """The loudness holds in one channel and in two, which count for twice as much."""
    sides = np.concatenate([sine(4.0, hertz=hertz).samples for hertz in (500.0, 800.0)]).astype(np.float64)
    limits = transcode.Limits(max_bytes, formats=("audio/mp4",))
    rendition = transcode.fit(wav(0.2 * sides, 44_100), limits, loudness=-20.0)
    left = audio.decode(Input("left", rendition.data)).pcm
    assert left.channels == (1 if max_bytes == 9_000 else 2)
    assert pcm.loudness(left) == pytest.approx(-20.0, abs=1.0)
    notes = {note.code: note.text for note in rendition.report.notes}
    assert notes["loudness"].endswith("to -20.0 LUFS")


def test_further_tracks_are_told(tmp_path: Path) -> None:
    """The default one leaves, the report has that there was another."""
    path = tmp_path / "two.m4a"
    with av.open(path, "w", format="ipod") as out:
        made = [
            audio_encode.encode(sine(1.0, 16_000, hertz=hertz), "aac", 32_000) for hertz in (440.0, 880.0)
        ]
        streams = [audio_encode.add_stream(out, sound) for sound in made]
        streams[0].disposition, streams[1].disposition = Disposition(0), Disposition.default
        out.start_encoding()
        for sound, stream in zip(made, streams, strict=True):
            out.mux(list(audio_encode.packets(sound, stream)))
    rendition = transcode.fit(path, transcode.Limits(100_000, formats=("audio/mp4",)))
    assert "1 further track left out" in [note.text for note in rendition.report.notes]
    heard = audio.decode(Input("made", rendition.data)).pcm
    spectrum = np.abs(np.fft.rfft(heard.samples[0]))
    assert spectrum.argmax() * heard.rate / heard.length == pytest.approx(880, abs=3)


@pytest.mark.parametrize(("form", "codec"), [("flac", "flac"), ("ogg", "flac"), ("matroska", "flac")])
def test_what_else_a_recording_has_is_told(form: str, codec: str) -> None:
    """Re-encoded as well: tags and a cover picture do not leave."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        stream: Any = out.add_stream(codec, rate=16_000)
        stream.layout = "mono"
        out.metadata["title"] = "a place"
        cover: Any = out.add_stream("mjpeg", rate=1) if form == "flac" else None
        if cover is not None:
            cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
            cover.disposition = Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 16_000, 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
        if cover is not None:
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            out.mux([*cover.encode(picture.reformat(format="yuvj420p")), *cover.encode(None)])
    for content_type in ("audio/mp4", "video/mp4"):
        limits = transcode.Limits(100_000, formats=(content_type,))
        rendition = transcode.fit(file.getvalue(), limits, as_clip=content_type == "video/mp4")
        told = "dropped: tags" + (", streams other than the sound" if form == "flac" else "")
        assert told in [note.text for note in rendition.report.notes]


def test_too_small_a_limit() -> None:
    """What can't be met is an error with the smallest size that was reached."""
    with pytest.raises(transcode.BudgetError):
        transcode.fit(tone(5), transcode.Limits(600))


def test_in_a_message(shared: Path) -> None:
    """A recording shares a message with a picture, within the limit to the byte."""
    profile = transcode.find_profile("oma-image-rich")
    sources: list[transcode.model.Source] = [shared / "media" / "image" / "gray_flower_3mp.jpg", tone(3)]
    pdu = transcode.compose(sources, profile, to=["+15555550100"]).to_mm1()
    assert len(pdu) <= profile.max_message_bytes
    found = [part.content_type for part in transcode.read(pdu).parts]
    assert found == ["application/smil", "image/jpeg", "audio/amr"]


@pytest.mark.parametrize("name", ["pause_then_words.amr", "dtx.amr"])
def test_pauses_of_amr_are_no_damage(name: str, shared: Path) -> None:
    """A voice note with comfort noise leaves byte for byte, as long as it is, and nothing is told."""
    path = shared / "cases" / "disc" / name
    made = transcode.fit(path, transcode.Limits(300_000))
    assert made.data == path.read_bytes()
    assert made.report.notes == ()
    assert made.duration == {"pause_then_words.amr": 9.8, "dtx.amr": 12.02}[name]


@pytest.mark.parametrize("several", [1, 10])
def test_amr_into_another_container_and_back(several: int) -> None:
    """Frames with pauses go from one container to the other as they are, those of long samples one by one."""
    frames = sounds.amr_frames(sounds.words(5.0), dtx=True)
    boxed = sounds.amr_in_3gp(frames, several=several).data
    plain = transcode.fit(boxed, transcode.Limits(300_000, formats=("audio/amr",)))
    assert plain.data == b"#!AMR\n" + frames
    for source in (boxed, plain.data):
        made = transcode.fit(source, transcode.Limits(300_000, formats=("audio/3gpp",), codecs=("amr_nb",)))
        assert made.duration == 5.0
        assert "converted" not in [note.code for note in made.report.notes]
        with av.open(io.BytesIO(made.data), "r") as container:
            found = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
        assert found == sounds.amr_split(frames)


def test_damaged_amr() -> None:
    """Whole frames leave as they are, with a word about the one that is cut; gaps are re-encoded."""
    frames = sounds.amr_frames(sounds.words(2.0))
    cut = transcode.fit(b"#!AMR\n" + frames[:-20], transcode.Limits(300_000))
    assert cut.data == b"#!AMR\n" + frames[:-32]
    assert [note.code for note in cut.report.notes] == ["source-truncated", "metadata-dropped"]
    gap = transcode.fit(b"#!AMR\n" + frames[:640] + b"\xff" * 60 + frames[640:], transcode.Limits(300_000))
    assert [note.code for note in gap.report.notes] == ["source-damaged", "converted"]
    assert gap.duration == 2.04


def test_frames_that_are_marked_as_damaged() -> None:
    """Only where they are re-encoded they are made up; as they are, a player does that."""
    parts = sounds.amr_split(sounds.amr_frames(sounds.words(2.0)))
    parts[20] = bytes([parts[20][0] & ~4]) + parts[20][1:]
    data = b"#!AMR\n" + b"".join(parts)
    same = transcode.fit(data, transcode.Limits(300_000))
    assert same.data == data
    (note,) = same.report.notes
    assert (note.code, note.text[-16:]) == ("source-damaged", "left as they are")
    anew = transcode.fit(data, transcode.Limits(300_000, formats=("audio/mp4",), codecs=("aac",)))
    assert [note.code for note in anew.report.notes] == ["source-damaged", "converted"]
    assert anew.report.notes[0].text.endswith("concealed with the preceding sound")


def test_figures_of_what_is_short() -> None:
    """No rate of a few samples, and a cut of less than a tenth of a second is no 0.0."""
    made = transcode.fit(constant(10, 44_100), transcode.Limits(30_000))
    assert "kbit/s" not in made.report.notes[-1].text
    cut = transcode.fit(tone(2.0), transcode.Limits(30_000), start=1.0, max_seconds=0.04)
    assert "cut to 0.04 of 2.0 seconds" in {note.text for note in cut.report.notes}


def constant(count: int, rate: int, layout: str = "mono") -> bytes:
    """A WAV file of ``count`` samples of one level."""
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    return bytes(sounds.container(np.full((channels, count), 0.25, np.float32), rate, layout=layout).data)


@pytest.mark.parametrize("rate", [100, 8000, 48_000, 192_000])
@pytest.mark.parametrize("form", [("audio/mp4", "aac"), ("audio/amr", "amr_nb"), ("audio/mpeg", "mp3")])
def test_the_shortest_recordings(form: tuple[str, str], rate: int) -> None:
    """Recordings from one sample on give a rendition, at any rate, with any number of channels."""
    limits = transcode.Limits(30_000, formats=form[:1], codecs=form[1:])
    shapes = (
        (1, "mono"),
        (2, "5.1"),
        (31, "stereo"),
        (64, "mono"),
        (100, "mono"),
        (119, "5.1"),
        (200, "mono"),
    )
    for count, layout in shapes:
        made = transcode.fit(constant(count, rate, layout), limits)
        assert made.content_type == form[0]
        with av.open(io.BytesIO(made.data), "r") as container:
            assert [packet for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("rate", [1, 50, 8000])
def test_loudness_of_the_shortest(rate: int) -> None:
    """A recording that is too short to measure its loudness is fitted, at any rate."""
    limits = transcode.Limits(30_000, formats=("audio/amr",))
    made = transcode.fit(constant(1, rate), limits, loudness=-16.0)
    assert "converted" in [note.code for note in made.report.notes]


#: Two seconds of AMR-WB, and a clip that holds them.
WIDE = (b"\x04" + bytes(range(17))) * 100


def wide_clip() -> bytes:
    pictures = clips.clip(seconds=2, options={"profile": "baseline"})
    return bytes(sounds.amr_in_3gp(WIDE, wide=True, pictures=pictures).data)


def test_wide_band_leaves_as_it_came() -> None:
    """A recording for a receiver that takes its type; in 3GP for one that decodes it."""
    source = b"#!AMR-WB\n" + WIDE
    listed = transcode.Limits(10_000, formats=("audio/amr-wb", "audio/amr"))
    made = transcode.fit(source, listed)
    assert (made.content_type, made.data, made.report.notes) == ("audio/amr-wb", source, ())
    packed = bytes(sounds.amr_in_3gp(WIDE, wide=True).data)
    assert transcode.fit(packed, listed).data == source
    in_3gp = transcode.Limits(10_000, formats=("audio/3gpp",), codecs=("amr_nb", "amr_wb"))
    for given in (source, packed):
        made = transcode.fit(given, in_3gp)
        assert (made.content_type, made.report.settings[0][:6]) == ("audio/3gpp", "amr_wb")
        with av.open(io.BytesIO(made.data), "r") as found:
            assert b"".join(bytes(packet) for packet in found.demux(audio=0)) == WIDE
    assert transcode.fit(source, transcode.Limits(1_600, formats=listed.formats)).content_type == "audio/amr"
    assert transcode.fit(source, transcode.Limits(10_000, formats=("audio/amr",))).content_type == "audio/amr"


def test_wide_band_alone() -> None:
    """A receiver of nothing else gets no other recording: the error says what it takes."""
    alone = transcode.Limits(1_000, formats=("audio/amr-wb",))
    with pytest.raises(transcode.BudgetError) as caught:
        transcode.fit(b"#!AMR-WB\n" + WIDE, alone)
    assert caught.value.smallest == 9 + len(WIDE)
    with pytest.raises(NotTakenError, match="AMR-WB is copied but not encoded"):
        transcode.fit(tone(1), alone)


def test_wide_band_in_a_clip() -> None:
    """It is kept in 3GP for a receiver that decodes it, and re-encoded for others."""
    source = wide_clip()
    made = transcode.fit(source, transcode.Limits(60_000, codecs=("h264", "aac", "amr_wb")))
    assert (made.content_type, made.report.settings) == ("video/3gpp", ("h264", "amr_wb"))
    assert transcode.fit(source, transcode.Limits(60_000)).report.settings[1].startswith("aac, ")
    softer = transcode.fit(source, transcode.Limits(60_000, codecs=("h264", "aac", "amr_wb")), loudness=-30.0)
    assert softer.report.settings[1].startswith("aac, ")


def test_wide_band_in_a_message() -> None:
    """The part has its type and its name's ending, for a phone whose document lists it."""
    profile = transcode.find_profile("world")
    phone = replace(profile, formats=(*profile.formats, "audio/amr-wb"))
    source = b"#!AMR-WB\n" + WIDE
    message = transcode.compose([source], phone)
    found = [part for part in message.parts if part.content_type == "audio/amr-wb"]
    assert [part.data for part in found] == [source]
    assert str(found[0].name).endswith(".awb")
