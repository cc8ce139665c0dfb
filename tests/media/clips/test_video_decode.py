"""Pictures of a window: the right ones, upright, at their times."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made import clips
from transcode.jobs.processors import ThreadLimit
from transcode.media.clips import clip as media_clip
from transcode.media.clips import video_alpha, video_decode
from transcode.media.clips.frames import Frames
from transcode.media.clips.packed import packed_rows, planes
from transcode.media.clips.video_decode import Slots
from transcode.media.clips.video_encode import Encoder, Settings, mux
from transcode.media.clips.video_look import look
from transcode.media.samples.planes import upright
from transcode.media.source.inputs import Input


def decode(
    content: Input,
    size: tuple[int, int] = (96, 64),
    *,
    start: float = 0.0,
    seconds: float = 40.0,
    rate: float | None = None,
) -> tuple[list[float], list[NDArray[np.uint8]], float]:
    """Times, luma and end of a window."""
    found = media_clip.probe(content)
    listed = media_clip.scan(content, found, start, seconds)
    seen = look(content, found, start)
    decoded = video_decode.decode(content, found, listed, seen, size, start=start, seconds=seconds, rate=rate)
    with decoded.frames as frames:
        assert not decoded.is_broken
        return frames.times, [planes(packed, *size)[0].copy() for packed in frames], frames.end


def numbered(time: float) -> NDArray[np.uint8]:
    """A picture whose grey tells its time: four levels each twenty-fifth of a second."""
    return np.full((64, 96, 3), 20 + 4 * round(time * 25), np.uint8)


def shown(luma: NDArray[np.uint8]) -> int:
    """Which of the numbered pictures it is."""
    return round((((float(luma.mean()) - 16) * 255 / 219) - 20) / 4)


@pytest.mark.parametrize("start", [0.0, 0.2, 0.5, 1.01])
def test_the_cut_is_exact(start: float) -> None:
    """The first picture is the one on show at the start, the last the one before the end."""
    content = clips.clip(numbered, seconds=2, options={"g": "50", "crf": "10"})
    times, lumas, end = decode(content, start=start, seconds=0.4)
    first = int(start * 25 + 0.001)
    last = int((start + 0.4) * 25 - 0.001)
    assert [shown(luma) for luma in lumas] == list(range(first, last + 1))
    assert times[0] == 0
    assert times[1] == pytest.approx((first + 1) / 25 - start, abs=0.001)
    assert end == pytest.approx(0.4)


@pytest.mark.parametrize(("threads", "used"), [(1, 1), (3, 3), (100, 4)])
def test_as_many_threads_as_the_call_has(threads: int, used: int) -> None:
    """A decoder has no more threads than the call, and none that are of no use."""
    contexts: list[Any] = []

    def found(stream: Any) -> Any:
        contexts.append(video_alpha.decoder_of(stream))
        return contexts[-1]

    content = clips.clip(numbered, seconds=0.4)
    with mock.patch.object(video_decode, "decoder_of", found), ThreadLimit(threads):
        decode(content)
    assert [context.thread_count for context in contexts] == [used]


def damaged(data: bytes, seed: int) -> bytes:
    """The octets with thirty bits of the frames changed. The header of an MP4 is at the end."""
    found, rng = bytearray(data), np.random.default_rng(seed)
    begin, end = (b"mdat", b"moov") if b"moov" in data else (CLUSTER, b"\x1cS\xbbk")
    for place in rng.integers(data.index(begin) + 1000, data.rindex(end) - 4, 30):
        found[place] ^= 1 << int(rng.integers(8))
    return bytes(found)


#: The id of a cluster in Matroska.
CLUSTER = b"\x1fC\xb6u"


def decoded(data: bytes, threads: int) -> tuple[list[float], bytes, bool]:
    """Times and octets of all frames with that number of threads, and whether they are broken."""
    content = Input("damaged", data)
    clip = media_clip.probe(content)
    listed, seen = media_clip.scan(content, clip, 0.0, 9.0), look(content, clip, 0.0)
    with ThreadLimit(threads):
        found = video_decode.decode(content, clip, listed, seen, (320, 240), start=0.0, seconds=9.0)
    with found.frames as frames:
        return list(frames.times), b"".join(packed.tobytes() for packed in frames), found.is_broken


@pytest.mark.parametrize(("codec", "form"), [("libx264", "mp4"), ("mpeg4", "mp4"), ("libvpx", "webm")])
def test_damage_is_the_same_with_any_number_of_threads(codec: str, form: str) -> None:
    """FFmpeg's threads conceal damage each in their own way, so one thread decodes damaged windows."""
    whole = clips.clip(clips.moving(320, 240), seconds=2, codec=codec, form=form)
    is_broken = False
    for seed in range(6):
        data = damaged(bytes(whole.data), seed)
        found = [decoded(data, threads) for threads in (1, 2, 4)]
        assert found[1] == found[0]
        assert found[2] == found[0]
        is_broken |= found[0][2]
    assert is_broken or codec != "mpeg4"


