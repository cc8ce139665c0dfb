"""How frames are shown: square pixels, and what the first frame tells."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.made import clips
from transcode.media.clips import clip as media_clip
from transcode.media.clips.video_look import Geometry, look


def test_shown_size() -> None:
    """Pixels become square without more of them, and a turn swaps the sides."""
    assert Geometry(720, 576, 16 / 15, 1).shown == (720, 540)
    assert Geometry(720, 576, 0.5, 1).shown == (360, 576)
    assert Geometry(1920, 1080, 1.0, 6).shown == (1080, 1920)


@pytest.mark.parametrize(
    ("aspect", "shown"),
    [((4, 3), (96, 48)), ((3, 4), (72, 64)), ((12, 11), (96, 59)), ((45, 44), (96, 64))],
)
def test_pixels_that_are_not_square(aspect: tuple[int, int], shown: tuple[int, int]) -> None:
    """Pixels are made square, by fewer of them; nearly square ones are kept, as a resize would blur them."""

    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(*aspect)

    content = clips.clip(seconds=0.2, setup=wide)
    found = media_clip.probe(content)
    assert look(content, found, 0.0).geometry.shown == shown
