"""Times and values of headers as people read them."""

from __future__ import annotations

import pytest

from transcode.model import HeaderValue
from transcode.preview.words import moment, said_value, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.01, "0.1 s"),
        (2.5, "2.5 s"),
        (7.0, "7 s"),
        (59.96, "60 s"),
        (60, "1 min"),
        (65.2, "1 min 5 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (5_400, "1 h 30 min"),
        (86_400, "1 day"),
        (259_200, "3 days"),
        (90_000, "1 day 1 h"),
        (10**13, "115,740,740 days 17 h"),
    ],
)
def test_spans(seconds: float, words: str) -> None:
    """A span has two units at most, the largest first."""
    assert span(seconds) == words


def test_moments() -> None:
    """A moment is in UTC, with the name of the month; what no calendar has stays a number."""
    assert moment(1_893_549_845) == "2 January 2030, 02:04:05 UTC"
    assert moment(0) == "1 January 1970, 00:00:00 UTC"
    assert moment(10**15) == "1,000,000,000,000,000 seconds after 1970"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Date", 0, "1 January 1970, 00:00:00 UTC"),
        ("TimeStamp", 0, "1 January 1970, 00:00:00 UTC"),
        ("X-Mms-Message-Size", 300_000, "300,000"),
        ("StatusCode", 1_000, "1000"),
        ("X-Mms-Expiry", ("relative", 5_400), "after 1 h 30 min"),
        ("X-Mms-Delivery-Time", ("absolute", 0), "1 January 1970, 00:00:00 UTC"),
        ("X-Mms-Store", True, "yes"),
        ("X-Mms-Store", False, "no"),
        ("X-Mms-Previously-Sent-By", (1, "a@example.org"), "1, a@example.org"),
        ("X-Mms-Previously-Sent-Date", (1, 0), "1, 1 January 1970, 00:00:00 UTC"),
        ("X-Own", "text", "text"),
        ("X-Own", (), "()"),
    ],
)
def test_values(name: str, value: HeaderValue, words: str) -> None:
    """Times, flags and numbers; words stay."""
    assert said_value(name, value) == words
