"""AMR kernels: frames counted by the tables, and sound beside FFmpeg's own decoders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.sounds import amr_frames, amr_split, words
from transcode.kernels import amr

Samples = NDArray[np.int16]

#: Octets of a frame of each mode of AMR-NB, the header included (RFC 4867, table 1 and section 5.3).
OCTETS = (13, 14, 16, 18, 20, 21, 27, 32)

NO_DATA = b"\x7c"


def decoded(frames: bytes, *, wide: bool = False, step: int = 1 << 20) -> Samples:
    """The samples of our decoder, which gets ``step`` octets at a time."""
    decoder = amr.Decoder(wide=wide)
    pieces, at = [], 0
    while at < len(frames):
        out = np.full(len(frames) * decoder.samples, 99, np.int16)
        count, octets = decoder.decode(frames[at : at + step], out)
        assert count, "a frame that is none"
        assert (out[count * decoder.samples :] == 99).all()
        pieces.append(out[: count * decoder.samples])
        at += octets
    return np.concatenate(pieces)


def ffmpegs(frames: list[bytes], codec: str) -> NDArray[np.float64]:
    """What a decoder of FFmpeg's makes of frames, full scale at 32,768."""
    context: Any = av.CodecContext.create(codec, "r")
    context.sample_rate, context.layout = 16000 if "wb" in codec else 8000, "mono"
    found = [made.to_ndarray().ravel() for frame in frames for made in context.decode(av.Packet(frame))]
    whole = np.concatenate(found)
    return whole.astype(np.float64) * (1 if whole.dtype == np.int16 else 32768)


def likeness(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Their correlation."""
    return float(np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1])


def test_version() -> None:
    """The version of the library is that of the headers that it was built with."""
    assert re.fullmatch(r"\d+(\.\d+)+|unknown", amr.version())


@pytest.mark.parametrize("mode", range(8))
def test_modes(mode: int) -> None:
    """Each mode has its octets, is the same every time, and is heard by FFmpeg's decoder as by ours."""
    sound = words(1.0)
    sound.flags.writeable = False
    frames = amr_frames(sound, mode=mode)
    assert [len(frame) for frame in amr_split(frames)] == [OCTETS[mode]] * 50
    assert amr.scan(frames) == (50, len(frames), 0)
    assert amr_frames(sound, mode=mode) == frames
    heard = decoded(frames)
    assert likeness(heard, ffmpegs(amr_split(frames), "amrnb")) > 0.99
    # 40 samples later than it was said.
    assert likeness(heard[40:], sound[:-40]) > (0.55 if mode < 4 else 0.8)


def test_in_pieces() -> None:
    """A stream coded and decoded in pieces is that of one piece."""
    sound = words(2.0)
    whole = amr_frames(sound, dtx=True)
    encoder, out, written = amr.Encoder(7, dtx=True), np.empty(100 * amr.MOST_OCTETS, np.uint8), 0
    for first in range(0, 100, 7):
        piece = sound[first * amr.SAMPLES : (first + 7) * amr.SAMPLES]
        written += encoder.encode(piece, out[written:])
    assert out[:written].tobytes() == whole
    # Pieces that end within a frame: what is left of it comes with the next.
    np.testing.assert_array_equal(decoded(whole, step=50), decoded(whole))


def test_pauses() -> None:
    """Comfort noise and frames without data are 20 ms each, softly noisy, never dead silence."""
    sound = words(4.0, pause=0.6)
    frames = amr_frames(sound, dtx=True)
    types = [frame[0] >> 3 & 15 for frame in amr_split(frames)]
    assert set(types) == {7, 8, 15}
    assert amr.scan(frames) == (200, len(frames), 0)
    heard = decoded(frames)
    assert heard.size == sound.size
    levels = np.sqrt(np.square(heard.astype(np.float64)).reshape(200, -1).mean(1))
    assert likeness(heard[40:], sound[:-40]) > 0.8
    quiet = levels[[index for index, kind in enumerate(types) if kind == 15]]
    assert quiet.min() > 0
    assert np.median(quiet) < 60


def test_bad_frames_are_made_up() -> None:
    """A frame that is marked as damaged is what a lost one is: its octets are not believed."""
    frames = amr_split(amr_frames(words(1.0)))
    bad, lost = list(frames), list(frames)
    for index in (10, 11, 30):
        bad[index] = bytes([frames[index][0] & ~4]) + b"\xff" * 31
        lost[index] = NO_DATA
    assert amr.scan(b"".join(bad)) == (50, 50 * 32, 3)
    heard = decoded(b"".join(bad))
    np.testing.assert_array_equal(heard, decoded(b"".join(lost)))
    whole = decoded(b"".join(frames))
    np.testing.assert_array_equal(heard[: 10 * 160], whole[: 10 * 160])
    assert np.abs(heard[10 * 160 : 11 * 160]).max() > 0
    assert likeness(heard, whole) > 0.9


@pytest.mark.parametrize("kind", [9, 10, 11])
def test_comfort_noise_of_other_codecs(kind: int) -> None:
    """Types 9 to 11 are passed over as frames that are lost."""
    frames = amr_split(amr_frames(words(0.5)))
    octets = {9: 7, 10: 6, 11: 6}[kind]
    frames[9] = bytes([kind << 3 | 4]) + bytes(octets - 1)
    whole = b"".join(frames)
    assert amr.scan(whole) == (25, len(whole), 1)
    assert decoded(whole).size == 25 * 160


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", range(16))
def test_sizes(kind: int, wide: bool) -> None:
    """Every type by its table, whole, cut, and marked as damaged; reserved ones are none."""
    narrow = (*OCTETS, 6, 7, 6, 6, 0, 0, 0, 1)
    octets = ((18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1) if wide else narrow)[kind]
    frame = bytes([kind << 3 | 4]) + bytes(max(0, octets - 1))
    count, taken, _ = amr.scan(frame * 3, wide=wide)
    assert (count, taken) == ((3, 3 * octets) if octets else (0, 0))
    if octets > 1:
        assert amr.scan(frame + frame[:-1], wide=wide)[:2] == (1, octets)
    for padding in (0x80, 0x02, 0x01):
        assert amr.scan(bytes([frame[0] | padding]) + frame[1:], wide=wide) == (0, 0, 0)
    damaged = bytes([frame[0] & ~4]) + frame[1:]
    assert amr.scan(damaged, wide=wide)[2] == (1 if octets and kind != 15 else 0)


@pytest.mark.parametrize("wide", [False, True])
def test_room(wide: bool) -> None:
    """No more frames than there is room for; nothing of nothing."""
    decoder = amr.Decoder(wide=wide)
    out = np.empty(2 * decoder.samples + 1, np.int16)
    assert decoder.decode(NO_DATA * 5, out) == (2, 2)
    assert decoder.decode(NO_DATA * 5, out[: decoder.samples - 1]) == (0, 0)
    assert decoder.decode(b"", out) == (0, 0)
    assert amr.scan(b"", wide=wide) == (0, 0, 0)


@pytest.mark.parametrize("wide", [False, True])
def test_any_bits(wide: bool) -> None:
    """Frames of any bits give a fixed number of samples, and the same samples every time."""
    drawn = np.random.default_rng(5)
    sizes = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6) if wide else (*OCTETS, 6)
    frames = b"".join(
        bytes([kind << 3 | 4]) + drawn.bytes(sizes[kind] - 1) + NO_DATA
        for kind in drawn.integers(0, len(sizes), 400)
    )
    heard = decoded(frames, wide=wide)
    assert heard.size == 800 * (320 if wide else 160)
    np.testing.assert_array_equal(heard, decoded(frames, wide=wide))


