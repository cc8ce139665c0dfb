"""Draws captions for video frames: wrapped text on a dark band, with Pillow and FreeType."""

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

#: Largest and smallest font size, as fractions of the frame's height. Chosen.
_LARGEST, _SMALLEST = 1 / 12, 1 / 26

#: Largest height of a caption, as a fraction of the frame's height. Chosen.
_MOST = 0.45

#: Luma of white letters and of the black band, and neutral chroma, in narrow range (ITU-R BT.601, 2.5.3); and
#: the opacity of the band, out of 255.
_WHITE, _BLACK, _NEUTRAL, _BAND = 235, 16, 128, 150

#: Paths of DejaVu Sans on Debian and its derivatives, and on Fedora. The font has Latin, Greek, Cyrillic,
#: Hebrew and Arabic.
_USUAL_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf"),
)

#: Whether Pillow itself reorders and joins letters (Raqm, with FriBiDi and HarfBuzz). Without Raqm, Arabic is
#: drawn in presentation forms and lines are reordered by UAX #9, with mirrored brackets. python-bidi's
#: compiled function does not mirror brackets; bidi.algorithm does.
_SHAPED = features.check_feature("raqm")

#: A code point for which no font has a glyph.
_NO_CHARACTER = "\U0010ffff"

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """A caption as samples to draw onto frames.

    Attributes:
        top: the first row of the caption, even.
        luma: the letters on the band, in narrow range: rows x width of the frame.
        mask: the opacity of the samples, out of 255.
        notes: report notes on cut text and missing glyphs.
    """

    top: int
    luma: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    notes: tuple[Note, ...] = ()

    def lay_over(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        """Draw the caption onto the planes of a 4:2:0 frame, in place."""
        rows = self.luma.shape[0]
        blend.cover(planes[0][self.top : self.top + rows], self.luma, self.mask)
        # Chroma has half the rows and columns. Letters and band are both neutral in chroma.
        mask = np.ascontiguousarray(self.mask[::2, ::2])
        neutral = np.full_like(mask, _NEUTRAL)
        for plane in planes[1:]:
            blend.cover(plane[self.top // 2 : (self.top + rows) // 2], neutral, mask)


def caption(text: str, width: int, height: int, *, font: str | PathLike[str] | None = None) -> Caption:
    """Draw a caption for the lower edge of a frame.

    Args:
        text: the text. Its line breaks are kept, and long lines are wrapped.
        width, height: the size of the frame in pixels, both even.
        font: a font file that FreeType reads. None: DejaVu Sans if it is installed, else Pillow's default
            font, which has ASCII only.

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
        notes.append(Note("caption-cut", f"the caption is too long and was cut: {kept!r} is shown"))
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
    """Whether the first strong character of the text is right-to-left (UAX #9, rule P2)."""
    directions = map(unicodedata.bidirectional, text)
    return next((each for each in directions if each in ("L", "R", "AL")), "L") != "L"


def _line_height(font: Font) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def _wrapped(text: str, font: Font, width: float) -> Iterator[str]:
    """Yield lines no wider than ``width``, in pixels. A word that is wider is broken."""
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
    """Return the number of first characters that fit into ``width``; at least 1.

    The measured text is at most about twice as long as the text that fits, because a word may be very long.
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
    """Return the report notes on characters without a glyph."""
    notes = []
    missing = "".join(mark for mark in dict.fromkeys(text) if _is_missing(mark, font))
    if missing:
        names = ", ".join(f"{mark} (U+{ord(mark):04X})" for mark in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        notes.append(Note("caption-glyphs", f"the font has no glyph for {names}{more}: drawn as boxes"))
    return notes


def _is_missing(mark: str, font: Font) -> bool:
    if mark.isspace() or unicodedata.category(mark) in ("Cc", "Cf", "Mn"):
        return False
    shape, none = (font.getmask(text) for text in (mark, _NO_CHARACTER))
    return shape.size == none.size and bytes(shape) == bytes(none)
