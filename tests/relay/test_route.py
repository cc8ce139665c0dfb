"""Where a message goes next."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relay.made import envelope
from transcode.relay.hops import Hop, clash
from transcode.relay.linking import Pages
from transcode.relay.model import Event, Route, Subscriber
from transcode.relay.route import Router

HERE = Hop(Route.LOCAL, network="us-att", prefixes=("+1", "+1555"), codes=("310410",))
ALSO = Hop(Route.LOCAL, network="us-tmobile", prefixes=("+15550",), codes=("310260",))
B = Hop(
    Route.PEER,
    "b",
    numbers=("+15559999",),
    prefixes=("+1556", "+49"),
    codes=("26201", "310012"),
    domains=("mms.b.example", "*.b.example"),
)
C = Hop(Route.PEER, "c", prefixes=("+44",), domains=("c.example",), may_relay=True)
SHOP = Hop(Route.VASP, "shop", numbers=("12345", "+15550777"), domains=("shop.example",))
REST = Hop(Route.PEER, "rest", is_default=True)
ROUTER = Router((HERE, ALSO, B, C, SHOP))
PAGED = Router((HERE, ALSO, B, C, SHOP), pages=Pages())


def name(hop: Hop | None) -> str | None:
    return None if hop is None else hop.peer or hop.network


@pytest.mark.parametrize(
    ("recipient", "network"),
    [
        ("+15550001", "us-tmobile"),
        ("+15551001", "us-att"),
        ("+1", "us-att"),
        ("+49301234567", None),
        ("+33", None),
        ("a@example.org", None),
        ("", None),
    ],
)
def test_networks_of_this_centre(recipient: str, network: str | None) -> None:
    assert ROUTER.network(recipient) == network


@pytest.mark.parametrize(
    ("recipient", "found"),
    [
        ("+15560001", "b"),
        ("+15559999", "b"),
        ("+155599990", "us-att"),
        ("12345", "shop"),
        ("123456", None),
        ("1234", None),
        ("+15550777", "shop"),
        ("+4930", "b"),
        ("+33140000000", None),
        ("a@c.example", "c"),
        ("a@C.Example", "c"),
        ("a@c.example.", "c"),
        ("a@x.c.example", None),
        ("a@b.example", None),
        ("a@mms.b.example", "b"),
        ("a@x.y.b.example", "b"),
        ("a@b@c.example", "c"),
        ("a@", None),
        ("@", None),
        # A number of a known network, as ENUM and other centres write it.
        ("+4915112345678@mms.mnc001.mcc262.gprs", "b"),
        ("+1555@mms.mnc012.mcc310.3gppnetwork.org", "b"),
        ("+1555@mms.mnc260.mcc310.gprs", "us-tmobile"),
        ("+1555@mms.mnc999.mcc310.gprs", None),
    ],
)
def test_hops(recipient: str, found: str | None) -> None:
    assert name(ROUTER.hop(recipient)) == found


def test_the_default() -> None:
    """It takes what nobody else serves, but not what is no address."""
    router = Router((HERE, SHOP, REST))
    assert name(router.hop("+33140000000")) == "rest"
    assert name(router.hop("a@example.org")) == "rest"
    assert name(router.hop("99999")) == "rest"
    assert name(router.hop("+15550001")) == "us-att"
    assert router.hop("") is None


@pytest.mark.parametrize(
    ("recipient", "asked", "asks"),
    [
        ("+33140000000", ("+",), True),
        # A longer prefix is served.
        ("+15550001", ("+",), False),
        # Numbers move within this one.
        ("+15550001", ("+15550",), True),
        ("+15550001", ("+1555",), False),
        ("+15551001", ("+1555",), True),
        # Of whole numbers, short codes and what is no number nobody is asked.
        ("+15559999", ("+",), False),
        ("12345", ("+",), False),
        ("99999", ("",), False),
        ("0301234567", ("",), False),
        ("+331", ("+",), False),
        ("+1234567890123456", ("+",), False),
        ("+33140000000@example.org", ("+",), False),
        ("", ("",), False),
        ("+33140000000", (), False),
    ],
)
def test_when_a_resolver_is_asked(recipient: str, asked: tuple[str, ...], asks: bool) -> None:
    assert Router((HERE, ALSO, B, SHOP), asked).asks(recipient) is asks


@pytest.mark.parametrize(
    ("recipient", "resolved", "found"),
    [
        ("+33140000000", "26201", "b"),
        ("+33140000000", "310260", "us-tmobile"),
        ("+33140000000", "c.example", "c"),
        ("+33140000000", "mms.mnc001.mcc262.gprs", "b"),
        ("+33140000000", "20801", None),
        ("+33140000000", "elsewhere.example", None),
        ("+33140000000", "", None),
        # The number moved away, or here, or the resolver does not know it, or its network.
        ("+15550001", "26201", "b"),
        ("+15550001", "310410", "us-att"),
        ("+15550001", "", "us-tmobile"),
        ("+15550001", "20801", "us-tmobile"),
        # It was asked for another reason.
        ("+15551001", "26201", "us-att"),
    ],
)
def test_what_a_resolver_said(recipient: str, resolved: str, found: str | None) -> None:
    router = Router((HERE, ALSO, B, C, SHOP), ("+15550", "+"))
    assert name(router.hop(recipient, resolved)) == found
    expected = found if found and found.startswith("us-") else None
    assert router.network(recipient, resolved) == expected


# A small world, so that addresses and routes meet.
DIGITS = st.text("12", max_size=3)
NUMBERS = st.one_of(DIGITS, st.builds("+1234567{}".format, DIGITS))
DOMAINS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join)
CODES = st.sampled_from(["26201", "26202", "310260"])
ADDRESSES = st.one_of(NUMBERS, st.builds("{}@{}".format, NUMBERS, DOMAINS))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Hop], tuple[str, ...]]:
    """Hops that share what they serve out, and the prefixes of which a resolver is asked."""
    prefixes = draw(st.lists(st.one_of(NUMBERS, st.just("+"), st.just("+123")), unique=True, max_size=8))
    numbers = draw(st.lists(NUMBERS, unique=True, max_size=5))
    domains = draw(st.lists(st.one_of(DOMAINS, DOMAINS.map("*.{}".format)), unique=True, max_size=6))
    codes = draw(st.lists(CODES, unique=True))
    hops = [
        Hop(
            Route.LOCAL if n == 0 else Route.PEER,
            "" if n == 0 else f"peer {n}",
            network="world" if n == 0 else "",
            prefixes=tuple(prefixes[n::3]),
            numbers=tuple(numbers[n::3]),
            domains=tuple(domains[n::3]),
            codes=tuple(codes[n::3]),
            is_default=n == 2 and draw(st.booleans()),
        )
        for n in range(3)
    ]
    asked = draw(st.lists(st.one_of(st.just("+"), st.just("+1234567"), NUMBERS), max_size=2))
    return hops, tuple(asked)


def best(pairs: list[tuple[str, Hop | None]]) -> tuple[str, Hop | None]:
    """The longest; None stands for the resolver, which wins a draw."""
    return max(pairs, key=lambda pair: (len(pair[0]), pair[1] is None))


def slow(hops: list[Hop], asked: tuple[str, ...], address: str, resolved: str) -> Hop | None:
    """The same by looking through everything."""
    if not address:
        return None
    default: list[Hop | None] = [hop for hop in hops if hop.is_default]

    def by_domain(domain: str) -> list[Hop | None]:
        found = [(one, hop) for hop in hops for one in hop.domains if one == domain]
        below = [
            (one, hop) for hop in hops for one in hop.domains if one[0] == "*" and domain.endswith(one[1:])
        ]
        return [max(found or below, key=lambda pair: len(pair[0]))[1]] if found or below else []

    if "@" in address:
        return next(iter(by_domain(address.split("@")[-1]) + default), None)
    whole = [hop for hop in hops if address in hop.numbers]
    if whole:
        return whole[0]
    pairs: list[tuple[str, Hop | None]] = [
        (one, hop) for hop in hops for one in hop.prefixes if address.startswith(one)
    ]
    serving = [hop for _, hop in sorted(pairs, key=lambda pair: -len(pair[0]))]
    if re.fullmatch(r"\+[1-9]\d{6,14}", address):
        pairs += [(one, None) for one in asked if address.startswith(one)]
        if pairs and best(pairs)[1] is None:
            if re.fullmatch(r"\d{5,6}", resolved):
                serving = [*(hop for hop in hops if resolved in hop.codes), *serving]
            elif resolved:
                serving = [*by_domain(resolved), *serving]
    return next(iter(serving + default), None)


@given(worlds(), ADDRESSES, st.one_of(st.just(""), CODES, DOMAINS))
def test_like_a_slow_reference(world: tuple[list[Hop], tuple[str, ...]], address: str, resolved: str) -> None:
    hops, asked = world
    router = Router(hops, asked)
    found = router.hop(address, resolved)
    assert found == slow(hops, asked, address, resolved)
    if not router.asks(address):
        assert found == router.hop(address)


@pytest.mark.parametrize(
    ("peer", "reached", "refused"),
    [
        # Phones of this centre reach everybody.
        ("", ("+15550001", "+15560001", "12345"), ()),
        # Others reach the phones of this centre, and more where they have the right to it.
        ("b", ("+15550001",), ("+4412345678", "12345")),
        ("shop", ("+15550001",), ("+15560001",)),
        # And nobody gets back what he sent.
        ("c", ("+15560001", "12345"), ("+4412345678",)),
        ("somebody", (), ("+15560001",)),
    ],
)
def test_no_open_relay(peer: str, reached: tuple[str, ...], refused: tuple[str, ...]) -> None:
    found = {one: ROUTER.verdict(one, None, envelope(peer=peer)) for one in reached + refused}
    assert tuple(one for one in found if found[one].event is Event.ROUTED) == reached
    assert tuple(one for one in found if found[one].event is Event.UNROUTABLE) == refused
    assert tuple(one for one in found if found[one].route is None) == refused


@given(
    st.sampled_from(["b", "c", "shop", "somebody"]),
    st.sampled_from(["+15560001", "+44123", "12345", "a@c.example"]),
)
def test_the_default_is_no_open_relay(peer: str, recipient: str) -> None:
    """Who has no right reaches no other hop by the default either."""
    router = Router((HERE, REST, C))
    found = router.verdict(recipient, None, envelope(peer=peer))
    assert found.route is not Route.PEER or peer == "c" != found.peer


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
    """A subscriber is served whatever the prefix, and whoever sends; links need pages."""
    known = Subscriber("+49", "us-att", mms=mms, link=link, link_after=60.0)
    for peer in ("", "b", "shop"):
        found = PAGED.verdict("+49", known, envelope(peer=peer))
        assert (found.event, found.route, found.peer, found.may_link) == (event, route, "", link)
        bare = ROUTER.verdict("+49", known, envelope(peer=peer))
        assert (bare.route, bare.may_link) == (Route.LOCAL if mms else None, False)
    assert PAGED.verdict("+49", known, envelope()).link_after == (60.0 if mms else None)


@pytest.mark.parametrize("everybody", [True, False])
def test_a_network_without_mms(everybody: bool) -> None:
    """Its profile says so: who is in it, by prefix or as a subscriber, gets a link if that is allowed."""
    none = Hop(Route.LOCAL, network="at-a1-3", prefixes=("+49",))
    router = Router((none, HERE), pages=Pages(everybody=everybody))
    found = router.verdict("+491", None, envelope())
    assert (found.route, found.may_link) == ((Route.LINK, True) if everybody else (None, False))
    assert router.verdict("+1555", None, envelope()).may_link is everybody
    assert router.verdict("+1555", Subscriber("+1555", "at-a1-3", link=True), envelope()).route is Route.LINK
    assert Router((none,)).verdict("+491", None, envelope()).event is Event.UNROUTABLE


def test_who_is_not_served() -> None:
    found = ROUTER.verdict("+33", None, envelope())
    assert (found.event, found.route) == (Event.UNROUTABLE, None)
    assert found.detail


def test_the_trail_says_what_a_resolver_said() -> None:
    found = Router((B,), ("+",)).verdict("+33140000000", None, envelope(), "26201")
    assert (found.route, found.peer, found.detail) == (Route.PEER, "b", "26201")


@pytest.mark.parametrize(
    ("hops", "found"),
    [
        ((HERE, ALSO, B, C, SHOP, REST), None),
        ((HERE, B, Hop(Route.PEER, "d", prefixes=("+49",))), ("prefix", "+49")),
        ((SHOP, Hop(Route.VASP, "kiosk", numbers=("12345",))), ("number", "12345")),
        ((C, Hop(Route.PEER, "d", domains=("C.example",))), ("domain", "c.example")),
        ((HERE, Hop(Route.PEER, "d", codes=("310410",))), ("MCC-MNC", "310410")),
        ((REST, Hop(Route.PEER, "d", is_default=True)), ("default", "")),
        # A number and a prefix of the same digits are two things.
        ((Hop(Route.VASP, "a", numbers=("+1",)), Hop(Route.PEER, "b", prefixes=("+1",))), None),
    ],
)
def test_what_two_hops_serve(hops: tuple[Hop, ...], found: tuple[str, str] | None) -> None:
    assert clash(hops) == found
