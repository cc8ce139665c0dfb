"""Folders of pictures: by the time they were taken, then by name as people count."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import transcode
from tests.made.pictures import photo, save
from transcode.message.album import read_album


def taken(time: str | None, fraction: str = "", kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if time is not None:
        exif.get_ifd(0x8769).update({0x9003: time, **({0x9291: fraction} if fraction else {})})
    if kind == "TIFF":
        # The same structure; Pillow writes no IFD of EXIF's into its TIFFs.
        return exif.tobytes().removeprefix(b"Exif\0\0")
    return save(photo(32, 24), kind, exif=exif)


def test_order(tmp_path: Path) -> None:
    """Capture times to a fraction of a second come first, in every format, then names, numbers by value."""
    files = {
        "z.jpg": taken("2024:05:01 10:00:00"),
        "y.png": taken("2024:05:01 10:00:01", "04", "PNG"),
        "x.webp": taken("2024:05:01 10:00:01", "3", "WEBP"),
        "w.tif": taken("2024:05:01 10:00:02", kind="TIFF"),
        "a10.jpg": taken(None),
        "a9.jpg": taken("0000:00:00 00:00:00"),
        "A2.JPG": taken(None),
        "notes.txt": b"hello",
        ".hidden.jpg": taken("2020:01:01 00:00:00"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "b.jpg").write_bytes(taken(None))
    album = read_album(tmp_path)
    names = [path.name for path in album.pictures]
    assert names == ["z.jpg", "y.png", "x.webp", "w.tif", "A2.JPG", "a9.jpg", "a10.jpg"]
    assert [path.name for path in album.others] == ["notes.txt"]


def test_no_folder(tmp_path: Path) -> None:
    """What is no folder is refused by name."""
    with pytest.raises(transcode.SourceError, match="nowhere"):
        read_album(tmp_path / "nowhere")
