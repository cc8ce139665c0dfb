"""Opening clips and recordings: what is found, and what ends it."""

from __future__ import annotations

import io
import struct

import av
import pytest

import transcode
from tests.made import clips
from transcode.errors import CapError
from transcode.media.source import container
from transcode.media.source.decode_limits import DecodeLimits
from transcode.media.source.inputs import Input


def boxes(count: int) -> bytes:
    """An MP4 of ``count`` empty boxes without an index."""
    return struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8, b"free") * count


def test_opening_ends_by_processor_time() -> None:
    """A demuxer that walks through tiny boxes is ended at its next read."""
    with pytest.raises(CapError, match="it: finding its streams takes more than"):
        container.streams_of(Input("it", boxes(500_000), limits=DecodeLimits(open_seconds=0.001)))


def test_boxes_without_streams() -> None:
    """Files of nothing but boxes are no clips."""
    with pytest.raises(transcode.SourceError, match="<bytes>: a video"):
        transcode.fit(boxes(1000), transcode.Limits(100_000))


def tagged(**tags: str) -> bytes:
    """A clip with tags."""
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(clips.clip(seconds=1, options={"profile": "main"}).data), "r") as source,
        av.open(file, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as made,
    ):
        assert container.tags_of(source) == ()
        made.metadata.update(tags)
        stream = made.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    return file.getvalue()


def test_tags_do_not_leave_in_silence() -> None:
    """Title and position of a clip are named, and are not in what leaves: re-encoded, or in a new file."""
    data = tagged(title="At home", location="+52.5163+013.3777/")
    for limits in (transcode.Limits(len(data)), transcode.Limits(len(data), max_video_width=64)):
        rendition = transcode.fit(data, limits)
        said = [note.text for note in rendition.report.notes if note.code == "metadata-dropped"]
        assert said == ["dropped: tags, position (GPS)"]
        assert b"At home" in data
        assert b"At home" not in rendition.data
        assert b"52.5163" in data
        assert b"52.5163" not in rendition.data


def test_tags_in_no_known_encoding() -> None:
    """Titles of old programs are Latin-1: the clip is read all the same."""
    data = tagged(title="At home").replace(b"At home", b"\xc0 table")
    with container.open_container(Input("it", data)) as opened:
        assert opened.metadata["title"].endswith(" table")
