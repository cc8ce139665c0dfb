"""GIF frames composed as FFmpeg and ImageMagick compose them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import transcode
from tests.made.gifs import image, mixed, screen
from transcode.media.pictures import gif_read

Pixels = NDArray[np.uint8]

RED, GREEN, MAGENTA, WHITE = (255, 0, 0), (0, 255, 0), (255, 0, 255), (255, 255, 255)
TABLE = bytes((*RED, *GREEN, *MAGENTA, *WHITE))
SIZE = 4


def ours(data: bytes, width: int, height: int) -> list[Pixels]:
    return [np.array(canvas) for canvas, _ in gif_read.frames(data, width, height)]


def by_imagemagick(path: Path, width: int, height: int) -> Pixels:
    command = ["convert", str(path), "-coalesce", "-depth", "8", "rgba:-"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, height, width, 4)


def by_ffmpeg(path: Path, width: int, height: int) -> Pixels:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-fps_mode", "passthrough", "-f", "rawvideo"]
    out = subprocess.run([*command, "-pix_fmt", "rgba", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, height, width, 4)


def same(one: Pixels, other: Pixels) -> bool:
    """Clear pixels may be of any colour."""
    if np.array_equal(one, other):
        return True
    seen = one[..., 3] > 0
    return bool((one[..., 3] == other[..., 3]).all() and (one[seen] == other[seen]).all())


@pytest.mark.parametrize("seed", range(24))
def test_other_readers_agree(seed: int, tmp_path: Path) -> None:
    """Wherever both say the same of a frame, it is ours."""
    data, width, height = mixed(seed)
    path = tmp_path / "a.gif"
    path.write_bytes(data)
    found = ours(data, width, height)
    first, second = by_imagemagick(path, width, height), by_ffmpeg(path, width, height)
    assert len(found) == len(first) == len(second) > 1
    for frame, one, other in zip(found, first, second, strict=True):
        assert not same(one, other) or same(frame, one)


def full(index: int, disposal: int = 0, clear: int | None = None) -> bytes:
    return image([index] * SIZE * SIZE, (0, 0, SIZE, SIZE), 2, disposal=disposal, clear=clear)


def spot(index: int, disposal: int = 0, clear: int | None = None) -> bytes:
    return image([index] * 4, (1, 1, 2, 2), 2, disposal=disposal, clear=clear)


def colours(data: bytes) -> list[tuple[int, ...]]:
    """The colour in the middle of each frame."""
    return [tuple(frame[2, 2].tolist()) for frame in ours(data + b"\x3b", SIZE, SIZE)]


def test_a_frame_that_is_cleared_shows_neither_key_nor_background() -> None:
    """After an opaque first frame too: what was there is clear."""
    data = screen(SIZE, SIZE, TABLE, 2) + full(0) + spot(1, disposal=2, clear=2) + spot(2, clear=2)
    assert colours(data) == [(*RED, 255), (*GREEN, 255), (0, 0, 0, 0)]


def test_a_first_frame_that_is_restored_leaves_nothing() -> None:
    """What was there before was a clear canvas."""
    data = screen(SIZE, SIZE, TABLE) + full(0, disposal=3, clear=2) + image([1], (0, 0, 1, 1), 2, clear=2)
    assert colours(data) == [(*RED, 255), (0, 0, 0, 0)]


def test_a_frame_is_restored_to_what_was_before_it() -> None:
    """A frame without a disposal method does not inherit that of an earlier frame."""
    data = screen(SIZE, SIZE, TABLE) + full(0, clear=2) + spot(1, disposal=3) + spot(2, clear=2)
    assert colours(data + spot(3) + spot(2, clear=2)) == [
        (*RED, 255),
        (*GREEN, 255),
        (*RED, 255),
        (*WHITE, 255),
        (*WHITE, 255),
    ]


def test_what_stands_beyond_the_canvas_is_cut() -> None:
    """Partly or wholly; one far larger than the canvas is refused."""
    beyond = image([1] * 9, (2, 2, 3, 3), 2) + image([3], (40, 40, 1, 1), 2)
    assert colours(screen(SIZE, SIZE, TABLE) + full(0) + beyond) == [
        (*RED, 255),
        (*GREEN, 255),
        (*GREEN, 255),
    ]
    huge = screen(SIZE, SIZE, TABLE) + full(0) + image([1], (0, 0, 5_000, 5_000), 2) + b"\x3b"
    frames = gif_read.frames(huge, SIZE, SIZE)
    next(frames)
    with pytest.raises(ValueError, match="5000 x 5000 pixels on a smaller canvas"):
        next(frames)


def test_a_still_that_leaves_ground() -> None:
    """It is seen in the background colour: Pillow shows the first of the table."""
    data = screen(40, 40, TABLE, 1) + image([2] * 400, (20, 0, 20, 20), 2) + b"\x3b"
    made = transcode.fit(data, transcode.Limits(30_000, formats=("image/jpeg",)))
    found = np.asarray(Image.open(io.BytesIO(made.data)).convert("RGB")).astype(int)
    assert abs(found[10, 10] - GREEN).max() < 20
    assert abs(found[10, 30] - MAGENTA).max() < 20


def test_real_files(shared: Path) -> None:
    """Each frame is as ImageMagick composes it."""
    paths = sorted((shared / "media" / "image").glob("*.gif"))
    assert len(paths) > 3
    for path in paths:
        data = path.read_bytes()
        width, height = data[6] | data[7] << 8, data[8] | data[9] << 8
        wanted = by_imagemagick(path, width, height)
        for (canvas, _), other in zip(gif_read.frames(data, width, height), wanted, strict=True):
            assert same(np.array(canvas), other), path.name


def test_octets_between_blocks_are_passed_over() -> None:
    """The reader skips octets between blocks, as ImageMagick does; too many of them end the file."""
    data = screen(SIZE, SIZE, TABLE) + full(0) + bytes(2) + full(1) + b"\x3b" + full(3)
    assert colours(data) == [(*RED, 255), (*GREEN, 255)]
    assert gif_read.count(data, 99) == 2
    assert gif_read.count(screen(SIZE, SIZE, TABLE) + full(0) + bytes(5_000) + full(1), 99) == 1
