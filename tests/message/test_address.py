"""Addresses as people write them, in wire form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.errors import MessageError
from transcode.message.address import plain, wire


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+15555550100", "+15555550100/TYPE=PLMN"),
        ("+1 (555) 555-0100", "+15555550100/TYPE=PLMN"),
        ("555.555.0100", "5555550100/TYPE=PLMN"),
        ("55225", "55225/TYPE=PLMN"),
        ("*100#", "*100#/TYPE=PLMN"),
        ("+358500000000/TYPE=PLNM", "+358500000000/TYPE=PLNM"),
        ("jo@example.org", "jo@example.org"),
        ("192.0.2.1", "192.0.2.1/TYPE=IPv4"),
        ("2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001/TYPE=IPv6"),
    ],
)
def test_wire_form(written: str, expected: str) -> None:
    """Each kind of address gets its type; one that has a type keeps it."""
    assert wire(written) == expected
    assert wire(expected) == expected


@pytest.mark.parametrize(
    "bad",
    [
        *("", " ", "+", "call me", "+1555\r\nBcc: x", "jo@", "a b@example.org", "a\U0001f600@b.com"),
        *("fe80::1%eth0", "\x00", "+" * 50),
    ],
)
def test_others_are_refused(bad: str) -> None:
    """What is no address raises, and the message shows it."""
    with pytest.raises(MessageError) as caught:
        wire(bad)
    assert repr(bad) in str(caught.value)


@given(
    st.one_of(
        st.text(max_size=30),
        st.builds("{}@{}".format, st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9)),
        st.builds("{}/TYPE={}".format, st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9)),
    )
)
def test_nothing_gets_through_that_breaks_a_header(text: str) -> None:
    """Any text gives printable ASCII, or a MessageError."""
    try:
        made = wire(text)
    except MessageError:
        return
    assert made.isascii()
    assert made.isprintable()
    assert " " not in made


@pytest.mark.parametrize("name", ["ACME", "4bank", "x", "INFO2024", "abcdefghijklmnopqrst"])
def test_short_codes_of_letters(name: str) -> None:
    """Letters and digits are a sender and a recipient."""
    assert wire(name, sender=True) == wire(name) == wire(f" {name} ") == name
    assert wire("55225", sender=True) == "55225/TYPE=PLMN"
    for bad in (f"{name} & co", f"{name}\nx", "é" + name, name * 21, f"+{name}", f"{name}-x"):
        for sender in (True, False):
            with pytest.raises(MessageError):
                wire(bad, sender=sender)


@pytest.mark.parametrize("number", ["1555555O1OO", "15555550l00", "5555550100x"])
def test_a_number_with_a_letter_is_a_typing_error(number: str) -> None:
    """Such a recipient is refused; such a sender is believed."""
    assert wire(number, sender=True) == number
    with pytest.raises(MessageError):
        wire(number)


def test_plain_drops_the_type() -> None:
    """People see the number."""
    assert plain("+15555550100/TYPE=PLMN") == "+15555550100"
    assert plain("jo@example.org") == "jo@example.org"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("+44(0)2079460018", "+442079460018"),
        ("(0)20 7946 0018", "02079460018"),
        ("+1 (800) 555-0100", "+18005550100"),
        ("\u202a+33 6 12 34 56 78\u202c", "+33612345678"),
        ("\u200e+33\u2013612\u2011345\u202f678", "+33612345678"),
    ],
)
def test_numbers_as_they_are_copied(written: str, number: str) -> None:
    """The trunk's zero behind a country's number is not dialled; marks and dashes are none of it."""
    assert wire(written) == f"{number}/TYPE=PLMN"
