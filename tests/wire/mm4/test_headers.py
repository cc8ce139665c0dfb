"""Headers of MM4 as peers write them: empty beside filled, by other names, without counts, in other words."""

from __future__ import annotations

from dataclasses import replace

import pytest

import transcode
from tests.effort import bounded
from transcode.messages.message import Message
from transcode.model import HeaderValue
from transcode.wire.mm4 import mm4
from transcode.wire.mm4.headers import split_addresses

NOON = 1_795_953_600
OWN, ALIAS = "X-Mms-3GPP-MMS-Version", "X-Mms-MMS-Version"
BY, AT = "X-Mms-Previously-sent-by", "X-Mms-Previously-sent-date-and-time"


def mail(*lines: str, kind: str = "MM4_forward.REQ") -> transcode.Message:
    """A mail with these headers, which are read again as they were written."""
    found = transcode.read("\r\n".join([f"X-Mms-Message-Type: {kind}", *lines, "", ""]).encode())
    again = transcode.read(found.to_mm4(strict=False))
    assert (again.headers, again.version, again.subject) == (found.headers, found.version, found.subject)
    return found


def told(message: Message, oddity: str) -> bool:
    return sum(oddity in found for found in message.oddities) == 1


# Headers that stand twice


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ((f"{OWN}:", f"{ALIAS}: 6.3.0"), "6.3.0"),
        ((f"{ALIAS}: 6.3.0", f"{OWN}:"), "6.3.0"),
        ((f"{OWN}: 6.3.0", f"{ALIAS}:"), "6.3.0"),
        ((f"{ALIAS}:", f"{OWN}: 6.3.0"), "6.3.0"),
        ((f'{OWN}: ""', f"{ALIAS}: 6.3.0"), "6.3.0"),
        ((f"{OWN}: 5.5.0", f"{ALIAS}: 6.3.0"), "5.5.0"),
        ((f"{ALIAS}: 6.3.0", f"{OWN}: 5.5.0", f"{OWN}: 5.6.0"), "5.5.0"),
        ((f"{OWN}:", f"{OWN}: 6.3.0"), "6.3.0"),
        ((f"{OWN}:", f"{ALIAS}:"), ""),
        (("X-Mms-3GPP-Version: 6.3.0",), "6.3.0"),
        (("X_Mms_3GPP_MMS_Version: 6.3.0",), "6.3.0"),
    ],
)
def test_an_empty_version_beside_a_filled_one(lines: tuple[str, ...], version: str) -> None:
    """The filled one counts, whichever comes first and whatever it is called."""
    assert mail(*lines).version == version


def test_other_headers_that_stand_empty_or_senseless() -> None:
    """The one that says something counts; of two that do, the first."""
    assert mail("Subject:", "Subject: Hi").subject == "Hi"
    assert mail("X-Mms-Transaction-ID:", 'X-Mms-Transaction-ID: "T"').transaction_id == "T"
    for lines, value in (
        (("X-Mms-Priority:", "X-Mms-Priority: High"), ("X-Mms-Priority", "High")),
        (("X-Mms-Priority: High", "X-Mms-Priority:"), ("X-Mms-Priority", "High")),
        (("X-Mms-Read-Reply: perhaps", "X-Mms-Read-Report: Yes"), ("X-Mms-Read-Reply", True)),
        (("X-Mms-Expiry: soon", "X-Mms-Expiry: 60"), ("X-Mms-Expiry", ("relative", 60))),
        (("X-Mms-Expiry: 60", "X-Mms-Expiry: 70"), ("X-Mms-Expiry", ("relative", 60))),
    ):
        assert mail(*lines).headers == (value,)
    assert mail("X-Mms-Priority:").headers == ()


