"""Octets that are given to phones: whole or a part, of a file or not, a piece at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from transcode.relay.ports import octets
from transcode.relay.ports.http_protocol import DRAINED
from transcode.relay.ports.octets import Octets, wanted

WHOLE = bytes(range(256)) * 1000


def sent(source: bytes | Path, first: int, last: int) -> tuple[list[bytes], list[bool]]:
    """The pieces of a response, and what is told of their arrival."""
    pieces: list[bytes] = []
    told: list[bool] = []

    async def send(message: Any) -> None:
        pieces.append(message.get("body", b""))

    async def drained() -> bool:
        return True

    async def receive() -> Any:
        raise AssertionError

    response = Octets(source, first, last, 200, {}, told.append)
    assert response.headers["content-length"] == str(last + 1 - first)
    asyncio.run(response({"type": "http", "extensions": {DRAINED: drained}}, receive, send))
    return pieces, told


@pytest.mark.parametrize(
    ("first", "last"), [(0, len(WHOLE) - 1), (0, 0), (100_000, len(WHOLE) - 1), (65_536, 131_071)]
)
def test_a_part_of_a_file(tmp_path: Path, first: int, last: int) -> None:
    """A file gives what octets give, and never more than a piece of it at once: slow phones are many."""
    path = tmp_path / "octets"
    path.write_bytes(WHOLE)
    of_file, of_octets = sent(path, first, last), sent(WHOLE, first, last)
    assert of_file == of_octets
    pieces, told = of_file
    assert b"".join(pieces) == WHOLE[first : last + 1]
    assert max(map(len, pieces)) <= octets._PIECE
    assert told == [True]


@pytest.mark.parametrize(
    ("method", "headers", "found"),
    [
        ("GET", {}, None),
        ("GET", {"range": "bytes=10-19"}, (10, 19, False)),
        ("GET", {"range": "bytes=10-99999"}, (10, 99, False)),
        ("GET", {"range": "bytes=-5"}, (95, 99, True)),
        ("GET", {"range": "bytes=-500"}, (0, 99, False)),
        ("GET", {"range": "bytes=100-"}, (100, 99, False)),
        ("GET", {"range": "bytes=-0"}, (100, 99, True)),
        ("GET", {"range": "bytes=0-1,5-6"}, None),
        ("GET", {"range": "bytes=9-1"}, None),
        ("GET", {"range": "lines=1-2"}, None),
        ("GET", {"range": "bytes=10-19", "if-range": '"tag"'}, (10, 19, False)),
        ("GET", {"range": "bytes=10-19", "if-range": 'W/"tag"'}, None),
        ("GET", {"range": "bytes=10-19", "if-range": "Mon, 30 Nov 2026 00:00:00 GMT"}, None),
        ("HEAD", {"range": "bytes=10-19"}, None),
    ],
)
def test_what_is_wanted(method: str, headers: dict[str, str], found: object) -> None:
    """A part of these octets and of no others; beyond them, none; of what is no range, all."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "headers": raw})
    assert wanted(request, '"tag"', 100) == found


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """Somebody deleted it after the answer began: the phone does not have the message."""
    told: list[bool] = []

    async def send(_: Any) -> None:
        pass

    response = Octets(tmp_path / "nothing", 0, 9, 200, {}, told.append)
    with pytest.raises(FileNotFoundError):
        asyncio.run(response({"type": "http"}, send, send))  # type: ignore[arg-type]
    assert told == [False]
