"""Packets of a window, listed without belief in headers."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import pytest

from tests.made import clips, sounds
from transcode.errors import CapError, LimitsError, UnsupportedError
from transcode.media.clips.clip import probe, scan
from transcode.media.source.decode_limits import DecodeLimits
from transcode.media.source.inputs import Input


def test_what_a_clip_holds() -> None:
    """Both streams are told by their codecs, with pixels and rates."""
    content = clips.clip(seconds=1, sound=clips.beeping([0.5], 1.0))
    found = probe(content)
    assert (found.video.codec, found.video.width, found.video.height) == ("h264", 96, 64)
    assert found.video.rate == pytest.approx(25)
    assert found.audio is not None
    assert (found.audio.codec, found.audio.rate) == ("aac", 48_000)
    assert (found.begin, found.others) == (0, 0)


def test_the_window_alone_is_listed() -> None:
    """The list goes from the key frame before the start to the window's end; what follows is known to."""
    content = clips.clip(seconds=4, options={"preset": "ultrafast", "g": "25"})
    found = probe(content)
    listed = scan(content, found, 1.5, 1.0)
    times = sorted(packet.time for packet in listed.video)
    assert times[0] == pytest.approx(1.0)
    assert times[-1] == pytest.approx(2.48)
    assert not listed.is_whole
    assert listed.period == pytest.approx(0.04)
    assert scan(content, found, 0, 4.0).is_whole
    assert scan(content, found, 0, 40.0).end == pytest.approx(4.0)


def test_the_period_of_times_in_milliseconds() -> None:
    """The period is the mean of the distances near the usual one, not one of them."""
    content = clips.clip(seconds=2, rate=30, form="matroska")
    assert scan(content, probe(content), 0, 40).period == pytest.approx(1 / 30, abs=2e-5)


@pytest.mark.parametrize("form", ["matroska", "mpegts"])
def test_time_counts_from_the_begin(form: str) -> None:
    """Timestamps that do not start at zero are counted from where the presentation begins."""
    content = clips.clip(seconds=1, form=form, offset=7.0)
    found = probe(content)
    assert found.begin > 6.5
    listed = scan(content, found, 0, 40)
    assert min(packet.time for packet in listed.video) == pytest.approx(0, abs=0.002)
    assert listed.end == pytest.approx(1.0, abs=0.05)
    assert found.duration == pytest.approx(1.0, abs=0.05)


def repeating(frames: int) -> Input:
    """A clip of two seconds whose last packets have no octets, as Theora repeats a frame."""
    file = io.BytesIO()
    plain = clips.clip(seconds=2, options={"bf": "0"})
    with av.open(io.BytesIO(plain.data), "r") as source, av.open(file, "w", "nut") as made:
        stream = made.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.pts is None:
                continue
            empty = av.Packet(0)
            empty.pts, empty.dts, empty.time_base = packet.pts, packet.dts, packet.time_base
            one = packet if number < frames else empty
            one.stream = stream
            made.mux(one)
    return Input("made.nut", file.getvalue())


def test_a_repeated_frame_lasts() -> None:
    """The last of ten frames stands to the end of the packets without octets, in a window too."""
    content = repeating(10)
    listed = scan(content, probe(content), 0, 40)
    assert len(listed.video) == 10
    assert listed.pictures_end == pytest.approx(2.0, abs=0.001)
    assert listed.is_whole
    cut = scan(content, probe(content), 0, 1.0)
    assert cut.pictures_end >= 1.0
    assert not cut.is_whole


def test_repeated_frames_count() -> None:
    """A file of packets without octets is no way around the limit of packets."""
    content = replace(repeating(1), limits=DecodeLimits(packets=20))
    with pytest.raises(CapError, match="more than 20 packets"):
        scan(content, probe(content), 0, 40)


def test_a_start_behind_the_end() -> None:
    """The error has both numbers."""
    content = clips.clip(seconds=1)
    with pytest.raises(LimitsError, match=r"start is 3 s, but made.mp4 ends after 1.00 s"):
        scan(content, probe(content), 3.0, 5.0)


def test_sound_alone_is_no_clip() -> None:
    """A cover picture is none either."""
    with pytest.raises(UnsupportedError, match="no video that can be decoded"):
        probe(sounds.container(sounds.sine(0.2)))


@pytest.mark.parametrize("form", ["mp4", "mpegts"])
@pytest.mark.parametrize("start", [0.5, 1.7, 3.2])
def test_a_key_frame_stands_before_the_start(form: str, start: float) -> None:
    """The key frame is found in a container without an index, where a search ends anywhere."""
    options = {"preset": "ultrafast", "g": "50"}
    content = clips.clip(clips.moving(320, 240), seconds=4, form=form, options=options, offset=20.0)
    listed = scan(content, probe(content), start, 10.0)
    keys = [packet.time for packet in listed.video if packet.is_key]
    assert keys[0] <= start