# Earlier senders


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ((f"{BY}: 1, +15/TYPE=PLMN",), [(1, "+15/TYPE=PLMN")]),
        ((f"{BY}: +15/TYPE=PLMN",), [(1, "+15/TYPE=PLMN")]),
        ((f"{BY}: <a@b.example>", f"{BY}: +16"), [(1, "a@b.example"), (2, "+16")]),
        ((f"{BY}: 2, +15", f"{BY}: +16", f"{BY}: +17"), [(2, "+15"), (1, "+16"), (3, "+17")]),
        ((f"{BY}: 7, +15", f"{BY}: 2, +16"), [(7, "+15"), (2, "+16")]),
        ((f"{BY}: 1, +15, 2, +16",), [(1, "+15"), (2, "+16")]),
        ((f"{BY}: +15, a@b.example",), [(1, "+15"), (2, "a@b.example")]),
        ((f"{BY}: 1; +15",), [(1, "+15")]),
        ((f"{BY}: 1 +15",), [(1, "+15")]),
        ((f"{BY}: (3) 15555550100",), [(3, "15555550100")]),
        ((f"{BY}: 3=a@b.example",), [(3, "a@b.example")]),
        ((f"{BY}: 3: a@b.example",), [(3, "a@b.example")]),
        ((f"{BY}: 06 12 34 56 78",), [(1, "06 12 34 56 78")]),
        ((f"{BY}: 15555550100, a@b.example",), [(1, "15555550100"), (2, "a@b.example")]),
        ((f"{BY}: Doe, J <+15>",), [(1, "Doe, J <+15>")]),
        ((f'{BY}: 4, "Doe, J" <a@b.example>',), [(4, '"Doe, J" <a@b.example>')]),
        ((f"{BY}: 1, +15", f"{BY}: 1, +16"), [(1, "+15"), (1, "+16")]),
        ((f"{AT}: 2, Sun, 29 Nov 2026 12:00:00 +0000",), [(2, NOON)]),
        ((f"{AT}: Sun, 29 Nov 2026 12:00:00 +0000",), [(1, NOON)]),
        ((f"{AT}: 29 Nov 2026 12:00:00 GMT",), [(1, NOON)]),
        ((f"{AT}: 2 2026-11-29T12:00:00Z",), [(2, NOON)]),
        ((f"{AT}: 1795953600000",), [(1, NOON)]),
        (("X-Mms-Previously-Sent-Date: 1, 1795953600",), [(1, NOON)]),
    ],
)
def test_earlier_senders(lines: tuple[str, ...], values: list[HeaderValue]) -> None:
    """Senders have counts or none, with gaps, out of order, in one header, and on the way to a phone."""
    found = mail(*lines)
    assert [value for _, value in found.headers] == values
    back = transcode.read(found.converted("m-retrieve-conf").to_mm1(strict=False))
    assert len(back.headers) == len(values)


def test_many_earlier_senders_without_counts() -> None:
    """Each gets the lowest that no other has, for each header anew."""
    found = mail(f"{BY}: 3, +15", *(f"{BY}: +{number}\r\n{AT}: {NOON}" for number in range(100)))
    counts = {
        header: [value[0] for name, value in found.headers if name == header and isinstance(value, tuple)]
        for header in (BY, AT)
    }
    assert counts == {BY: [3, 1, 2, *range(4, 102)], AT: list(range(1, 101))}


@pytest.mark.parametrize("text", ["", "1", "12", "1;"])
def test_no_earlier_sender(text: str) -> None:
    """A count alone tells nothing, and is told."""
    found = mail(f"{BY}: {text}")
    assert found.headers == ()
    assert told(found, BY)


def test_senders_that_could_be_taken_for_several() -> None:
    """An ambiguous sender is written so that it is read as one."""
    for address in ("a, b", "1", "", "1, +15", "2 +15", "a;b", " a ", "<a>", "Jü, J"):
        message = Message(
            "mm4-forward-req",
            "T",
            mm4.VERSION,
            "a@b.example",
            headers=((BY, (3, address)),),
            content_type=None,
        )
        assert mm4.from_bytes(mm4.to_bytes(message, strict=False)).headers == ((BY, (3, address)),)


# Times


@pytest.mark.parametrize("name", ["X-Mms-Expiry", "X-Mms-Delivery-Time"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P1.5D", ("relative", 129_600)),
        ("PT0,5H", ("relative", 1800)),
        ("P2W", ("relative", 1_209_600)),
        ("3 days", ("relative", 259_200)),
        ("3600.5", ("relative", 3600)),
        ("relative 3600", ("relative", 3600)),
        ("Relative=3600", ("relative", 3600)),
        ("P100Y", ("relative", 999_999_999)),
        ("relative: 4294967295", ("relative", 999_999_999)),
        ("2026-11-29T11:59:60Z", ("absolute", NOON)),
        ("Sun, 29 Nov 2026 11:59:60 +0000", ("absolute", NOON)),
        ("2026-11-29t12:00:00.25z", ("absolute", NOON)),
        ("1795953600", ("absolute", NOON)),
        ("1795953600.75", ("absolute", NOON)),
        ("1795953600000", ("absolute", NOON)),
        ("178956970000", ("absolute", 178_956_970)),
        ("absolute; 1795953600000", ("absolute", NOON)),
        ("20261129120000", ("absolute", NOON)),
    ],
)
def test_times(name: str, text: str, value: HeaderValue) -> None:
    """Each is the same in MM1."""
    found = mail(f"{name}: {text}")
    assert found.headers == ((name, value),)
    assert dict(found.converted("m-send-req").headers) == {name: value}


def test_a_span_that_mm4_can_not_say() -> None:
    """A message of MM1 that never expires goes on, and its span is the longest that there is."""
    sent = transcode.Message(
        transaction_id="T", sender="+15", to=("+16",), headers=(("X-Mms-Expiry", ("relative", 2**32 - 1)),)
    )
    mailed = replace(sent, parts=()).converted("mm4-forward-req")
    assert dict(mailed.headers)["X-Mms-Expiry"] == ("relative", 999_999_999)
    assert told(mailed, "X-Mms-Expiry is shortened")


