"""A recording as a clip: it plays to its end, its sound is whole, and it keeps to every limit."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from tests.made.sounds import container, noise, sine, words
from transcode.errors import BudgetError, CapError, LimitsError, NotTakenError, UnsupportedError
from transcode.media.samples.pcm import Pcm
from transcode.model import Note

#: What an American network takes: clips, and no sound.
CLIPS = ("image/jpeg", "video/mp4", "video/3gpp")


def old(max_bytes: int, codec: str) -> transcode.Limits:
    """The formats of phones that take clips of old codecs only."""
    codecs = (codec, "amr_nb")
    box = (176, 144)
    return transcode.Limits(
        max_bytes, formats=("video/3gpp",), codecs=codecs, max_video_width=box[0], max_video_height=box[1]
    )


def recording(seconds: float = 3.0) -> bytes:
    return bytes(container(sine(seconds, 16_000), form="ogg", codec="libopus").data)


def beeps(seconds: float) -> Pcm:
    """A tone at the begin and at the end of silence."""
    return clips.beeping([0.0, seconds - 0.1], seconds)


@pytest.mark.parametrize(
    ("limits", "codecs"),
    [
        (transcode.Limits(300_000, formats=CLIPS), ["h264", "aac"]),
        (transcode.Limits(40_000, formats=CLIPS), ["h264", "aac"]),
        (old(40_000, "mpeg4"), ["mpeg4", "amr_nb"]),
        (old(40_000, "h263"), ["h263", "amr_nb"]),
    ],
)
def test_it_plays_to_its_end(limits: transcode.Limits, codecs: list[str], tmp_path: Path) -> None:
    """Pictures and sound last as long as the recording, in each codec, for other programs too."""
    seconds = 6.0
    data = bytes(container(beeps(seconds)).data)
    made = transcode.fit(data, limits, as_clip=True)
    assert len(made.data) <= limits.max_bytes
    assert made.content_type == ("video/3gpp" if "amr_nb" in codecs else "video/mp4")
    assert made.duration == pytest.approx(seconds, abs=0.05)
    clips.plays(made.data, tmp_path)
    said = clips.probed(made.data, tmp_path)
    assert [said[kind]["codec_name"] for kind in ("video", "audio")] == codecs
    for kind in ("video", "audio"):
        assert float(said[kind]["duration"]) == pytest.approx(seconds, abs=0.05)
    heard = clips.sound_of(made.data)
    for at in (0.05, seconds - 0.05):
        middle = round(at * heard.rate)
        assert np.abs(heard.samples[:, middle - 200 : middle + 200]).max() > 0.1
    shown = clips.pictures(made.data)
    assert len(shown) == round(2 * seconds)
    assert all(np.abs(picture - shown[0][1].astype(int)).mean() < 4 for _, picture in shown)


def test_forty_seconds() -> None:
    """A longer recording is cut at forty seconds, and told; all that is left is used for the sound."""
    limits = transcode.Limits(150_000, formats=CLIPS)
    made = transcode.fit(bytes(container(noise(43.0, 22_050)).data), limits, as_clip=True)
    assert made.duration == pytest.approx(40.0, abs=0.05)
    assert 0.9 * limits.max_bytes < len(made.data) <= limits.max_bytes
    assert {"trimmed", "as-clip"} <= {note.code for note in made.report.notes}
    pictures, sound = made.report.settings
    assert float(pictures.rpartition(", ")[2].split()[0]) < 0.2 * float(sound.rpartition(", ")[2].split()[0])
    assert (
        made.data == transcode.fit(bytes(container(noise(43.0, 22_050)).data), limits, as_clip=True).data
    ), "the same bytes again"


def test_a_picture_of_the_callers() -> None:
    """The clip shows the picture that was given: upright, in its own form, or whole on a canvas."""
    pixels = photo(60, 90)
    pixels[:45] = (250, 20, 20)
    pixels[45:] = (20, 20, 250)
    given = save(pixels)
    made = transcode.fit(recording(), transcode.Limits(60_000, formats=CLIPS), as_clip=given)
    assert (made.width, made.height) == (60, 90)
    shown = clips.pictures(made.data)[0][1].astype(int)
    assert np.abs(shown[10:35] - (250, 20, 20)).mean() < 12
    assert np.abs(shown[-35:-10] - (20, 20, 250)).mean() < 12
    small = transcode.fit(recording(), old(60_000, "h263"), as_clip=io.BytesIO(given))
    shown = clips.pictures(small.data)[0][1].astype(int)
    assert shown.shape == (96, 128, 3)
    assert shown[:, :20].mean() < 10
    assert np.abs(shown[10:35, 54:74] - (250, 20, 20)).mean() < 25


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    """A picture that can't be read is the one that the error names."""
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"MThd" + bytes(40))
    with pytest.raises(UnsupportedError, match=r"picture\.jpg: a MIDI file"):
        transcode.fit(recording(), transcode.Limits(60_000, formats=CLIPS), as_clip=path)


