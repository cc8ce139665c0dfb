"""Files of AMR frames, and frames in containers: their length, their sound, and what is damaged of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.sounds import amr_frames, amr_in_3gp, amr_split, words
from transcode.errors import SourceError
from transcode.kernels import amr as kernel
from transcode.media.sound import amr, audio
from transcode.media.source import amr_file
from transcode.media.source.container import seconds_of
from transcode.media.source.inputs import Input, read

Samples = NDArray[np.float32]

NO_DATA = b"\x7c"

#: Octets of which none begins a frame.
GARBAGE = bytes(range(128, 156))


def file_of(frames: bytes, *, wide: bool = False) -> Input:
    return Input("made.amr", amr_file.MAGIC["amr_wb" if wide else "amr_nb"] + frames)


def samples_of(frames: bytes, *, wide: bool = False) -> Samples:
    """What the kernel makes of frames."""
    decoder = kernel.Decoder(wide=wide)
    out = np.empty(kernel.scan(frames, wide=wide)[0] * decoder.samples, np.int16)
    decoder.decode(frames, out)
    return np.asarray(out / np.float32(32768), np.float32)


def wide_frames(count: int) -> bytes:
    """Speech of any bits, comfort noise and frames without data of AMR-WB, in turn."""
    drawn = np.random.default_rng(2)
    kinds = (b"\x24" + drawn.bytes(40), b"\x4c" + drawn.bytes(5), NO_DATA, b"\x44" + drawn.bytes(60))
    return b"".join(kinds[number % 4] for number in range(count))


@pytest.mark.parametrize("wide", [False, True])
def test_the_length_is_counted(wide: bool) -> None:
    """A frame lasts twenty milliseconds, whatever its octets: pauses, speech and long files count alike."""
    frames = wide_frames(6000) if wide else amr_frames(words(120.0), dtx=True)
    assert len(frames) > 1 << 17 if wide else len(frames) > 1 << 16
    content = file_of(frames, wide=wide)
    assert b"".join(piece.data for piece in amr_file.pieces(content)) == frames
    assert amr_file.seconds(content) == 120.0
    assert seconds_of(content) == 120.0
    info = audio.probe(content)
    assert (info.seconds, info.rate, info.channels) == (120.0, 16000 if wide else 8000, 1)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("dtx", [False, True])
def test_the_sound_is_all_there(dtx: bool, wide: bool) -> None:
    """A file with pauses is decoded to its last frame, and nothing is told of it."""
    frames = wide_frames(300) if wide else amr_frames(words(6.0), dtx=dtx)
    found = audio.decode(file_of(frames, wide=wide))
    np.testing.assert_array_equal(found.pcm.samples[0], samples_of(frames, wide=wide))
    assert (found.notes, found.is_plain, found.ended, found.source_seconds) == ((), True, True, 6.0)


def ffmpegs(frames: bytes, codec: str) -> NDArray[np.float64]:
    """What a decoder of FFmpeg's makes of frames."""
    context: Any = av.CodecContext.create(codec, "r")
    context.sample_rate, context.layout = 8000, "mono"
    found = [made for frame in amr_split(frames) for made in context.decode(av.Packet(frame))]
    whole = np.concatenate([made.to_ndarray().ravel() for made in found])
    return whole / (32768.0 if whole.dtype == np.int16 else 1.0)


def test_as_others_decode_it() -> None:
    """FFmpeg's own decoder hears speech likewise, and libopencore's, where FFmpeg has it, pauses too."""
    speech, pauses = (amr_frames(words(4.0, pause=0.5), dtx=dtx) for dtx in (False, True))
    found = audio.decode(file_of(speech)).pcm.samples[0]
    assert np.corrcoef(found, ffmpegs(speech, "amrnb"))[0, 1] > 0.99
    found = audio.decode(file_of(pauses)).pcm.samples[0]
    for codec in {"libopencore_amrnb"} & av.codecs_available:
        np.testing.assert_array_equal(found, ffmpegs(pauses, codec).astype(np.float32))


def test_a_range_of_a_long_file() -> None:
    """What begins late is what it is in the whole, once the decoder is warm, and no more is decoded."""
    frames = amr_frames(words(60.0), dtx=True)
    whole = samples_of(frames)
    found = audio.decode(file_of(frames), start=50.0, max_seconds=5.0)
    assert (found.pcm.seconds, found.ended, found.source_seconds) == (5.0, False, 60.0)
    assert np.corrcoef(found.pcm.samples[0], whole[50 * 8000 : 55 * 8000])[0, 1] > 0.99
    behind = audio.decode(file_of(frames), start=58.0)
    assert (behind.pcm.seconds, behind.ended, behind.source_seconds) == (2.0, True, 60.0)


