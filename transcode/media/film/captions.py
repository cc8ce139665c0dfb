"""Texts drawn for frames: wrapped, on a dark band, by FreeType through Pillow."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from arabic_reshaper import reshape
from bidi.algorithm import get_display
from PIL import Image, ImageDraw, ImageFont, features

from transcode.errors import SourceError
from transcode.kernels import blend
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from numpy.typing import NDArray

__all__ = ["Caption", "caption"]

#: Height of letters in shares of a frame's: as large as this, and at least so. Chosen.
_LARGEST, _SMALLEST = 1 / 12, 1 / 26

#: The most of a frame's height that a caption takes. Chosen.
_MOST = 0.45

#: White letters and a black band in video range (ITU-R BT.601, 2.5.3), and how much of the
#: picture the band hides, of 255.
_WHITE, _BLACK, _NEUTRAL, _BAND = 235, 16, 128, 150

#: Where Debian and its kin, and Fedora, put DejaVu Sans: Latin, Greek, Cyrillic, Hebrew, Arabic.
_USUAL_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf"),
)

#: Whether Pillow orders and joins letters by itself (FriBiDi and HarfBuzz, through Raqm). Elsewhere Arabic is
#: drawn in its presentation forms, and lines in the order of UAX #9, brackets mirrored (which python-bidi's
#: compiled function does not do).
_SHAPED = features.check_feature("raqm")

#: A code point that no font has a glyph for.
_NO_CHARACTER = "\U0010ffff"

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A text as samples to be laid over frames.

    Attributes:
        top: the first row that it covers, even.
        luma: letters on the band, in video range, as wide as the frame.
        mask: how much of the frame they hide, of 255.
        notes: what could not be drawn as it should be.
    """

    top: int
    luma: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    notes: tuple[Note, ...] = ()

    def lay_over(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        """Draw the text onto the planes of a 4:2:0 frame, in place."""
        rows = self.luma.shape[0]
        blend.cover(planes[0][self.top : self.top + rows], self.luma, self.mask)
        # Chroma has half the rows and columns; letters and band are both without colour.
        mask = np.ascontiguousarray(self.mask[::2, ::2])
        neutral = np.full_like(mask, _NEUTRAL)
        for plane in planes[1:]:
            blend.cover(plane[self.top // 2 : (self.top + rows) // 2], neutral, mask)


def caption(text: str, width: int, height: int, *, font: str | PathLike[str] | None = None) -> Caption:
    """Draw a text for the lower edge of a frame.

    Args:
        text: the text; its line breaks are kept, long lines wrapped.
        width, height: of the frame, both even.
        font: a font file that FreeType reads; None: DejaVu Sans where it is installed,
            else Pillow's own, which has the letters of ASCII.

    Raises:
        SourceError: the font can't be read.
    """
    size = max(8, round(height * _LARGEST))
    smallest = max(7, round(height * _SMALLEST))
    joined = text if _SHAPED else reshape(text)
    direction = "R" if _begins_rightmost(text) else "L"
    while True:
        face = _font(None if font is None else fspath(font), size)
        step = _line_height(face)
        most = max(1, int(_MOST * height / step))
        lines = list(islice(_wrapped(joined, face, 0.92 * width), most + 1))
        if len(lines) <= most or size <= smallest:
            break
        size = max(smallest, round(size * 0.9))
    notes = _notes(joined, face)
    if len(lines) > most:
        kept = " ".join(lines[:most])
        notes.append(Note("caption-cut", f"the caption is too long to be drawn whole: {kept!r} is shown"))
        lines = [*lines[: most - 1], lines[most - 1].rstrip() + "\u2026"]
    rows = 2 * ((step * len(lines) + step // 2 + 1) // 2)
    image = Image.new("L", (width, rows), 0)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        shown = line if _SHAPED else get_display(line, base_dir=direction)
        draw.text((width / 2, step // 4 + number * step), shown, fill=255, font=face, anchor="ma")
    letters = np.asarray(image)
    luma = (_BLACK + (letters.astype(np.uint16) * (_WHITE - _BLACK) + 127) // 255).astype(np.uint8)
    mask = np.maximum(letters, _BAND).astype(np.uint8)
    return Caption(height - rows, luma, mask, tuple(notes))


@lru_cache(maxsize=32)
def _font(path: str | None, size: int) -> Font:
    path = path or next((str(usual) for usual in _USUAL_FONTS if usual.is_file()), None)
    try:
        found = ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)
    except (OSError, ValueError) as error:
        raise SourceError(path or "font", f"can't be read as a font: {error}") from error
    assert isinstance(found, ImageFont.FreeTypeFont)  # noqa: S101  (Pillow is built with FreeType)
    return found


def _begins_rightmost(text: str) -> bool:
    """Whether it is read from right to left: so is the first of its letters (UAX #9, rule P2)."""
    directions = map(unicodedata.bidirectional, text)
    return next((each for each in directions if each in ("L", "R", "AL")), "L") != "L"


def _line_height(font: Font) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def _wrapped(text: str, font: Font, width: float) -> Iterator[str]:
    """Lines no wider than the width; a word that is wider by itself is broken."""
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            trial = f"{line} {word}" if line else word
            if _fitting(trial, font, width) == len(trial):
                line = trial
                continue
            if line:
                yield line
            line = word
            while (fits := _fitting(line, font, width)) < len(line):
                yield line[:fits]
                line = line[fits:]
        yield line


def _fitting(text: str, font: Font, width: float) -> int:
    """How many of the first characters are no wider than the width; one at least.

    No more is measured than about twice what fits, and that a few times: a word may be as long as a book.
    """
    fits, over = 0, 16
    while over < len(text) and font.getlength(text[:over]) <= width:
        fits, over = over, 2 * over
    if over >= len(text) and font.getlength(text) <= width:
        return len(text)
    over = min(over, len(text))
    while over - fits > 1:
        middle = (fits + over) // 2
        if font.getlength(text[:middle]) <= width:
            fits = middle
        else:
            over = middle
    return max(1, fits)


def _notes(text: str, font: Font) -> list[Note]:
    """What FreeType alone can't draw as it is written."""
    notes = []
    missing = "".join(mark for mark in dict.fromkeys(text) if _is_missing(mark, font))
    if missing:
        names = ", ".join(f"{mark} (U+{ord(mark):04X})" for mark in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        notes.append(Note("caption-glyphs", f"the font has no {names}{more}: drawn as boxes"))
    return notes


def _is_missing(mark: str, font: Font) -> bool:
    if mark.isspace() or unicodedata.category(mark) in ("Cc", "Cf", "Mn"):
        return False
    shape, none = (font.getmask(text) for text in (mark, _NO_CHARACTER))
    return shape.size == none.size and bytes(shape) == bytes(none)
