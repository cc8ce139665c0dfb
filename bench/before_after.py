"""The picture of the README: one photo under one limit, by a loop around Pillow and by this engine.

``python -m bench before-after`` writes docs/pages/before-after.png and prints the figures that the README
gives. Both renditions are enlarged to the size that the box allows, as a phone shows them. Two details of
each are shown without loss, each pixel as four.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import transcode
from bench import corpus, judge, rivals

PATH = Path(__file__).parents[1] / "docs" / "pages" / "before-after.png"

#: Clements Engelhardt's photo "seeding", CC0-1.0, of the Debian package lomiri-wallpapers-16.04.
PHOTO = "dandelion_16mp_prog.jpg"

#: A task of the section of photos: the box in pixels, and a tenth of a message for nearly any network.
BOX, CAP = (1440, 1080), 30_000

#: The left and the upper edge of the details, as parts of the picture: fine hair, and soft light.
DETAILS = ((0.1424, 0.3704), (0.4549, 0.1358))
#: In pixels: a detail, how often each is repeated in a row, the gap, and the height of the words.
_DETAIL, _ZOOM, _GAP, _WORDS = (136, 104), 2, 8, 44


@dataclass(frozen=True)
class Rendition:
    """One column: its name, the file, and its score in points of SSIMULACRA2."""

    name: str
    data: bytes
    points: float

    @property
    def words(self) -> str:
        width, height = Image.open(io.BytesIO(self.data)).size
        return f"{width} x {height}, {len(self.data):,} bytes: {self.points:.1f} points"


def renditions(photo: bytes) -> list[Rendition]:
    """The photo by the loop, then by this engine."""
    original = judge.reference(photo, BOX)
    loop = rivals.pillow(photo, BOX, CAP)
    if loop is None:
        raise ValueError(f"no quality of the loop fits {CAP} bytes")
    ours = transcode.fit(photo, transcode.Limits(CAP, *BOX)).data
    named = {"Pillow in a loop over the quality": loop, "mms-transcode": ours}
    return [Rendition(name, data, judge.score(data, original)) for name, data in named.items()]


def smaller_loops(photo: bytes) -> float:
    """The best score of the loop with a box of three quarters, six tenths or half the width."""
    original = judge.reference(photo, BOX)
    boxes = [(round(BOX[0] * part), round(BOX[1] * part)) for part in (0.75, 0.6, 0.5)]
    made = [rivals.pillow(photo, box, CAP) for box in boxes]
    return max(judge.score(data, original) for data in made if data is not None)


def figure(photo: bytes, made: list[Rendition]) -> Image.Image:
    """A column of details for each rendition, and one of the photo itself, with words above."""
    original = judge.reference(photo, BOX)
    columns = [(one.name, one.words, judge.decoded(one.data, original)) for one in made]
    columns.append(("The photo", f"reduced to {original.width} x {original.height}", original))
    wide, tall = (_ZOOM * side for side in _DETAIL)
    size = (len(columns) * (wide + _GAP) - _GAP, _WORDS + len(DETAILS) * (tall + _GAP) - _GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, (name, words, picture) in enumerate(columns):
        x = column * (wide + _GAP)
        draw.multiline_text((x, 2), f"{name}\n{words}", "black", font)
        for row, (left, upper) in enumerate(DETAILS):
            corner = (round(left * picture.width), round(upper * picture.height))
            detail = picture.crop((*corner, corner[0] + _DETAIL[0], corner[1] + _DETAIL[1]))
            enlarged = detail.resize((wide, tall), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (x, _WORDS + row * (tall + _GAP)))
    return sheet


def write() -> str:
    """Write the picture; returns the figures.

    Raises:
        OSError: the shared corpus is not there, or the picture can't be written.
    """
    photo = (corpus.folder() / PHOTO).read_bytes()
    made = renditions(photo)
    figure(photo, made).save(PATH, optimize=True)
    lines = [f"{one.name}: {one.words}" for one in made]
    lines += [f"the loop, at the best of smaller sizes: {smaller_loops(photo):.1f} points", str(PATH)]
    return "\n".join(lines)