@pytest.mark.parametrize("limits", [transcode.Limits(40_000, formats=CLIPS), old(40_000, "h263")])
def test_what_is_lost_of_the_picture_is_told(limits: transcode.Limits) -> None:
    """Notes tell the picture's losses from those of the recording; the callback hears of them."""
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "Maker"
    clear = np.dstack([photo(90, 60), np.full((60, 90), 120, np.uint8)])
    cut = save(photo(900, 600), exif=turned.tobytes())
    pictures = {
        cut[: 4 * len(cut) // 5]: {"source-truncated", "turned", "metadata-dropped", "reduced"},
        save(clear, "PNG"): {"flattened"},
    }
    data = recording()
    for given, codes in pictures.items():
        heard: list[Note] = []
        made = transcode.fit(data, limits, as_clip=given, report=heard.append)
        told = {note.code: note.text for note in made.report.notes if note.text.startswith("the picture of")}
        assert codes <= set(told)
        assert heard == list(made.report.notes)
        if "reduced" in told:
            assert "from 600 x 900 to" in told["reduced"]


def test_max_pixels_holds_for_the_picture() -> None:
    """It is refused as by itself, and the error tells that it is the picture."""
    given, limits = save(photo(90, 60), "PNG"), transcode.Limits(60_000, formats=CLIPS)
    with pytest.raises(CapError, match=r"as_clip: 90 x 60 pixels; at most 5,399"):
        transcode.fit(recording(), limits, as_clip=given, max_pixels=5_399)
    assert transcode.fit(recording(), limits, as_clip=given, max_pixels=5_400).width == 90


@pytest.mark.parametrize("given", [5, None])
def test_what_could_be_no_picture_is_refused(given: Any) -> None:
    """The error of a wrong picture names the argument, in each function that takes it."""
    limits = transcode.Limits(60_000, formats=CLIPS)
    profile = transcode.find_profile("us-att")
    for call in (
        lambda: transcode.fit(recording(), limits, as_clip=given),
        lambda: transcode.fit_each_limit(recording(), [limits], as_clip=given),
        lambda: transcode.compose([recording()], profile, as_clip=given),
        lambda: transcode.convert_directory(".", "out", profile, as_clip=given),
    ):
        with pytest.raises(LimitsError, match=f"as_clip must be .*, not {given}"):
            call()
    with pytest.raises(UnsupportedError, match="as_clip: text"):
        transcode.fit(recording(), limits, as_clip=b"some words\n")


def test_never_over_the_limit() -> None:
    """The clip fits into any limit, or an error has the smallest reachable size."""
    data = recording(4.0)
    sizes = []
    for size in (500, 3_000, 9_000, 20_000, 50_000):
        try:
            sizes.append(len(transcode.fit(data, transcode.Limits(size, formats=CLIPS), as_clip=True).data))
            assert sizes[-1] <= size
        except BudgetError as error:
            assert error.smallest is None or error.smallest > size
    assert len(sizes) >= 3
    assert all(one < other for one, other in itertools.pairwise(sizes[:3]))


def test_speech_in_very_few_bytes(tmp_path: Path) -> None:
    """Where AAC does not fit, or garbles it, the sound is AMR's in 3GP, if the receiver takes that."""
    spoken = Pcm((words(12.0) / 32768).astype(np.float32)[None], 8000)
    data = bytes(container(spoken).data)
    for size in (10_500, 16_000, 18_000):
        made = transcode.fit(data, transcode.Limits(size, formats=CLIPS), as_clip=True)
        assert made.content_type == "video/3gpp"
        assert made.duration == pytest.approx(12.0, abs=0.05)
        assert 0.85 * size < len(made.data) <= size
        assert made.report.settings[1].startswith("amr_nb, ")
    clips.plays(made.data, tmp_path)
    assert float(clips.probed(made.data, tmp_path)["audio"]["duration"]) == pytest.approx(12.0, abs=0.05)
    for refused in (
        transcode.Limits(10_500, formats=CLIPS, codecs=("h264", "aac")),
        transcode.Limits(10_500, formats=("video/mp4",)),
    ):
        with pytest.raises(BudgetError):
            transcode.fit(data, refused, as_clip=True)
    with pytest.raises(BudgetError) as caught:
        transcode.fit(data, transcode.Limits(8_000, formats=CLIPS), as_clip=True)
    least = caught.value.smallest
    assert least is not None
    assert len(transcode.fit(data, transcode.Limits(least, formats=CLIPS), as_clip=True).data) <= least


def test_only_recordings() -> None:
    """Pictures and clips leave as without the option."""
    limits = transcode.Limits(60_000)
    for data in (save(photo(48, 32)), bytes(clips.clip(seconds=0.5).data)):
        assert transcode.fit(data, limits, as_clip=True).data == transcode.fit(data, limits).data


def test_without_being_asked() -> None:
    """A recording for a receiver of clips alone is refused, with what would help."""
    limits = transcode.Limits(60_000, formats=CLIPS)
    with pytest.raises(NotTakenError, match=r"the receiver accepts no sound .*; as_clip=True"):
        transcode.fit(recording(), limits)
    with pytest.raises(NotTakenError, match="neither sound nor clips"):
        transcode.fit(recording(), transcode.Limits(60_000, formats=("image/jpeg",)))
    with pytest.raises(NotTakenError, match="no clips with sound"):
        transcode.fit(recording(), transcode.Limits(60_000, formats=("image/jpeg",)), as_clip=True)


def test_many_limits() -> None:
    """Each is what fit makes, a picture from a file object too."""
    asked = [transcode.Limits(60_000, formats=CLIPS), transcode.Limits(30_000, formats=CLIPS)]
    given, data = save(photo(48, 32)), recording()
    made = transcode.fit_each_limit(data, asked, as_clip=io.BytesIO(given))
    for limits, one in zip(asked, made, strict=True):
        assert isinstance(one, transcode.Rendition)
        assert one.data == transcode.fit(data, limits, as_clip=given).data
        with av.open(io.BytesIO(one.data)) as opened:
            assert len(opened.streams.video) == len(opened.streams.audio) == 1


def test_excerpt_and_loudness() -> None:
    """Start, duration and loudness hold as for any recording."""
    limits = transcode.Limits(60_000, formats=CLIPS)
    made = transcode.fit(recording(), limits, as_clip=True, start=1.0, max_seconds=1.5, loudness=-16.0)
    assert made.duration == pytest.approx(1.5, abs=0.05)
    assert "loudness" in {note.code for note in made.report.notes}
    assert made.report.source_start == 1.0
