"""Opening clips and recordings: what is found, and what ends it."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

import transcode
from tests.made import clips
from transcode.errors import CapError
from transcode.media.source import container
from transcode.media.source.decode_limits import DecodeLimits
from transcode.media.source.described import is_described
from transcode.media.source.inputs import Input


def box(kind: bytes, payload: bytes) -> bytes:
    """A box of ISO base media."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


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
    plain = clips.clip(seconds=1, options={"profile": "main"})
    with (
        av.open(io.BytesIO(plain.data), "r") as source,
        av.open(file, "w", format="mp4", options={"movflags": "use_metadata_tags"}) as made,
    ):
        assert container.tags_of(plain, source) == ()
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


def recording(form: str, tags: dict[str, str], chapters: int = 0) -> bytes:
    """A second of silence with tags and chapters, as FFmpeg writes them."""
    file = io.BytesIO()
    codec, rate = {"mp3": ("mp3", 44_100), "3gp": ("aac", 44_100)}.get(form, ("libopus", 48_000))
    with av.open(file, "w", format=form) as made:
        stream: Any = made.add_stream(codec, rate=rate, layout="mono")
        made.metadata.update(tags)
        tenth = Fraction(1, 10)
        made.set_chapters(
            [
                {"id": at, "start": at, "end": at + 1, "time_base": tenth, "metadata": {}}
                for at in range(chapters)
            ]
        )
        frame = av.AudioFrame.from_ndarray(np.zeros((1, rate), np.float32), "fltp", "mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            made.mux(packet)
    return file.getvalue()


def said_of(data: bytes) -> list[str]:
    """What a rendition says was dropped."""
    rendition = transcode.fit(data, transcode.Limits(100_000))
    return [note.text for note in rendition.report.notes if note.code == "metadata-dropped"]


@pytest.mark.parametrize("tag", ["title", "artist", "author", "comment", "genre", "album", "date"])
def test_descriptions_of_3gp(tag: str) -> None:
    """FFmpeg writes the boxes of 3GPP TS 26.244, clause 8, and reads none of these."""
    data = recording("3gp", {tag: "1999"})
    assert said_of(data) == ["dropped: tags"]
    assert said_of(recording("3gp", {})) == []


@pytest.mark.parametrize("form", ["3gp", "mp3", "matroska"])
def test_chapters(form: str) -> None:
    """Chapters are named in each container that has them, with tags or without."""
    assert said_of(recording(form, {}, chapters=2)) == ["dropped: chapters"]
    assert said_of(recording(form, {"title": "At home"}, chapters=2)) == ["dropped: tags, chapters"]


@pytest.mark.parametrize(
    ("data", "is_there"),
    [
        (box(b"moov", box(b"udta", box(b"titl", b"it"))), True),
        (box(b"moov", box(b"trak", box(b"udta", box(b"perf", b"it")))), True),
        (box(b"moov", box(b"udta", box(b"meta", box(b"titl", b"it")))), False),
        (box(b"moov", box(b"titl", b"it")), False),
        (box(b"udta", box(b"titl", b"it")), False),
        (box(b"moov", box(b"udta", box(b"free", b"titl"))), False),
        # One that goes beyond the box around it, and one after a box without an end.
        (box(b"moov", box(b"udta", struct.pack(">I4s", 99, b"titl"))), False),
        (box(b"moov", struct.pack(">I4s", 4, b"trak") + box(b"udta", box(b"titl", b"it"))), False),
        (struct.pack(">I4sQ", 1, b"moov", 34) + box(b"udta", box(b"titl", b"it")), True),
        (struct.pack(">I4s", 0, b"moov") + box(b"udta", box(b"titl", b"it")), True),
        (box(b"free", b"") * 1_000 + box(b"moov", box(b"udta", box(b"titl", b"it"))), False),
        (b"", False),
    ],
)
def test_descriptions_where_they_belong(data: bytes, *, is_there: bool) -> None:
    """Only user data of a movie or a track describe it, and damaged boxes end the search."""
    assert is_described(io.BytesIO(data)) is is_there
