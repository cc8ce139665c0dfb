"""The record of a source's way: each note once, heard as it is made, all in the report."""

from __future__ import annotations

import pytest

from transcode.fit.record import Record
from transcode.media.source import inputs
from transcode.model import Note, Trial


def test_notes_are_told_once() -> None:
    """A note that is there already is neither kept nor told again."""
    heard: list[Note] = []
    record = Record(inputs.read(b"abc"), "image/png", 1000, heard.append)
    one, other = Note("turned", "turned upright"), Note("reduced", "smaller")
    record.add([one])
    record.add([one, other])
    assert record.notes == heard == [one, other]


@pytest.mark.parametrize("size", [None, (40, 30)])
def test_the_report_has_what_was_recorded(size: tuple[int, int] | None) -> None:
    """Source, limit, notes, trials and times reach the report; a sound has no size."""
    record = Record(inputs.read(b"abc"), "image/gif", 1000, source_size=size)
    record.add([Note("reduced", "smaller")])
    record.trials.append(Trial(20, 15, 80.0, 900))
    made = record.rendition(
        b"xy", "image/gif", size, quality=80.0, source_seconds=3.0, seconds=2.0, settings=("fast",)
    )
    report = made.report
    assert (made.data, made.content_type, made.duration) == (b"xy", "image/gif", 2.0)
    assert (made.width, made.height) == (report.width, report.height) == (size or (None, None))
    assert (report.source_width, report.source_height) == (size or (None, None))
    assert (report.source_type, report.source_bytes, report.max_bytes) == ("image/gif", 3, 1000)
    assert (report.notes, report.trials) == (tuple(record.notes), tuple(record.trials))
    assert (report.source_seconds, report.seconds, report.quality) == (3.0, 2.0, 80.0)
    assert report.settings == ("fast",)
