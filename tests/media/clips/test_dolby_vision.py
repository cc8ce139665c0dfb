"""Dolby Vision: what other players can show, and what they can't."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from av.bitstream import BitStreamFilterContext

from tests.made import clips
from transcode.errors import UnsupportedError
from transcode.media.clips import clip as media_clip
from transcode.media.clips import side_data, video_look
from transcode.media.clips.dolby_vision import is_ipt, names_ipt
from transcode.media.source.inputs import Input


@pytest.fixture(scope="module")
def metadata(shared: Path) -> bytes:
    """The metadata of a frame of profile 8.4, as a phone records it."""
    with av.open(str(shared / "media/video/iphone14pro_dovi_short.mov")) as container:
        frame = next(container.decode(video=0))
        assert not is_ipt(frame)
        found = side_data.octets(frame, side_data.DOLBY_VISION)
        assert found is not None
        return found


def test_profile_5_is_told_by_its_metadata(metadata: bytes) -> None:
    """It needs both the profile of the stream without other pictures and the colour space."""
    assert not names_ipt(metadata)
    marked = bytearray(metadata)
    header, colours = (int.from_bytes(metadata[place : place + 8], "little") for place in (0, 16))
    assert marked[header + 4] == 1
    marked[header + 4] = 0
    assert not names_ipt(bytes(marked))
    marked[colours + 185] = 2
    assert names_ipt(bytes(marked))


@pytest.mark.parametrize("length", [0, 23, 24, 100, 5300])
def test_short_metadata_say_nothing(metadata: bytes, length: int) -> None:
    """Nothing is read behind the end of metadata."""
    assert not names_ipt(metadata[:length])


def test_it_is_refused() -> None:
    """A clip of IPT ends in an error that says why, not in wrong colours."""
    named = b""
    with av.open(io.BytesIO(clips.clip(seconds=0.2, form="h264").data), "r") as container:
        stream = container.streams.video[0]
        naming = BitStreamFilterContext("h264_metadata=matrix_coefficients=15", stream)
        for packet in container.demux(stream):
            named += b"".join(map(bytes, naming.filter(packet if packet.size else None)))
    content = Input("ipt.h264", named)
    with pytest.raises(UnsupportedError, match="Dolby Vision"):
        video_look.look(content, media_clip.probe(content), 0.0)
