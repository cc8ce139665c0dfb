"""What the user gave, as a name and bytes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

import transcode
from tests.made import clips
from tests.made.pictures import photo, save
from transcode.errors import CapError, SourceError
from transcode.media.clips.clip import probe
from transcode.media.source.inputs import read


def test_every_kind_of_source(tmp_path: Path) -> None:
    """Paths, bytes-like objects and binary files give the same octets."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        found = [
            read(source) for source in (path, str(path), b"abc", bytearray(b"abc"), memoryview(b"abc"), file)
        ]
    assert [bytes(content.data) for content in found] == [b"abc"] * 6
    assert found[0].name == found[5].name == str(path)
    assert found[2].name == "<bytes>"


def test_a_file_is_read_from_where_it_stands_and_stays_open() -> None:
    """The caller's file object is his."""
    file = io.BytesIO(b"headabc")
    file.seek(4)
    assert bytes(read(file).data) == b"abc"
    assert not file.closed


def test_a_buffer_may_change_afterwards() -> None:
    """A mutable buffer is copied."""
    buffer = bytearray(b"abc")
    content = read(buffer)
    buffer[0] = 0
    assert bytes(content.data) == b"abc"


@pytest.mark.parametrize("source", ["missing.jpg", Path("missing.jpg")])
def test_missing(source: str | Path) -> None:
    """A missing file is named, with the reason."""
    with pytest.raises(SourceError, match=r"^missing\.jpg: no such file"):
        read(source)


def test_what_can_not_be_read(tmp_path: Path) -> None:
    """Directories, pipes, text files and other objects are refused, and named."""
    with pytest.raises(SourceError, match="a directory"):
        read(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="not a regular file"):
        read(pipe)
    with pytest.raises(SourceError, match="text mode"):
        read(io.StringIO("abc"))  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="int"):
        read(3)  # type: ignore[arg-type]


def test_empty_and_too_large(tmp_path: Path) -> None:
    """No bytes, and more bytes than the cap, are refused."""
    with pytest.raises(SourceError, match="empty"):
        read(b"")
    path = tmp_path / "large"
    path.write_bytes(bytes(11))
    for source in (path, bytes(11), io.BytesIO(bytes(11))):
        with pytest.raises(CapError, match="more than 10 bytes"):
            read(source, max_bytes=10)


def test_long_clips_and_recordings_stay_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of clips the beginning is held, and the rest is read as needed; pictures are read whole."""
    monkeypatch.setattr("transcode.media.source.inputs._HELD", 1_000)
    made = clips.clip(seconds=2, sound=clips.beeping([1], 2.0))
    path = tmp_path / "clip.mp4"
    path.write_bytes(made.data)
    content = read(path)
    assert (len(content.data), content.size, content.path) == (1_000, len(made.data), path)
    with content.open() as file:
        assert file.read() == made.data
    assert probe(content) == probe(made)
    limits = transcode.Limits(20_000)
    assert transcode.fit(path, limits).data == transcode.fit(bytes(made.data), limits).data
    assert transcode.fit(path, limits).report.source_bytes == len(made.data)
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(save(photo(400, 300)))
    assert len(read(picture).data) == picture.stat().st_size
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        probe(content)
