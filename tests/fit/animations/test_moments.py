"""Renditions of an animation are compared with it, and the way to reduce it is chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.fit.animations.moments import AnimationScorer
from transcode.media.pictures.animation import open_animation
from transcode.media.source import inputs


def judge_of(data: bytes, kind: str = "image/gif") -> AnimationScorer:
    animation = open_animation(inputs.read(data), kind)
    assert animation is not None
    return AnimationScorer(animation, animation.width, animation.height)


def animated(frames: list[NDArray[np.uint8]], kind: str = "GIF") -> bytes:
    images = [Image.fromarray(frame) for frame in frames]
    return save(images[0], kind, save_all=True, append_images=images[1:], duration=150, loop=0)


def lines(ink: int, paper: int) -> bytes:
    """Thin slanting lines that wander."""
    frames = []
    for index in range(6):
        frame = np.full((90, 120, 3), paper, np.uint8)
        rows = np.arange(90)
        for line in range(5):
            frame[rows, (rows // 2 + 23 * line + 3 * index) % 120] = ink
        frames.append(frame)
    return animated(frames)


def test_dark_lines_on_white_are_reduced_in_light(shared: Path) -> None:
    """Dark lines on white stay thin in linear light; a fox in dark fur scores worse in it."""
    assert judge_of(lines(0, 255)).suits_linear_light
    fox = (shared / "media" / "image" / "spinfox.apng.png").read_bytes()
    assert not judge_of(fox, "image/png").suits_linear_light


def test_the_same_scores_best() -> None:
    """The animation itself has a hundred points, noise in it fewer, as a GIF and as a clip."""
    wide = photo(120, 64)
    frames = [wide[:, 4 * index : 4 * index + 96].copy() for index in range(5)]
    data = animated(frames, "PNG")
    judge = judge_of(data, "image/png")
    rough = [frame ^ np.uint8(24) for frame in frames]
    fine = judge.gif(animated([np.asarray(Image.fromarray(f).quantize(255).convert("RGB")) for f in frames]))
    assert fine > judge.gif(animated(rough)) + 10
    clips = transcode.Limits(90_000, formats=("video/mp4", "image/jpeg"))
    clip = transcode.fit(data, clips)
    assert clip.content_type == "video/mp4"
    assert judge.clip(clip.data) > 20
    tight = transcode.fit(data, transcode.Limits(3_000, formats=("video/mp4", "image/jpeg")))
    assert judge.clip(tight.data) < judge.clip(clip.data)


def test_tiny_ones_are_not_compared() -> None:
    """SSIMULACRA2 needs eight pixels each way."""
    judge = judge_of(animated([photo(40, 7, 1), photo(40, 7, 2)]))
    assert not judge.can
    assert not judge.suits_linear_light


def test_a_damaged_one_is_judged_by_what_is_there() -> None:
    """A file that is cut behind its first frame has a way to be reduced, too."""
    data = lines(0, 255)
    second = data.index(b"\x21\xf9", data.index(b"\x21\xf9") + 2)
    assert judge_of(data[: second + 40]).suits_linear_light
