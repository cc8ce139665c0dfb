"""The pixels of a picture by its header."""

from __future__ import annotations

import io

import pytest

from tests.made.pictures import photo, save
from transcode.media.source import probe
from transcode.media.source.still_extent import pixels_of


def seen(octets: bytes) -> int:
    return pixels_of(io.BytesIO(octets), probe.content_type(octets) or "")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "icc_profile": bytes(200_000)}),
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
    ],
)
def test_formats(kind: str, options: dict[str, object]) -> None:
    """Each format that has it in its header."""
    assert seen(save(photo(70, 30), kind, **options)) == 2_100


def test_items() -> None:
    """Of a HEIF file the largest item counts."""
    sizes = b"".join(b"\0\0\0\x14ispe" + bytes(4) + bytes((0, 0, 0, w, 0, 0, 0, 30)) for w in (9, 70, 8))
    box = b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic"
    meta = (8 + len(sizes)).to_bytes(4) + b"meta" + sizes
    assert seen(box + meta) == 2_100
    assert (seen(box + meta[:30]), seen(box + meta[:20])) == (270, 0)


def test_headers_that_are_cut() -> None:
    """Wherever the file ends: no figure, and no error."""
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP"):
        whole = save(photo(70, 30), kind)
        assert {seen(whole[:end]) for end in range(12, 40)} <= {0, 2_100}
    assert seen(b"\xff\xd8\xff\xe0\0\0" * 50) == 0
    assert seen(b"\xff\xd8" + b"\xff" * 3_000) == 0
