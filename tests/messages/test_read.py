"""Reading a message from whatever holds it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import transcode
from transcode.errors import CapError, PduError, SourceError
from transcode.media.source import inputs
from transcode.messages.message import Message
from transcode.model import Part

MESSAGE = Message(
    to=("+15555550100/TYPE=PLMN",),
    sender="+15555550101/TYPE=PLMN",
    transaction_id="T1",
    content_type="application/vnd.wap.multipart.mixed",
    parts=(Part("text/plain", "Grüße".encode(), charset="utf-8", name="a.txt"),),
)

FORMS: dict[str, bytes] = {
    "mm1": MESSAGE.to_mm1(),
    "mm4": MESSAGE.to_mm4(date=1_700_000_000),
    "mm7": bytes(MESSAGE.to_mm7()),
}


class Path7:
    """A path of another class than pathlib's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Slow(io.RawIOBase):
    """A file that gives one octet at a time and can't seek, as a pipe."""

    def __init__(self, octets: bytes) -> None:
        self.left = octets

    def read(self, size: int = -1, /) -> bytes:
        """The next octet."""
        given, self.left = self.left[: min(size, 1)], self.left[1:]
        return given


#: What a caller may give, made of octets in a file.
WAYS: dict[str, Callable[[Path, bytes], Any]] = {
    "str": lambda path, _: str(path),
    "Path": lambda path, _: path,
    "PathLike": lambda path, _: Path7(path),
    "bytes": lambda _, octets: octets,
    "bytearray": lambda _, octets: bytearray(octets),
    "memoryview": lambda _, octets: memoryview(octets),
    "BytesIO": lambda _, octets: io.BytesIO(octets),
    "slow file": lambda _, octets: Slow(octets),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
def test_read_takes_what_every_other_call_takes(form: str, way: str, tmp_path: Path) -> None:
    """A path, octets and a binary file give the same message."""
    octets = FORMS[form]
    path = tmp_path / "message"
    path.write_bytes(octets)
    found = transcode.read(WAYS[way](path, octets))
    assert found == transcode.read(octets)
    assert found.parts[0].text == "Grüße"


def test_a_file_is_read_from_where_it_stands_and_stays_open(tmp_path: Path) -> None:
    """What was read before is not part of the message."""
    path = tmp_path / "two"
    path.write_bytes(b"front" + FORMS["mm1"])
    with path.open("rb") as file:
        file.seek(5)
        assert transcode.read(file) == transcode.read(FORMS["mm1"])
        assert not file.closed
        assert file.read() == b""


def test_a_buffer_stays_the_callers() -> None:
    """Who writes into a bytearray afterwards does not change the message."""
    octets = bytearray(FORMS["mm1"])
    found = [transcode.read(octets), transcode.read(memoryview(octets).toreadonly())]
    octets[:] = bytes(len(octets))
    assert [message.parts[0].text for message in found] == ["Grüße", "Grüße"]
    view = memoryview(octets)
    view.release()
    with pytest.raises(PduError, match="released"):
        transcode.read(view)


@pytest.mark.parametrize("way", ["str", "Path", "PathLike"])
def test_errors_name_the_file(way: str, tmp_path: Path) -> None:
    """What is no message is a PduError with the file and the place; it travels between processes."""
    path = tmp_path / "broken.mms"
    path.write_bytes(FORMS["mm1"][:-3])
    with pytest.raises(PduError) as of_octets:
        transcode.read(path.read_bytes())
    with pytest.raises(PduError) as caught:
        transcode.read(WAYS[way](path, b""))
    assert of_octets.value.source is None
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.source, error.reason, error.offset) == (
        str(path),
        of_octets.value.reason,
        of_octets.value.offset,
    )
    assert str(error) == f"{path}: {of_octets.value}"


def test_octets_without_a_message_are_a_pdu_error() -> None:
    """Empty ones too; a file that gives them is named."""
    for octets in (b"", b"\xff\xd8\xff\xe0 a picture"):
        with pytest.raises(PduError):
            transcode.read(octets)
    with pytest.raises(PduError, match=r"^<file>: 0x20 can't begin a header \(at octet 4\)$"):
        transcode.read(io.BytesIO(b"\xff\xd8\xff\xe0 a picture"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "none", "no such file"),
        (lambda folder: folder, "a directory, not a file"),
        (lambda folder: str(folder / "a\0b"), "null"),
        (lambda _: io.BytesIO(), "empty: 0 bytes"),
        (lambda _: io.StringIO("text"), "opened in text mode"),
        (lambda _: None, "neither a path, bytes nor a binary file object, but NoneType"),
        (lambda _: 7, "neither a path, bytes nor a binary file object, but int"),
        (lambda _: [FORMS["mm1"]], "neither a path, bytes nor a binary file object, but list"),
    ],
    ids=["missing", "directory", "NUL", "empty", "text mode", "None", "number", "list"],
)
def test_what_cant_be_read_is_a_source_error(
    make: Callable[[Path], Any], reason: str, tmp_path: Path
) -> None:
    """Unreadable input gives a SourceError, as in every other function."""
    with pytest.raises(SourceError, match=reason):
        transcode.read(make(tmp_path))


def test_a_file_that_is_closed_or_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file raises ends as an error of this package."""
    file = io.BytesIO(FORMS["mm1"])
    file.close()
    with pytest.raises(SourceError, match="can't be read"):
        transcode.read(file)
    monkeypatch.setattr(inputs.read, "__kwdefaults__", {"max_bytes": 100})
    with pytest.raises(CapError, match="more than 100 bytes"):
        transcode.read(io.BytesIO(FORMS["mm1"] + bytes(100)))


def test_a_clip_in_a_file_is_no_message(tmp_path: Path) -> None:
    """One so large that only its beginning is held."""
    path = tmp_path / "clip.mp4"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom\0\0\0\0isommp42")
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(PduError, match=r"clip\.mp4: the file is a clip or a recording, not a message"):
        transcode.read(path)
