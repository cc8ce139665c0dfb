"""The table of supported still picture formats: how each is recognised, and which opener reads it.

A new format needs a row in the table. If transcode.media.source.unread names the format as one that is not
supported, its row there goes. It needs a new opener in transcode.media.pictures.openers only if no present
opener reads the format.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PICTURE_FORMATS", "PictureFormat"]


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A still picture format: its magic numbers and its opener.

    Attributes:
        opener: the module of transcode.media.pictures.openers that reads the format. It is imported when the
            first picture of one of its formats is opened.
        magic: pairs of offset and octets; each pair by itself identifies the format. Without pairs,
            transcode.media.source.probe recognises the format by a brand of ISO base media files or by a
            form of RIFF.
        library_name: the name of the format in the opener's library, if the library asks for a name.
        kept_bytes: bytes per pixel that the library's decoder allocates besides the picture.
    """

    opener: str
    magic: tuple[tuple[int, bytes], ...] = ()
    library_name: str = ""
    kept_bytes: int = 0


#: The formats by content type. If two rows have the same magic, the first row wins.
PICTURE_FORMATS: dict[str, PictureFormat] = {
    "image/jpeg": PictureFormat("jpeg", ((0, b"\xff\xd8\xff"),)),
    "image/heic": PictureFormat("heif"),
    "image/avif": PictureFormat("heif"),
    "image/png": PictureFormat("pillow", ((0, b"\x89PNG\r\n\x1a\n"),), "PNG"),
    "image/gif": PictureFormat("pillow", ((0, b"GIF87a"), (0, b"GIF89a")), "GIF", kept_bytes=5),
    # The decoder has two canvases and a copy.
    "image/webp": PictureFormat("pillow", (), "WEBP", kept_bytes=12),
    # Both byte orders, each with 32-bit and 64-bit offsets (BigTIFF).
    "image/tiff": PictureFormat(
        "pillow", ((0, b"II*\x00"), (0, b"MM\x00*"), (0, b"II+\x00"), (0, b"MM\x00+")), "TIFF"
    ),
    "image/bmp": PictureFormat("pillow", ((0, b"BM"),), "BMP"),
}
