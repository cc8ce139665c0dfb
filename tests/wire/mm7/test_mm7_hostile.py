"""Hostile octets and elements: what was read can be written, or is refused by name."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.soap import SUBMISSION, TO, as_sent, soap
from tests.wire.reread import reread
from transcode.wire.mm7 import mm7
from transcode.wire.mm7.schema import (
    ELEMENTS,
    GROUPS,
    SCHEMAS,
)

FILE = bytes(mm7.to_http(SUBMISSION))
quick = settings(deadline=None, max_examples=150)


def survives(octets: bytes) -> None:
    """Reading ends in a message or a PduError with a place, writing in octets or a MessageError."""
    if both := reread(octets, mm7.from_bytes, lambda message: bytes(mm7.to_http(message, strict=False))):
        found, again = both
        assert replace(as_sent(again), headers=()) == replace(as_sent(found), headers=())
        assert sorted(map(repr, again.headers)) == sorted(map(repr, found.headers))


@quick
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<a>", b"POST / HTTP/1.1\r\n", FILE[:900], FILE[:1500]])
)
def test_any_octets(octets: bytes, head: bytes) -> None:
    """Any octets at the start of a message and at later places end in a message or a PduError."""
    survives(head + octets)


anything = st.sampled_from(
    [*ELEMENTS, *GROUPS, "To", "Cc", "Sender", "Recipient", "Subject", "Number", "Own"]
)
words = st.sampled_from(
    ["", "1", "true", "P1D", "2015-03-16T14:03:51Z", "a@b", "Low", "Read", " x ", "1/TYPE=IPv4"]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """Elements of MM7 wherever, with attributes and texts of others."""
    name, text = draw(anything), draw(words)
    mark = draw(st.sampled_from(["", " displayOnly='true'", " UAProf='x'", " sequence='2'", " href='cid:1'"]))
    inner = "".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth else ""
    return f"<{name}{mark}>{text}{inner}</{name}>"


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([schema.root for schema in SCHEMAS.values()]), st.lists(elements(), max_size=6))
def test_any_elements(root: str, inner: list[str]) -> None:
    """A message of any elements in any place can be written again, or the error names the field."""
    survives(soap("".join(inner)).replace(b"SubmitReq", root.encode()))


def test_elements_nested_without_end_are_left_out() -> None:
    """Groups do not hold themselves."""
    found = mm7.from_bytes(soap(TO + "<Recipients>" * 20_000 + "</Recipients>" * 20_000))
    assert "Recipients is not allowed here and is left out: ''" in found.oddities


def test_recipients_and_extras_without_end_are_bounded() -> None:
    """More recipients than any message has; what they say twice is kept once."""
    many = "<Number displayOnly='true'>1</Number>" * 11_000
    extra = "<element/>" * 11_000
    octets = soap(f"<Recipients><To>{many}</To></Recipients><MessageExtraData>{extra}</MessageExtraData>")
    found = mm7.from_bytes(octets)
    assert len(found.to) == 10_000
    assert found.headers.count(("displayOnly", "1/TYPE=PLMN")) == 1


def test_changed_octets_end_in_a_message_or_a_pdu_error(shared: Path) -> None:
    """Vectors have octets changed, cut out and doubled, the same on every run."""
    chance = random.Random(7)
    folder = shared / "vectors" / "mm7"
    for path in sorted(folder.glob("*/*")):
        octets = path.read_bytes()[:6000]
        for _ in range(25):
            changed = bytearray(octets)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(changed))
                match chance.randrange(3):
                    case 0:
                        changed[at] = chance.randrange(256)
                    case 1:
                        del changed[at : at + chance.randint(1, 80)]
                    case _:
                        changed[at:at] = changed[at : at + chance.randint(1, 80)]
            survives(bytes(changed))
