"""File objects of callers, as they come: temporary, used before, of sockets and of web frameworks."""

from __future__ import annotations

import io
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import pytest
from starlette.datastructures import UploadFile

import transcode
from tests.made.pictures import photo, save
from transcode.errors import SourceError
from transcode.media.source.inputs import read

PICTURE = save(photo(64, 48), "JPEG")
LIMITS = transcode.Limits(20_000, 32, 32)


def written(file: IO[bytes]) -> IO[bytes]:
    """A file that stands behind what was written into it."""
    file.write(PICTURE)
    return file


def sniffed(file: IO[bytes]) -> IO[bytes]:
    """A file whose beginning somebody has looked at."""
    file.seek(0)
    file.read(600)
    return file


def spooled(size: int) -> Any:
    return written(tempfile.SpooledTemporaryFile(size))


def numbered(path: Path) -> IO[bytes]:
    """A file whose name is a number."""
    path.write_bytes(PICTURE)
    return os.fdopen(os.open(path, os.O_RDONLY), "rb")


def named(path: Path) -> IO[bytes]:
    """A file whose name is bytes."""
    path.write_bytes(PICTURE)
    return open(bytes(path), "rb")  # noqa: PTH123  (a path of bytes)


MADE: dict[str, Callable[[Path], Any]] = {
    "written": lambda path: written(io.BytesIO()),
    "sniffed": lambda path: sniffed(io.BytesIO(PICTURE)),
    "temporary": lambda path: written(tempfile.TemporaryFile()),  # noqa: SIM115
    "temporary with a name": lambda path: written(tempfile.NamedTemporaryFile()),  # noqa: SIM115
    "spooled in memory": lambda path: spooled(1_000_000),
    "spooled to a disk": lambda path: spooled(10),
    "spooled and sniffed": lambda path: sniffed(spooled(10)),
    "with a number": numbered,
    "with bytes for a name": named,
    "upload": lambda path: UploadFile(spooled(10), filename="a.jpg"),
    "sniffed upload": lambda path: UploadFile(sniffed(spooled(1_000_000)), filename="a.jpg"),  # type: ignore[arg-type]
    "field without read": lambda path: SimpleNamespace(
        name="photo", filename="a.jpg", file=io.BytesIO(PICTURE)
    ),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.filterwarnings("ignore:Implicitly cleaning up", "ignore:unclosed file")
def test_fit_and_compose_read_what_there_is(tmp_path: Path, kind: str) -> None:
    """Both give the octets that they give for the bytes, and the file stays open."""
    profile = transcode.find_profile("us-att")
    file = MADE[kind](tmp_path / "a.jpg")
    inner = getattr(file, "file", file)
    made = transcode.fit(file, LIMITS)
    assert made.data == transcode.fit(PICTURE, LIMITS).data
    assert not inner.closed
    # It is at its end by now.
    assert transcode.compose(file, profile).to_mm1(strict=False) == transcode.compose(
        PICTURE, profile
    ).to_mm1(strict=False)
    (slide,) = transcode.compose([transcode.Slide(image=file)], profile).reports
    assert slide.source == made.report.source
    inner.close()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("with a number", "<file>"),
        ("spooled in memory", "<file>"),
        ("temporary", "<file>"),
        ("written", "<file>"),
        ("upload", "a.jpg"),
        ("field without read", "a.jpg"),
    ],
)
def test_names(tmp_path: Path, kind: str, name: str) -> None:
    """A name is text or none: the number of a descriptor says nothing."""
    file = MADE[kind](tmp_path / "b.jpg")
    assert read(file).name == name
    getattr(file, "file", file).close()
    with named(tmp_path / "c.jpg") as file:
        assert read(file).name == str(tmp_path / "c.jpg")


def test_a_medium_within_a_file_is_read_from_where_it_begins() -> None:
    """What begins where the caller stands is meant, also behind another picture."""
    other = save(photo(20, 20), "PNG")
    file = io.BytesIO(other + PICTURE)
    file.seek(len(other))
    assert bytes(read(file).data) == PICTURE
    file = io.BytesIO(b"ID3" + bytes(9) + b"\xff\xfb" + bytes(30))
    file.seek(12)
    assert len(read(file).data) == 32


def test_messages_are_read_from_where_they_begin() -> None:
    """Octets of messages have no types: only a file at its end is read from its start."""
    message = transcode.compose(PICTURE, transcode.find_profile("us-att"), to=["+15555550100"])
    file = io.BytesIO(PICTURE + message.to_mm1())
    file.seek(len(PICTURE))
    assert transcode.read(file).transaction_id == message.transaction_id
    file = io.BytesIO()
    file.write(message.to_mm1())
    assert transcode.read(file).transaction_id == message.transaction_id


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("buffering", [-1, 0])
def test_sockets(pair: tuple[socket.socket, socket.socket], buffering: int) -> None:
    """What comes in pieces is read to its end, with or without a buffer."""

    def send() -> None:
        for first in range(0, len(PICTURE), 500):
            pair[1].sendall(PICTURE[first : first + 500])
        pair[1].shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    with pair[0].makefile("rb", buffering=buffering) as file:
        source = cast("IO[bytes]", file)
        assert transcode.fit(source, LIMITS).data == transcode.fit(PICTURE, LIMITS).data
    thread.join()


def test_a_raw_stream_is_asked_for_little_at_once() -> None:
    """A raw stream clears as many bytes as it is asked for, for each packet."""
    asked = []

    class Raw(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            asked.append(len(buffer))
            buffer[:1] = b"x"
            return 1 if len(asked) < 9 else 0

    assert bytes(read(Raw()).data) == b"x" * 8  # type: ignore[arg-type]
    assert max(asked) <= 1024 * 1024


def test_what_can_not_be_read() -> None:
    """What must be awaited, is closed, or gives text is refused, and named."""

    class Asynchronous:
        name = "a.jpg"

        async def read(self, size: int = -1) -> bytes:
            return PICTURE

    closed = io.BytesIO(PICTURE)
    closed.close()
    text = tempfile.SpooledTemporaryFile(mode="w+")  # noqa: SIM115
    for source, words in (
        (Asynchronous(), r"^a\.jpg: its read\(\) must be awaited"),
        (UploadFile(closed, filename="b.jpg"), r"^b\.jpg: can't be read: I/O operation on closed file"),
        (text, r"^<file>: read\(\) returned str instead"),
        (UploadFile(io.BytesIO(), filename="c.jpg"), r"^c\.jpg: empty: 0 bytes"),
    ):
        with pytest.raises(SourceError, match=words):
            read(source)  # type: ignore[arg-type]
    text.close()
