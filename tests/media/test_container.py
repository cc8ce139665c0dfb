"""Opening clips and recordings: what is found, and what ends it."""

from __future__ import annotations

import struct

import pytest

import transcode
from transcode.errors import CapError
from transcode.media import container
from transcode.media.source import Content


def boxes(count: int) -> bytes:
    """An MP4 of so many empty boxes, and no index."""
    return struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8, b"free") * count


def test_opening_ends_by_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demuxer that walks through tiny boxes is ended at its next read."""
    monkeypatch.setattr(container, "MAX_OPEN_SECONDS", 0.001)
    with pytest.raises(CapError, match="it: its streams are not found within"):
        container.streams_of(Content("it", boxes(500_000)))


def test_boxes_without_streams() -> None:
    """Files of nothing but boxes are no clips."""
    with pytest.raises(transcode.SourceError, match="<bytes>: a video"):
        transcode.fit(boxes(1000), transcode.Limits(100_000))
