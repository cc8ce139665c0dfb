"""The short message with a link."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay.made import envelope
from transcode.relay.languages import LANGUAGES
from transcode.relay.link_text import link_text, spoken
from transcode.relay.model import Subscriber
from transcode.wire.sms_text import text_segments

URL = "https://mms.carrier.example/p/" + "A" * 22
#: 6 December 2026.
DAY = 1_796_600_000.0


def text(name: str = "en", url: str = URL, **values: Any) -> str:
    return link_text(envelope(**values), url, ends_at=DAY, name=name)


def test_it_names_sender_day_and_address() -> None:
    assert text(sender="+15550001") == (
        f"+15550001 sent you a message. See it until Dec 6: {URL} No more links: answer STOP"
    )


@pytest.mark.parametrize("name", LANGUAGES)
def test_one_segment(name: str) -> None:
    """Arabic has room for less: one where the sender is short, else two."""
    made = text(name, sender="+15555550100")
    assert len(text_segments(made, reference=0)[1]) == 1 + (name == "ar")
    assert "STOP" in made
    made = text(name, sender="12345")
    assert len(text_segments(made, reference=0)[1]) == 1


def test_a_long_address() -> None:
    """Less is said beside it; where even that is too much, all is said in several."""
    assert text(url=URL + "x" * 60).startswith("+15555550100: https://")
    assert "STOP" in text(url=URL + "x" * 200)


@pytest.mark.parametrize(
    "values",
    [
        {"hidden": True},
        {"sender": ""},
        {"sender": "x" * 31},
        {"sender": "Your bank: call +1900"},
        {"sender": "é@b"},
    ],
)
def test_who_is_not_named(values: dict[str, Any]) -> None:
    """A sender who hides, and one whose address is a text of its own."""
    assert text(**values).startswith("Somebody sent you")
    assert text("de", **values).startswith("Jemand")


def test_the_language_of_a_phone() -> None:
    assert spoken("+4917", Subscriber("+4917", language="tr"), "en") == "tr"
    assert spoken("+4917", Subscriber("+4917"), "en") == spoken("+4917", None, "en") == "de"
    assert spoken("0171", None, "fr") == "fr"
