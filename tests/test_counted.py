"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from transcode.counted import counted


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (1_200, "file", "1,200 files"),
        (1.0, "second", "1 second"),
        (0.5, "second", "0.5 seconds"),
    ],
)
def test_counted(number: float, noun: str, words: str) -> None:
    assert counted(number, noun) == words


def test_an_irregular_plural() -> None:
    assert (counted(1, "medium", "media"), counted(2, "medium", "media")) == ("1 medium", "2 media")