def test_wide(shared: Path) -> None:
    """A recording of AMR-WB is what FFmpeg's decoder makes of it; a lost frame is made up."""
    data = (shared / "media/audio/sample_wb.amr").read_bytes()[len(b"#!AMR-WB\n") :]
    frames = amr_split(data, wide=True)
    assert amr.scan(data, wide=True) == (len(frames), len(data), 0)
    heard = decoded(data, wide=True)
    assert likeness(heard, ffmpegs(frames, "amrwb")) > 0.98
    loud = int(np.argmax(np.square(heard.astype(np.float64)).reshape(-1, 320).mean(1)))
    bad = list(frames)
    bad[loud] = bytes([frames[loud][0] & ~4]) + bytes(len(frames[loud]) - 1)
    assert amr.scan(b"".join(bad), wide=True)[2] == 1
    concealed = decoded(b"".join(bad), wide=True)
    there = slice(loud * 320, (loud + 1) * 320)
    assert np.abs(concealed[there]).max() > np.abs(heard[there]).max() / 8
    np.testing.assert_array_equal(concealed[: there.start], heard[: there.start])


def test_what_is_refused() -> None:
    """Modes that there are not, parts of frames, too little room."""
    for mode in (-1, 8):
        with pytest.raises(ValueError, match="mode"):
            amr.Encoder(mode)
    encoder = amr.Encoder(0)
    with pytest.raises(ValueError, match="159 samples"):
        encoder.encode(np.zeros(159, np.int16), np.empty(32, np.uint8))
    with pytest.raises(ValueError, match="31 octets"):
        encoder.encode(np.zeros(160, np.int16), np.empty(31, np.uint8))
    assert encoder.encode(np.zeros(0, np.int16), np.empty(0, np.uint8)) == 0
