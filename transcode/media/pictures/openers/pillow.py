"""Opener of PNG, GIF, WebP, TIFF and BMP: Pillow decodes the full size, which is then reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL
from PIL import Image as Pillow

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.media.pictures import bomb_check, colour, exif, gif_read, tiff, tiff_guard, truncated
from transcode.media.pictures.orientation import upright_size
from transcode.media.pictures.pillow_modes import flattened, memory, plain
from transcode.media.pictures.pillow_reduce import reduced
from transcode.media.pictures.pillow_source import (
    frame_count,
    metadata_words,
    open_image,
    pillow_errors,
    what_is_said,
)
from transcode.media.pictures.srgb import colour_notes, converted, ycc
from transcode.media.pictures.still import Detail, Reduced, Stripped
from transcode.media.pictures.still_notes import cut_off, damage, dropped, turned
from transcode.media.pictures.strip import STRIPS, png_exif
from transcode.media.pictures.toner import in_srgb
from transcode.media.samples.planes import Plane, Sampling, resample, upright
from transcode.media.source import unread
from transcode.media.source.decode_limits import Deadline, check_size
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from transcode.media.samples.transfer import Said
    from transcode.media.source.inputs import Input

__all__ = ["open_still"]

#: Whether Pillow returns uninitialised memory for the rest of a CCITT strip that ends early.
_SHOWS_MEMORY = int(PIL.__version__.partition(".")[0]) < 13


def open_still(content: Input, kind: str, *, many: bool, max_pixels: int) -> PillowStill:
    """Read the header of a picture that Pillow decodes; see transcode.media.pictures.openers.Opener."""
    # Camera raw files are TIFF files whose readable picture is only a thumbnail.
    raw = unread.described(content.data) if kind == "image/tiff" else None
    if raw is not None:
        raise UnsupportedError(content.name, raw)
    bomb_check.check(content.data, kind, name=content.name)
    with pillow_errors(content.name, content.data if kind == "image/tiff" else b""):
        image = open_image(content, kind)
        said = what_is_said(content, kind, image)
        check_size(content.name, *image.size, memory(image, kind, said), max_pixels, content.limits)
        return PillowStill(content, kind, image, said, many=many)


class PillowStill:
    """A still picture that Pillow decodes; its header has been read."""

    def __init__(self, content: Input, kind: str, image: Pillow.Image, said: Said, *, many: bool) -> None:
        self.content_type = kind
        self._many = many
        self._content = content
        self._stored = image.size
        self._frames = frame_count(content, kind, image)
        self._more_pages = kind == "image/tiff" and tiff.has_second_page(image)
        self._exif = png_exif(content.data) if kind == "image/png" else image.info.get("exif", b"")
        # Pillow applies the orientation of a TIFF itself during load().
        self._orientation = exif.orientation(self._exif) if self._exif and kind != "image/tiff" else 1
        self.width, self.height = upright_size(*self._stored, self._orientation)
        self._turned = tiff.orientation(image) if kind == "image/tiff" else self._orientation
        self._icc = image.info.get("icc_profile") or None
        if self._icc is not None and image.mode != "CMYK" and colour.is_srgb(self._icc):
            self._icc = None
        self._said = said
        if said.outranks:
            self._icc = None
        self._words = metadata_words(content, kind, image)
        self._deadline = Deadline(content.name, content.limits.picture_seconds)
        self._whole: Pillow.Image | None = None
        self._is_clear = False
        self._damage: tuple[Note, ...] = ()
        self._reduced: tuple[Pillow.Image, tuple[Note, ...]] | None = None

    def reduce(
        self, width: int, height: int, *, sampling: Sampling = "4:2:0", detail: Detail = "coarse"
    ) -> Reduced:
        image, notes = self._stored_at(width, height)
        planes = [upright(plane, self._orientation) for plane in ycc(image)]
        if sampling == "4:4:4":
            return Reduced(tuple(planes), notes)
        planes[1:] = [
            resample(
                Plane(plane, width, height),
                (width + 1) // 2,
                (height + 1) // 2,
                covers=(width / 2, height / 2),
                filter="box",
            )
            for plane in planes[1:]
        ]
        return Reduced(tuple(planes), notes)

    def rgb(self, width: int, height: int, *, detail: Detail = "coarse") -> NDArray[np.uint8]:
        image, _ = self._stored_at(width, height)
        return upright(np.asarray(image.convert("RGB")), self._orientation)

    def _stored_at(self, width: int, height: int) -> tuple[Pillow.Image, tuple[Note, ...]]:
        """Return the stored picture whose upright size is width x height, and its notes."""
        stored = upright_size(width, height, self._orientation)
        if self._reduced is None or self._reduced[0].size != stored:
            self._reduced = self._decode(stored)
        return self._reduced

    def _decode(self, size: tuple[int, int]) -> tuple[Pillow.Image, tuple[Note, ...]]:
        """Return the stored picture at a size, in sRGB and flattened onto white, and its notes."""
        notes = [*turned(self._turned)]
        if self._frames > 1:
            notes.append(
                Note("animation-dropped", f"animation of {self._frames} frames: only the first frame is kept")
            )
        if self._more_pages:
            notes.append(Note("pages-dropped", "several pages: only the first page is kept"))
        notes.extend((*dropped(self._words, self._exif), *cut_off(self._content)))
        with pillow_errors(self._content.name), self._deadline.counted():
            self._deadline.left()
            image = self._whole or self._load()
            self._whole = image if self._many else None
            if image.size != size:
                image = Pillow.frombytes(image.mode, size, reduced(image, *size).tobytes())
        notes[:0] = self._damage
        if self._is_clear:
            notes.append(Note("flattened", "transparency flattened onto white"))
        image = converted(image, self._icc, notes)
        notes.extend(colour_notes(self._said))
        return image, tuple(notes)

    def _load(self) -> Pillow.Image:
        """Return the stored picture at full size, flattened onto white, in mode L, RGB or CMYK."""
        image, there = self._load_rows()
        image = plain(image, self._content.name)
        if self._said.space is not None:
            # Conversion comes before flattening: white has another value in the space of the source.
            image = in_srgb(image, self._said.space)
        if image.mode in ("LA", "RGBA"):
            # Flattening comes before the reduction: the Lanczos filter must sharpen the visible
            # picture and not alpha.
            self._is_clear = image.getextrema()[-1] != (255, 255)
            image = flattened(image)
        if there is not None:
            truncated.fill(image, there)
        return image

    def _load_rows(self) -> tuple[Pillow.Image, NDArray[np.bool_] | None]:
        """Return the picture as Pillow decodes it and, for truncated data, which rows are present."""
        if self.content_type == "image/tiff" and _SHOWS_MEMORY and tiff_guard.is_fax(self._content.data):
            # FFmpeg takes long to import.
            from transcode.media.pictures import fax

            return fax.decode(self._content.data, self._turned), None
        image = open_image(self._content, self.content_type)
        try:
            image.load()
        except MemoryError:
            raise
        except Exception:
            fresh = open_image(self._content, self.content_type)
            there = truncated.rows_there(self._content.data, self.content_type, fresh)
            if not there.any():
                raise
            words = "the data end early or are broken"
            self._damage = damage(self._content.name, words, float(there.mean()))
            # Pillow keeps the decoded rows; without remaining tiles the picture counts as loaded.
            image.tile = []
            image.load()
            return image, there
        if self.content_type == "image/gif" and gif_read.leaves_ground(self._content.data, *image.size):
            # Pillow fills the uncovered canvas with the first colour of the colour table.
            return next(gif_read.frames(self._content.data, *image.size))[0], None
        return image, None

    def _all_frames(self) -> Iterator[Pillow.Image]:
        """Yield each decoded frame; a broken frame raises the exception of Pillow or gif_read."""
        if self.content_type == "image/gif":
            for canvas, _ in gif_read.frames(self._content.data, *self._stored):
                yield canvas
            return
        image = open_image(self._content, self.content_type)
        for frame in range(self._frames):
            image.seek(frame)
            image.load()
            yield image

    def drop_cache(self) -> None:
        self._whole = self._reduced = None

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        strip = STRIPS.get(self.content_type)
        pixels = self._frames * self._stored[0] * self._stored[1]
        plain = self._icc is None and self._said.space is None
        if strip is None or self._orientation != 1 or not plain or pixels > self._content.limits.frame_pixels:
            return None
        try:
            clean, words = strip(self._content.data, name=self._content.name)
            if len(clean) > max_bytes:
                return None
            # A file that can't be decoded completely must not pass through unchanged.
            with pillow_errors(self._content.name), self._deadline.counted():
                for _ in self._all_frames():
                    self._deadline.left()
        except CapError:
            raise
        except SourceError:
            return None
        return Stripped(clean, self.content_type, (*dropped(words, self._exif), *cut_off(self._content)))
