"""The kind of a source before it is decoded."""

from __future__ import annotations

from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, sine
from transcode.media.source.inputs import read
from transcode.media.source.kinds import kind_of


def test_kinds() -> None:
    """Streams decide where a container may have sound alone; broken and unknown files have no kind."""
    clip = clips.clip(seconds=1).data
    assert kind_of(read(save(photo(20, 20)))) == "picture"
    assert kind_of(read(clip)) == "clip"
    assert kind_of(read(container(sine(0.5)).data)) == "recording"
    ogg = container(sine(0.5), form="ogg", codec="flac", sample_format="s16").data
    assert kind_of(read(ogg)) == "recording"
    assert kind_of(read(clip[:40])) is None
    assert kind_of(read(b"BEGIN:VCARD")) is None
