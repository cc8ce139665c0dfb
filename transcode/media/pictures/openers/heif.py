"""Opener of HEIC and AVIF: FFmpeg decodes the tiles to planes, and each row of tiles is reduced at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from transcode.media.pictures import colour, drawing, heif
from transcode.media.pictures.orientation import chroma_plane, upright_size
from transcode.media.pictures.srgb import CONVERTED, TONED, to_srgb
from transcode.media.pictures.still import Detail, Reduced, Stripped
from transcode.media.pictures.still_notes import damage, dropped
from transcode.media.samples.planes import Plane, Sampling, upright
from transcode.media.source.decode_limits import Deadline
from transcode.model import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from transcode.media.source.inputs import Input

__all__ = ["open_still"]


def open_still(content: Input, kind: str, *, many: bool, max_pixels: int) -> HeifStill:
    """Read the boxes of a HEIF file; see transcode.media.pictures.openers.Opener.

    Only the result of the last size is kept: the full-size picture never exists in memory.
    """
    return HeifStill(content, kind, heif.read_header(content.data, name=content.name, max_pixels=max_pixels))


class HeifStill:
    """A HEIF file whose boxes have been read."""

    def __init__(self, content: Input, kind: str, header: heif.HeifHeader) -> None:
        self.content_type = kind
        self._content = content
        self._header = header
        self.width, self.height = upright_size(header.width, header.height, header.orientation)
        # A profile defines the colours; a profile of sRGB needs no conversion.
        self._icc = None if header.icc is not None and colour.is_srgb(header.icc) else header.icc
        self._deadline = Deadline(content.name, content.limits.picture_seconds)
        self._size = (0, 0)
        self._reduced: tuple[list[Plane], tuple[Note, ...]] = ([], ())

    def reduce(
        self, width: int, height: int, *, sampling: Sampling = "4:2:0", detail: Detail = "coarse"
    ) -> Reduced:
        orientation = self._header.orientation
        stored = upright_size(width, height, orientation)
        if self._size != stored:
            self._size, self._reduced = stored, self._decode(*stored)
        (luma, *chroma), notes = self._reduced
        planes = [luma.samples]
        halved = chroma and chroma[0].samples.shape != luma.samples.shape
        if halved and sampling == "4:2:0":
            planes += [plane.samples for plane in chroma]
        else:
            planes += [chroma_plane(plane, *stored, orientation, sampling) for plane in chroma]
        return Reduced(tuple(upright(plane, orientation) for plane in planes), notes)

    def drop_cache(self) -> None:
        self._size, self._reduced = (0, 0), ([], ())

    def rgb(self, width: int, height: int, *, detail: Detail = "coarse") -> NDArray[np.uint8]:
        return drawing.rgb(self.reduce(width, height, sampling="4:4:4", detail=detail).planes)

    def _decode(self, width: int, height: int) -> tuple[list[Plane], tuple[Note, ...]]:
        """Return the stored planes at a size, in sRGB and flattened onto white, and the notes.

        Chroma has the size of luma in three cases: colours are converted; the picture is rotated or
        mirrored and has an odd width or height, so that 4:2:0 chroma would not begin at its corner; the
        source has more chroma than 4:2:0.
        """
        header = self._header
        mirrored = header.orientation != 1 and (width % 2 or height % 2)
        recoloured = self._icc is not None or header.alpha is not None
        whole = bool(recoloured or mirrored or not header.halved)
        with self._deadline.counted():
            decoded = heif.decode(header, width, height, full_chroma=whole, deadline=self._deadline)
        notes = [*self._damage_of(decoded), *self._notes()]
        planes: Sequence[NDArray[np.uint8]] = decoded.planes
        inks: colour.Inks = "gray" if len(planes) == 1 else "rgb"
        conversion = to_srgb(self._icc, inks, notes)
        if conversion is not None:
            planes = conversion.ycc(planes, from_ycc=True)
        elif decoded.colours != "stored":
            notes.append(TONED if decoded.colours == "toned" else CONVERTED)
        if decoded.alpha is not None and decoded.alpha.min() < 255:
            notes.append(Note("flattened", "transparency flattened onto white"))
            planes = _over_white(planes, decoded.alpha)
        whole = planes[-1].shape == planes[0].shape
        sizes = [(width, height)] + 2 * [(width, height) if whole else (width / 2, height / 2)]
        stored = [Plane(plane, *size) for plane, size in zip(planes, sizes, strict=False)]
        return stored, tuple(notes)

    def _damage_of(self, decoded: heif.DecodedHeif) -> tuple[Note, ...]:
        if not decoded.warnings:
            return ()
        return damage(self._content.name, str(decoded.warning), decoded.rows / self._header.coded.height)

    def _notes(self) -> list[Note]:
        header, notes = self._header, []
        if header.orientation != 1:
            notes.append(Note("turned", f"turned upright (as EXIF orientation {header.orientation})"))
        if header.frames > 1:
            text = f"animation of {header.frames} frames: only the still picture is kept"
            notes.append(Note("animation-dropped", text))
        if header.pictures:
            text = f"{header.pictures + 1} pictures: only the primary picture is kept"
            notes.append(Note("pages-dropped", text))
        notes.extend(dropped(header.metadata, header.exif))
        return notes

    def stripped(self, max_bytes: int, *, progressive: bool = False) -> Stripped | None:
        """Return None: HEIC and AVIF are not picture formats of MMS."""
        return None


def _over_white(planes: Sequence[NDArray[np.uint8]], alpha: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Flatten planes of one size onto white: luma 255, chroma 128."""
    image = [Pillow.fromarray(plane) for plane in planes]
    mask = Pillow.fromarray(alpha)
    grounds = (255, 128, 128)
    return [
        np.asarray(Pillow.composite(plane, Pillow.new("L", plane.size, ground), mask))
        for plane, ground in zip(image, grounds[: len(image)], strict=True)
    ]
