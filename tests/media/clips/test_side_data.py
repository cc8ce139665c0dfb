"""Side data of frames: kinds that PyAV's list lacks cost nothing."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from PIL import Image

import transcode
from transcode.media.clips import clip as media_clip
from transcode.media.clips import side_data, video_look
from transcode.media.source.inputs import Input


class Unreadable:
    """A frame whose side data can't be given out, whatever is tried."""

    @property
    def side_data(self) -> object:
        raise ValueError("99 is not a valid Type")


def jpeg_clip(orientation: int | None) -> bytes:
    """Ten frames of 64 x 48 as JPEG files in a clip, each with EXIF that names an orientation."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(10):
            pixels = np.full((48, 64, 3), 20 * number, np.uint8)
            exif = Image.Exif()
            if orientation is not None:
                exif[0x0112] = orientation
            picture = io.BytesIO()
            Image.fromarray(pixels).save(picture, "JPEG", exif=exif)
            packet = av.Packet(picture.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 10)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)
    return file.getvalue()


def test_numbers_are_those_of_ffmpeg() -> None:
    """Constants here and PyAV's names, which come from FFmpeg's header, mean the same."""
    numbers: dict[str, object] = {kind.name: kind.value for kind in Type}
    assert numbers["DISPLAYMATRIX"] == side_data.DISPLAY_MATRIX
    assert numbers["DOVI_METADATA"] == side_data.DOLBY_VISION


@pytest.mark.parametrize("orientation", [None, 1, 2, 6, 8])
def test_clip_of_pictures_with_exif(orientation: int | None) -> None:
    """EXIF of frames (kind 31) ends nothing, and the matrix that FFmpeg makes of it turns the clip."""
    data = jpeg_clip(orientation)
    content = Input("exif.mov", data)
    seen = video_look.look(content, media_clip.probe(content), 0.0)
    assert seen.geometry.orientation == (orientation or 1)
    made = transcode.fit(data, transcode.Limits(60_000))
    assert (made.width, made.height) == ((48, 64) if orientation in (6, 8) else (64, 48))


def test_what_can_not_be_read_is_not_there() -> None:
    """A frame that never gives its side data has none."""
    assert side_data.octets(Unreadable(), side_data.DISPLAY_MATRIX) is None


def test_stereo_clip_gives_its_base_view(shared: Path) -> None:
    """A clip of two views (MV-HEVC, kind 29) leaves as a clip of one."""
    path = shared / "cases" / "water_180_mvhevc_5frames.mov"
    made = transcode.fit(path, transcode.Limits(300_000))
    assert made.content_type == "video/mp4"
    assert made.width is not None
    assert made.height is not None
    assert made.width < made.height
