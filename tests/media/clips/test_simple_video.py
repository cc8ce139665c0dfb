"""What pictures of MPEG-4 and H.263 say of themselves, whatever their container says."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest

from tests.made import clips
from transcode.media.clips import clip as clip_module
from transcode.media.clips.simple_video import SimpleVideo, is_intra, read_simple
from transcode.media.source.inputs import Input


def stated(content: Input) -> SimpleVideo | None:
    return read_simple(content, clip_module.probe(content), 0.0, 40.0)


def made(
    codec: str, size: tuple[int, int] = (176, 144), setup: Any = None, *, form: str = "3gp", **options: Any
) -> Input:
    draw = clips.moving(*size)
    return clips.clip(draw, seconds=0.4, form=form, codec=codec, options=options, setup=setup)


def shaped(stream: Any) -> None:
    """Give the pixels the shape of television."""
    stream.codec_context.sample_aspect_ratio = Fraction(12, 11)


def test_size_shape_and_level_are_those_of_the_stream() -> None:
    """Of MPEG-4 all is stated; H.263 has no level and one shape of pixels."""
    assert stated(made("mpeg4", profile="0", level="3")) == SimpleVideo(176, 144, (1, 1), 3)
    assert stated(made("mpeg4", setup=shaped)) == SimpleVideo(176, 144, (12, 11), 1)
    assert stated(made("h263", (352, 288), shaped)) == SimpleVideo(352, 288, (12, 11))


@pytest.mark.parametrize(
    ("codec", "option", "value"),
    [
        ("mpeg4", "bf", "2"),
        ("mpeg4", "flags", "+qpel"),
        ("mpeg4", "mpeg_quant", "1"),
        ("mpeg4", "flags", "+ildct"),
        ("h263p", "umv", "1"),
        ("h263p", "flags", "+aic"),
    ],
)
def test_tools_of_other_profiles(codec: str, option: str, value: str) -> None:
    """One tool that old devices do not have is enough."""
    options: Any = {option: value}
    assert stated(made(codec, form="avi", **options)) is None


def test_a_header_that_can_not_be_read() -> None:
    """A layer of another type, one that ends early, and none at all are not simple."""
    source = made("mpeg4")
    data = bytes(source.data)
    at = data.index(b"\x00\x00\x01\x20")
    begin = data[at : at + 8]
    for broken in (begin[:4] + b"\xff" * 8, begin + b"\0\0\1\xb2", b"\0" * 12):
        assert stated(Input("a.3gp", data[:at] + broken + data[at + 12 :])) is None


def test_key_pictures_are_those_of_the_stream() -> None:
    """The first picture refers to no other, the second does."""
    for codec in ("mpeg4", "h263"):
        with av.open(io.BytesIO(bytes(made(codec).data)), "r") as container:
            found = [bytes(packet) for packet in container.demux(video=0) if packet.size]
        assert [is_intra(data, codec) for data in found[:3]] == [True, False, False]
        assert not is_intra(b"", codec)