# Words, numbers, names


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("X-Mms-MM-Status-Code: Unrecognized", "X-Mms-MM-Status-Code", "Unrecognised"),
        ("X-Mms-Status: Retrieved", "X-Mms-MM-Status-Code", "Retrieved"),
        ("X-Mms-Status-Code: 1", "X-Mms-MM-Status-Code", "Retrieved"),
        ("X-Mms-Response-Status: Ok", "X-Mms-Request-Status-Code", "Ok"),
        (
            "X-Mms-Request-Status-Code: error_network_problem",
            "X-Mms-Request-Status-Code",
            "Error-network-problem",
        ),
        ("X-Mms-Response-Text: no", "X-Mms-Status-Text", "no"),
        ("X-Mms-Read-Status: Deleted", "X-Mms-Read-Status", "Deleted without being read"),
        ("X-Mms-Read-Status: deleted-without-being-read", "X-Mms-Read-Status", "Deleted without being read"),
        ('X-Mms-Priority: "high"', "X-Mms-Priority", "High"),
        ("X-Mms-Priority: Medium", "X-Mms-Priority", "Normal"),
        ("X-Mms-Ack-Request: 'yes'", "X-Mms-Ack-Request", True),
        ("x_mms_ack_request: Y", "X-Mms-Ack-Request", True),
        ("X-Mms-Delivery-Report: off", "X-Mms-Delivery-Report", False),
        ('X-Mms-Message-Size: "29000"', "X-Mms-Message-Size", 29_000),
        ("X-Mms-Message-Size: 29,000 bytes", "X-Mms-Message-Size", 29_000),
        ("X-Mms-Forward-Counter: 1.0", "X-Mms-Forward-Counter", 1),
    ],
)
def test_values_of_peers(line: str, name: str, value: HeaderValue) -> None:
    """Names of MM1 and of peers, quotes, American spelling and units are read."""
    found = mail(line)
    assert found.headers == ((name, value),)
    assert len(found.oddities) > len(mail().oddities)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MM4_Delivery_report.REQ", "mm4-delivery-report-req"),
        ("MM4_forward REQ", "mm4-forward-req"),
        ("mm4-forward-res", "mm4-forward-res"),
        ("MM4_read_reply_report_REQ", "mm4-read-reply-report-req"),
        ("m-delivery-ind", "mm4-delivery-report-req"),
        ("M-Delivery.ind", "mm4-delivery-report-req"),
        ("m-read-orig-ind", "mm4-read-reply-report-req"),
        ("134", "mm4-delivery-report-req"),
        ("128", "mm4-forward-req"),
        ("", "mm4-forward-req"),
    ],
)
def test_types_of_peers(text: str, kind: str) -> None:
    """Types are read with any separator of their words, and with the names of MM1."""
    assert mail(kind=text).message_type == kind


def test_addresses_in_headers_of_their_own() -> None:
    """They are the addresses where those of mail have none; else they are as others."""
    lines = ("X-Mms-Sender-Address: +15/TYPE=PLMN", "X-Mms-To: +16/TYPE=PLMN,+17/TYPE=PLMN")
    found = mail(*lines)
    assert (found.sender, found.to, found.headers) == (
        "+15/TYPE=PLMN",
        ("+16/TYPE=PLMN", "+17/TYPE=PLMN"),
        (),
    )
    found = mail("From: a@b.example", "To: c@d.example", *lines)
    assert (found.sender, found.to) == ("a@b.example", ("c@d.example",))
    assert [name for name, _ in found.headers] == ["X-Mms-Sender-Address", "X-Mms-To"]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@b.example; c@d.example", ("a@b.example", "c@d.example")),
        ("+15555550101/TYPE=PLMN;+15555550102", ("+15555550101/TYPE=PLMN", "+15555550102")),
        ("a@b.example;", ("a@b.example",)),
        ("Friends: a@b.example, c@d.example;, e@f.example", ("a@b.example", "c@d.example", "e@f.example")),
        ('"F, G": <a@b.example>;', ("a@b.example",)),
        ("undisclosed-recipients:;", ()),
        ('"not closed <a@b.example>, c@d.example', ('"not closed <a@b.example>', "c@d.example")),
        ('"x; y, z" <a@b.example>', ('"x; y, z" <a@b.example>',)),
        ("tel:+15555550101;ext=5", ("tel:+15555550101;ext=5",)),
        ("2001:db8::1/TYPE=IPv6; a@b.example", ("2001:db8::1/TYPE=IPv6", "a@b.example")),
        ("a;b", ("a;b",)),
    ],
)
def test_lists_of_addresses(text: str, addresses: tuple[str, ...]) -> None:
    """Groups, semicolons, and a quote that nothing closes: each address is one of its own."""
    found = mail("From: a@b.example", f"To: {text}")
    assert found.to == addresses
    assert transcode.read(found.to_mm4(strict=False)).to == addresses


def test_long_lists_of_addresses_cost_little() -> None:
    """The time is bounded for any texts in the lists."""
    for text in ("a:" * 20_000, '"' * 50_001, ", a:b" * 9000 + ";", ";" * 60_000, "1 " * 30_000 + ";"):
        with bounded():
            split_addresses(text)
