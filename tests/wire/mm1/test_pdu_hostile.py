"""Hostile octets: reading ends in a message or an error that says where, and costs little."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import bounded
from tests.made.pdu_strategies import (
    messages,
)
from tests.made.pdus import (
    HEAD,
    MIXED,
    SENT_OCTETS,
    entry,
    loosely,
)
from transcode.errors import MessageError, PduError
from transcode.model import MessageFields
from transcode.wire.mm1 import pdu_reader, wsp


def survives(octets: bytes) -> None:
    """Reading ends in a message or in a PduError within the octets; the message can be measured."""
    try:
        found = pdu_reader.from_bytes(octets)
    except PduError as error:
        assert 0 <= error.offset <= len(octets)
        assert str(error).isprintable()
        return
    assert sum(len(part.data) for part in found.parts) <= len(octets)
    try:
        loosely(found)
    except MessageError as error:
        assert str(error).isprintable()


@settings(deadline=None, max_examples=400)
@given(
    st.binary(max_size=120), st.sampled_from([b"", b"\x8c\x80", HEAD, MIXED, MIXED + b"\x02", HEAD + b"\x84"])
)
def test_any_octets(octets: bytes, head: bytes) -> None:
    """Octets of any kind at the start of a PDU and at later places end in a message or a PduError."""
    survives(head + octets)


@settings(deadline=None, max_examples=200)
@given(messages, st.data())
def test_changed_octets(message: MessageFields, draw: st.DataObject) -> None:
    """Messages with octets changed, taken out and put in end in a message or a PduError."""
    octets = bytearray(loosely(message))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(octets) - 1))
        octets[at : at + draw.draw(st.integers(0, 2))] = draw.draw(st.binary(max_size=2))
        if not octets:
            break
    survives(bytes(octets))


def test_every_truncation() -> None:
    """A submission cut at each octet; from the Content-Type on that is an error."""
    body = SENT_OCTETS.index(b"\x84\x1b")
    for end in range(len(SENT_OCTETS)):
        survives(SENT_OCTETS[:end])
    for end in range(body + 30, len(SENT_OCTETS)):
        try:
            found = pdu_reader.from_bytes(SENT_OCTETS[:end])
        except PduError:
            continue
        # Cut between two parts.
        assert "3 parts are declared" in " ".join(found.oddities)


SIZE = 200_000
HOSTILE = {
    "recipients": HEAD + b"\x97\0" * (SIZE // 2),
    "unknown headers": HEAD + b"\xc7\x80" * (SIZE // 2),
    "named headers": HEAD + b"a\0b\0" * (SIZE // 4),
    "no end": HEAD + b"\x96" + b"a" * SIZE,
    "words": HEAD + b"\x96" + b"=?utf-8?q?x?= " * (SIZE // 14) + b"\0\x84\x83",
    "half words": HEAD + b"\x96" + b"=?a?q?" * (SIZE // 6) + b"\0\x84\x83",
    "blanks": HEAD + b"\x96=?a?q?x?=" + b" " * SIZE + b"\0\x84\x83",
    "parameters": HEAD + b"\x84\x1f" + wsp.uintvar(SIZE + 1) + b"\xa3" + b"\x85\0" * (SIZE // 2) + b"\0",
    "spelled parameters": HEAD + b"\x84text/plain" + b';a="' * (SIZE // 4) + b"\0",
    "blank parameters": HEAD + b"\x84text/plain; a" + b" " * SIZE + b"\0",
    "parts": MIXED + b"\x8f\xff\xff\xff\x7f" + b"\x01\0\x83" * (SIZE // 3),
    "nests": MIXED
    + wsp.uintvar(180)
    + b"".join(entry(b"\xa3", b"\x84\x74" + b"\x01\0\x83" * 332 + b"xx") for _ in range(180)),
    "part headers": MIXED + b"\x01" + entry(b"\x83" + b"\xf0\x80" * (SIZE // 2), b""),
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_octets_cost_little(octets: bytes) -> None:
    """Work grows with the octets, not with their square, and oddities stay few."""
    with bounded(), contextlib.suppress(PduError):
        assert len(pdu_reader.from_bytes(octets).oddities) < 110
