"""Colours of PNG: what counts for more, what each of it does to a picture, and what makes no colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.pictures import decoded, photo, profile, save
from tests.made.pngs import ADOBE, P3, SRGB, Chunk, chrm, chunk, cicp, gama, iccp, png
from transcode import Limits, fit
from transcode.media.pictures.openers import open_still
from transcode.media.pictures.png_colour import png_colours
from transcode.media.samples import transfer
from transcode.media.samples.transfer import CHROMATICITIES, Space
from transcode.media.source.inputs import Input

WIDE = Space(CHROMATICITIES[12])
SAYS_SRGB = (b"sRGB", b"\0")
OTHER = iccp(profile("rgb", gamma=2.2))


@pytest.mark.parametrize(
    ("chunks", "space", "outranks"),
    [
        ([], None, False),
        ([cicp(12, 13)], WIDE, True),
        ([cicp(12, 13), OTHER], WIDE, True),
        ([gama(1.0), SAYS_SRGB, OTHER, cicp(12, 13)], WIDE, True),
        ([cicp(1, 13), OTHER], None, True),
        ([cicp(1, 1), gama(1.0)], None, True),
        ([cicp(9, 16)], Space(CHROMATICITIES[9], 16), True),
        ([cicp(1, 13, full=False)], Space(CHROMATICITIES[1], full=False), True),
        # What says nothing leaves it to the next.
        ([cicp(2, 2), gama(1.0)], Space(CHROMATICITIES[1], gamma=1.0), False),
        ([cicp(12, 2), OTHER], None, False),
        ([cicp(77, 13), OTHER], None, False),
        ([OTHER, gama(1.0), chrm(*P3)], None, False),
        ([SAYS_SRGB, gama(1.0), chrm(*P3)], None, False),
        ([gama(1 / 2.2), chrm(*SRGB)], None, False),
        ([gama(1 / 2.2)], None, False),
        ([chrm(*SRGB)], None, False),
        ([chrm(*P3)], WIDE, False),
        ([gama(0.0)], None, False),
        ([gama(300.0)], None, False),
        ([(b"gAMA", b"\0\0\0")], None, False),
    ],
)
def test_what_counts(chunks: list[Chunk], space: Space | None, outranks: bool) -> None:
    """cICP counts before iCCP, then sRGB, then gAMA and cHRM (PNG, third edition, 4.3)."""
    found = png_colours(png(photo(8, 8), *chunks))
    assert (found.space, found.outranks, found.broken) == (space, outranks, False)


@pytest.mark.parametrize(
    "numbers",
    [[0.0] * 8, [0.3127, 0.329, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3], [40_000.0] * 8, [0.9, 0.05, *SRGB[2:]]],
)
def test_chromaticities_that_make_no_colours(numbers: list[float]) -> None:
    """They are ignored, which is told; what the exponent says still counts."""
    data = png(photo(8, 8), chrm(*numbers), gama(1.0))
    assert png_colours(data).space == Space(CHROMATICITIES[1], gamma=1.0)
    still = open_still(Input("a.png", data))
    assert {note.code for note in still.reduce(8, 8).notes} == {"profile-ignored", "colour-converted"}
    still = open_still(Input("a.png", png(photo(8, 8), chrm(*numbers))))
    assert {note.code for note in still.reduce(8, 8).notes} == {"profile-ignored"}
    assert (still.rgb(8, 8) == photo(8, 8)).all()


def test_broken_chunks() -> None:
    """One with a wrong checksum, behind the pixels or cut off says nothing; the first of two counts."""
    data = png(photo(8, 8), gama(1.0))
    said = Space(CHROMATICITIES[1], gamma=1.0)
    at = data.index(b"gAMA")
    assert png_colours(data[:at] + b"gAMA\0\0\0\1" + data[at + 8 :]).space is None
    assert png_colours(png(photo(8, 8))[:-12] + chunk(*gama(1.0))).space is None
    for end in range(len(data)):
        assert png_colours(data[:end]).space in (None, said)
    assert png_colours(png(photo(8, 8), gama(1.0), gama(0.5))).space == said


def light_of(samples: NDArray[np.uint8]) -> NDArray[np.float64]:
    return transfer.linear(samples / 255, Space(CHROMATICITIES[1]))


def into(chromaticities: tuple[float, ...], samples: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Linear light of sRGB's samples in other primaries."""
    (white, *others) = zip(chromaticities[::2], chromaticities[1::2], strict=True)
    red, green, blue = others
    return np.clip(light_of(samples) @ np.linalg.inv(transfer.to_bt709((red, green, blue, white))).T, 0, 1)


