"""Facts about pictures that Pillow opens: frames, colours and metadata; and the translation of its errors."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from transcode.errors import CapError, SourceError, UnsupportedError
from transcode.jobs.job_limits import memory_words
from transcode.media.pictures import gif_read, tiff
from transcode.media.pictures import icc as icc_tags
from transcode.media.pictures.png_colour import png_colours
from transcode.media.pictures.still_notes import cut_off, dropped
from transcode.media.pictures.strip import STRIPS, png_exif
from transcode.media.samples.cicp import Signal
from transcode.media.samples.transfer import Said, Space
from transcode.media.source.picture_formats import PICTURE_FORMATS
from transcode.media.source.unread import SAVE_PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import ImageFile

    from transcode.media.source.inputs import Input
    from transcode.model import Note

__all__ = ["frame_count", "metadata_notes", "metadata_words", "open_image", "pillow_errors", "what_is_said"]


def open_image(content: Input, kind: str) -> ImageFile.ImageFile:
    """Open a picture with Pillow, as the format of its content type and no other."""
    return Pillow.open(io.BytesIO(content.data), formats=(PICTURE_FORMATS[kind].library_name,))


def what_is_said(content: Input, kind: str, image: Pillow.Image) -> Said:
    """Return the colour space that the file declares outside of an ICC profile, or by code points in it."""
    if image.mode == "1":
        # Black and white are equal in all colour spaces.
        return Said()
    said = png_colours(content.data) if kind == "image/png" else Said()
    icc = image.info.get("icc_profile")
    if icc and not said.outranks and (points := icc_tags.high_range(icc)):
        return Said(Space.of(Signal(*points)), outranks=True)
    return said


def frame_count(content: Input, kind: str, image: Pillow.Image) -> int:
    """Return the number of frames of an animation; 1 for a still picture.

    Raises:
        CapError: more frames than the limit.
    """
    if kind == "image/gif":
        # Pillow counts frames by decoding all of them.
        frames = gif_read.count(content.data, content.limits.frames + 1)
    else:
        frames = int(getattr(image, "n_frames", 1)) if kind in ("image/png", "image/webp") else 1
    if frames > content.limits.frames:
        raise CapError(content.name, f"an animation of more than {content.limits.frames:,} frames")
    return max(frames, 1)


def metadata_notes(content: Input, kind: str, image: Pillow.Image) -> tuple[Note, ...]:
    """Return notes about the metadata of a PNG, GIF or WebP that are dropped, and about a cut last frame."""
    stored = png_exif(content.data) if kind == "image/png" else image.info.get("exif", b"")
    return (*dropped(metadata_words(content, kind, image), stored), *cut_off(content))


def metadata_words(content: Input, kind: str, image: Pillow.Image) -> tuple[str, ...]:
    """Return words for the metadata that are dropped."""
    if kind == "image/tiff":
        return tiff.metadata(image)
    strip = STRIPS.get(kind)
    if strip is None:
        return ()
    try:
        return strip(content.data, name=content.name)[1]
    except SourceError:
        # The file is broken, but Pillow may still decode it.
        words = {"exif": "EXIF", "icc_profile": "ICC profile", "xmp": "XMP"}
        return tuple(word for key, word in words.items() if image.info.get(key))


@contextmanager
def pillow_errors(name: str, data: bytes | memoryview = b"") -> Iterator[None]:
    """Translate exceptions of Pillow's decoders to a SourceError that names the source.

    The data of a TIFF are for the description of its samples.
    """
    try:
        yield
    except SourceError:
        raise
    except MemoryError as error:
        raise CapError(name, f"not enough memory to decode it{memory_words()}") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise CapError(name, "more pixels than the limit of Pillow") from error
    except UnidentifiedImageError as error:
        if kind := tiff.samples(data):
            raise UnsupportedError(
                name, f"this kind of TIFF can't be decoded: {kind}; {SAVE_PICTURE}"
            ) from error
        raise SourceError(name, "the header is broken") from error
    except Exception as error:
        # A broken file may make Pillow's decoders raise any exception.
        raise SourceError(name, f"can't be decoded: {error or type(error).__name__}") from error
