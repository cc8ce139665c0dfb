"""Where a message goes next."""

from __future__ import annotations

import pytest

from transcode.relay.config import Local
from transcode.relay.model import Event, Route, Subscriber
from transcode.relay.route import Router, number

ROUTER = Router((Local(("+1", "+1555"), "us-att"), Local(("+15550",), "us-tmobile")))


@pytest.mark.parametrize(
    ("recipient", "network"),
    [
        ("+15550001", "us-tmobile"),
        ("+15551001", "us-att"),
        ("+1", "us-att"),
        ("+49301234567", None),
        ("a@example.org", None),
        ("", None),
    ],
)
def test_the_longest_prefix_counts(recipient: str, network: str | None) -> None:
    assert ROUTER.network(recipient) == network


@pytest.mark.parametrize(
    ("mms", "link", "event", "route"),
    [
        (True, False, Event.ROUTED, Route.LOCAL),
        (True, True, Event.ROUTED, Route.LOCAL),
        (False, True, Event.ROUTED, Route.LINK),
        (False, False, Event.UNROUTABLE, None),
    ],
)
def test_what_a_phone_takes(mms: bool, link: bool, event: Event, route: Route | None) -> None:
    """A subscriber is served whatever its prefix."""
    found = ROUTER.verdict("+49", Subscriber("+49", "us-att", mms=mms, link=link))
    assert (found.event, found.route) == (event, route)


def test_a_phone_that_takes_mms_keeps_its_time() -> None:
    """There are no pages, so no link ends a message before it expires."""
    assert not ROUTER.verdict("+1555", Subscriber("+1555", "us-att", link=True)).may_link


def test_who_is_not_served() -> None:
    found = ROUTER.verdict("+49", None)
    assert (found.event, found.route) == (Event.UNROUTABLE, None)
    assert found.detail


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("+15550001/TYPE=PLMN", "+15550001"),
        ("+1 (555) 000-1", "+15550001"),
        ("Bob <+15550001/TYPE=PLMN@mms.example>", "+15550001"),
        ("a@example.org", "a@example.org"),
        ("12345", "12345"),
    ],
)
def test_numbers_of_addresses(address: str, found: str) -> None:
    assert number(address) == found