def test_an_end_that_is_damaged_is_the_same_with_any_number_of_threads() -> None:
    """The frames that threads lose with the last of the file are there, as with one thread."""
    whole = clips.clip(clips.moving(320, 240), seconds=3, rate=30, form="matroska")
    data = bytes(whole.data)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        place = int(rng.integers(data.index(CLUSTER) + len(data) // 20, len(data) * 9 // 10))
        broken = data[:place] + rng.bytes(800) + data[place + 800 :]
        found = [decoded(broken, threads) for threads in (1, 2, 4)]
        assert found[1] == found[0]
        assert found[2] == found[0]


def test_a_lower_rate_keeps_whole_steps() -> None:
    """Half of the rate is every second picture, half a period early: what it stands for is no more late."""
    content = clips.clip(numbered, seconds=1.24, options={"bf": "2", "crf": "10"})
    times, lumas, _ = decode(content, rate=12.5)
    assert [shown(luma) for luma in lumas] == list(range(0, 31, 2))
    assert times == pytest.approx([0, *(0.08 * n - 0.02 for n in range(1, 16))])
    times, _, _ = decode(clips.clip(numbered, seconds=1.2, options={"crf": "10"}), rate=12.5)
    assert len(times) == 15


@pytest.mark.parametrize("rate", [10.0, 12.5, 15.0])
def test_what_is_shown_for_a_slot_is_never_lost(rate: float) -> None:
    """However uneven times are, and within half of a slot of its time, besides the grid."""
    rng = np.random.default_rng(7)
    gaps = rng.choice([0.01, 0.02, 0.03, 0.11], 60, p=[0.4, 0.2, 0.2, 0.2])
    uneven: list[float] = [0.0, *np.cumsum(gaps).round(4).tolist()]
    places = dict(zip(uneven, range(61), strict=True))

    def draw(time: float) -> NDArray[np.uint8]:
        return np.full((64, 96, 3), 8 + 4 * places[time], np.uint8)

    times, lumas, _ = decode(clips.clip(draw, times=uneven, options={"crf": "1"}), rate=rate)
    kept = [round(((float(luma.mean()) - 16) * 255 / 219 - 8) / 4) for luma in lumas]
    long = [n for n, gap in enumerate(np.diff(uneven)) if gap > 1 / rate]
    assert len(long) > 3
    assert set(long) <= set(kept)
    seen = dict(zip(kept, times, strict=True))
    for first, second in itertools.pairwise(kept[:-1]):
        stands_for = uneven[first + 1], uneven[second]
        assert seen[second] == pytest.approx(sum(stands_for) / 2, abs=1 / 120 + 0.001)


def test_times_of_avi() -> None:
    """Pictures that are decoded in another order than they are shown in have the next time each."""

    def counted(stream: Any) -> None:
        stream.codec_context.time_base = Fraction(1, 25)

    options = {"bf": "2", "crf": "10"}
    content = clips.clip(numbered, seconds=1.2, form="avi", options=options, setup=counted)
    times, lumas, _ = decode(content)
    assert [shown(luma) for luma in lumas] == list(range(30))
    assert np.diff(times)[1:] == pytest.approx(0.04, abs=0.001)
    times, lumas, _ = decode(content, rate=12.5)
    assert len(lumas) == 15
    assert np.diff(times)[1:] == pytest.approx(0.08, abs=0.001)


def test_uneven_times_stay() -> None:
    """A variable frame rate is kept as it is."""
    uneven = [0.0, 0.04, 0.2, 0.24, 0.28, 0.6, 0.64, 1.0]
    times, lumas, end = decode(clips.clip(numbered, times=uneven, options={"crf": "10"}))
    assert times == pytest.approx(uneven, abs=0.001)
    assert [shown(luma) for luma in lumas] == [round(time * 25) for time in uneven]
    assert end >= 1.0


def test_rgb_says_by_which_matrix_it_became_planes() -> None:
    """Clips of RGB, such as recordings of a screen, keep their colours at every size."""
    red = np.full((64, 96, 3), (250, 10, 10), np.uint8)
    content = clips.clip(lambda _: red, seconds=0.2, codec="libx264rgb", pixels="rgb24")
    found = media_clip.probe(content)
    seen = look(content, found, 0.0)
    assert seen.signal.matrix == 6
    listed = media_clip.scan(content, found, 0.0, 1.0)
    with video_decode.decode(content, found, listed, seen, (48, 32), start=0.0, seconds=1.0).frames as frames:
        means = [plane.mean() for plane in planes(frames[0], 48, 32)]
    # RGB of (250, 10, 10) by the weights of BT.601 in the narrow range.
    assert means == pytest.approx([86, 92, 231], abs=2)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuv420p10le"])
def test_layouts(pixels: str) -> None:
    """Luma of any layout is decoded to video range with eight bits."""
    content = clips.clip(numbered, seconds=0.2, pixels=pixels, form="matroska", options={"crf": "4"})
    _, lumas, _ = decode(content)
    assert [shown(luma) for luma in lumas] == list(range(5))


def test_slots() -> None:
    """What is on show at the start has one of its own; a slot takes what comes a little late."""
    slots = Slots(0.0, 10.0)
    assert [slots.of(time) for time in (-0.1, 0.0, 0.001, 0.1, 0.109, 0.111, 0.35)] == [0, 0, 1, 1, 1, 2, 4]
    assert [slots.is_cut(slot, 0.5) for slot in (4, 5)] == [False, True]
    everything = Slots(0.0, None)
    assert not everything.is_cut(0.48, 0.5)
    assert 0 == everything.of(0.0) < everything.of(0.001) < everything.of(0.002)


@pytest.mark.parametrize("size", [(96, 64), (90, 66), (64, 46), (34, 22)])
def test_planes_survive_encoding(size: tuple[int, int]) -> None:
    """Heights by two as well as by four: luma and both chroma planes come out where they went in."""
    width, height = size
    with Frames(*size) as frames:
        packed = np.empty((packed_rows(height), width), np.uint8)
        for plane, value in zip(planes(packed, width, height), (90, 100, 160), strict=True):
            plane[...] = value
            plane[: plane.shape[0] // 2] += 20
        for number in range(3):
            frames.append(number / 25, packed)
        frames.end = 3 / 25
        with Encoder(frames) as encoder:
            settings = Settings("h264", 400_000, 25.0)
            encoder.measure(settings)
            data = mux(encoder.encode(settings), None, "video/mp4")
    decoded = Input("made.mp4", data)
    found = media_clip.probe(decoded)
    seen = look(decoded, found, 0.0)
    listed = media_clip.scan(decoded, found, 0.0, 1.0)
    with video_decode.decode(decoded, found, listed, seen, size, start=0.0, seconds=1.0).frames as again:
        for plane, was in zip(planes(again[1], width, height), planes(packed, width, height), strict=True):
            assert int(np.abs(plane.astype(int) - was).max()) <= 6


def test_a_reduction_of_any_size_does_not_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each frame refers to the one before, none is left without its filter: the error would grow."""
    content = clips.clip(
        clips.moving(640, 480), seconds=2, options={"bf": "0", "crf": "38", "g": "250", "preset": "fast"}
    )
    _, reduced, _ = decode(content, (96, 72))
    monkeypatch.setattr(video_decode, "_LEAVE_OUT", float("inf"))
    _, whole, _ = decode(content, (96, 72))
    assert len(reduced) == len(whole) == 50
    assert all(np.array_equal(one, other) for one, other in zip(reduced, whole, strict=True))


#: A matrix of a turn or a mirror (ISO/IEC 14496-12, 6.2.2): a, b, c, d of its upper left quarter.
MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_and_mirrored(orientation: int) -> None:
    """Each of the eight ways of a display matrix shows the stored frames as it says."""
    stored = np.zeros((64, 96, 3), np.uint8)
    stored[:32, :48], stored[:32, 48:], stored[32:, :48] = 60, 120, 180
    content = clips.clip(lambda _: stored, seconds=0.2, options={"crf": "4"})
    a, b, c, d = (number * 65_536 for number in MATRICES[orientation])
    flat = np.array([65_536, 0, 0, 0, 65_536, 0, 0, 0, 1 << 30], ">i4").tobytes()
    turned = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], ">i4").tobytes()
    data = bytes(content.data)
    at = data.index(flat, data.index(b"tkhd"))
    content = Input("turned.mp4", data[:at] + turned + data[at + 36 :])
    size = (64, 96) if orientation > 4 else (96, 64)
    _, lumas, _ = decode(content, size)
    want = upright(stored[..., 0], orientation) * (219 / 255) + 16
    assert float(np.abs(lumas[0] - want).mean()) < 3


def test_uneven_times_stand_on_a_grid() -> None:
    """Players that draw at a fixed rate find each picture at a place of its own."""
    uneven = [0.0, 0.05, 0.091, 0.2, 0.231, 0.4]
    times, _, _ = decode(clips.clip(numbered, times=uneven, options={"crf": "10"}))
    assert times == pytest.approx(uneven, abs=1 / 120 + 0.001)
    assert np.asarray(times) * 60 == pytest.approx(np.rint(np.asarray(times) * 60))


def test_pictures_at_almost_the_same_time() -> None:
    """Pictures at almost the same time become one: a player has no time between them."""
    twins = [n / 25 for n in range(10)] + [0.2005]
    times, _, _ = decode(clips.clip(numbered, times=sorted(twins), options={"crf": "10", "bf": "0"}))
    assert len(times) == 10
    assert np.diff(times).min() > 0.03


def test_a_demuxer_that_gives_up() -> None:
    """The pictures of an AVI before the gap in its index stay, where the demuxer asks for gigabytes."""
    data = bytes(clips.clip(seconds=0.5, rate=10, form="avi", codec="mpeg4").data)
    middle = data.rindex(b"idx1") + 8 + 16 * 70 + 2
    content = Input("cut.avi", data[:middle] + data[middle + 2 :])
    found = media_clip.probe(content)
    listed = media_clip.scan(content, found, 0.0, 40.0)
    seen = look(content, found, 0.0)
    decoded = video_decode.decode(content, found, listed, seen, (96, 64), start=0.0, seconds=40.0, rate=None)
    with decoded.frames as frames:
        assert decoded.is_broken
        assert len(frames.times) >= 2
