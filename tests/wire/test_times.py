"""Times as peers spell them: fractions, leap seconds, other units, and numbers since 1970."""

from __future__ import annotations

import pytest

import transcode
from tests.effort import bounded
from transcode.wire import times
from transcode.wire.times import duration, mail_date

NOON = 1_795_953_600
ODD: list[str] = []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-29T12:00:00Z", NOON),
        ("2026-11-29t12:00:00z", NOON),
        ("2026-11-29t12:00:00.5z", NOON),
        ("2026-11-29T12:00:00,999999999999Z", NOON),
        ("2026-11-29T11:59:60Z", NOON),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2026-11-29T11:59:61z", NOON + 1),
        ("2026-11-28T24:00:00Z", NOON - 43_200),
        ("2026-11-28T24:00Z", NOON - 43_200),
        ("2026-11-29T24:00:01Z", None),
        ("2026-11-29T12:00:62Z", None),
        ("2026-11-29 12:00:00 UTC", NOON),
        ("2026-11-29 12:00:00 GMT", NOON),
        ("2026-11-29T14:00:00+02:00[Europe/Kiev]", NOON),
        ("2026-11-29T12:00:00Z[UTC]", NOON),
        ("2026/11/29 12:00:00", NOON),
        ("2026-11/29 12:00:00", None),
        ("20261129T120000Z", NOON),
        ("20261129120000", NOON),
        ("20261329120000", None),
        ("20261129", None),
    ],
)
def test_dates(text: str, seconds: int | None) -> None:
    """Dates of XML, of RFC 3339, and of programs that nearly follow them, are read."""
    assert times.date_time(text, ODD.append) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P1.5D", 129_600),
        ("P1,5D", 129_600),
        ("PT0,5H", 1800),
        ("PT1.25M", 75),
        ("P0.1D", 8640),
        ("P2W", 1_209_600),
        ("P1.5W", 907_200),
        ("p0.5y", 15_768_000),
        ("P1DT12.5H", 131_400),
        ("+P1D", 86_400),
        ("PT0.1S", 0),
        ("3 days", 259_200),
        ("1 week", 604_800),
        ("24h", 86_400),
        ("90 min", 5400),
        ("3600 s", 3600),
        ("1.5 hours", 5400),
        ("-P1D", None),
        ("P1DT", None),
        ("P.5D", None),
        ("PT1H30", None),
        ("P99999999Y", None),
        ("1 fortnight", None),
        ("3600", None),
    ],
)
def test_durations(text: str, seconds: int | None) -> None:
    """A fraction may stand in any place, behind a dot or a comma."""
    assert times.duration(text, ODD.append) == seconds


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", (0, False)),
        ("3600", (3600, False)),
        ("+3600", (3600, False)),
        ("3600.5", (3600, False)),
        ("1795953600", (NOON, False)),
        ("1795953600.25", (NOON, False)),
        ("1795953600000", (NOON, True)),
        ("1795953600000000", (NOON, True)),
        ("1795953600000000000", (NOON, True)),
        ("99999999999", (99_999_999_999, False)),
        ("-1", None),
        ("1e9", None),
        ("9" * 21, None),
    ],
)
def test_numbers(text: str, number: tuple[int, bool] | None) -> None:
    """Numbers too large for seconds count as smaller units."""
    assert times.number(text, ODD.append) == number


def test_what_is_told() -> None:
    """Each omission and each guess is an oddity."""
    for read, text, oddity in (
        (times.date_time, "2026-11-29T12:00:00.5Z", "a fraction of a second"),
        (times.date_time, "2026-11-29T12:00:60Z", "a leap second"),
        (times.date_time, "2026-11-29T12:00:00", "no zone"),
        (times.duration, "PT0.5S", "a fraction of a second"),
        (times.duration, "P1Y", "a year counts as 365 days"),
        (times.number, "1.5", "a fraction of a second"),
        (times.number, "1795953600000", "milliseconds since 1970"),
        (times.mail_date, "Sun, 29 Nov 2026 11:59:60 GMT", "a leap second"),
    ):
        told: list[str] = []
        read(text, told.append)
        assert len(told) == 1, text
        assert oddity in told[0]
    for read, text in (
        (times.date_time, "2026-11-29T12:00:00.000Z"),
        (times.duration, "P1.50D"),
        (times.number, "1.0"),
        (times.mail_date, "Sun, 29 Nov 2026 12:00:00 +0000"),
    ):
        told = []
        assert read(text, told.append) is not None
        assert told == []
    assert times.mail_date("Sun, 29 Nov 2026 11:59:60 GMT", ODD.append) == NOON


