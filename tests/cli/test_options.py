"""Groups of options: what they come to as arguments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from transcode.cli.options import Envelope, Route
from transcode.errors import LimitsError, MessageError

MOMENT = datetime(2030, 1, 31, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90", 90),
        ("90s", 90),
        ("90m", 5_400),
        ("12h", 43_200),
        ("3d", 259_200),
        ("2w", 1_209_600),
        ("2030-01-31T18:00+01:00", MOMENT),
        ("2030-01-31T17:00Z", MOMENT),
        (MOMENT.astimezone().replace(tzinfo=None).isoformat(), MOMENT),
    ],
)
def test_times(text: str, time: float | datetime) -> None:
    """A span has a unit or is in seconds; a moment without a zone is of this place."""
    options = Envelope(expiry=text).words()["options"]
    assert options.expiry == time
    assert Envelope(delivery_time=text).words()["options"].delivery_time == time


@pytest.mark.parametrize("text", ["", "d", "3 days", "-3d", "1.5h", "2030-13-01", "9" * 11])
def test_what_is_no_time(text: str) -> None:
    """The option and the words are named."""
    with pytest.raises(MessageError, match="--delivery-time must look like 90m"):
        Envelope(delivery_time=text).words()


def test_times_that_exclude_each_other() -> None:
    """What the library refuses is refused here, too."""
    with pytest.raises(MessageError, match="not after the delivery time"):
        Envelope(expiry="1h", delivery_time="2h").words()


def test_recipients() -> None:
    """Any kind of them will do; nobody will not."""
    for envelope in (Envelope(to=["1"]), Envelope(cc=["1"]), Envelope(bcc=["1"])):
        envelope.require_recipients()
    with pytest.raises(MessageError, match="--to"):
        Envelope(subject="a").require_recipients()


def test_route() -> None:
    """The carrier and what is known beside it make a profile; nothing is none."""
    assert Route().found(None) is None
    assert Route(bearer="gprs").profile("us-att").max_message_bytes == 102_400
    with pytest.raises(LimitsError, match="--bearer goes with"):
        Route(bearer="gprs").found(None)
    with pytest.raises(LimitsError, match="--carrier world"):
        Route().profile(None)
