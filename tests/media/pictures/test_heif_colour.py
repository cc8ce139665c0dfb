"""Colours of HEIC and AVIF by their code points: as those of a profile, high dynamic range as in clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made import heifs
from tests.made.pictures import decoded, photo, profile
from transcode import Limits, Rendition, compose, find_profile, fit, fit_each_limit
from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.jobs.processors import ThreadLimit
from transcode.media.film import scenes
from transcode.media.pictures import heif
from transcode.media.pictures.openers import open_still
from transcode.media.samples import transfer
from transcode.media.samples.cicp import Signal
from transcode.media.samples.transfer import CHROMATICITIES, Space
from transcode.media.source.decode_limits import Deadline
from transcode.media.source.inputs import Input, read

#: Soft colours, which are within all of the spaces.
PICTURE = (64 + photo(96, 64) // 2).astype(np.uint8)

#: What a picture of 203 cd/m2 has for white, by transfer.
HIGH = (transfer.PQ, transfer.HLG)


def coded_in(
    samples: NDArray[np.uint8], signal: Signal, *, deep: bool = False
) -> NDArray[np.uint8 | np.uint16]:
    """What a picture in sRGB is in another space, in eight bits or in ten."""
    srgb = Space(CHROMATICITIES[1])
    primaries = CHROMATICITIES.get(signal.primaries, CHROMATICITIES[9])
    light = transfer.linear(samples / 255, srgb) @ np.linalg.inv(transfer.to_bt709(primaries)).T
    light = np.clip(light, 0, 1)
    codes = np.linspace(0, 1, 20_001)
    if signal.transfer == transfer.HLG:
        # The inverse of the OOTF: scene light of what a display of 1,000 cd/m2 shows (ITU-R BT.2100).
        shown = light * transfer.WHITE / transfer.PEAK
        luminance = shown @ np.array(transfer.HLG_LUMINANCE)
        light = shown * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
        stored = np.interp(light, transfer.scene(codes), codes)
    elif signal.transfer == transfer.PQ:
        stored = np.interp(light * transfer.WHITE, transfer.nits(codes, transfer.PQ), codes)
    else:
        stored = np.interp(light, transfer.linear(codes, Space(primaries, signal.transfer)), codes)
    made: NDArray[np.uint8 | np.uint16] = np.rint(stored * (1023 if deep else 255)).astype(
        np.uint16 if deep else np.uint8
    )
    return made


def file_of(samples: NDArray[np.uint8], signal: Signal, *properties: bytes, deep: bool = False) -> bytes:
    box = heifs.nclx(signal.primaries, signal.transfer, 0)
    return heifs.heif({1: heifs.coded(coded_in(samples, signal, deep=deep), box, *properties)})


def seen(data: bytes, width: int = 96, height: int = 64) -> tuple[NDArray[np.int16], dict[str, str]]:
    still = open_still(Input("a.heic", data))
    notes = still.reduce(width, height, sampling="4:4:4").notes
    return still.rgb(width, height).astype(np.int16), {note.code: note.text for note in notes}


@pytest.mark.parametrize("transfer_code", [13, 1, 4, 8, 16, 18])
@pytest.mark.parametrize("primaries", [1, 6, 9, 11, 12])
def test_code_points(primaries: int, transfer_code: int) -> None:
    """Whatever a picture is stored in, it comes out as it was in sRGB, and what was done is told."""
    signal = Signal(primaries, transfer_code)
    high, deep = transfer_code in HIGH, transfer_code in (8, *HIGH)
    found, notes = seen(file_of(PICTURE, signal, deep=deep))
    plain = primaries == 1 and transfer_code in (1, 13)
    assert set(notes) == (set() if plain else {"tone-mapped" if high else "colour-converted"})
    assert np.abs(found - PICTURE).mean() < (1.5 if deep else 1)
    assert np.abs(found - PICTURE).max() <= (12 if transfer_code == 8 else 6)


def test_gray() -> None:
    """One plane stays one, by the curve of its code points."""
    gray = PICTURE[..., 0]
    for code, name in ((8, "colour-converted"), (16, "tone-mapped")):
        stored = coded_in(np.dstack([gray] * 3), Signal(1, code), deep=True)[..., 0]
        data = heifs.heif({1: heifs.coded(stored, heifs.nclx(9, code, 2))})
        still = open_still(Input("a.heic", data))
        (luma,) = still.reduce(96, 64).planes
        assert np.abs(luma.astype(int) - gray).mean() < 1.5
        assert {note.code for note in still.reduce(96, 64).notes} == {name}


def test_a_profile_counts_for_more() -> None:
    """With both, colours are what the profile says; the code points say matrix and range alone."""
    icc = heifs.box(b"colr", b"prof", profile("rgb", gamma=1.8))
    alone = heifs.heif({1: heifs.coded(PICTURE, icc, heifs.nclx(2, 2, 0))})
    for signal in (Signal(9, 16), Signal(12, 13)):
        both = heifs.heif({1: heifs.coded(PICTURE, heifs.nclx(signal.primaries, signal.transfer, 0), icc)})
        found, notes = seen(both)
        assert (found == seen(alone)[0]).all()
        assert notes["colour-converted"]
        assert "tone-mapped" not in notes


def test_ten_bits_are_not_lost() -> None:
    """A soft ramp of PQ in ten bits has no steps of several levels where it is bright."""
    ramp = np.tile(np.linspace(520, 594, 256).astype(np.uint16), (32, 1))
    data = heifs.heif({1: heifs.coded(np.dstack([ramp] * 3), heifs.nclx(9, 16, 0))})
    levels = seen(data, 256, 32)[0][16, :, 1]
    light = transfer.nits(ramp[0] / 1023, transfer.PQ) / transfer.WHITE
    assert np.abs(levels - 255 * transfer.srgb(np.minimum(light, 1))).max() <= 1.6
    assert np.diff(levels).max() <= 2


def test_bright_pictures_are_dimmed() -> None:
    """One that is brighter than white keeps what is in its lights: only the brightest is white."""
    ramp = np.tile(np.linspace(0, 767, 256).astype(np.uint16), (32, 1))
    data = heifs.heif({1: heifs.coded(np.dstack([ramp] * 3), heifs.nclx(9, 16, 0))})
    found, notes = seen(data, 256, 32)
    levels = found[16, :, 1]
    assert notes["tone-mapped"] == "high dynamic range tone-mapped to sRGB"
    assert (np.diff(levels) >= 0).all()
    assert levels[-1] >= 254
    assert (levels == 255).sum() < 24
    # White is where clips have it.
    code = int(np.abs(ramp[0] - 0.5807 * 1023).argmin())
    assert 215 <= levels[code] <= 240


@pytest.mark.parametrize("signal", [Signal(12, 13), Signal(9, 16)], ids=str)
def test_tiles(signal: Signal) -> None:
    """A grid is measured and converted as one picture, in any number of threads, also a damaged one."""
    picture = (64 + photo(128, 256) // 2).astype(np.uint8)
    picture[128:] = 255
    stored = coded_in(picture, signal, deep=True)
    box = heifs.nclx(signal.primaries, signal.transfer, 0)
    entries = {1: heifs.grid(1, 2, 128, 256, (2, 3), box)}
    entries[2], entries[3] = heifs.coded(stored[:128], box), heifs.coded(stored[128:], box)
    header = heif.read_header(heifs.heif(entries), name="a")
    made = []
    for threads in (1, 3):
        with ThreadLimit(threads):
            made.append(heif.decode(header, 64, 128, full_chroma=False, deadline=Deadline("a.heic", 9.0)))
    assert all((one == other).all() for one, other in zip(made[0].planes, made[1].planes, strict=True))
    found, _ = seen(heifs.heif(entries), 128, 256)
    assert np.abs(found - picture).mean() < 1.5
    whole = heifs.heif({1: heifs.coded(stored, box)})
    assert np.abs(seen(whole, 64, 128)[0] - seen(heifs.heif(entries), 64, 128)[0]).mean() < 0.5
    entries[3] = replace(entries[3], payload=b"\0\0\0\2\x26\1")
    found, notes = seen(heifs.heif(entries), 128, 256)
    assert "picture 3" in notes["source-truncated"]
    assert np.abs(found[:120] - picture[:120]).mean() < 1.5


@pytest.mark.parametrize("multiplied", [False, True])
@pytest.mark.parametrize("signal", [Signal(1, 13), Signal(12, 13), Signal(9, 16)], ids=str)
def test_transparency(signal: Signal, multiplied: bool) -> None:
    """Colours are converted before they are laid over white; also where they are stored multiplied."""
    opacity = np.tile(np.linspace(40, 255, 96).astype(np.uint8), (64, 1))
    stored = coded_in(PICTURE, signal, deep=True)
    if multiplied:
        stored = np.rint(stored * (opacity[..., None] / 255)).astype(np.uint16)
    box = heifs.nclx(signal.primaries, signal.transfer, 0)
    picture = heifs.coded(stored, box)
    if multiplied:
        picture = replace(picture, refs={b"prem": (2,)})
    alpha = heifs.coded(opacity, heifs.auxiliary(), auxl=(1,))
    found, notes = seen(heifs.heif({1: picture, 2: alpha}))
    share = opacity[..., None] / 255
    assert np.abs(found - (PICTURE * share + 255 * (1 - share))).mean() < (3 if multiplied else 1.5)
    assert "flattened" in notes


def test_layers_have_their_own_colours() -> None:
    """Pictures of several spaces keep their colours on one canvas."""
    payload = bytes(2) + b"\xff" * 8 + (192).to_bytes(2, "big") + (64).to_bytes(2, "big")
    places = bytes(4) + (96).to_bytes(2, "big") + bytes(2)
    canvas = heifs.Entry(b"iovl", payload + places, (heifs.ispe(192, 64),), {b"dimg": (2, 3)})
    entries = {1: canvas}
    for number, signal in enumerate((Signal(12, 13), Signal(9, 16)), 2):
        box = heifs.nclx(signal.primaries, signal.transfer, 0)
        entries[number] = heifs.coded(coded_in(PICTURE, signal, deep=True), box)
    found, notes = seen(heifs.heif(entries), 192, 64)
    assert "tone-mapped" in notes
    assert np.abs(found - np.hstack([PICTURE, PICTURE])).mean() < 1.5


def test_what_is_not_said_is_looked_for_in_the_bit_stream() -> None:
    """Without code points in a box, those of the stream count; without any, it is sRGB."""
    entry = heifs.coded(PICTURE)
    assert "colour-converted" not in seen(heifs.heif({1: entry}))[1]
    marked = heifs.coded(coded_in(PICTURE, Signal(12, 13)), stream="colorprim=12:transfer=13:colormatrix=0")
    found, notes = seen(heifs.heif({1: marked}))
    assert "colour-converted" in notes
    assert np.abs(found - PICTURE).mean() < 1


def test_matrices_that_are_not_known() -> None:
    """ICtCp and the like are no weights of luma: an error names them, where colours would be wrong."""
    for code in (11, 14, 15, 16, 17):
        data = heifs.heif({1: heifs.coded(PICTURE, heifs.nclx(9, 16, code))})
        with pytest.raises(UnsupportedError, match=f"matrix coefficients {code} of ITU-T H.273"):
            open_still(Input("a.heic", data)).reduce(96, 64)
    gray = heifs.heif({1: heifs.coded(PICTURE[..., 0], heifs.nclx(1, 13, 14))})
    assert len(open_still(Input("a.heic", gray)).reduce(96, 64).planes) == 1


def test_all_ways_through() -> None:
    """The colours are the same as JPEG, as PNG, for several limits, in a message and in a slideshow."""
    data = file_of(PICTURE, Signal(12, 13))
    large = Limits(200_000, formats=("image/jpeg",))
    lossless = Limits(200_000, formats=("image/png",))
    small = Limits(200_000, 48, 32, formats=("image/jpeg",))
    half = np.asarray(Image.fromarray(PICTURE).resize((48, 32), Image.Resampling.BOX)).astype(np.int16)
    many = [one for one in fit_each_limit(data, [large, small, lossless]) if isinstance(one, Rendition)]
    assert len(many) == 3
    for made in (fit(data, large), fit(data, lossless), *many):
        expected = PICTURE if made.width == 96 else half
        assert np.abs(decoded(made.data) - expected).mean() < 4
        assert "colour-converted" in {note.code for note in made.report.notes}
    message = compose([data], profile=find_profile("us-att"))
    part = next(part for part in message.parts if part.content_type.startswith("image/"))
    assert np.abs(decoded(bytes(part.data)) - PICTURE).mean() < 4
    still, plain = (open_still(Input("a", one)) for one in (data, file_of(PICTURE, Signal(1, 13))))
    for found, expected in zip(
        scenes.canvas_of(still, 64, 64).planes, scenes.canvas_of(plain, 64, 64).planes, strict=True
    ):
        assert np.abs(found.astype(int) - expected).mean() < 1


#: Files of libavif and avifenc, what is told of each, the right picture, and how far from it they may be.
REAL = {
    "srgb_nclx.avif": (None, "patch_srgb.png", 0.5),
    "p3_nclx.avif": ("colour-converted", "patch_srgb.png", 0.6),
    "pq_2020.avif": ("tone-mapped", "patch_srgb.png", 0.6),
    "colors_hdr_p3.avif": ("tone-mapped", "colors_sdr_srgb.avif", 18),
    "colors_wcg_hdr_rec2020.avif": ("tone-mapped", "colors_sdr_srgb.avif", 24),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_files(shared: Path, name: str) -> None:
    """Patches have their colours, and a picture is as its maker brought it to a standard range."""
    note, right, most = REAL[name]
    still, other = (open_still(read(shared / "cases" / one)) for one in (name, right))
    size = (still.width, still.height)
    assert np.abs(still.rgb(*size).astype(int) - other.rgb(*size)).mean() < most
    codes = {one.code for one in still.reduce(*size).notes} & {"colour-converted", "tone-mapped"}
    assert codes == ({note} if note else set())


def test_a_profile_of_high_dynamic_range() -> None:
    """Code points count, because the profile's curve makes the picture nearly black; a note says so."""
    icc = profile("rgb", gamma=2.2, points=bytes([9, 16, 0, 1]))
    stored = coded_in(PICTURE, Signal(9, 16), deep=True)
    box = heifs.box(b"colr", b"prof", icc)
    for boxes in ((box, heifs.nclx(2, 2, 0)), (heifs.nclx(2, 2, 0), box)):
        found, notes = seen(heifs.heif({1: heifs.coded(stored, *boxes)}))
        assert np.abs(found - PICTURE).mean() < 1.5
        assert "ICC profile" in notes["metadata-dropped"]
        assert "tone-mapped" in notes
        assert "colour-converted" not in notes