def mail(*lines: str) -> transcode.Message:
    return transcode.read("\r\n".join(["X-Mms-Message-Type: MM4_forward.REQ", *lines, "", ""]).encode())


def told(message: transcode.Message, oddity: str) -> bool:
    return any(oddity in found for found in message.oddities)


@pytest.mark.parametrize(
    "text",
    [
        "Thu Jan 13 02:23:39 GMT+02:00 2022",
        "Thu Jan 13 02:23:39 EET 2022",
        "Thu, 13 Jan 2022 02:23:39 +2",
        "Thu, 13 Jan 2022 02:23:39 +02",
        'Thu, 13 Jan 2022 02:23:39 "GMT+2"',
        "Thu, 13 Jan 2022 02:23:39 UTC+2",
        "Thu, 13 Jan 2022 02:23:39 +0200 EET",
        "Thu, 13 Jan 2022 05:53:39 +5:30",
        "Wed, 12 Jan 2022 19:23:39 -5",
        "Thu, 13 Jan 2022 09:23:39 JST",
        "Thu, 13 Jan 2022 01:23:39 cet",
        "Jan 13, 2022 12:23:39 AM",
        "Jan 13, 2022, 2:23:39 a.m. +0200",
        "Wed, 12 Jan 2022 7:23:39 PM -0500",
        '"Thu, 13 Jan 2022 00:23:39 +0000"',
    ],
)
def test_clocks_of_programs(text: str) -> None:
    """Halves of the day, short offsets and zones behind which more stands: each was hours off, untold."""
    found = mail(f"Date: {text}")
    assert found.headers == (("Date", 1_642_033_419),)
    assert not told(found, "zone")


@pytest.mark.parametrize("zone", ["Europe/Paris", "EST5EDT", "A", "=?utf-8?Q?+0200?="])
def test_zones_that_are_told(zone: str) -> None:
    """What is not understood counts as UTC, and the oddities say so."""
    found = mail(f"Date: Thu, 13 Jan 2022 00:23:39 {zone}")
    assert found.headers == (("Date", 1_642_033_419),)
    assert told(found, "zone")


def test_the_end_of_a_day_and_fractions() -> None:
    """24:00:00 is the next midnight; a fraction of a second is told."""
    oddities: list[str] = []
    assert mail_date("Wed, 12 Jan 2022 24:00:00 +0000", oddities.append) == 1_642_032_000
    assert not oddities
    assert mail_date("Thu, 13 Jan 2022 00:23:39,250 +0000", oddities.append) == 1_642_033_419
    assert "fraction" in oddities[0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('"172800"', 172_800),
        ("<172800>", 172_800),
        ("172800;relative", 172_800),
        ("172800, Relative", 172_800),
        ("2 days 3 hours", 183_600),
        ("1 day and 2 hrs", 93_600),
        ("1w2d", 777_600),
    ],
)
def test_spans_of_peers(text: str, seconds: int) -> None:
    """Spans in quotes, with the name behind, and in several units are read."""
    found = mail("Date: Thu, 13 Jan 2022 00:23:39 +0000", f"X-Mms-Expiry: {text}")
    assert dict(found.headers)["X-Mms-Expiry"] == ("relative", seconds)


def test_a_time_named_behind() -> None:
    """A date may be named behind, too."""
    found = mail("X-Mms-Expiry: Thu, 13 Jan 2022 00:23:39 +0000, absolute")
    assert dict(found.headers)["X-Mms-Expiry"] == ("absolute", 1_642_033_419)


def test_spans_cost_little() -> None:
    """Texts of any length cost little time."""
    for text in ("1 d " * 5000, "1" * 20_000, "1s" * 20_000, "1 d and " * 8000):
        with bounded():
            assert duration(text, lambda _: None) is None
