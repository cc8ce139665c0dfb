"""Which of several streams of pictures is the clip, and what is said of the others."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

import transcode
from tests.made import clips
from transcode.media.clips.clip import probe
from transcode.media.source.inputs import Input, read
from transcode.media.source.tracks import Counted, best_video

FLAG = av.stream.Disposition

#: A still of more pixels than the clip beside it, and the clip: width, height, and the times of its pictures.
STILL = (192, 128, [0.0])
CLIP = (96, 64, [n / 25 for n in range(50)])
THUMBNAILS = (32, 32, [0.0, 1.0])


def several(*tracks: tuple[int, int, list[float]], form: str = "mp4", **muxer: str) -> Input:
    """A file of several streams of pictures, in this order; in MP4 and QuickTime only the first is on."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, container_options=muxer) as out:
        due = []
        made: list[Any] = []
        for width, height, _ in tracks:
            stream: Any = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 12_000)
            made.append(stream)
        for stream, (width, height, times) in zip(made, tracks, strict=True):
            for time in times:
                frame = av.VideoFrame.from_ndarray(clips.moving(width, height)(time), "rgb24")
                frame = frame.reformat(format="yuv420p")
                frame.time_base, frame.pts = Fraction(1, 12_000), round(time * 12_000)
                due += stream.encode(frame)
            due += stream.encode(None)
        for packet in sorted(due, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return Input(f"several.{form}", file.getvalue())


@pytest.mark.parametrize("form", ["mp4", "mov", "matroska", "mpegts"])
@pytest.mark.parametrize(
    ("tracks", "right"),
    [
        ([CLIP, STILL], 0),
        ([STILL, CLIP], 1),
        ([THUMBNAILS, CLIP], 1),
        ([CLIP, (192, 128, CLIP[2])], 0),
        ([(192, 128, CLIP[2]), CLIP], 0),
        ([STILL, (64, 64, [0.0])], 0),
    ],
    ids=["clip-still", "still-clip", "thumbnails-clip", "clip-larger", "larger-clip", "stills"],
)
def test_the_clip_is_found(form: str, tracks: list[tuple[int, int, list[float]]], right: int) -> None:
    """Where it stands and how many pixels a still has do not matter; of two clips the first is it."""
    found = probe(several(*tracks, form=form))
    assert found.video.index == right
    assert (found.video.width, found.video.height) == tracks[right][:2]


def test_the_report_names_what_was_left_out() -> None:
    """The note has pixels and pictures; the time that the other track's header states does not count."""
    long_still = (192, 128, [0.0, 8.0])
    for other, words in ((STILL, "192 x 128, 1 frame"), (long_still, "192 x 128, 2 frames")):
        made = transcode.fit(several(CLIP, other).data, transcode.Limits(40_000))
        notes = {note.code: note.text for note in made.report.notes}
        assert notes["tracks-dropped"] == f"1 further track left out: video (h264), {words}"
        assert "source-truncated" not in notes
        assert made.duration == pytest.approx(2.0, abs=0.1)


def test_tracks_that_are_alike_are_counted() -> None:
    """Each kind is told once."""
    found = probe(several(CLIP, STILL, STILL, THUMBNAILS))
    assert found.others == 3
    assert found.left == ("2 x video (h264), 192 x 128, 1 frame", "video (h264), 32 x 32, 2 frames")


def stream(index: int, flags: int, size: tuple[int, int] = (320, 240), name: str = "", **more: Any) -> Any:
    context = SimpleNamespace(width=size[0], height=size[1])
    given = {"frames": 0, "duration": None, "time_base": Fraction(1, 1000), **more}
    metadata = {"handler_name": name} if name else {}
    return SimpleNamespace(index=index, disposition=flags, metadata=metadata, codec_context=context, **given)


def ranked(*given: tuple[int, Counted]) -> int:
    streams = [stream(index, flags) for index, (flags, _) in enumerate(given)]
    seen = {index: counted for index, (_, counted) in enumerate(given)}
    return best_video(streams, seen).index


def test_what_decides() -> None:
    """A clip precedes a still, then the default track, the whole one, the first one; pixels never decide."""
    clip, still, short = Counted(500, 20.0, False), Counted(1, 0.04, True), Counted(100, 4.0, True)
    none = 0
    assert ranked((FLAG.default, still), (none, clip)) == 1
    assert ranked((none, clip), (FLAG.default, clip)) == 1
    assert ranked((none, clip), (FLAG.default, short)) == 1
    assert ranked((none, short), (none, clip)) == 1
    assert ranked((FLAG.default | FLAG.dependent, clip), (none, clip)) == 1
    assert ranked((none, clip), (none, clip)) == 0
    assert ranked((none, still), (none, still)) == 0
    assert ranked((none, Counted(0, 0.0, True)), (none, still)) == 1


def test_slides_beside_a_short_clip() -> None:
    """A track that is on by default is the clip, however slow, if it is no thumbnails."""
    slides = Counted(20, 20.0, True)
    assert ranked((FLAG.default, slides), (0, Counted(30, 2.0, True))) == 0
    assert ranked((0, Counted(30, 2.0, True)), (FLAG.default, slides)) == 1
    assert ranked((FLAG.default, Counted(2, 20.0, True)), (0, Counted(30, 2.0, True))) == 1
    made = several((96, 64, [float(n) for n in range(10)]), (64, 64, [n / 15 for n in range(30)]))
    assert probe(made).video.index == 0
    assert probe(several((32, 32, [0.0, 1.0]), (64, 64, [n / 15 for n in range(30)]))).video.index == 1


def test_a_cover_picture_is_called_so() -> None:
    """It is no further clip."""
    file = io.BytesIO()
    with av.open(io.BytesIO(several(CLIP).data), "r") as source, av.open(file, "w", format="mp4") as made:
        moving = made.add_stream_from_template(source.streams.video[0])
        cover: Any = made.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = FLAG.attached_pic
        picture = av.VideoFrame.from_ndarray(clips.moving(64, 48)(0.0), "rgb24").reformat(format="yuvj420p")
        for packet in [*cover.encode(picture), *cover.encode(None)]:
            made.mux(packet)
        for packet in source.demux():
            if packet.size:
                packet.stream = moving
                made.mux_one(packet)
    found = probe(Input("a", file.getvalue()))
    assert found.left == ("cover picture (mjpeg), 64 x 48",)


def test_a_motion_photo(shared: Path) -> None:
    """Its clip is sent, and the still is named."""
    made = transcode.fit(
        shared / "cases" / "pixel-motion-photo-2-hevc-tracks.mp4", transcode.Limits(60_000, max_seconds=1.0)
    )
    notes = {note.code: note.text for note in made.report.notes}
    assert "video (hevc), 2048 x 1536, 1 frame" in notes["tracks-dropped"]
    assert len(clips.pictures(made.data)) > 10
    assert made.duration == pytest.approx(1.0)


SLIDES, FAST = Counted(20, 20.0, True), Counted(500, 20.0, True)
ON, OFF = FLAG.default, 0


@pytest.mark.parametrize(
    ("first", "second", "right"),
    [
        ((ON, SLIDES, (640, 480)), (OFF, FAST, (320, 240)), 0),
        ((ON, SLIDES, (640, 480)), (ON, FAST, (320, 240)), 0),
        ((OFF, SLIDES, (640, 480)), (ON, FAST, (320, 240)), 1),
        ((ON, FAST, (320, 240)), (ON, SLIDES, (640, 480)), 0),
        ((OFF, FAST, (320, 240)), (ON, SLIDES, (640, 480)), 1),
        ((ON, SLIDES, (320, 240)), (OFF, FAST, (640, 480)), 0),
        ((ON, SLIDES, (320, 240)), (ON, FAST, (640, 480)), 1),
        ((OFF, SLIDES, (320, 240)), (OFF, FAST, (640, 480)), 1),
        ((ON, SLIDES, (64, 48)), (OFF, FAST, (640, 480)), 1),
        ((ON, SLIDES, (64, 48)), (ON, FAST, (640, 480)), 1),
        ((ON, Counted(5, 20.0, True), (640, 480)), (OFF, FAST, (320, 240)), 0),
        ((ON, Counted(5, 20.0, True), (640, 480)), (ON, FAST, (320, 240)), 1),
        ((ON, Counted(2, 20.0, True), (640, 480)), (OFF, FAST, (320, 240)), 1),
        ((ON, Counted(8, 4.0, True), (640, 480)), (ON, FAST, (320, 240)), 1),
    ],
)
def test_slides_as_long_as_a_faster_track(first: Any, second: Any, right: int) -> None:
    """What is on alone is the clip, else the first; but for stills, and for thumbnails, which are small."""
    given = [first, second]
    streams = [stream(index, flags, size) for index, (flags, _, size) in enumerate(given)]
    seen = {index: found for index, (_, found, _) in enumerate(given)}
    assert best_video(streams, seen).index == right


def test_slides_that_stand_for_minutes() -> None:
    """A track that goes on behind what was counted has the header's number of pictures."""
    seen = {0: Counted(1, 20.0, False), 1: Counted(500, 20.0, False)}
    clip = stream(1, OFF, frames=45_000, duration=1_800_000)
    assert best_video([stream(0, ON, frames=60, duration=1_800_000), clip], seen).index == 0
    assert best_video([stream(0, ON, frames=1, duration=1_800_000), clip], seen).index == 1


def test_the_name_of_a_handler() -> None:
    """A track that is called a preview is none, if there is another."""
    seen = {0: FAST, 1: FAST}
    assert best_video([stream(0, ON, name="Thumbnail track"), stream(1, ON)], seen).index == 1
    assert best_video([stream(0, ON, name="Stillwater"), stream(1, ON)], seen).index == 0
    assert best_video([stream(0, ON, name="Preview"), stream(1, ON, name="previews")], seen).index == 0


def test_data_is_named(shared: Path) -> None:
    """A track that no decoder is there for is what the container calls it."""
    clip = bytes(several(CLIP, STILL, form="mov").data)
    at = clip.rindex(b"avc1" + bytes(7) + b"\x01")
    handler = clip.rindex(b"mhlrvide")
    made = clip[:handler] + b"mhlrtmcd" + clip[handler + 8 : at] + b"tmcd" + clip[at + 4 :]
    assert probe(Input("a.mov", made)).left == ("data (timecode, 'tmcd')",)
    pixel = probe(read(shared / "cases" / "pixel-motion-photo-2-hevc-tracks.mp4"))
    assert pixel.left[0].startswith("video (hevc), 2048 x 1536")
    assert pixel.left[1:] == ("2 x data (timed metadata, 'mett')",)