def test_a_picture_that_is_another_one_turned() -> None:
    """It is turned as both say, and has the colours and the opacity of the other one."""
    opacity = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    turn = heifs.box(b"irot", b"\1")
    entries = {
        1: heifs.Entry(b"iden", b"", (heifs.ispe(96, 64), turn), {b"dimg": (2,)}),
        2: heifs.coded(coded_in(PICTURE, Signal(12, 13)), heifs.nclx(12, 13, 0), turn),
        3: heifs.coded(opacity, heifs.auxiliary(), auxl=(2,)),
    }
    found, notes = seen(heifs.heif(entries))
    share = opacity[..., None] / 255
    expected = (PICTURE * share + 255 * (1 - share))[::-1, ::-1]
    assert np.abs(found - expected).mean() < 1.5
    assert {"turned", "flattened", "colour-converted"} == set(notes)
    entries[1] = heifs.Entry(b"iden", b"", (), {b"dimg": (1,)})
    with pytest.raises(CapError, match="too many 'iden' items"):
        heif.read_header(heifs.heif(entries), name="a")
    entries[1] = heifs.Entry(b"iden", b"", (), {b"dimg": (9,)})
    with pytest.raises(SourceError, match="derived from a missing picture"):
        heif.read_header(heifs.heif(entries), name="a")