def test_a_last_frame_that_is_cut() -> None:
    """It is told as that; the whole frames are there, and could leave as they are."""
    frames = amr_frames(words(2.0))
    found = audio.decode(file_of(frames[:-20]))
    assert found.pcm.seconds == 1.98
    assert found.is_plain
    (note,) = found.notes
    assert note.code == "source-truncated"
    assert "12 octets" in note.text


@pytest.mark.parametrize("wide", [False, True])
def test_octets_that_are_no_frames(wide: bool) -> None:
    """They are made up for by frames of about their length; what is behind them stays in its place."""
    frames = wide_frames(200) if wide else amr_frames(words(4.0), dtx=True)
    parts = amr_split(frames, wide=wide)
    before, behind = b"".join(parts[:100]), b"".join(parts[100:])
    found = audio.decode(file_of(before + GARBAGE + behind, wide=wide))
    rate = found.pcm.rate
    lost = found.pcm.length - 4 * rate
    assert lost in (rate // 50, rate // 25)
    np.testing.assert_array_equal(found.pcm.samples[0, : 2 * rate], samples_of(before, wide=wide))
    same = np.corrcoef(found.pcm.samples[0, 2 * rate + lost :], samples_of(frames, wide=wide)[2 * rate :])
    assert same[0, 1] > 0.9
    (note,) = found.notes
    assert note.code == "source-damaged"
    assert f"({len(GARBAGE)} octets" in note.text
    assert not found.is_plain


def test_reserved_types() -> None:
    """A frame of a type that nobody knows is one that is lost."""
    parts = amr_split(amr_frames(words(1.0)))
    parts[20] = b"\x64"
    found = audio.decode(file_of(b"".join(parts)))
    assert found.pcm.seconds == 1.0
    assert [note.text for note in found.notes] == [
        "1 frame of 20 ms lost or damaged (1 octets are not frames): concealed with the preceding sound"
    ]


def test_marked_as_damaged() -> None:
    """Frames with a quality bit of 0 are made up; that is said, and the packets are what they were."""
    parts = amr_split(amr_frames(words(1.0)))
    parts[20] = bytes([parts[20][0] & ~4]) + parts[20][1:]
    found = audio.decode(file_of(b"".join(parts)))
    lost = [*parts[:20], NO_DATA, *parts[21:]]
    np.testing.assert_array_equal(found.pcm.samples[0], samples_of(b"".join(lost)))
    (note,) = found.notes
    assert (note.code, found.is_plain) == ("source-damaged", True)
    assert note.text.startswith("1 frame of 20 ms marked as damaged")


def test_octets_behind_the_last_frame() -> None:
    """Octets after the last frame are no damage and no sound."""
    frames = amr_frames(words(1.0))
    found = audio.decode(file_of(frames + GARBAGE))
    assert (found.pcm.seconds, found.notes, found.is_plain) == (1.0, (), True)


@pytest.mark.parametrize("data", [b"", GARBAGE, GARBAGE * 10_000, b"\x3c", b"\x64" * 100])
def test_nothing_in_it(data: bytes) -> None:
    """A file without a frame is an error that names it."""
    with pytest.raises(SourceError, match=r"made\.amr"):
        audio.decode(file_of(data))


def test_long_damage_is_no_long_silence() -> None:
    """A place without frames, however long, stands for one second at most."""
    frames = amr_frames(words(1.0))
    content = file_of(frames + GARBAGE * 20_000 + frames)
    assert amr_file.seconds(content) == 3.0
    assert audio.decode(content).pcm.seconds == 3.0


@pytest.mark.parametrize("several", [1, 5, 10, 50])
@pytest.mark.parametrize("wide", [False, True])
def test_in_containers(several: int, wide: bool) -> None:
    """Samples of one frame and of several are the same sound."""
    frames = wide_frames(100) if wide else amr_frames(words(2.0), dtx=True)
    content = amr_in_3gp(frames, several=several, wide=wide)
    found = audio.decode(content)
    np.testing.assert_array_equal(found.pcm.samples[0], samples_of(frames, wide=wide))
    assert (found.info.codec, found.info.seconds) == ("amr_wb" if wide else "amr_nb", 2.0)
    assert (found.notes, found.is_plain, found.ended) == ((), True, True)


def test_damage_in_containers() -> None:
    """What is no frame is made up for the time that its packet has."""
    frames = amr_frames(words(2.0))
    content = amr_in_3gp(frames, several=5)
    data = bytearray(content.data)
    at = data.find(amr_split(frames)[50])
    data[at] = 0x64
    found = audio.decode(Input("made.3gp", bytes(data)))
    lost = amr_split(frames)
    lost[50:55] = [NO_DATA] * 5
    np.testing.assert_array_equal(found.pcm.samples[0], samples_of(b"".join(lost)))
    assert [note.code for note in found.notes] == ["source-damaged"]
    assert not found.is_plain


def test_a_start_within_a_container() -> None:
    """A seek leaves nothing of the sound before in the decoder."""
    frames = amr_frames(words(30.0), dtx=True)
    found = audio.decode(amr_in_3gp(frames), start=20.0, max_seconds=3.0)
    assert found.pcm.seconds == 3.0
    assert np.corrcoef(found.pcm.samples[0], samples_of(frames)[160_000:184_000])[0, 1] > 0.99


def test_edit_lists_are_followed() -> None:
    """What an edit list leaves out at the begin is decoded and left out."""
    frames = wide_frames(50)
    for several in (1, 10):
        found = audio.decode(amr_in_3gp(frames, several=several, wide=True, first=-500))
        np.testing.assert_array_equal(found.pcm.samples[0], samples_of(frames, wide=True)[500:])


@pytest.mark.parametrize("wide", [False, True])
def test_singles(wide: bool) -> None:
    """A packet of several frames as packets of one, in time; what is no row of frames stays whole."""
    frames = wide_frames(8) if wide else amr_frames(words(0.16), dtx=True)
    codec, rate = ("amr_wb", 16000) if wide else ("amr_nb", 8000)
    packet: av.Packet[Any] = av.Packet(frames)
    packet.time_base, packet.pts, packet.dts, packet.duration = Fraction(1, 50), 7, 7, 8
    found = amr.singles(packet, codec)
    assert [bytes(one) for one in found] == amr_split(frames, wide=wide)
    step = rate // 50
    assert [(one.pts, one.dts, one.duration) for one in found] == [
        ((7 + n) * step, (7 + n) * step, step) for n in range(8)
    ]
    assert amr.singles(packet, "aac") == [packet]
    cut: av.Packet[Any] = av.Packet(
        frames[:-1] if len(amr_split(frames, wide=wide)[-1]) > 1 else frames + b"\x64"
    )
    assert amr.singles(cut, codec) == [cut]


def test_real_recordings(shared: Path) -> None:
    """Their lengths in frames, and samples that hold five frames or fifty as phones write them."""
    lengths = {
        "media/audio/sample_nb.amr": 4.36,
        "media/audio/sample_wb.amr": 3.38,
        "media/audio/basic_47s.amr": 47.24,
        "media/audio/amr_in_3gp.3gp": 3.0,
        "media/video/mpeg4_amr_5s.3gp": 4.933,
        "media/video/phone_h263_amr.3gp": 15.2,
        "cases/disc/pause_then_words.amr": 9.8,
        "cases/disc/dtx.amr": 12.02,
        "cases/disc/dtxclip.3gp": 12.0,
        "cases/disc/a_12200_41.amr": 41.02,
    }
    for name, seconds in lengths.items():
        found = audio.decode(read(shared / name), max_seconds=60.0)
        assert (found.notes, found.is_plain) == ((), True), name
        assert found.pcm.seconds == pytest.approx(seconds, abs=0.001), name
        assert found.source_seconds == pytest.approx(seconds, abs=0.001), name


def test_a_file_that_is_read_as_it_is_worked_on(tmp_path: Path) -> None:
    """The rest of a long recording is read from its file."""
    frames = amr_frames(words(2.0))
    path = tmp_path / "long.amr"
    path.write_bytes(amr_file.MAGIC["amr_nb"] + frames)
    head = path.read_bytes()[:100]
    content = Input("long.amr", head, path, len(frames) + 6 - 100)
    assert amr_file.seconds(content) == 2.0
    assert audio.decode(content).pcm.seconds == 2.0
