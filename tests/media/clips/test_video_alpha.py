"""Clips with transparency: white shows where nothing is, whatever colour is stored there, and it is told."""

from __future__ import annotations

import io
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

import transcode
from tests.made import clips
from transcode.media.clips.video_alpha import decoder_of, over_white
from transcode.media.samples.planes import Plane

#: Containers, encoders and layouts of samples that have a plane of alpha, as stickers and titles are made.
FORMS = [
    ("webm", "libvpx-vp9", "yuva420p"),
    ("webm", "libvpx", "yuva420p"),
    ("mov", "prores_ks", "yuva444p10le"),
    ("mov", "qtrle", "argb"),
    ("mov", "png", "rgba"),
    ("matroska", "ffv1", "bgra"),
]


def sticker(form: str, codec: str, pixels: str, *, clear: int = 0) -> bytes:
    """Five pictures of a blue square, and one that is half there, on red of so much alpha."""
    picture = np.zeros((64, 96, 4), np.uint8)
    picture[...] = (255, 0, 0, clear)
    picture[16:48, 16:48] = (0, 0, 255, 255)
    picture[16:48, 56:88] = (0, 0, 255, max(128, clear))
    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        stream: Any = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
        if codec.startswith("libvpx"):
            stream.options = {"auto-alt-ref": "0", "cpu-used": "8", "deadline": "realtime", "b": "1M"}
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(picture, "rgba").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(("form", "codec", "pixels"), FORMS)
def test_white_is_laid_under_it(form: str, codec: str, pixels: str) -> None:
    """The red that is hidden stays so; what is half there is half white."""
    rendition = transcode.fit(sticker(form, codec, pixels), transcode.Limits(100_000))
    codes = {note.code for note in rendition.report.notes}
    assert {"flattened", "plays-once"} <= codes
    shown = [picture for _, picture in clips.pictures(rendition.data)]
    assert len(shown) == 5
    for picture in shown:
        assert picture[4, 4] == pytest.approx((255, 255, 255), abs=6)
        assert picture[32, 32] == pytest.approx((0, 0, 255), abs=12)
        assert picture[32, 72] == pytest.approx((127, 127, 255), abs=12)


@pytest.mark.parametrize(("form", "codec", "pixels"), [FORMS[0], FORMS[3]])
def test_what_is_opaque_is_as_it_was(form: str, codec: str, pixels: str) -> None:
    """A plane of alpha alone changes nothing, and is no news."""
    rendition = transcode.fit(sticker(form, codec, pixels, clear=255), transcode.Limits(100_000))
    assert "flattened" not in {note.code for note in rendition.report.notes}
    assert clips.pictures(rendition.data)[0][1][4, 4] == pytest.approx((255, 0, 0), abs=12)


@pytest.mark.parametrize(("full", "white"), [(False, 235), (True, 255)])
def test_planes_of_any_size(full: bool, white: int) -> None:
    """Chroma has the mean of the alpha that it covers, and is neutral where nothing is."""
    alpha = np.zeros((4, 4), np.uint8)
    alpha[:, 2:] = 255
    alpha[:2, :2] = [[0, 255], [255, 0]]
    chroma = Plane(np.full((2, 2), 28, np.uint8), 2, 2)
    luma, first, second = over_white(
        [Plane(np.full((4, 4), 50, np.uint8), 4, 4), chroma, chroma], alpha, full=full
    )
    assert luma.samples.tolist()[0] == [white, 50, 50, 50]
    assert luma.samples.tolist()[3] == [white, white, 50, 50]
    assert first.samples.tolist() == second.samples.tolist() == [[78, 28], [128, 28]]


def test_decoders() -> None:
    """Only what says that it has transparency goes to the slower decoder."""
    own = SimpleNamespace(codec=SimpleNamespace(canonical_name="vp9"))
    assert decoder_of(SimpleNamespace(codec_context=own, metadata={})) is own
    made = decoder_of(SimpleNamespace(codec_context=own, metadata={"alpha_mode": "1"}))
    assert made.codec.name == "libvpx-vp9"
    other = SimpleNamespace(codec=SimpleNamespace(canonical_name="av1"))
    assert decoder_of(SimpleNamespace(codec_context=other, metadata={"alpha_mode": "1"})) is other
