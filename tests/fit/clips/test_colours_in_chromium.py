"""Chromium shows a clip's colours as those of its source, whatever size the clip has become."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import transcode
from tests.browser import Browser, Page
from transcode.media.clips.frames import Frames
from transcode.media.clips.video_encode import Encoder, Settings, mux

#: One browser for all.
pytestmark = pytest.mark.xdist_group("browser")

#: A red that both matrices tell apart: read with the wrong one, its green is off by 17.
RED = (200, 40, 40)
MATRICES = {1: (0.2126, 0.0722), 6: (0.299, 0.114)}
BOXES = [(1216, 684), (960, 540), (854, 480), (640, 360), (320, 180)]

_SHOW = """new Promise((done, failed) => {
  const video = document.createElement('video');
  video.muted = true;
  video.onerror = () => failed(video.error.message);
  const draw = () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const middle = context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    const shown = Array.from(middle.data).slice(0, 3);
    // On a busy machine the frame may come later than the word that it is there.
    if (shown.some(value => value)) done(shown); else setTimeout(draw, 50);
  };
  video.onseeked = draw;
  video.onloadeddata = () => { video.currentTime = 0.3; };
  video.src = 'data:video/mp4;base64,OCTETS';
})"""


@cache
def source(width: int, height: int, matrix: int, *, tagged: bool) -> bytes:
    """A red clip of noise in luma, so that it is no drawing."""
    red, blue = MATRICES[matrix]
    r, g, b = (value / 255 for value in RED)
    y = red * r + (1 - red - blue) * g + blue * b
    samples = (16 + 219 * y, 128 + 112 * (b - y) / (1 - blue), 128 + 112 * (r - y) / (1 - red))
    with Frames(width, height) as frames:
        for number in range(8):
            packed = np.empty((height * 3 // 2, width), np.uint8)
            packed[:height] = round(samples[0])
            chroma = packed[height:].reshape(2, -1)
            chroma[0], chroma[1] = round(samples[1]), round(samples[2])
            packed[: height // 8] = np.random.default_rng(number).integers(
                40, 200, (height // 8, width), np.uint8
            )
            frames.append(number / 8, packed)
        frames.end = 1.0
        with Encoder(frames) as encoder:
            settings = Settings("h264", 3_000_000, 8.0, colour=(matrix,) * 3 if tagged else (2, 2, 2))
            encoder.measure(settings)
            return mux(encoder.encode(settings), None, "video/mp4")


@pytest.mark.parametrize("box", BOXES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize(
    ("size", "matrix", "tagged"),
    [((1280, 720), 1, False), ((1280, 720), 6, True), ((640, 480), 6, False), ((640, 480), 1, True)],
    ids=["untagged HD", "HD in BT.601", "untagged SD", "SD in BT.709"],
)
def test_colours_stay(
    browser: Browser, tmp_path: Path, size: tuple[int, int], matrix: int, tagged: bool, box: tuple[int, int]
) -> None:
    """The result of each size shows the red of the source."""
    limits = transcode.Limits(120_000, max_video_width=box[0], max_video_height=box[1])
    made = transcode.fit(source(*size, matrix, tagged=tagged), limits)
    assert len(made.data) <= 120_000
    blank = tmp_path / "blank.html"
    blank.write_text("<!doctype html><title>A clip</title>")
    page = Page(browser, blank.as_uri(), (1280, 800))
    try:
        shown = page.value(_SHOW.replace("OCTETS", base64.b64encode(made.data).decode()))
    finally:
        page.close()
    assert shown == pytest.approx(RED, abs=6)
