"""One form for each spelling of a number."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.errors import ConfigError
from transcode.relay.config import Config, Local, checked
from transcode.relay.model import Route
from transcode.relay.numbers import Numbers
from transcode.relay.peers import Mm4, Peer
from transcode.relay.resolving import Resolving

GERMANY = Numbers("49")
AMERICA = Numbers("1", trunk="1", international="011", digits=10)
SPAIN = Numbers("34", trunk="", digits=9)
IVORY_COAST = Numbers("225", digits=10)
ITALY = Numbers("39", trunk="", digits=10)
WORLD = Numbers()
#: What addresses are wrapped in, and by several doors in turn.
_WORDS = (
    *("tel:", "mailto:", "/TYPE=PLMN", "/TYPE=IPv4", "<", ">", '"', "\f", " ", "%22", "%2B", ";ext=1"),
    *("+49", "0171", "(0)", "1234567", "shop", "@example.com"),
)


@pytest.mark.parametrize(
    ("numbers", "address", "found"),
    [
        *((GERMANY, one, "+491711234567") for one in (
            "+491711234567",
            "01711234567",
            "0171 1234567",
            "0171/1234567",
            "(0171) 123-45-67",
            "00491711234567",
            "0049 171 1234567",
            "0049 (0) 171 1234567",
            "+49 (0) 171 1234567",
            "+49(0)171.1234567",
            "(+49) 171 1234567",
            "+4901711234567",
            "+49 0171 1234567",
            "491711234567",
            "+4917 1-1234567/TYPE=PLMN",
            "0171 1234567/type=plmn",
            "+491711234567/TYPE=PLMN@mms.example",
            "Bob <0171 1234567>",
            '"Bob" <+49171 1234567/TYPE=PLMN@mms.example>',
            "<01711234567>",
            '"01711234567"',
            "tel:+49-171-1234567",
            "TEL:0171-1234567;phone-context=+49",
            "tel:%2B491711234567;ext=7",
            "sms:+491711234567?body=hi",
            "+49\xa0171\u202f1234567",
            "+49\u2011171\u20131234567",
            "  01711234567\t",
        )),
        *((AMERICA, one, "+15550100001") for one in (
            "+15550100001",
            "5550100001",
            "15550100001",
            "1 (555) 010-0001",
            "555.010.0001",
            "01115550100001",
            "+1 (555) 010-0001/TYPE=PLMN",
        )),
        (SPAIN, "612 345 678", "+34612345678"),
        (SPAIN, "34612345678", "+34612345678"),
        (SPAIN, "0033612345678", "+33612345678"),
        # A 0 that is part of the number (phonenumbers 9.0.43: +2250707123456, +39061234567).
        *((IVORY_COAST, one, "+2250707123456") for one in (
            "+2250707123456",
            "07 07 12 34 56",
            "002250707123456",
            "2250707123456",
            "+225 (0)7 07 12 34 56",
        )),
        (Numbers("225"), "0707123456", "+2250707123456"),
        (Numbers("225"), "+2250707123456", "+2250707123456"),
        (ITALY, "06 123 4567", "+39061234567"),
        (ITALY, "+39 (0)6 123 4567", "+39061234567"),
        (GERMANY, "+39 (0)6 123 4567", "+39061234567"),
        (GERMANY, "0039 06 123 4567", "+39061234567"),
        (ITALY, "312 345 6789", "+393123456789"),
        (ITALY, "0049 (0) 171 1234567", "+491711234567"),
        (ITALY, "01234", "01234"),
        # Other countries.
        (GERMANY, "+33 6 12 34 56 78", "+33612345678"),
        (GERMANY, "0033612345678", "+33612345678"),
        (GERMANY, "+33 (0) 612345678", "+33612345678"),
        (WORLD, "0033612345678", "+33612345678"),
        # What can't be known stays.
        (WORLD, "01711234567", "01711234567"),
        (GERMANY, "33612345678", "33612345678"),
        (AMERICA, "0033612345678", "0033612345678"),
        # Short codes, and what is dialled and is no number.
        *((numbers, one, one) for numbers in (GERMANY, AMERICA, SPAIN, WORLD) for one in (
            "12345", "0", "00", "49", "491", "49171", "01234", "110", "0011", "*100#", "*31#0171", "1", "",
        )),
        (GERMANY, "12345/TYPE=PLMN", "12345"),
        # No numbers.
        (GERMANY, "ann@example.org", "ann@example.org"),
        (GERMANY, "Ann <ann@example.org>", "ann@example.org"),
        (GERMANY, "mailto:ann@example.org", "ann@example.org"),
        (GERMANY, "0171@example.org", "0171@example.org"),
        (GERMANY, "10.0.0.1/TYPE=IPv4", "10.0.0.1/TYPE=IPV4"),
        (GERMANY, "<10.0.0.1/Type=IPV4@mms.example>", "10.0.0.1/TYPE=IPV4"),
        (GERMANY, "ann@example.org/TYPE=EMAIL", "ann@example.org"),
        (GERMANY, "01711234567/TYPE=CODE", "01711234567/TYPE=CODE"),
        (GERMANY, "Ann", "Ann"),
        (GERMANY, "017A1234567", "017A1234567"),
        (GERMANY, "0171+1234567", "0171+1234567"),
        (GERMANY, "a" * 100_000, "a" * 100_000),
        (GERMANY, "4249fc5ba37c491a9f0b394b6c3fb9ef", "4249fc5ba37c491a9f0b394b6c3fb9ef"),
        (GERMANY, "0" * 32, "0" * 32),
    ],
)  # fmt: skip
def test_each_spelling_is_one_number(numbers: Numbers, address: str, found: str) -> None:
    """National, international, typed, in groups, as a URI; short codes and other addresses stay."""
    assert numbers.normal(address) == found


@pytest.mark.parametrize("numbers", [GERMANY, AMERICA, SPAIN, IVORY_COAST, ITALY, WORLD])
@settings(max_examples=50)
@given(
    address=st.text('+0149 .()-/*@aTYPE=LMN<>"\f\x1c', max_size=16)
    | st.lists(st.sampled_from(_WORDS), max_size=6).map("".join),
    msisdn=st.booleans(),
    home=st.booleans(),
)
def test_the_normal_form_is_its_own(numbers: Numbers, address: str, msisdn: bool, home: bool) -> None:
    """A number that two doors, or a door and the centre, bring into its form is the same."""
    once = numbers.normal(address, msisdn=msisdn, home=home)
    assert numbers.normal(once, msisdn=msisdn, home=home) == once


def test_who_writes_country_codes_without_plus() -> None:
    """Gateways and other centres; of those a national number is not of this country."""
    assert GERMANY.normal("33612345678", msisdn=True) == "+33612345678"
    assert GERMANY.normal("01711234567", msisdn=True) == "+491711234567"
    assert GERMANY.normal("0612345678", msisdn=True, home=False) == "0612345678"
    assert GERMANY.normal("0033612345678", msisdn=True, home=False) == "+33612345678"
    assert GERMANY.normal("12345", msisdn=True) == "12345"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("0171*", "+49171*"),
        ("0049*", "+49*"),
        ("01711234567", "+491711234567"),
        ("+1900*", "+1900*"),
        ("12345*", "12345*"),
        ("*", "*"),
        ("*@spam.example", "*@spam.example"),
        ("0171*7", "0171*7"),
    ],
)
def test_patterns(pattern: str, found: str) -> None:
    """Who blocks a sender spells it as he dials it."""
    assert GERMANY.pattern(pattern) == found


def test_a_pattern_with_a_zero_that_stays() -> None:
    assert IVORY_COAST.pattern("07*") == "+22507*"


@pytest.mark.parametrize(
    ("numbers", "key"),
    [
        (Numbers("+49"), "country"),
        (Numbers("0"), "country"),
        (Numbers("49", trunk="a"), "trunk"),
        (Numbers("49", international="+"), "international"),
        (Numbers("49", digits=3), "digits"),
        (Numbers(digits=9), "digits"),
    ],
)
def test_values_that_are_none(numbers: Numbers, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"numbers\.{key}"):
        checked(Config(numbers=numbers), "relay.toml")


def test_tables_may_spell_numbers_too(tmp_path: Path) -> None:
    """A whole number of a table is that which recipients have."""
    peer = Peer("b", "b.example", "mail.example", numbers=("0171 1234567", "12345"))
    config = Config(numbers=GERMANY, local=(Local(("+49",)),), mm4=Mm4("a.example"), peer=(peer,))
    hop = next(hop for hop in config.hops if hop.route is Route.PEER)
    assert hop.numbers == ("+491711234567", "12345")


@pytest.mark.parametrize("wrong", ["+1 555", "abc", "1-555", "+15550001/TYPE=PLMN", "++1"])
def test_beginnings_that_no_number_has(wrong: str) -> None:
    """Each table that names some refuses them: they would serve nobody, without a word."""
    local = Local(prefixes=("+1555",))
    centre = Peer("b", "mms.b.example", "127.0.0.1")
    configs = {
        "local[0].prefixes": Config(local=(replace(local, prefixes=("", wrong)),)),
        "peer[0].prefixes": Config(mm4=Mm4("mms.example"), peer=(replace(centre, prefixes=(wrong,)),)),
        "peer[0].numbers": Config(mm4=Mm4("mms.example"), peer=(replace(centre, numbers=(wrong,)),)),
        "resolver.prefixes": Config(resolver=Resolving(prefixes=(wrong,))),
    }
    for key, config in configs.items():
        with pytest.raises(ConfigError, match=re.escape(f"{key}: {wrong!r} is no number")):
            checked(config, "relay.toml")
    checked(Config(local=(local,), mm4=Mm4("mms.example"), peer=(replace(centre, numbers=("12345",)),)), "")
