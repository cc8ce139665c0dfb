"""Key frames stand seldom and evenly, and none just before the end of a clip."""

from __future__ import annotations

from io import BytesIO

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.media.clips import key_frames
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_encode import Encoder, Settings, mux


@pytest.mark.parametrize(
    ("seconds", "rate", "cuts", "found"),
    [
        (10.29, 25.0, [], []),
        (12.9, 25.0, [], []),
        (13.2, 25.0, [], [165]),
        (40.0, 30.0, [], [300, 600, 900]),
        (21.0, 24.0, [], [252]),
        # A distance of 10 s would set one 1.5 s before the end.
        (40.0, 30.0, [255], [570, 885]),
        # Where a frame lasts for ten seconds, the second is no key frame.
        (40.0, 0.1, [], []),
    ],
)
def test_where_key_frames_stand(seconds: float, rate: float, cuts: list[int], found: list[int]) -> None:
    """The distance fits the length of the clip and its scenes."""
    frames = round(seconds * rate)
    far = key_frames.distance(frames, rate, cuts)
    assert key_frames.expired(frames, far, cuts) == found


@given(
    st.integers(1, 3_000),
    st.sampled_from([0.1, 5.0, 12.0, 15.0, 23.976, 25.0, 30.0]),
    st.lists(st.integers(1, 3_000), max_size=6, unique=True),
)
def test_distances_without_scenes(frames: int, rate: float, cuts: list[int]) -> None:
    """Without cuts none is late, and with cuts none where it can be; gaps are at most 13 s."""
    far = key_frames.distance(frames, rate)
    assert not key_frames.has_late(frames, rate, far, [])
    assert 1 <= far <= max(13 * max(rate, 1.0) + 1, 1)
    within = sorted(cut for cut in cuts if cut < frames)
    chosen = key_frames.distance(frames, rate, within)
    assert key_frames.has_late(frames, rate, chosen, within) <= key_frames.has_late(frames, rate, far, within)


def test_a_distance_is_no_longer_than_the_clip() -> None:
    """Of a frame that lasts for a hundred thousandth of a second, one distance is tried."""
    assert key_frames.distance(1, 90_000.0) == 1
    assert key_frames.distance(40, 30.0) == 40


def test_what_statistics_tell() -> None:
    """Frames stand in coding order; I frames alone are no key frames, and the distance makes no scenes."""
    text = "#options: 64x48\n" + "".join(
        f"in:{number} out:{place} type:{kind} dur:2 cpbdur:2 q:20.00 aq:18.00 tex:1 mv:1 misc:1\n"
        for place, (number, kind) in enumerate([(0, "I"), (4, "P"), (2, "B"), (10, "I"), (7, "i"), (35, "I")])
    )
    assert key_frames.scene_cuts(text, 25) == [10]


def test_a_clip_with_a_scene_that_moves_its_key_frames() -> None:
    """The scene of 8.5 s has a key frame; another 10 s apart would stand 1.5 s before the end of 20 s."""
    rng = np.random.default_rng(5)
    scenes = [np.kron(rng.integers(30, 220, (12, 50)), np.ones((4, 4))).astype(np.uint8) for _ in range(2)]
    with Frames(64, 48) as frames:
        for number in range(200):
            picture = np.full((72, 64), 128, np.uint8)
            shift = number // 2
            picture[:48] = scenes[number >= 85][:, shift : shift + 64]
            frames.append(number / 10, picture)
        frames.end = 20.0
        settings = Settings("h264", 60_000, 10.0)
        with Encoder(frames) as encoder:
            encoder.measure(settings)
            data = mux(encoder.encode(settings), None, "video/mp4")
    with av.open(BytesIO(data), "r") as container:
        keys = [
            float((packet.pts or 0) * (packet.time_base or 0))
            for packet in container.demux(video=0)
            if packet.is_keyframe
        ]
    assert keys[:2] == pytest.approx([0.0, 8.5], abs=0.11)
    assert all(key < 17.0 for key in keys)
