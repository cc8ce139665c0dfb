"""The still pictures that are read: how each is recognised, and which opener reads it.

A format is a row here, and an opener in transcode.media.pictures.openers unless one of those reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PICTURE_FORMATS", "PictureFormat"]


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """How one format is recognised and opened.

    Attributes:
        opener: the module of transcode.media.pictures.openers that reads it. It is imported when the first
            picture of a format of its own is opened.
        magic: offset and octets that tell it; any of them does. None: transcode.media.source.probe tells
            it by a brand of ISO base media files or by a form of RIFF.
        library_name: what the library of the opener calls it, where that asks for a name.
        kept_bytes: bytes a pixel that the decoder of that library keeps besides the picture.
    """

    opener: str
    magic: tuple[tuple[int, bytes], ...] = ()
    library_name: str = ""
    kept_bytes: int = 0


#: By content type. Of two rows with the same magic the first counts.
PICTURE_FORMATS: dict[str, PictureFormat] = {
    "image/jpeg": PictureFormat("jpeg", ((0, b"\xff\xd8\xff"),)),
    "image/heic": PictureFormat("heif"),
    "image/avif": PictureFormat("heif"),
    "image/png": PictureFormat("pillow", ((0, b"\x89PNG\r\n\x1a\n"),), "PNG"),
    "image/gif": PictureFormat("pillow", ((0, b"GIF87a"), (0, b"GIF89a")), "GIF", kept_bytes=5),
    # Two canvases and a copy.
    "image/webp": PictureFormat("pillow", (), "WEBP", kept_bytes=12),
    # Of either byte order, with offsets of 32 and of 64 bits (BigTIFF).
    "image/tiff": PictureFormat(
        "pillow", ((0, b"II*\x00"), (0, b"MM\x00*"), (0, b"II+\x00"), (0, b"MM\x00+")), "TIFF"
    ),
    "image/bmp": PictureFormat("pillow", ((0, b"BM"),), "BMP"),
}