#: Soft colours, which are within all of the spaces.
PICTURE = (64 + photo(64, 48) // 2).astype(np.uint8)


def levels(samples: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(255 * samples).astype(np.uint8)


STORED = {
    "p3": (levels(transfer.srgb(into(P3, PICTURE))), [cicp(12, 13), OTHER]),
    "p3 by chromaticities": (levels(transfer.srgb(into(P3, PICTURE))), [chrm(*P3)]),
    "adobe": (levels(into(ADOBE, PICTURE) ** (256 / 563)), [gama(256 / 563), chrm(*ADOBE)]),
    "1.8": (levels(light_of(PICTURE) ** (1 / 1.8)), [gama(1 / 1.8)]),
    "narrow": (np.rint(16 + PICTURE * (219 / 255)).astype(np.uint8), [cicp(1, 13, full=False)]),
}


@pytest.mark.parametrize("name", sorted(STORED))
def test_pictures_come_back(name: str) -> None:
    """What is stored in other colours leaves as it was in sRGB, and is not passed through."""
    pixels, chunks = STORED[name]
    data = png(pixels, *chunks)
    assert np.abs(pixels.astype(int) - PICTURE).mean() > 2
    still = open_still(Input("a.png", data))
    assert np.abs(still.rgb(64, 48).astype(int) - PICTURE).mean() < 1
    assert "colour-converted" in {note.code for note in still.reduce(64, 48).notes}
    assert still.stripped(1_000_000) is None
    made = fit(data, Limits(1_000_000, formats=("image/png",)))
    assert "colour-converted" in {note.code for note in made.report.notes}
    assert png_colours(made.data).space is None
    # A palette has fewer colours.
    assert np.abs(decoded(made.data) - PICTURE).mean() < 2.5


def test_gray_and_clear() -> None:
    """Gray is converted by its curve; what is clear is laid over white after that."""
    gray = PICTURE[..., 0]
    still = open_still(Input("a.png", png(levels(light_of(gray) ** (1 / 1.8)), gama(1 / 1.8))))
    assert np.abs(still.rgb(64, 48)[..., 0].astype(int) - gray).mean() < 1
    opacity = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    pixels = np.dstack([STORED["p3"][0], opacity])
    still = open_still(Input("a.png", png(pixels, cicp(12, 13))))
    share = opacity[..., None] / 255
    assert np.abs(still.rgb(64, 48) - (PICTURE * share + 255 * (1 - share))).mean() < 1


def pq(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a picture of sRGB, with a white of 203 cd/m2, is in PQ and the primaries of BT.2020."""
    primaries = CHROMATICITIES[9]
    light = light_of(samples) @ np.linalg.inv(transfer.to_bt709(primaries)).T * transfer.WHITE
    codes = np.linspace(0, 1, 100_001)
    return levels(np.interp(light, transfer.nits(codes, transfer.PQ), codes))


@pytest.mark.parametrize("clear", [False, True])
def test_high_dynamic_range(clear: bool) -> None:
    """A picture that is no brighter than white keeps all of its tones, before it is laid over white."""
    stored, expected = pq(PICTURE), PICTURE.astype(float)
    if clear:
        opacity = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
        stored = np.dstack([stored, opacity])
        share = opacity[..., None] / 255
        expected = expected * share + 255 * (1 - share)
    still = open_still(Input("a.png", png(stored, cicp(9, 16))))
    assert np.abs(still.rgb(64, 48) - expected).mean() < 1.5
    assert "tone-mapped" in {note.code for note in still.reduce(64, 48).notes}
    assert still.stripped(1_000_000) is None


def test_black_and_white() -> None:
    """They are the same in all spaces: a picture of nothing else passes through."""
    data = png(photo(16, 16)[..., 0] > 128, gama(1.0), cicp(9, 16))
    still = open_still(Input("a.png", data))
    assert still.stripped(100_000) is not None
    assert set(np.unique(still.rgb(16, 16))) == {0, 255}
    assert still.reduce(16, 16).notes == ()


#: How a picture is saved in each format, as near to lossless as that can be.
SAVED: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "JPEG": {"quality": 100, "subsampling": 0},
    "JPEG in RGB": {"quality": 100, "subsampling": 0, "keep_rgb": True},
    "JPEG, progressive": {"quality": 100, "subsampling": 0, "progressive": True},
}


@pytest.mark.parametrize("kind", SAVED)
def test_a_profile_of_high_dynamic_range(kind: str) -> None:
    """Code points count in any file that embeds the profile, and nothing of the profile leaves."""
    icc = profile("rgb", gamma=2.2, points=bytes([9, 16, 0, 1]))
    data = save(pq(PICTURE), kind[:4].rstrip(), icc_profile=icc, **SAVED[kind])
    still = open_still(Input("a", data))
    # Eight bits of a JPEG are coarse where it is dark.
    assert np.abs(still.rgb(64, 48).astype(int) - PICTURE).mean() < (4 if kind[:4] == "JPEG" else 1.5)
    assert {note.code for note in still.reduce(64, 48).notes} == {"metadata-dropped", "tone-mapped"}
    assert still.stripped(1_000_000) is None


def test_a_gray_jpeg_of_high_dynamic_range() -> None:
    """Gray has one channel, and the same tones."""
    icc = profile("gray", gamma=2.2, points=bytes([9, 18, 0, 1]))
    data = save(np.full((32, 32), 191, np.uint8), "JPEG", quality=100, icc_profile=icc)
    still = open_still(Input("a.jpg", data))
    found = still.rgb(32, 32)
    # 75 % of HLG is white.
    assert found.min() > 240
    assert {note.code for note in still.reduce(32, 32).notes} == {"metadata-dropped", "tone-mapped"}
