"""The picture of a clip for receivers without clips: upright, in the colours of the clip, and not black."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.made import clips
from transcode.errors import SourceError
from transcode.media.clips.telling import telling_picture
from transcode.media.source.inputs import Input


def test_a_black_beginning_is_not_shown() -> None:
    """Two black seconds in front of a picture: the picture is taken, in its colours."""
    columns = np.linspace(0, 255, 96).astype(np.uint8)
    full = np.zeros((64, 96, 3), np.uint8)
    full[..., 0], full[..., 1] = columns, columns[::-1]
    content = clips.clip(lambda time: full if time >= 2 else np.zeros_like(full), seconds=4.0, rate=10)
    made = telling_picture(content)
    picture = np.asarray(Image.open(io.BytesIO(made.data)).convert("RGB")).astype(int)
    assert made.content_type == "image/png"
    assert picture.shape == full.shape
    assert np.abs(picture - full).mean() < 8


def test_what_is_no_clip() -> None:
    with pytest.raises(SourceError):
        telling_picture(Input("clip.mp4", clips.clip(seconds=1).data[:600]))
